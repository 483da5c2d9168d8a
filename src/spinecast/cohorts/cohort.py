"""The cohort: patients that passed the contract, with where they came from, who was left out, and a fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import batch_code
from spinecast.clinical.variable import Variable
from spinecast.cohorts.rejections import Rejections
from spinecast.errors import CohortError, ContractError, nearest
from spinecast.files import canonical_json

__all__ = ["AttritionStep", "Cohort", "CohortKind", "Provenance", "frame_matrix"]

CohortKind = Literal["real", "synthetic"]

_FORMAT = "spinecast cohort 1"


@dataclass(frozen=True)
class Provenance:
    """Where a cohort comes from.

    Parameters
    ----------
    source : str
        Data set or file name, never a full path (paths can name people).
    description : str
        Who these patients are.
    licence, citation : str
        Terms and reference; empty where none is known.
    notes : tuple of str
        What was done to the values on the way, with counts.
    """

    source: str
    description: str
    licence: str = ""
    citation: str = ""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "source": self.source,
            "description": self.description,
            "licence": self.licence,
            "citation": self.citation,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class AttritionStep:
    """One step on the way from the source to the patients analysed.

    Parameters
    ----------
    step : str
        Short name of the step.
    reason : str
        Why patients were left out at it.
    excluded, remaining : int
        Patients left out, and left after it.
    """

    step: str
    reason: str
    excluded: int
    remaining: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"step": self.step, "reason": self.reason, "excluded": self.excluded, "remaining": self.remaining}


@dataclass(frozen=True, eq=False, repr=False)
class Cohort:
    """Patients in dictionary variables and canonical units. Made by `spinecast.cohorts.contract.make_cohort`.

    Parameters
    ----------
    name : str
        What reports call it.
    kind : {"real", "synthetic"}
        Synthetic patients are labelled so wherever the cohort appears.
    frame : DataFrame, n rows
        One column a variable: float64 in the canonical unit, or categorical with the dictionary's levels in order; a
        label is categorical with the texts there are.
    patient_ids : Series of str, shape (n,)
        Unique; kept in memory and written nowhere.
    provenance : Provenance
    attrition : tuple of AttritionStep
    groups : Series of str, shape (n,), optional
        Site or cluster of each patient; people who belong together stay together in resampling.
    rejections : Rejections
        Values that were set to missing, or whose patients were left out, on the way in.

    Raises
    ------
    CohortError
        If there is no patient.
    ValueError
        If the frame is not in canonical form. This is a mistake in the code that made it.
    """

    name: str
    kind: CohortKind
    frame: pd.DataFrame
    patient_ids: pd.Series
    provenance: Provenance
    attrition: tuple[AttritionStep, ...] = ()
    groups: pd.Series | None = None
    rejections: Rejections = field(default_factory=Rejections)

    def __post_init__(self) -> None:
        count = len(self.frame)
        if count == 0:
            raise CohortError(
                f"the cohort {self.name} is empty: no patient is left",
                where="; ".join(f"{step.step}: {step.remaining} left" for step in self.attrition) or None,
                expected="at least one patient",
            )
        if self.kind not in get_args(CohortKind):
            raise ValueError(f"a cohort is real or synthetic, not {self.kind!r}")
        if not self.frame.index.equals(pd.RangeIndex(count)):
            raise ValueError("the frame's rows must be numbered from 0")
        for per_patient in (self.patient_ids, self.groups):
            if per_patient is not None and len(per_patient) != count:
                raise ValueError(f"{len(per_patient)} entries for {count} patients")
        if not self.patient_ids.is_unique:
            raise ValueError("patient ids must be unique")
        for column in self.frame:
            _check_column(self.frame[column], variable(str(column)))

    def __repr__(self) -> str:
        """Say what it is without a single patient: a notebook prints this."""
        return (
            f"<Cohort {self.name!r}: {len(self)} {self.kind} patients, {len(self.variables)} variables, "
            f"fingerprint {self.fingerprint[:12]}>"
        )

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its variables."""
        return tuple(str(column) for column in self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the values, independent of the order of rows and columns.

        Any change of a cell changes it, and so does the difference between a missing value and any value: a missing
        number has one bit pattern that no value has, a missing level the code -1. Patient identifiers enter only
        through a hash of their own, so the fingerprint gives nobody away.
        """
        order = np.argsort(self.patient_ids.to_numpy(dtype=str), kind="stable")
        identifiers = [str(identifier) for identifier in self.patient_ids.to_numpy(dtype=object)[order]]
        digest = hashlib.sha256(_FORMAT.encode())
        digest.update(hashlib.sha256(canonical_json(identifiers).encode()).digest())
        for name in sorted(self.variables):
            column = self.frame[name]
            entry = variable(name)
            levels = [str(text) for text in column.cat.categories] if entry.is_label else list(entry.level_values)
            kind = "label" if entry.is_label else "levels" if levels else "number"
            digest.update(canonical_json([name, kind, levels]).encode() + b"\n")
            digest.update(_column_bytes(column, order))
        return digest.hexdigest()

    def matrix(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return variables as numbers, shape (n, len(names)): levels by their index from 0, missing as NaN.

        Raises
        ------
        ContractError
            If the cohort lacks one of them; names the nearest it has.
        """
        for name in names:
            if name not in self.frame:
                close = nearest(name, self.variables)
                raise ContractError(
                    f"the cohort {self.name} has no variable {name!r}",
                    remedy=f"did you mean {close}?" if close else None,
                )
        return frame_matrix(self.frame, names)

    def subset(self, rows: ArrayLike, *, step: str, reason: str) -> Cohort:
        """Keep some patients and record the step.

        Parameters
        ----------
        rows : array_like
            Row positions, or a boolean mask of shape (n,).
        step, reason : str
            For the attrition table.

        Raises
        ------
        CohortError
            If nobody is left.
        """
        selected = np.asarray(rows)
        positions = np.flatnonzero(selected) if selected.dtype == bool else selected.astype(np.intp)
        taken = AttritionStep(step, reason, len(self) - len(positions), len(positions))
        return replace(
            self,
            frame=self.frame.iloc[positions].reset_index(drop=True),
            patient_ids=self.patient_ids.iloc[positions].reset_index(drop=True),
            groups=None if self.groups is None else self.groups.iloc[positions].reset_index(drop=True),
            attrition=(*self.attrition, taken),
        )

    def membership_hash(self, rows: ArrayLike) -> str:
        """Hash which patients a set of rows holds, whatever their order, without revealing an identifier.

        Two splits are the same exactly when their hashes are. Each identifier is hashed together with the cohort's
        fingerprint before the set is hashed, so that hashes of different cohorts cannot be matched.

        Parameters
        ----------
        rows : array_like of int
            Row positions.
        """
        hashes = self._row_hashes
        members = sorted(hashes[position] for position in np.asarray(rows, dtype=np.intp))
        return hashlib.sha256("".join(members).encode()).hexdigest()

    @cached_property
    def _row_hashes(self) -> tuple[str, ...]:
        salt = hashlib.sha256(self.fingerprint.encode())
        hashes = []
        for identifier in self.patient_ids:
            salted = salt.copy()
            salted.update(str(identifier).encode())
            hashes.append(salted.hexdigest()[:32])
        return tuple(hashes)


def frame_matrix(frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """Return variables of a canonical table as numbers, shape (n, len(names)).

    Parameters
    ----------
    frame : DataFrame, n rows
        Canonical columns, as in `Cohort.frame`. A column that is not there is missing for everyone.
    names : sequence of str
        Dictionary names, in the order of the matrix.

    Returns
    -------
    ndarray of float64
        Continuous variables in their canonical unit, levelled ones as level index from 0, labels as
        :func:`~spinecast.clinical.features.batch_code`, missing values as NaN.

    Raises
    ------
    ValueError
        If a column is not in canonical form.
    """
    matrix = np.full((len(frame), len(names)), np.nan)
    for position, name in enumerate(names):
        if name not in frame:
            continue
        column = frame[name]
        entry = variable(name)
        _check_column(column, entry)
        if entry.is_label:
            known = np.array([*(batch_code(str(text)) for text in column.cat.categories), np.nan])
            matrix[:, position] = known[column.cat.codes.to_numpy()]  # -1, the missing one, picks the last
        elif column.dtype == "category":
            codes = column.cat.codes.to_numpy()
            matrix[:, position] = np.where(codes < 0, np.nan, codes)
        else:
            matrix[:, position] = column.to_numpy()
    return matrix


def _check_column(column: pd.Series, entry: Variable) -> None:
    if not entry.is_levelled:
        if column.dtype != np.float64:
            raise ValueError(f"{entry.name} must be float64, not {column.dtype}")
    elif entry.is_label:
        if column.dtype != "category":
            raise ValueError(f"{entry.name} must be categorical, not {column.dtype}")
    elif column.dtype != "category" or tuple(column.cat.categories) != entry.level_values:
        raise ValueError(f"{entry.name} must be categorical with the dictionary's levels in order")


def _column_bytes(column: pd.Series, order: NDArray[np.intp]) -> bytes:
    if column.dtype == "category":
        return column.cat.codes.to_numpy().astype("<i8")[order].tobytes()
    values = column.to_numpy(dtype=np.float64)[order] + 0.0  # makes -0.0, an equal value, the same bits as 0.0
    values[np.isnan(values)] = np.nan  # one bit pattern for every missing value
    return values.astype("<f8").tobytes()
