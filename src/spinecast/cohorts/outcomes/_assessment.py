"""What reading one assessment shares: who has a value, the two sides of an event, an outcome that does not vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.cohorts.cohort import AttritionStep, Cohort
from spinecast.cohorts.outcomes._rules import check_classes, leave_out
from spinecast.cohorts.outcomes.labelled import FloatArray, LabelledOutcome
from spinecast.errors import CohortError

__all__ = ["recorded", "refuse_constant", "two_sides"]


def recorded(cohort: Cohort, entry: Variable) -> tuple[FloatArray, NDArray[np.intp], list[AttritionStep]]:
    """Return the values of the patients who have one, their rows and the steps so far."""
    values = cohort.matrix([entry.name])[:, 0]
    steps = list(cohort.attrition)
    known = ~np.isnan(values)
    leave_out(steps, "outcome", f"{entry.label.lower()} not recorded", known)
    return values[known], np.flatnonzero(known), steps


def two_sides(
    label: str,
    positive: str,
    negative: str,
    values: NDArray[np.bool_],
    rows: NDArray[np.intp],
    steps: list[AttritionStep],
) -> LabelledOutcome:
    """Make an outcome that is known of everybody who is left.

    Raises
    ------
    CohortError
        If all have it, or none.
    """
    check_classes(label, values)
    return LabelledOutcome(
        label=label,
        positive_label=positive,
        negative_label=negative,
        values=values.astype(np.float64),
        known=np.ones(len(rows), dtype=bool),
        rows=rows,
        weights=None,
        attrition=tuple(steps),
    )


def refuse_constant(label: str, patients: int, what: str, expected: str) -> None:
    """Refuse an outcome that is one level or value in every patient."""
    if not patients:
        raise CohortError(f"nobody's outcome is known ({label})", expected=expected)
    raise CohortError(
        f"every patient has the same {what} ({label})",
        where=f"{patients} patients with a known outcome",
        expected=expected,
    )
