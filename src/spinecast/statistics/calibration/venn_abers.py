"""Venn-Abers: two probabilities of which one is calibrated, whatever the model, for patients like the held-out ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.inputs import Floats, check_scored

__all__ = ["VennAbers", "fit_venn_abers"]

# Limits between groups of scores are rounded, so that no limit is half way between two patients' own scores.
DECIMALS = 2


@dataclass(frozen=True, eq=False)
class VennAbers:
    """Two rising step functions of a score.

    Parameters
    ----------
    limits : ndarray, shape (groups - 1,)
        Rising; a score that is a limit belongs to the group above.
    lower, upper : ndarray, shape (groups,)
        Probability of the event when a patient of the group is added to the held-out patients without the event, and
        with it.
    patients : ndarray of int64, shape (groups,)
        Held-out patients of each group.
    """

    limits: Floats
    lower: Floats
    upper: Floats
    patients: NDArray[np.int64]

    def interval(self, score: ArrayLike) -> tuple[Floats, Floats]:
        """Both probabilities of patients with these scores, each of shape (n,)."""
        group = np.searchsorted(self.limits, np.asarray(score, dtype=np.float64), side="right")
        return self.lower[group], self.upper[group]


def fit_venn_abers(outcome: ArrayLike, score: ArrayLike, *, fewest: int = 10) -> VennAbers:
    """Calculate both step functions from held-out patients (inductive Venn-Abers; Vovk, Petej and Fedorova 2015).

    A patient is added to the held-out ones, once without the event and once with it, and the isotonic regression of the
    outcome on the score is read at their score (arXiv:1511.00213). Held-out scores are put into groups first, and a
    patient takes the place of their group: within a group, nobody can be told apart.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    score : array-like of shape (n,)
        Rises with the risk; any scale.
    fewest : int
        Patients of the smallest group. 1 groups equal scores alone, and limits are then not rounded.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, there is nobody, or ``fewest`` is less than 1.
    """
    checked = check_scored(outcome, score, is_risk=False)
    scores, outcomes = checked.score, checked.outcome
    if fewest < 1:
        raise ValueError(f"fewest must be at least 1, not {fewest}")
    limits = _limits(scores, fewest)
    group = np.searchsorted(limits, scores, side="right")
    count = len(limits) + 1
    patients = np.bincount(group, minlength=count)
    events = np.bincount(group, weights=outcomes, minlength=count).astype(np.float64)
    lower, upper = (_added(patients, events, added) for added in (0.0, 1.0))
    return VennAbers(limits=limits, lower=lower, upper=upper, patients=patients)


def _limits(scores: Floats, fewest: int) -> Floats:
    """Limits of the smallest groups, of neighbours by score, that hold at least so many each."""
    held = np.unique(scores)
    between = (held[:-1] + held[1:]) / 2
    if fewest > 1:
        between = np.unique(np.round(between, DECIMALS))
    below = np.searchsorted(np.sort(scores), between, side="left")
    limits, before = [], 0
    for limit, count in zip(between, below, strict=True):
        if count - before >= fewest and len(scores) - count >= fewest:
            limits.append(limit)
            before = int(count)
    return np.array(limits, dtype=np.float64)


def _added(patients: NDArray[np.int64], events: Floats, added: float) -> Floats:
    """Isotonic regression read in each group in turn, after one patient with this outcome was added to it."""
    found = np.empty(len(patients))
    for group in range(len(patients)):
        weight, sum_ = patients.astype(np.float64), events.copy()
        weight[group] += 1
        sum_[group] += added
        found[group] = scipy.optimize.isotonic_regression(sum_ / weight, weights=weight).x[group]
    return found
