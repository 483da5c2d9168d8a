"""The time to an event and its cause, for what is learned from the whole course and not at one horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes._rules import (
    any_of,
    check_horizon,
    check_times,
    leave_out,
    require_binary,
    require_day,
    require_days,
    require_levels,
)
from spinecast.cohorts.outcomes.labelled import LabelledOutcome, LabelledTimes
from spinecast.errors import CohortError, ContractError
from spinecast.statistics import ipcw_weights

__all__ = [
    "CompetingRisksOutcome",
    "TimeToEventOutcome",
    "label_competing_risks",
    "label_time_to_event",
    "read_as_seen",
    "read_by_day",
]


@dataclass(frozen=True)
class TimeToEventOutcome:
    """The time to an event, censored where follow-up ended without it.

    Parameters
    ----------
    time : str
        Variable with the days from the start to the event or the end of follow-up.
    event : str
        Binary variable: whether follow-up ended with the event.
    horizons_days : tuple of float
        Days at which the outcome will be read; each must lie within the follow-up.
    label : str, optional
        Name of the outcome.
    """

    time: str
    event: str
    horizons_days: tuple[float, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        require_days("time", self.time)
        require_binary("event", self.event)
        for day in self.horizons_days:
            require_day("horizons_days", day)


@dataclass(frozen=True)
class CompetingRisksOutcome:
    """The time to the first of several events, and which it was.

    Parameters
    ----------
    time : str
        Variable with the days from the start to the first event or the end of follow-up.
    status : str
        Variable with levels: what ended the time.
    causes : tuple of str
        Levels of `status` that are events, first the one of interest. Its other levels are the end of follow-up.
    horizons_days : tuple of float
        As in `TimeToEventOutcome`.
    label : str, optional
        Name of the outcome.
    """

    time: str
    status: str
    causes: tuple[str, ...]
    horizons_days: tuple[float, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        require_days("time", self.time)
        entry = require_levels("status", self.status, self.causes)
        if len(self.causes) < 2 or len(set(self.causes)) != len(self.causes):
            raise ContractError(
                "outcome.causes: competing risks need two causes or more, each once",
                expected=f"levels of {self.status}: {', '.join(entry.level_values)}",
            )
        if len(self.causes) == len(entry.levels):
            raise ContractError(
                f"outcome.causes: no level of {self.status} is left for follow-up that ended without an event",
                expected=f"some, not all, of {', '.join(entry.level_values)}",
            )
        for day in self.horizons_days:
            require_day("horizons_days", day)


def label_time_to_event(cohort: Cohort, outcome: TimeToEventOutcome) -> LabelledTimes:
    """Read times to one event; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.event)
    label = outcome.label or f"Time to {entry.label.lower()}"
    return _label_times(cohort, outcome.time, entry, ("present",), outcome.horizons_days, label)


def label_competing_risks(cohort: Cohort, outcome: CompetingRisksOutcome) -> LabelledTimes:
    """Read times and causes; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.status)
    label = outcome.label or f"Time to {entry.level_label(outcome.causes[0]).lower()}"
    return _label_times(cohort, outcome.time, entry, outcome.causes, outcome.horizons_days, label)


def read_as_seen(labelled: LabelledTimes) -> LabelledOutcome:
    """Read the first cause as seen during the follow-up or not, whatever its length: what a table one is divided by."""
    return LabelledOutcome(
        label=labelled.label,
        positive_label=labelled.cause_labels[0],
        negative_label="Without the event",
        values=(labelled.cause == 1).astype(np.float64),
        known=np.ones(len(labelled), dtype=bool),
        rows=labelled.rows,
        weights=None,
        attrition=labelled.attrition,
    )


def read_by_day(labelled: LabelledTimes, day: float) -> LabelledOutcome:
    """Read the first cause as had or not by a day, patients censored before it being weighted for.

    Parameters
    ----------
    labelled : LabelledTimes
    day : float
        Within the follow-up.

    Raises
    ------
    ValueError
        If nobody was followed for as long.
    """
    own, ended = labelled.cause == 1, labelled.cause > 0
    weights = ipcw_weights(labelled.time, labelled.uncensored, day)
    words = labelled.cause_labels[0]
    return LabelledOutcome(
        label=f"{labelled.label}, by day {day:g}",
        positive_label=words,
        negative_label="Without the event",
        values=(own & (labelled.time <= day)).astype(np.float64),
        known=(ended & (labelled.time <= day)) | (labelled.time >= day),
        rows=labelled.rows,
        weights=None if (weights == 1).all() else weights,
        attrition=labelled.attrition,
        time=labelled.time,
        event=own.astype(np.float64),
        uncensored=labelled.uncensored,
        horizon_days=day,
    )


def _label_times(
    cohort: Cohort, time_name: str, entry: Variable, causes: tuple[str, ...], horizons: tuple[float, ...], label: str
) -> LabelledTimes:
    time, codes = cohort.matrix([time_name, entry.name]).T
    recorded: NDArray[np.bool_] = ~np.isnan(time) & ~np.isnan(codes)
    steps = list(cohort.attrition)
    leave_out(steps, "follow-up", f"{time_name} or {entry.name} not recorded", recorded)
    time, codes = time[recorded], codes[recorded]
    check_times(time)
    for day in horizons:
        check_horizon(time, day)
    cause = np.zeros(len(time), dtype=np.intp)
    for number, level in enumerate(causes, start=1):
        cause[any_of(codes, entry, (level,))] = number
    labelled = LabelledTimes(
        label=label,
        time=time,
        cause=cause,
        causes=causes,
        cause_labels=tuple(entry.level_label(level) for level in causes),
        rows=np.flatnonzero(recorded),
        attrition=tuple(steps),
        horizons_days=horizons,
    )
    for count, words in zip(labelled.events, labelled.cause_labels, strict=True):
        if not count:
            raise CohortError(
                f"no patient has the event ({label}: {words.lower()})",
                where=f"{len(labelled)} patients with known follow-up",
                expected="patients with each of the events",
            )
    return labelled
