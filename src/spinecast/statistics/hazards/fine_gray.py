"""Fine and Gray's proportional subdistribution hazards model, fitted without expanding anybody's follow-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.hazards.cox import check_covariates
from spinecast.statistics.hazards.partial_likelihood import Derivatives, maximise, spreads_too_far
from spinecast.statistics.survival.competing import check_causes
from spinecast.statistics.survival.follow_up import FollowUp, product_limit

__all__ = ["CensoringTies", "FineGrayFit", "fit_fine_gray"]

CensoringTies = Literal["after_events", "with_events"]


@dataclass(frozen=True)
class FineGrayFit:
    """A fitted subdistribution hazards model, F(t | x) = 1 - exp(-H0(t) exp(x beta)).

    Parameters
    ----------
    coefficients : ndarray of shape (p,)
        Log subdistribution hazard ratios.
    covariance : ndarray of shape (p, p)
        The sandwich of Fine & Gray, with the part that estimating the censoring distribution has in it.
    log_likelihood_null, log_likelihood : float
        Log pseudo-likelihoods without and with the covariates.
    times, baseline_hazard : ndarray of shape (k,)
        Times of the event of interest, and the cumulative baseline subdistribution hazard (all covariates 0) from each.
    n, events : int
        Patients, and those with the event of interest.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood_null: float
    log_likelihood: float
    times: Floats
    baseline_hazard: Floats
    n: int
    events: int

    @property
    def standard_errors(self) -> Floats:
        """Robust standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))

    def incidence(self, covariates: ArrayLike, time: ArrayLike) -> Floats:
        """Return the cumulative incidence, of shape (m, number of times), for covariates of shape (m, p)."""
        relative = np.exp((np.atleast_2d(np.asarray(covariates, dtype=np.float64)) * self.coefficients).sum(axis=1))
        steps = np.searchsorted(self.times, np.atleast_1d(np.asarray(time, dtype=np.float64)), side="right")
        return np.asarray(-np.expm1(-np.outer(relative, np.concatenate(([0.0], self.baseline_hazard))[steps])))


def fit_fine_gray(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    cause: int = 1,
    *,
    censoring_ties: CensoringTies = "after_events",
) -> FineGrayFit | Absent:
    """Fit the proportional subdistribution hazards model (Fine & Gray 1999, J Am Stat Assoc 94:496), ties by Breslow.

    Patients with a competing event at T stay in the risk sets of later times t with the weight G(t-)/G(T-), G being the
    probability of being uncensored. As that is a product, the sum over them is G(t-) times a running sum: one pass over
    the sorted patients instead of a row for every interval (Kawaguchi et al. 2020, R Journal 12(2):43).

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        0 where follow-up was censored, otherwise the number (1, 2, ...) of the event that ended it.
    covariates : array-like of shape (n, p) or (n,)
        Finite numbers.
    cause : int
        The event of interest.
    censoring_ties : {"after_events", "with_events"}
        Whether patients with an event at a time are out of the risk set of being censored at it, as everywhere in this
        package and in R's ``survival::finegray``, or still in it, as in ``cmprsk::crr``.

    Returns
    -------
    FineGrayFit or Absent
        Absent when nobody had the event, a covariate does not vary or depends on others, or the pseudo-likelihood has
        no highest point.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is not a code or a number is not finite.
    """
    follow_up = check_causes(time, event, cause)
    x = check_covariates(covariates, follow_up.n)
    absent = follow_up.without(cause)
    if absent:
        return absent
    centre, scale = x.mean(axis=0), x.std(axis=0)
    if not (scale > 1e-12 * (1 + np.abs(centre))).all():
        return Absent(f"covariate {int(np.argmin(scale))} has one value in all patients")
    model = _Subdistribution(follow_up, (x - centre) / scale, cause, events_first=censoring_ties == "after_events")
    best = maximise(model.evaluate, scale.size)
    if isinstance(best, Absent):
        return best
    influence = model.influence(best.coefficients) @ best.covariance
    coefficients = best.coefficients / scale
    sums = model.sums(best.coefficients)
    return FineGrayFit(
        coefficients=coefficients,
        covariance=influence.T @ influence / np.outer(scale, scale),
        log_likelihood_null=best.at_zero.value,
        log_likelihood=best.highest.value,
        times=follow_up.times[model.steps],
        baseline_hazard=np.cumsum(sums.hazard) * np.exp(-sums.shift - float(centre @ coefficients)),
        n=follow_up.n,
        events=follow_up.count(cause),
    )


@dataclass(frozen=True)
class _Sums:
    """What the risk sets of the k event times add up to at some coefficients."""

    relative: Floats
    shift: float
    linear: Floats
    hazard: Floats
    denominators: Floats
    means: Floats


class _Subdistribution:
    """Patients by time with the weights of those who had a competing event."""

    def __init__(self, follow_up: FollowUp, covariates: Floats, cause: int, *, events_first: bool) -> None:
        self._follow_up, self._x = follow_up, covariates
        self._own, self._competing = follow_up.event == cause, (follow_up.event > 0) & (follow_up.event != cause)
        self._events_first = events_first
        self._censored = follow_up.ending(0)
        self._candidates = follow_up.at_risk - (follow_up.ending() if events_first else 0.0)
        self._uncensored = np.concatenate(([1.0], product_limit(self._censored, self._candidates)))[:-1]
        events = follow_up.ending(cause)
        self.steps = np.flatnonzero(events > 0)
        self._events = events[self.steps]
        self._step_of = np.searchsorted(self.steps, follow_up.position)
        # A competing event at a time when everybody left is censored stays out: nobody is known to follow it.
        self._inverse = np.zeros(follow_up.n)
        self._inverse[self._competing] = 1 / self._uncensored[follow_up.position[self._competing]]

    def sums(self, beta: Floats) -> _Sums:
        """Return the risk sets' sums."""
        linear = (self._x * beta).sum(axis=1)
        shift = float(linear.max())
        relative = np.exp(linear - shift)
        denominators = self._at_risk(relative)
        means = np.column_stack([self._at_risk(relative * column) for column in self._x.T]) / denominators[:, None]
        return _Sums(relative, shift, linear, self._events / denominators, denominators, means)

    def evaluate(self, beta: Floats) -> Derivatives:
        """Return the log pseudo-likelihood and its derivatives."""
        if spreads_too_far(self._x, beta):
            return Derivatives(-np.inf, np.zeros(beta.size), np.eye(beta.size))
        sums = self.sums(beta)
        value = float(sums.linear[self._own].sum() - self._events @ (np.log(sums.denominators) + sums.shift))
        score = self._x[self._own].sum(axis=0) - self._events @ sums.means
        exposure = self._exposed(sums.hazard) * sums.relative
        second = self._x.T @ (exposure[:, None] * self._x)
        return Derivatives(value, score, second - sums.means.T @ (sums.means * self._events[:, None]))

    def influence(self, beta: Floats) -> Floats:
        """Return each patient's part in the score: its own residual and what it does to the weights.

        The second is the integral of q/Y over the patient's censoring martingale, q(u) being what a change of G at u
        does to the score through the weights of those with a competing event by u at the event times after u.
        """
        sums, position = self.sums(beta), self._follow_up.position
        k = self._follow_up.times.size
        own = np.flatnonzero(self._own)
        exposure, inverse = self._exposed(sums.hazard), self._inverse * sums.relative
        gone = self._running(inverse)
        later = self._later(sums.hazard)
        at_risk = self._candidates
        parts = np.empty_like(self._x)
        for column in range(self._x.shape[1]):
            x, mean = self._x[:, column], sums.means[:, column]
            score = -sums.relative * (x * exposure - self._exposed(sums.hazard * mean))
            score[own] += x[own] - mean[self._step_of[own]]
            change = self._running(inverse * x) * later - gone * self._later(sums.hazard * mean)
            slope = np.divide(change, at_risk, out=np.zeros(k), where=at_risk > 0)
            hazard = np.divide(self._censored, at_risk, out=np.zeros(k), where=at_risk > 0)
            passed = np.concatenate(([0.0], np.cumsum(slope * hazard)))
            censored = self._follow_up.event == 0
            candidate = censored | (not self._events_first)
            score += np.where(censored, slope[position], 0.0) - passed[position + candidate]
            parts[:, column] = score
        return parts

    def _running(self, values: Floats) -> Floats:
        """Sum values over the patients whose follow-up ended by each distinct time."""
        return np.asarray(np.cumsum(self._follow_up.total(values)), dtype=np.float64)

    def _later(self, values: Floats) -> Floats:
        """Sum values of the event times, times G there, over those after each distinct time."""
        at = np.zeros(self._follow_up.times.size + 1)
        at[self.steps] = values * self._uncensored[self.steps]
        return np.asarray(np.cumsum(at[::-1])[::-1][1:], dtype=np.float64)

    def _at_risk(self, values: Floats) -> Floats:
        still = np.cumsum(self._follow_up.total(values)[::-1])[::-1]
        gone = np.concatenate(([0.0], self._running(values * self._inverse)[:-1]))
        return np.asarray(still + self._uncensored * gone, dtype=np.float64)[self.steps]

    def _exposed(self, values: Floats) -> Floats:
        """Sum values of the event times over each patient's time at risk, weighted after a competing event."""
        at = np.zeros(self._follow_up.times.size)
        at[self.steps] = values
        position = self._follow_up.position
        return np.asarray(np.cumsum(at)[position] + self._inverse * self._later(values)[position], dtype=np.float64)
