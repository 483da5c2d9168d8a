"""Image features from a table of their own, joined to a cohort by the patient's identifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from spinecast.clinical.features import block_of, feature_text, features_together
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.contract import check_table
from spinecast.cohorts.rejections import RejectedTableError
from spinecast.cohorts.rules import column_rules
from spinecast.cohorts.sources import read_table
from spinecast.errors import CohortError, ContractError, nearest
from spinecast.files import sha256_file

__all__ = ["join_features", "require_varying_features"]


def join_features(
    cohort: Cohort, path: Path, columns: Mapping[str, str], *, id_column: str, separator: str = ",", said_in: str = ""
) -> Cohort:
    """Add the features of a table to the patients of a cohort.

    Patients whom the table does not hold have no features; rows of people who are not in the cohort are passed over.
    Both are counted in the cohort's notes. The features become part of its fingerprint.

    Parameters
    ----------
    cohort : Cohort
    path : pathlib.Path
        CSV or Parquet, one row a patient.
    columns : mapping of str to str
        {name of a feature or batch: column of the table}.
    id_column : str
        Column of the table that tells patients apart.
    separator : str
    said_in : str
        The key of the study, for messages.

    Raises
    ------
    CohortError
        If the file is not there, or holds none of the patients.
    ContractError
        If it cannot be read or lacks a column.
    RejectedTableError
        If a patient stands in it twice, or a feature is no number; carries every such cell.
    """
    raw = read_table(path, separator, said_in=said_in)
    present = [str(column) for column in raw.columns]
    for column in (id_column, *columns.values()):
        if column not in present:
            close = nearest(column, present)
            raise ContractError(
                f"{path.name} has no column {column!r}",
                where=said_in or None,
                expected=f"one of its columns: {', '.join(present[:30])}{', …' if len(present) > 30 else ''}",
                remedy=f"did you mean {close!r}?" if close else None,
            )
    rules = column_rules(tuple(columns), {name: {"column": column} for name, column in columns.items()})
    try:
        checked = check_table(raw, rules, id_column=id_column)
    except RejectedTableError as error:
        raise RejectedTableError(error.rejections, remedy="correct them in that table", table=path.name) from None
    found = checked.frame.set_axis(pd.Index(checked.patient_ids), axis=0)
    own = pd.Index(cohort.patient_ids)
    matched = own.isin(found.index)
    if not matched.any():
        raise CohortError(
            f"{path.name} holds none of the {len(cohort)} patients of {cohort.name}",
            where=f"{said_in}: column {id_column}" if said_in else None,
            expected="the same identifiers as in the cohort's table",
            remedy="name the column that holds them, or write them alike",
        )
    joined = found.reindex(own).set_axis(pd.RangeIndex(len(own)), axis=0)
    for name in joined:
        if joined[name].dtype == "category":
            joined[name] = joined[name].cat.remove_unused_categories()
    blocks = ", ".join(features_together(columns))
    note = (
        f"features {blocks} of {path.name} for {int(matched.sum())} of {len(own)} patients; "
        f"{len(found) - int(matched.sum())} rows of it belong to nobody in the cohort; "
        f"SHA-256 of the file: {sha256_file(path)}"
    )
    return replace(
        cohort,
        frame=pd.concat([cohort.frame, joined], axis=1),
        provenance=replace(cohort.provenance, notes=(*cohort.provenance.notes, note)),
    )


def require_varying_features(cohort: Cohort, names: Sequence[str], said_in: str) -> None:
    """Refuse features that are the same in every patient who has them.

    Raises
    ------
    ContractError
        If there is one; names them.
    """
    constant = [name for name in names if cohort.frame[name].nunique(dropna=True) < 2]
    if constant:
        shown = ", ".join(feature_text(name) for name in constant[:10])
        count = "1 feature" if len(constant) == 1 else f"{len(constant)} features"
        raise ContractError(
            f"{count} of {block_of(constant[0])} do{'es' if len(constant) == 1 else ''} not vary: {shown}"
            f"{', …' if len(constant) > 10 else ''}",
            where=said_in,
            expected="features that differ between patients",
            remedy="leave them out of `columns`, or name them under `leave_out`",
        )
