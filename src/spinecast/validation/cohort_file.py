"""The patients of a validation: a file with what a model reads, what happened, and what else is of use."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.features import block_of
from spinecast.cohorts.checking.date_checks import measured_results
from spinecast.cohorts.checking.date_reading import read_dates
from spinecast.cohorts.checking.findings import FileFinding, NotApplicable
from spinecast.cohorts.checking.mapping import FileMapping, load_mapping
from spinecast.cohorts.checking.reading import read_file
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.contract import ImpossibleValues, make_cohort
from spinecast.cohorts.derived import variables_to_read
from spinecast.cohorts.opening import SITE, Request, open_patients
from spinecast.cohorts.rules import MISSING_TEXT, column_rules
from spinecast.cohorts.sources import CsvSource, ParquetSource, RawTable, read_csv, read_parquet
from spinecast.cohorts.support import SUPPORT_VARIABLES
from spinecast.errors import ContractError, nearest

__all__ = ["OpenedCohort", "Wanted", "dated_predictors", "is_parquet", "open_cohort", "open_like_study"]

_SUPPORT = "support:"
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class Wanted:
    """What is read of a cohort.

    Parameters
    ----------
    predictors : tuple of str
        Needed, unless what is lacking is allowed.
    outcome : tuple of str
        Needed.
    useful : tuple of str
        Read where the cohort holds it: comparators' inputs, subgroups, the development's variables.
    allow_lacking : bool
        Whether predictors may be lacking; they then count as missing for everyone.
    impossible_values : {"refuse", "set_missing", "exclude_patient"}, optional
        What happens to impossible values; the source's own habit when None.
    """

    predictors: tuple[str, ...]
    outcome: tuple[str, ...]
    useful: tuple[str, ...] = ()
    allow_lacking: bool = False
    impossible_values: ImpossibleValues | None = None

    @property
    def everything(self) -> tuple[str, ...]:
        """Every variable: taken for the columns of a file that cannot be looked into, so that reading it says why."""
        return (*self.predictors, *self.outcome, *self.useful)


@dataclass(frozen=True, eq=False)
class OpenedCohort:
    """The patients, and which predictors nobody of them has."""

    cohort: Cohort
    lacking: tuple[str, ...]
    notes: tuple[str, ...] = ()


def open_cohort(source: str, mapping: Path | None, wanted: Wanted) -> OpenedCohort:
    """Open a file, or SUPPORT by name, through the contract.

    Parameters
    ----------
    source : str
        A CSV or Parquet file, or ``support:SUBSET``.
    mapping : pathlib.Path, optional
        How the file's columns map to the dictionary; without one columns are read by their own names.
    wanted : Wanted

    Raises
    ------
    CohortError
        If the source is not there or holds nobody.
    ContractError, RejectedTableError
        If it lacks a predictor or the outcome, or its cells break the contract: another unit, a value that cannot be.
    DocumentError
        If the mapping cannot be used as written.
    """
    headers: tuple[str, ...] = ()
    site = False
    if source.startswith(_SUPPORT):
        readable = set(SUPPORT_VARIABLES)
    else:
        read = load_mapping(mapping) if mapping else FileMapping()
        headers = _headers(Path(source), read.content.separator) or wanted.everything
        readable = {rule.variable for rule in read.rules(headers) if rule.column in headers}
        site = (read.content.group_column or SITE) in headers
    names, lacking = _readable(wanted, readable.__contains__, headers, source)
    request = Request(names, site=site, impossible_values=wanted.impossible_values)
    opened = open_patients(source, mapping, request)
    return OpenedCohort(opened.cohort, _nowhere(opened.cohort, lacking, wanted, source), opened.notes)


def open_like_study(source: CsvSource | ParquetSource, wanted: Wanted) -> OpenedCohort:
    """Open a file whose columns map as those of a study do.

    Parameters
    ----------
    source : CsvSource or ParquetSource
        The study's, with another path; its group column is read where the file has it.
    wanted : Wanted

    Raises
    ------
    CohortError, ContractError, RejectedTableError
        As `open_cohort`.
    """
    separator = source.separator if isinstance(source, CsvSource) else None
    headers = _headers(source.path, separator) or wanted.everything
    if source.group_column not in headers:
        source = replace(source, group_column=None)
    has = {rule.variable for rule in column_rules(tuple(source.columns), source.columns) if rule.column in headers}
    named = (name for name in headers if name in variables() or block_of(name) is not None)
    has |= {name for name in named if name not in source.columns}
    names, lacking = _readable(wanted, has.__contains__, headers, str(source.path))
    raw = read_csv(source, names) if isinstance(source, CsvSource) else read_parquet(source, names)
    empty = {rule.variable for rule in raw.rules if rule.entry.role == "predictor" and _is_empty(raw, rule.column)}
    kept = [name for name in raw.variables if name not in empty]
    cohort = make_cohort(
        raw.table,
        [rule for rule in raw.rules if rule.variable not in empty],
        name=raw.name,
        kind=raw.kind,
        provenance=raw.provenance,
        id_column=raw.id_column,
        impossible_values=wanted.impossible_values or "refuse",
        attrition=raw.attrition,
        group_column=raw.group_column,
        variables=kept,
    )
    gone = tuple(name for name in wanted.predictors if name in empty)
    return OpenedCohort(cohort, _nowhere(cohort, (*lacking, *gone), wanted, str(source.path)))


def dated_predictors(path: Path, mapping: Path) -> tuple[FileFinding | NotApplicable, ...] | None:
    """Say which variables of a file were measured after the index date (CC057); None where the mapping names no days.

    Parameters
    ----------
    path, mapping : pathlib.Path

    Raises
    ------
    CohortError, ContractError
        If the file cannot be read as a table.
    DocumentError
        If the mapping cannot be used as written.
    """
    read = load_mapping(mapping)
    if not read.content.measured_on or read.content.date_columns.index is None:
        return None
    return measured_results(*read_dates(read_file(path, read)))


def is_parquet(path: Path) -> bool:
    """Say whether a file is read as Parquet: by its ending."""
    return path.suffix.casefold() in _PARQUET


def _headers(path: Path, separator: str | None) -> tuple[str, ...]:
    """Return the columns of a file without reading it; none where it cannot be read, which is said when it is."""
    try:
        if is_parquet(path):
            from pyarrow import parquet

            return tuple(map(str, parquet.read_schema(path).names))
        with path.open(encoding="utf-8-sig", newline="") as handle:
            return tuple(next((row for row in csv.reader(handle, delimiter=separator or ",") if row), ()))
    except (OSError, ValueError, csv.Error):
        return ()


def _readable(
    wanted: Wanted, has: Callable[[str], bool], headers: Sequence[str], place: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is read, and the predictors that are lacking; refuse the latter unless they may be."""
    lacking = tuple(name for name in wanted.predictors if not _can_be_had(name, has))
    found = [name for name in wanted.predictors if name not in lacking]
    if not found or (lacking and not wanted.allow_lacking):
        raise _lacks(lacking, headers, place)
    # Of a derived variable the inputs are enough: whoever reads it derives it.
    useful = [each for name in wanted.useful for each in variables_to_read((name,), has) if has(each)]
    return tuple(dict.fromkeys((*found, *wanted.outcome, *useful))), lacking


def _can_be_had(name: str, has: Callable[[str], bool]) -> bool:
    return has(name) or variables_to_read((name,), has) != (name,)


def _nowhere(cohort: Cohort, lacking: Iterable[str], wanted: Wanted, place: str) -> tuple[str, ...]:
    """Add the predictors whose column holds nothing to those that have no column."""
    gone = dict.fromkeys(lacking)
    gone |= dict.fromkeys(
        name for name in wanted.predictors if name in cohort.frame and not cohort.frame[name].notna().any()
    )
    if gone and not wanted.allow_lacking:
        raise _lacks(tuple(gone), (), place)
    return tuple(gone)


def _lacks(names: Sequence[str], headers: Sequence[str], place: str) -> ContractError:
    lines = []
    for name in names:
        close = nearest(name, headers)
        inputs = variable(name).derived_from
        hint = f"; the nearest column is {close!r}" if close else ""
        follows = f"; it also follows from {', '.join(inputs)}" if inputs else ""
        lines.append(f"{name}{hint}{follows}")
    shown = [*lines[:8], *([f"and {len(lines) - 8} more"] if len(lines) > 8 else [])]
    return ContractError(
        f"the cohort {place} has no value of {len(names)} predictor{'s' if len(names) > 1 else ''} of the model",
        where="\n            ".join(shown),
        expected="a column with values for every predictor, named as in the dictionary or by --mapping",
        remedy="map the column, or say --allow-missing-predictors to judge the model without them",
    )


def _is_empty(raw: RawTable, column: str) -> bool:
    distinct = pd.Series(pd.unique(raw.table[column])).dropna().astype(str).str.strip().str.casefold()
    return bool(distinct.isin(MISSING_TEXT).all())
