"""What every formula does with its numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["floats", "points_from_thresholds", "positive"]

FloatArray = NDArray[np.float64]


def floats(values: ArrayLike) -> FloatArray:
    """Numbers as float64, NaN where one is missing."""
    return np.asarray(values, dtype=np.float64)


def positive(values: ArrayLike) -> FloatArray:
    """A divisor; what cannot be one is not known."""
    array = floats(values)
    return np.where(array > 0, array, np.nan)


def points_from_thresholds(values: ArrayLike, thresholds: tuple[float, ...], points: tuple[float, ...]) -> FloatArray:
    """Give ``points[k]`` where k thresholds are reached (value >= threshold)."""
    array = floats(values)
    reached = np.searchsorted(np.asarray(thresholds, dtype=np.float64), array, side="right")
    found = np.asarray(points, dtype=np.float64)[np.minimum(reached, len(thresholds))]
    return np.where(np.isnan(array), np.nan, found)
