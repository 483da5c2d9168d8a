"""The whole distribution of a quantity in each patient, read from a few of its quantiles.

Everything happens on the scale that was learned on. Crossing quantiles are put in order by rearrangement, which never
takes them further from the truth (Chernozhukov, Fernandez-Val & Galichon 2010, Econometrica 78:1093). Between two
levels, the standard normal quantile of the level is linear in the quantity; beyond the outermost levels the line of the
outermost pair goes on. Of a normal distribution (of a log-normal one, on the logarithm) this is exact from two levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

__all__ = ["QuantileFunction", "Scale", "from_scale", "to_scale"]

FloatArray = NDArray[np.float64]
Scale = Literal["logarithm", "as_measured"]

# Two levels nearer than this on the scale are one step: the chance of passing a threshold jumps there.
SMALLEST_STEP = 1e-9


def to_scale(values: ArrayLike, scale: Scale) -> FloatArray:
    """Values as they are learned: ``log(1 + value)``, or as measured."""
    measured = np.asarray(values, dtype=np.float64)
    return np.log1p(measured) if scale == "logarithm" else measured


def from_scale(values: FloatArray, scale: Scale) -> FloatArray:
    """Values in their unit again; on the logarithm none falls below 0."""
    return np.maximum(np.expm1(values), 0.0) if scale == "logarithm" else values


@dataclass(frozen=True, eq=False)
class QuantileFunction:
    """Quantiles of a quantity in some patients.

    Parameters
    ----------
    levels : ndarray, shape (m,)
        Ascending, within (0, 1); two at least.
    values : ndarray, shape (n, m)
        On the scale, ascending in each row.
    scale : {"logarithm", "as_measured"}
    """

    levels: FloatArray
    values: FloatArray
    scale: Scale

    @classmethod
    def rearranged(cls, levels: FloatArray, values: FloatArray, scale: Scale) -> QuantileFunction:
        """Put quantiles that may cross, shape (n, m), in order."""
        return cls(levels, np.sort(values, axis=1), scale)

    def restricted(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> QuantileFunction:
        """The same of some of the patients."""
        return QuantileFunction(self.levels, self.values[rows], self.scale)

    def widened(self, variance: FloatArray) -> QuantileFunction:
        """Add a variance, shape (n,), on the scale: each quantile moves away from the median.

        Exact where both are normal: the squared distance of a quantile from the median grows by the variance times the
        squared normal quantile of its level.
        """
        middle = self.scaled(0.5)
        normal = ndtri(self.levels)
        reach = np.sqrt((self.values - middle) ** 2 + variance[:, None] * normal**2)
        # A row without more variance keeps its very bits.
        moved = np.where(variance[:, None] > 0, middle + np.sign(normal) * reach, self.values)
        return QuantileFunction(self.levels, moved, self.scale)

    def scaled(self, levels: ArrayLike) -> FloatArray:
        """Quantiles at some levels on the scale, shape (n, k).

        Raises
        ------
        ValueError
            If a level is not within (0, 1).
        """
        asked = np.atleast_1d(np.asarray(levels, dtype=np.float64))
        if not ((asked > 0) & (asked < 1)).all():
            raise ValueError("a quantile is asked for at levels between 0 and 1")
        found = np.empty((len(self.values), len(asked)))
        for at, level in enumerate(asked):
            known = np.flatnonzero(self.levels == level)
            if known.size:
                found[:, at] = self.values[:, known[0]]
                continue
            low = int(np.clip(np.searchsorted(self.levels, level) - 1, 0, len(self.levels) - 2))
            start, end = ndtri(self.levels[low]), ndtri(self.levels[low + 1])
            share = (ndtri(level) - start) / (end - start)
            found[:, at] = self.values[:, low] + share * (self.values[:, low + 1] - self.values[:, low])
        return found

    def quantiles(self, levels: ArrayLike | None = None) -> FloatArray:
        """Quantiles in the quantity's unit, shape (n, k); at the levels that were learned when none are named."""
        found = self.values if levels is None else self.scaled(levels)
        return from_scale(found, self.scale)

    def median(self) -> FloatArray:
        """Median in the quantity's unit, shape (n,)."""
        return self.quantiles([0.5])[:, 0]

    def interval(self, coverage: float) -> tuple[FloatArray, FloatArray]:
        """Central interval that is said to hold the quantity in a share of patients, each end of shape (n,)."""
        found = self.quantiles([0.5 - coverage / 2, 0.5 + coverage / 2])
        return found[:, 0], found[:, 1]

    def exceedance(self, thresholds: Sequence[float] | FloatArray) -> FloatArray:
        """Probability of the quantity being at least each threshold, shape (n, k)."""
        normal = ndtri(self.levels)
        rows = np.arange(len(self.values))
        found = np.empty((len(self.values), len(thresholds)))
        for at, threshold in enumerate(to_scale(np.asarray(thresholds), self.scale)):
            below = (self.values <= threshold).sum(axis=1)
            low = np.clip(below - 1, 0, len(self.levels) - 2)
            width = np.maximum(self.values[rows, low + 1] - self.values[rows, low], SMALLEST_STEP)
            share = (threshold - self.values[rows, low]) / width
            found[:, at] = ndtr(-(normal[low] + share * (normal[low + 1] - normal[low])))
        return found
