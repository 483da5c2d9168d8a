"""A file of outcomes that came back: a row a patient, a date, and what was found on it, by dictionary name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.dictionary.quantities import DAYS
from spinecast.cohorts.contract import check_table
from spinecast.cohorts.rules import MISSING_TEXT, column_rules
from spinecast.cohorts.synthetic.marks import MARK_COLUMN, is_marked
from spinecast.cohorts.table_files import read_table
from spinecast.errors import CohortError, ContractError, nearest
from spinecast.files import sha256_file

__all__ = ["ReturnedFile", "ReturnedValue", "read_days", "read_returned", "rows_text"]

_ROWS_NAMED = 5

Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class ReturnedValue:
    """What was found of one patient on a day.

    Parameters
    ----------
    row : int
        In the file, from 1.
    patient : str
        Identifier as the file has it; it is kept nowhere.
    outcome : str
        Dictionary name.
    value : str or float
        A level, or a number in the canonical unit.
    day : datetime64
        The day of the event, or the last on which it was known not to have come.
    """

    row: int
    patient: str
    outcome: str
    value: str | float
    day: np.datetime64


@dataclass(frozen=True)
class ReturnedFile:
    """A file of outcomes, checked.

    Parameters
    ----------
    name, sha256 : str
    synthetic : bool
        Whether its patients are made up.
    values : tuple of ReturnedValue
    empty : int
        Rows that say nothing of any outcome.
    """

    name: str
    sha256: str
    synthetic: bool
    values: tuple[ReturnedValue, ...]
    empty: int


def read_returned(
    path: Path, *, id_column: str = "patient", date_column: str = "date", prefix: str = ""
) -> ReturnedFile:
    """Read and check a CSV or Parquet file of outcomes, whole, before anything is done with it.

    Parameters
    ----------
    path : pathlib.Path
        Columns: the identifier by which patients were asked about, a date, and outcomes by dictionary name.
    id_column, date_column : str
    prefix : str
        Stands before each identifier, where a record system that asked has one (docs/hospital.md).

    Raises
    ------
    CohortError
        If it is not there or says nothing.
    ContractError
        If a column is no outcome, or a date none.
    RejectedTableError
        If cells break the contract.
    """
    table = read_table(path)
    columns = [str(column) for column in table.columns]
    for needed in (id_column, date_column):
        if columns.count(needed) != 1:
            close = nearest(needed, columns)
            raise ContractError(
                f"the file has {'no column' if needed not in columns else 'more than one column'} {needed!r}",
                where=str(path),
                expected="one column with the patient's identifier and one with the date of what was found",
                remedy=f"did you mean {close!r}? see --id-column and --date-column"
                if close
                else "see --id-column and --date-column",
            )
    names = [name for name in columns if name not in (id_column, date_column, MARK_COLUMN)]
    for name in names:
        _require_outcome(name)
    if not names:
        raise ContractError("the file holds no outcome", where=str(path), expected="a column such as death")
    checked = check_table(table, column_rules(names), id_column=id_column)
    days = read_days(table[date_column], date_column)
    values, empty = [], 0
    for position, patient in enumerate(checked.patient_ids):
        known = [name for name in names if not pd.isna(checked.frame[name].iloc[position])]
        empty += not known
        if known and np.isnat(days[position]):
            raise ContractError(
                "an outcome has no date", where=f"row {position + 1}", expected=f"a date in {date_column!r}"
            )
        for name in known:
            cell = checked.frame[name].iloc[position]
            value = str(cell) if variable(name).is_levelled else float(cell)
            values.append(ReturnedValue(position + 1, f"{prefix}{patient}", name, value, days[position]))
    if not values:
        raise CohortError("the file says nothing of any outcome", where=str(path), expected="at least one filled cell")
    marked = is_marked(columns, checked.patient_ids)
    return ReturnedFile(path.name, sha256_file(path), marked, tuple(values), empty)


def read_days(column: pd.Series, name: str) -> Days:
    """Read a column of dates, shape (n,), NaT where there is none.

    Raises
    ------
    ContractError
        If a cell is no date as ISO 8601 writes it: other orders of day and month cannot be told apart.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        stamps = column.dt.tz_localize(None) if column.dt.tz is not None else column
        return np.asarray(stamps.to_numpy(dtype="datetime64[D]"))
    texts = column.astype(object).map(lambda cell: "" if pd.isna(cell) else str(cell).strip())
    absent = texts.str.casefold().isin(MISSING_TEXT)
    days = pd.to_datetime(texts.where(~absent), format="%Y-%m-%d", errors="coerce")
    wrong = np.flatnonzero((days.isna() & ~absent).to_numpy())
    if wrong.size:
        raise ContractError(
            f"{wrong.size:,} cells of {name!r} are no dates",
            where=rows_text(wrong + 1),
            expected="year, month and day, such as 2026-03-01",
        )
    return np.asarray(days.to_numpy(dtype="datetime64[D]"))


def rows_text(rows: NDArray[np.intp] | list[int]) -> str:
    """Name some rows: patients are never named by their identifier."""
    listed = [int(row) for row in rows]
    named = ", ".join(f"{row:,}" for row in listed[:_ROWS_NAMED])
    more = f" and {len(listed) - _ROWS_NAMED:,} more" if len(listed) > _ROWS_NAMED else ""
    return f"row{'s' if len(listed) > 1 else ''} {named}{more}"


def _require_outcome(name: str) -> None:
    outcomes = [one.name for one in variables().values() if one.role == "outcome"]
    if name not in outcomes:
        close = nearest(name, outcomes)
        raise ContractError(
            f"{name!r} is no outcome",
            where="the header",
            expected="patient, date, and outcomes of the dictionary: spinecast dictionary list",
            remedy=f"did you mean {close}?" if close else "leave the column out",
        )
    if variable(name).unit == DAYS:
        raise ContractError(
            f"{name} is counted from the day of the prediction",
            where="the header",
            expected="the date of the event, or the last without it, in the column of dates",
            remedy="leave the column out",
        )
