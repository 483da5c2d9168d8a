"""The two rules by which the monitor raises, at one rate of false alarms.

Half of the rate goes to calibration, which a cumulative sum follows patient by patient; half to the inputs, which are
tested by quarter. Over the inputs of one quarter the tests are adjusted by Holm, over the quarters of the span by
Bonferroni: whatever the dependence between them, no more false alarms are to be expected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from spinecast.statistics import (
    FEWEST_BEYOND,
    Absent,
    CalibrationCusum,
    calibration_cusum,
    cusum_limit,
    holm_adjusted,
)
from spinecast.validation.monitoring.periods import Quarter
from spinecast.validation.monitoring.reference import InputReference, Shift
from spinecast.validation.monitoring.watched import Followed

__all__ = ["Alarm", "AlarmRule", "CalibrationWatch", "InputShifts", "watch_calibration", "watch_inputs"]

Days = NDArray[np.datetime64]
FloatArray = NDArray[np.float64]

_DAYS_A_YEAR = 365.25
# A pace that a shorter time shows is none.
_SHORTEST_YEARS = 0.25
# For more patients no limit is simulated: at 2,000 simulations it takes about ten seconds.
_MOST_PLANNED = 50_000


@dataclass(frozen=True)
class AlarmRule:
    """How often the monitor may be wrong, and what it looks for.

    Parameters
    ----------
    false_alarms : float
        Probability of any alarm over the span if nothing changes.
    span_years : int
        How long that holds, at the present pace of predictions.
    odds_ratio : float
        Change of the odds of the outcome that the cumulative sum looks for, times and divided by.
    simulations : int
        Runs by which its limit is found.
    seed : int
    """

    false_alarms: float = 0.03
    span_years: int = 10
    odds_ratio: float = 2.0
    simulations: int = 2000
    seed: int = 1

    @property
    def quarter_level(self) -> float:
        """Level of all tests of the inputs of one quarter together."""
        return self.false_alarms / 2 / (4 * self.span_years)

    @property
    def least_false_alarms(self) -> float:
        """The lowest rate for which so many simulations find the limit, half of it being that of calibration."""
        return 2 * FEWEST_BEYOND / self.simulations

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self) | {"quarter_level": self.quarter_level}


@dataclass(frozen=True)
class Alarm:
    """Something that was raised.

    Parameters
    ----------
    kind : {"calibration", "input", "missing"}
    quarter : str
        Of the predictions that raised it.
    known_on : str
        First day on which it could be known: the quarter over, or the outcome due.
    variable : str
        The input; empty for calibration.
    direction : str
        Of calibration: "more" or "fewer" events than predicted.
    """

    kind: Literal["calibration", "input", "missing"]
    quarter: str
    known_on: str
    variable: str = ""
    direction: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class CalibrationWatch:
    """The cumulative sums over the patients whose outcome counts.

    Parameters
    ----------
    cusum : CalibrationCusum
    planned : int
        Patients for whom the rate of false alarms holds.
    span_patients : int
        Patients of the rule's span, at the present pace; more than `planned` where a limit for so many is not found.
    alarms : tuple of Alarm
    since : datetime64 or None
        Day of the prediction from which on the sum that last crossed its limit rose.
    """

    cusum: CalibrationCusum
    planned: int
    span_patients: int
    alarms: tuple[Alarm, ...]
    since: np.datetime64 | None


@dataclass(frozen=True, eq=False)
class InputShifts:
    """One quarter's inputs against their reference.

    Parameters
    ----------
    distribution, missing : tuple of DistributionShift or Absent
        One an input.
    adjusted, adjusted_missing : tuple of float or None
        P-values of no change, adjusted for all tests of the quarter.
    alarms : tuple of Alarm
        None while the quarter goes on: it would be tested more than once.
    """

    distribution: tuple[Shift, ...]
    missing: tuple[Shift, ...]
    adjusted: tuple[float | None, ...]
    adjusted_missing: tuple[float | None, ...]
    alarms: tuple[Alarm, ...]


def watch_calibration(
    predicted_on: Days, followed: Followed, waiting_days: int, rule: AlarmRule, development: int | None = None
) -> CalibrationWatch | Absent:
    """Follow the outcomes in the order of the predictions.

    Parameters
    ----------
    predicted_on : ndarray of datetime64[D], shape (n,)
        Of everybody watched.
    followed : Followed
    waiting_days : int
        Until an outcome is due.
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
    days = predicted_on[followed.rows]
    years = max(float((days[-1] - days[0]).astype(int)) / _DAYS_A_YEAR, _SHORTEST_YEARS)
    span_patients = max(len(days), math.ceil(len(days) / years * rule.span_years))
    planned = min(span_patients, _MOST_PLANNED)
    limit = cusum_limit(
        found.risk,
        planned,
        false_alarms=rule.false_alarms / 2,
        odds_ratio=rule.odds_ratio,
        follow=followed.follow,
        **_own_errors(found.risk, development),
        simulations=rule.simulations,
        seed=rule.seed,
    )
    cusum = calibration_cusum(found.outcome, found.risk, limit, found.weights, odds_ratio=rule.odds_ratio)
    alarms = tuple(
        Alarm(
            "calibration",
            Quarter(int(days[one.position].astype("datetime64[M]").astype(int)) // 3).label,
            str(days[one.position] + np.timedelta64(waiting_days, "D")),
            direction=one.direction,
        )
        for one in cusum.alarms
    )
    return CalibrationWatch(cusum, planned, span_patients, alarms, _risen_since(cusum, days))


class _OwnErrors(TypedDict):
    level_error: float
    slope_error: float


def _own_errors(risk: FloatArray, development: int | None) -> _OwnErrors:
    """Return the standard errors of level and slope in so many development patients with risks like these.

    From the information of the logistic model with the log-odds centred (Cox 1958, Biometrika 45:562).
    """
    if not development:
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
    path = cusum.more if direction == "more" else cusum.fewer
    resting = np.flatnonzero(path[:first] == 0)
    return np.datetime64(days[resting[-1] + 1 if resting.size else 0])


def watch_inputs(
    reference: Sequence[InputReference], inputs: FloatArray, quarter: Quarter, rule: AlarmRule, *, complete: bool
) -> InputShifts:
    """Compare the inputs of one quarter with their reference.

    Parameters
    ----------
    reference : sequence of InputReference
        One a column.
    inputs : ndarray, shape (n, inputs)
        On the scale of the reference.
    quarter : Quarter
    rule : AlarmRule
    complete : bool
        Whether the quarter is over: only then is anything raised.
    """
    distribution = tuple(one.shift(values) for one, values in zip(reference, inputs.T, strict=True))
    missing = tuple(one.missing_shift(values) for one, values in zip(reference, inputs.T, strict=True))
    tested = [None if isinstance(one, Absent) else one.p_value for one in (*distribution, *missing)]
    adjusted = holm_adjusted(tested)
    shares, gaps = adjusted[: len(reference)], adjusted[len(reference) :]
    raised: tuple[tuple[Literal["input", "missing"], tuple[float | None, ...]], ...]
    raised = (("input", shares), ("missing", gaps))
    alarms = tuple(
        Alarm(kind, quarter.label, str(quarter.last + np.timedelta64(1, "D")), one.name)
        for kind, values in raised
        for one, p_value in zip(reference, values, strict=True)
        if complete and p_value is not None and p_value < rule.quarter_level
    )
    return InputShifts(distribution, missing, shares, gaps, alarms)
