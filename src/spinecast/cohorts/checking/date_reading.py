"""Columns with dates, read as days; how they are written is found out only where one reading is possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.checking.mapping import DATE_LABELS
from spinecast.cohorts.checking.reading import MappedTable
from spinecast.cohorts.rules import MISSING_TEXT

__all__ = ["ReadDates", "read_dates"]

# Tried in this order; the last two differ in which of the first two numbers is the day.
_WRITTEN = {
    "YYYY-MM-DD": (r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}.*)?", "%Y-%m-%d"),
    "YYYY/MM/DD": (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    "YYYYMMDD": (r"(?:19|20)\d{6}", "%Y%m%d"),
    "DD.MM.YYYY": (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    "DD/MM/YYYY": (r"\d{1,2}[/-]\d{1,2}[/-]\d{4}", "%d/%m/%Y"),
    "MM/DD/YYYY": (r"\d{1,2}[/-]\d{1,2}[/-]\d{4}", "%m/%d/%Y"),
}
_DAY_OR_MONTH_FIRST = ("DD/MM/YYYY", "MM/DD/YYYY")
# What a spreadsheet counts from 30 December 1899: 1 January 1920 to 1 January 2100.
_SPREADSHEET_DAYS = (7306, 73051)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ReadDates:
    """One column of dates.

    Parameters
    ----------
    column : str
    days : ndarray, shape (n,)
        Days since 1970-01-01, NaN where missing or unreadable. All NaN where day and month cannot be told apart.
    unreadable : ndarray of bool, shape (n,)
        Cells that are no date.
    ambiguous : bool
        Whether every date could be day or month first.
    spreadsheet : bool
        Whether what cannot be read are a spreadsheet's day numbers.
    """

    column: str
    days: FloatArray
    unreadable: BoolArray
    ambiguous: bool = False
    spreadsheet: bool = False


def read_dates(table: MappedTable) -> tuple[dict[str, ReadDates], dict[str, ReadDates]]:
    """Read the date columns that the mapping names and the file has.

    Returns
    -------
    dict
        By key of the mapping's ``date_columns``.
    dict
        By variable of its ``measured_on``.
    """
    content = table.mapping.content
    named: Mapping[str, str | None] = {key: getattr(content.date_columns, key) for key in DATE_LABELS}
    return (
        {key: _read(table, column) for key, column in named.items() if column and _once(table, column)},
        {name: _read(table, column) for name, column in content.measured_on.items() if _once(table, column)},
    )


def _once(table: MappedTable, column: str) -> bool:
    return table.headers.count(column) == 1


def _read(table: MappedTable, column: str) -> ReadDates:
    raw = table.raw[column]
    if pd.api.types.is_datetime64_any_dtype(raw.dtype):
        return ReadDates(column, _days(raw), np.zeros(len(raw), dtype=bool))
    place, uniques = pd.factorize(raw.astype(object), use_na_sentinel=True)
    texts = pd.Series([_text(cell) for cell in uniques], dtype=object)
    absent = texts.str.casefold().isin(MISSING_TEXT).to_numpy(dtype=bool)
    days, ambiguous = _parsed(texts, ~absent)
    unreadable = np.isnan(days) & ~absent
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
    spreadsheet = bool(
        unreadable.any() and np.all((numbers >= _SPREADSHEET_DAYS[0]) & (numbers <= _SPREADSHEET_DAYS[1]) | ~unreadable)
    )
    return ReadDates(
        column,
        np.full(len(raw), np.nan) if ambiguous else np.append(days, np.nan)[place],
        np.append(unreadable, False)[place],
        ambiguous,
        spreadsheet,
    )


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _parsed(texts: pd.Series, filled: BoolArray) -> tuple[FloatArray, bool]:
    """Return the days of distinct texts, shape (k,), and whether day and month could change places."""
    days = np.full(len(texts), np.nan)
    read: dict[str, FloatArray] = {}
    for written, (pattern, form) in _WRITTEN.items():
        fits = texts.str.fullmatch(pattern).to_numpy(dtype=bool) & filled
        cut = texts.str.replace(r"[T ].*$", "", regex=True) if written == "YYYY-MM-DD" else texts
        cut = cut.str.replace("-", "/") if written in _DAY_OR_MONTH_FIRST else cut
        read[written] = _days(pd.to_datetime(cut.where(fits), format=form, errors="coerce"))
    for written, found in read.items():
        if written not in _DAY_OR_MONTH_FIRST:
            days = np.where(np.isnan(days), found, days)
    first, second = (read[written] for written in _DAY_OR_MONTH_FIRST)
    known_first, known_second = ~np.isnan(first), ~np.isnan(second)
    if not (known_first | known_second).any():
        return days, False
    # One order that reads more dates than the other is the one they are written in; dates that are the same either way
    # (3 March) decide nothing.
    if known_first.sum() == known_second.sum() and not np.array_equal(first, second, equal_nan=True):
        return days, True
    better = first if known_first.sum() >= known_second.sum() else second
    return np.where(np.isnan(days), better, days), False


def _days(dates: pd.Series) -> FloatArray:
    stamps = pd.to_datetime(dates, errors="coerce")
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_localize(None)
    whole = stamps.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(whole), np.nan, whole.astype(np.int64).astype(np.float64))
