"""A cumulative sum that takes events and follow-up as they come, without waiting for the horizon.

A patient's risk says how many have the event by the horizon; the shape says how these events are spread over the days
before it. Each day without the event is then a little evidence for lower odds, the day of an event much for higher
ones; at the horizon a patient has added just what the sum of whole patients adds (Steiner et al. 2000). Sums in
continuous time: Biswas & Kalbfleisch 2008, Stat Med 27:3382; Sego, Reynolds & Woodall 2009, Stat Med 28:1386.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from spinecast.statistics.foundations.bootstrap import Seed
from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats, as_vector
from spinecast.statistics.monitoring.cumulative_sum import (
    CalibrationCusum,
    changed_odds,
    check_rule,
    crossed_limit,
    log_odds,
    run_sums,
)
from spinecast.statistics.survival.censoring import kaplan_meier

__all__ = ["EventShape", "EventSteps", "FollowedRisks", "event_cusum", "event_limit", "event_shape", "event_steps"]

# Days to the horizon are put together to so many steps.
_MOST_STEPS = 90
# Of fewer events a shape tells nothing.
_FEWEST_EVENTS = 20
_PATIENTS_AT_ONCE = 4096
# Expected events of one simulated stretch; at 2,000 simulations it takes a few seconds.
_MOST_EXPECTED = 10_000
_EVENTS_AT_ONCE = 256
# Patients' days that stand for all in a simulation.
_POOL = 256


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

    def _parts(self) -> Iterator[_Part]:
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
    more, fewer : ndarray of shape (days,)
        Steps of both sums.
    observed, expected : ndarray of shape (days,)
        Events.
    """

    more: Floats
    fewer: Floats
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


def event_steps(patients: FollowedRisks, odds_ratio: float = 2.0) -> EventSteps:
    """Return what each day adds to the sums for odds times `odds_ratio`, and divided by it.

    Of a patient without the event when a share G of all events has come it is ``log((1 - p'G) / (1 - pG))`` so far,
    with the risk p as predicted and p' of the changed odds; the event makes it ``log(p'/p)``.

    Parameters
    ----------
    patients : FollowedRisks
    odds_ratio : float
        Above 1.
    """
    first = int(patients.entered.min())
    length = int(patients.entered.max()) - first + int(np.ceil(patients.shape.days[-1])) + 1
    more, fewer, observed, expected = (np.zeros(length) for _ in range(4))
    ends = np.ceil(patients.shape.days[1:]).astype(np.int64)
    for part in patients._parts():
        without, had = part.without, np.flatnonzero(part.had)
        begun = part.entered - first
        when = begun[:, None] + ends[None]
        # The step of an event counts when it is over, as those of all who had none in it.
        came = begun[had] + ends[part.step[had]]
        stayed = part.log_staying(part.risk)
        for total, ratio in ((more, odds_ratio), (fewer, 1 / odds_ratio)):
            changed = part.log_staying(changed_odds(part.risk, ratio)) - stayed
            np.add.at(total, when[without], np.diff(changed, axis=1)[without])
            # p'/p, written so that a risk of 0 has it too.
            jump = np.log(ratio) - np.log1p((ratio - 1) * part.risk[had])
            np.add.at(total, came, jump - changed[had, part.step[had]])
        chances = part.expected
        np.add.at(expected, when[without], chances[without])
        np.add.at(expected, came, chances[had, part.step[had]])
        np.add.at(observed, came, 1.0)
    return EventSteps(more, fewer, observed, expected)


def event_cusum(steps: EventSteps, limit: float) -> CalibrationCusum:
    """Add up the steps of each day; positions of alarms are days after the first prediction.

    Raises
    ------
    ValueError
        If the limit is not above 0.
    """
    return run_sums({"more": steps.more, "fewer": steps.fewer}, limit)


def event_limit(
    patients: FollowedRisks,
    expected_events: float,
    *,
    false_alarms: float,
    odds_ratio: float = 2.0,
    level_error: float = 0.0,
    slope_error: float = 0.0,
    simulations: int = 2000,
    seed: Seed = 0,
) -> float:
    """Limit that either sum crosses, in the time in which so many events are expected, with a set probability.

    Found by simulation from event to event. Between two events as much is expected as an exponential variable says,
    whoever is followed for however long: events counted against what is expected are a Poisson process (Aalen & Hoem
    1978, Scand Actuar J 1978:81). Which patient has one, and on which day, is drawn from the days on which the patients
    were followed. Each run has an error of the model's own level and slope; without them the limit is crossed several
    times as often as it says. Beyond 10,000 expected events see :func:`crossed_limit`.

    Parameters
    ----------
    patients : FollowedRisks
    expected_events : float
        How long the rule is to run.
    false_alarms : float
        Probability of any alarm in that time, in (0, 1).
    odds_ratio : float
        As :func:`event_steps`.
    level_error, slope_error : float
        Standard errors of the model's calibration-in-the-large, and of its slope, in patients like its own.
    simulations : int
        At least :data:`FEWEST_BEYOND` over `false_alarms`.
    seed : int or numpy.random.Generator

    Raises
    ------
    ValueError
        If a number is out of its range, or no event is expected.
    """
    check_rule(false_alarms, odds_ratio, simulations, level_error=level_error, slope_error=slope_error)
    if not expected_events > 0:
        raise ValueError("a rule runs while events are expected")
    generator = np.random.default_rng(seed)
    risk, before = _pool(patients, generator)
    odds = log_odds(risk)
    level = level_error * generator.standard_normal(simulations)[:, None]
    slope = slope_error * generator.standard_normal(simulations)[:, None]
    true = expit(odds + level + slope * (odds - log_odds(patients.risk).mean()))
    # How many times as often each has the event as is expected.
    often = true / (1 - true * before) * (1 - risk * before) / risk
    ratios = [
        changed_odds(risk, ratio) / (1 - changed_odds(risk, ratio) * before) * (1 - risk * before) / risk
        for ratio in (odds_ratio, 1 / odds_ratio)
    ]
    stretch = min(expected_events, float(_MOST_EXPECTED))
    highest = _highest(ratios, often, stretch, generator)
    return crossed_limit(highest, false_alarms, expected_events / stretch)


def _pool(patients: FollowedRisks, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw patients' days by how many events are expected on them: risks, and the share of events before that day."""
    mass = np.array([part.expected.sum() for part in patients._parts()])
    if not mass.sum() > 0:
        raise ValueError("no event is expected")
    # Evenly through all that is expected: the draw adds little of its own.
    at = (np.arange(_POOL) + generator.random(_POOL)) / _POOL * mass.sum()
    edges = np.concatenate([[0.0], np.cumsum(mass)])
    risk, before = [], []
    for number, part in enumerate(patients._parts()):
        own = at[(at >= edges[number]) & (at < edges[number + 1])] - edges[number]
        if not own.size:
            continue
        flat = np.cumsum(part.expected.ravel())
        row, step = np.divmod(np.searchsorted(flat, own).clip(max=flat.size - 1), len(part.shape.days) - 1)
        risk.append(part.risk[row])
        before.append(part.shape.reached[step])
    return np.concatenate(risk).clip(1e-9, 1 - 1e-9), np.concatenate(before)


def _highest(ratios: list[Floats], often: Floats, stretch: float, generator: np.random.Generator) -> Floats:
    """Return the highest that either sum stood in each run, shape (simulations,).

    Parameters
    ----------
    ratios : list of two ndarrays of shape (pool,)
        Rate of events under raised, and under lowered odds, over that predicted.
    often : ndarray of shape (simulations, pool)
        True rate over that predicted.
    stretch : float
        Expected events.
    """
    runs = len(often)
    jumps = np.log(np.array(ratios))[:, :, None]
    drifts = np.array([[one.mean() - 1] for one in ratios])
    rate = often.mean(axis=1)
    shares = np.cumsum(often, axis=1) / often.sum(axis=1, keepdims=True)
    sums, highest, passed = np.zeros((2, runs)), np.zeros(runs), np.zeros(runs)
    while (passed < stretch).any():
        drawn = generator.random((runs, _EVENTS_AT_ONCE))
        who = np.array([np.searchsorted(share, one) for share, one in zip(shares, drawn, strict=True)])
        who = who.clip(max=often.shape[1] - 1).T
        between = (generator.standard_exponential((runs, _EVENTS_AT_ONCE)) / rate[:, None]).T
        for one, gap in zip(who, between, strict=True):
            # Lowered odds: the sum rises until the event. Raised odds: it falls until then, and leaps.
            gap = np.minimum(gap, np.maximum(stretch - passed, 0.0))
            passed += gap
            sums = np.maximum(0.0, sums - drifts * gap)
            goes_on = passed < stretch
            highest = np.maximum(highest, sums[1])
            sums = np.maximum(0.0, sums + goes_on * jumps[:, one, 0])
            highest = np.maximum(highest, sums[0])
    return highest
