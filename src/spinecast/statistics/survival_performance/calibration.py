"""Whether predicted risks of an event by a horizon agree with what was observed, under censoring and competing events.

In every function ``event`` is 0 where follow-up was censored and otherwise the number of the event that ended it; with
one kind of event this is ordinary survival.

Of the two ways to a smooth curve, a hazard model of the predicted risk (Austin, Harrell & van Klaveren 2020, Stat Med
39:2714) and smoothed pseudo-values (Gerds, Andersen & Kattan 2014, Stat Med 33:3191; van Geloven et al. 2022, BMJ
377:e069249), this module takes the second: it assumes no proportional hazards, is the same with and without competing
events, and is the curve of a binary outcome where nobody is censored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.calibration.flexible import (
    EXACT_LIMIT,
    SMOOTHER,
    CalibrationCurve,
    CalibrationErrors,
    _as_proportions,
    _distance_interval,
    _fitted,
    _grid,
    _resamples,
    _Sorted,
    _summaries,
)
from spinecast.statistics.foundations.bootstrap import Seed
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored
from spinecast.statistics.foundations.loess import Smoother
from spinecast.statistics.survival.competing import check_causes, cumulative_incidence_at, incidence_influence
from spinecast.statistics.survival.follow_up import FollowUp, check_horizon, check_values
from spinecast.statistics.survival.pseudo_values import pseudo_outcomes

__all__ = [
    "HorizonCalibrationGroup",
    "horizon_calibration_curve",
    "horizon_calibration_errors",
    "horizon_calibration_groups",
    "horizon_observed_expected_ratio",
    "pseudo_scored",
]


@dataclass(frozen=True)
class HorizonCalibrationGroup:
    """Patients of similar predicted risk: mean prediction and Kaplan-Meier (Aalen-Johansen) risk at the horizon."""

    predicted: float
    observed: Measure
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON-ready values."""
        return {"predicted": self.predicted, "observed": self.observed.to_dict(), "n": self.n}


def horizon_observed_expected_ratio(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
) -> Measure:
    """Observed over expected events by a horizon; 1 is perfect, above 1 risks are too low.

    Observed is the Kaplan-Meier (with competing events Aalen-Johansen) risk F, expected the mean predicted risk. The
    interval is Wald on the log scale with var log(O/E) = var(F)/F^2, Greenwood's variance, the predictions being held
    fixed (Debray et al. 2017, BMJ 356:i6460); with case weights the variance is that of the infinitesimal jackknife.
    Where nobody is censored it is :func:`observed_expected_ratio`.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, in the unit of ``horizon``, not negative.
    event : array-like of shape (n,)
        0 where follow-up was censored, otherwise the number (1, 2, ...) of the event that ended it.
    risk : array-like of shape (n,)
        Predicted probability of the event by the horizon.
    horizon : float
        Time at which the outcome is read; that time included.
    cause : int
        The event of interest.
    weights : array-like of shape (n,), optional
        Case weights.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up, nobody had the event by then, or none was expected.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is not a code, the horizon is not positive, a
        risk lies outside [0, 1] or weights cannot be used.
    """
    follow_up, predicted = _check(time, event, risk, horizon, cause, weights)
    absent = follow_up.beyond(horizon) or follow_up.without(cause, horizon)
    if absent:
        return absent
    expected = float(np.average(predicted, weights=follow_up.weights))
    if expected == 0:
        return Absent("no event was expected: all predicted risks are 0")
    observed, influence = incidence_influence(follow_up, cause, horizon)
    ratio, error = observed / expected, math.sqrt(float(np.sum(influence**2))) / observed
    n, events = follow_up.n, follow_up.count(cause, horizon)
    name = follow_up.estimator
    if error < 1e-12:
        return Estimate(ratio, None, None, n, events, f"{name}; no interval: its variance is 0")
    half = NORMAL_975 * error
    return Estimate(ratio, ratio * math.exp(-half), ratio * math.exp(half), n, events, f"{name}, Wald, log scale")


def horizon_calibration_groups(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float, cause: int = 1, *, groups: int = 10
) -> tuple[HorizonCalibrationGroup, ...]:
    """Compare mean predicted risk and observed risk at a horizon in equally large groups of risk (tenths by default).

    Groups are cut as in :func:`calibration_groups`; the observed risk is estimated within each, with the log-log
    interval of :func:`cumulative_incidence_at`. In a group whose follow-up ends before the horizon it is absent.

    Parameters
    ----------
    time, event, risk, horizon, cause
        As :func:`horizon_observed_expected_ratio`.
    groups : int
        Number of groups before those with equal cut points merge.

    Raises
    ------
    ValueError
        As :func:`horizon_observed_expected_ratio`, or if ``groups`` is less than 1.
    """
    follow_up, predicted = _check(time, event, risk, horizon, cause, None)
    if groups < 1:
        raise ValueError(f"groups must be at least 1, not {groups}")
    cuts = np.unique(np.quantile(predicted, np.linspace(0, 1, groups + 1)))
    position = np.searchsorted(cuts[1:-1], predicted, side="left")
    members = [np.flatnonzero(position == group) for group in range(max(cuts.size - 1, 1))]
    return tuple(
        HorizonCalibrationGroup(
            predicted=float(predicted[rows].mean()),
            observed=cumulative_incidence_at(follow_up.time[rows], follow_up.event[rows], horizon, cause),
            n=int(rows.size),
        )
        for rows in members
        # Cut points that rounding alone tells apart leave a group empty.
        if rows.size
    )


def horizon_calibration_curve(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
    *,
    points: int = 101,
) -> CalibrationCurve | Absent:
    """Smooth the observed risk at a horizon over the predicted risk, from its smallest to its largest.

    Pseudo-values (:func:`pseudo_values`) take the place of the outcomes in the loess of :func:`flexible_calibration`.
    The band is normal with the variance sum_i L_i(p)^2 r_i^2, L(p) being the row of the smoother and r_i the residual
    of pseudo-value i: pseudo-values vary by more than m(1 - m). It covers sampling error and not the smoother's bias.

    Parameters
    ----------
    time, event, risk, horizon, cause, weights
        As :func:`horizon_observed_expected_ratio`.
    points : int
        Length of the curve.

    Returns
    -------
    CalibrationCurve or Absent
        Absent when the horizon lies beyond the follow-up, nobody had the event by then, or there are fewer than four
        patients or three distinct risks.

    Raises
    ------
    ValueError
        As :func:`horizon_observed_expected_ratio`.
    """
    scored = pseudo_scored(time, event, risk, horizon, cause, weights)
    if isinstance(scored, Absent):
        return scored
    data = _Sorted.of(scored)
    at = np.linspace(data.risk[0], data.risk[-1], points)
    residual = data.outcome - _fitted(data, _grid(data.risk))
    observed, variance = Smoother(data.risk, data.weights).fit_with_variance(data.outcome, residual**2, at)
    half = NORMAL_975 * np.sqrt(variance)
    return CalibrationCurve(
        predicted=tuple(at.tolist()),
        observed=_as_proportions(observed),
        lower=_as_proportions(observed - half),
        upper=_as_proportions(observed + half),
        method=f"pseudo-values, {SMOOTHER}; pointwise normal band with squared residuals",
    )


def horizon_calibration_errors(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
    *,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> CalibrationErrors | Absent:
    """ICI, E50, E90 and Emax at a horizon: distances of the smooth curve from the predictions (Austin et al. 2020).

    Curve as in :func:`horizon_calibration_curve`, intervals as in :func:`calibration_errors`: a bootstrap over
    patients, each keeping the pseudo-value found in all of them.

    Parameters
    ----------
    time, event, risk, horizon, cause, weights
        As :func:`horizon_observed_expected_ratio`.
    bootstrap : int
        Number of resamples; 0 for no intervals.
    seed : int or numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    CalibrationErrors or Absent
        Absent as for :func:`horizon_calibration_curve`.

    Raises
    ------
    ValueError
        As :func:`horizon_observed_expected_ratio`.
    """
    scored = pseudo_scored(time, event, risk, horizon, cause, weights)
    if isinstance(scored, Absent):
        return scored
    data = _Sorted.of(scored)
    exact = data.risk.size <= EXACT_LIMIT
    fitted = _fitted(data, np.unique(data.risk) if exact else _grid(data.risk))
    drawn, chance = [], []
    for one in _resamples(scored, bootstrap, seed):
        again = _fitted(one, _grid(one.risk))
        drawn.append(_summaries(one, again - one.risk))
        chance.append(_summaries(one, again - np.interp(one.risk, data.risk, fitted)))
    words = f"pseudo-values, {SMOOTHER}{'' if exact else ', interpolated on a grid'}"
    codes = np.asarray(event)
    events = int(np.count_nonzero((codes == cause) & (np.asarray(time) <= horizon)))
    estimates = []
    for position, value in enumerate(_summaries(data, fitted - data.risk)):
        lower, upper, how = _distance_interval(
            value, [one[position] for one in drawn], [one[position] for one in chance], bootstrap
        )
        estimates.append(Estimate(value, lower, upper, scored.n, events, f"{words}; {how}"))
    ici, e50, e90, e_max = estimates
    return CalibrationErrors(ici, e50, e90, e_max)


def pseudo_scored(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float, cause: int, weights: ArrayLike | None
) -> Scored | Absent:
    """Return predictions with pseudo-values in place of outcomes, or why there is no curve to be had from them."""
    follow_up, predicted = _check(time, event, risk, horizon, cause, weights)
    absent = follow_up.beyond(horizon) or follow_up.without(cause, horizon)
    if absent:
        return absent
    known = predicted[follow_up.weights > 0]
    distinct = np.unique(known).size
    if distinct < 3 or known.size < 4:
        return Absent(f"{known.size} patients with {distinct} distinct predicted risks are too few for a smooth curve")
    return Scored(pseudo_outcomes(follow_up, cause, horizon), predicted, None if weights is None else follow_up.weights)


def _check(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, horizon: float, cause: int, weights: ArrayLike | None
) -> tuple[FollowUp, Floats]:
    follow_up = check_causes(time, event, cause, weights)
    check_horizon(horizon)
    return follow_up, check_values(risk, "risk", follow_up.n, is_risk=True)
