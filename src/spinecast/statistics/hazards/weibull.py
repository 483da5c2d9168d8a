"""The Weibull accelerated failure time model, by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.hazards.cox import check_covariates
from spinecast.statistics.hazards.partial_likelihood import Derivatives, maximise
from spinecast.statistics.survival.follow_up import check_follow_up

__all__ = ["WeibullFit", "fit_weibull"]


@dataclass(frozen=True)
class WeibullFit:
    """A fitted Weibull model, log T = intercept + x beta + scale times a standard minimum extreme value.

    Parameters
    ----------
    intercept, log_scale : float
        Location and logarithm of the scale (1 / the Weibull shape).
    coefficients : ndarray of shape (p,)
        Effects on the log time; minus them over the scale are log hazard ratios.
    covariance : ndarray of shape (p + 2, p + 2)
        Of intercept, coefficients and log scale.
    log_likelihood : float
        Of the times as given, not of their logarithms.
    n, events : int
        Patients, and those with the event.
    """

    intercept: float
    coefficients: Floats
    log_scale: float
    covariance: Floats
    log_likelihood: float
    n: int
    events: int

    def survival(self, covariates: ArrayLike, time: ArrayLike) -> Floats:
        """Return S(t | x), of shape (m, number of times), for covariates of shape (m, p)."""
        location = self.intercept + (np.atleast_2d(np.asarray(covariates, dtype=np.float64)) * self.coefficients).sum(1)
        times = np.atleast_1d(np.asarray(time, dtype=np.float64))
        standard = (np.log(times)[None, :] - location[:, None]) / np.exp(self.log_scale)
        return np.asarray(np.exp(-np.exp(standard)))


def fit_weibull(time: ArrayLike, event: ArrayLike, covariates: ArrayLike) -> WeibullFit | Absent:
    """Fit the Weibull model to right-censored times (Kalbfleisch & Prentice 2002), as R's ``survival::survreg``.

    With z = (log t - location)/scale a patient with the event adds z - exp(z) - log(scale) - log(t) to the
    log-likelihood, a censored one -exp(z). It is maximised in location/scale and 1/scale, in which it is concave:
    z is linear in them, and -exp(z) and log(1/scale) are concave.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, positive.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.
    covariates : array-like of shape (n, p) or (n,)
        Finite numbers.

    Returns
    -------
    WeibullFit or Absent
        Absent when nobody had the event, a covariate does not vary or depends on others, or the likelihood has no
        highest point.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is not positive, an event is neither 0 nor 1 or a number is not
        finite.
    """
    follow_up = check_follow_up(time, event, causes=False)
    x = check_covariates(covariates, follow_up.n)
    if follow_up.time.min() <= 0:
        raise ValueError("time must be positive for a Weibull model")
    absent = follow_up.without(1)
    if absent:
        return absent
    centre, spread = x.mean(axis=0), x.std(axis=0)
    if not (spread > 1e-12 * (1 + np.abs(centre))).all():
        return Absent(f"covariate {int(np.argmin(spread))} has one value in all patients")
    log_time, happened = np.log(follow_up.time), (follow_up.event == 1).astype(np.float64)
    middle = float(log_time.mean())
    # z = shape log(t) - x theta: log(time) is centred, so that at shape 1 and theta 0 no exponential overflows.
    design = np.column_stack((np.ones(follow_up.n), (x - centre) / spread, middle - log_time))

    def evaluate(shifted: Floats) -> Derivatives:
        # Newton starts at 0: the last coordinate is the shape minus 1.
        theta = np.append(shifted[:-1], 1 + shifted[-1])
        if theta[-1] <= 0:
            return Derivatives(-np.inf, np.zeros(theta.size), np.eye(theta.size))
        z = -(design * theta).sum(axis=1)
        with np.errstate(over="ignore"):
            hazard = np.exp(z)
        if not np.isfinite(hazard).all():
            return Derivatives(-np.inf, np.zeros(theta.size), np.eye(theta.size))
        value = float(happened @ (z + np.log(theta[-1]) - log_time) - hazard.sum())
        score = design.T @ (hazard - happened)
        score[-1] += happened.sum() / theta[-1]
        information = design.T @ (hazard[:, None] * design)
        information[-1, -1] += happened.sum() / theta[-1] ** 2
        return Derivatives(value, score, information)

    best = maximise(evaluate, design.shape[1])
    if isinstance(best, Absent):
        return Absent("the likelihood has no highest point, or the covariates depend on each other linearly")
    shape = 1 + float(best.coefficients[-1])
    theta = best.coefficients[:-1] / shape
    coefficients = theta[1:] / spread
    intercept = float(theta[0] + middle - centre @ coefficients)
    change = _change_of_parameters(theta, shape, centre, spread)
    return WeibullFit(
        intercept,
        coefficients,
        float(-np.log(shape)),
        change @ best.covariance @ change.T,
        best.highest.value,
        follow_up.n,
        follow_up.count(1),
    )


def _change_of_parameters(theta: Floats, shape: float, centre: Floats, spread: Floats) -> Floats:
    """Return the derivative of intercept, coefficients and log scale by the parameters of the fit.

    ``theta`` are location parameters over the scale, divided by the shape: a change of the shape moves them by -theta /
    shape.
    """
    p = spread.size
    inner = np.zeros((p + 2, p + 2))
    inner[:-1, :-1] = np.eye(p + 1) / shape
    inner[:-1, -1] = -theta / shape
    inner[-1, -1] = -1 / shape
    outer = np.eye(p + 2)
    outer[0, 1:-1] = -centre / spread
    outer[1:-1, 1:-1] = np.diag(1 / spread)
    return np.asarray(outer @ inner, dtype=np.float64)
