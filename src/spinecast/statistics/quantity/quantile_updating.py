"""Updating predicted quantiles on other patients: one shift for all levels, or a shift and another spread.

Both minimise the pinball loss of all levels together, as quantile regression of one level does (Koenker & Bassett 1978,
Econometrica 46:33) and composite quantile regression of several (Zou & Yuan 2008, Ann Stat 36:1108).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent, Measure
from spinecast.statistics.foundations.inputs import Floats, as_vector
from spinecast.statistics.quantity.quantile_performance import mean_with_interval, pinball_losses

__all__ = ["QuantileLine", "compare_pinball", "fit_quantile_scale", "fit_quantile_shift"]

# A spread less than a hundredth, or more than a hundred times, of what a model says is no matter of updating it.
SPREADS = (-np.log(100.0), np.log(100.0))


@dataclass(frozen=True)
class QuantileLine:
    """What quantiles are changed to: ``shift + median + scale * (quantile - median)``.

    Parameters
    ----------
    shift : float
        In the unit of the quantiles.
    scale : float
        1 where the spread stays; positive.
    """

    shift: float
    scale: float = 1.0

    def apply(self, quantiles: ArrayLike, middle: int) -> Floats:
        """Return changed quantiles, shape (n, m), the median being in column `middle`."""
        given = np.asarray(quantiles, dtype=np.float64)
        median = given[:, [middle]]
        return np.asarray(self.shift + median + self.scale * (given - median), dtype=np.float64)


def fit_quantile_shift(values: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> QuantileLine:
    """Fit one shift of all quantiles: the quantile, at the mean level, of all residuals together.

    That is where the summed pinball loss is lowest: as many residuals lie below it as the levels say in sum.

    Parameters
    ----------
    values : array-like of shape (n,)
    quantiles : array-like of shape (n, m)
    levels : array-like of shape (m,)
        Within (0, 1).

    Raises
    ------
    ValueError
        If shapes do not agree, or a number is not finite.
    """
    measured, predicted, at = _checked(values, quantiles, levels)
    return QuantileLine(_shift(measured[:, None] - predicted, at))


def fit_quantile_scale(
    values: ArrayLike, quantiles: ArrayLike, levels: ArrayLike, middle: int
) -> QuantileLine | Absent:
    """Fit a shift, and a factor of every quantile's distance from the median.

    The loss is convex in both; the best shift of a given spread is known, so that one number is searched for.

    Parameters
    ----------
    values, quantiles, levels
        As :func:`fit_quantile_shift`.
    middle : int
        Column of the median.

    Returns
    -------
    QuantileLine or Absent
        Absent where the model gives every quantile of a patient the same value.

    Raises
    ------
    ValueError
        As :func:`fit_quantile_shift`.
    """
    measured, predicted, at = _checked(values, quantiles, levels)
    median = predicted[:, [middle]]
    apart = predicted - median
    if not np.ptp(apart) > 1e-12 * max(1.0, float(np.abs(predicted).max())):
        return Absent("the quantiles of a patient do not differ: there is no spread to change")

    def loss(log_scale: float) -> float:
        residual = measured[:, None] - median - float(np.exp(log_scale)) * apart
        above = residual - _shift(residual, at)
        return float(np.maximum(at * above, (at - 1) * above).sum())

    found = scipy.optimize.minimize_scalar(
        loss, bounds=SPREADS, method="bounded", options={"xatol": 1e-8, "maxiter": 500}
    )
    scale = float(np.exp(found.x))
    return QuantileLine(_shift(measured[:, None] - median - scale * apart, at), scale)


def compare_pinball(values: ArrayLike, first: ArrayLike, second: ArrayLike, levels: ArrayLike) -> Measure:
    """Mean pinball loss over the levels of one prediction less that of another, paired by patient.

    Below 0 the first is better. Normal interval of a mean of differences.

    Parameters
    ----------
    values : array-like of shape (n,)
    first, second : array-like of shape (n, m)
    levels : array-like of shape (m,)

    Raises
    ------
    ValueError
        As :func:`spinecast.statistics.pinball_losses`.
    """
    difference = pinball_losses(values, first, levels) - pinball_losses(values, second, levels)
    return mean_with_interval(difference.mean(axis=1))


def _shift(residual: Floats, levels: Floats) -> float:
    return float(np.quantile(residual, float(levels.mean()), method="inverted_cdf"))


def _checked(values: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> tuple[Floats, Floats, Floats]:
    pinball_losses(values, quantiles, levels)  # its own refusals
    return as_vector(values, "values"), np.asarray(quantiles, dtype=np.float64), as_vector(levels, "levels")
