"""Updating predicted cumulative hazards on other patients: a new level, a new level and slope, and the test between.

Events are Poisson counts with the predicted cumulative hazard of each patient's own follow-up as the offset, which is
the likelihood of the censored times (Crowson, Atkinson & Therneau 2016, Stat Methods Med Res 25:1692). The closed test
is that of binary outcomes (Vergouwe et al. 2017, Stat Med 36:4529) with this likelihood in place of the logistic one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from spinecast.statistics.calibration.updating import ClosedTest, UpdateTest
from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.hazards.recalibration import HazardRecalibration, fit_hazard_recalibration
from spinecast.statistics.survival.follow_up import check_values

__all__ = ["HazardMethod", "HazardUpdate", "closed_hazard_test", "closed_test_by_window", "fit_hazard_update"]

HazardMethod = Literal["level", "level-and-slope"]
# The hypotheses of the closed test in their order, and what each leaves free less than the largest change.
_SMALLER = (("original", 2), ("level", 1))


@dataclass(frozen=True)
class HazardUpdate:
    """What a log cumulative hazard is changed by: ``intercept + (slope - 1) * index``.

    Parameters
    ----------
    method : {"level", "level-and-slope"}
    intercept, slope : Estimate
        With 95 % intervals; the slope of a new level is 1 and has none.
    """

    method: HazardMethod
    intercept: Estimate
    slope: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"method": self.method, "intercept": self.intercept.to_dict(), "slope": self.slope.to_dict()}


def fit_hazard_update(
    event: ArrayLike, cumulative_hazard: ArrayLike, index: ArrayLike, method: HazardMethod
) -> HazardUpdate | Absent:
    """Fit a new level of the hazard, or a new level and slope.

    Parameters
    ----------
    event : array-like of shape (n,)
        1 where the event ended the follow-up, else 0.
    cumulative_hazard : array-like of shape (n,)
        Predicted for each patient's own follow-up; not negative.
    index : array-like of shape (n,)
        One number a patient: what the model says of them, whatever the time.
    method : {"level", "level-and-slope"}

    Returns
    -------
    HazardUpdate or Absent
        Absent where nobody had the event or, for a slope, where the index does not vary. Wald intervals from the
        information; where a slope is held at 0 it has none.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, or a hazard is negative.
    """
    data = _checked(event, cumulative_hazard, index)
    if isinstance(data, Absent):
        return data
    n, events = data.happened.size, int(data.happened.sum())
    if method == "level":
        level = float(np.log(data.happened.sum() / data.expected.sum()))
        half = NORMAL_975 / float(np.sqrt(events))
        found = Estimate(level, level - half, level + half, n, events, "Poisson regression, Wald")
        return HazardUpdate(method, found, Estimate(1, None, None, n, events, "held at 1"))
    if not data.varies:
        return Absent("the model says the same of all of them: there is no slope")
    line = fit_hazard_recalibration(data.happened, data.expected, data.index)
    if line.slope <= 0:
        how = "Poisson regression; the slope is held at 0"
        held = Estimate(line.slope, None, None, n, events, how)
        return HazardUpdate(method, Estimate(line.intercept, None, None, n, events, how), held)
    design = np.column_stack((np.ones(n), data.index))
    mean = data.expected * np.exp(line.intercept + (line.slope - 1) * data.index)
    reach = NORMAL_975 * np.sqrt(np.diag(np.linalg.inv(design.T @ (design * mean[:, None]))))

    def estimate(value: float, half: float) -> Estimate:
        return Estimate(value, value - half, value + half, n, events, "Poisson regression, Wald")

    return HazardUpdate(method, estimate(line.intercept, float(reach[0])), estimate(line.slope, float(reach[1])))


def closed_hazard_test(event: ArrayLike, cumulative_hazard: ArrayLike, index: ArrayLike) -> ClosedTest | Absent:
    """Choose the smallest change that is not rejected against a new level and slope, by likelihood ratios.

    Parameters
    ----------
    event, cumulative_hazard, index
        As :func:`fit_hazard_update`.

    Returns
    -------
    ClosedTest or Absent
        Steps against "original" (2 degrees of freedom) and "level" (1); absent as :func:`fit_hazard_update`.

    Raises
    ------
    ValueError
        As :func:`fit_hazard_update`.
    """
    data = _checked(event, cumulative_hazard, index)
    if isinstance(data, Absent):
        return data
    if not data.varies:
        return Absent("the model says the same of all of them: there is no slope")
    line = fit_hazard_recalibration(data.happened, data.expected, data.index)
    reached = data.log_likelihood(line)
    level = HazardRecalibration(float(np.log(data.happened.sum() / data.expected.sum())), 1.0)
    held = {"original": HazardRecalibration(0.0, 1.0), "level": level}
    steps = []
    for smaller, degrees in _SMALLER:
        statistic = max(0.0, 2 * (reached - data.log_likelihood(held[smaller])))
        p_value = float(chdtrc(degrees, statistic))
        steps.append(UpdateTest("level-and-slope", smaller, statistic, degrees, p_value, "likelihood ratio"))
        if steps[-1].keeps_smaller:
            return ClosedTest(tuple(steps), smaller)
    return ClosedTest(tuple(steps), "level-and-slope")


def closed_test_by_window(event: ArrayLike, cumulative_hazard: ArrayLike, index: ArrayLike) -> ClosedTest | Absent:
    """Choose the smallest change that is not rejected against a level and slope of each window of the follow-up.

    As :func:`closed_hazard_test`, whose changes are those that are the same in every window: the Poisson likelihood of
    a whole follow-up is that of its windows together.

    Parameters
    ----------
    event, cumulative_hazard : array-like of shape (n, w)
        1 in the window in which a patient had the event; the hazard predicted for the part of each window in which the
        patient was followed.
    index : array-like of shape (n,)

    Returns
    -------
    ClosedTest or Absent
        Steps against "original" (2 w degrees of freedom), "level" (2 w - 1) and "level-and-slope" (2 w - 2); absent
        where nobody had the event in a window, there is but one, or the index does not vary.

    Raises
    ------
    ValueError
        As :func:`fit_hazard_update`.
    """
    happened, expected = np.asarray(event, dtype=np.float64), np.asarray(cumulative_hazard, dtype=np.float64)
    if happened.shape[1] < 2:
        return Absent("the follow-up has one part")
    reached = 0.0
    for own, hazard in zip(happened.T, expected.T, strict=True):
        window = _checked(own, hazard, index)
        if isinstance(window, Absent):
            return Absent(f"in a part of the follow-up {window.reason}")
        reached += window.log_likelihood(fit_hazard_recalibration(window.happened, window.expected, window.index))
    whole = _checked(happened.sum(axis=1), expected.sum(axis=1), index)
    if isinstance(whole, Absent):
        return whole
    if not whole.varies:
        return Absent("the model says the same of all of them: there is no slope")
    level = HazardRecalibration(float(np.log(whole.happened.sum() / whole.expected.sum())), 1.0)
    smaller = {
        "original": HazardRecalibration(0.0, 1.0),
        "level": level,
        "level-and-slope": fit_hazard_recalibration(whole.happened, whole.expected, whole.index),
    }
    steps = []
    for place, (name, line) in enumerate(smaller.items()):
        statistic = max(0.0, 2 * (reached - whole.log_likelihood(line)))
        degrees = 2 * happened.shape[1] - place
        p_value = float(chdtrc(degrees, statistic))
        steps.append(UpdateTest("by-day", name, statistic, degrees, p_value, "likelihood ratio"))
        if steps[-1].keeps_smaller:
            return ClosedTest(tuple(steps), name)
    return ClosedTest(tuple(steps), "by-day")


@dataclass(frozen=True, eq=False)
class _Counts:
    """Events beside what was expected of each patient."""

    happened: Floats
    expected: Floats
    index: Floats

    @property
    def varies(self) -> bool:
        centre = float(np.average(self.index, weights=self.expected))
        return float((self.expected * (self.index - centre) ** 2).sum()) > 1e-12 * float(self.expected.sum())

    def log_likelihood(self, line: HazardRecalibration) -> float:
        """Up to what does not depend on the correction."""
        linear = line.intercept + (line.slope - 1) * self.index
        return float((self.happened * linear).sum() - (self.expected * np.exp(linear)).sum())


def _checked(event: ArrayLike, cumulative_hazard: ArrayLike, index: ArrayLike) -> _Counts | Absent:
    happened = np.asarray(event, dtype=np.float64)
    expected = check_values(cumulative_hazard, "cumulative_hazard", happened.size)
    own = check_values(index, "index", happened.size)
    if expected.min(initial=0.0) < 0:
        raise ValueError("a cumulative hazard is negative")
    if not happened.sum() > 0:
        return Absent("nobody had the event")
    if not expected.sum() > 0:
        return Absent("nobody was expected to have the event")
    return _Counts(happened, expected, own)
