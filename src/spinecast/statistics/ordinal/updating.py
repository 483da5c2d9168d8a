"""Updating cumulative log-odds on other patients: new intercepts and slopes, of all thresholds or of each.

Every patient stands in as many logistic regressions as there are thresholds, fitted together: having reached each
level, on the log-odds of reaching it. They are estimated as if a patient's answers were independent, because the
likelihood of the levels is infinite where thresholds of a patient meet; intervals have the covariance clustered by
patient (Liang & Zeger 1986, Biometrika 73:13). With an intercept of its own each threshold's mean probability is the
observed share.

Changes are tested by the generalised score test (Rotnitzky & Jewell 1990, Biometrika 77:485; Boos 1992, Am Stat
46:327), with the covariance that a patient's answers have where the smaller change is right. It needs no estimate: who
reached a level reached those below it. Wald's test with the covariance by patient rejects twice as often as it says at
the smallest sizes that are updated (docs/decisions/0032).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit

from spinecast.statistics.calibration.updating import ClosedTest, UpdateTest
from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.ordinal.threshold_regressions import (
    StackedLevels,
    ThresholdMethod,
    design_of,
    estimates,
    information_of,
)

__all__ = ["ThresholdMethod", "ThresholdUpdate", "closed_threshold_test", "fit_threshold_update"]

LARGEST: ThresholdMethod = "lines"
_SLOPED = ("intercepts-and-slope", "lines")
_Smaller = Literal["original", "common-intercept", "intercepts", "intercepts-and-slope"]
# Steps of the closed test, smallest change first; the last tests whether one slope serves every threshold.
_SMALLER: tuple[_Smaller, ...] = ("original", "common-intercept", "intercepts", "intercepts-and-slope")
# With one threshold what is of its own and what is common are the same.
_OF_ONE: tuple[_Smaller, ...] = ("original", "common-intercept")
# Smallest eigenvalue of a correlation below which it is 0 but for rounding.
SINGULAR = 1e-12
# Square root of an information below which an estimate is as good as infinite, and its inverse's square may be.
UNTOLD = 1e-30


@dataclass(frozen=True)
class ThresholdUpdate:
    """The change that updates cumulative log-odds: at each threshold ``intercept + slope * old log-odds``.

    Parameters
    ----------
    method : {"common-intercept", "intercepts", "intercepts-and-slope", "lines"}
    intercepts, slopes : tuple of Estimate
        One a threshold, all the same where they are common; with 95 % intervals, but for slopes held at 1.
    """

    method: ThresholdMethod
    intercepts: tuple[Estimate, ...]
    slopes: tuple[Estimate, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "method": self.method,
            "intercepts": [one.to_dict() for one in self.intercepts],
            "slopes": [one.to_dict() for one in self.slopes],
        }


def fit_threshold_update(levels: ArrayLike, log_odds: ArrayLike, method: ThresholdMethod) -> ThresholdUpdate | Absent:
    """Fit a change of cumulative log-odds.

    Parameters
    ----------
    levels : array-like of shape (n,)
        Observed, 0 the lowest.
    log_odds : array-like of shape (n, thresholds)
        The model's, of reaching each level above the lowest.
    method : {"common-intercept", "intercepts", "intercepts-and-slope", "lines"}

    Returns
    -------
    ThresholdUpdate or Absent
        Absent where everybody or nobody reached a level that gets an intercept of its own, the log-odds of one that
        gets a slope do not vary or tell who reached it for certain, or chances are certain in nearly everybody.

    Raises
    ------
    ValueError
        If a level is no whole number or above the highest, or a number is not finite.
    """
    data = StackedLevels.of(levels, log_odds)
    fitted = _fit(data, method)
    if isinstance(fitted, Absent):
        return fitted
    coefficients, covariance = fitted
    reach = NORMAL_975 * np.sqrt(np.diag(covariance))
    size = len(data.seen)

    def estimate(place: int) -> Estimate:
        value, half = float(coefficients[place]), float(reach[place])
        return Estimate(value, value - half, value + half, size, None, "logistic regression, covariance by patient")

    thresholds = data.seen.shape[1]
    count = 1 if method == "common-intercept" else thresholds
    slopes = {"intercepts-and-slope": 1, "lines": thresholds}.get(method, 0)
    held = Estimate(1.0, None, None, size, None, "held at 1")
    return ThresholdUpdate(
        method=method,
        intercepts=tuple(estimate(place % count) for place in range(thresholds)),
        slopes=tuple(estimate(count + place % slopes) if slopes else held for place in range(thresholds)),
    )


def closed_threshold_test(levels: ArrayLike, log_odds: ArrayLike) -> ClosedTest | Absent:
    """Choose the smallest change that is not rejected against a new intercept and slope at each threshold.

    The closed test of Vergouwe et al. (2017, Stat Med 36:4529): with K thresholds the largest change is tested against
    the model as it is (2K degrees of freedom), one new intercept (2K - 1), new intercepts (K), and these with one slope
    for all (K - 1).

    Parameters
    ----------
    levels, log_odds
        As :func:`fit_threshold_update`.

    Returns
    -------
    ClosedTest or Absent
        Absent as :func:`fit_threshold_update` of the largest change or of a smaller one, or where a smaller one gives
        everybody the same chance of reaching two levels.

    Raises
    ------
    ValueError
        As :func:`fit_threshold_update`.
    """
    data = StackedLevels.of(levels, log_odds)
    largest = estimates(data, LARGEST)
    if isinstance(largest, Absent):
        return largest
    steps: list[UpdateTest] = []
    for name in _SMALLER if data.seen.shape[1] > 1 else _OF_ONE:
        step = _score_test(data, name)
        if isinstance(step, Absent):
            return step
        steps.append(step)
        if step.keeps_smaller:
            return ClosedTest(tuple(steps), name)
    return ClosedTest(tuple(steps), LARGEST)


def _score_test(data: StackedLevels, smaller: _Smaller) -> UpdateTest | Absent:
    """Test a smaller change against the largest by the score of the latter where the former is fitted."""
    thresholds = data.seen.shape[1]
    lines = _as_lines(data, smaller)
    if isinstance(lines, Absent):
        return lines
    design = design_of(data.log_odds, LARGEST)
    log_odds = design @ lines
    information = information_of(design, log_odds)
    if _is_singular(information):
        return _certain()
    contrast = _hypothesis(smaller, thresholds) @ np.linalg.inv(information)
    distance = contrast @ np.einsum("nk,nkp->p", data.seen - expit(log_odds), design)
    variance = (
        contrast @ np.einsum("nkp,nkj,njq->pq", design, _covariance(log_odds), design, optimize=True) @ contrast.T
    )
    if _is_singular(variance):
        return Absent("two levels have the same chance in everybody: what moves one from the other cannot be tested")
    statistic, degrees = float(distance @ np.linalg.solve(variance, distance)), len(contrast)
    p_value = float(chdtrc(degrees, statistic))
    return UpdateTest(LARGEST, smaller, statistic, degrees, p_value, "score test, covariance of ordered levels")


def _certain() -> Absent:
    return Absent("chances of reaching a level are certain in nearly everybody: how far they are off cannot be told")


def _is_singular(matrix: Floats) -> bool:
    """Whether an inverse would be of rounding errors, whatever the units, or of no finite size."""
    spread = np.sqrt(np.diag(matrix))
    return not (spread > UNTOLD).all() or not np.linalg.eigvalsh(matrix / np.outer(spread, spread))[0] > SINGULAR


def _covariance(log_odds: Floats) -> Floats:
    """Covariance of a patient's answers, shape (n, thresholds, thresholds): the chance of both less their product.

    Who reached the higher of two levels reached the lower: the chance of both is the smaller. Where thresholds cross
    this is still a covariance, of falling below each chance by one uniform draw.
    """
    reached, short = expit(log_odds), expit(-log_odds)  # 1 - reached would lose all digits where it is near 1
    return np.asarray(
        np.minimum(reached[:, :, None], reached[:, None, :]) * np.minimum(short[:, :, None], short[:, None, :])
    )


def _hypothesis(smaller: _Smaller, thresholds: int) -> Floats:
    """What of the largest change's coefficients, intercepts and then slopes, the smaller holds: one a row."""
    each, nothing = np.eye(thresholds), np.zeros((thresholds, thresholds))
    alike = np.column_stack((np.ones(thresholds - 1), -np.eye(thresholds - 1)))
    none = np.zeros((thresholds - 1, thresholds))
    match smaller:
        case "original":
            return np.eye(2 * thresholds)
        case "common-intercept":
            return np.vstack((np.hstack((alike, none)), np.hstack((nothing, each))))
        case "intercepts":
            return np.hstack((nothing, each))
        case "intercepts-and-slope":
            return np.hstack((none, alike))


def _as_lines(data: StackedLevels, smaller: _Smaller) -> Floats | Absent:
    """Coefficients of the largest change that say what a smaller one does."""
    thresholds = data.seen.shape[1]
    if smaller == "original":
        return np.repeat([0.0, 1.0], thresholds)
    found = estimates(data, smaller)
    if isinstance(found, Absent):
        return found
    own = 1 if smaller == "common-intercept" else thresholds
    slope = found[own:] if found.size > own else np.ones(1)
    return np.concatenate((np.broadcast_to(found[:own], thresholds), np.broadcast_to(slope, thresholds)))


def _fit(data: StackedLevels, method: ThresholdMethod) -> tuple[Floats, Floats] | Absent:
    """Coefficients, the intercepts before the slopes, and their covariance clustered by patient."""
    coefficients = estimates(data, method)
    if isinstance(coefficients, Absent):
        return coefficients
    design = design_of(data.log_odds, method)
    log_odds = design @ coefficients + (0 if method in _SLOPED else data.log_odds)
    information = information_of(design, log_odds)
    if _is_singular(information):
        return _certain()
    by_patient = np.einsum("nk,nkp->np", data.seen - expit(log_odds), design)
    bread = np.linalg.inv(information)
    return coefficients, bread @ (by_patient.T @ by_patient) @ bread
