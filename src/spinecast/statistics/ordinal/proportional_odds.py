"""The proportional-odds model: one regression for every threshold of an ordered outcome, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import expit, log_expit, logit

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.ordinal.levels import Integers, check_levels

__all__ = ["ProportionalOdds", "fit_proportional_odds"]

MAXIMUM_STEPS = 100
STEP_TOLERANCE = 1e-9  # in standard deviations of the covariates; Newton doubles the digits at each step
# Coefficients of this size, a standard deviation, mean that a covariate separates the levels.
DIVERGED = 1e2


@dataclass(frozen=True)
class ProportionalOdds:
    """``log-odds of reaching level k = intercepts[k - 1] + covariates @ coefficients``, k from 1.

    Parameters
    ----------
    intercepts : ndarray of shape (thresholds,)
        Falling: the lines of two thresholds are parallel and never cross.
    coefficients : ndarray of shape (k,)
        Positive where a higher value goes with a higher level.
    log_likelihood : float
        Without the penalty, natural logarithm.
    """

    intercepts: Floats
    coefficients: Floats
    log_likelihood: float

    def log_odds(self, covariates: ArrayLike) -> Floats:
        """Log-odds of reaching each level above the lowest, shape (n, thresholds)."""
        linear = np.asarray(covariates, dtype=np.float64) @ self.coefficients
        return np.asarray(self.intercepts + linear[:, None], dtype=np.float64)


def fit_proportional_odds(
    levels: ArrayLike, covariates: ArrayLike, *, penalty: float = 0.0
) -> ProportionalOdds | Absent:
    """Fit cumulative log-odds with common coefficients (McCullagh 1980, J R Stat Soc B 42:109).

    What is maximised is ``log-likelihood / n - penalty / 2 * sum of squared coefficients``: a ridge penalty, as in R's
    ``rms::lrm`` with ``penalty`` n times this one and the identity as its matrix. The likelihood is concave (Pratt
    1981, J Am Stat Assoc 76:103), so Newton's steps, halved where they lose likelihood, reach its only maximum.

    Parameters
    ----------
    levels : array-like of shape (n,)
        Whole numbers from 0; every level up to the highest must occur.
    covariates : array-like of shape (n, k)
        Without a column of ones. The penalty acts on them as they are given.
    penalty : float
        Not negative.

    Returns
    -------
    ProportionalOdds or Absent
        Absent where a level does not occur, a covariate does not vary and nothing is penalised, or the covariates
        separate the levels so that no finite estimate exists.

    Raises
    ------
    ValueError
        If lengths differ, a level is no whole number, a covariate is not finite, or the penalty is negative.
    """
    observed, design = check_levels(levels), np.asarray(covariates, dtype=np.float64)
    if design.ndim != 2 or len(design) != len(observed) or not np.isfinite(design).all():
        raise ValueError(f"covariates of shape {design.shape} are not {len(observed)} rows of finite numbers")
    if penalty < 0:
        raise ValueError("a penalty is not negative")
    counts = np.bincount(observed)
    if len(counts) < 2 or not counts.all():
        return Absent("a level does not occur")
    centre, spread = design.mean(axis=0), design.std(axis=0)
    constant = spread <= 1e-12 * np.maximum(1.0, np.abs(centre))
    if constant.any() and penalty == 0:
        return Absent("a covariate does not vary")
    spread = np.where(constant, 1.0, spread)
    standard = np.where(constant, 0.0, (design - centre) / spread)
    found = _newton(_Likelihood(observed, standard, penalty * len(observed) / spread**2))
    if isinstance(found, Absent):
        return found
    intercepts, coefficients, log_likelihood = found
    coefficients = coefficients / spread
    return ProportionalOdds(intercepts - float(centre @ coefficients), coefficients, log_likelihood)


class _Likelihood:
    """Log-likelihood with its gradient and curvature, thresholds before coefficients.

    A patient of level y lies between two lines: above ``upper``, the log-odds of reaching y, and below ``lower``, those
    of reaching y + 1. Differences of probabilities are taken as products, which keep their digits in the tails.
    """

    def __init__(self, levels: Integers, design: Floats, ridge: Floats) -> None:
        self.levels, self.design, self.ridge = levels, design, ridge
        self.thresholds = int(levels.max())
        reached = (levels[:, None] >= np.arange(1, self.thresholds + 1)).mean(axis=0)
        self.start = np.concatenate([logit(reached), np.zeros(design.shape[1])])

    def value(self, estimate: Floats) -> float:
        """Log-likelihood; minus infinity where the thresholds are out of order."""
        if (np.diff(estimate[: self.thresholds]) >= 0).any():
            return -np.inf
        upper, lower = self._lines(estimate)
        return float(np.sum(log_expit(upper) + log_expit(-lower) + np.log(-np.expm1(lower - upper))))

    def penalised(self, estimate: Floats) -> float:
        """Log-likelihood less the penalty."""
        return self.value(estimate) - float(self.ridge @ estimate[self.thresholds :] ** 2) / 2

    def derivatives(self, estimate: Floats) -> tuple[Floats, Floats]:
        """Gradient, and minus the matrix of second derivatives, of the penalised log-likelihood."""
        upper, lower = self._lines(estimate)
        between = -np.expm1(lower - upper)
        above, below = expit(upper), expit(lower)
        by_upper = expit(-upper) / (expit(-lower) * between)
        by_lower = -below / (above * between)
        # Second derivatives of the logarithm of a patient's probability.
        curve_upper = by_upper * (1 - 2 * above) - by_upper**2
        curve_lower = by_lower * (1 - 2 * below) - by_lower**2
        mixed = -by_upper * by_lower
        size, width = self.thresholds, self.design.shape[1]
        gradient, minus = np.zeros(size + width), np.zeros((size + width, size + width))
        own = self.levels[:, None] == np.arange(1, size + 1)
        following = self.levels[:, None] == np.arange(size)
        gradient[:size] = by_upper @ own + by_lower @ following
        gradient[size:] = (by_upper + by_lower) @ self.design
        minus[np.arange(size), np.arange(size)] = -(curve_upper @ own + curve_lower @ following)
        step = np.arange(size - 1)
        minus[step, step + 1] = minus[step + 1, step] = -(mixed @ own)[:-1]
        across = own * (curve_upper + mixed)[:, None] + following * (curve_lower + mixed)[:, None]
        minus[:size, size:] = -across.T @ self.design
        minus[size:, :size] = minus[:size, size:].T
        along = curve_upper + 2 * mixed + curve_lower
        minus[size:, size:] = -(self.design * along[:, None]).T @ self.design
        gradient[size:] -= self.ridge * estimate[size:]
        minus[size:, size:] += np.diag(self.ridge)
        return gradient, minus

    def _lines(self, estimate: Floats) -> tuple[Floats, Floats]:
        linear = self.design @ estimate[self.thresholds :]
        cuts = np.concatenate([[np.inf], estimate[: self.thresholds], [-np.inf]])
        return cuts[self.levels] + linear, cuts[self.levels + 1] + linear


def _newton(likelihood: _Likelihood) -> tuple[Floats, Floats, float] | Absent:
    estimate, reached = likelihood.start, likelihood.penalised(likelihood.start)
    size = likelihood.thresholds
    for _ in range(MAXIMUM_STEPS):
        gradient, minus = likelihood.derivatives(estimate)
        try:
            step = np.asarray(cho_solve(cho_factor(minus), gradient), dtype=np.float64)
        except LinAlgError:
            return Absent("a covariate is a combination of the others, or separates the levels")
        trial = likelihood.penalised(estimate + step)
        for _ in range(50):
            if trial >= reached - 1e-10 * (1 + abs(reached)):
                break
            step = step / 2
            trial = likelihood.penalised(estimate + step)
        estimate, reached = estimate + step, trial
        if np.abs(estimate[size:]).max(initial=0.0) > DIVERGED:
            break
        if np.abs(step).max() <= STEP_TOLERANCE * (1 + np.abs(estimate).max()):
            return estimate[:size], estimate[size:], likelihood.value(estimate)
    return Absent("the covariates separate the levels: the estimates are infinite")
