"""Patients opened for a look: a file by its mapping, or SUPPORT by name, through the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.checking.mapped_file import read_mapped
from spinecast.cohorts.checking.mapping import FileMapping, load_mapping
from spinecast.cohorts.cohort import AttritionStep, Cohort, Provenance
from spinecast.cohorts.columns import read_column
from spinecast.cohorts.contract import ImpossibleValues, RejectedTableError, make_cohort
from spinecast.cohorts.derived import variables_to_read
from spinecast.cohorts.identifiers import patient_identifiers, source_rows
from spinecast.cohorts.rules import ColumnRule
from spinecast.cohorts.sources import SupportSource, build_cohort
from spinecast.cohorts.support import SUPPORT_VARIABLES, SupportSubset
from spinecast.cohorts.synthetic.marks import MARK_COLUMN, MARK_WORD, PARQUET_KEY, is_marked
from spinecast.errors import ContractError, nearest
from spinecast.files import sha256_file

__all__ = ["SITE", "OpenedPatients", "Request", "open_patients"]

SITE = "site"
"""The word for the group column of a mapping, and the column taken for it where the mapping names none."""

_SUPPORT = "support:"
_IDENTIFIERS = ("patient_id", "patient", "id")
_ROW = "row"
_REMEDY = (
    "correct the values in the source; name a column's unit, levels or missing codes in --mapping; or say --impossible "
    "set_missing or exclude_patient"
)
# A column of more distinct cells than these holds a value among them, or nothing that reading them all would show.
_FEW = 8


@dataclass(frozen=True)
class Request:
    """What is wanted of a table.

    Parameters
    ----------
    variables : tuple of str, optional
        Dictionary names; None means every variable the table has a column for.
    also : tuple of str
        Further variables that must be there, such as the one to group by.
    outcomes : bool
        Whether the outcomes with levels that the table has are read too.
    site : bool
        Whether the group column is read.
    impossible_values : {"refuse", "set_missing", "exclude_patient"}, optional
        What happens to physically impossible values. None refuses a file; SUPPORT, which is as it is and has a few,
        takes them for missing and counts them.
    """

    variables: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()
    outcomes: bool = False
    site: bool = False
    impossible_values: ImpossibleValues | None = None


@dataclass(frozen=True, eq=False)
class OpenedPatients:
    """A cohort with the table it was read from.

    Parameters
    ----------
    cohort : Cohort
    table : DataFrame, n rows
        The cohort's patients as the source writes them, in the cohort's order. It names patients.
    id_column : str
        The column of `table` that tells them apart.
    mark : str
        What every row of a table made from synthetic patients is marked with; empty for real ones.
    notes : tuple of str
        What a reader of anything made from this should know.
    """

    cohort: Cohort
    table: pd.DataFrame
    id_column: str
    mark: str
    notes: tuple[str, ...] = ()


def open_patients(source: str, mapping: Path | None, request: Request) -> OpenedPatients:
    """Open a file or a named source.

    Parameters
    ----------
    source : str
        A CSV or Parquet file, or ``support:SUBSET``: the real patients of SUPPORT.
    mapping : Path, optional
        Column mapping of a file; without one, columns that bear a variable's own name are read.
    request : Request

    Raises
    ------
    CohortError
        If the source is not there or has no patient.
    ContractError, RejectedTableError
        If it cannot be read, lacks what is asked for, or its cells break the contract.
    DocumentError
        If the mapping cannot be used as written.
    """
    if source.startswith(_SUPPORT):
        return _open_support(source.removeprefix(_SUPPORT), mapping, request)
    path = Path(source)
    return _open_table(path, load_mapping(mapping) if mapping else FileMapping(), request)


def _open_support(subset: str, mapping: Path | None, request: Request) -> OpenedPatients:
    if mapping is not None:
        raise ContractError(f"{_SUPPORT}{subset} needs no mapping", where="--mapping", remedy="leave --mapping out")
    if request.site:
        raise ContractError("SUPPORT as distributed does not say in which hospital a patient was", where="--by site")
    wanted = _asked(request, [name for name in variables() if name in SUPPORT_VARIABLES])
    source = SupportSource(cast(SupportSubset, subset))  # an unknown subset is refused with the ones there are
    try:
        cohort = build_cohort(source, wanted, request.impossible_values or "set_missing")
    except RejectedTableError as error:
        raise RejectedTableError(error.rejections, remedy=_REMEDY) from error
    table = pd.concat([cohort.patient_ids.rename(_IDENTIFIERS[0]), cohort.frame], axis=1)
    return OpenedPatients(cohort, table, _IDENTIFIERS[0], "")


def _open_table(path: Path, mapping: FileMapping, request: Request) -> OpenedPatients:
    raw = read_mapped(path, mapping)
    raw.columns = pd.Index([str(column) for column in raw.columns])
    headers = list(raw.columns)
    names = _wanted(mapping.rules(headers), headers, request)
    rules = _rules(mapping, headers, names)
    id_column, notes = _id_column(mapping, headers, {rule.column for rule in rules})
    if id_column == _ROW:
        raw = raw.assign(**{_ROW: np.arange(1, len(raw) + 1)})
    group_column = _group_column(mapping, headers) if request.site else None
    empty = _empty(raw, rules)
    identifiers, _ = patient_identifiers(raw[id_column], source_rows(raw))
    mark = _mark(raw, identifiers, path, declared=mapping.content.synthetic)
    try:
        cohort = make_cohort(
            raw,
            [rule for rule in rules if rule.variable not in empty],
            name=path.stem,
            kind="synthetic" if mark else "real",
            provenance=_provenance(path, mark),
            id_column=id_column,
            impossible_values=request.impossible_values or "refuse",
            attrition=(AttritionStep("source", f"patients in {path.name}", 0, len(raw)),),
            group_column=group_column,
            variables=[name for name in names if name not in empty],
        )
    except RejectedTableError as error:
        raise RejectedTableError(error.rejections, remedy=_REMEDY) from error
    kept = raw.iloc[pd.Index(identifiers).get_indexer(pd.Index(cohort.patient_ids))].reset_index(drop=True)
    return OpenedPatients(_with_empty(cohort, names, empty), kept, id_column, mark, notes)


def _wanted(readable: Sequence[ColumnRule], headers: Sequence[str], request: Request) -> tuple[str, ...]:
    has = {rule.variable for rule in readable if rule.column in headers}
    if request.variables is None and not has:
        close = next((match for header in headers if (match := nearest(header, variables()))), None)
        raise ContractError(
            "no column of the table is read as a variable",
            where=f"its columns: {', '.join(headers[:20])}{', …' if len(headers) > 20 else ''}",
            expected="columns named as in the dictionary (spinecast dictionary list), or a --mapping that names them",
            remedy=f"the nearest variable is {close}" if close else "write a mapping; spinecast cohort check helps",
        )
    return _asked(request, [name for name in variables() if name in has])


def _asked(request: Request, has: Sequence[str]) -> tuple[str, ...]:
    """Return the variables to have, in the order asked for, else in the dictionary's."""
    outcomes = [name for name in has if variable(name).role == "outcome" and variable(name).is_levelled]
    names = (*(has if request.variables is None else request.variables), *request.also)
    return tuple(dict.fromkeys((*names, *(outcomes if request.outcomes else ()))))


def _rules(mapping: FileMapping, headers: Sequence[str], names: Sequence[str]) -> list[ColumnRule]:
    """Return the columns to read for some variables; inputs stand in for a derived one that has none."""
    for name in names:
        variable(name)  # an unknown one is refused with the nearest
    by_name = {rule.variable: rule for rule in mapping.rules(headers)}
    needed = variables_to_read(names, by_name.__contains__)
    rules = [by_name.get(name) or ColumnRule(name, name) for name in needed]
    for rule in rules:
        if headers.count(rule.column) > 1:
            raise ContractError(f"the table has more than one column {rule.column!r}", expected="every name once")
        if rule.column in headers:
            continue
        inputs = variable(rule.variable).derived_from
        follows = f", or {', '.join(inputs)}, which it follows from" if inputs else ""
        close = nearest(rule.column, headers)
        raise ContractError(
            f"the table has no column {rule.column!r} for {rule.variable}",
            expected=f"one of its columns: {', '.join(headers[:30])}{', …' if len(headers) > 30 else ''}{follows}",
            remedy=f"did you mean {close!r}? name it under columns in --mapping" if close else "name it in --mapping",
        )
    return rules


def _id_column(mapping: FileMapping, headers: Sequence[str], taken: set[str]) -> tuple[str, tuple[str, ...]]:
    named = mapping.content.id_column
    if named is not None:
        _require(named, headers, "the patient identifier")
        return named, ()
    found = next((name for name in _IDENTIFIERS if name in headers and name not in taken), None)
    if found is not None:
        return found, ()
    if _ROW in headers:
        raise ContractError(
            "no column is known to tell patients apart",
            expected=f"a column named {' or '.join(_IDENTIFIERS)}, or id_column in --mapping",
        )
    return _ROW, ("No column was named that tells patients apart: every row is taken for one patient.",)


def _group_column(mapping: FileMapping, headers: Sequence[str]) -> str:
    named = mapping.content.group_column
    if named is None and SITE not in headers:
        raise ContractError(
            "the table has no column with the site",
            where="--by site",
            expected=f"group_column in --mapping, or a column named {SITE}",
        )
    _require(named or SITE, headers, "the site")
    return named or SITE


def _require(column: str, headers: Sequence[str], purpose: str) -> None:
    if headers.count(column) == 1:
        return
    if column in headers:
        raise ContractError(f"the table has more than one column {column!r}", expected="every name once")
    close = nearest(column, headers)
    raise ContractError(
        f"the table has no column {column!r} for {purpose}", remedy=f"did you mean {close!r}?" if close else None
    )


def _empty(raw: pd.DataFrame, rules: Sequence[ColumnRule]) -> dict[str, pd.Series]:
    """Return the variables of columns that hold no value, all missing; the contract would refuse a predictor so."""
    found = {}
    read = {rule.variable for rule in rules}
    for rule in rules:
        if read.intersection(rule.entry.derived_from):
            continue  # it follows from the others
        distinct = pd.Series(pd.unique(raw[rule.column]), name=rule.column)
        if len(distinct) > _FEW:
            continue
        reading = read_column(distinct, rule)
        refused = len(reading.impossible.positions) + sum(len(finding.positions) for finding in reading.broken)
        if not refused and not reading.values.notna().any():
            found[rule.variable] = reading.values
    if len(found) == len(rules):
        raise ContractError(
            "no column that is read holds a value", where=f"columns {', '.join(rule.column for rule in rules[:10])}"
        )
    return found


def _with_empty(cohort: Cohort, names: Sequence[str], empty: dict[str, pd.Series]) -> Cohort:
    """Put the variables without any value back, so that a description says that they are missing."""
    nowhere = pd.Series(np.full(len(cohort), -1))
    blank = {name: values.reindex(nowhere).reset_index(drop=True) for name, values in empty.items() if name in names}
    return replace(cohort, frame=cohort.frame.assign(**blank)[list(names)]) if blank else cohort


def _provenance(path: Path, mark: str) -> Provenance:
    file = f"SHA-256 of the file: {sha256_file(path)}"
    return Provenance(path.name, f"Patients of {path.name}", notes=(*((f"Mark: {mark}",) if mark else ()), file))


def _mark(raw: pd.DataFrame, identifiers: pd.Series, path: Path, *, declared: bool) -> str:
    """Return the mark of synthetic patients, empty for real ones."""
    marked = next((name for name in raw.columns if name.strip().casefold() == MARK_COLUMN), None)
    if marked is not None:
        found = sorted({str(cell) for cell in pd.unique(raw[marked]) if isinstance(cell, str) and cell.strip()})
        return "; ".join(found) or MARK_WORD
    if declared or is_marked((), identifiers) or _noted(path):
        return MARK_WORD
    return ""


def _noted(path: Path) -> bool:
    if path.suffix.casefold() not in (".parquet", ".pq"):
        return False
    from pyarrow import parquet

    return PARQUET_KEY in (parquet.read_schema(path).metadata or {})
