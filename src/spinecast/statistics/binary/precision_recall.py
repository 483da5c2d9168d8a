"""How well the highest predictions find the outcome: precision against recall, and the average precision."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from spinecast.statistics.foundations.bootstrap import Seed, bootstrap_estimate
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Booleans, Floats, Scored, check_scored

__all__ = ["PrecisionRecallCurve", "average_precision", "precision_recall_curve"]


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall when patients at or above each threshold are called positive.

    Parameters
    ----------
    recall, precision : ndarray of shape (k,)
        Sensitivity and positive predictive value; recall does not fall from one point to the next.
    thresholds : ndarray of shape (k,)
        The distinct scores, descending.
    prevalence : float
        Proportion with the outcome: the precision of a score that knows nothing.
    """

    recall: Floats
    precision: Floats
    thresholds: Floats
    prevalence: float


def precision_recall_curve(
    outcome: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None
) -> PrecisionRecallCurve | Absent:
    """Return precision and recall with one point a distinct score.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    score : array-like of shape (n,)
        Risks or any finite score, higher for patients more likely to have the outcome.
    weights : array-like of shape (n,), optional
        Case weights.

    Returns
    -------
    PrecisionRecallCurve or Absent
        Absent when all patients have the same outcome.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a score is not finite or weights cannot be used.
    """
    scored = check_scored(outcome, score, weights, is_risk=False)
    absent = scored.missing_class()
    if absent:
        return absent
    curve = _Curve(scored)
    recall, precision, reached = curve.points(scored.case_weights)
    return PrecisionRecallCurve(recall[reached], precision[reached], curve.thresholds[reached], scored.prevalence)


def average_precision(
    outcome: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Area under the precision-recall curve as the average precision, sum of (R_k - R_(k-1)) P_k over thresholds.

    Its smallest useful value is the prevalence and not one half, so that it cannot be compared between cohorts of
    different prevalence. The unweighted interval is the logit interval recommended by Boyd, Eng & Page (2013, ECML
    PKDD, LNAI 8190:451): expit(logit(AP) -+ 1.96 / sqrt(events AP (1 - AP))).

    Parameters
    ----------
    outcome, score, weights
        As :func:`precision_recall_curve`.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Returns
    -------
    Estimate or Absent
        Absent when all patients have the same outcome. Without ends where every event outranks every other patient.

    Raises
    ------
    ValueError
        As :func:`precision_recall_curve`.
    """
    scored = check_scored(outcome, score, weights, is_risk=False)
    absent = scored.missing_class()
    if absent:
        return absent
    curve = _Curve(scored)
    if scored.weights is not None:
        return bootstrap_estimate(scored, curve.average, name="average precision", replicates=bootstrap, seed=seed)
    value = curve.average(scored.case_weights)
    if value is None or value >= 1:
        return Estimate(
            1.0, None, None, scored.n, scored.events, "no interval: every event outranks every other patient"
        )
    half = NORMAL_975 / math.sqrt(scored.events * value * (1 - value))
    centre = float(logit(value))
    lower, upper = float(expit(centre - half)), float(expit(centre + half))
    return Estimate(value, lower, upper, scored.n, scored.events, "logit interval (Boyd et al. 2013)")


class _Curve:
    """Precision and recall as a function of case weights; the scores are sorted once for all resamples."""

    def __init__(self, scored: Scored) -> None:
        negated, self._position = np.unique(-scored.score, return_inverse=True)
        self.thresholds = -negated
        self._outcome = scored.outcome

    def points(self, weights: Floats) -> tuple[Floats, Floats, Booleans]:
        """Return recall, precision and which thresholds are a patient's score."""
        size = self.thresholds.size
        hits = np.cumsum(np.bincount(self._position, weights=weights * self._outcome, minlength=size))
        called = np.cumsum(np.bincount(self._position, weights=weights, minlength=size))
        reached = called > 0
        precision = np.divide(hits, called, out=np.ones(size), where=reached)
        return np.divide(hits, hits[-1], out=np.zeros(size), where=hits[-1] > 0), precision, reached

    def average(self, weights: Floats) -> float | None:
        recall, precision, _ = self.points(weights)
        if recall[-1] == 0:
            return None
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))
