"""The cumulative incidence of one event where others may come first: the Aalen-Johansen estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.survival.follow_up import FollowUp, check_follow_up, check_horizon, product_limit
from spinecast.statistics.survival.survival_curve import CurveInterval, StepCurve, interval_of_survival, point_of_curve

__all__ = [
    "CumulativeIncidence",
    "check_causes",
    "cumulative_incidence",
    "cumulative_incidence_at",
    "incidence_influence",
    "restricted_mean_time_lost",
]

IncidenceVariance = Literal["greenwood", "aalen"]


@dataclass(frozen=True)
class CumulativeIncidence(StepCurve):
    """An Aalen-Johansen curve: ``estimate`` is F(t), the probability of the event up to and including t.

    Parameters
    ----------
    cause : int
        The number of the event.
    """

    cause: int


def cumulative_incidence(
    time: ArrayLike,
    event: ArrayLike,
    cause: int = 1,
    *,
    interval: CurveInterval = "log_log",
    variance: IncidenceVariance = "greenwood",
) -> CumulativeIncidence:
    """Cumulative incidence of one event in the presence of others (Aalen & Johansen 1978, Scand J Stat 5:141).

    F(t) is the sum of S(u-) d_1(u)/Y(u) over the times u up to t: the probability of having had no event at all before
    u, times that of the event of interest at u. One minus Kaplan-Meier with the other events taken as censored, in
    contrast, is the risk in a world where they cannot happen, and too high in this one. With one kind of event F is one
    minus Kaplan-Meier.

    The variance adds over the times the variance of the events' proportions there, each times the squared derivative of
    F(t) by it: S(u-) - D(u) by the proportion with the event of interest, -D(u) by that with another, D(u) = (F(t) -
    F(u)) / (1 - d(u)/Y(u)). ``greenwood`` takes the multinomial variance and covariance of the proportions (Dinse &
    Larson 1986, Biometrika 73:379; Allignol, Schumacher & Beyersmann 2010, Biom J 52:126, who recommend it), as R's
    ``survival::survfit``; it is Greenwood's where there is one kind of event. ``aalen`` takes d (Y - d)/((Y - 1) Y^2)
    for each and no covariance, as R's ``cmprsk::cuminc``.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        0 where follow-up was censored, otherwise the number (1, 2, ...) of the event that ended it.
    cause : int
        The event of interest.
    interval : {"log_log", "log", "plain"}
        Scale of the intervals of 1 - F, as in :func:`survival_curve`.
    variance : {"greenwood", "aalen"}
        The variance estimator.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is not a code or the cause not positive.
    """
    return _incidence(check_causes(time, event, cause), cause, interval, variance)


def cumulative_incidence_at(
    time: ArrayLike,
    event: ArrayLike,
    horizon: float,
    cause: int = 1,
    *,
    interval: CurveInterval = "log_log",
) -> Measure:
    """Probability of the event up to and including the horizon; see :func:`cumulative_incidence`.

    Parameters
    ----------
    time, event, cause, interval
        As :func:`cumulative_incidence`.
    horizon : float
        In the unit of `time`.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up. ``events`` counts those of the cause by the horizon.

    Raises
    ------
    ValueError
        As :func:`cumulative_incidence`, or if the horizon is not positive.
    """
    follow_up = check_causes(time, event, cause)
    absent = follow_up.beyond(check_horizon(horizon))
    curve = _incidence(follow_up, cause, interval, "greenwood")
    return absent or point_of_curve(curve, follow_up, cause, horizon, interval, follow_up.estimator)


def restricted_mean_time_lost(time: ArrayLike, event: ArrayLike, horizon: float, cause: int = 1) -> Measure:
    """Mean time lost to one event within the horizon: the area under its cumulative incidence curve.

    (Andersen 2013, Stat Med 32:5278.) The times lost to all events and the restricted mean survival time add up to the
    horizon. The interval is Wald with the Greenwood variance of :func:`cumulative_incidence`, every event at u counting
    for the time left, horizon - u; it is what the infinitesimal jackknife gives.

    Parameters
    ----------
    time, event, cause
        As :func:`cumulative_incidence`.
    horizon : float
        In the unit of `time`, in which the time lost is too.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up. ``events`` counts those of the cause by the horizon.

    Raises
    ------
    ValueError
        As :func:`cumulative_incidence`, or if the horizon is not positive.
    """
    follow_up = check_causes(time, event, cause)
    absent = follow_up.beyond(check_horizon(horizon))
    if absent:
        return absent
    value, error = _time_lost(follow_up, cause, horizon)
    events = follow_up.count(cause, horizon)
    method = f"area under the {follow_up.estimator} curve of the event"
    if error == 0:
        return Estimate(value, None, None, follow_up.n, events, f"{method}; no interval: its variance is 0")
    half = NORMAL_975 * error
    method = f"{method}, Greenwood variance, Wald"
    return Estimate(value, max(0.0, value - half), value + half, follow_up.n, events, method)


def check_causes(time: ArrayLike, event: ArrayLike, cause: int, weights: ArrayLike | None = None) -> FollowUp:
    """Check follow-up that several kinds of event may end, and the number of the one of interest.

    Raises
    ------
    ValueError
        If the cause is not a positive whole number, or as :func:`check_follow_up`.
    """
    if cause != int(cause) or cause < 1:
        raise ValueError(f"cause must be the number of an event, 1 or more, not {cause}")
    return check_follow_up(time, event, weights)


def incidence_influence(follow_up: FollowUp, cause: int, horizon: float) -> tuple[float, Floats]:
    """Return F(horizon) and its derivative by each patient's case weight, times that weight.

    The horizon must lie within the follow-up. Summed squares of the derivatives are the variance (infinitesimal
    jackknife), which is Greenwood's when nobody is weighted.
    """
    k = follow_up.up_to(horizon)
    at_risk, own, any_event = follow_up.at_risk[:k], follow_up.ending(cause)[:k], follow_up.ending()[:k]
    before, incidence = _steps(at_risk, own, any_event)
    final = float(incidence[-1]) if k else 0.0
    by_any = -_lost_after(final - incidence, at_risk, any_event)
    by_own = before
    # At each time, d(proportion)/d(weight) is (had the event - proportion)/Y for those at risk.
    falling = np.divide(by_own * own + by_any * any_event, at_risk**2, out=np.zeros(k), where=at_risk > 0)
    ended = np.minimum(follow_up.position, k - 1)
    derivative = -np.concatenate((np.cumsum(falling), [0.0]))[ended] if k else np.zeros(follow_up.n)
    happened = (follow_up.event > 0) & (follow_up.position < k) & (follow_up.weights > 0)
    at = follow_up.position[happened]
    derivative[happened] += (by_own[at] * (follow_up.event[happened] == cause) + by_any[at]) / at_risk[at]
    return final, derivative * follow_up.weights


def _steps(at_risk: Floats, own: Floats, any_event: Floats) -> tuple[Floats, Floats]:
    """Return S(u-) and F(u) at each time."""
    before = np.concatenate(([1.0], product_limit(any_event, at_risk)))[:-1]
    proportion = np.divide(own, at_risk, out=np.zeros_like(own), where=at_risk > 0)
    return before, np.asarray(np.cumsum(before * proportion), dtype=np.float64)


def _lost_after(gained: Floats, at_risk: Floats, any_event: Floats) -> Floats:
    """Return what is gained after each time over 1 - d/Y; 0 where nobody is left to gain it."""
    staying = at_risk - any_event
    return np.divide(gained * at_risk, staying, out=np.zeros_like(gained), where=staying > 0)


def _incidence(
    follow_up: FollowUp, cause: int, interval: CurveInterval, variance: IncidenceVariance
) -> CumulativeIncidence:
    at_risk, own, any_event = follow_up.at_risk, follow_up.ending(cause), follow_up.ending()
    before, incidence = _steps(at_risk, own, any_event)
    standard_error = np.sqrt(_variance(before, incidence, at_risk, own, any_event, variance))
    lower, upper = interval_of_survival(1 - incidence, standard_error, interval)
    return CumulativeIncidence(
        times=follow_up.times,
        estimate=incidence,
        standard_error=standard_error,
        lower=1 - upper,
        upper=1 - lower,
        at_risk=at_risk,
        events=own,
        initial=0.0,
        final=follow_up.beyond(np.inf) is None,
        cause=int(cause),
    )


def _variance(
    before: Floats, incidence: Floats, at_risk: Floats, own: Floats, any_event: Floats, variance: IncidenceVariance
) -> Floats:
    """Return Var F(t) at every time t in one pass.

    D(u) = (F(t) - F(u)) r(u) is linear in F(t), so that the sum over u is a quadratic in F(t) with coefficients that
    are running sums.
    """
    others = any_event - own
    staying = at_risk - any_event
    r = np.divide(at_risk, staying, out=np.zeros_like(at_risk), where=staying > 0)
    if variance == "greenwood":
        own_variance, others_variance = (d * (at_risk - d) / at_risk**3 for d in (own, others))
        covariance = -own * others / at_risk**3
    else:
        left = np.maximum(at_risk - 1, 1.0)
        own_variance, others_variance = (d * (at_risk - d) / (left * at_risk**2) for d in (own, others))
        covariance = np.zeros_like(own)
    # The derivative by the event's own proportion is a - F(t) r, by the others' b - F(t) r.
    a, b = before + incidence * r, incidence * r
    constant = np.cumsum(a**2 * own_variance + b**2 * others_variance + 2 * a * b * covariance)
    linear = np.cumsum(r * (a * own_variance + b * others_variance + (a + b) * covariance))
    square = np.cumsum(r**2 * (own_variance + others_variance + 2 * covariance))
    variance_of_incidence = constant - 2 * incidence * linear + incidence**2 * square
    # What is left of a difference that is 0 but for rounding is no variance.
    return np.where(variance_of_incidence > 1e-12 * constant, variance_of_incidence, 0.0)


def _time_lost(follow_up: FollowUp, cause: int, horizon: float) -> tuple[float, float]:
    """Return the area under F up to the horizon and its standard error.

    The area is the sum over the event times u of (horizon - u) dF(u), so that it is F itself with every event counted
    for the time left.
    """
    k = follow_up.up_to(horizon)
    at_risk, own, any_event = follow_up.at_risk[:k], follow_up.ending(cause)[:k], follow_up.ending()[:k]
    before, _ = _steps(at_risk, own, any_event)
    left = horizon - follow_up.times[:k]
    area: Floats = np.cumsum(left * before * own / at_risk)
    final = float(area[-1]) if k else 0.0
    by_own, by_any = left * before, -_lost_after(final - area, at_risk, any_event)
    others = any_event - own
    own_slope, others_slope = by_own + by_any, by_any
    terms = own_slope**2 * own * (at_risk - own) + others_slope**2 * others * (at_risk - others)
    terms -= 2 * own_slope * others_slope * own * others
    return final, float(np.sqrt(max(0.0, np.sum(terms / at_risk**3))))
