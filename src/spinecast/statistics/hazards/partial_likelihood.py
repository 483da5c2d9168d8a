"""Newton's method for partial likelihoods, and the risk sets of Cox's with ties, weights, strata and late entry."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Booleans, Floats
from spinecast.statistics.survival.follow_up import Integers

__all__ = ["Derivatives", "Maximum", "RiskSets", "SetsAt", "maximise", "spreads_too_far"]

MAXIMUM_STEPS = 40
STEP_TOLERANCE = 1e-9  # in standard deviations of a covariate; Newton doubles the digits at each step
# Condition of the scaled information matrix past which a covariate counts as a combination of the others.
SINGULAR = 1e12
LARGEST_SPREAD = 600.0
NOTHING = 1e-10  # information on a coefficient, in standard deviations of its covariate, that is rounding
# Share of the information at 0 below which, in some direction, a coefficient is on its way to infinity.
VANISHED = 1e-9


@dataclass(frozen=True)
class Derivatives:
    """A log-likelihood at some coefficients, with its gradient and the negative of its matrix of second derivatives."""

    value: float
    score: Floats
    information: Floats


@dataclass(frozen=True)
class Maximum:
    """Where a log-likelihood is highest, what it is there and what it is at coefficients of 0."""

    coefficients: Floats
    at_zero: Derivatives
    highest: Derivatives
    covariance: Floats


def maximise(evaluate: Callable[[Floats], Derivatives], size: int) -> Maximum | Absent:
    """Maximise a concave log-likelihood by Newton's method from 0, steps halved while they do not climb."""
    beta = np.zeros(size)
    start = current = evaluate(beta)
    covariance = _inverse(current.information)
    if covariance is None:
        return Absent("the covariates do not vary among the patients at risk, or depend on each other linearly")
    for _ in range(MAXIMUM_STEPS):
        step = full = covariance @ current.score
        for _ in range(30):
            trial = evaluate(beta + step)
            if trial.value >= current.value - 1e-10 * (1 + abs(current.value)):
                break
            step = step / 2
        else:
            return _infinite()
        beta, current = beta + step, trial
        covariance = _inverse(current.information)
        if covariance is None or _has_vanished(current.information, start.information):
            return _infinite()
        # A step that was halved is short for another reason than being near the top.
        if np.abs(full).max() <= STEP_TOLERANCE * (1 + np.abs(beta).max()):
            return Maximum(beta, start, current, covariance)
    return _infinite()


def spreads_too_far(covariates: Floats, beta: Floats, factors: int = 1) -> bool:
    """Whether relative hazards, or products of some, would differ by more than a floating-point number can hold."""
    linear = (covariates * beta).sum(axis=1)
    return bool((linear.max() - linear.min()) * factors > LARGEST_SPREAD)


def _infinite() -> Absent:
    return Absent("the partial likelihood has no highest point: a covariate orders the events without exception")


def _has_vanished(information: Floats, at_zero: Floats) -> bool:
    root = np.linalg.inv(np.linalg.cholesky(at_zero))
    return bool(np.linalg.eigvalsh(root @ information @ root.T)[0] < VANISHED)


def _inverse(information: Floats) -> Floats | None:
    if not (np.isfinite(information).all() and (np.diag(information) > NOTHING).all()):
        return None
    scale = np.sqrt(np.diag(information))
    scaled = information / np.outer(scale, scale)
    values = np.linalg.eigvalsh(scaled)
    return np.linalg.inv(scaled) / np.outer(scale, scale) if values[0] * SINGULAR > values[-1] else None


@dataclass(frozen=True)
class SetsAt:
    """The risk sets at some coefficients. An event is a step; ``s`` steps, ``n`` rows, ``p`` covariates.

    Parameters
    ----------
    relative : ndarray of shape (n,)
        Hazard of each row relative to ``exp(shift)``, without its case weight.
    shift : float
        Subtracted from the linear predictors before they were exponentiated.
    linear : ndarray of shape (n,)
        Linear predictors.
    hazard : ndarray of shape (s,)
        What each step adds to the baseline cumulative hazard, in units of ``exp(-shift)``.
    denominators : ndarray of shape (s,)
        Sum of the weighted relative hazards at risk.
    means : ndarray of shape (s, p)
        Mean of the covariates at risk, weighted by hazard.
    """

    relative: Floats
    shift: float
    linear: Floats
    hazard: Floats
    denominators: Floats
    means: Floats


class RiskSets:
    """Who is at risk at each event time of each stratum. Sorted once; every sum over a risk set is a running sum.

    With Efron's ties (1977, J Am Stat Assoc 72:557) the l-th of d tied events (l = 0 ... d - 1) leaves the share l/d of
    all d out of its risk set; with Breslow's (1974, Biometrics 30:89) all d stay in. Tied events share their mean case
    weight, as in R's ``survival::coxph``.

    Parameters
    ----------
    entry, time : ndarray of shape (n,)
        Each row is at risk after ``entry`` up to and including ``time``.
    event : ndarray of shape (n,)
        Whether the event ended the row.
    covariates : ndarray of shape (n, p)
        Finite numbers.
    weights : ndarray of shape (n,)
        Case weights.
    stratum : ndarray of shape (n,)
        Whole numbers from 0.
    efron : bool
        Efron's ties, otherwise Breslow's.
    """

    def __init__(
        self,
        entry: Floats,
        time: Floats,
        event: Booleans,
        covariates: Floats,
        weights: Floats,
        stratum: Integers,
        *,
        efron: bool,
    ) -> None:
        self.covariates, self.weights = covariates, weights
        distinct, rank = np.unique(np.concatenate((entry, time)), return_inverse=True)
        key = rank.astype(np.intp) + np.tile(stratum, 2) * distinct.size
        ended = key[time.size :]
        self._keys, code = np.unique(ended[event], return_inverse=True)
        self.event_times, self.event_stratum = distinct[self._keys % distinct.size], self._keys // distinct.size
        # A row is at risk at the event times ``first`` to ``last``; at none where last < first.
        self.first = np.searchsorted(self._keys, key[: time.size], side="right").astype(np.intp)
        self.last = np.searchsorted(self._keys, ended, side="right").astype(np.intp) - 1
        begins = np.flatnonzero(np.diff(self.event_stratum)) + 1
        self._borders = [0, *begins.tolist(), self._keys.size]
        self._border = np.searchsorted(begins, np.arange(self._keys.size), side="right")
        order = np.argsort(code, kind="stable")
        self.events = np.flatnonzero(event)[order]
        self.at = code[order].astype(np.intp)
        count = np.bincount(self.at)
        place = np.arange(self.at.size) - np.concatenate(([0], np.cumsum(count)[:-1]))[self.at]
        self.left_out = place / count[self.at] if efron else np.zeros(self.at.size)
        self.step_weights = (np.bincount(self.at, weights=weights[self.events]) / count)[self.at]

    def evaluate(self, beta: Floats) -> Derivatives:
        """Return the partial log-likelihood and its derivatives."""
        if spreads_too_far(self.covariates, beta):
            return Derivatives(-np.inf, np.zeros(beta.size), np.eye(beta.size))
        sets = self.sets(beta)
        own = self.weights[self.events]
        value = float(own @ sets.linear[self.events])
        value -= float(self.step_weights @ (np.log(sets.denominators) + sets.shift))
        score = own @ self.covariates[self.events] - self.step_weights @ sets.means
        return Derivatives(value, score, self.information(sets, np.ones(self.at.size)))

    def sets(self, beta: Floats) -> SetsAt:
        """Return the risk sets at some coefficients."""
        # Summed row by row, not by BLAS, so that equal rows get equal predictors and tie.
        linear = (self.covariates * beta).sum(axis=1)
        shift = float(linear.max())
        relative = np.exp(linear - shift)
        weighted = relative * self.weights
        products = weighted[:, None] * self.covariates
        tied = np.bincount(self.at, weights=weighted[self.events])
        # Those with the event are at risk themselves: no rounding of the sums may leave less than them.
        denominators = np.maximum(self._at_risk(weighted), tied)[self.at] - self.left_out * tied[self.at]
        means = np.empty((self.at.size, self.covariates.shape[1]))
        for column in range(means.shape[1]):
            tied = np.bincount(self.at, weights=products[self.events, column])
            means[:, column] = self._at_risk(products[:, column])[self.at] - self.left_out * tied[self.at]
        means /= denominators[:, None]
        return SetsAt(relative, shift, linear, self.step_weights / denominators, denominators, means)

    def information(self, sets: SetsAt, factors: Floats) -> Floats:
        """Return the sum over the steps of a factor times the covariance of the covariates at risk.

        The sum over steps of the second moments at risk is a sum over rows of their own, times the hazard they were
        exposed to: no sum of matrices runs along time.
        """
        exposure = self.exposed(sets.hazard * factors) * sets.relative * self.weights
        second = self.covariates.T @ (exposure[:, None] * self.covariates)
        scaled = sets.means * (self.step_weights * factors)[:, None]
        return np.asarray(second - sets.means.T @ scaled, dtype=np.float64)

    def exposed(self, values: Floats) -> Floats:
        """Sum values of shape (s,) over the steps at which each row was at risk; an event less its shares left out."""
        steps = np.bincount(self.at, weights=values)
        # The running sum starts anew in each stratum, so that none loses its digits to the sums of another.
        running = np.concatenate([np.cumsum(steps[begin:end]) for begin, end in itertools.pairwise(self._borders)])
        present = np.flatnonzero(self.last >= self.first)
        first, last = self.first[present], self.last[present]
        late = first > np.array(self._borders)[self._border[last]]
        total = np.zeros(self.last.size)
        total[present] = running[last] - np.where(late, running[first - 1], 0.0)
        total[self.events] -= np.bincount(self.at, weights=values * self.left_out)[self.at]
        return total

    def mean_over_ties(self, values: Floats) -> Floats:
        """Return, for each step, the mean of values of shape (s,) over the events of its time."""
        return np.asarray((np.bincount(self.at, weights=values) / np.bincount(self.at))[self.at], dtype=np.float64)

    def _at_risk(self, values: Floats) -> Floats:
        k = self._keys.size
        present = self.last >= self.first
        ended = np.bincount(self.last[present], weights=values[present], minlength=k)
        entered = np.bincount(self.first[present], weights=values[present], minlength=k)
        total = np.empty(k)
        # Stratum by stratum, so that none loses its digits to the sums of another.
        for begin, end in itertools.pairwise(self._borders):
            total[begin:end] = np.cumsum(ended[begin:end][::-1])[::-1]
            total[begin : end - 1] -= np.cumsum(entered[begin + 1 : end][::-1])[::-1]
        return total
