"""The patients of a model in use: what was predicted of them, from what, and what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.errors import CohortError
from spinecast.statistics import Absent, Follow
from spinecast.validation.monitoring.one_risk import OneRisk
from spinecast.validation.predictions import Predictions

__all__ = ["RULE", "SLACK", "Days", "Followed", "Watched", "counted", "follow", "within"]

FloatArray = NDArray[np.float64]
Days = NDArray[np.datetime64]
Prediction = TypeVar("Prediction")

RULE = (
    "Predictions of one patient on one day are one consultation, of which the last counts: that is what was seen in "
    "the end. Of several consultations of a patient the first counts, so that nobody is counted twice; where it lies "
    "outside of the time asked for, the patient is left out."
)
"""Which prediction of a patient counts, in words: the rule of :func:`counted` and :func:`within`."""

SLACK = np.timedelta64(1, "D")
"""The log's times are UTC, a hospital's dates its own: the same evening may be two days."""


@dataclass(frozen=True, eq=False)
class Watched:
    """One prediction a patient, in the order in which they were made.

    Parameters
    ----------
    predicted_on : ndarray of datetime64[D], shape (n,)
        Not falling.
    risk : ndarray, shape (n,)
    inputs : ndarray, shape (n, predictors)
        As recorded, coded as the cohort's matrices; NaN where missing.
    predictors : tuple of str
    time : ndarray, shape (n,)
        Days followed since the prediction; NaN where nothing came back.
    state : ndarray, shape (n,)
        What was found, coded; NaN where nothing came back.
    subjects : tuple of str
        Pseudonyms, or identifiers of a file; they enter no result.
    source : str
        Where the predictions stand, in words.
    synthetic : bool
        Whether patients among them are made up.
    left_out : dict of str to int
        Predictions that do not count, by reason.
    untimely : int
        Patients of whom something came back that is not the outcome: it was assessed on another day.
    """

    predicted_on: Days
    risk: FloatArray
    inputs: FloatArray
    predictors: tuple[str, ...]
    time: FloatArray
    state: FloatArray
    subjects: tuple[str, ...]
    source: str
    synthetic: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
    untimely: int = 0

    def __post_init__(self) -> None:
        if not self.risk.size:
            reasons = "; ".join(f"{count:,} {reason}" for reason, count in self.left_out.items())
            raise CohortError(
                "there is no prediction to watch",
                where=f"{self.source}: {reasons}" if reasons else self.source,
                expected="predictions of patients with an identifier, in the time asked for",
            )
        if (np.diff(self.predicted_on) < np.timedelta64(0, "D")).any():
            raise ValueError("predictions stand in the order in which they were made")

    def __len__(self) -> int:
        return int(self.risk.size)


def counted(
    made: Iterable[tuple[str, np.datetime64, Prediction]], left_out: Counter[str]
) -> list[tuple[np.datetime64, Prediction]]:
    """Return the prediction of each patient that counts, and its day, by day: see :data:`RULE`.

    Parameters
    ----------
    made : iterable of (str, datetime64, prediction)
        Patient, day, and whatever stands for the prediction, in the order in which they were made.
    left_out : Counter
        Is told of the others, by reason.
    """
    kept: dict[str, tuple[np.datetime64, Prediction]] = {}
    for subject, day, prediction in made:
        before = kept.get(subject)
        if before is not None:
            left_out["earlier on the same day" if before[0] == day else "later consultations of a patient"] += 1
        if before is None or before[0] == day:
            kept.pop(subject, None)  # what counts stands where it was made
            kept[subject] = (day, prediction)
    return sorted(kept.values(), key=lambda one: one[0])


def within(
    found: Sequence[tuple[np.datetime64, Prediction]],
    since: np.datetime64 | None,
    until: np.datetime64,
    left_out: Counter[str],
) -> list[tuple[np.datetime64, Prediction]]:
    """Return those of the time asked for: chosen after :func:`counted`, so that a later consultation is never a first.

    Parameters
    ----------
    found : sequence of (datetime64, prediction)
    since, until : datetime64
        First and last day.
    left_out : Counter
        Is told of the others.
    """
    kept = [one for one in found if one[0] <= until and (since is None or one[0] >= since)]
    left_out["on days outside of the time asked for"] += len(found) - len(kept)
    return kept


@dataclass(frozen=True, eq=False)
class Followed:
    """What is known, by a day, of the outcomes of watched patients.

    Parameters
    ----------
    due : ndarray of bool, shape (n,)
        Whether so much time has passed since the prediction that its outcome counts; the others are waited for.
    returned : ndarray of bool, shape (n,)
        Whether anything came back.
    rows : ndarray of int, shape (m,)
        Patients whose outcome is judged, those lost to follow-up among them.
    predictions : Predictions or Absent
        Of these.
    label, positive_label, negative_label : str
        The outcome and its sides, in words.
    """

    due: NDArray[np.bool_]
    returned: NDArray[np.bool_]
    rows: NDArray[np.intp]
    predictions: Predictions | Absent
    label: str
    positive_label: str = ""
    negative_label: str = ""

    @property
    def follow(self) -> Follow | None:
        """How many of the judged are still followed, for a simulation to lose as many; None where nobody was lost."""
        found = self.predictions
        if isinstance(found, Absent) or found.weights is None:
            return None
        seen = found.weights > 0
        with_event = found.weights[seen & (found.outcome == 1)]
        without = found.weights[seen & (found.outcome == 0)]
        return Follow(1 / with_event, float(1 / without.max()) if without.size else 1.0)


def follow(watched: Watched, risk: OneRisk, until: np.datetime64) -> Followed:
    """Say whose outcome counts by a day, and what it is.

    Only patients whose horizon has passed count, those with an early event too: otherwise recent months would hold the
    events that are known early and not the many who are well. Who was lost before the horizon, or of whom nothing came
    back, is taken to be censored (on the day of the prediction where nothing came back), and the others are weighted
    for them by the inverse probability of being followed, learned on all who count. Of an outcome without a horizon
    those count of whom it is known, once the days of its assessment are over.

    Parameters
    ----------
    watched : Watched
    risk : OneRisk
    until : datetime64
        Outcomes are complete up to this day.
    """
    returned = ~np.isnan(watched.state)
    passed = watched.predicted_on + np.timedelta64(risk.waiting_days, "D") <= until
    due = passed if risk.horizon_days is not None else passed & returned
    rows = np.flatnonzero(due)
    if not rows.size:
        return Followed(due, returned, rows, Absent("no outcome is due yet"), risk.label)
    time, state = watched.time[rows], watched.state[rows]
    if risk.time is not None:
        lost = ~returned[rows]
        time, state = np.where(lost, 0.0, time), np.where(lost, risk.not_yet, state)
    try:
        labelled = risk.label_patients(time, state)
    except CohortError as error:
        return Followed(due, returned, rows, Absent(error.what), risk.label)
    rows = rows[labelled.rows]
    predictions = Predictions(watched.risk[rows], labelled.values, _weights(labelled), None, "external")
    return Followed(due, returned, rows, predictions, labelled.label, labelled.positive_label, labelled.negative_label)


def _weights(labelled: LabelledOutcome) -> FloatArray | None:
    weights = labelled.weights
    return None if weights is None or np.isclose(weights, 1.0).all() else weights
