"""How well a score orders patients by the time of their event: Harrell's and Uno's C, with standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from spinecast.statistics.binary.discrimination import AucComparison
from spinecast.statistics.foundations.estimate import Absent, Measure
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.survival.follow_up import FollowUp, Integers, check_follow_up, check_horizon, check_values
from spinecast.statistics.survival.ipcw import Censoring, influence_estimate
from spinecast.statistics.survival_performance.dominance import RankSums

__all__ = ["Concordance", "compare_harrell_c", "concordance", "harrell_c", "paired_comparison", "uno_c"]


@dataclass(frozen=True)
class Concordance:
    """Pairs of patients ordered by time, and how a score orders them.

    Parameters
    ----------
    concordance : float
        (concordant + tied / 2) / (concordant + discordant + tied).
    standard_error : float
        By the infinitesimal jackknife.
    concordant, discordant, tied : float
        Comparable pairs (their weight) in which the earlier event had the higher, the lower or the same score.
    influence : ndarray of shape (n,)
        Each patient's derivative of the concordance, times its case weight; they sum to 0.
    """

    concordance: float
    standard_error: float
    concordant: float
    discordant: float
    tied: float
    influence: Floats


def concordance(
    time: ArrayLike, event: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None
) -> Concordance | Absent:
    """Count concordant pairs in O(n log n); see :func:`harrell_c`.

    Raises
    ------
    ValueError
        As :func:`harrell_c`.
    """
    follow_up = check_follow_up(time, event, weights, causes=False)
    pairs = _Pairs.of(follow_up, check_values(score, "score", follow_up.n))
    return _harrell(follow_up, pairs)


def harrell_c(time: ArrayLike, event: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> Measure:
    """Harrell's C: share of comparable pairs in which the patient with the earlier event has the higher score.

    (Harrell et al. 1982, JAMA 247:2543; 1996, Stat Med 15:361.) A pair is comparable when one had the event at a time
    at which the other was still followed without it; a patient censored on the day of an event was. Pairs with equal
    scores count one half, two events of the same time are no pair. A pair counts the product of its case weights.

    The standard error is that of the infinitesimal jackknife, as in R's ``survival::concordance`` (Therneau & Atkinson,
    Concordance, vignette of that package). C depends on how long patients were followed; :func:`uno_c` does not.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.
    score : array-like of shape (n,)
        Higher for patients expected to have the event earlier: a risk, a linear predictor.
    weights : array-like of shape (n,), optional
        Case weights.

    Returns
    -------
    Estimate or Absent
        Absent when no pair is comparable. The interval is Wald, truncated to [0, 1].

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is neither 0 nor 1, a number is not finite or
        weights cannot be used.
    """
    follow_up = check_follow_up(time, event, weights, causes=False)
    result = _harrell(follow_up, _Pairs.of(follow_up, check_values(score, "score", follow_up.n)))
    if isinstance(result, Absent):
        return result
    return influence_estimate(
        result.concordance,
        result.influence,
        events=follow_up.count(1),
        method="Harrell's C",
        bounds=(0.0, 1.0),
        corrected=False,
    )


def uno_c(
    time: ArrayLike,
    event: ArrayLike,
    score: ArrayLike,
    horizon: float | None = None,
    weights: ArrayLike | None = None,
) -> Measure:
    """Uno's C: Harrell's, with pairs weighted so that it does not depend on the censoring.

    (Uno et al. 2011, Stat Med 30:1105.) A pair whose earlier event came at t counts 1/G(t-)^2, G being the probability
    of being uncensored, and pairs with t at or after the horizon do not count. It estimates the probability that of two
    patients, one of whom has the event before the horizon, the one with the earlier event has the higher score.

    The interval is by the infinitesimal jackknife and includes that G is estimated.

    Parameters
    ----------
    time, event, score, weights
        As :func:`harrell_c`.
    horizon : float, optional
        Events before it count; all events where it is not given, which is unstable when few are followed for as long.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up, or no pair is comparable.

    Raises
    ------
    ValueError
        As :func:`harrell_c`, or if the horizon is not positive.
    """
    follow_up = check_follow_up(time, event, weights, causes=False)
    values = check_values(score, "score", follow_up.n)
    absent = None if horizon is None else follow_up.beyond(check_horizon(horizon))
    if absent:
        return absent
    counted = (follow_up.event == 1) & (follow_up.weights > 0)
    counted &= follow_up.time < (np.inf if horizon is None else horizon)
    censoring = Censoring.of(follow_up)
    pair_weights = np.zeros(follow_up.n)
    pair_weights[counted] = censoring.until[follow_up.position[counted]] ** -2
    pairs = _count(follow_up, _Pairs.of(follow_up, values), pair_weights)
    if isinstance(pairs, Absent):
        return pairs
    influence = pairs.by_event + pairs.by_other + 2 * censoring.influence(pairs.by_event, follow_up.position)
    until = "all events" if horizon is None else f"events before {horizon:g}"
    method = f"Uno's C, {until}"
    events = int(np.count_nonzero(counted))
    return influence_estimate(pairs.value, influence, events=events, method=method, bounds=(0.0, 1.0))


def compare_harrell_c(
    time: ArrayLike, event: ArrayLike, score: ArrayLike, other: ArrayLike, weights: ArrayLike | None = None
) -> AucComparison | Absent:
    """Compare two scores of the same patients: C of ``score`` minus C of ``other``, with a paired test.

    The variance is the sum of the squared differences of the two influences, as in R's ``survival::concordance`` of two
    scores; it allows for their correlation.

    Parameters
    ----------
    time, event, weights
        As :func:`harrell_c`.
    score, other : array-like of shape (n,)
        Higher for patients expected to have the event earlier.

    Raises
    ------
    ValueError
        As :func:`harrell_c`.
    """
    follow_up = check_follow_up(time, event, weights, causes=False)
    first = _harrell(follow_up, _Pairs.of(follow_up, check_values(score, "score", follow_up.n)))
    second = _harrell(follow_up, _Pairs.of(follow_up, check_values(other, "other", follow_up.n)))
    if isinstance(first, Absent):
        return first
    if isinstance(second, Absent):
        return second
    events = follow_up.count(1)
    difference = first.concordance - second.concordance
    return paired_comparison(difference, first.influence - second.influence, events=events, corrected=False)


def paired_comparison(difference: float, influence: Floats, *, events: int, corrected: bool) -> AucComparison:
    """Return a difference of two statistics of the same patients with its interval and two-sided test."""
    estimate = influence_estimate(difference, influence, events=events, method="paired difference", corrected=corrected)
    scale = influence.size / (influence.size - 1) if corrected and influence.size > 1 else 1.0
    error = math.sqrt(scale * float(np.sum(influence**2)))
    if error == 0:
        return AucComparison(estimate, 0.0, None, None)
    z = difference / error
    return AucComparison(estimate, error, z, float(2 * ndtr(-abs(z))))


def _harrell(follow_up: FollowUp, pairs: _Pairs) -> Concordance | Absent:
    counted = _count(follow_up, pairs, np.ones(follow_up.n))
    if isinstance(counted, Absent):
        return counted
    influence = counted.by_event + counted.by_other
    error = math.sqrt(float(np.sum(influence**2)))
    total, concordant, tied = counted.total, counted.concordant, counted.tied
    return Concordance(counted.value, error, concordant, total - concordant - tied, tied, influence)


@dataclass(frozen=True)
class _Pairs:
    """Patients by time, at a tied time those with the event first: whom an event is compared with stands after it.

    Parameters
    ----------
    order : ndarray of shape (n,)
        The patients in that order.
    rank : ndarray of shape (n,)
        Dense rank of each score, in that order.
    first : ndarray of shape (n,)
        Where those begin with whom an event at this place is compared: after all events of its time.
    tied : bool
        Whether any two scores are equal.
    """

    order: Integers
    rank: Integers
    first: Integers
    tied: bool

    @classmethod
    def of(cls, follow_up: FollowUp, score: Floats) -> _Pairs:
        order = np.lexsort((follow_up.event == 0, follow_up.position))
        distinct, rank = np.unique(score, return_inverse=True)
        key = (2 * follow_up.position + (follow_up.event == 0))[order]
        first = np.searchsorted(key, 2 * follow_up.position[order] + 1, side="left")
        return cls(order, rank[order].astype(np.intp), first.astype(np.intp), distinct.size < score.size)

    def below_and_tied(self, sums: RankSums, start: Integers, stop: Integers, rank: Integers) -> tuple[Floats, Floats]:
        """Return the sums of those ranked below, and of those tied."""
        below = sums.below(start, stop, rank)
        return below, sums.below(start, stop, rank + 1) - below if self.tied else np.zeros_like(below)


@dataclass(frozen=True)
class _Counted:
    """Weighted pairs, and each patient's contributions to their concordance as the earlier and the later of a pair."""

    value: float
    total: float
    concordant: float
    tied: float
    by_event: Floats
    by_other: Floats


def _count(follow_up: FollowUp, pairs: _Pairs, pair_weights: Floats) -> _Counted | Absent:
    """Count pairs, each weighted by the case weights of both and by ``pair_weights`` (n,) of the earlier event."""
    n, order, rank = follow_up.n, pairs.order, pairs.rank
    cases = follow_up.weights[order]
    weight = cases * (pair_weights * (follow_up.event == 1))[order]
    rows = np.flatnonzero(weight > 0)
    later = np.concatenate((np.cumsum(cases[::-1])[::-1], [0.0]))[pairs.first[rows]]
    below, tied = pairs.below_and_tied(RankSums(rank, cases), pairs.first[rows], np.full(rows.size, n), rank[rows])
    weight = weight[rows]
    total = float(weight @ later)
    if total <= 0:
        return Absent("no pair of patients is comparable: nobody was followed past another's event")
    value = float(weight @ (below + tied / 2)) / total
    by_event, by_other = np.zeros(n), np.zeros(n)
    by_event[order[rows]] = weight * (below + tied / 2 - value * later) / total
    # The other way round: for each patient, the earlier events it is compared with.
    stop = np.searchsorted(pairs.first[rows], np.arange(n), side="right")
    earlier = np.concatenate(([0.0], np.cumsum(weight)))[stop]
    low, level = pairs.below_and_tied(RankSums(rank[rows], weight), np.zeros_like(stop), stop, rank)
    by_other[order] = cases * ((1 - value) * earlier - low - level / 2) / total
    return _Counted(value, total, float(weight @ below), float(weight @ tied), by_event, by_other)
