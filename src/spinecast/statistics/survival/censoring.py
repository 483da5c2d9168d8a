"""Kaplan-Meier curves and inverse-probability-of-censoring weights for an outcome at a horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.inputs import Floats, as_vector

__all__ = ["KaplanMeier", "censoring_distribution", "ipcw_weights", "kaplan_meier"]


@dataclass(frozen=True)
class KaplanMeier:
    """A right-continuous survival step function.

    Parameters
    ----------
    times : ndarray of shape (k,)
        Distinct observed times, ascending.
    survival : ndarray of shape (k,)
        Probability of staying free of the event beyond each time.
    at_risk, events : ndarray of shape (k,)
        Patients at risk when the event can happen, and with the event, at each time.
    """

    times: Floats
    survival: Floats
    at_risk: Floats
    events: Floats

    def at(self, time: ArrayLike) -> Floats:
        """Return S(t), the probability of staying free of the event up to and including each time."""
        return self._value(np.searchsorted(self.times, np.asarray(time, dtype=np.float64), side="right"))

    def before(self, time: ArrayLike) -> Floats:
        """Return S(t-), the probability of staying free of the event until just before each time."""
        return self._value(np.searchsorted(self.times, np.asarray(time, dtype=np.float64), side="left"))

    def _value(self, steps: ArrayLike) -> Floats:
        return np.asarray(np.concatenate(([1.0], self.survival))[np.asarray(steps)], dtype=np.float64)


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> KaplanMeier:
    """Estimate the survival function (Kaplan & Meier 1958, J Am Stat Assoc 53:457).

    A patient censored at a time is still at risk of an event at that time: events precede censorings.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative or an event is neither 0 nor 1.
    """
    follow_up, happened = _check(time, event)
    times, events, censored = _tabulate(follow_up, happened)
    at_risk = follow_up.size - np.concatenate(([0.0], np.cumsum(events + censored)[:-1]))
    return KaplanMeier(times, np.cumprod(1 - events / at_risk), at_risk, events)


def censoring_distribution(time: ArrayLike, event: ArrayLike) -> KaplanMeier:
    """Estimate G(t), the probability of not being censored up to and including t.

    It mirrors :func:`kaplan_meier`: at a tied time the events leave the risk set before the censorings, so that the two
    curves multiply to the share of patients still followed up.

    Raises
    ------
    ValueError
        As :func:`kaplan_meier`.
    """
    follow_up, happened = _check(time, event)
    times, events, censored = _tabulate(follow_up, happened)
    at_risk = follow_up.size - np.concatenate(([0.0], np.cumsum(events + censored)[:-1])) - events
    # Nobody is left to be censored where all at risk had the event: the factor is 1, not 0/0.
    hazard = np.divide(censored, at_risk, out=np.zeros_like(censored), where=at_risk > 0)
    return KaplanMeier(times, np.cumprod(1 - hazard), at_risk, censored)


def ipcw_weights(time: ArrayLike, event: ArrayLike, horizon: float) -> Floats:
    """Weight patients whose outcome at the horizon is known for those who were censored before it.

    The weight is 1/G(t-) for an event at t <= horizon, 1/G(horizon-) for a patient followed up to the horizon without
    the event, and 0 for one censored earlier (Graf et al. 1999, Stat Med 18:2529). A patient censored exactly at the
    horizon is known to be free of the event there, which is why G is taken just before it; G(horizon) is the same
    number unless someone is censored on that very day. With G from Kaplan-Meier the weights sum to n.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, in the unit of ``horizon``.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.
    horizon : float
        Time at which the outcome is read; positive.

    Returns
    -------
    ndarray of shape (n,)
        The weights.

    Raises
    ------
    ValueError
        As :func:`kaplan_meier`, or if the longest follow-up ends before the horizon with a censored patient: the
        probability of the outcome at the horizon cannot be identified then.
    """
    follow_up, happened = _check(time, event)
    if not (np.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be positive and finite, not {horizon:g}")
    had_event = (happened == 1) & (follow_up <= horizon)
    survived = ~had_event & (follow_up >= horizon)
    longest = follow_up.max()
    if longest < horizon and (happened[follow_up == longest] == 0).any():
        raise ValueError(f"nobody was followed up to the horizon {horizon:g}; the longest follow-up is {longest:g}")
    uncensored = censoring_distribution(follow_up, happened)
    weights = np.zeros_like(follow_up)
    weights[had_event] = 1 / uncensored.before(follow_up[had_event])
    weights[survived] = 1 / uncensored.before(horizon)
    return weights


def _tabulate(time: Floats, event: Floats) -> tuple[Floats, Floats, Floats]:
    times, position = np.unique(time, return_inverse=True)
    events = np.bincount(position, weights=event, minlength=times.size).astype(np.float64)
    leaving = np.bincount(position, minlength=times.size).astype(np.float64)
    return times, events, leaving - events


def _check(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Floats]:
    follow_up, happened = as_vector(time, "time"), as_vector(event, "event")
    if follow_up.size != happened.size:
        raise ValueError(f"time has {follow_up.size} values, event has {happened.size}")
    if follow_up.min() < 0:
        raise ValueError("time must not be negative")
    if not np.isin(happened, (0.0, 1.0)).all():
        raise ValueError("event must be 0 or 1")
    return follow_up, happened
