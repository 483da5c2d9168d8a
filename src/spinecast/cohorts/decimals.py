"""Tables whose numbers have a comma before their decimals, as most of Europe writes them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from spinecast.cohorts.identifiers import source_rows
from spinecast.cohorts.rules import ColumnRule
from spinecast.errors import ContractError

__all__ = ["with_decimal_points"]

_NUMBER_WITH_COMMA = r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*"
_NUMBER_WITH_POINT = r"(?=.*\d)\s*[+-]?[\d,]*\.[\d.,]*(?:[eE][+-]?\d+)?\s*"


def with_decimal_points(table: pd.DataFrame, rules: Sequence[ColumnRule]) -> pd.DataFrame:
    """Write the numbers of a table with a point in place of the comma.

    Parameters
    ----------
    table : DataFrame, n rows
        Cells as text.
    rules : sequence of ColumnRule
        Which columns hold numbers; all others are left as they are.

    Returns
    -------
    DataFrame, n rows

    Raises
    ------
    ContractError
        If a number has a point: where decimals stand behind a comma, 1.234 may be a thousand or about one.
    """
    columns = {}
    for rule in rules:
        if rule.entry.is_levelled:
            continue
        cells = table[rule.column].astype(str)
        pointed = cells.str.fullmatch(_NUMBER_WITH_POINT).to_numpy()
        if pointed.any():
            first = int(pointed.argmax())
            raise ContractError(
                f"{int(pointed.sum())} numbers in the column {rule.column} have a point, though it is said that "
                "decimals stand behind a comma",
                where=f"row {source_rows(table)[first]}, {rule.column}: {cells.iloc[first]}",
                expected="numbers such as 1234,5",
                remedy="write all numbers of the table in one way, and thousands without a mark",
            )
        commas = cells.str.fullmatch(_NUMBER_WITH_COMMA)
        columns[rule.column] = cells.where(~commas, cells.str.replace(",", ".", regex=False))
    return table.assign(**columns)
