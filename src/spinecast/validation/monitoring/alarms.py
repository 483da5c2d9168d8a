"""The two rules by which the monitor raises, at one rate of false alarms.

Two thirds of the rate go to calibration, whose level and spread cumulative sums follow as outcomes come
(`calibration_watch`); a third to the inputs, which are tested by quarter: a change of an input shows in its own
numbers, and needs the rate less. Over the inputs of one quarter the tests are adjusted by Holm, over the quarters of
the span by Bonferroni: whatever the dependence between them, no more false alarms are to be expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import FEWEST_BEYOND, Absent, holm_adjusted
from spinecast.validation.monitoring.periods import Quarter
from spinecast.validation.monitoring.reference import InputReference, Shift

__all__ = ["Alarm", "AlarmRule", "InputShifts", "watch_inputs"]

FloatArray = NDArray[np.float64]

_OF_CALIBRATION = 2 / 3


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
        Change of the odds of the outcome that two cumulative sums look for, times and divided by.
    slope : float
        Calibration slope that a third one looks for, with as many events as predicted: risks closer together.
    simulations : int
        Runs by which their limits are found.
    seed : int
    """

    false_alarms: float = 0.03
    span_years: int = 10
    odds_ratio: float = 2.0
    slope: float = 0.5
    simulations: int = 2000
    seed: int = 1

    @property
    def quarter_level(self) -> float:
        """Level of all tests of the inputs of one quarter together."""
        return self.false_alarms * (1 - _OF_CALIBRATION) / (4 * self.span_years)

    @property
    def calibration_level(self) -> float:
        """Probability that calibration is raised over the span if nothing changes."""
        return self.false_alarms * _OF_CALIBRATION

    @property
    def least_false_alarms(self) -> float:
        """The lowest rate for which so many simulations find the limit of calibration."""
        return FEWEST_BEYOND / self.simulations / _OF_CALIBRATION

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
        Of the predictions whose inputs raised it; of calibration, that of the day on which it could be known.
    known_on : str
        First day on which it could be known: the quarter over, or the outcomes known.
    variable : str
        The input; empty for calibration.
    direction : str
        Of calibration: "more" or "fewer" events than predicted, or "flatter" risks: closer together than predicted.
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
