"""A Gaussian process classifier whose kernel is a sum of random waves: its mean and its spread without its patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinecast.models.row_products import ROWS_AT_ONCE, row_products

__all__ = ["GaussianProcessScorer"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class GaussianProcessScorer:
    """Log-odds of a Gaussian process by Laplace's approximation, drawn towards even odds where patients were few.

    With a kernel that is a sum of waves the process is a Bayesian logistic regression on them, and the approximation
    of Rasmussen and Williams 2006 (Gaussian Processes for Machine Learning, algorithm 3.1) is its mode with the
    curvature there. The latent log-odds of a patient then have a mean and a variance, and averaging the risk over them
    gives about ``mean / sqrt(1 + pi / 8 * variance)`` on the log-odds (MacKay 1992, Neural Comput 4:720).

    Parameters
    ----------
    frequencies : ndarray, shape (m, columns)
    cosines, sines : ndarray, shape (m,)
        Weight of each wave in the mean.
    intercept : float
        The mean's level.
    prior_variance : float
        Variance of the latent log-odds before any patient was seen.
    cosine_reduction, sine_reduction : ndarray, shape (r, m)
    level_reduction : ndarray, shape (r,)
        Directions in which the patients made it smaller: the variance is the prior's less the squared length of
        ``cosine_reduction @ cos + sine_reduction @ sin + level_reduction``.
    """

    kind: ClassVar[str] = "gaussian_process"
    frequencies: FloatArray
    cosines: FloatArray
    sines: FloatArray
    intercept: float
    prior_variance: float
    cosine_reduction: FloatArray
    sine_reduction: FloatArray
    level_reduction: FloatArray

    def score(self, columns: FloatArray) -> FloatArray:
        """Log-odds of the averaged risk, shape (n,)."""
        mean, variance = self.latent(columns)
        return np.asarray(mean / np.sqrt(1 + np.pi / 8 * variance), dtype=np.float64)

    def latent(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the latent log-odds, each of shape (n,)."""
        mean, variance = np.empty(len(columns)), np.empty(len(columns))
        for start in range(0, len(columns), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            angles = row_products(np.ascontiguousarray(columns[rows]), self.frequencies)
            cosine, sine = np.cos(angles), np.sin(angles)
            mean[rows] = (cosine * self.cosines + sine * self.sines).sum(axis=1) + self.intercept
            known = row_products(cosine, self.cosine_reduction) + row_products(sine, self.sine_reduction)
            known = np.ascontiguousarray(known + self.level_reduction)
            # Rounding may take it a hair below nothing where patients were many.
            variance[rows] = np.maximum(self.prior_variance - (known * known).sum(axis=1), 0.0)
        return mean, variance

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return frequencies, weights, intercept, prior variance and its reductions."""
        return {
            "frequencies": self.frequencies,
            "cosines": self.cosines,
            "sines": self.sines,
            "intercept": np.array(self.intercept),
            "prior_variance": np.array(self.prior_variance),
            "cosine_reduction": self.cosine_reduction,
            "sine_reduction": self.sine_reduction,
            "level_reduction": self.level_reduction,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> GaussianProcessScorer:
        """Rebuild from :meth:`to_arrays`."""
        numbers = ("intercept", "prior_variance")
        held = {name: array for name, array in arrays.items() if name not in numbers}
        return cls(**held, **{name: float(arrays[name]) for name in numbers})  # type: ignore[arg-type]
