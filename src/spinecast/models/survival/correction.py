"""How a mean of curves is corrected, day by day, and how a corrected curve is kept from falling.

At each day of the grid the corrected log cumulative hazard is a straight line of the uncorrected one at that day, so
that contributions to the curve scale with it. Lines that change from day to day could turn the curve of an unusual
patient down: what is served is the highest value reached by each day, which for nearly everybody is the line itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CurveCorrection", "never_falling"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CurveCorrection:
    """What log cumulative hazards on the grid are corrected by.

    Parameters
    ----------
    intercept, slope : ndarray, shape (k,)
        Of each day: ``intercept + slope * value at the day``.
    at_reference : ndarray, shape (k,)
        Times the value at the reference day, added too: 0 but in models of the first format, which had one slope for
        all days that acted there (docs/decisions/0016, 0026).
    """

    intercept: FloatArray
    slope: FloatArray
    at_reference: FloatArray

    @classmethod
    def none(cls, days: int) -> CurveCorrection:
        """Leave curves of so many days as they are."""
        return cls(np.zeros(days), np.ones(days), np.zeros(days))

    @classmethod
    def by_day(cls, intercept: FloatArray, slope: FloatArray) -> CurveCorrection:
        """Correct each day by its own line."""
        return cls(intercept, slope, np.zeros(len(slope)))

    @classmethod
    def of_one_day(cls, intercept: float, slope: float, days: int) -> CurveCorrection:
        """The correction of the first format: ``+ intercept + (slope - 1) * value at the reference day``."""
        return cls(np.full(days, intercept), np.ones(days), np.full(days, slope - 1))

    def apply(self, curves: FloatArray, reference: int) -> FloatArray:
        """Correct curves, shape (..., k); `reference` is the position of the reference day."""
        own = self.slope * curves + self.intercept
        return np.asarray(own + self.at_reference * curves[..., reference, None], dtype=np.float64)

    def then(self, later: CurveCorrection) -> CurveCorrection:
        """Return this correction and after it another by day, as one.

        Raises
        ------
        ValueError
            If the later one acts on the reference day: its value there would be needed before this correction.
        """
        if later.at_reference.any():
            raise ValueError("only a correction by day can come after another")
        return CurveCorrection(
            later.intercept + later.slope * self.intercept,
            later.slope * self.slope,
            later.slope * self.at_reference,
        )

    def weights(self, on_grid: FloatArray, reference: int) -> tuple[FloatArray, float]:
        """Weights, shape (k,), and shift that make a weighted sum of corrected values one of uncorrected values."""
        weights = on_grid * self.slope
        weights[reference] += float((on_grid * self.at_reference).sum())
        return weights, float((on_grid * self.intercept).sum())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the correction as named arrays."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> CurveCorrection:
        """Rebuild a correction from :meth:`to_arrays`."""
        return cls(**{name: arrays[name] for name in _ARRAYS})


_ARRAYS = ("intercept", "slope", "at_reference")


def never_falling(curves: FloatArray) -> FloatArray:
    """Curves, shape (..., k), at the highest value they reached by each day."""
    return np.asarray(np.maximum.accumulate(curves, axis=-1), dtype=np.float64)
