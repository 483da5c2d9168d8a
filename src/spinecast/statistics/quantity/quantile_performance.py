"""How good predicted quantiles of a measured quantity are: pinball loss, coverage, distance of the median."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, as_vector
from spinecast.statistics.foundations.proportions import proportion

__all__ = [
    "interval_coverage",
    "mean_absolute_error",
    "mean_interval_width",
    "mean_with_interval",
    "pinball_loss",
    "pinball_losses",
    "pinball_skill",
    "share_below",
]

FEWEST_FOR_INTERVAL = 2


def pinball_losses(values: ArrayLike, predicted: ArrayLike, levels: ArrayLike) -> Floats:
    """Pinball loss of every value at every level, shape (n, m) (Koenker & Bassett 1978, Econometrica 46:33).

    ``level (y - q)`` where the value lies above its predicted quantile, ``(1 - level)(q - y)`` where it lies below.

    Parameters
    ----------
    values : array-like of shape (n,)
    predicted : array-like of shape (n, m)
    levels : array-like of shape (m,)
        Within (0, 1).

    Raises
    ------
    ValueError
        If shapes do not agree, a number is not finite, or a level is not within (0, 1).
    """
    checked, at = as_vector(values, "values"), as_vector(levels, "levels")
    quantiles = np.asarray(predicted, dtype=np.float64)
    if quantiles.shape != (len(checked), len(at)):
        raise ValueError(f"predicted has the shape {quantiles.shape}, not ({len(checked)}, {len(at)})")
    if not np.isfinite(quantiles).all():
        raise ValueError("predicted holds a value that is not finite")
    if not ((at > 0) & (at < 1)).all():
        raise ValueError("levels lie between 0 and 1")
    above = checked[:, None] - quantiles
    return np.asarray(np.maximum(at * above, (at - 1) * above), dtype=np.float64)


def pinball_loss(values: ArrayLike, predicted: ArrayLike, level: float) -> Measure:
    """Mean pinball loss of one level, in the unit of the values; smaller is better.

    Parameters
    ----------
    values, predicted : array-like of shape (n,)
    level : float

    Raises
    ------
    ValueError
        As :func:`pinball_losses`.
    """
    column = as_vector(predicted, "predicted")[:, None]
    return mean_with_interval(pinball_losses(values, column, [level])[:, 0])


def pinball_skill(values: ArrayLike, predicted: ArrayLike, levels: ArrayLike) -> Measure:
    """Share of the pinball loss of the sample's own quantiles, given to everybody, that predictions remove.

    Koenker & Machado 1999 (J Am Stat Assoc 94:1296) with the losses of all levels added. The reference knows the values
    it is judged by, so the share is on the low side. Wald interval from the influence function of a ratio of means.

    Parameters
    ----------
    values, predicted, levels
        As :func:`pinball_losses`.

    Returns
    -------
    Estimate or Absent
        Absent where all values are the same.

    Raises
    ------
    ValueError
        As :func:`pinball_losses`.
    """
    own = pinball_losses(values, predicted, levels).mean(axis=1)
    checked, at = as_vector(values, "values"), as_vector(levels, "levels")
    null = np.broadcast_to(np.quantile(checked, at), (len(checked), len(at)))
    reference = pinball_losses(checked, null, at).mean(axis=1)
    if not reference.mean() > 0:
        return Absent("all values are the same: there is nothing to predict")
    ratio = own.mean() / reference.mean()
    return _with_interval(1 - float(ratio), -(own - ratio * reference) / reference.mean(), "Wald, ratio of means")


def interval_coverage(values: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Measure:
    """Share of values that lie in their intervals, ends included, with its Wilson interval.

    Parameters
    ----------
    values, lower, upper : array-like of shape (n,)

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    checked, low = as_vector(values, "values"), as_vector(lower, "lower")
    high = as_vector(upper, "upper")
    inside = (checked >= low) & (checked <= high)
    return proportion(int(inside.sum()), len(checked), events=None, empty="nobody has a value")


def share_below(values: ArrayLike, predicted: ArrayLike) -> Measure:
    """Share of values at or below their predicted quantile: its level, where quantiles are calibrated.

    Parameters
    ----------
    values, predicted : array-like of shape (n,)

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    checked, quantile = as_vector(values, "values"), as_vector(predicted, "predicted")
    return proportion(int((checked <= quantile).sum()), len(checked), events=None, empty="nobody has a value")


def mean_interval_width(lower: ArrayLike, upper: ArrayLike) -> Measure:
    """Mean width of intervals, in the unit of the values.

    Parameters
    ----------
    lower, upper : array-like of shape (n,)

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return mean_with_interval(as_vector(upper, "upper") - as_vector(lower, "lower"))


def mean_absolute_error(values: ArrayLike, predicted: ArrayLike) -> Measure:
    """Mean absolute distance of values and predictions, in their unit.

    Parameters
    ----------
    values, predicted : array-like of shape (n,)

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return mean_with_interval(np.abs(as_vector(values, "values") - as_vector(predicted, "predicted")))


def mean_with_interval(values: Floats) -> Measure:
    """Mean of one number a patient, with its normal interval."""
    return _with_interval(float(values.mean()), values, "normal interval of a mean")


def _with_interval(estimate: float, influence: Floats, method: str) -> Measure:
    n = len(influence)
    if n < FEWEST_FOR_INTERVAL:
        return Estimate(estimate, None, None, n, None, "no interval from one patient")
    half = NORMAL_975 * float(influence.std(ddof=1)) / np.sqrt(n)
    return Estimate(estimate, estimate - half, estimate + half, n, None, method)
