"""Inverse-probability-of-censoring weights with what their estimation adds to the variance of a weighted statistic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.survival.follow_up import FollowUp, Integers, product_limit

__all__ = ["Censoring", "Resolved", "influence_estimate", "resolve"]


@dataclass(frozen=True)
class Censoring:
    """The probability of being uncensored, G, and the derivative of weights 1/G by each patient's case weight.

    Parameters
    ----------
    follow_up : FollowUp
        The patients.
    until : ndarray of shape (k + 1,)
        G just before each of the k distinct times, then G after the last. At a tied time the events leave the risk set
        before the censorings.
    staying, hazard : ndarray of shape (k,)
        Weight of those who could be censored at each time and are not; proportion of those who could that are.
    """

    follow_up: FollowUp
    until: Floats
    staying: Floats
    hazard: Floats

    @classmethod
    def of(cls, follow_up: FollowUp) -> Censoring:
        """Estimate G by Kaplan-Meier, being censored taking the place of the event."""
        at_risk = follow_up.at_risk - follow_up.ending()
        censored = follow_up.ending(0)
        hazard = np.divide(censored, at_risk, out=np.zeros_like(censored), where=at_risk > 0)
        remaining = np.concatenate(([1.0], product_limit(censored, at_risk)))
        return cls(follow_up, remaining, at_risk - censored, hazard)

    def influence(self, contributions: Floats, step: Integers) -> Floats:
        """Return what each patient adds to a statistic by having a part in the estimate of G.

        For a sum of terms proportional to 1/G it is minus the sum of each term times the derivative of log G by the
        patient's case weight, times that weight. The derivative adds -(censored here - hazard) / staying over the times
        at which the patient could be censored. It is the martingale term of Blanche, Dartigues & Jacqmin-Gadda (2013,
        Stat Med 32:5381), exact in finite cohorts.

        Parameters
        ----------
        contributions : ndarray of shape (n,)
            Each patient's term.
        step : ndarray of shape (n,)
            Which value of ``until`` the term is divided by.
        """
        sums = np.bincount(step, weights=contributions, minlength=self.until.size)
        return self.influence_of_sums(sums.astype(np.float64))

    def influence_of_sums(self, sums: Floats) -> Floats:
        """Return the same from the sums of the terms that are divided by each value of ``until``, shape (k + 1,)."""
        k = self.hazard.size
        later = np.cumsum(sums[::-1])[::-1][1:]
        slope = np.divide(later, self.staying, out=np.zeros(k), where=self.staying > 0)
        passed = np.concatenate(([0.0], np.cumsum(slope * self.hazard)))
        position, censored = self.follow_up.position, self.follow_up.event == 0
        derivative = np.where(censored, slope[position] - passed[position + 1], -passed[position])
        return np.asarray(derivative * self.follow_up.weights, dtype=np.float64)


@dataclass(frozen=True)
class Resolved:
    """Who is known to have had the event by the horizon, who not, and the weights that stand for the others.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 where the event of interest came by the horizon; 0 where it did not, or where that is not known.
    weights : ndarray of shape (n,)
        Case weight over the probability of being known; 0 for patients censored before the horizon. They sum to the
        case weights.
    step : ndarray of shape (n,)
        Which value of G each weight is divided by.
    censoring : Censoring
        Where G comes from.
    events : int
        Patients known to have had the event by the horizon.
    """

    outcome: Floats
    weights: Floats
    step: Integers
    censoring: Censoring
    events: int

    @property
    def n(self) -> int:
        """Number of patients."""
        return int(self.outcome.size)

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())

    def influence(self, contributions: Floats) -> Floats:
        """Return each patient's derivative of a statistic: its own weighted term and its part in the weights."""
        return contributions + self.censoring.influence(contributions, self.step)


def resolve(
    follow_up: FollowUp, cause: int, horizon: float, censoring: Censoring | None = None, *, classes: bool = True
) -> Resolved | Absent:
    """Weight the patients whose outcome at the horizon is known (Graf et al. 1999, Stat Med 18:2529).

    The weight is 1/G(t-) for any event at t <= horizon and 1/G(horizon-) for a patient followed up to the horizon
    without one. A patient with a competing event by the horizon is known not to have had the event of interest, and
    never will (Schoop et al. 2011, Biom J 53:88; Blanche et al. 2013).

    Returns
    -------
    Resolved or Absent
        Absent when the horizon lies beyond the follow-up, or (with ``classes``) when all who are known had the event,
        or none had.
    """
    absent = follow_up.beyond(horizon)
    if absent:
        return absent
    estimated = Censoring.of(follow_up) if censoring is None else censoring
    ended = (follow_up.event > 0) & (follow_up.time <= horizon)
    known = (ended | (follow_up.time >= horizon)) & (follow_up.weights > 0)
    step = np.where(ended, follow_up.position, follow_up.before(horizon))
    weights = np.zeros(follow_up.n)
    weights[known] = follow_up.weights[known] / estimated.until[step[known]]
    outcome = np.where(ended & (follow_up.event == cause), 1.0, 0.0)
    events, size = follow_up.count(cause, horizon), int(np.count_nonzero(weights > 0))
    if classes and events in (0, size):
        return Absent(f"{'none' if events == 0 else 'all'} of {size} patients had the outcome by the horizon")
    return Resolved(outcome, weights, step, estimated, events)


def influence_estimate(
    value: float,
    influence: Floats,
    *,
    events: int,
    method: str,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    corrected: bool = True,
) -> Estimate:
    """Return an estimate with the Wald interval of the infinitesimal jackknife.

    The variance is the sum of the patients' squared derivatives (Efron 1982, The Jackknife, the Bootstrap and Other
    Resampling Plans), times n/(n - 1) where ``corrected``, as the variance of a mean has it.
    """
    n, value = influence.size, float(value)
    variance = float(np.sum(influence**2))
    if corrected and n > 1:
        variance *= n / (n - 1)
    if n < 2 or not variance > 0:
        why = "one patient" if n < 2 else "its variance is 0"
        return Estimate(value, None, None, n, events, f"{method}; no interval: {why}")
    half = NORMAL_975 * float(np.sqrt(variance))
    lower, upper = max(bounds[0], value - half), min(bounds[1], value + half)
    return Estimate(value, lower, upper, n, events, f"{method}, infinitesimal jackknife")
