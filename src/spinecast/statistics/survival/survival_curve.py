"""The Kaplan-Meier curve with its standard error, intervals, quantiles and numbers at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Booleans, Floats
from spinecast.statistics.survival.follow_up import FollowUp, check_follow_up, check_horizon, product_limit

__all__ = [
    "CurveInterval",
    "StepCurve",
    "SurvivalCurve",
    "SurvivalQuantile",
    "interval_of_survival",
    "median_follow_up",
    "point_of_curve",
    "survival_at",
    "survival_curve",
    "survival_quantile",
]

CurveInterval = Literal["log_log", "log", "plain"]
SCALES = {"log_log": "log(-log) scale", "log": "log scale", "plain": "plain, truncated to [0, 1]"}
# A curve within this distance of a proportion is taken to be at it, as R's quantile.survfit does.
EQUAL = 1.5e-8
NEGLIGIBLE = 1e-12  # a proportion this close to 0 or 1 is 0 or 1 but for rounding


@dataclass(frozen=True)
class StepCurve:
    """A right-continuous step function of time with a pointwise 95 % interval.

    Parameters
    ----------
    times : ndarray of shape (k,)
        Distinct observed times, ascending.
    estimate, standard_error, lower, upper : ndarray of shape (k,)
        Value from each time on. The ends are NaN where no interval can be computed: before the first event, and where
        everybody has had it.
    at_risk, events : ndarray of shape (k,)
        Patients followed up to each time, and with the event at it.
    initial : float
        Value before the first time.
    final : bool
        Whether the curve goes on as it ends past the longest follow-up: everybody followed for as long had an event.
    """

    times: Floats
    estimate: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    at_risk: Floats
    events: Floats
    initial: float
    final: bool

    def at(self, time: ArrayLike) -> Floats:
        """Return the estimate at each time; NaN past the follow-up."""
        return self._read(self.estimate, time, self.initial)

    def standard_error_at(self, time: ArrayLike) -> Floats:
        """Return the standard error at each time; NaN past the follow-up."""
        return self._read(self.standard_error, time, 0.0)

    def interval_at(self, time: ArrayLike) -> tuple[Floats, Floats]:
        """Return lower and upper ends of the 95 % interval at each time; NaN where there are none."""
        return self._read(self.lower, time, np.nan), self._read(self.upper, time, np.nan)

    def number_at_risk(self, time: ArrayLike) -> Floats:
        """Return the number of patients followed up to each time, as printed under a curve."""
        step = np.searchsorted(self.times, np.asarray(time, dtype=np.float64), side="left")
        return np.asarray(np.append(self.at_risk, 0.0)[step], dtype=np.float64)

    def _read(self, values: Floats, time: ArrayLike, before: float) -> Floats:
        at = np.asarray(time, dtype=np.float64)
        read = np.concatenate(([before], values))[np.searchsorted(self.times, at, side="right")]
        return np.where((at > self.times[-1]) & (not self.final), np.nan, read)


@dataclass(frozen=True)
class SurvivalCurve(StepCurve):
    """A Kaplan-Meier curve: ``estimate`` is S(t), the probability of staying free of the event up to and including t.

    Parameters
    ----------
    cumulative_hazard : ndarray of shape (k,)
        Nelson-Aalen estimate, the sum of events / at risk (Aalen 1978, Ann Stat 6:701).
    """

    cumulative_hazard: Floats

    def cumulative_hazard_at(self, time: ArrayLike) -> Floats:
        """Return the Nelson-Aalen cumulative hazard at each time; NaN past the follow-up."""
        return self._read(self.cumulative_hazard, time, 0.0)


@dataclass(frozen=True)
class SurvivalQuantile:
    """The time by which a proportion of the patients has had the event, with its 95 % interval.

    Parameters
    ----------
    proportion : float
        0.5 for the median.
    time, lower, upper : float or None
        None where the curve, or its limit, does not come down as far within the follow-up ("not reached").
    n, events : int
        Patients, and those with the event.
    method : str
        How the interval was computed.
    """

    proportion: float
    time: float | None
    lower: float | None
    upper: float | None
    n: int
    events: int
    method: str

    def measure(self) -> Measure:
        """Return the quantile as a measure; ``method`` names the limits where only one was reached."""
        if self.time is None:
            return Absent(f"fewer than {100 * self.proportion:g} % had the event within the follow-up")
        if self.lower is None or self.upper is None:
            low, high = (f"{end:g}" if end is not None else "not reached" for end in (self.lower, self.upper))
            method = f"{self.method}: lower limit {low}, upper limit {high}"
            return Estimate(self.time, None, None, self.n, self.events, method)
        return Estimate(self.time, self.lower, self.upper, self.n, self.events, self.method)


def survival_curve(time: ArrayLike, event: ArrayLike, *, interval: CurveInterval = "log_log") -> SurvivalCurve:
    """Kaplan-Meier curve with Greenwood's standard error (Kaplan & Meier 1958, J Am Stat Assoc 53:457).

    S(t) is the product of 1 - d/Y over the event times up to t, d patients of Y at risk having the event there; its
    standard error is S(t) sqrt(sum of d / (Y (Y - d))) (Greenwood 1926). Intervals are Wald on the scale named:
    ``log_log`` (log(-log S), Kalbfleisch & Prentice 2002, The Statistical Analysis of Failure Time Data) stays
    inside [0, 1] and is the best of the three in small cohorts (Borgan & Liestol 1990, Scand J Stat 17:35); ``log`` is
    R's default; ``plain`` is S itself. The numbers are those of R's ``survival::survfit``.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored. Events precede censorings of the same time.
    interval : {"log_log", "log", "plain"}
        Scale of the intervals.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative or an event is neither 0 nor 1.
    """
    return _curve(check_follow_up(time, event, causes=False), interval)


def survival_at(time: ArrayLike, event: ArrayLike, horizon: float, *, interval: CurveInterval = "log_log") -> Measure:
    """Probability of staying free of the event up to and including the horizon; see :func:`survival_curve`.

    Parameters
    ----------
    time, event, interval
        As :func:`survival_curve`.
    horizon : float
        In the unit of `time`.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up. ``events`` counts those by the horizon.

    Raises
    ------
    ValueError
        As :func:`survival_curve`, or if the horizon is not positive.
    """
    follow_up = check_follow_up(time, event, causes=False)
    absent = follow_up.beyond(check_horizon(horizon))
    return absent or point_of_curve(_curve(follow_up, interval), follow_up, 1, horizon, interval, "Kaplan-Meier")


def survival_quantile(
    time: ArrayLike, event: ArrayLike, proportion: float = 0.5, *, interval: CurveInterval = "log_log"
) -> SurvivalQuantile:
    """Time by which a proportion has had the event: the median survival for one half.

    The first time at which S(t) <= 1 - proportion; where the curve is level exactly there, the middle of the level
    stretch. The interval holds the times whose pointwise interval of S(t) includes 1 - proportion (Brookmeyer & Crowley
    1982, Biometrics 38:29, whose own choice is the plain scale). As R's ``quantile.survfit``.

    Parameters
    ----------
    time, event, interval
        As :func:`survival_curve`.
    proportion : float
        Of the patients, between 0 and 1.

    Raises
    ------
    ValueError
        As :func:`survival_curve`, or if the proportion is not strictly between 0 and 1.
    """
    follow_up = check_follow_up(time, event, causes=False)
    if not 0 < proportion < 1:
        raise ValueError(f"proportion must lie strictly between 0 and 1, not {proportion:g}")
    curve = _curve(follow_up, interval)
    return SurvivalQuantile(
        proportion,
        _reaching(curve.times, curve.estimate, 1 - proportion),
        _reaching(curve.times, curve.lower, 1 - proportion),
        _reaching(curve.times, curve.upper, 1 - proportion),
        follow_up.n,
        follow_up.count(1),
        f"Kaplan-Meier, Brookmeyer-Crowley interval, {SCALES[interval]}",
    )


def median_follow_up(time: ArrayLike, event: ArrayLike, *, interval: CurveInterval = "log_log") -> SurvivalQuantile:
    """Median potential follow-up by the reverse Kaplan-Meier method.

    (Schemper & Smith 1996, Control Clin Trials 17:343.) Being censored is what is waited for; an event only ends the
    waiting.

    Parameters
    ----------
    time, event, interval
        As :func:`survival_curve`.

    Raises
    ------
    ValueError
        As :func:`survival_curve`.
    """
    follow_up = check_follow_up(time, event, causes=False)
    return survival_quantile(follow_up.time, 1 - follow_up.event, interval=interval)


def interval_of_survival(survival: Floats, standard_error: Floats, interval: CurveInterval) -> tuple[Floats, Floats]:
    """Return the Wald interval on the scale named; NaN where S is 0 or 1 or has no standard error."""
    usable = (survival > NEGLIGIBLE) & (survival < 1 - NEGLIGIBLE) & (standard_error > 0)
    inner, error = np.where(usable, survival, 0.5), np.where(usable, standard_error, 0.0)
    if interval == "plain":
        lower, upper = inner - NORMAL_975 * error, inner + NORMAL_975 * error
    elif interval == "log":
        factor = np.exp(NORMAL_975 * error / inner)
        lower, upper = inner / factor, inner * factor
    else:
        centre, half = np.log(-np.log(inner)), NORMAL_975 * error / (inner * -np.log(inner))
        lower, upper = np.exp(-np.exp(np.minimum(centre + half, 700.0))), np.exp(-np.exp(centre - half))
    outside = np.where(usable, 0.0, np.nan)
    return np.clip(lower, 0, 1) + outside, np.clip(upper, 0, 1) + outside


def point_of_curve(
    curve: StepCurve, follow_up: FollowUp, cause: int, horizon: float, interval: CurveInterval, name: str
) -> Estimate:
    """Return the estimate at a horizon within the follow-up."""
    value = float(curve.at(horizon))
    lower, upper = (float(end) for end in curve.interval_at(horizon))
    events = follow_up.count(cause, horizon)
    if np.isnan(lower):
        why = "the estimate is 0 or 1, where its variance is not known"
        return Estimate(value, None, None, follow_up.n, events, f"{name}; no interval: {why}")
    return Estimate(value, lower, upper, follow_up.n, events, f"{name}, Greenwood variance, {SCALES[interval]}")


def _curve(follow_up: FollowUp, interval: CurveInterval) -> SurvivalCurve:
    events, at_risk = follow_up.ending(), follow_up.at_risk
    survival = product_limit(events, at_risk)
    staying = at_risk * (at_risk - events)
    terms = np.divide(events, staying, out=np.zeros_like(events), where=staying > 0)
    standard_error = survival * np.sqrt(np.cumsum(terms))
    lower, upper = interval_of_survival(survival, standard_error, interval)
    return SurvivalCurve(
        times=follow_up.times,
        estimate=survival,
        standard_error=standard_error,
        lower=lower,
        upper=upper,
        at_risk=at_risk,
        events=events,
        initial=1.0,
        final=follow_up.beyond(np.inf) is None,
        cumulative_hazard=np.cumsum(events / at_risk),
    )


def _reaching(times: Floats, curve: Floats, level: float) -> float | None:
    """Return the first time at which a falling curve is at the level or below: the middle, where it stays level."""
    known: Booleans = ~np.isnan(curve)
    at, values = times[known], curve[known]
    reached, passed = np.flatnonzero(values <= level + EQUAL), np.flatnonzero(values <= level - EQUAL)
    if reached.size == 0:
        return None
    # A stretch level with it that lasts to the end of follow-up ends there.
    end = at[passed[0]] if passed.size else times[-1]
    return float((at[reached[0]] + end) / 2)
