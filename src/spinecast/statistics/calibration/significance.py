"""Tests of calibration; each carries what a small p-value does not mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtr

from spinecast.statistics.calibration.summary import calibration_groups
from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import check_scored

__all__ = [
    "CALIBRATION_TEST_CAVEAT",
    "HOSMER_LEMESHOW_CAVEAT",
    "CalibrationTest",
    "hosmer_lemeshow",
    "spiegelhalter",
]

CALIBRATION_TEST_CAVEAT = (
    "A test of calibration says neither how large a miscalibration is nor at which risks: with many patients every "
    "model fails it, with few every model passes. Judge calibration by the curve, its band, slope and intercept."
)
HOSMER_LEMESHOW_CAVEAT = (
    "The Hosmer-Lemeshow test depends on how patients are grouped, has little power in small cohorts and rejects "
    "everything in large ones, and does not say how a model is miscalibrated; Van Calster et al. (2019, BMC Med "
    "17:230) advise against it. It is here to be compared with papers that print it."
)


@dataclass(frozen=True)
class CalibrationTest:
    """A test of the hypothesis that every predicted risk is right.

    Parameters
    ----------
    name : str
        Which test.
    statistic : float
        Standard normal under the hypothesis where ``degrees_of_freedom`` is None, else chi-squared.
    degrees_of_freedom : int or None
        Of the chi-squared distribution.
    p_value : float
        Two-sided.
    n, events : int
        Patients and patients with the outcome.
    caveat : str
        What the test cannot tell; to be shown wherever the p-value is.
    """

    name: str
    statistic: float
    degrees_of_freedom: int | None
    p_value: float
    n: int
    events: int
    caveat: str = CALIBRATION_TEST_CAVEAT

    def to_dict(self) -> dict[str, Any]:
        """Return the test as JSON-ready values."""
        return {
            "name": self.name,
            "statistic": self.statistic,
            "degrees_of_freedom": self.degrees_of_freedom,
            "p_value": self.p_value,
            "n": self.n,
            "events": self.events,
            "caveat": self.caveat,
        }


def spiegelhalter(outcome: ArrayLike, risk: ArrayLike) -> CalibrationTest | Absent:
    """Test calibration by whether the Brier score is what the risks themselves lead one to expect.

    z = sum (y - p)(1 - 2p) / sqrt(sum (1 - 2p)^2 p (1 - p)) (Spiegelhalter 1986, Stat Med 5:421).

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities, not estimated from these patients.

    Returns
    -------
    CalibrationTest or Absent
        Absent where all risks are 0, 1/2 or 1: the Brier score then does not vary under the hypothesis.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1 or a risk lies outside [0, 1].
    """
    scored = check_scored(outcome, risk)
    slope = 1 - 2 * scored.score
    variance = float(np.sum(slope**2 * scored.score * (1 - scored.score)))
    if variance == 0:
        return Absent("all predicted risks are 0, 1/2 or 1: the Brier score has no variance to be tested by")
    z = float(np.sum((scored.outcome - scored.score) * slope)) / math.sqrt(variance)
    return CalibrationTest("Spiegelhalter's z", z, None, _two_sided(z), scored.n, scored.events)


def hosmer_lemeshow(
    outcome: ArrayLike, risk: ArrayLike, *, groups: int = 10, fitted_here: bool = False
) -> CalibrationTest | Absent:
    """Hosmer and Lemeshow's chi-squared over groups of risk, to compare with papers that print it.

    sum (O - E)^2 / (E (1 - E/n)) over the groups of :func:`calibration_groups` (Hosmer & Lemeshow 1980, Commun Stat
    A9:1043).

    Parameters
    ----------
    outcome, risk
        As :func:`spiegelhalter`.
    groups : int
        Groups before those with equal limits merge.
    fitted_here : bool
        Whether the model was fitted to these patients: two degrees of freedom fewer than groups, instead of as many.

    Returns
    -------
    CalibrationTest or Absent
        Absent where a group's risks are all 0 or all 1, or no degree of freedom is left.

    Raises
    ------
    ValueError
        As :func:`spiegelhalter`, or if ``groups`` is less than 1.
    """
    scored = check_scored(outcome, risk)
    found = calibration_groups(outcome, risk, groups=groups)
    degrees = len(found) - 2 if fitted_here else len(found)
    if degrees < 1:
        return Absent(f"{len(found)} groups leave no degree of freedom")
    if any(not 0 < group.predicted < 1 for group in found):
        return Absent("the predicted risks of a group are all 0 or all 1: its variance is 0")
    parts = ((one.events - one.n * one.predicted) ** 2 / (one.n * one.predicted * (1 - one.predicted)) for one in found)
    statistic = float(sum(parts))
    name = f"Hosmer-Lemeshow, {len(found)} groups"
    p_value = float(chdtrc(degrees, statistic))
    return CalibrationTest(name, statistic, degrees, p_value, scored.n, scored.events, HOSMER_LEMESHOW_CAVEAT)


def _two_sided(z: float) -> float:
    return float(2 * ndtr(-abs(z)))
