"""The variance between studies: its estimators and its interval, for any linear model of the effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import numpy as np
import scipy  # a part of it is loaded when it is used
from scipy.special import chdtri

from spinecast.statistics.foundations.inputs import Floats

__all__ = [
    "HeterogeneityMethod",
    "between_study_variance",
    "check_method",
    "generalised_q",
    "q_profile_interval",
    "typical_variance",
    "weighted_fit",
]

HeterogeneityMethod: TypeAlias = Literal["reml", "ml", "dl", "pm", "fixed"]

GRID = 160
"""Points at which the likelihood is searched for its maxima; between two of them the score has one sign change."""


def check_method(method: HeterogeneityMethod) -> HeterogeneityMethod:
    """Return the method.

    Raises
    ------
    ValueError
        If it is unknown.
    """
    if method not in get_args(HeterogeneityMethod):
        raise ValueError(f"method must be one of {', '.join(get_args(HeterogeneityMethod))}, not {method!r}")
    return method


def between_study_variance(y: Floats, variance: Floats, design: Floats, method: HeterogeneityMethod) -> float:
    """Estimate the variance between studies, never below zero.

    Parameters
    ----------
    y : ndarray of shape (k,)
        Effects.
    variance : ndarray of shape (k,)
        Sampling variances, positive.
    design : ndarray of shape (k, p)
        Columns of the linear model: a column of ones for a pooled effect, another for a moderator; k > p.
    method : {"reml", "ml", "dl", "pm", "fixed"}
        Restricted or full maximum likelihood (the global maximum; Viechtbauer 2005, J Educ Behav Stat 30:261),
        DerSimonian and Laird (1986, Control Clin Trials 7:177), Paule and Mandel (1982, J Res Natl Bur Stand 87:377),
        or zero.
    """
    degrees = int(y.size - design.shape[1])
    if method == "fixed":
        return 0.0
    if method == "dl":
        excess = generalised_q(y, variance, design, 0.0) - degrees
        return float(max(0.0, excess / float(_trace(variance, design, np.zeros(1))[0])))
    if method == "pm":
        return max(0.0, _solve_q(y, variance, design, degrees))
    return _likelihood_maximum(y, variance, design, restricted=method == "reml")


def weighted_fit(y: Floats, variance: Floats, design: Floats, tau2: float) -> tuple[Floats, Floats]:
    """Return coefficients (p,) and their covariance (p, p) by weighted least squares, weights ``1 / (v + tau2)``."""
    weights = 1 / (variance + tau2)
    covariance: Floats = np.asarray(np.linalg.inv(design.T @ (weights[:, None] * design)), dtype=np.float64)
    return covariance @ (design.T @ (weights * y)), covariance


def generalised_q(y: Floats, variance: Floats, design: Floats, tau2: float) -> float:
    """Return the weighted sum of squared residuals, weights ``1 / (v + tau2)``; Cochran's Q at zero."""
    coefficients, _ = weighted_fit(y, variance, design, tau2)
    return float(np.sum((y - design @ coefficients) ** 2 / (variance + tau2)))


def typical_variance(variance: Floats, design: Floats) -> float:
    """Return the typical sampling variance behind I2 (Higgins & Thompson 2002, Stat Med 21:1539, formula 9)."""
    degrees = int(variance.size - design.shape[1])
    return degrees / float(_trace(variance, design, np.zeros(1))[0])


def q_profile_interval(
    y: Floats, variance: Floats, design: Floats, coverage: float = 0.95
) -> tuple[float, float] | None:
    """Return the variances at which the generalised Q meets two quantiles (Viechtbauer 2007, Stat Med 26:37).

    Parameters
    ----------
    y, variance, design : ndarray
        As for :func:`between_study_variance`.
    coverage : float
        Of the interval, in (0, 1).

    Returns
    -------
    (float, float) or None
        Lower and upper end; the lower is zero at least. None when even zero leaves Q below the lower quantile.
    """
    degrees, tail = int(y.size - design.shape[1]), (1 - coverage) / 2
    upper = _solve_q(y, variance, design, float(chdtri(degrees, 1 - tail)))
    if upper < 0:
        return None
    return max(0.0, _solve_q(y, variance, design, float(chdtri(degrees, tail)))), upper


def _solve_q(y: Floats, variance: Floats, design: Floats, target: float) -> float:
    """Return the variance at which the generalised Q, which falls with it, meets a target; -1 if it starts below."""
    if generalised_q(y, variance, design, 0.0) < target:
        return -1.0
    return _root(lambda tau2: generalised_q(y, variance, design, tau2) - target, 0.0, _beyond(y, variance))


def _beyond(y: Floats, variance: Floats) -> float:
    """Return a variance to start from when looking for one that is too large."""
    return float(np.ptp(y) ** 2 + variance.max())


def _root(falling: Callable[[float], float], start: float, end: float) -> float:
    while falling(end) > 0:
        start, end = end, 4 * end
    if falling(start) <= 0:
        return start
    return float(scipy.optimize.brentq(falling, start, end, xtol=1e-15 * end, rtol=1e-14, maxiter=500))


def _likelihood_maximum(y: Floats, variance: Floats, design: Floats, *, restricted: bool) -> float:
    """Return the variance where the likelihood is highest: it may have several maxima, and one at zero."""

    def score(tau2: float) -> float:
        return float(_likelihood(y, variance, design, np.array([tau2]), restricted=restricted)[1][0])

    end = _beyond(y, variance)
    grid = np.concatenate([[0.0], np.geomspace(1e-7 * end, end, GRID)])
    values, scores = _likelihood(y, variance, design, grid, restricted=restricted)
    candidates = {0.0: float(values[0])} if scores[0] <= 0 else {}
    for place in np.flatnonzero((scores[:-1] > 0) & (scores[1:] <= 0)):
        tau2 = _root(score, float(grid[place]), float(grid[place + 1]))
        candidates[tau2] = float(_likelihood(y, variance, design, np.array([tau2]), restricted=restricted)[0][0])
    if scores[-1] > 0:
        tau2 = _root(score, end, 4 * end)
        candidates[tau2] = float(_likelihood(y, variance, design, np.array([tau2]), restricted=restricted)[0][0])
    return max(candidates, key=lambda tau2: (candidates[tau2], -tau2))


def _likelihood(
    y: Floats, variance: Floats, design: Floats, tau2: Floats, *, restricted: bool
) -> tuple[Floats, Floats]:
    """Return log-likelihood (up to a constant) and its derivative at each of several variances."""
    weights = 1 / (variance[None, :] + tau2[:, None])
    information = np.einsum("kp,gk,kq->gpq", design, weights, design)
    moments = np.einsum("kp,gk,k->gp", design, weights, y)
    coefficients = np.linalg.solve(information, moments[:, :, None])[:, :, 0]
    residuals = weights * (y - coefficients @ design.T)  # P y, row by row
    value = np.log(weights).sum(axis=1) - (residuals**2 / weights).sum(axis=1)
    slope = (residuals**2).sum(axis=1)
    if not restricted:
        return value / 2, (slope - weights.sum(axis=1)) / 2
    value = value - np.linalg.slogdet(information)[1]
    return value / 2, (slope - _trace(variance, design, tau2)) / 2


def _trace(variance: Floats, design: Floats, tau2: Floats) -> Floats:
    """Return the trace of ``P = W - W X (X'WX)^-1 X'W`` at each of several variances."""
    weights = 1 / (variance[None, :] + tau2[:, None])
    information = np.einsum("kp,gk,kq->gpq", design, weights, design)
    squared = np.einsum("kp,gk,kq->gpq", design, weights**2, design)
    return np.asarray(weights.sum(axis=1) - np.trace(np.linalg.solve(information, squared), axis1=1, axis2=2))
