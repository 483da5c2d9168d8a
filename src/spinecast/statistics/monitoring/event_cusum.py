"""A cumulative sum that takes events and follow-up as they come, without waiting for the horizon.

A patient's risk says how many have the event by the horizon; the shape says how these events are spread over the days
before it. Each day without the event is then a little evidence for a lower risk, the day of an event much for a higher
one; at the horizon a patient has added just what the sum of whole patients adds (Steiner et al. 2000). Sums in
continuous time: Biswas & Kalbfleisch 2008, Stat Med 27:3382; Sego, Reynolds & Woodall 2009, Stat Med 28:1386.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats, as_vector
from spinecast.statistics.monitoring.cumulative_sum import (
    CalibrationCusum,
    CusumLimits,
    Direction,
    changes_for,
    run_sums,
)
from spinecast.statistics.survival.censoring import kaplan_meier

__all__ = ["EventShape", "EventSteps", "FollowedRisks", "event_cusum", "event_shape", "event_steps"]

# Days to the horizon are put together to so many steps.
_MOST_STEPS = 90
# Of fewer events a shape tells nothing.
_FEWEST_EVENTS = 20
_PATIENTS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class EventShape:
    """Of the events by the horizon, which share has come by each day.

    Parameters
    ----------
    days : ndarray of shape (steps + 1,)
        Rising, from 0 to the horizon.
    reached : ndarray of shape (steps + 1,)
        Not falling, from 0 to 1.

    Raises
    ------
    ValueError
        If they are not.
    """

    days: Floats
    reached: Floats

    def __post_init__(self) -> None:
        whole = self.reached[0] == 0 and self.reached[-1] == 1 and (np.diff(self.reached) >= 0).all()
        if self.days.shape != self.reached.shape or self.days[0] != 0 or not (np.diff(self.days) > 0).all():
            raise ValueError("days rise from 0 to the horizon, one for each share")
        if not whole:
            raise ValueError("shares of events rise from 0 to 1")


@dataclass(frozen=True, eq=False)
class FollowedRisks:
    """Patients with their risks, and how long they were followed.

    Parameters
    ----------
    entered : ndarray of int, shape (n,)
        Day of the prediction, counted from any day.
    risk : ndarray of shape (n,)
        Of the event by the horizon.
    followed : ndarray of shape (n,)
        Days from the prediction to the event, or to the last day it was known not to have come.
    event : ndarray of bool, shape (n,)
    shape : EventShape

    Raises
    ------
    ValueError
        If lengths differ, a risk is none, or a time is negative or not finite.
    """

    entered: NDArray[np.int64]
    risk: Floats
    followed: Floats
    event: NDArray[np.bool_]
    shape: EventShape

    def __post_init__(self) -> None:
        risk, followed = as_vector(self.risk, "risk"), as_vector(self.followed, "followed")
        if {self.entered.shape, followed.shape, self.event.shape} != {risk.shape}:
            raise ValueError("each patient has a day, a risk and a time")
        if risk.min() < 0 or risk.max() > 1:
            raise ValueError("a risk lies in [0, 1]")
        if followed.min() < 0:
            raise ValueError("nobody is followed for less than no time")

    def parts(self) -> Iterator[_Part]:
        """Yield some thousand patients at a time, step by step."""
        for start in range(0, self.risk.size, _PATIENTS_AT_ONCE):
            rows = slice(start, start + _PATIENTS_AT_ONCE)
            yield _Part(self.entered[rows], self.risk[rows], self.followed[rows], self.event[rows], self.shape)


class _Part(FollowedRisks):
    """Some of the patients, step by step."""

    @property
    def had(self) -> NDArray[np.bool_]:
        """Who had the event by the horizon."""
        return np.asarray(self.event & (self.followed <= self.shape.days[-1]), dtype=np.bool_)

    @property
    def step(self) -> NDArray[np.intp]:
        """In which step the follow-up of each patient ended."""
        place = np.searchsorted(self.shape.days, self.followed, side="left") - 1
        return np.asarray(place.clip(0, len(self.shape.days) - 2), dtype=np.intp)

    @property
    def without(self) -> NDArray[np.bool_]:
        """Shape (n, steps): steps at whose end a patient was known not to have had the event."""
        whole = self.followed[:, None] >= self.shape.days[None, 1:]
        since = self.had[:, None] & (np.arange(whole.shape[1]) >= self.step[:, None])
        return np.asarray(whole & ~since, dtype=np.bool_)

    def log_staying(self, risk: Floats) -> Floats:
        """Shape (n, steps + 1): logarithm of the probability of no event by each day."""
        return np.asarray(np.log1p(-risk[:, None].clip(max=1 - 1e-9) * self.shape.reached[None]), dtype=np.float64)

    @property
    def expected(self) -> Floats:
        """Shape (n, steps): expected events of those who came into each step without one, and were followed in it."""
        entered = self.without.copy()
        entered[np.flatnonzero(self.had), self.step[self.had]] = True
        coming = self.risk[:, None] * np.diff(self.shape.reached)[None]
        staying = np.exp(self.log_staying(self.risk)[:, :-1])
        return np.asarray(entered * coming / staying, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class EventSteps:
    """What each day added, all patients together, from the day of the first prediction on.

    Parameters
    ----------
    more, fewer, flatter : ndarray of shape (days,)
        Steps of the sums.
    observed, expected : ndarray of shape (days,)
        Events.
    """

    more: Floats
    fewer: Floats
    flatter: Floats
    observed: Floats
    expected: Floats


def event_shape(time: ArrayLike, event: ArrayLike, horizon: float) -> EventShape | Absent:
    """Learn when events come from patients whose horizon has passed, lost ones among them (Kaplan-Meier).

    Shares are of the events by the horizon: a change of how many there are leaves them as they are. Of patients whose
    horizon has not passed nothing may enter; they would be many of those who had a change, and only on early days.

    Parameters
    ----------
    time : array-like of shape (n,)
        Days to the event or the end of follow-up.
    event : array-like of shape (n,)
        Whether it was the event.
    horizon : float

    Returns
    -------
    EventShape or Absent
        Absent where fewer than 20 events came by the horizon.
    """
    times, events = as_vector(time, "time"), as_vector(event, "event")
    came = int(((events == 1) & (times <= horizon)).sum())
    if came < _FEWEST_EVENTS:
        return Absent(f"{came} events tell nothing of when events come: at least {_FEWEST_EVENTS} are needed")
    steps = min(_MOST_STEPS, max(1, int(horizon)))
    days = np.linspace(0, horizon, steps + 1)
    days = np.unique(np.append(np.ceil(days[:-1]), horizon))
    reached = 1 - np.asarray(kaplan_meier(times, events).at(days), dtype=np.float64)
    reached[0] = 0.0  # an event on the day of the prediction stands in the first step
    return EventShape(days, np.maximum.accumulate(reached / reached[-1]).clip(0, 1))


def event_steps(patients: FollowedRisks, odds_ratio: float = 2.0, slope: float = 0.5) -> EventSteps:
    """Return what each day adds to the sums for odds times `odds_ratio`, divided by it, and for a smaller slope.

    Of a patient without the event when a share G of all events has come it is ``log((1 - p'G) / (1 - pG))`` so far,
    with the risk p as predicted and p' as changed; the event makes it ``log(p'/p)``.

    Parameters
    ----------
    patients : FollowedRisks
    odds_ratio : float
        Above 1.
    slope : float
        In [0, 1), with as many events as predicted: see :func:`changes_for`.
    """
    first = int(patients.entered.min())
    length = int(patients.entered.max()) - first + int(np.ceil(patients.shape.days[-1])) + 1
    observed, expected = np.zeros(length), np.zeros(length)
    sums: dict[Direction, Floats] = {name: np.zeros(length) for name in ("more", "fewer", "flatter")}
    changes = changes_for(patients.risk, odds_ratio, slope)
    ends = np.ceil(patients.shape.days[1:]).astype(np.int64)
    for part in patients.parts():
        without, had = part.without, np.flatnonzero(part.had)
        begun = part.entered - first
        when = begun[:, None] + ends[None]
        # The step of an event counts when it is over, as those of all who had none in it.
        came = begun[had] + ends[part.step[had]]
        stayed = part.log_staying(part.risk)
        jumps = changes.of_events(part.risk[had])
        for name, risk in changes.risks(part.risk).items():
            changed = part.log_staying(risk) - stayed
            np.add.at(sums[name], when[without], np.diff(changed, axis=1)[without])
            np.add.at(sums[name], came, jumps[name] - changed[had, part.step[had]])
        chances = part.expected
        np.add.at(expected, when[without], chances[without])
        np.add.at(expected, came, chances[had, part.step[had]])
        np.add.at(observed, came, 1.0)
    return EventSteps(sums["more"], sums["fewer"], sums["flatter"], observed, expected)


def event_cusum(steps: EventSteps, limits: CusumLimits) -> CalibrationCusum:
    """Add up the steps of each day; positions of alarms are days after the first prediction."""
    return run_sums({"more": steps.more, "fewer": steps.fewer, "flatter": steps.flatter}, limits)
