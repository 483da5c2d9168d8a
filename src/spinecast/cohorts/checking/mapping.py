"""The column mapping of a file: a document of the same shape as a study's, with the dates beside.

What stands under ``id_column``, ``group_column``, ``synthetic`` and ``columns`` is what a study takes under
``cohort.source``: it can be pasted from here to there and back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.features import block_of
from spinecast.cohorts.rules import ColumnRule
from spinecast.cohorts.table_column import TableColumn, column_problems
from spinecast.documents import (
    Block,
    DocumentKind,
    Flag,
    Identifier,
    KeyPath,
    Origin,
    Problem,
    Text,
    did_you_mean,
    dotted,
    problems_error,
    read_document,
)
from spinecast.errors import DocumentError

__all__ = ["DATE_LABELS", "MAPPING", "ColumnMapping", "DateColumns", "FileMapping", "load_mapping"]

MAPPING = DocumentKind("column mapping", DocumentError)

DATE_LABELS = {
    "birth": "the date of birth",
    "index": "the index date",
    "last_contact": "the last contact",
    "death": "the date of death",
}


class DateColumns(Block):
    """Columns with dates, written YYYY-MM-DD."""

    birth: Text | None = Field(default=None, description="Date of birth.")
    index: Text | None = Field(default=None, description="Index date: the day the prediction is made for, time zero.")
    last_contact: Text | None = Field(default=None, description="Last day the patient was known to be alive.")
    death: Text | None = Field(default=None, description="Date of death; empty for the living.")


class ColumnMapping(Block):
    """How the columns of a file map to the dictionary."""

    id_column: Text | None = Field(default=None, description="Column that tells patients apart.")
    group_column: Text | None = Field(default=None, description="Column with the site or cluster.")
    synthetic: Flag = Field(default=False, description="True when the patients are not real.")
    separator: Literal[",", ";", "|", "\t"] = Field(
        default=",", description='What stands between two cells of a CSV file; quote it, and write a tab as "\\t".'
    )
    decimal: Literal[".", ","] = Field(
        default=".", description="What stands before the decimals of a number in a CSV file."
    )
    date_columns: DateColumns = Field(default=DateColumns(), description="Columns with dates: {index: surgery_date}.")
    measured_on: dict[Identifier, Text] = Field(
        default={}, description="Columns with the day a variable was measured: {variable: column}."
    )
    columns: dict[Identifier, TableColumn] = Field(
        default={},
        description="How the table writes a variable, where it differs from the dictionary's own name, unit and "
        "levels: {variable: {column, unit, levels, missing_codes}}.",
    )


@dataclass(frozen=True, eq=False)
class FileMapping:
    """A mapping that agrees with the dictionary.

    Parameters
    ----------
    content : ColumnMapping
    given : bool
        Whether there was a mapping file; without one only columns that bear a variable's own name are read.
    """

    content: ColumnMapping = field(default_factory=ColumnMapping)
    given: bool = False

    def rules(self, present: Sequence[str]) -> tuple[ColumnRule, ...]:
        """Return how columns are read: as mapped, then those that bear a variable's own name, as a study reads them.

        Parameters
        ----------
        present : sequence of str
            The columns of the table.
        """
        mapped = {name: _rule(name, column) for name, column in self.content.columns.items()}
        own = {name: ColumnRule(name, name) for name in present if _is_variable(name) and name not in mapped}
        return (*mapped.values(), *own.values())

    def named_columns(self) -> dict[str, str]:
        """Return the columns that are named for something other than a variable, with what each is."""
        content = self.content
        dates = {key: getattr(content.date_columns, key) for key in DATE_LABELS}
        found = {
            content.id_column: "the patient identifier",
            content.group_column: "the group",
            **{column: DATE_LABELS[key] for key, column in dates.items()},
            **{column: f"the day {name} was measured" for name, column in content.measured_on.items()},
        }
        return {column: purpose for column, purpose in found.items() if column is not None}


def _is_variable(name: str) -> bool:
    """Whether a column's name is that of a variable of the dictionary or of an image feature."""
    return name in variables() or block_of(name) is not None


def load_mapping(path: Path | str) -> FileMapping:
    """Read a mapping file and check it against the dictionary.

    Raises
    ------
    DocumentError
        If the file cannot be read, is not YAML or names a variable, unit or level that the dictionary does not have:
        one error with every problem, its line, what was expected and the nearest right word.
    """
    content, origin = read_document(path, ColumnMapping, MAPPING)
    if problems := list(_problems(content, origin)):
        raise problems_error(problems, origin)
    return FileMapping(content, given=True)


def _rule(name: str, column: TableColumn) -> ColumnRule:
    return ColumnRule(name, column.column or name, column.unit, dict(column.levels or {}), column.missing_codes)


def _problems(content: ColumnMapping, origin: Origin) -> Iterator[Problem]:
    known = variables()
    for block, names in (("columns", content.columns), ("measured_on", content.measured_on)):
        for name in names:
            if name not in known:
                key: KeyPath = (block, name)
                what = f"{dotted(key)}: the dictionary has no variable {name!r}"
                yield Problem(key, what, remedy=did_you_mean(name, known))
    for name, column in content.columns.items():
        if name in known:
            yield from column_problems(("columns", name), variable(name), column)
    if not content.model_fields_set:
        yield Problem((), f"{origin.name} maps nothing", f"one of {', '.join(ColumnMapping.model_fields)}")
