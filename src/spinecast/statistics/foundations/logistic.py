"""Logistic regression of an outcome on one covariate, by Newton's method: the engine of (re)calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from spinecast.statistics.foundations.inputs import Floats, check_scored

__all__ = [
    "LogisticFit",
    "LogisticRecalibration",
    "fit_line",
    "fit_logistic_recalibration",
    "fit_shift",
    "is_separated",
]

MAXIMUM_STEPS = 100
STEP_TOLERANCE = 1e-9  # Newton doubles the digits at each step: the one after this would be of 1e-18
# Relative determinant of the 2 x 2 information matrix below which its inverse has lost all digits.
SINGULAR = 1e-14


@dataclass(frozen=True)
class LogisticFit:
    """Maximum-likelihood estimates of ``log-odds = offset + intercept + slope * covariate`` with standard errors."""

    intercept: float
    intercept_se: float
    slope: float
    slope_se: float


@dataclass(frozen=True)
class LogisticRecalibration:
    """The straight line that maps a score to recalibrated log-odds.

    Parameters
    ----------
    intercept, slope : float
        ``log-odds = intercept + slope * score``; both finite.
    method : str
        How the line was found.
    """

    intercept: float
    slope: float
    method: str = "maximum likelihood"

    def apply(self, log_odds: ArrayLike) -> Floats:
        """Return recalibrated log-odds."""
        return self.intercept + self.slope * np.asarray(log_odds, dtype=np.float64)


def fit_shift(target: Floats, offset: Floats, weights: Floats) -> LogisticFit:
    """Fit the intercept alone, the offset held at slope 1; both outcome classes must be there.

    The score equation falls in the intercept and changes sign between the intercepts that bring the highest and the
    lowest prediction to the observed proportion, so Newton's steps are kept inside that shrinking bracket.
    """
    aim = float(logit(np.average(target, weights=weights)))
    low, high = aim - float(offset.max()), aim - float(offset.min())
    intercept = aim - float(np.average(offset, weights=weights))
    information = 0.0
    for _ in range(MAXIMUM_STEPS):
        log_odds = offset + intercept
        mean = expit(log_odds)
        score = float(np.sum(weights * (target - mean)))
        # 1 - mean would lose all digits where the mean is near 1.
        information = float(np.sum(weights * mean * expit(-log_odds)))
        low, high = (intercept, high) if score > 0 else (low, intercept)
        following = intercept + score / information if information > 0 else np.inf
        if not low <= following <= high:
            following = (low + high) / 2
        step, intercept = following - intercept, following
        if abs(step) <= STEP_TOLERANCE * (1 + abs(intercept)):
            break
    return LogisticFit(intercept, float(information**-0.5) if information > 0 else np.inf, 1.0, 0.0)


def fit_line(target: Floats, covariate: Floats, weights: Floats) -> LogisticFit | None:
    """Fit intercept and slope; the covariate must vary and both outcome classes be there.

    None where no finite maximum is reached: the classes are separated (see :func:`is_separated`), or so nearly that the
    information matrix cannot be inverted.
    """
    # Standardised, the two parameters are nearly orthogonal and Newton's steps well scaled.
    centre = float(np.average(covariate, weights=weights))
    spread = float(np.sqrt(np.average((covariate - centre) ** 2, weights=weights)))
    z = (covariate - centre) / spread
    a, b = float(logit(np.average(target, weights=weights))), 0.0
    likelihood = _log_likelihood(target, a + b * z, weights)
    cov_aa = cov_ab = cov_bb = 0.0
    for _ in range(MAXIMUM_STEPS):
        mean = expit(a + b * z)
        residual, variance = weights * (target - mean), weights * mean * (1 - mean)
        h_aa, h_ab, h_bb = float(np.sum(variance)), float(np.sum(variance * z)), float(np.sum(variance * z * z))
        determinant = h_aa * h_bb - h_ab**2
        if not determinant > SINGULAR * h_aa * h_bb:
            return None
        cov_aa, cov_ab, cov_bb = h_bb / determinant, -h_ab / determinant, h_aa / determinant
        g_a, g_b = float(np.sum(residual)), float(np.sum(residual * z))
        step_a, step_b = cov_aa * g_a + cov_ab * g_b, cov_ab * g_a + cov_bb * g_b
        for _ in range(30):
            trial = _log_likelihood(target, a + step_a + (b + step_b) * z, weights)
            if trial >= likelihood - 1e-10 * (1 + abs(likelihood)):
                break
            step_a, step_b = step_a / 2, step_b / 2
        a, b, likelihood = a + step_a, b + step_b, trial
        if max(abs(step_a), abs(step_b)) <= STEP_TOLERANCE * (1 + abs(a) + abs(b)):
            break
    else:
        return None
    shift = centre / spread
    variance_intercept = cov_aa - 2 * shift * cov_ab + shift**2 * cov_bb
    return LogisticFit(a - b * shift, float(variance_intercept**0.5), b / spread, float(cov_bb**0.5) / spread)


def is_separated(outcome: Floats, covariate: Floats, weights: Floats) -> bool:
    """Say whether one covariate separates the classes, so that no finite slope maximises the likelihood.

    With one covariate this is exact: the ranges of the covariate in the two classes share at most one end point
    (Albert & Anderson 1984, Biometrika 71:1). Both classes must be there.
    """
    known = weights > 0
    with_event, without = covariate[known & (outcome == 1)], covariate[known & (outcome == 0)]
    return bool(with_event.min() >= without.max() or without.min() >= with_event.max())


def fit_logistic_recalibration(
    outcome: ArrayLike, log_odds: ArrayLike, weights: ArrayLike | None = None, *, smoothed_targets: bool = False
) -> LogisticRecalibration:
    """Fit the straight line that recalibrates a score; always finite.

    The line is the maximum-likelihood logistic regression of the outcome on the score (Cox 1958, Biometrika 45:562).
    Where no finite maximum exists because the score separates the classes, the outcomes are replaced by Platt's
    smoothed targets (N1 + 1)/(N1 + 2) and 1/(N0 + 2), N1 and N0 being the (weighted) numbers with and without the
    outcome (Platt 1999, Advances in Large Margin Classifiers, eq. 11), whose likelihood always has one. Where the
    score does not vary, or all patients have one outcome, no slope can be learnt: it stays 1 and the intercept alone
    is fitted, to the smoothed targets when there is only one outcome. ``method`` says which of these happened.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    log_odds : array-like of shape (n,)
        The score to recalibrate: log-odds, or any finite number.
    weights : array-like of shape (n,), optional
        Case weights.
    smoothed_targets : bool
        Use Platt's targets even where the maximum-likelihood line exists.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1 or a number is not finite.
    """
    scored = check_scored(outcome, log_odds, weights, is_risk=False)
    target, score, cases = scored.outcome, scored.score, scored.case_weights
    one_class = scored.missing_class() is not None
    known = score[cases > 0]
    flat = bool(known.max() - known.min() <= 1e-12 * max(1.0, float(np.abs(known).max())))
    line = None
    if not (smoothed_targets or one_class or flat or is_separated(target, score, cases)):
        line = fit_line(target, score, cases)
    if line is not None:
        return LogisticRecalibration(line.intercept, line.slope, "maximum likelihood")
    smooth = smoothed_targets or one_class or not flat
    words = "Platt's smoothed targets" if smooth else "maximum likelihood"
    target = _platt_targets(target, cases) if smooth else target
    line = None if flat or one_class else fit_line(target, score, cases)
    if line is None:
        reason = "only one outcome" if one_class else "the score does not vary" if flat else "no slope can be told"
        return LogisticRecalibration(
            fit_shift(target, score, cases).intercept, 1.0, f"{words}, slope kept at 1: {reason}"
        )
    return LogisticRecalibration(line.intercept, line.slope, words)


def _platt_targets(outcome: Floats, weights: Floats) -> Floats:
    with_event, without = float(np.sum(weights * outcome)), float(np.sum(weights * (1 - outcome)))
    return np.where(outcome == 1, (with_event + 1) / (with_event + 2), 1 / (without + 2))


def _log_likelihood(target: Floats, log_odds: Floats, weights: Floats) -> float:
    return float(np.sum(weights * (target * log_odds - np.logaddexp(0, log_odds))))
