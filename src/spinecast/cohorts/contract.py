"""The contract: what a table must satisfy to become a cohort, and a patient to be predicted.

Text in a number, an unknown level, a duplicated patient or a missing identifier always refuses the table. A
physically impossible value does so too unless the study says otherwise (`impossible_values`), and then every such
value is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import AttritionStep, Cohort, CohortKind, Provenance
from spinecast.cohorts.columns import read_column
from spinecast.cohorts.derived import complete, contradictions, derivation_note, inputs_in
from spinecast.cohorts.derived_values import closure
from spinecast.cohorts.identifiers import group_labels, patient_identifiers, source_rows
from spinecast.cohorts.patient import check_patient
from spinecast.cohorts.rejections import Finding, RejectedTableError, Rejections
from spinecast.cohorts.requirements import require_columns, require_usual_units, require_values
from spinecast.cohorts.rules import ColumnRule, column_rules
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
    notes : tuple of str
        Which variables were computed from which others.
    """

    frame: pd.DataFrame
    patient_ids: pd.Series
    groups: pd.Series | None
    rejections: Rejections
    excluded: int
    notes: tuple[str, ...] = ()


def check_table(
    raw: pd.DataFrame,
    rules: Sequence[ColumnRule],
    *,
    id_column: str,
    impossible_values: ImpossibleValues = "refuse",
    group_column: str | None = None,
    variables: Sequence[str] | None = None,
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
    variables : sequence of str, optional
        What the result holds; what the rules name when left out. Derived variables without a rule are computed from
        those that have one, and where one is given beside its inputs the two must agree.

    Returns
    -------
    CheckedTable

    Raises
    ------
    CohortError
        If the table has no row, or none is left.
    ContractError
        If a column is missing, a predictor has no value at all, or a number's usual value is so unusual that its unit
        must be named.
    RejectedTableError
        If cells break the contract; carries all of them.
    """
    if impossible_values not in get_args(ImpossibleValues):
        raise ValueError(f"impossible_values is one of {', '.join(get_args(ImpossibleValues))}")
    require_columns([str(column) for column in raw.columns], rules, id_column, group_column)
    if len(raw) == 0:
        raise CohortError("the table has no patients", expected="at least one row below the header")
    rows = source_rows(raw)
    identifiers, findings = patient_identifiers(raw[id_column], rows)
    names = tuple(dict.fromkeys(variables or (rule.variable for rule in rules)))
    readings = [read_column(raw[rule.column], rule) for rule in rules]
    frame = pd.concat([reading.values for reading in readings], axis=1)
    derived = {name: complete(frame, name) for name in names if variable(name).is_derived}
    impossible = Rejections.gather(
        (reading.impossible for reading in (*readings, *derived.values())), rows=rows, patient_ids=identifiers
    )
    broken = [*findings, *(finding for reading in readings for finding in reading.broken)]
    broken += _contradictions(frame, raw, rules)
    if any(len(finding.positions) for finding in broken) or (impossible_values == "refuse" and len(impossible)):
        everything = [*broken, *(reading.impossible for reading in (*readings, *derived.values()))]
        rejected = Rejections.gather(everything, rows=rows, patient_ids=identifiers)
        raise RejectedTableError(
            rejected, remedy=_REMEDY_IMPOSSIBLE if len(rejected) == len(impossible) else _REMEDY_BROKEN
        )
    require_usual_units(frame, rules)
    notes = tuple(note for name, reading in derived.items() if (note := derivation_note(frame, name, reading.values)))
    frame = frame.assign(**{name: reading.values for name, reading in derived.items()})[list(names)]
    readings += derived.values()
    keep = np.ones(len(raw), dtype=bool)
    if impossible_values == "exclude_patient":
        keep = ~np.any([reading.impossible_mask for reading in readings], axis=0)
    kept = np.flatnonzero(keep)
    if not len(kept):
        raise CohortError("no patient is left: each one has an impossible value", where=impossible.lines(1)[0])
    checked = frame.iloc[kept].reset_index(drop=True)
    require_values(checked, rules, impossible, notes)
    groups = None if group_column is None else group_labels(raw[group_column]).iloc[kept].reset_index(drop=True)
    kept_ids = identifiers.iloc[kept].reset_index(drop=True)
    return CheckedTable(checked, kept_ids, groups, impossible, len(raw) - len(kept), notes)


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
    variables: Sequence[str] | None = None,
) -> Cohort:
    """Make a cohort of a raw table: the one way in.

    Parameters
    ----------
    raw, rules, id_column, impossible_values, group_column, variables
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
        raw,
        rules,
        id_column=id_column,
        impossible_values=impossible_values,
        group_column=group_column,
        variables=variables,
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
        provenance=replace(provenance, notes=(*provenance.notes, *checked.notes)),
        attrition=steps,
        groups=checked.groups,
        rejections=checked.rejections,
    )


def check_predictors(
    table: pd.DataFrame, names: Sequence[str], *, rules: Sequence[ColumnRule] | None = None
) -> pd.DataFrame:
    """Bring a table of patients to be predicted to canonical form.

    Unlike a cohort's table it needs no identifier, may lack columns and may hold a column without any value: what is
    not known is missing. A derived predictor may be given or follow from its inputs; given both ways they must agree.

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
    usable = [by_name.get(name) or ColumnRule(name, name) for name in closure(names)]
    present = [rule for rule in usable if rule.column in table]
    if not present:
        close = [match for rule in usable if (match := nearest(rule.column, map(str, table.columns)))]
        raise ContractError(
            "the table has none of the model's predictors",
            expected=f"columns named {', '.join(names)}",
            remedy=f"the nearest column is {close[0]}" if close else None,
        )
    readings = [read_column(table[rule.column], rule) for rule in present]
    frame = pd.concat([reading.values for reading in readings], axis=1)
    derived = {name: complete(frame, name) for name in names if variable(name).is_derived}
    findings = [
        finding for reading in (*readings, *derived.values()) for finding in (*reading.broken, reading.impossible)
    ]
    findings += _contradictions(frame, table, present)
    nobody = pd.Series([""] * len(table), dtype=object)
    rejected = Rejections.gather(findings, rows=source_rows(table), patient_ids=nobody)
    if len(rejected):
        raise RejectedTableError(rejected, remedy="correct the values or their units; leave unknown ones empty")
    blank = pd.Series(np.full(len(table), np.nan))
    known = {
        **{str(name): frame[name] for name in frame},
        **{name: reading.values for name, reading in derived.items()},
    }
    unknown = {name: read_column(blank, ColumnRule(name, name)).values for name in names if name not in known}
    return pd.DataFrame({**known, **unknown})[list(names)]


def _contradictions(frame: pd.DataFrame, raw: pd.DataFrame, rules: Sequence[ColumnRule]) -> list[Finding]:
    return [
        contradictions(frame, rule.variable, raw[rule.column])
        for rule in rules
        if rule.entry.is_derived and inputs_in(frame, rule.variable)
    ]
