"""Updating cumulative log-odds on other patients: new intercepts and slopes, of all thresholds or of each.

Every patient stands in as many logistic regressions as there are thresholds, fitted together: having reached each
level, on the log-odds of reaching it. They are estimated as if a patient's answers were independent and tested by
Wald's test with the covariance clustered by patient (Liang & Zeger 1986, Biometrika 73:13), because the likelihood of
the levels is infinite where thresholds of a patient meet. With an intercept of its own each threshold's mean
probability is the observed share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit

from spinecast.statistics.calibration.updating import ClosedTest, UpdateTest
from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.foundations.logistic import fit_line, is_separated
from spinecast.statistics.ordinal.levels import check_levels, indicators

__all__ = ["ThresholdMethod", "ThresholdUpdate", "closed_threshold_test", "fit_threshold_update"]

ThresholdMethod = Literal["common-intercept", "intercepts", "intercepts-and-slope", "lines"]
LARGEST: ThresholdMethod = "lines"
# Steps of the closed test, smallest change first; the last tests whether one slope serves every threshold.
_SMALLER = ("original", "common-intercept", "intercepts", "intercepts-and-slope")
# With one threshold what is of its own and what is common are the same.
_OF_ONE = ("original", "common-intercept")


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
        Absent where everybody or nobody reached a level that gets an intercept of its own, or the log-odds of one that
        gets a slope do not vary or tell who reached it for certain.

    Raises
    ------
    ValueError
        If a level is no whole number or above the highest, or a number is not finite.
    """
    data = _Stacked.of(levels, log_odds)
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
        Absent as :func:`fit_threshold_update` of the largest change.

    Raises
    ------
    ValueError
        As :func:`fit_threshold_update`.
    """
    data = _Stacked.of(levels, log_odds)
    fitted = _fit(data, LARGEST)
    if isinstance(fitted, Absent):
        return fitted
    coefficients, covariance = fitted
    thresholds = data.seen.shape[1]
    steps: list[UpdateTest] = []
    for name in _SMALLER if thresholds > 1 else _OF_ONE:
        contrast, held = _hypothesis(name, thresholds)
        distance = contrast @ coefficients - held
        statistic = float(distance @ np.linalg.solve(contrast @ covariance @ contrast.T, distance))
        degrees = len(contrast)
        p_value = float(chdtrc(degrees, statistic))
        steps.append(UpdateTest(LARGEST, name, statistic, degrees, p_value, "Wald, covariance by patient"))
        if steps[-1].keeps_smaller:
            return ClosedTest(tuple(steps), name)
    return ClosedTest(tuple(steps), LARGEST)


@dataclass(frozen=True, eq=False)
class _Stacked:
    """Whether each level was reached, and the log-odds of it, shape (n, thresholds) both."""

    seen: Floats
    log_odds: Floats

    @classmethod
    def of(cls, levels: ArrayLike, log_odds: ArrayLike) -> _Stacked:
        observed, given = check_levels(levels), np.asarray(log_odds, dtype=np.float64)
        if given.ndim != 2 or len(given) != len(observed) or not np.isfinite(given).all():
            raise ValueError(f"log_odds must be finite numbers of the shape ({len(observed)}, thresholds)")
        if observed.max() > given.shape[1]:
            raise ValueError(f"a patient has level {observed.max()}, and {given.shape[1]} is the highest predicted")
        return cls(indicators(observed, given.shape[1]), given)


def _hypothesis(smaller: str, thresholds: int) -> tuple[Floats, Floats]:
    """Contrast of the largest change's coefficients, intercepts and then slopes, and its value under the smaller."""
    each, nothing = np.eye(thresholds), np.zeros((thresholds, thresholds))
    alike = np.column_stack((np.ones(thresholds - 1), -np.eye(thresholds - 1)))
    none = np.zeros((thresholds - 1, thresholds))
    slopes = np.hstack((nothing, each)), np.ones(thresholds)
    match smaller:
        case "original":
            return np.eye(2 * thresholds), np.concatenate((np.zeros(thresholds), slopes[1]))
        case "common-intercept":
            together = np.vstack((np.hstack((alike, none)), slopes[0]))
            return together, np.concatenate((np.zeros(thresholds - 1), slopes[1]))
        case "intercepts":
            return slopes
        case _:
            return np.hstack((none, alike)), np.zeros(thresholds - 1)


def _fit(data: _Stacked, method: ThresholdMethod) -> tuple[Floats, Floats] | Absent:
    """Coefficients, the intercepts before the slopes, and their covariance clustered by patient."""
    seen, given = data.seen, data.log_odds
    sloped = method in ("intercepts-and-slope", "lines")
    absent = _unreached(seen, method) or (_no_slope(seen, given, common=method != LARGEST) if sloped else None)
    if absent:
        return absent
    design = _design(given, method)
    offset = np.zeros_like(given) if sloped else given
    start = np.zeros(design.shape[2])
    if sloped:
        start[seen.shape[1] :] = 1.0

    def scores(coefficients: Floats) -> Floats:
        residual = seen - expit(offset + design @ coefficients)
        return np.asarray(np.einsum("nk,nkp->p", residual, design), dtype=np.float64)

    def information(coefficients: Floats) -> Floats:
        mean = expit(offset + design @ coefficients)
        return np.asarray(np.einsum("nkp,nk,nkq->pq", design, mean * (1 - mean), design), dtype=np.float64)

    def slopes_of_scores(coefficients: Floats) -> Floats:
        return -information(coefficients)

    found = scipy.optimize.root(scores, start, jac=slopes_of_scores, tol=1e-10)
    if not found.success:
        return Absent("the regression of what was reached on the log-odds has no finite solution")
    coefficients = np.asarray(found.x, dtype=np.float64)
    residual = seen - expit(offset + design @ coefficients)
    by_patient = np.einsum("nk,nkp->np", residual, design)
    bread = np.linalg.inv(information(coefficients))
    return coefficients, bread @ (by_patient.T @ by_patient) @ bread


def _design(given: Floats, method: ThresholdMethod) -> Floats:
    """Columns of each threshold's regression, shape (n, thresholds, coefficients)."""
    size, thresholds = given.shape
    if method == "common-intercept":
        return np.ones((size, thresholds, 1))
    own = np.broadcast_to(np.eye(thresholds), (size, thresholds, thresholds))
    if method == "intercepts":
        return own
    slopes = given[:, :, None] if method == "intercepts-and-slope" else own * given[:, :, None]
    return np.concatenate((own, slopes), axis=2)


def _unreached(seen: Floats, method: ThresholdMethod) -> Absent | None:
    """Say which intercept would be infinite."""
    if method == "common-intercept":
        return None if 0 < seen.mean() < 1 else Absent("everybody has the same level")
    for number, share in enumerate(seen.mean(axis=0), start=1):
        if not 0 < share < 1:
            return Absent(f"{'nobody' if share == 0 else 'everybody'} reached level {number}")
    return None


def _no_slope(seen: Floats, given: Floats, *, common: bool) -> Absent | None:
    """Say why there is no slope: a common one exists where some threshold has one of its own, else each must."""
    ones, finite = np.ones(len(seen)), []
    for reached, log_odds in zip(seen.T, given.T, strict=True):
        varies = np.ptp(log_odds) > 1e-12 * max(1.0, float(np.abs(log_odds).max()))
        separated = not varies or is_separated(reached, log_odds, ones)
        finite.append(not separated and fit_line(reached, log_odds, ones) is not None)
    if any(finite) if common else all(finite):
        return None
    where = "" if common else f" of reaching level {1 + finite.index(False)}"
    return Absent(f"the model's log-odds{where} do not vary, or tell it for certain: there is no finite slope")
