"""How well predictions rank patients: the area under the ROC curve, its variance and comparisons of two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtr

from spinecast.statistics.foundations.bootstrap import Bootstrap, Seed, bootstrap_estimate, run_bootstrap
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored, check_scored

__all__ = [
    "AucComparison",
    "DeLong",
    "RocCurve",
    "auc",
    "compare_auc",
    "delong",
    "hanley_mcneil_se",
    "logit_interval",
    "roc_curve",
]


@dataclass(frozen=True)
class DeLong:
    """The area under the ROC curve with DeLong's structural components.

    Parameters
    ----------
    auc : float
        Share of (event, non-event) pairs ranked correctly, ties counting one half.
    variance : float or None
        DeLong's variance; None with fewer than two patients in a class.
    event_placements : ndarray of shape (n_events,)
        V10: for each event, the share of non-events it outranks, in the order given.
    non_event_placements : ndarray of shape (n_non_events,)
        V01: for each non-event, the share of events that outrank it, in the order given.
    """

    auc: float
    variance: float | None
    event_placements: Floats
    non_event_placements: Floats


@dataclass(frozen=True)
class AucComparison:
    """Difference of two correlated AUCs, first minus second, with a two-sided test of no difference."""

    difference: Estimate
    standard_error: float | None
    z: float | None
    p_value: float | None


@dataclass(frozen=True)
class RocCurve:
    """The ROC curve from (0, 0) to (1, 1); a patient is positive when the score is at or above the threshold.

    Parameters
    ----------
    false_positive_rate, sensitivity : ndarray of shape (k,)
        Coordinates, ascending.
    thresholds : ndarray of shape (k,)
        Score at each point; infinite at (0, 0).
    """

    false_positive_rate: Floats
    sensitivity: Floats
    thresholds: Floats


def delong(outcome: ArrayLike, score: ArrayLike) -> DeLong | Absent:
    """Compute the AUC and its variance from one sort, in O(n log n).

    The variance is that of DeLong, DeLong & Clarke-Pearson (1988, Biometrics 44:837), its placements counted in order
    of the scores, as in Sun & Xu (2014, IEEE Signal Process Lett 21:1389).

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    score : array-like of shape (n,)
        Any finite score, higher for patients more likely to have the outcome.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1 or a score is not finite.
    """
    scored = check_scored(outcome, score, is_risk=False)
    return scored.missing_class() or _delong(scored)


def auc(
    outcome: ArrayLike,
    score: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    interval: Literal["wald", "logit"] = "wald",
    bootstrap: int = 200,
    seed: Seed = 0,
) -> Measure:
    """Area under the ROC curve: probability that a patient with the outcome outranks one without, ties one half.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    score : array-like of shape (n,)
        Risks or any finite score.
    weights : array-like of shape (n,), optional
        Case weights; a pair counts the product of its weights. The interval is then a bootstrap.
    interval : {"wald", "logit"}
        Unweighted interval: DeLong's on the AUC scale truncated to [0, 1], or on the logit scale.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Returns
    -------
    Estimate or Absent
        Absent when all patients have the same outcome. Without ends where DeLong's variance is zero or undefined.

    Raises
    ------
    ValueError
        As :func:`delong`, or for weights that are negative, all zero or of another length.
    """
    scored = check_scored(outcome, score, weights, is_risk=False)
    absent = scored.missing_class()
    if absent:
        return absent
    if scored.weights is not None:
        statistic = _WeightedAuc(scored)
        return bootstrap_estimate(scored, statistic, name="AUC", replicates=bootstrap, seed=seed)
    result = _delong(scored)
    if not result.variance:
        reason = "fewer than two patients in a class" if result.variance is None else "its DeLong variance is 0"
        return Estimate(result.auc, None, None, scored.n, scored.events, f"no interval: {reason}")
    standard_error = math.sqrt(result.variance)
    if interval == "logit":
        lower, upper = logit_interval(result.auc, standard_error)
        return Estimate(result.auc, lower, upper, scored.n, scored.events, "DeLong, logit scale")
    half = NORMAL_975 * standard_error
    lower, upper = max(0.0, result.auc - half), min(1.0, result.auc + half)
    return Estimate(result.auc, lower, upper, scored.n, scored.events, "DeLong, Wald interval truncated to [0, 1]")


def compare_auc(
    outcome: ArrayLike,
    score: ArrayLike,
    other: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> AucComparison | Absent:
    """Compare two scores of the same patients: AUC of ``score`` minus AUC of ``other``.

    Unweighted, variance and test are the paired ones of DeLong et al. 1988. With weights the standard error and the
    interval come from a bootstrap over patients, and z is the difference over that standard error.

    Parameters
    ----------
    outcome, score, other : array-like of shape (n,)
        Outcomes and the two scores.
    weights : array-like of shape (n,), optional
        Case weights.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Returns
    -------
    AucComparison or Absent
        Absent when all patients have the same outcome; z and p are None when the difference has no variance.

    Raises
    ------
    ValueError
        As :func:`auc`.
    """
    first = check_scored(outcome, score, weights, is_risk=False)
    second = check_scored(outcome, other, weights, is_risk=False)
    absent = first.missing_class()
    if absent:
        return absent
    if weights is not None:
        return _compare_weighted(first, second, bootstrap, seed)
    a, b = _delong(first), _delong(second)
    difference = a.auc - b.auc
    variance = _placement_variance(
        a.event_placements - b.event_placements, a.non_event_placements - b.non_event_placements
    )
    if not variance:
        reason = "fewer than two patients in a class" if variance is None else "the paired DeLong variance is 0"
        estimate = Estimate(difference, None, None, first.n, first.events, f"no interval: {reason}")
        return AucComparison(estimate, None if variance is None else 0.0, None, None)
    return _compared(first, difference, math.sqrt(variance), "paired DeLong, Wald interval", interval=None)


def hanley_mcneil_se(area: float, events: int, non_events: int) -> float:
    """Standard error of an AUC from its value and the class sizes alone (Hanley & McNeil 1982, Radiology 143:29).

    Used for published AUCs given without an interval.

    Parameters
    ----------
    area : float
        The AUC.
    events, non_events : int
        Patients with the outcome, and without.

    Raises
    ------
    ValueError
        If the AUC lies outside [0, 1] or a class is empty.
    """
    if not (0 <= area <= 1 and events > 0 and non_events > 0):
        raise ValueError("the AUC must lie in [0, 1] and both classes hold patients")
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    total = area * (1 - area) + (events - 1) * (q1 - area**2) + (non_events - 1) * (q2 - area**2)
    return math.sqrt(total / (events * non_events))


def logit_interval(area: float, standard_error: float) -> tuple[float, float]:
    """95 % interval of an AUC on the logit scale (delta method), which stays inside (0, 1).

    Parameters
    ----------
    area : float
        The AUC.
    standard_error : float
        On the scale of the AUC.

    Returns
    -------
    lower, upper : float

    Raises
    ------
    ValueError
        If the AUC is not strictly between 0 and 1, or its standard error is not positive.
    """
    if not (0 < area < 1 and standard_error > 0):
        raise ValueError("the AUC must lie strictly between 0 and 1 and its standard error be positive")
    half = NORMAL_975 * standard_error / (area * (1 - area))
    centre = float(logit(area))
    return float(expit(centre - half)), float(expit(centre + half))


def roc_curve(outcome: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> RocCurve | Absent:
    """Return the ROC curve with one point a distinct score.

    Parameters
    ----------
    outcome, score : array-like of shape (n,)
        Outcomes and scores.
    weights : array-like of shape (n,), optional
        Case weights.

    Raises
    ------
    ValueError
        As :func:`auc`.
    """
    scored = check_scored(outcome, score, weights, is_risk=False)
    absent = scored.missing_class()
    if absent:
        return absent
    values, position = np.unique(-scored.score, return_inverse=True)
    cases = scored.case_weights
    with_event = np.cumsum(np.bincount(position, weights=cases * scored.outcome))
    without = np.cumsum(np.bincount(position, weights=cases * (1 - scored.outcome)))
    return RocCurve(
        np.concatenate(([0.0], without / without[-1])),
        np.concatenate(([0.0], with_event / with_event[-1])),
        np.concatenate(([np.inf], -values)),
    )


def _delong(scored: Scored) -> DeLong:
    order = np.argsort(scored.score)
    ranked, outcome = scored.score[order], scored.outcome[order]
    first = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    size = np.diff(first, append=ranked.size)  # of each group of equal scores
    events = np.add.reduceat(outcome, first)
    others = size - events
    # Of each group: patients of the other class below it, those within it counting one half.
    others_below, events_below = (np.cumsum(count) - count / 2 for count in (others, events))
    below = np.empty_like(ranked)
    below[order] = np.where(outcome == 1, np.repeat(others_below, size), np.repeat(events_below, size))
    with_event = scored.outcome == 1
    event_placements = below[with_event] / others.sum()
    non_event_placements = 1 - below[~with_event] / events.sum()
    return DeLong(
        float(event_placements.mean()),
        _placement_variance(event_placements, non_event_placements),
        event_placements,
        non_event_placements,
    )


def _placement_variance(event_placements: Floats, non_event_placements: Floats) -> float | None:
    if min(event_placements.size, non_event_placements.size) < 2:
        return None
    return float(
        event_placements.var(ddof=1) / event_placements.size
        + non_event_placements.var(ddof=1) / non_event_placements.size
    )


class _WeightedAuc:
    """The AUC as a function of case weights; the scores are sorted once for all resamples."""

    def __init__(self, scored: Scored) -> None:
        values, self._position = np.unique(scored.score, return_inverse=True)
        self._size = values.size
        self._outcome = scored.outcome

    def __call__(self, weights: Floats) -> float | None:
        with_event = np.bincount(self._position, weights=weights * self._outcome, minlength=self._size)
        without = np.bincount(self._position, weights=weights * (1 - self._outcome), minlength=self._size)
        pairs = with_event.sum() * without.sum()
        if pairs == 0:
            return None
        below = np.cumsum(without) - without / 2
        return float(np.sum(with_event * below) / pairs)


def _compare_weighted(first: Scored, second: Scored, replicates: int, seed: Seed) -> AucComparison:
    one, two = _WeightedAuc(first), _WeightedAuc(second)

    def difference(weights: Floats) -> float | None:
        a, b = one(weights), two(weights)
        return None if a is None or b is None else a - b

    point = difference(first.case_weights)
    if point is None:
        raise ValueError("the AUC is not defined for these patients")
    interval = run_bootstrap(first.case_weights, difference, replicates=replicates, seed=seed)
    if not interval.standard_error:
        estimate = Estimate(point, interval.lower, interval.upper, first.n, first.events, interval.description)
        return AucComparison(estimate, interval.standard_error, None, None)
    method = f"weighted AUCs; {interval.description}"
    return _compared(first, point, interval.standard_error, method, interval=interval)


def _compared(
    scored: Scored, difference: float, standard_error: float, method: str, *, interval: Bootstrap | None
) -> AucComparison:
    half = NORMAL_975 * standard_error
    lower, upper = (difference - half, difference + half) if interval is None else (interval.lower, interval.upper)
    z = difference / standard_error
    estimate = Estimate(difference, lower, upper, scored.n, scored.events, method)
    return AucComparison(estimate, standard_error, z, float(2 * ndtr(-abs(z))))
