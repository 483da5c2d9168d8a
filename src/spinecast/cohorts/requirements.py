"""What a table as a whole must have: its columns, a value for every predictor, and units that make sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import format_number
from spinecast.cohorts.rejections import Rejections
from spinecast.cohorts.rules import ColumnRule
from spinecast.errors import ContractError, nearest

__all__ = ["require_columns", "require_usual_units", "require_values"]

# Fewer values than these may all be unusual; the middle one of more is not.
_FEWEST_TO_JUDGE_A_UNIT = 20


def require_columns(
    present: Sequence[str], rules: Sequence[ColumnRule], id_column: str, group_column: str | None
) -> None:
    """Check that a table has every column that is needed, and once.

    Parameters
    ----------
    present : sequence of str
        The columns of the table.
    rules, id_column, group_column
        As in `check_table`.

    Raises
    ------
    ContractError
        If one is missing or doubled; names the nearest real one.
    """
    needed: Mapping[str, str] = {
        **{rule.column: rule.variable for rule in rules},
        id_column: "the patient identifier",
        **({group_column: "the group"} if group_column else {}),
    }
    derivable = {rule.variable for rule in rules}
    doubled = [column for column in needed if present.count(column) > 1]
    if doubled:
        raise ContractError(f"the table has more than one column {doubled[0]!r}", expected="every column name once")
    lacking = [(column, purpose) for column, purpose in needed.items() if column not in present]
    if not lacking:
        return
    lines = []
    for column, purpose in lacking:
        close = nearest(column, present)
        hint = f"; did you mean {close!r}?" if close else ""
        inputs = variable(purpose).derived_from if purpose in derivable else ()
        hint += f"; it also follows from {', '.join(inputs)}" if inputs else ""
        lines.append(f"{column!r}{'' if column == purpose else f' for {purpose}'}{hint}")
    raise ContractError(
        f"the table has no column {lines[0]}" if len(lines) == 1 else f"the table lacks {len(lines)} columns",
        where=None if len(lines) == 1 else "\n            ".join(lines),
        expected=f"one of its columns: {', '.join(present[:30])}{', …' if len(present) > 30 else ''}",
        remedy="map the variable to its column under cohort.source.columns",
    )


def require_usual_units(frame: pd.DataFrame, rules: Sequence[ColumnRule]) -> None:
    """Ask for the unit of a column whose middle value is unusual in the unit it is taken to be in.

    A percentage of lymphocytes is a possible count of lymphocytes, and a calcium of 4.7 mEq/L a possible one in mg/dL:
    one such value may be a very ill patient, half a column of them is another unit.

    Parameters
    ----------
    frame : DataFrame
        Canonical columns.
    rules : sequence of ColumnRule
        How they were read; a unit that is named is believed.

    Raises
    ------
    ContractError
        If a variable with several units has 20 or more values, none of its units was named, and the middle value
        lies outside the plausible range.
    """
    for rule in rules:
        entry = rule.entry
        if rule.unit is not None or entry.plausible is None or not entry.other_units:
            continue
        known = frame[rule.variable].dropna()
        middle = float(known.median()) if len(known) >= _FEWEST_TO_JUDGE_A_UNIT else None
        if middle is None or entry.plausible.contains(middle):
            continue
        written = f"{format_number(middle)} {entry.unit_symbol}".rstrip()
        symbols = ", ".join(conversion.unit.symbol for conversion in entry.conversions())
        raise ContractError(
            f"the unit of {rule.variable} must be named: its middle value would be {written}, which is unusual",
            where=f"column {rule.column}",
            expected=f"usual is {entry.range_text(entry.plausible)}",
            remedy=f"name the column's unit in the mapping, one of {symbols}, even if it is {entry.unit_symbol}",
        )


def require_values(
    frame: pd.DataFrame, rules: Sequence[ColumnRule], impossible: Rejections, notes: Sequence[str]
) -> None:
    """Check that every predictor has a value in somebody.

    Parameters
    ----------
    frame : DataFrame
        Canonical columns.
    rules : sequence of ColumnRule
        How they were read.
    impossible : Rejections
        Values set to missing on the way.
    notes : sequence of str
        What derived variables were computed from, each beginning with the variable's label.

    Raises
    ------
    ContractError
        If one has none; says what was lost.
    """
    columns = {rule.variable: rule.column for rule in rules}
    for name in map(str, frame.columns):
        if variable(name).role != "predictor" or frame[name].notna().any():
            continue
        lost = impossible.table[impossible.table["column"] == columns.get(name, name)]
        computed = next((note for note in notes if note.startswith(f"{variable(name).label}: ")), "")
        where = f"column {columns[name]}" if name in columns else computed
        raise ContractError(
            f"no patient has a usable value of {name}",
            where=where + (f": {len(lost)} values, all {lost['rule'].iloc[0]}" if len(lost) else ""),
            expected="a predictor with at least one value",
            remedy="name the unit in the study's mapping" if len(lost) else "leave the variable out of the study",
        )
