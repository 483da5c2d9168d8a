"""Gray's test of equal cumulative incidence of one event in two or more groups, where other events compete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.survival.competing import check_causes
from spinecast.statistics.survival.follow_up import FollowUp, Integers
from spinecast.statistics.survival.logrank import GroupTest, check_labels, group_test

__all__ = ["gray_test"]


def gray_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    cause: int = 1,
    strata: ArrayLike | None = None,
    *,
    rho: float = 0.0,
) -> GroupTest | Absent:
    """Test that groups have the same cumulative incidence of one event (Gray 1988, Ann Stat 16:1141).

    The log-rank test of a competing event compares the rates among those still free of any event; this one compares the
    probabilities of ever having it. It counts those who had another event as still at risk, as far as they would still
    be followed: R_g = Y_g (1 - F_g(t-))/S_g(t-), with group g's own Aalen-Johansen F and Kaplan-Meier S. Events d_g are
    compared with d R_g / sum of R, weighted by (1 - F(t-))^rho, F being the incidence in all groups together. The
    variance is Gray's, with binomial variances corrected for ties; the numbers are those of R's ``cmprsk::cuminc``.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        0 where follow-up was censored, otherwise the number (1, 2, ...) of the event that ended it.
    group : array-like of shape (n,)
        The group of each patient: numbers or words.
    cause : int
        The event of interest.
    strata : array-like of shape (n,), optional
        The stratum of each patient.
    rho : float
        Exponent of the weights, not negative; above 0 stresses early differences.

    Returns
    -------
    GroupTest or Absent
        Absent when fewer than two groups were ever at risk of the event, or the test has no variance.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is not a code or the exponent is negative.
    """
    follow_up = check_causes(time, event, cause)
    if rho < 0:
        raise ValueError("rho must not be negative")
    groups, member = check_labels(group, "group", follow_up.n)
    _, stratum = check_labels(np.zeros(follow_up.n) if strata is None else strata, "strata", follow_up.n)
    size = groups.size
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for number in range(stratum.max() + 1):
        rows = stratum == number
        table = _Groups.of(check_causes(follow_up.time[rows], follow_up.event[rows], cause), member[rows], size, cause)
        one = _score(table, rho)
        observed, expected, variance = observed + one[0], expected + one[1], variance + one[2]
    weight = "" if rho == 0 else f", rho {rho:g}"
    method = f"Gray's test{weight}" + ("" if strata is None else f", {stratum.max() + 1} strata")
    events = follow_up.count(cause)
    return group_test(groups, observed, expected, variance, n=follow_up.n, events=events, method=method)


@dataclass(frozen=True)
class _Groups:
    """At each of k times with an event, for each of g groups: arrays of shape (k, g).

    ``own`` and ``other`` count the events, ``free_before`` and ``free`` are S(t-) and S(t), ``incidence_before`` F(t-).
    """

    at_risk: Floats
    own: Floats
    other: Floats
    free_before: Floats
    free: Floats
    incidence_before: Floats

    @classmethod
    def of(cls, follow_up: FollowUp, member: Integers, size: int, cause: int) -> _Groups:
        k = follow_up.times.size
        cell = follow_up.position * size + member

        def table(rows: Floats) -> Floats:
            counts = np.bincount(cell, weights=rows, minlength=k * size)
            return np.asarray(counts, dtype=np.float64).reshape(k, size)

        own = table((follow_up.event == cause).astype(np.float64))
        other = table((follow_up.event > 0).astype(np.float64)) - own
        at_risk: Floats = np.cumsum(table(np.ones(follow_up.n))[::-1], axis=0)[::-1]
        hazard = np.divide(own + other, at_risk, out=np.zeros_like(own), where=at_risk > 0)
        free: Floats = np.cumprod(1 - hazard, axis=0)
        free_before = np.vstack((np.ones(size), free[:-1]))
        gain = np.divide(free_before * own, at_risk, out=np.zeros_like(own), where=at_risk > 0)
        incidence: Floats = np.cumsum(gain, axis=0)
        before = np.vstack((np.zeros(size), incidence[:-1]))
        steps = (own + other).sum(axis=1) > 0
        return cls(*(values[steps] for values in (at_risk, own, other, free_before, free, before)))


def _score(table: _Groups, rho: float) -> tuple[Floats, Floats, Floats]:
    """Return weighted observed and expected events of each group and the variance of their difference."""
    events, size = table.own.sum(axis=1), table.own.shape[1]
    if events.size == 0:
        return np.zeros(size), np.zeros(size), np.zeros((size, size))
    # Those at risk, scaled up by 1/S(t-) to all who would be there had nobody had any event.
    scaled = _over(table.at_risk, table.free_before)
    risk = scaled * (1 - table.incidence_before)
    total, total_risk = scaled.sum(axis=1), risk.sum(axis=1)
    incidence: Floats = np.cumsum(events / total)
    # Products of shares may pass 1 by a rounding error.
    before = np.minimum(np.concatenate(([0.0], incidence[:-1])), 1.0)
    weight = (1 - before) ** rho
    share = risk / total_risk[:, None]
    observed, expected = weight @ table.own, (weight * events) @ share
    return observed, expected, _variance(table, scaled, total, events, weight, before, incidence)


def _variance(
    table: _Groups, scaled: Floats, total: Floats, events: Floats, weight: Floats, before: Floats, incidence: Floats
) -> Floats:
    """Return the covariance matrix of the scores.

    An event in group k at u moves the score of group i at once, by a_ik(u), and through F_k at every later time, by
    c_ik(end) - c_ik(u), c being the running sum of a dF/(1 - F). Each is squared, times the variance of the event
    there.
    """
    size = scaled.shape[1]
    now = weight[:, None, None] * (
        scaled[:, :, None] * np.eye(size) - scaled[:, :, None] * scaled[:, None, :] / total[:, None, None]
    )
    later: Floats = np.cumsum(now * _over(events, total * (1 - before))[:, None, None], axis=0)
    left = _over(np.broadcast_to((1 - incidence)[:, None], scaled.shape), table.free)
    by_own = now + (later[-1] - later) * np.where(table.free > 0, 1 - left, 1.0)[:, None, :]
    by_other = (later[-1] - later) * left[:, None, :]
    # Binomial variances, with the factor of a draw without replacement from the patients a group's share stands for.
    tied = np.broadcast_to(np.maximum(events - 1, 0)[:, None], scaled.shape)
    factor = np.maximum(1 - _over(tied, total[:, None] * table.free_before - 1), 0.0)
    own = _over(table.free_before, table.at_risk) * (events / total)[:, None] * factor
    lone = np.maximum(table.at_risk - 1, 1.0)
    other = _over(table.free_before, table.at_risk) ** 2 * table.other * (1 - np.maximum(table.other - 1, 0) / lone)
    other = np.where(table.free > 0, other, 0.0)
    return np.asarray(
        np.einsum("tik,tjk,tk->ij", by_own, by_own, own) + np.einsum("tik,tjk,tk->ij", by_other, by_other, other),
        dtype=np.float64,
    )


def _over(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros(denominator.shape), where=denominator > 0)
