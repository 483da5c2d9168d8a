"""An event by a fixed day: with censored follow-up, from a landmark on, and beside an event that competes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import format_number
from spinecast.cohorts.cohort import AttritionStep, Cohort
from spinecast.cohorts.outcomes._rules import (
    any_of,
    check_classes,
    check_horizon,
    check_times,
    leave_out,
    require_binary,
    require_day,
    require_days,
    require_disjoint,
    require_levels,
    words_of,
)
from spinecast.cohorts.outcomes.labelled import FloatArray, LabelledOutcome
from spinecast.errors import ContractError
from spinecast.statistics import ipcw_weights

__all__ = [
    "Censoring",
    "CompetingHorizonOutcome",
    "HorizonOutcome",
    "LandmarkOutcome",
    "label_competing",
    "label_horizon",
    "label_landmark",
]

Censoring = Literal["exclude", "ipcw"]

_EVENT, _COMPETING = 1, 2


@dataclass(frozen=True)
class HorizonOutcome:
    """An event by a fixed day, with follow-up that may end earlier.

    Parameters
    ----------
    time : str
        Variable with the days from the start to the event or the end of follow-up.
    event : str
        Binary variable: whether follow-up ended with the event.
    horizon_days : float
        The day by which the event counts, that day included.
    censored : {"exclude", "ipcw"}
        Patients whose follow-up ended before the horizon without the event are left out, or the others are weighted by
        the inverse probability of being uncensored.
    label : str, optional
        Name of the outcome.
    """

    time: str
    event: str
    horizon_days: float
    censored: Censoring = "exclude"
    label: str | None = None

    def __post_init__(self) -> None:
        require_days("time", self.time)
        require_binary("event", self.event)
        require_day("horizon_days", self.horizon_days)


@dataclass(frozen=True)
class LandmarkOutcome:
    """An event by a fixed day counted from a landmark, among those still at risk then.

    Only patients alive and under observation after the landmark day enter: whoever had the event, or whose follow-up
    ended, on that day or before it is left out. It is the design for a prediction made at the landmark, with what is
    known by then (Anderson, Cain & Gelber 1983, J Clin Oncol 1:710; van Houwelingen 2007, Scand J Stat 34:70).

    Parameters
    ----------
    time, event : str
        As in `HorizonOutcome`; the time is counted from the start, not from the landmark.
    landmark_days : float
        The day of the prediction.
    horizon_days : float
        Days after the landmark by which the event counts, the last day included.
    censored : {"exclude", "ipcw"}
        As in `HorizonOutcome`; the censoring is learned among those at risk at the landmark.
    label : str, optional
        Name of the outcome.
    """

    time: str
    event: str
    landmark_days: float
    horizon_days: float
    censored: Censoring = "exclude"
    label: str | None = None

    def __post_init__(self) -> None:
        require_days("time", self.time)
        require_binary("event", self.event)
        require_day("landmark_days", self.landmark_days)
        require_day("horizon_days", self.horizon_days)


@dataclass(frozen=True)
class CompetingHorizonOutcome:
    """An event of interest by a fixed day, where another event may come first and keep it from happening.

    Parameters
    ----------
    time : str
        Variable with the days from the start to whichever came first: the event, a competing event, or the end of
        follow-up.
    status : str
        Variable with levels: which of these it was.
    event_levels : tuple of str
        Levels of `status` that are the event.
    horizon_days : float
        The day by which the event counts, that day included.
    competing_levels : tuple of str
        Levels of `status` that compete: death before the event. All other levels are the end of follow-up.
    handling : {"competing", "composite", "exclude"}
        ``competing``: who died first is known not to have the event, so that the risk is the cumulative incidence.
        ``composite``: death counts as the event. ``exclude``: who died first by the horizon is left out; the risk is
        then one among people chosen by what happened to them later, and censoring cannot be weighted for.
    censored : {"exclude", "ipcw"}
        As in `HorizonOutcome`. Only the end of follow-up is censoring; a competing event is none.
    label : str, optional
        Name of the outcome.
    """

    time: str
    status: str
    event_levels: tuple[str, ...]
    horizon_days: float
    competing_levels: tuple[str, ...] = ("death",)
    handling: Literal["competing", "composite", "exclude"] = "competing"
    censored: Censoring = "exclude"
    label: str | None = None

    def __post_init__(self) -> None:
        require_days("time", self.time)
        entry = require_levels("status", self.status, (*self.event_levels, *self.competing_levels))
        require_disjoint(entry, self.event_levels, self.competing_levels, "what competes with it")
        if not self.competing_levels:
            raise ContractError(
                "outcome.competing_levels: nothing competes with the event", expected="levels such as death"
            )
        if not set(entry.level_values) - {*self.event_levels, *self.competing_levels}:
            raise ContractError(
                f"outcome.status: no level of {self.status} is left for follow-up that ended without an event",
                expected=f"one of {', '.join(entry.level_values)} that is neither the event nor competes with it",
            )
        require_day("horizon_days", self.horizon_days)
        if self.handling == "exclude" and self.censored == "ipcw":
            raise ContractError(
                "outcome.handling: patients who die first cannot be left out while censoring is weighted for",
                expected="who of the censored would have died first is not known, so no weight stands for them",
                remedy="choose handling competing or composite, or censored exclude",
            )


@dataclass(frozen=True, eq=False)
class _FollowUp:
    """Follow-up in days of some rows of a cohort, and what ended it: 0 nothing, 1 the event, 2 a competing event."""

    rows: NDArray[np.intp]
    time: FloatArray
    cause: NDArray[np.intp]

    def where(self, kept: NDArray[np.bool_]) -> _FollowUp:
        return _FollowUp(self.rows[kept], self.time[kept], self.cause[kept])


@dataclass(frozen=True)
class _Words:
    """How the outcome, its two sides and its last day are called."""

    label: str
    positive: str
    negative: str
    end: str


def label_horizon(cohort: Cohort, outcome: HorizonOutcome) -> LabelledOutcome:
    """Read an event by a fixed day; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    follow_up, steps = _event_follow_up(cohort, outcome.time, outcome.event)
    check_horizon(follow_up.time, outcome.horizon_days)
    day = format_number(outcome.horizon_days)
    entry = variable(outcome.event)
    words = _Words(
        outcome.label or f"{entry.label} within {day} days",
        f"{entry.levels[1].label} by day {day}",
        f"{entry.levels[0].label} at day {day}",
        f"day {day}",
    )
    return _read_at(follow_up, steps, outcome.horizon_days, outcome.censored, words)


def label_landmark(cohort: Cohort, outcome: LandmarkOutcome) -> LabelledOutcome:
    """Read an event by a fixed day after a landmark; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    follow_up, steps = _event_follow_up(cohort, outcome.time, outcome.event)
    entry, start, day = variable(outcome.event), format_number(outcome.landmark_days), outcome.horizon_days
    check_horizon(follow_up.time, day, outcome.landmark_days)
    by_then = follow_up.time <= outcome.landmark_days
    had_event = by_then & (follow_up.cause == _EVENT)
    leave_out(steps, "landmark", f"{entry.levels[1].label.lower()} by day {start}", ~had_event)
    follow_up, by_then = follow_up.where(~had_event), by_then[~had_event]
    leave_out(steps, "landmark", f"follow-up ended by day {start}", ~by_then)
    follow_up = follow_up.where(~by_then)
    since_landmark = _FollowUp(follow_up.rows, follow_up.time - outcome.landmark_days, follow_up.cause)
    after = f"{format_number(day)} days after day {start}"
    words = _Words(
        outcome.label or f"{entry.label} within {after}",
        f"{entry.levels[1].label} by {after}",
        f"{entry.levels[0].label} {after}",
        after,
    )
    return _read_at(since_landmark, steps, day, outcome.censored, words)


def label_competing(cohort: Cohort, outcome: CompetingHorizonOutcome) -> LabelledOutcome:
    """Read an event beside one that competes; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    time, codes = cohort.matrix([outcome.time, outcome.status]).T
    entry = variable(outcome.status)
    cause = np.zeros(len(codes), dtype=np.intp)
    cause[any_of(codes, entry, outcome.event_levels)] = _EVENT
    competes = any_of(codes, entry, outcome.competing_levels)
    cause[competes] = _EVENT if outcome.handling == "composite" else _COMPETING
    follow_up, steps = _recorded(cohort, outcome.time, outcome.status, time, codes, cause)
    check_horizon(follow_up.time, outcome.horizon_days)
    day, competing = format_number(outcome.horizon_days), words_of(entry, outcome.competing_levels).lower()
    if outcome.handling == "exclude":
        kept = ~((follow_up.cause == _COMPETING) & (follow_up.time <= outcome.horizon_days))
        leave_out(steps, "competing event", f"{competing} by day {day}", kept)
        follow_up = follow_up.where(kept)
    event = words_of(entry, outcome.event_levels)
    if outcome.handling == "composite":
        event = f"{event} or {competing}"
    words = _Words(
        outcome.label or f"{event} within {day} days",
        f"{event} by day {day}",
        f"No {event.lower()} by day {day}",
        f"day {day}",
    )
    return _read_at(follow_up, steps, outcome.horizon_days, outcome.censored, words)


def _event_follow_up(cohort: Cohort, time_name: str, event_name: str) -> tuple[_FollowUp, list[AttritionStep]]:
    time, event = cohort.matrix([time_name, event_name]).T
    cause = (event == 1).astype(np.intp)
    return _recorded(cohort, time_name, event_name, time, event, cause)


def _recorded(
    cohort: Cohort, time_name: str, ended_name: str, time: FloatArray, ended: FloatArray, cause: NDArray[np.intp]
) -> tuple[_FollowUp, list[AttritionStep]]:
    """Keep the patients whose follow-up is recorded."""
    recorded = ~np.isnan(time) & ~np.isnan(ended)
    steps = list(cohort.attrition)
    leave_out(steps, "follow-up", f"{time_name} or {ended_name} not recorded", recorded)
    rows = np.flatnonzero(recorded)
    check_times(time[rows])
    return _FollowUp(rows, time[rows], cause[rows]), steps


def _read_at(
    follow_up: _FollowUp, steps: list[AttritionStep], horizon: float, censored: Censoring, words: _Words
) -> LabelledOutcome:
    """Say who had the event by the horizon, and for whom that is known."""
    by_then = (follow_up.cause > 0) & (follow_up.time <= horizon)
    known = by_then | (follow_up.time >= horizon)
    weights = None
    if censored == "exclude":
        leave_out(steps, "censoring", f"follow-up ended before {words.end} without the event", known)
        follow_up, by_then = follow_up.where(known), by_then[known]
        known = np.ones(len(follow_up.rows), dtype=bool)
    else:
        weights = np.asarray(ipcw_weights(follow_up.time, follow_up.cause > 0, horizon), dtype=np.float64)
    had_event = by_then & (follow_up.cause == _EVENT)
    check_classes(words.label, had_event[known])
    return LabelledOutcome(
        label=words.label,
        positive_label=words.positive,
        negative_label=words.negative,
        values=had_event.astype(np.float64),
        known=known,
        rows=follow_up.rows,
        weights=weights,
        attrition=tuple(steps),
        time=follow_up.time,
        event=(follow_up.cause == _EVENT).astype(np.float64),
        uncensored=(follow_up.cause > 0).astype(np.float64),
        horizon_days=horizon,
    )
