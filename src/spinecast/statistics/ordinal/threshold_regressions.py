"""Logistic regressions of having reached each level on its log-odds, all thresholds fitted together.

Estimated as if a patient's answers were independent: intercepts and slopes, of all thresholds or of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.foundations.logistic import LogisticFit, fit_line, fit_shift, is_separated
from spinecast.statistics.foundations.logistic_regression import fit_logistic_regression
from spinecast.statistics.ordinal.levels import check_levels, indicators

__all__ = ["StackedLevels", "ThresholdMethod", "design_of", "estimates", "information_of"]

ThresholdMethod = Literal["common-intercept", "intercepts", "intercepts-and-slope", "lines"]


@dataclass(frozen=True, eq=False)
class StackedLevels:
    """Whether each level was reached, and the log-odds of it, shape (n, thresholds) both."""

    seen: Floats
    log_odds: Floats

    @classmethod
    def of(cls, levels: ArrayLike, log_odds: ArrayLike) -> StackedLevels:
        """Read observed levels, shape (n,), and log-odds, shape (n, thresholds).

        Raises
        ------
        ValueError
            If a level is no whole number or above the highest, or a number is not finite.
        """
        observed, given = check_levels(levels), np.asarray(log_odds, dtype=np.float64)
        if given.ndim != 2 or len(given) != len(observed) or not np.isfinite(given).all():
            raise ValueError(f"log_odds must be finite numbers of the shape ({len(observed)}, thresholds)")
        if observed.max() > given.shape[1]:
            raise ValueError(f"a patient has level {observed.max()}, and {given.shape[1]} is the highest predicted")
        return cls(indicators(observed, given.shape[1]), given)


def estimates(data: StackedLevels, method: ThresholdMethod) -> Floats | Absent:
    """Coefficients of highest likelihood, were a patient's answers independent: the intercepts before the slopes.

    Absent where one of them is infinite, or any slope does as well as any other.
    """
    seen, given = data.seen, data.log_odds
    absent = _unreached(seen, method)
    if absent:
        return absent
    if method == "common-intercept":
        return np.array([fit_shift(seen.ravel(), given.ravel(), np.ones(seen.size)).intercept])
    each, ones = list(zip(seen.T, given.T, strict=True)), np.ones(len(seen))
    if method == "intercepts":
        return np.array([fit_shift(reached, log_odds, ones).intercept for reached, log_odds in each])
    lines = [_line(reached, log_odds, ones) for reached, log_odds in each]
    found = [line for line in lines if line is not None]
    if method == "lines":
        if len(found) < len(lines):
            return _no_slope(f" of reaching level {1 + lines.index(None)}")
        return np.array([line.intercept for line in found] + [line.slope for line in found])
    # One slope for all is finite where some threshold has one of its own.
    return _parallel_lines(seen, given) if found else _no_slope("")


def design_of(given: Floats, method: ThresholdMethod) -> Floats:
    """Columns of each threshold's regression, shape (n, thresholds, coefficients)."""
    size, thresholds = given.shape
    if method == "common-intercept":
        return np.ones((size, thresholds, 1))
    own = np.broadcast_to(np.eye(thresholds), (size, thresholds, thresholds))
    if method == "intercepts":
        return own
    slopes = given[:, :, None] if method == "intercepts-and-slope" else own * given[:, :, None]
    return np.concatenate((own, slopes), axis=2)


def information_of(design: Floats, log_odds: Floats) -> Floats:
    """Information on the columns' coefficients where the log-odds are these, were a patient's answers independent."""
    weight = expit(log_odds) * expit(-log_odds)
    return np.asarray(np.einsum("nkp,nk,nkq->pq", design, weight, design, optimize=True))


def _unreached(seen: Floats, method: ThresholdMethod) -> Absent | None:
    """Say which intercept would be infinite."""
    if method == "common-intercept":
        return None if 0 < seen.mean() < 1 else Absent("everybody has the same level")
    for number, share in enumerate(seen.mean(axis=0), start=1):
        if not 0 < share < 1:
            return Absent(f"{'nobody' if share == 0 else 'everybody'} reached level {number}")
    return None


def _line(reached: Floats, log_odds: Floats, ones: Floats) -> LogisticFit | None:
    """Fit a threshold's own line; None where its slope is not finite."""
    varies = np.ptp(log_odds) > 1e-12 * max(1.0, float(np.abs(log_odds).max()))
    return fit_line(reached, log_odds, ones) if varies and not is_separated(reached, log_odds, ones) else None


def _parallel_lines(seen: Floats, given: Floats) -> Floats | Absent:
    """Fit an intercept for each threshold and one slope: a regression on which threshold it is, and on the log-odds."""
    size, thresholds = seen.shape
    higher = np.tile(np.eye(thresholds)[:, 1:], (size, 1))
    found = fit_logistic_regression(seen.ravel(), np.column_stack((higher, given.ravel())))
    if isinstance(found, Absent):
        return found
    lowest, slope = found.coefficients[0], found.coefficients[-1]
    return np.concatenate(([lowest], lowest + found.coefficients[1:-1], [slope]))


def _no_slope(where: str) -> Absent:
    return Absent(f"the model's log-odds{where} do not vary, or tell it for certain: there is no finite slope")
