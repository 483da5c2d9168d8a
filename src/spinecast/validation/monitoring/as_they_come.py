"""Events and follow-up of watched patients as they come, and up to which day enough is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import Absent, FollowedRisks, censoring_distribution, event_shape
from spinecast.validation.monitoring.one_risk import OneRisk
from spinecast.validation.monitoring.watched import Days, Followed, Watched

__all__ = ["UNKNOWN", "Coming", "as_they_come"]

FloatArray = NDArray[np.float64]

UNKNOWN = 0.05
"""Share of those under observation of whom a day may be unknown, beyond those lost as others were before and what
chance adds to these (two standard deviations)."""


@dataclass(frozen=True, eq=False)
class Coming:
    """Everybody watched, with the follow-up that is known.

    Parameters
    ----------
    followed : FollowedRisks
        Days are counted from `first`.
    first, last : datetime64
        The first prediction, and the last day on which enough is known of those under observation.
    """

    followed: FollowedRisks
    first: np.datetime64
    last: np.datetime64


def as_they_come(watched: Watched, followed: Followed, risk: OneRisk, until: np.datetime64) -> Coming | Absent:
    """Gather what is known of everybody, day by day, those whose horizon has not passed among them.

    Events are known sooner than that they have not come: who died is told at once, who lives at the next visit. A day
    therefore counts only while of nearly all under observation it is known what it was for them: one in twenty may be
    unknown, beyond those who are lost as patients were whose horizon has passed. The sums end there.

    Parameters
    ----------
    watched : Watched
    followed : Followed
    risk : OneRisk
    until : datetime64

    Returns
    -------
    Coming or Absent
        Absent where the outcome has no follow-up, or too few events came to say when they come: patients are then
        waited for until their horizon has passed.
    """
    horizon = risk.horizon_days
    ended = risk.ended(watched.time, watched.state)
    if horizon is None or ended is None:
        return Absent("the outcome is one assessment, and has no follow-up")
    time, event = ended
    time = np.where(np.isnan(time), 0.0, time)  # nothing came back: followed for no time
    due = followed.due
    # Event times of patients who were all followed long enough: see `event_shape`.
    shape = event_shape(time[due], event[due], horizon) if due.any() else Absent("no outcome is due yet")
    if isinstance(shape, Absent):
        return shape
    entered = (watched.predicted_on - watched.predicted_on[0]).astype(np.int64)
    last = _last_known(watched.predicted_on, time, event, due, horizon, until)
    return Coming(FollowedRisks(entered, watched.risk, time, event, shape), watched.predicted_on[0], last)


def _last_known(
    predicted_on: Days,
    time: FloatArray,
    event: NDArray[np.bool_],
    due: NDArray[np.bool_],
    horizon: float,
    until: np.datetime64,
) -> np.datetime64:
    """Return the last day up to which enough is known, `until` at most."""
    staying = censoring_distribution(np.minimum(time[due], horizon), event[due] | (time[due] >= horizon))
    # From the last day backwards: who is unknown on a day stays so.
    for day in np.arange(predicted_on[0], until + np.timedelta64(1, "D"))[::-1]:
        passed = (day - predicted_on).astype(np.float64)
        under = (passed > 0) & (passed <= horizon) & ~(event & (time <= passed))
        unknown = int((under & (time < passed)).sum())
        lost = float((1 - staying.at(passed[under])).sum())
        if unknown <= lost + 2 * math.sqrt(lost) + UNKNOWN * under.sum():
            return np.datetime64(day)
    return np.datetime64(predicted_on[0])
