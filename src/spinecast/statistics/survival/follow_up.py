"""One place where right-censored follow-up is checked, sorted and tabulated before any statistic touches it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats, as_vector

__all__ = ["FollowUp", "Integers", "check_follow_up", "check_horizon", "check_values", "product_limit"]

Integers = NDArray[np.intp]


@dataclass(frozen=True)
class FollowUp:
    """Checked follow-up of ``n`` patients, tabulated at its ``k`` distinct times.

    Parameters
    ----------
    time : ndarray of shape (n,)
        Follow-up, not negative, in any one unit.
    event : ndarray of shape (n,)
        0 where follow-up was censored, otherwise the number of the event that ended it.
    weights : ndarray of shape (n,)
        Case weights, all one where none were given.
    times : ndarray of shape (k,)
        The distinct times, ascending.
    position : ndarray of shape (n,)
        Which of ``times`` each patient's follow-up ended at.
    at_risk : ndarray of shape (k,)
        Weight of the patients still followed at each time, before anything happens at it.
    """

    time: Floats
    event: Integers
    weights: Floats
    times: Floats
    position: Integers
    at_risk: Floats

    @property
    def n(self) -> int:
        """Number of patients."""
        return int(self.time.size)

    @property
    def longest(self) -> float:
        """The longest follow-up of a patient whose weight is not 0."""
        return float(self.times[self._last])

    @property
    def _last(self) -> int:
        return int(np.count_nonzero(self.at_risk > 0)) - 1

    @property
    def total_weight(self) -> float:
        """Sum of the case weights: the patients, where none were given."""
        return float(self.weights.sum())

    @property
    def estimator(self) -> str:
        """What the cumulative incidence is estimated by: with one kind of event it is one minus Kaplan-Meier."""
        return "Aalen-Johansen" if self.event.max() > 1 else "Kaplan-Meier"

    def total(self, values: Floats) -> Floats:
        """Sum values of shape (n,) over the patients whose follow-up ended at each distinct time."""
        return np.bincount(self.position, weights=values, minlength=self.times.size).astype(np.float64)

    def ending(self, cause: int | None = None) -> Floats:
        """Weight of the patients with an event (of one cause, or of any) at each distinct time."""
        return self.total(self.weights * (self.event > 0 if cause is None else self.event == cause))

    def count(self, cause: int, horizon: float | None = None) -> int:
        """Number of patients with an event of one cause, by the horizon where there is one."""
        happened = (self.event == cause) & (self.weights > 0)
        return int(np.count_nonzero(happened if horizon is None else happened & (self.time <= horizon)))

    def before(self, time: float) -> int:
        """Number of distinct times before the given one."""
        return int(np.searchsorted(self.times, time, side="left"))

    def up_to(self, time: float) -> int:
        """Number of distinct times up to and including the given one."""
        return int(np.searchsorted(self.times, time, side="right"))

    def beyond(self, horizon: float) -> Absent | None:
        """Return why nothing can be said about the horizon, or None where something can.

        Past the longest follow-up that can only be done where everyone followed for as long had an event then: nobody
        is left to whom anything could happen.
        """
        last = self.event[(self.position == self._last) & (self.weights > 0)]
        if horizon <= self.longest or (last > 0).all():
            return None
        return Absent(f"the horizon {horizon:g} lies beyond the follow-up: the longest is {self.longest:g}")

    def without(self, cause: int, horizon: float | None = None) -> Absent | None:
        """Return the reason where nobody had an event of the cause (by the horizon), else None."""
        if self.count(cause, horizon):
            return None
        return Absent(f"none of {self.n} patients had the event{'' if horizon is None else ' by the horizon'}")


def check_follow_up(
    time: ArrayLike, event: ArrayLike, weights: ArrayLike | None = None, *, causes: bool = True
) -> FollowUp:
    """Check follow-up once, for every statistic, and sort it once.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, finite and not negative.
    event : array-like of shape (n,)
        0 where it was censored, otherwise the number (1, 2, ...) of the event that ended it.
    weights : array-like of shape (n,), optional
        Case weights, finite, not negative, not all zero.
    causes : bool
        Whether events of more than one kind may occur; otherwise ``event`` is 0 or 1.

    Raises
    ------
    ValueError
        If lengths differ, a time is negative, an event is not one of the codes or a number is not finite.
    """
    follow_up, code = as_vector(time, "time"), as_vector(event, "event")
    if follow_up.size != code.size:
        raise ValueError(f"time has {follow_up.size} values, event has {code.size}")
    if follow_up.min() < 0:
        raise ValueError("time must not be negative")
    if not causes and not np.isin(code, (0.0, 1.0)).all():
        raise ValueError("event must be 0 or 1")
    if (code < 0).any() or (code != np.floor(code)).any():
        raise ValueError("event must be 0 (censored) or the number 1, 2, ... of the event")
    cases = np.ones_like(follow_up)
    if weights is not None:
        cases = check_values(weights, "weights", follow_up.size)
        if cases.min() < 0 or not cases.any():
            raise ValueError("weights must not be negative and not all zero")
    times, position = np.unique(follow_up, return_inverse=True)
    leaving = np.bincount(position, weights=cases, minlength=times.size)
    at_risk = np.cumsum(leaving[::-1])[::-1].astype(np.float64)
    return FollowUp(follow_up, code.astype(np.intp), cases, times, position.astype(np.intp), at_risk)


def check_values(values: ArrayLike, name: str, n: int, *, is_risk: bool = False) -> Floats:
    """Return one finite number a patient (in [0, 1] where it is a risk).

    Raises
    ------
    ValueError
        If their number is not ``n``, one is not finite, or a risk lies outside [0, 1].
    """
    checked = as_vector(values, name)
    if checked.size != n:
        raise ValueError(f"{name} has {checked.size} values, time has {n}")
    if is_risk and (checked.min() < 0 or checked.max() > 1):
        raise ValueError(f"{name} must lie in [0, 1], not in [{checked.min():g}, {checked.max():g}]")
    return checked


def check_horizon(horizon: float, name: str = "horizon") -> float:
    """Return a positive, finite horizon.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if not (np.isfinite(horizon) and horizon > 0):
        raise ValueError(f"{name} must be positive and finite, not {horizon:g}")
    return float(horizon)


def product_limit(events: Floats, at_risk: Floats) -> Floats:
    """Return the running product of 1 - events / at risk; where nobody is at risk the factor is 1."""
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    return np.asarray(np.cumprod(1 - hazard), dtype=np.float64)
