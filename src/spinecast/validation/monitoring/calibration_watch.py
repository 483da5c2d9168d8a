"""Calibration of a model in use: the cumulative sums over what is known of its patients, and their limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from spinecast.statistics import (
    Absent,
    CalibrationCusum,
    EventSteps,
    calibration_cusum,
    cusum_limits,
    event_cusum,
    event_limits,
    event_steps,
)
from spinecast.validation.monitoring.alarms import Alarm, AlarmRule
from spinecast.validation.monitoring.as_they_come import Coming, as_they_come
from spinecast.validation.monitoring.one_risk import OneRisk
from spinecast.validation.monitoring.periods import quarter_of
from spinecast.validation.monitoring.watched import Days, Followed, Watched
from spinecast.validation.predictions import Predictions

__all__ = ["CalibrationWatch", "watch_calibration"]

FloatArray = NDArray[np.float64]

_DAYS_A_YEAR = 365.25
# A pace that a shorter time shows is none.
_SHORTEST_YEARS = 0.25


@dataclass(frozen=True, eq=False)
class CalibrationWatch:
    """The cumulative sums, step by step: a day of all patients, or a patient whose outcome is due.

    Parameters
    ----------
    cusum : CalibrationCusum
    known_on : ndarray of datetime64, shape (steps,)
        When each step could be known.
    observed, expected : ndarray, shape (steps,)
        Events of each step; of patients who are waited for, weighted for those lost.
    planned_events : float
        Expected events of the rule's span at the present pace, for which the rate of false alarms holds.
    waiting : str
        Why patients are waited for until their outcome is due; empty where events count as they come.
    alarms : tuple of Alarm
    since : datetime64 or None
        Day from which on the sum that last crossed its limit rose: of the predictions where they are waited for.
    """

    cusum: CalibrationCusum
    known_on: Days
    observed: FloatArray
    expected: FloatArray
    planned_events: float
    waiting: str
    alarms: tuple[Alarm, ...]
    since: np.datetime64 | None


def watch_calibration(
    watched: Watched,
    followed: Followed,
    risk: OneRisk,
    until: np.datetime64,
    rule: AlarmRule,
    development: int | None = None,
) -> CalibrationWatch | Absent:
    """Follow the outcomes as they come; patient by patient, as they are due, where that cannot be.

    Parameters
    ----------
    watched : Watched
    followed : Followed
    risk : OneRisk
    until : datetime64
    rule : AlarmRule
    development : int, optional
        Patients the model was made from: how exactly it knows its own level. Exactly, when left out.

    Returns
    -------
    CalibrationWatch or Absent
        Absent where no outcome counts.
    """
    found = followed.predictions
    if isinstance(found, Absent):
        return found
    coming = as_they_come(watched, followed, risk, until)
    if isinstance(coming, Absent):
        return _by_patient(watched.predicted_on[followed.rows], found, followed, risk, rule, development, coming.reason)
    return _by_day(coming, rule, development)


def _by_day(coming: Coming, rule: AlarmRule, development: int | None) -> CalibrationWatch | Absent:
    patients, steps = coming.followed, event_steps(coming.followed, rule.odds_ratio, rule.slope)
    known = int((coming.last - coming.first).astype(int)) + 1
    steps = EventSteps(**{name: values[:known] for name, values in vars(steps).items()})
    if not steps.expected.any():
        return Absent("no event was expected of anybody")
    days = coming.first + np.arange(len(steps.more)).astype("timedelta64[D]")
    planned = _over_span(float(patients.risk.sum()), int(patients.entered[-1]), rule)
    limits = event_limits(
        patients,
        planned,
        false_alarms=rule.calibration_level,
        odds_ratio=rule.odds_ratio,
        slope=rule.slope,
        **_own_errors(patients.risk, development),
        simulations=rule.simulations,
        seed=rule.seed,
    )
    cusum = event_cusum(steps, limits)
    return _watch(cusum, days, days, (steps.observed, steps.expected), planned, "")


def _by_patient(
    days: Days,
    found: Predictions,
    followed: Followed,
    risk: OneRisk,
    rule: AlarmRule,
    development: int | None,
    waiting: str,
) -> CalibrationWatch:
    length = int((days[-1] - days[0]).astype(int))
    limits = cusum_limits(
        found.risk,
        math.ceil(_over_span(len(days), length, rule)),
        false_alarms=rule.calibration_level,
        odds_ratio=rule.odds_ratio,
        slope=rule.slope,
        follow=followed.follow,
        **_own_errors(found.risk, development),
        simulations=rule.simulations,
        seed=rule.seed,
    )
    looked_for = {"odds_ratio": rule.odds_ratio, "slope": rule.slope}
    cusum = calibration_cusum(found.outcome, found.risk, limits, found.weights, **looked_for)
    weights = np.ones(found.risk.size) if found.weights is None else found.weights
    events = (weights * found.outcome, weights * found.risk)
    planned = _over_span(float(events[1].sum()), length, rule)
    return _watch(cusum, days, days + np.timedelta64(risk.waiting_days, "D"), events, planned, waiting)


def _over_span(so_far: float, days: int, rule: AlarmRule) -> float:
    """Return how much comes over the rule's span, at the pace of so many days."""
    return so_far * max(1.0, rule.span_years / max(days / _DAYS_A_YEAR, _SHORTEST_YEARS))


def _watch(
    cusum: CalibrationCusum,
    days: Days,
    known_on: Days,
    events: tuple[FloatArray, FloatArray],
    planned: float,
    waiting: str,
) -> CalibrationWatch:
    alarms = tuple(
        Alarm(
            "calibration",
            quarter_of(known_on[one.position]).label,
            str(known_on[one.position]),
            direction=one.direction,
        )
        for one in cusum.alarms
    )
    return CalibrationWatch(cusum, known_on, *events, planned, waiting, alarms, _risen_since(cusum, days))


class _OwnErrors(TypedDict):
    level_error: float
    slope_error: float


def _own_errors(risk: FloatArray, development: int | None) -> _OwnErrors:
    """Return the standard errors of level and slope in so many development patients with risks like these.

    None of certain risks: a level tells nothing of them.

    From the information of the logistic model, log-odds counted from where the two are independent (Cox 1958,
    Biometrika 45:562).
    """
    if not development or not ((risk > 0) & (risk < 1)).any():
        return _OwnErrors(level_error=0.0, slope_error=0.0)
    weight = risk * (1 - risk)
    odds = logit(risk.clip(1e-9, 1 - 1e-9))
    spread = float(np.average((odds - np.average(odds, weights=weight)) ** 2, weights=weight))
    information = development * float(weight.mean())
    return _OwnErrors(level_error=information**-0.5, slope_error=(information * spread) ** -0.5 if spread > 0 else 0.0)


def _risen_since(cusum: CalibrationCusum, days: Days) -> np.datetime64 | None:
    """Return the day from which on the sum of the first alarm in the last direction rose to its limit."""
    if not cusum.alarms:
        return None
    direction = cusum.alarms[-1].direction
    first = next(one.position for one in cusum.alarms if one.direction == direction)
    resting = np.flatnonzero(cusum.path(direction)[:first] == 0)
    return np.datetime64(days[resting[-1] + 1 if resting.size else 0])
