"""Distinct numbers with their counts: what a distribution check needs, however many rows a file has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Counted"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counted:
    """The numbers of a column, each distinct one once.

    Parameters
    ----------
    values : ndarray, shape (k,)
        Ascending, finite.
    counts : ndarray of int, shape (k,)
        How often each occurs; at least 1.
    """

    values: FloatArray
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: ArrayLike, counts: ArrayLike | None = None) -> Counted:
        """Count numbers, shape (n,), each as often as `counts`, shape (n,), says; NaN and infinities fall out."""
        numbers = np.asarray(values, dtype=np.float64)
        weights = np.ones(len(numbers), dtype=np.int64) if counts is None else np.asarray(counts, dtype=np.int64)
        usable = np.isfinite(numbers) & (weights > 0)
        distinct, place = np.unique(numbers[usable], return_inverse=True)
        totals = np.bincount(place, weights=weights[usable], minlength=len(distinct)) if len(distinct) else np.zeros(0)
        return cls(distinct, totals.astype(np.int64))

    @property
    def n(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum())

    @cached_property
    def _reached(self) -> NDArray[np.int64]:
        return np.cumsum(self.counts)

    def quantile(self, share: float) -> float:
        """Return the smallest number that a share of all do not exceed (the inverse of the empirical distribution).

        NaN when there is no number.
        """
        if not len(self.values):
            return float("nan")
        place = int(np.searchsorted(self._reached, share * self.n - 1e-9))
        return float(self.values[min(place, len(self.values) - 1)])

    @property
    def median(self) -> float:
        """The middle number."""
        return self.quantile(0.5)

    @property
    def mean(self) -> float:
        """The arithmetic mean; NaN when there is no number."""
        return float(np.average(self.values, weights=self.counts)) if self.n else float("nan")

    @property
    def deviation(self) -> float:
        """The standard deviation with n - 1; NaN for fewer than two numbers."""
        if self.n < 2:
            return float("nan")
        return float(np.sqrt(np.sum(self.counts * (self.values - self.mean) ** 2) / (self.n - 1)))

    def count(self, marked: NDArray[np.bool_]) -> int:
        """Count the numbers whose distinct value is marked; shape (k,)."""
        return int(self.counts[marked].sum())

    def share(self, marked: NDArray[np.bool_]) -> float:
        """Return their share; 0 when there is no number."""
        return self.count(marked) / self.n if self.n else 0.0

    def where(self, marked: NDArray[np.bool_]) -> Counted:
        """Keep the marked distinct values; shape (k,)."""
        return Counted(self.values[marked], self.counts[marked])
