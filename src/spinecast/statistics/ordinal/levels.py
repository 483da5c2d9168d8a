"""One place where observed levels are checked before a statistic touches them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.estimate import Estimate
from spinecast.statistics.foundations.inputs import Floats, as_vector

__all__ = ["check_levels", "check_reached", "indicators", "without_events"]

Integers = NDArray[np.intp]


def check_levels(levels: ArrayLike) -> Integers:
    """Return observed levels as whole numbers, 0 the lowest.

    Raises
    ------
    ValueError
        If a level is no whole number from 0.
    """
    found = as_vector(levels, "levels")
    if (found < 0).any() or (found != np.round(found)).any():
        raise ValueError("levels are whole numbers, 0 the lowest")
    return found.astype(np.intp)


def indicators(levels: Integers, thresholds: int) -> Floats:
    """Say of each patient whether each level above the lowest was reached, shape (n, thresholds)."""
    return np.asarray(levels[:, None] >= np.arange(1, thresholds + 1), dtype=np.float64)


def check_reached(levels: Integers, reached: ArrayLike) -> Floats:
    """Return predicted probabilities of reaching each level above the lowest, shape (n, thresholds).

    Raises
    ------
    ValueError
        If shapes do not agree, a number is no probability, a higher level is likelier to be reached than a lower one,
        or an observed level lies above the highest.
    """
    chances = np.asarray(reached, dtype=np.float64)
    if chances.ndim != 2 or len(chances) != len(levels) or not chances.shape[1]:
        raise ValueError(f"reached has the shape {chances.shape}, not ({len(levels)}, thresholds)")
    if not ((chances >= 0) & (chances <= 1)).all():
        raise ValueError("reached holds a number that is no probability")
    if (np.diff(chances, axis=1) > 0).any():
        raise ValueError("reached rises with the level: a higher level is never likelier to be reached")
    if levels.max() > chances.shape[1]:
        raise ValueError(f"a patient has level {levels.max()}, and {chances.shape[1]} is the highest predicted")
    return chances


def without_events(found: Estimate) -> Estimate:
    """Return an estimate that counts no events: there are levels, and none of them is one."""
    return Estimate(found.estimate, found.lower, found.upper, found.n, None, found.method)
