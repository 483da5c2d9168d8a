"""CC050 to CC059: dates that cannot be read, stand in the wrong order or contradict what else is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.checking.date_reading import ReadDates
from spinecast.cohorts.checking.findings import FileFinding, NotApplicable, Result, Severity, first_rows
from spinecast.cohorts.checking.mapping import DATE_LABELS
from spinecast.cohorts.checking.mixed_units import is_time
from spinecast.cohorts.checking.reading import MappedTable
from spinecast.cohorts.checking.value_checks import negative_times

__all__ = ["date_results", "measured_results"]

# Earlier and later date, and whether the other order is impossible or only unusual.
_ORDER: tuple[tuple[str, str, Severity], ...] = (
    ("birth", "index", "error"),
    ("birth", "death", "error"),
    ("birth", "last_contact", "error"),
    ("index", "death", "error"),
    ("index", "last_contact", "error"),
    ("last_contact", "death", "error"),
)
# Both days are whole, and so may be the time between them: one day either way is no contradiction. An age may be given
# in completed years or to the nearest.
_DAYS_APART = 1.0
_YEARS_APART = 1.05
_DAYS_A_YEAR = 365.25

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def date_results(
    table: MappedTable, dates: Mapping[str, ReadDates], measured: Mapping[str, ReadDates], today: date
) -> Iterator[Result]:
    """Check dates and times.

    Parameters
    ----------
    table : MappedTable
    dates, measured : mapping of str to ReadDates
        As `read_dates` returns them.
    today : date
        No date lies after it.
    """
    everything = {DATE_LABELS[key]: column for key, column in dates.items()}
    everything |= {f"the day {name} was measured": column for name, column in measured.items()}
    if not everything:
        reason = "the mapping names no column with dates"
        yield from (NotApplicable(code, reason) for code in ("CC050", "CC051", "CC053"))
    for label, column in everything.items():
        yield from _unreadable(label, column)
        yield from _future(label, column, today)
    yield from _order(dates)
    yield from _negative(table)
    yield from _follow_up(table, dates)
    yield from _measured(dates, measured)
    yield from _age(table, dates)
    yield from _death(table, dates)


def _unreadable(label: str, column: ReadDates) -> Iterator[Result]:
    if column.ambiguous:
        yield FileFinding(
            "CC051",
            "error",
            f"{label}: every date could be day or month first, so none is read",
            "write dates as YYYY-MM-DD",
            column=column.column,
            count=len(column.days),
            of=len(column.days),
        )
        return
    count = int(column.unreadable.sum())
    if count:
        yield FileFinding(
            "CC050",
            "error",
            f"{label}: {count} of {len(column.days)} cells cannot be read as a date"
            + ("; they look like the day numbers of a spreadsheet" if column.spreadsheet else ""),
            "write dates as YYYY-MM-DD, and leave the cell empty where there is none",
            column=column.column,
            count=count,
            of=len(column.days),
            rows=first_rows(column.unreadable),
        )


def _future(label: str, column: ReadDates, today: date) -> Iterator[Result]:
    late = column.days > (today - date(1970, 1, 1)).days
    if late.any():
        yield _rows("CC053", "error", late, f"{label} lies after today", "correct them in the source", column.column)


def _order(dates: Mapping[str, ReadDates]) -> Iterator[Result]:
    judged = [pair for pair in _ORDER if pair[0] in dates and pair[1] in dates]
    if not judged:
        yield NotApplicable("CC052", "the mapping does not name two of birth, index, last_contact and death")
    for earlier, later, severity in judged:
        wrong = dates[later].days < dates[earlier].days
        if wrong.any():
            yield _rows(
                "CC052",
                severity,
                wrong,
                f"{DATE_LABELS[later]} lies before {DATE_LABELS[earlier]}",
                "correct them in the source; no such patient may enter a study",
                dates[later].column,
                of=int((~np.isnan(dates[later].days) & ~np.isnan(dates[earlier].days)).sum()),
            )


def _negative(table: MappedTable) -> Iterator[Result]:
    times = [column for column in table.columns.values() if is_time(column.entry)]
    if not times:
        yield NotApplicable("CC054", "no time is read")
    for column in times:
        marked = negative_times(column)
        if marked.any():
            yield FileFinding(
                "CC054",
                "error",
                f"{column.count(marked)} of {column.numbers.n} values of {column.name} are negative: the event before "
                "the start",
                "correct the dates they were computed from, or leave the patients out: they had the event already",
                column=column.rule.column,
                variable=column.name,
                count=column.count(marked),
                of=column.numbers.n,
                rows=column.rows(marked),
            )


def _follow_up(table: MappedTable, dates: Mapping[str, ReadDates]) -> Iterator[Result]:
    if not (table.has("follow_up_time") and "index" in dates and {"death", "last_contact"} & set(dates)):
        yield NotApplicable("CC055", "follow_up_time, an index date and a date of death or last contact are needed")
        return
    nothing = np.full(len(table), np.nan)
    death = dates["death"].days if "death" in dates else nothing
    last = dates["last_contact"].days if "last_contact" in dates else nothing
    end = np.where(np.isnan(death), last, death)
    apart = np.abs(table.columns["follow_up_time"].values - (end - dates["index"].days)) > _DAYS_APART
    if apart.any():
        yield _rows(
            "CC055",
            "warning",
            apart,
            "follow_up_time is not the time from the index date to death or last contact",
            "find out which is right, and in which unit the time is",
            table.columns["follow_up_time"].rule.column,
            "follow_up_time",
        )


def measured_results(
    dates: Mapping[str, ReadDates], measured: Mapping[str, ReadDates]
) -> tuple[FileFinding | NotApplicable, ...]:
    """Say which predictors were measured after the index date (CC057), or why that cannot be said.

    Parameters
    ----------
    dates, measured : mapping of str to ReadDates
        As `read_dates` returns them.
    """
    results = [result for result in _measured(dates, measured) if result.code == "CC057"]
    if not results and not _both_known(dates, measured):
        results.append(NotApplicable("CC057", "no patient has both days in a form that can be read"))
    return tuple(results)


def _both_known(dates: Mapping[str, ReadDates], measured: Mapping[str, ReadDates]) -> bool:
    index = dates["index"].days
    return any(bool((~np.isnan(index) & ~np.isnan(column.days)).any()) for column in measured.values())


def _measured(dates: Mapping[str, ReadDates], measured: Mapping[str, ReadDates]) -> Iterator[Result]:
    roles = {name: variable(name).role for name in measured}
    if "index" not in dates or "outcome" not in roles.values():
        yield NotApplicable("CC056", "an index date and, under measured_on, the day of an outcome are needed")
    if "index" not in dates or not {"predictor", "subgroup", "comparator"} & set(roles.values()):
        yield NotApplicable("CC057", "an index date and, under measured_on, the day of a predictor are needed")
    if "index" not in dates:
        return
    index = dates["index"].days
    for name, column in measured.items():
        if roles[name] == "outcome":
            wrong, code = column.days < index, "CC056"
            text, remedy = (
                f"{name} is dated before the index date",
                "an outcome before time zero is no outcome: leave them out",
            )
        elif roles[name] == "after_prediction":
            continue
        else:
            wrong, code = column.days > index, "CC057"
            text = f"{name} was measured after the index date"
            remedy = "take the last value on or before the index date: later ones know the outcome"
        if wrong.any():
            yield _rows(code, "error", wrong, text, remedy, column.column, name)


def _age(table: MappedTable, dates: Mapping[str, ReadDates]) -> Iterator[Result]:
    if not (table.has("age") and "birth" in dates and "index" in dates):
        yield NotApplicable("CC058", "age, a date of birth and an index date are needed")
        return
    years = (dates["index"].days - dates["birth"].days) / _DAYS_A_YEAR
    apart = np.abs(table.columns["age"].values - years) > _YEARS_APART
    if apart.any():
        text, remedy = "age is not the time from birth to the index date", "compute it from the dates, or correct these"
        yield _rows("CC058", "warning", apart, text, remedy, table.columns["age"].rule.column, "age")


def _death(table: MappedTable, dates: Mapping[str, ReadDates]) -> Iterator[Result]:
    if not (table.has("death") and "death" in dates):
        yield NotApplicable("CC059", "death and a date of death are needed")
        return
    died, dated = table.columns["death"].values, ~np.isnan(dates["death"].days)
    column = table.columns["death"].rule.column
    for wrong, severity, text in (
        ((died == 0) & dated, "error", "the patient is recorded as alive and has a date of death"),
        ((died == 1) & ~dated & ~dates["death"].unreadable, "warning", "the patient died and has no date of death"),
    ):
        if wrong.any() and not dates["death"].ambiguous:
            remedy = "find out which is right"
            yield _rows("CC059", "error" if severity == "error" else "warning", wrong, text, remedy, column, "death")


def _rows(
    code: str,
    severity: Severity,
    wrong: BoolArray,
    text: str,
    remedy: str,
    column: str,
    variable: str | None = None,
    of: int | None = None,
) -> FileFinding:
    count = int(wrong.sum())
    whole = len(wrong) if of is None else of
    return FileFinding(
        code,
        severity,
        f"in {count} of {whole} rows {text}",
        remedy,
        column=column,
        variable=variable,
        count=count,
        of=whole,
        rows=first_rows(wrong),
    )
