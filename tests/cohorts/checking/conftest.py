"""Read and check small tables, and look at what was found."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from checked_files import MAPPING, Check, Found, MakePeople, Mapped, Outcome, Read, made_people

from spinecast.cohorts.checking import FileCheck, FileMapping, check_table
from spinecast.cohorts.checking.mapping import ColumnMapping
from spinecast.cohorts.checking.reading import MappedTable, map_table

TODAY = date(2026, 11, 24)


@pytest.fixture
def make_people() -> MakePeople:
    """Invent patients: count, seed and the prefix of their identifiers."""
    return made_people


@pytest.fixture
def people() -> pd.DataFrame:
    """Four hundred patients in whom nothing is wrong."""
    return made_people()


@pytest.fixture
def read() -> Read:
    """Read a table of cells, as a CSV file would give them, by a mapping."""

    def make(table: pd.DataFrame, mapping: dict[str, Any] | None = None, name: str = "this.csv") -> MappedTable:
        cells = table.astype(object).where(table.notna(), "")
        given = FileMapping() if mapping == {} else FileMapping(ColumnMapping.model_validate(mapping or MAPPING), True)
        return map_table(cells.map(str), given, name=name)

    return make


@pytest.fixture
def check(read: Read) -> Check:
    """Check a table, and compare it with another if there is one; an empty mapping stands for none given."""

    def run(
        table: pd.DataFrame,
        mapping: dict[str, Any] | None = None,
        other: pd.DataFrame | None = None,
        other_mapping: dict[str, Any] | None = None,
    ) -> FileCheck:
        against = None if other is None else read(other, other_mapping, "other.csv")
        return check_table(read(table, mapping), against, today=TODAY)

    return run


@pytest.fixture
def found() -> Found:
    """Return the findings of a kind."""
    return lambda checked, code: [finding for finding in checked.findings if finding.code == code]


@pytest.fixture
def outcome() -> Outcome:
    """Return what became of a check."""
    return lambda checked, code: next(each.outcome for each in checked.outcomes if each.code == code)


@pytest.fixture
def mapped() -> Mapped:
    """Return the usual mapping with further keys; columns are added to its own."""

    def make(**more: Any) -> dict[str, Any]:
        columns = {**MAPPING["columns"], **more.pop("columns", {})}
        return {**MAPPING, **more, "columns": columns}

    return make
