"""Restricted mean survival time: the mean time free of the event within a horizon, and its comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.survival.follow_up import (
    FollowUp,
    check_follow_up,
    check_horizon,
    check_values,
    product_limit,
)

__all__ = ["RestrictedMeanComparison", "compare_restricted_means", "restricted_mean_survival"]


@dataclass(frozen=True)
class RestrictedMeanComparison:
    """Restricted mean survival times of two groups: group 1 against group 0.

    Parameters
    ----------
    reference, compared : Estimate
        Of group 0 and of group 1.
    difference : Estimate
        Group 1 minus group 0.
    ratio : Estimate or Absent
        Group 1 over group 0; absent where a mean is 0.
    z, p_value : float or None
        Two-sided test of no difference; None where neither group has a variance.
    """

    reference: Estimate
    compared: Estimate
    difference: Estimate
    ratio: Measure
    z: float | None
    p_value: float | None


@dataclass(frozen=True)
class _Mean:
    value: float
    variance: float
    n: int
    events: int


def restricted_mean_survival(time: ArrayLike, event: ArrayLike, horizon: float) -> Measure:
    """Mean time free of the event up to the horizon: the area under the Kaplan-Meier curve from 0 to there.

    The variance is the sum of A^2 d / (Y (Y - d)) over the event times, A being the area from there to the horizon
    (Klein & Moeschberger 2003, Survival Analysis, 4.5; Royston & Parmar 2013, BMC Med Res Methodol 13:152). It needs no
    proportional hazards and is in units of time. The restricted mean time lost is the horizon minus it.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.
    horizon : float
        In the unit of ``time``.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up. ``events`` counts those by the horizon.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is neither 0 nor 1 or the horizon is not
        positive.
    """
    mean = _mean(check_follow_up(time, event, causes=False), check_horizon(horizon))
    return mean if isinstance(mean, Absent) else _estimate(mean)


def compare_restricted_means(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, horizon: float
) -> RestrictedMeanComparison | Absent:
    """Compare the restricted mean survival times of two groups, 1 against 0.

    The interval of the difference is Wald, that of the ratio Wald on the log scale (Uno et al. 2014, J Clin Oncol
    32:2380).

    Parameters
    ----------
    time, event, horizon
        As :func:`restricted_mean_survival`.
    group : array-like of shape (n,)
        0 or 1.

    Returns
    -------
    RestrictedMeanComparison or Absent
        Absent when the horizon lies beyond the follow-up of a group, or a group is empty.

    Raises
    ------
    ValueError
        As :func:`restricted_mean_survival`, or if a group is neither 0 nor 1.
    """
    follow_up = check_follow_up(time, event, causes=False)
    member = check_values(group, "group", follow_up.n)
    if not np.isin(member, (0.0, 1.0)).all():
        raise ValueError("group must be 0 or 1")
    means: list[_Mean] = []
    for code in (0, 1):
        rows = member == code
        if not rows.any():
            return Absent(f"group {code} holds no patients")
        mean = _mean(check_follow_up(follow_up.time[rows], follow_up.event[rows]), check_horizon(horizon))
        if isinstance(mean, Absent):
            return Absent(f"in group {code}, {mean.reason}")
        means.append(mean)
    return _compare(*means)


def _mean(follow_up: FollowUp, horizon: float) -> _Mean | Absent:
    absent = follow_up.beyond(horizon)
    if absent:
        return absent
    k = follow_up.up_to(horizon)
    events, at_risk = follow_up.ending()[:k], follow_up.at_risk[:k]
    survival = product_limit(events, at_risk)
    # areas[j] is under the curve from the j-th time to the next one; the first runs from 0 to the first time.
    areas = np.diff(np.concatenate(([0.0], follow_up.times[:k], [horizon]))) * np.concatenate(([1.0], survival))
    beyond: Floats = np.cumsum(areas[::-1])[::-1][1:]
    staying = at_risk * (at_risk - events)
    terms = np.divide(events, staying, out=np.zeros_like(events), where=staying > 0)
    return _Mean(float(areas.sum()), float(np.sum(beyond**2 * terms)), follow_up.n, follow_up.count(1, horizon))


def _estimate(mean: _Mean) -> Estimate:
    if mean.variance == 0:
        method = "area under the Kaplan-Meier curve; no interval: its variance is 0"
        return Estimate(mean.value, None, None, mean.n, mean.events, method)
    half = NORMAL_975 * math.sqrt(mean.variance)
    method = "area under the Kaplan-Meier curve, Wald"
    return Estimate(mean.value, mean.value - half, mean.value + half, mean.n, mean.events, method)


def _compare(reference: _Mean, compared: _Mean) -> RestrictedMeanComparison:
    n, events = reference.n + compared.n, reference.events + compared.events
    difference = compared.value - reference.value
    error = math.sqrt(reference.variance + compared.variance)
    if error == 0:
        estimate = Estimate(difference, None, None, n, events, "no interval: neither group has a variance")
        return RestrictedMeanComparison(
            _estimate(reference), _estimate(compared), estimate, _ratio(reference, compared), None, None
        )
    half = NORMAL_975 * error
    z = difference / error
    return RestrictedMeanComparison(
        _estimate(reference),
        _estimate(compared),
        Estimate(difference, difference - half, difference + half, n, events, "Wald"),
        _ratio(reference, compared),
        z,
        float(2 * ndtr(-abs(z))),
    )


def _ratio(reference: _Mean, compared: _Mean) -> Measure:
    if min(reference.value, compared.value) == 0:
        return Absent("a restricted mean of 0 has no ratio")
    ratio, n, events = compared.value / reference.value, reference.n + compared.n, reference.events + compared.events
    relative = math.sqrt(reference.variance / reference.value**2 + compared.variance / compared.value**2)
    if relative == 0:
        return Estimate(ratio, None, None, n, events, "no interval: neither group has a variance")
    factor = math.exp(NORMAL_975 * relative)
    return Estimate(ratio, ratio / factor, ratio * factor, n, events, "Wald, log scale")
