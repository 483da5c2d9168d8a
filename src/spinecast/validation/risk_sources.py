"""What risks are computed from: a model of ours, a published score or a published regression model, all alike.

They are made in :mod:`spinecast.validation.model_risks` and :mod:`spinecast.validation.published_risks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.declared import NOTHING_DECLARED, DevelopmentDeclared
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import Outcome

__all__ = ["AskedOutcome", "RiskSource", "SourceKind", "asked_outcome", "cohort_columns"]

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]
SourceKind = Literal["model", "score", "published"]


@dataclass(frozen=True)
class AskedOutcome:
    """What is to be predicted: the variable that records it, and the day it is read at.

    Parameters
    ----------
    event : str
        Dictionary variable.
    horizon_days : float or None
        None where the outcome has no horizon.
    """

    event: str
    horizon_days: float | None

    @property
    def words(self) -> str:
        """The outcome, for a message."""
        return self.event if self.horizon_days is None else f"{self.event} by day {self.horizon_days:g}"


@dataclass(frozen=True, eq=False)
class RiskSource:
    """Something that gives every patient of a cohort a risk, or a value that ranks them.

    Parameters
    ----------
    name, label : str
    kind : {"model", "score", "published"}
    inputs : tuple of str
        Dictionary variables it reads.
    identity : str
        Identity of a model, or the publication.
    compute : callable
        Maps matrix columns (coding of `Cohort.matrix`) of n patients to a risk of the outcome asked for, shape (n,),
        NaN where it is not known; where `ranks_only` says why there are no risks, to a value higher for patients more
        likely to have the outcome.
    ranks_only : str
    note : str
        What a reader must know of it.
    declared : DevelopmentDeclared
        How it was made, as far as that is stated.
    declines : callable, optional
        Maps the same columns to the limits, in words, for which it wants no risk of each patient given; None where it
        has none.
    """

    name: str
    label: str
    kind: SourceKind
    inputs: tuple[str, ...]
    identity: str
    compute: Callable[[Columns], FloatArray]
    ranks_only: str = ""
    note: str = ""
    declared: DevelopmentDeclared = NOTHING_DECLARED
    declines: Callable[[Columns], list[tuple[str, ...]]] | None = None

    def served(self, columns: Columns) -> FloatArray:
        """Compute as it would be served: NaN too for patients of whom it wants no risk given, shape (n,)."""
        values = self.compute(columns)
        if self.declines is None:
            return values
        return np.where([not limits for limits in self.declines(columns)], values, np.nan)

    def to_dict(self) -> dict[str, Any]:
        """Return what it is as JSON values."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "identity": self.identity,
            "ranks_only": self.ranks_only or None,
            "note": self.note,
            "declared": self.declared.model_dump(mode="json", exclude_none=True),
        }


def asked_outcome(outcome: Outcome) -> AskedOutcome:
    """Return what an outcome of the cohorts room asks for."""
    event = next(str(getattr(outcome, key)) for key in ("event", "status", "variable") if hasattr(outcome, key))
    horizon = getattr(outcome, "horizon_days", None)
    return AskedOutcome(event, None if horizon is None else float(horizon))


def cohort_columns(cohort: Cohort) -> dict[str, FloatArray]:
    """Return every variable of a cohort as a matrix column."""
    return {name: cohort.matrix([name])[:, 0] for name in cohort.variables}
