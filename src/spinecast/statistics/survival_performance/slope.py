"""Calibration intercept and slope at a horizon, for risks and for the linear predictor of a Cox model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.hazards.cox import fit_cox
from spinecast.statistics.survival.competing import check_causes
from spinecast.statistics.survival.follow_up import check_follow_up, check_horizon, check_values
from spinecast.statistics.survival.ipcw import resolve
from spinecast.statistics.survival.pseudo_values import pseudo_outcomes

__all__ = [
    "RiskScale",
    "cox_calibration_slope",
    "horizon_calibration_in_the_large",
    "horizon_calibration_slope",
]

RiskScale = Literal["cloglog", "logit"]
WORDS = {"cloglog": "complementary log-log", "logit": "log-odds"}
MAXIMUM_STEPS = 100
STEP_TOLERANCE = 1e-9


@dataclass(frozen=True)
class _Line:
    """Coefficients of a regression of pseudo-values with their sandwich covariance."""

    coefficients: Floats
    covariance: Floats


def horizon_calibration_in_the_large(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
    *,
    scale: RiskScale = "cloglog",
) -> Measure:
    """Calibration-in-the-large at a horizon: the shift the predictions need; 0 is perfect, above 0 they are too low.

    The intercept of a regression of pseudo-values (:func:`pseudo_values`) on the predicted risk, carried to the scale
    named, as an offset (van Geloven et al. 2022, BMJ 377:e069249). On the complementary log-log scale, log(-log(1 -
    risk)), a shift multiplies every cumulative (subdistribution) hazard by exp(shift). On the log-odds scale it is
    :func:`calibration_in_the_large` where nobody is censored. Quasi-likelihood with variance m(1 - m), robust
    (sandwich) standard error, Wald interval.

    Parameters
    ----------
    time, event, horizon, cause, weights
        As :func:`horizon_observed_expected_ratio`.
    risk : array-like of shape (n,)
        Predicted probability of the event by the horizon.
    scale : {"cloglog", "logit"}
        Scale of the predictions.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up, all or none had the event by then, or a risk is exactly 0 or
        1.

    Raises
    ------
    ValueError
        As :func:`horizon_observed_expected_ratio`.
    """
    return _calibration(time, event, risk, horizon, cause, weights, scale, slope=False)


def horizon_calibration_slope(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
    *,
    scale: RiskScale = "cloglog",
) -> Measure:
    """Calibration slope at a horizon; 1 is perfect, below 1 risks are too extreme.

    The slope of the regression of :func:`horizon_calibration_in_the_large` with the transformed risk as covariate in
    place of offset.

    Parameters
    ----------
    time, event, risk, horizon, cause, weights, scale
        As :func:`horizon_calibration_in_the_large`.

    Returns
    -------
    Estimate or Absent
        Absent as for :func:`horizon_calibration_in_the_large`, and when all risks are equal.

    Raises
    ------
    ValueError
        As :func:`horizon_observed_expected_ratio`.
    """
    return _calibration(time, event, risk, horizon, cause, weights, scale, slope=True)


def cox_calibration_slope(
    time: ArrayLike,
    event: ArrayLike,
    linear_predictor: ArrayLike,
    horizon: float | None = None,
    weights: ArrayLike | None = None,
) -> Measure:
    """Coefficient of a linear predictor in a Cox model of new patients; 1 is perfect, below 1 it is too extreme.

    (van Houwelingen 2000, Stat Med 19:3401; McLernon et al. 2023, Ann Intern Med 176:105.) Follow-up is cut at the
    horizon, so that only what happened by then counts. Ties by Efron; the interval is Wald, with the robust standard
    error where patients are weighted. For a model that gives risks the linear predictor is log(-log(1 - risk)).

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.
    linear_predictor : array-like of shape (n,)
        Log hazard ratios of the model that is tested.
    horizon : float, optional
        All follow-up counts where it is not given.
    weights : array-like of shape (n,), optional
        Case weights.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up, nobody had the event by then, the linear predictor does not
        vary, or it orders the events without exception.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is neither 0 nor 1 or the horizon is not
        positive.
    """
    follow_up = check_follow_up(time, event, weights, causes=False)
    values = check_values(linear_predictor, "linear_predictor", follow_up.n)
    until = follow_up.longest if horizon is None else check_horizon(horizon)
    absent = follow_up.beyond(until) or follow_up.without(1, until)
    if absent:
        return absent
    counted = (follow_up.event == 1) & (follow_up.time <= until)
    fit = fit_cox(np.minimum(follow_up.time, until), counted, values, weights=weights)
    if isinstance(fit, Absent):
        return fit
    slope = float(fit.coefficients[0])
    errors = fit.standard_errors if weights is None else fit.robust_standard_errors
    half = NORMAL_975 * float(errors[0])
    method = f"Cox model, Wald{'' if weights is None else ', robust'}"
    return Estimate(slope, slope - half, slope + half, follow_up.n, follow_up.count(1, until), method)


def _calibration(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int,
    weights: ArrayLike | None,
    scale: RiskScale,
    *,
    slope: bool,
) -> Measure:
    if scale not in WORDS:
        raise ValueError(f"scale must be cloglog or logit, not {scale}")
    follow_up = check_causes(time, event, cause, weights)
    predicted = check_values(risk, "risk", follow_up.n, is_risk=True)
    known = resolve(follow_up, cause, check_horizon(horizon))
    if isinstance(known, Absent):
        return known
    outcome = pseudo_outcomes(follow_up, cause, horizon)
    certain = int(np.count_nonzero((predicted <= 0) | (predicted >= 1)))
    if certain:
        return Absent(
            f"{certain} of {follow_up.n} predicted risks are exactly 0 or 1: they cannot be carried to the scale"
        )
    covariate = np.log(-np.log1p(-predicted)) if scale == "cloglog" else logit(predicted)
    if slope and np.ptp(covariate) <= 1e-12 * max(1.0, float(np.abs(covariate).max())):
        return Absent("all predicted risks are equal: there is no slope")
    line = _regress(outcome, covariate, follow_up.weights, scale, slope=slope)
    if line is None:
        return Absent("the regression of the pseudo-values has no finite solution")
    value, half = float(line.coefficients[-1]), NORMAL_975 * float(np.sqrt(line.covariance[-1, -1]))
    method = f"pseudo-values, {WORDS[scale]} scale, Wald, robust"
    return Estimate(value, value - half, value + half, follow_up.n, follow_up.count(cause, horizon), method)


def _regress(outcome: Floats, covariate: Floats, weights: Floats, scale: RiskScale, *, slope: bool) -> _Line | None:
    """Solve sum of w m'/(m (1 - m)) (y - m) z = 0 by Fisher's scoring from the predictions as they are."""
    ones = np.ones((covariate.size, 1))
    design = np.column_stack((ones, covariate)) if slope else ones
    offset = np.zeros_like(covariate) if slope else covariate
    beta = np.array([0.0, 1.0] if slope else [0.0])
    for _ in range(MAXIMUM_STEPS):
        mean, derivative = _inverse_link(offset + (design * beta).sum(axis=1), scale)
        variance = mean * (1 - mean)
        factor = weights * derivative / variance
        information = design.T @ ((factor * derivative)[:, None] * design)
        if not (np.isfinite(information).all() and np.linalg.cond(information) < 1e14):
            return None
        terms = (factor * (outcome - mean))[:, None] * design
        step = np.linalg.solve(information, terms.sum(axis=0))
        # A long step would leave the range in which the linearisation means anything.
        step *= min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-300))
        beta = beta + step
        if np.abs(step).max() <= STEP_TOLERANCE * (1 + np.abs(beta).max()):
            spread = np.linalg.solve(information, terms.T)
            return _Line(beta, spread @ spread.T)
    return None


def _inverse_link(linear: Floats, scale: RiskScale) -> tuple[Floats, Floats]:
    """Return means, kept off 0 and 1, and their derivatives."""
    if scale == "logit":
        mean = np.clip(expit(linear), 1e-12, 1 - 1e-12)
        return mean, mean * (1 - mean)
    hazard = np.exp(np.clip(linear, -27.0, 3.3))
    mean = -np.expm1(-hazard)
    return mean, np.asarray(hazard * (1 - mean), dtype=np.float64)
