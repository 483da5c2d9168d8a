"""Updating curves on other patients: each cause's hazard left alone, or changed in level, in slope too, or by day.

A level, or a level and slope, adds ``intercept + (slope - 1) * log cumulative hazard at the reference day`` to a
patient's whole curve (docs/decisions/0028): the same number on every day. Lines by day are those of training
(docs/decisions/0026, 0034), put after the model's own. All are affine, so that the updated model is explained as
exactly as the one before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledTimes
from spinecast.errors import CohortError
from spinecast.models.loading import TimedModel
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.correction import CurveCorrection, never_falling
from spinecast.models.survival.learned_correction import learn_correction
from spinecast.models.survival.model import TimeToEventModel
from spinecast.models.survival.time_grid import CORRECTION_DAYS, correction_positions, read_own
from spinecast.statistics import (
    Absent,
    ClosedTest,
    HazardMethod,
    HazardUpdate,
    closed_hazard_test,
    closed_test_by_window,
    fit_hazard_update,
)
from spinecast.validation.checks.design import EVENTS_PER_PARAMETER

__all__ = ["CauseUpdate", "TimesMethod", "TimesUpdate", "update_times"]

FloatArray = NDArray[np.float64]
TimesMethod = Literal["level", "level-and-slope", "by-day", "closed-test"]

PARAMETERS = {"level": 1, "level-and-slope": 2, "by-day": 2 * CORRECTION_DAYS, "closed-test": 2}


@dataclass(frozen=True, eq=False)
class CauseUpdate:
    """What became of one cause's hazard.

    Parameters
    ----------
    cause, label : str
    events : int
        Updating patients whose follow-up ended with it by the last day that is answered for.
    method : str
        "original", "level", "level-and-slope" or "by-day".
    lines : dict of str to HazardUpdate or Absent
        Every change that was fitted, chosen or not.
    closed_test : ClosedTest or Absent, optional
        None where a method was named.
    by_day : tuple of dict
        Day, level and slope of each line, where that was done: the level is what is added to the mean patient's log
        cumulative hazard.
    """

    cause: str
    label: str
    events: int
    method: str
    lines: dict[str, HazardUpdate | Absent]
    closed_test: ClosedTest | Absent | None
    by_day: tuple[dict[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "cause": self.cause,
            "label": self.label,
            "events": self.events,
            "method": self.method,
            "lines": {name: line.to_dict() for name, line in self.lines.items()},
            "closed_test": None if self.closed_test is None else self.closed_test.to_dict(),
            "by_day": [dict(one) for one in self.by_day],
        }

    def numbers(self) -> dict[str, float]:
        """Return what was changed: intercept and slope of the change that was made."""
        if self.method == "by-day":
            return {f"{name}_{one['day']:g}": one[name] for one in self.by_day for name in ("level", "slope")}
        line = self.lines.get(self.method)
        if not isinstance(line, HazardUpdate):
            return {}
        return {"intercept": line.intercept.estimate, "slope": line.slope.estimate}


@dataclass(frozen=True, eq=False)
class TimesUpdate:
    """What came of updating a model of times; nothing is said of where the result comes from yet.

    Parameters
    ----------
    model : TimeToEventModel or CompetingRisksModel
        The model as it was where every cause keeps its hazard.
    causes : tuple of CauseUpdate
    """

    model: TimedModel
    causes: tuple[CauseUpdate, ...]

    @property
    def method(self) -> str:
        """What was done to the causes: the largest change of any of them."""
        order = ("original", *(name for name in get_args(TimesMethod) if name != "closed-test"))
        return max((one.method for one in self.causes), key=order.index)

    def to_dict(self) -> dict[str, Any]:
        """Return every number as JSON values."""
        return {"kind": "times", "method": self.method, "causes": [one.to_dict() for one in self.causes]}

    def numbers(self) -> dict[str, float]:
        """Return what was changed, of a further cause with its name."""
        found = dict(self.causes[0].numbers())
        for one in self.causes[1:]:
            found |= {f"{name}_{one.cause}": value for name, value in one.numbers().items()}
        return found


def update_times(model: TimedModel, matrix: FloatArray, times: LabelledTimes, method: TimesMethod) -> TimesUpdate:
    """Update a model of times.

    Parameters
    ----------
    model : TimeToEventModel or CompetingRisksModel
    matrix : ndarray, shape (n, predictors)
        Of the updating patients.
    times : LabelledTimes
        Of the same patients.
    method : {"level", "level-and-slope", "by-day", "closed-test"}
        Lines by day join the closed test where there are ten events for each of their parameters.

    Raises
    ------
    CohortError
        If the events of interest are fewer than ten for each parameter, or ranked the wrong way round. A competing
        cause of fewer events keeps its hazard.
    """
    hazards = model.hazards if isinstance(model, CompetingRisksModel) else (model,)
    updates, changed = [], []
    for number, hazard in enumerate(hazards, start=1):
        made, update = _update_cause(hazard, matrix, times, number, method)
        changed.append(made)
        updates.append(update)
    if isinstance(model, CompetingRisksModel):
        return TimesUpdate(replace(model, hazards=tuple(changed)), tuple(updates))
    return TimesUpdate(changed[0], tuple(updates))


def _update_cause(
    hazard: TimeToEventModel, matrix: FloatArray, times: LabelledTimes, number: int, method: TimesMethod
) -> tuple[TimeToEventModel, CauseUpdate]:
    last = hazard.last_day
    happened = ((times.cause == number) & (times.time <= last)).astype(np.float64)
    cause, label, events = times.causes[number - 1], times.cause_labels[number - 1], int(happened.sum())
    needed = EVENTS_PER_PARAMETER * PARAMETERS[method]
    if events < needed:
        if number == 1:
            raise _too_few(label, events, method, len(times))
        few = Absent(f"{events} events; to estimate {PARAMETERS[method]} needs {needed}")
        return hazard, CauseUpdate(cause, label, events, "original", {"level": few, "level-and-slope": few}, None)
    curves = hazard.corrected(matrix)  # asked for once: members predict every patient for it
    served = never_falling(curves)
    expected = np.exp(read_own(hazard.grid, served, np.minimum(times.time, last)))
    index = curves[:, hazard.reference]
    lines: dict[str, HazardUpdate | Absent] = {
        name: fit_hazard_update(happened, expected, index, name) for name in get_args(HazardMethod)
    }
    tested: ClosedTest | Absent | None = None
    chosen: str = method
    if method == "closed-test":
        tested = _tested(hazard, served, times, number, index)
        if isinstance(tested, Absent):
            raise CohortError(f"the closed test cannot be made: {tested.reason}", remedy="--method level needs least")
        chosen = tested.chosen
    update = CauseUpdate(cause, label, events, chosen, lines, tested)
    line = lines.get(chosen)
    if chosen == "original":
        return hazard, update
    if chosen == "by-day":
        return _by_day(hazard, curves, times, update, number)
    if not isinstance(line, HazardUpdate):
        reason = line.reason if isinstance(line, Absent) else "it was not fitted"
        raise CohortError(f"the model cannot be updated by {chosen}: {reason}", remedy="--method level needs least")
    if line.slope.estimate <= 0:
        raise _wrong_way_round(label)
    return _changed(hazard, line.intercept.estimate, line.slope.estimate), update


def _tested(
    hazard: TimeToEventModel, served: FloatArray, times: LabelledTimes, number: int, index: FloatArray
) -> ClosedTest | Absent:
    """Make the closed test, with lines by day where the events suffice and every part of the follow-up has some."""
    events, expected = _windows(hazard, served, times, number)
    if events.sum() >= EVENTS_PER_PARAMETER * PARAMETERS["by-day"]:
        tested = closed_test_by_window(events, expected, index)
        if isinstance(tested, ClosedTest):
            return tested
    return closed_hazard_test(events.sum(axis=1), expected.sum(axis=1), index)


def _windows(
    hazard: TimeToEventModel, served: FloatArray, times: LabelledTimes, number: int
) -> tuple[FloatArray, FloatArray]:
    """Events and hazards expected of each patient in each part of the follow-up, shape (n, parts).

    The parts end on the days that lines by day are learned at, as many events in each; the last goes on to the last day
    that is answered for.
    """
    event = (times.cause == number).astype(np.float64)
    ends = hazard.grid[_corrected_at(hazard, times, event)]
    ends[-1] = hazard.last_day
    reached = [np.exp(read_own(hazard.grid, served, np.minimum(times.time, end))) for end in ends]
    expected = np.diff(np.stack(reached, axis=1), axis=1, prepend=0.0)
    part = np.searchsorted(ends, times.time)
    happened = np.where(part[:, None] == np.arange(len(ends)), event[:, None], 0.0)
    return happened, np.maximum(expected, 0.0)


def _corrected_at(hazard: TimeToEventModel, times: LabelledTimes, event: FloatArray) -> NDArray[np.int64]:
    return correction_positions(hazard.grid, times.time, event, max(hazard.horizons_days))


def _by_day(
    hazard: TimeToEventModel, curves: FloatArray, times: LabelledTimes, update: CauseUpdate, number: int
) -> tuple[TimeToEventModel, CauseUpdate]:
    """Put lines by day after the model's own corrections, learned as these were."""
    event = (times.cause == number).astype(np.float64)
    positions = _corrected_at(hazard, times, event)
    found = learn_correction(
        curves,
        times.time,
        event,
        grid=hazard.grid,
        reference=hazard.reference,
        corrected_at=positions,
        last=max(hazard.horizons_days),  # as in training: past it hardly anybody is followed
        competing=bool(((times.cause > 0) & (times.cause != number)).any()),
    )
    if (found.slope <= 0).any():
        raise _wrong_way_round(update.label)
    moved = found.apply(curves.mean(axis=0), hazard.reference) - curves.mean(axis=0)
    lines = tuple(
        {"day": float(hazard.grid[at]), "level": float(moved[at]), "slope": float(found.slope[at])} for at in positions
    )
    return replace(hazard, correction=hazard.correction.then(found)), replace(update, by_day=lines)


def _wrong_way_round(label: str) -> CohortError:
    return CohortError(
        f"the model ranks these patients the wrong way round ({label.lower()}): no slope above 0 fits them",
        expected="risks that rise with what happens",
        remedy="look at `spinecast validate` on these patients; another model is needed",
    )


def _changed(hazard: TimeToEventModel, intercept: float, slope: float) -> TimeToEventModel:
    """Put a change after the last correction: one number a patient, a line of the value at the reference day."""
    old, at = hazard.correction, hazard.reference
    # The value at the reference day is itself a line of the uncorrected one there.
    level, gain = float(old.intercept[at]), float(old.slope[at] + old.at_reference[at])
    made = CurveCorrection(
        intercept=old.intercept + intercept + (slope - 1) * level,
        slope=old.slope,
        at_reference=old.at_reference + (slope - 1) * gain,
    )
    return replace(hazard, correction=made)


def _too_few(label: str, events: int, method: TimesMethod, patients: int) -> CohortError:
    lesser = method != "level" and events >= EVENTS_PER_PARAMETER
    needed = EVENTS_PER_PARAMETER * PARAMETERS[method]
    remedy = (
        "--method level needs fewer"
        if lesser
        else "gather more patients; `spinecast validate` shows how the model does in these, and changes nothing"
    )
    return CohortError(
        f"too few events to update by {method}: {events}; to estimate {PARAMETERS[method]} needs {needed}",
        where=f"{label}: {events} of {patients} updating patients",
        expected=f"{EVENTS_PER_PARAMETER} events for each parameter",
        remedy=remedy,
    )
