"""Related patients whom a study borrows: they help to fit its candidates and judge nothing.

They are read through the same contract and labelled by the same definition of the outcome. Encoding and imputation,
held-out losses, recalibration, choosing and every validation know the study's own patients alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome, label_outcome
from spinecast.cohorts.sources import build_cohort
from spinecast.errors import CohortError
from spinecast.training.plan import (
    model_predictors,
    outcome_definition,
    patient_source,
)
from spinecast.training.study import Study
from spinecast.training.study.sources import PatientSource, SupportSource, SyntheticSource
from spinecast.training.tuning_unit import Borrowed

__all__ = ["Lenders", "find_lenders", "lending_cohort"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lenders:
    """The related patients of a study.

    Parameters
    ----------
    patients : Borrowed
        With the predictors of all candidates.
    name, fingerprint : str
        Of their cohort.
    events : int
    own_left_out : int
        Patients of the study itself who were among them.
    weights : tuple of float
        Weights that are tried.
    """

    patients: Borrowed
    name: str
    fingerprint: str
    events: int
    own_left_out: int
    weights: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many patients are borrowed."""
        return len(self.patients.outcome)

    def sentence(self) -> str:
        """Say who is borrowed."""
        return (
            f"borrowed from {self.name}: {self.count} related patients, {self.events} with the event; "
            f"{self.own_left_out} of the study's own were among them and are left out"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "patients": self.count,
            "events": self.events,
            "own_left_out": self.own_left_out,
            "weights": list(self.weights),
        }


def find_lenders(study: Study, cohort: Cohort, labelled: LabelledOutcome) -> Lenders | None:
    """Read the related patients that a study borrows; None where it borrows nobody.

    A patient of the study itself must not come in again by this door and be learned from where they are judged. Those
    of the same identifier in the same source are left out, and whoever agrees with one of the study's own in every
    predictor and the outcome.

    Parameters
    ----------
    study : Study
    cohort : Cohort
        The study's own patients.
    labelled : LabelledOutcome
        Of these.

    Raises
    ------
    CohortError
        If nobody is left, or made-up patients would be mixed with real ones.
    ContractError
        If the table breaks the contract.
    """
    asked = study.cohort.borrow
    if asked is None:
        return None
    names = model_predictors(study)
    theirs, found = lending_cohort(study)
    if theirs.kind != cohort.kind:
        raise CohortError(
            f"{theirs.name} is {theirs.kind} and {cohort.name} is {cohort.kind}",
            where="cohort.borrow.source",
            expected="made-up patients beside made-up ones, real ones beside real ones",
        )
    matrix = theirs.matrix(names)[found.rows]
    own = np.zeros(len(found), dtype=bool)
    if _same_patients(study, study.cohort.source, asked.source):
        # Of the whole cohort: someone without a known outcome is the study's own too.
        own |= np.isin(theirs.patient_ids.to_numpy(dtype=str)[found.rows], cohort.patient_ids.to_numpy(dtype=str))
    own |= _copied(matrix, found.values, cohort.matrix(names)[labelled.rows], labelled.values)
    lent = found.known & ~own
    if not lent.any():
        raise CohortError(
            f"{theirs.name} holds nobody to borrow: {int(own.sum())} of its {len(found)} patients are the study's own",
            where="cohort.borrow.source",
            expected="related patients with a known outcome beside the study's own",
        )
    weights = None if found.weights is None else found.weights[lent]
    return Lenders(
        patients=Borrowed(matrix[lent], found.values[lent], weights),
        name=theirs.name,
        fingerprint=theirs.fingerprint,
        events=int(found.values[lent].sum()),
        own_left_out=int(own.sum()),
        weights=tuple(sorted(asked.weights)),
    )


def lending_cohort(study: Study) -> tuple[Cohort, LabelledOutcome]:
    """Read the whole cohort that a study borrows from, its own patients among them, and their outcomes.

    Raises
    ------
    CohortError, ContractError
        As :func:`find_lenders`.
    ValueError
        If the study borrows nobody.
    """
    if study.cohort.borrow is None:
        raise ValueError(f"{study.study} borrows nobody")
    outcome = [name for key, name in study.variables_read().items() if key[0] == "outcome"]
    read = tuple(dict.fromkeys((*model_predictors(study), *outcome)))
    source = patient_source(study, study.cohort.borrow.source)
    theirs = build_cohort(source, read, study.cohort.impossible_values)
    return theirs, label_outcome(theirs, outcome_definition(study))


def _same_patients(study: Study, own: PatientSource, other: PatientSource) -> bool:
    """Whether equal identifiers of two sources are the same person."""
    if isinstance(own, SupportSource) or isinstance(other, SupportSource):
        return isinstance(own, SupportSource) and isinstance(other, SupportSource)
    if isinstance(own, SyntheticSource) or isinstance(other, SyntheticSource):
        # Another draw of a recipe numbers other made-up people alike.
        return own == other
    return study.resolve_path(own.path).resolve() == study.resolve_path(other.path).resolve()


def _copied(theirs: FloatArray, their_outcome: FloatArray, own: FloatArray, outcome: FloatArray) -> NDArray[np.bool_]:
    """Find whoever agrees with one of the study's own patients in everything."""

    def rows(matrix: FloatArray, values: FloatArray) -> list[bytes]:
        return [row.tobytes() for row in np.nan_to_num(np.column_stack([matrix, values]), nan=np.inf)]

    known = set(rows(own, outcome))
    return np.array([row in known for row in rows(theirs, their_outcome)], dtype=bool)
