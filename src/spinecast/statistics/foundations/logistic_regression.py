"""Logistic regression on several covariates, by Newton's method: what flexible calibration and resampling fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import expit, log_expit, logit

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats, check_scored

__all__ = ["LogisticRegression", "cox_snell_r2", "fit_logistic_regression", "nagelkerke_r2"]

MAXIMUM_STEPS = 60
STEP_TOLERANCE = 1e-9  # in standard deviations of the covariates; Newton doubles the digits at each step
# Log-odds that move by this much a standard deviation, or patients predicted as surely as this, mean separation.
DIVERGED = 1e3
CERTAIN = 30.0
# Smallest over largest eigenvalue of the information below which its inverse has lost all digits: steps of separated
# outcomes shrink there by rounding alone.
SINGULAR = 1e-12


@dataclass(frozen=True)
class LogisticRegression:
    """Maximum-likelihood estimates of ``log-odds = offset + coefficients[0] + covariates @ coefficients[1:]``.

    Parameters
    ----------
    coefficients : ndarray of shape (1 + k,)
        Intercept first.
    covariance : ndarray of shape (1 + k, 1 + k)
        Inverse of the information; the variance of the estimates where the case weights are counts of patients.
    log_likelihood, null_log_likelihood : float
        Of this model and of the intercept alone (without offset), natural logarithm.
    n : float
        Sum of the case weights: patients, where weights are counts.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    null_log_likelihood: float
    n: float

    @property
    def standard_errors(self) -> Floats:
        """Square roots of the variances, shape (1 + k,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def likelihood_ratio(self) -> float:
        """Twice the gain in log-likelihood over the intercept alone, chi-squared with k degrees of freedom."""
        return 2 * (self.log_likelihood - self.null_log_likelihood)

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 log-likelihood + 2 (1 + k)."""
        return -2 * self.log_likelihood + 2 * self.coefficients.size

    @property
    def bic(self) -> float:
        """Bayes' criterion (Schwarz 1978), -2 log-likelihood + (1 + k) log n."""
        return -2 * self.log_likelihood + self.coefficients.size * math.log(self.n)

    @property
    def cox_snell_r2(self) -> float:
        """Cox and Snell's generalised R2, see :func:`cox_snell_r2`."""
        return cox_snell_r2(self.likelihood_ratio, self.n)

    @property
    def nagelkerke_r2(self) -> float:
        """Nagelkerke's R2, see :func:`nagelkerke_r2`."""
        return nagelkerke_r2(self.likelihood_ratio, self.null_log_likelihood, self.n)

    @property
    def heuristic_shrinkage(self) -> float:
        """Expected slope in new patients, (LR - k)/LR (van Houwelingen & le Cessie 1990, Stat Med 9:1303)."""
        return 1 - (self.coefficients.size - 1) / self.likelihood_ratio

    def log_odds(self, covariates: ArrayLike) -> Floats:
        """Return the linear predictor of patients, shape (n,), from their covariates of shape (n, k)."""
        return np.asarray(self.coefficients[0] + np.asarray(covariates, dtype=np.float64) @ self.coefficients[1:])


def cox_snell_r2(likelihood_ratio: float, n: float) -> float:
    """Cox and Snell's generalised R2, 1 - exp(-LR/n) (Cox & Snell 1989, Analysis of Binary Data, 2nd ed., p. 208)."""
    return -math.expm1(-likelihood_ratio / n)


def nagelkerke_r2(likelihood_ratio: float, null_log_likelihood: float, n: float) -> float:
    """Cox and Snell's R2 over the largest value it can take, 1 - exp(2 l0/n) (Nagelkerke 1991, Biometrika 78:691).

    Parameters
    ----------
    likelihood_ratio : float
        Twice the log-likelihood gained over the model without predictors.
    null_log_likelihood : float
        Of the model without predictors.
    n : float
        Patients.
    """
    return cox_snell_r2(likelihood_ratio, n) / cox_snell_r2(-2 * null_log_likelihood, n)


def fit_logistic_regression(
    outcome: ArrayLike,
    covariates: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    offset: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> LogisticRegression | Absent:
    """Fit a logistic regression with an intercept, unpenalised.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    covariates : array-like of shape (n, k)
        Without a column of ones.
    weights : array-like of shape (n,), optional
        Case weights; in a bootstrap, how often each patient was drawn.
    offset : array-like of shape (n,), optional
        Part of the log-odds that is not estimated.
    start : array-like of shape (1 + k,), optional
        Coefficients to start from, as those of all patients in a resample of them; by default 0.

    Returns
    -------
    LogisticRegression or Absent
        Absent when all patients have the same outcome, a covariate is constant or a combination of others, or the
        covariates separate the outcomes, so that no finite estimate exists (Albert & Anderson 1984, Biometrika 71:1).

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1 or a number is not finite.
    """
    shift = np.zeros(np.shape(outcome)[0]) if offset is None else offset
    scored = check_scored(outcome, shift, weights, is_risk=False)
    design = _design(covariates, scored.n)
    absent = scored.missing_class()
    if absent:
        return absent
    cases = scored.case_weights
    centre = np.average(design, axis=0, weights=cases)
    spread = np.sqrt(np.average((design - centre) ** 2, axis=0, weights=cases))
    if (spread <= 1e-12 * np.maximum(1.0, np.abs(centre))).any():
        return Absent("a covariate does not vary")
    standard = np.column_stack((np.ones(scored.n), (design - centre) / spread))
    nothing = np.zeros(standard.shape[1])
    initial = nothing if start is None else _standardised(start, centre, spread)
    fitted = _newton(scored.outcome, standard, cases, scored.score, initial)
    if isinstance(fitted, Absent) and start is not None:
        fitted = _newton(scored.outcome, standard, cases, scored.score, nothing)  # the start may have been far off
    if isinstance(fitted, Absent):
        return fitted
    estimate, covariance, likelihood = fitted
    back = np.diag(np.concatenate(([1.0], 1 / spread)))
    back[0, 1:] = -centre / spread
    share = float(np.average(scored.outcome, weights=cases))
    total = float(cases.sum())
    null = total * (share * math.log(share) + (1 - share) * math.log1p(-share))
    return LogisticRegression(back @ estimate, back @ covariance @ back.T, likelihood, null, total)


def _design(covariates: ArrayLike, n: int) -> Floats:
    design = np.asarray(covariates, dtype=np.float64)
    if design.ndim != 2 or design.shape[0] != n or design.shape[1] == 0:
        raise ValueError(f"covariates must have the shape ({n}, k) with k of 1 or more, not {design.shape}")
    if not np.isfinite(design).all():
        raise ValueError(f"covariates hold {int((~np.isfinite(design)).sum())} values that are not finite")
    return design


def _standardised(start: ArrayLike, centre: Floats, spread: Floats) -> Floats:
    given = np.asarray(start, dtype=np.float64)
    if given.shape != (centre.size + 1,):
        raise ValueError(f"start must hold {centre.size + 1} coefficients, not {given.shape}")
    return np.concatenate(([given[0] + given[1:] @ centre], given[1:] * spread))


def _newton(
    outcome: Floats, design: Floats, cases: Floats, offset: Floats, initial: Floats
) -> tuple[Floats, Floats, float] | Absent:
    """Return estimate, inverse information and log-likelihood on the standardised scale."""
    estimate = initial
    if not initial.any():
        share = float(np.average(outcome, weights=cases))
        estimate = initial + np.eye(initial.size)[0] * (float(logit(share)) - float(np.average(offset, weights=cases)))
    log_odds = offset + design @ estimate
    likelihood = _log_likelihood(outcome, log_odds, cases)
    for _ in range(MAXIMUM_STEPS):
        mean = expit(log_odds)
        information = design.T @ (design * (cases * mean * expit(-log_odds))[:, None])
        try:
            factor = cho_factor(information)
        except LinAlgError:
            return _not_estimable(log_odds, cases)
        step = cho_solve(factor, design.T @ (cases * (outcome - mean)))
        estimate, log_odds, likelihood = _climb(outcome, design, cases, offset, estimate, step, likelihood)
        if not np.abs(estimate).max() < DIVERGED:
            return _not_estimable(log_odds, cases)
        if np.abs(step).max() <= STEP_TOLERANCE * (1 + np.abs(estimate).max()):
            values = np.linalg.eigvalsh(information)
            if values[0] <= SINGULAR * values[-1]:
                return _not_estimable(log_odds, cases)
            return estimate, np.asarray(cho_solve(factor, np.eye(estimate.size))), likelihood
    return _not_estimable(log_odds, cases)


def _climb(
    outcome: Floats,
    design: Floats,
    cases: Floats,
    offset: Floats,
    estimate: Floats,
    step: Floats,
    likelihood: float,
) -> tuple[Floats, Floats, float]:
    """Take the step, or as much of it (halving) as does not lose likelihood."""
    for _ in range(30):
        log_odds = offset + design @ (estimate + step)
        reached = _log_likelihood(outcome, log_odds, cases)
        if reached >= likelihood - 1e-10 * (1 + abs(likelihood)):
            break
        step = step / 2
    return estimate + step, log_odds, reached


def _not_estimable(log_odds: Floats, cases: Floats) -> Absent:
    if (np.abs(log_odds[cases > 0]) > CERTAIN).any():
        return Absent("the covariates separate patients with and without the outcome: the estimates are infinite")
    return Absent("a covariate is a combination of the others")


def _log_likelihood(outcome: Floats, log_odds: Floats, cases: Floats) -> float:
    return float(np.sum(cases * log_expit(np.where(outcome == 1, log_odds, -log_odds))))
