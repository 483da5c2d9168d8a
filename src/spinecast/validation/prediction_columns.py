"""Columns of a table of predictions: numbers, risks, and what happened in any of the usual codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.rules import MISSING_TEXT
from spinecast.errors import ContractError

__all__ = ["SIDES", "counted", "read_numbers", "read_outcomes", "require_risks"]

FloatArray = NDArray[np.float64]

# How tables write an outcome; each lower-case word is a side.
SIDES: Mapping[str, float] = {
    "1": 1.0, "1.0": 1.0, "true": 1.0, "yes": 1.0, "present": 1.0,
    "0": 0.0, "0.0": 0.0, "false": 0.0, "no": 0.0, "absent": 0.0,
}  # fmt: skip


def read_numbers(table: pd.DataFrame, name: str) -> FloatArray:
    """Read a column of numbers, shape (n,), NaN where there is none.

    Raises
    ------
    ContractError
        If a cell holds anything else.
    """
    column = table[name]
    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    odd = np.flatnonzero(~np.isfinite(found))
    odd = odd[~column.iloc[odd].isna().to_numpy()]
    texts = column.iloc[odd].astype(str).str.strip()
    wrong = ~texts.str.casefold().isin(MISSING_TEXT).to_numpy(dtype=bool)
    if wrong.any():
        first, count = int(odd[wrong][0]), int(wrong.sum())
        raise ContractError(
            f"{counted(count, 'cell')} of {name!r} {'is no number' if count == 1 else 'are no numbers'}",
            where=f"row {first + 1}: {texts[wrong].iloc[0][:60]!r}",
            expected="numbers with a decimal point, or empty cells",
        )
    return np.where(np.isfinite(found), found, np.nan)


def read_outcomes(table: pd.DataFrame, name: str, others: Sequence[str], *, timed: bool) -> FloatArray:
    """Read a column that says yes or no, shape (n,), NaN where it says nothing.

    Parameters
    ----------
    table : pandas.DataFrame
    name : str
    others : sequence of str
        What it says of another event that came first: 2.
    timed : bool
        Whether the column goes with a follow-up, and could have such.

    Raises
    ------
    ContractError
        If a cell says anything else, or no cell says one of the others.
    """
    elsewhere = {_code(other): other for other in others}
    codes, distinct = pd.factorize(table[name].astype(object), use_na_sentinel=True)
    sides = np.full(len(distinct) + 1, np.nan)
    for position, value in enumerate(distinct):
        text = str(value).strip().casefold()
        if text in MISSING_TEXT:
            continue
        if _code(text) in elsewhere:
            sides[position] = 2.0
            continue
        if text not in SIDES:
            row = int(np.flatnonzero(codes == position)[0])
            raise ContractError(
                f"the column {name!r} says {str(value)[:60]!r}, which is neither yes nor no",
                where=f"row {row + 1}",
                expected="0 or 1 (or false and true, no and yes, absent and present), or an empty cell",
                remedy=f"if it is another event that came first, say --competing {text}" if timed else None,
            )
        sides[position] = SIDES[text]
    gone = [other for code, other in elsewhere.items() if code not in {_code(str(value)) for value in distinct}]
    if gone:
        raise ContractError(
            f"nobody's {name!r} says {gone[0]!r}",
            where="--competing",
            expected=f"codes that stand in the column: {', '.join(sorted(map(str, distinct))[:20])}",
        )
    return np.asarray(sides[codes], dtype=np.float64)  # the sentinel -1 picks the last: nothing


def _code(text: str) -> str:
    """Write a code one way: columns with empty cells hold 2 as 2.0."""
    return text.strip().casefold().removesuffix(".0")


def require_risks(name: str, values: FloatArray) -> None:
    """Refuse a column, shape (n,), with values that are no risks.

    Raises
    ------
    ContractError
        If one lies outside [0, 1].
    """
    outside = np.flatnonzero((values < 0) | (values > 1))
    if not outside.size:
        return
    known = values[~np.isnan(values)]
    if known.min() >= 0 and known.max() <= 100 and np.median(known) > 1:
        remedy = "divide percentages by 100"
    elif outside.size > known.size / 20:
        remedy = "turn the linear predictor into a risk first"
    else:
        remedy = "correct or empty these cells; whoever has none is left out and counted"
    raise ContractError(
        f"{counted(outside.size, 'value')} of {name!r} {'is no risk' if outside.size == 1 else 'are no risks'}",
        where=f"row {int(outside[0]) + 1}: {values[outside[0]]:g}",
        expected="predicted probabilities of the outcome, from 0 to 1",
        remedy=remedy,
    )


def counted(count: int, noun: str) -> str:
    """Write a number with its noun: 1 row, 2 rows."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
