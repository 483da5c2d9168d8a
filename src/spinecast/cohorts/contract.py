"""The contract: what a table must satisfy to become a cohort, and a patient to be predicted.

Text in a number, an unknown level, a duplicated patient or a missing identifier always refuses the table. A
physically impossible value does so too unless the study says otherwise (`impossible_values`), and then every such
value is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.cohort import AttritionStep, Cohort, CohortKind, Provenance
from spinecast.cohorts.columns import read_column
from spinecast.cohorts.patient import check_patient
from spinecast.cohorts.rejections import Finding, RejectedTableError, Rejections
from spinecast.cohorts.rules import MISSING_TEXT, ColumnRule, column_rules
from spinecast.errors import CohortError, ContractError, nearest

__all__ = [
    "CheckedTable",
    "ColumnRule",
    "ImpossibleValues",
    "RejectedTableError",
    "Rejections",
    "check_patient",
    "check_predictors",
    "check_table",
    "column_rules",
    "make_cohort",
    "require_columns",
]

ImpossibleValues = Literal["refuse", "set_missing", "exclude_patient"]

_REMEDY_BROKEN = "correct them in the source, or map them (unit, levels, missing_codes) in the study"
_REMEDY_IMPOSSIBLE = (
    "name the unit in the study's mapping, correct the values, or set cohort.impossible_values to set_missing or "
    "exclude_patient"
)


@dataclass(frozen=True, eq=False)
class CheckedTable:
    """A table that passed the contract.

    Parameters
    ----------
    frame : DataFrame, n rows
        Canonical columns.
    patient_ids : Series of str, shape (n,)
    groups : Series of str, shape (n,), optional
    rejections : Rejections
        Impossible values that were set to missing or whose patients were left out.
    excluded : int
        Patients left out.
    """

    frame: pd.DataFrame
    patient_ids: pd.Series
    groups: pd.Series | None
    rejections: Rejections
    excluded: int


def check_table(
    raw: pd.DataFrame,
    rules: Sequence[ColumnRule],
    *,
    id_column: str,
    impossible_values: ImpossibleValues = "refuse",
    group_column: str | None = None,
) -> CheckedTable:
    """Check a table against the contract and bring it to canonical form.

    Parameters
    ----------
    raw : DataFrame, n rows
        As read. An integer index holds the position of each row in the source and survives filtering, so that
        rejections name the source's rows.
    rules : sequence of ColumnRule
        One a variable.
    id_column : str
        Column that tells patients apart.
    impossible_values : {"refuse", "set_missing", "exclude_patient"}
        What happens to physically impossible values.
    group_column : str, optional
        Column with the site or cluster.

    Returns
    -------
    CheckedTable

    Raises
    ------
    CohortError
        If the table has no row, or none is left.
    ContractError
        If a column is missing, or a predictor has no value at all.
    RejectedTableError
        If cells break the contract; carries all of them.
    """
    if impossible_values not in get_args(ImpossibleValues):
        raise ValueError(f"impossible_values is one of {', '.join(get_args(ImpossibleValues))}")
    require_columns([str(column) for column in raw.columns], rules, id_column, group_column)
    if len(raw) == 0:
        raise CohortError("the table has no patients", expected="at least one row below the header")
    rows = _source_rows(raw)
    identifiers, findings = _identifiers(raw[id_column], rows)
    readings = [read_column(raw[rule.column], rule) for rule in rules]
    impossible = Rejections.gather((reading.impossible for reading in readings), rows=rows, patient_ids=identifiers)
    broken = [*findings, *(finding for reading in readings for finding in reading.broken)]
    if any(len(finding.positions) for finding in broken) or (impossible_values == "refuse" and len(impossible)):
        everything = [*broken, *(reading.impossible for reading in readings)]
        rejected = Rejections.gather(everything, rows=rows, patient_ids=identifiers)
        raise RejectedTableError(
            rejected, remedy=_REMEDY_IMPOSSIBLE if len(rejected) == len(impossible) else _REMEDY_BROKEN
        )
    frame = pd.concat([reading.values for reading in readings], axis=1)
    keep = np.ones(len(raw), dtype=bool)
    if impossible_values == "exclude_patient":
        keep = ~np.any([reading.impossible_mask for reading in readings], axis=0)
    kept = np.flatnonzero(keep)
    if not len(kept):
        raise CohortError("no patient is left: each one has an impossible value", where=impossible.lines(1)[0])
    checked = frame.iloc[kept].reset_index(drop=True)
    _require_values(checked, rules, impossible)
    groups = None if group_column is None else _groups(raw[group_column]).iloc[kept].reset_index(drop=True)
    kept_ids = identifiers.iloc[kept].reset_index(drop=True)
    return CheckedTable(checked, kept_ids, groups, impossible, len(raw) - len(kept))


def make_cohort(
    raw: pd.DataFrame,
    rules: Sequence[ColumnRule],
    *,
    name: str,
    kind: CohortKind,
    provenance: Provenance,
    id_column: str,
    impossible_values: ImpossibleValues = "refuse",
    attrition: Sequence[AttritionStep] = (),
    group_column: str | None = None,
) -> Cohort:
    """Make a cohort of a raw table: the one way in.

    Parameters
    ----------
    raw, rules, id_column, impossible_values, group_column
        As in `check_table`.
    name, kind, provenance
        As in `Cohort`.
    attrition : sequence of AttritionStep
        Steps before the contract.

    Raises
    ------
    CohortError, ContractError, RejectedTableError
        As `check_table`.
    """
    checked = check_table(
        raw, rules, id_column=id_column, impossible_values=impossible_values, group_column=group_column
    )
    steps = tuple(attrition) or (AttritionStep("source", "patients in the table", 0, len(raw)),)
    if checked.excluded:
        reason = "a physically impossible value in a variable the study uses"
        steps = (*steps, AttritionStep("contract", reason, checked.excluded, len(checked.frame)))
    return Cohort(
        name=name,
        kind=kind,
        frame=checked.frame,
        patient_ids=checked.patient_ids,
        provenance=provenance,
        attrition=steps,
        groups=checked.groups,
        rejections=checked.rejections,
    )


def check_predictors(
    table: pd.DataFrame, names: Sequence[str], *, rules: Sequence[ColumnRule] | None = None
) -> pd.DataFrame:
    """Bring a table of patients to be predicted to canonical form.

    Unlike a cohort's table it needs no identifier, may lack columns and may hold a column without any value: what is
    not known is missing.

    Parameters
    ----------
    table : DataFrame, n rows
        Raw cells; further columns are left alone.
    names : sequence of str
        The model's predictors.
    rules : sequence of ColumnRule, optional
        How columns are named and written; None means the dictionary's names, canonical units and levels.

    Returns
    -------
    DataFrame, n rows
        One canonical column a predictor, in the order of `names`, rows numbered from 0.

    Raises
    ------
    ContractError
        If the table holds none of the predictors.
    RejectedTableError
        If cells break the contract; an impossible value is always refused.
    """
    by_name = {rule.variable: rule for rule in rules or ()}
    chosen = [by_name.get(name) or ColumnRule(name, name) for name in names]
    if not any(rule.column in table for rule in chosen):
        close = [match for rule in chosen if (match := nearest(rule.column, map(str, table.columns)))]
        raise ContractError(
            "the table has none of the model's predictors",
            expected=f"columns named {', '.join(names)}",
            remedy=f"the nearest column is {close[0]}" if close else None,
        )
    blank = pd.Series(np.full(len(table), np.nan), index=table.index)
    readings = [read_column(table.get(rule.column, blank), rule) for rule in chosen]
    findings = [finding for reading in readings for finding in (*reading.broken, reading.impossible)]
    nobody = pd.Series([""] * len(table), dtype=object)
    rejected = Rejections.gather(findings, rows=_source_rows(table), patient_ids=nobody)
    if len(rejected):
        raise RejectedTableError(rejected, remedy="correct the values or their units; leave unknown ones empty")
    return pd.concat([reading.values for reading in readings], axis=1)


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
        lines.append(f"{column!r}{'' if column == purpose else f' for {purpose}'}{hint}")
    raise ContractError(
        f"the table has no column {lines[0]}" if len(lines) == 1 else f"the table lacks {len(lines)} columns",
        where=None if len(lines) == 1 else "\n            ".join(lines),
        expected=f"one of its columns: {', '.join(present[:30])}{', …' if len(present) > 30 else ''}",
        remedy="map the variable to its column under cohort.source.columns",
    )


def _require_values(frame: pd.DataFrame, rules: Sequence[ColumnRule], impossible: Rejections) -> None:
    for rule in rules:
        if rule.entry.role != "predictor" or frame[rule.variable].notna().any():
            continue
        lost = impossible.table[impossible.table["column"] == rule.column]
        raise ContractError(
            f"no patient has a usable value of {rule.variable}",
            where=f"column {rule.column}" + (f": {len(lost)} values, all {lost['rule'].iloc[0]}" if len(lost) else ""),
            expected="a predictor with at least one value",
            remedy="name the unit in the study's mapping" if len(lost) else "leave the variable out of the study",
        )


def _source_rows(raw: pd.DataFrame) -> NDArray[np.int64]:
    if pd.api.types.is_integer_dtype(raw.index.dtype):
        return raw.index.to_numpy(dtype=np.int64) + 1
    return np.arange(1, len(raw) + 1)


def _as_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")  # identifiers read as 1.0 because one is missing
    return column.astype(object).map(lambda cell: "" if pd.isna(cell) else str(cell).strip()).reset_index(drop=True)


def _groups(column: pd.Series) -> pd.Series:
    groups = _as_text(column)
    missing = groups.str.casefold().isin(MISSING_TEXT)
    if missing.any():
        raise ContractError(
            f"{int(missing.sum())} patients have no group",
            where=f"column {column.name}",
            expected="a site or cluster for every patient",
        )
    return groups


def _identifiers(column: pd.Series, rows: NDArray[np.int64]) -> tuple[pd.Series, list[Finding]]:
    identifiers = _as_text(column)
    missing = identifiers.str.casefold().isin(MISSING_TEXT).to_numpy(dtype=bool)
    codes, uniques = pd.factorize(identifiers)
    first = np.zeros(len(uniques), dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # the last write for each code is its first position
    repeated = np.flatnonzero((first[codes] != np.arange(len(codes))) & ~missing)
    absent = np.flatnonzero(missing)
    name = str(column.name)
    # The value column stays empty: an identifier is shown only in the file, in the column meant for it.
    return identifiers, [
        Finding(name, absent, [""] * len(absent), ["missing patient id"] * len(absent)),
        Finding(
            name,
            repeated,
            [""] * len(repeated),
            [f"duplicated patient id (first in row {rows[position]})" for position in first[codes[repeated]]],
        ),
    ]
