"""How a table writes one variable: the block that a study file and a column mapping share, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from spinecast.documents import Block, Cell, KeyPath, Problem, Text, dotted
from spinecast.errors import ContractError

if TYPE_CHECKING:
    from spinecast.clinical.variable import Variable

__all__ = ["TableColumn", "column_problems", "contract_problem"]


class TableColumn(Block):
    """How the table writes one variable, where that differs from the dictionary."""

    column: Text | None = Field(
        default=None, description="The column's name in the table; the variable's own name when left out."
    )
    unit: str | None = Field(
        default=None,
        description="Unit of a measured variable's values; the dictionary's canonical unit when left out.",
    )
    levels: dict[str, Text] | None = Field(
        default=None,
        description="What each text of the table means: {text in the table: level of the dictionary}. Left out when "
        "the table already uses the dictionary's levels. Quote digits, yes and no.",
    )
    missing_codes: tuple[Cell, ...] = Field(
        default=(), description="Values that mean missing in this column (such as -99 or NA), besides the empty cell."
    )


def column_problems(key: KeyPath, entry: Variable, column: TableColumn) -> Iterator[Problem]:
    """Yield what the dictionary speaks against in a column: a unit it does not know, levels that are none.

    Parameters
    ----------
    key : tuple
        Where the column stands in its document.
    entry : Variable
        What the column holds.
    column : TableColumn
    """
    if column.unit is not None:
        try:
            entry.conversion(column.unit)
        except ContractError as error:
            yield contract_problem((*key, "unit"), error)
    if column.levels is not None and not entry.is_levelled:
        what = f"{dotted((*key, 'levels'))}: {entry.name} is measured and has no levels"
        yield Problem((*key, "levels"), what, "numbers, with their unit under `unit`")
        return
    for text, level in (column.levels or {}).items():
        if level not in entry.level_values:
            yield contract_problem((*key, "levels", text), entry.unknown_level(level))


def contract_problem(key: KeyPath, error: ContractError) -> Problem:
    """Say where in a document the dictionary speaks against what it says."""
    return Problem(key, f"{dotted(key)}: {error.what}", error.expected, error.remedy)
