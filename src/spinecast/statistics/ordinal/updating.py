"""Updating cumulative log-odds on other patients: one new intercept, one at each threshold, and a slope of all.

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
from numpy.typing import ArrayLike
from scipy.optimize import root
from scipy.special import chdtrc, expit

from spinecast.statistics.calibration.updating import ClosedTest, UpdateTest
from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats
from spinecast.statistics.foundations.logistic import fit_line, is_separated
from spinecast.statistics.ordinal.levels import check_levels, indicators

__all__ = ["ThresholdMethod", "ThresholdUpdate", "closed_threshold_test", "fit_threshold_update"]

ThresholdMethod = Literal["intercept", "intercepts", "intercepts-and-slope"]
LARGEST: ThresholdMethod = "intercepts-and-slope"
# Steps of the closed test, smallest change first; the last tests whether the slope is 1.
_SMALLER = ("original", "intercept", "intercepts")


@dataclass(frozen=True)
class ThresholdUpdate:
    """The change that updates cumulative log-odds: ``intercept of the threshold + slope * old log-odds``.

    Parameters
    ----------
    method : {"intercept", "intercepts", "intercepts-and-slope"}
    intercepts : tuple of Estimate
        One a threshold, all the same of "intercept"; with 95 % intervals.
    slope : Estimate
        Of all thresholds; 1 without an interval where it was held there.
    """

    method: ThresholdMethod
    intercepts: tuple[Estimate, ...]
    slope: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "method": self.method,
            "intercepts": [one.to_dict() for one in self.intercepts],
            "slope": self.slope.to_dict(),
        }


def fit_threshold_update(levels: ArrayLike, log_odds: ArrayLike, method: ThresholdMethod) -> ThresholdUpdate | Absent:
    """Fit a change of cumulative log-odds.

    Parameters
    ----------
    levels : array-like of shape (n,)
        Observed, 0 the lowest.
    log_odds : array-like of shape (n, thresholds)
        The model's, of reaching each level above the lowest.
    method : {"intercept", "intercepts", "intercepts-and-slope"}

    Returns
    -------
    ThresholdUpdate or Absent
        Absent where everybody or nobody reached a level that gets an intercept of its own, or the log-odds tell who
        reached one for certain or do not vary.

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
    common = method == "intercept"
    held = Estimate(1.0, None, None, size, None, "held at 1")
    return ThresholdUpdate(
        method=method,
        intercepts=tuple(estimate(0 if common else place) for place in range(thresholds)),
        slope=estimate(thresholds) if method == LARGEST else held,
    )


def closed_threshold_test(levels: ArrayLike, log_odds: ArrayLike) -> ClosedTest | Absent:
    """Choose the smallest change that is not rejected against a new intercept at each threshold and a slope.

    The closed test of Vergouwe et al. (2017, Stat Med 36:4529): with K thresholds the largest change is tested against
    the model as it is (K + 1 degrees of freedom), one new intercept (K) and new intercepts (1).

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
    # With one threshold an intercept of its own and one for all are the same change.
    smaller = tuple(name for name in _SMALLER if thresholds > 1 or name != "intercepts")
    steps: list[UpdateTest] = []
    for name in smaller:
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
    """Contrast of the largest change's coefficients, intercepts and slope, and what it is if the smaller is enough."""
    slope = np.zeros((1, thresholds + 1))
    slope[0, -1] = 1
    if smaller == "intercepts":
        return slope, np.array([1.0])
    if smaller == "original":
        return np.eye(thresholds + 1), np.append(np.zeros(thresholds), 1.0)
    alike = np.column_stack((np.ones(thresholds - 1), -np.eye(thresholds - 1), np.zeros(thresholds - 1)))
    return np.vstack((alike, slope)), np.append(np.zeros(thresholds - 1), 1.0)


def _fit(data: _Stacked, method: ThresholdMethod) -> tuple[Floats, Floats] | Absent:
    """Coefficients, the intercepts before the slope, and their covariance clustered by patient."""
    seen, given = data.seen, data.log_odds
    absent = _unreached(seen, method) or (_no_slope(seen, given) if method == LARGEST else None)
    if absent:
        return absent
    design = _design(given, method)
    offset = given if method != LARGEST else np.zeros_like(given)
    start = np.zeros(design.shape[2])
    if method == LARGEST:
        start[-1] = 1.0

    def scores(coefficients: Floats) -> Floats:
        residual = seen - expit(offset + design @ coefficients)
        return np.asarray(np.einsum("nk,nkp->p", residual, design), dtype=np.float64)

    def information(coefficients: Floats) -> Floats:
        mean = expit(offset + design @ coefficients)
        return np.asarray(np.einsum("nkp,nk,nkq->pq", design, mean * (1 - mean), design), dtype=np.float64)

    def slopes_of_scores(coefficients: Floats) -> Floats:
        return -information(coefficients)

    found = root(scores, start, jac=slopes_of_scores, tol=1e-10)
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
    if method == "intercept":
        return np.ones((size, thresholds, 1))
    own = np.broadcast_to(np.eye(thresholds), (size, thresholds, thresholds))
    return own if method == "intercepts" else np.concatenate((own, given[:, :, None]), axis=2)


def _unreached(seen: Floats, method: ThresholdMethod) -> Absent | None:
    """Say which intercept would be infinite."""
    if method == "intercept":
        return None if 0 < seen.mean() < 1 else Absent("everybody has the same level")
    for number, share in enumerate(seen.mean(axis=0), start=1):
        if not 0 < share < 1:
            return Absent(f"{'nobody' if share == 0 else 'everybody'} reached level {number}")
    return None


def _no_slope(seen: Floats, given: Floats) -> Absent | None:
    """Say why there is no slope: a common one exists where some threshold has one of its own."""
    ones = np.ones(len(seen))
    for reached, log_odds in zip(seen.T, given.T, strict=True):
        if np.ptp(log_odds) <= 1e-12 * max(1.0, float(np.abs(log_odds).max())):
            continue
        if not is_separated(reached, log_odds, ones) and fit_line(reached, log_odds, ones) is not None:
            return None
    return Absent("the model's log-odds do not vary, or tell every level for certain: there is no finite slope")
