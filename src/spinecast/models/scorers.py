"""Fitted learners as data: each turns encoded columns into one score that rises with the risk.

A score need not be a log-odds: a support vector machine gives a distance, a forest a share of votes. Logistic
recalibration maps every candidate's score to log-odds by a straight line, which keeps additive explanations exact.

Matrix products go through numpy's own loops and not through BLAS, whose last bits change with the number of rows
and of threads: a patient's score is the same to the last bit whoever is scored beside them, and on any machine load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from spinecast.models.gaussian_process import GaussianProcessScorer
from spinecast.models.row_products import ROWS_AT_ONCE, row_products
from spinecast.models.trees import Forest

__all__ = [
    "SCORERS",
    "BoostedTreesScorer",
    "ForestScorer",
    "KernelScorer",
    "LinearScorer",
    "NetworkScorer",
    "Scorer",
]

FloatArray = NDArray[np.float64]


class Scorer(Protocol):
    """A fitted learner that is nothing but arrays."""

    kind: ClassVar[str]

    def score(self, columns: FloatArray) -> FloatArray:
        """Score rows of encoded columns, shape (n, columns) to shape (n,)."""
        ...

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything the scorer holds as named arrays."""
        ...


@dataclass(frozen=True)
class LinearScorer:
    """Log-odds as a weighted sum of columns.

    Parameters
    ----------
    coefficients : ndarray, shape (columns,)
    intercept : float
    """

    kind: ClassVar[str] = "linear"
    coefficients: FloatArray
    intercept: float

    def score(self, columns: FloatArray) -> FloatArray:
        """Log-odds, shape (n,); summed within each row, so independent of the other rows."""
        terms = np.ascontiguousarray(columns) * self.coefficients
        return np.asarray(terms.sum(axis=1) + self.intercept, dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return coefficients and intercept."""
        return {"coefficients": self.coefficients, "intercept": np.array(self.intercept)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> LinearScorer:
        """Rebuild from :meth:`to_arrays`."""
        return cls(coefficients=arrays["coefficients"], intercept=float(arrays["intercept"]))


@dataclass(frozen=True)
class ForestScorer:
    """Mean of what the trees of a forest say: a probability, or for boosted trees the log-odds.

    Parameters
    ----------
    forest : Forest
        With one output: the share of events in the leaf, or of boosted trees the leaf's step times their number, so
        that the mean of the trees is the sum of the steps.
    """

    kind: ClassVar[str] = "forest"
    forest: Forest

    def score(self, columns: FloatArray) -> FloatArray:
        """Mean over the trees, shape (n,)."""
        return self.forest.predict(columns)[:, 0]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the forest's arrays."""
        return self.forest.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ForestScorer:
        """Rebuild from :meth:`to_arrays`."""
        return cls(forest=Forest.from_arrays(arrays))


@dataclass(frozen=True)
class BoostedTreesScorer:
    """Log-odds margin of an XGBoost model, kept as UBJSON.

    Parameters
    ----------
    ubjson : bytes
        ``Booster.save_raw("ubj")``: data, no code.
    """

    kind: ClassVar[str] = "boosted_trees"
    ubjson: bytes

    @cached_property
    def booster(self) -> Any:
        """The XGBoost booster, read once, on one thread (two OpenMP teams on two cores cost 60-fold)."""
        from xgboost import Booster

        booster = Booster(params={"nthread": 1})
        booster.load_model(bytearray(self.ubjson))
        booster.set_param({"nthread": 1})
        return booster

    def score(self, columns: FloatArray) -> FloatArray:
        """Log-odds margin, shape (n,)."""
        margin = self.booster.inplace_predict(columns, predict_type="margin")
        return np.asarray(margin, dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the UBJSON bytes."""
        return {"ubjson": np.frombuffer(self.ubjson, dtype=np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> BoostedTreesScorer:
        """Rebuild from :meth:`to_arrays`."""
        return cls(ubjson=arrays["ubjson"].tobytes())


@dataclass(frozen=True)
class KernelScorer:
    """Signed distance of a support vector machine whose Gaussian kernel is a sum of random waves.

    The kernel ``exp(-gamma * squared distance)`` is the expected product of ``cos`` and ``sin`` of random directions
    (Rahimi and Recht 2007), here orthogonal ones (Yu et al. 2016, NeurIPS 29:1975). The exact machine is made of
    support vectors, and each is a patient it was fitted to; waves hold none.

    Parameters
    ----------
    frequencies : ndarray, shape (m, columns)
    cosines, sines : ndarray, shape (m,)
        Weight of each wave.
    intercept : float
    """

    kind: ClassVar[str] = "kernel"
    frequencies: FloatArray
    cosines: FloatArray
    sines: FloatArray
    intercept: float

    def score(self, columns: FloatArray) -> FloatArray:
        """Distance from the separating surface, positive on the event's side, shape (n,)."""
        result = np.empty(len(columns))
        for start in range(0, len(columns), ROWS_AT_ONCE):
            angles = self.angles(columns[start : start + ROWS_AT_ONCE])
            waves = np.cos(angles) * self.cosines + np.sin(angles) * self.sines
            result[start : start + len(angles)] = waves.sum(axis=1) + self.intercept
        return result

    def angles(self, columns: FloatArray) -> FloatArray:
        """Where each row stands on each wave, in radians, shape (n, m)."""
        return row_products(np.ascontiguousarray(columns), self.frequencies)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return frequencies, weights and intercept."""
        return {
            "frequencies": self.frequencies,
            "cosines": self.cosines,
            "sines": self.sines,
            "intercept": np.array(self.intercept),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> KernelScorer:
        """Rebuild from :meth:`to_arrays`."""
        return cls(
            frequencies=arrays["frequencies"],
            cosines=arrays["cosines"],
            sines=arrays["sines"],
            intercept=float(arrays["intercept"]),
        )


@dataclass(frozen=True)
class NetworkScorer:
    """Log-odds of a feed-forward network with one hidden layer of rectified linear units.

    Parameters
    ----------
    hidden : ndarray, shape (columns, units)
    hidden_bias : ndarray, shape (units,)
    output : ndarray, shape (units,)
    output_bias : float
    """

    kind: ClassVar[str] = "network"
    hidden: FloatArray
    hidden_bias: FloatArray
    output: FloatArray
    output_bias: float

    def score(self, columns: FloatArray) -> FloatArray:
        """Log-odds, shape (n,)."""
        active = np.maximum(row_products(columns, self.hidden.T) + self.hidden_bias, 0.0)
        return np.asarray((active * self.output).sum(axis=1) + self.output_bias, dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return weights and biases."""
        return {
            "hidden": self.hidden,
            "hidden_bias": self.hidden_bias,
            "output": self.output,
            "output_bias": np.array(self.output_bias),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> NetworkScorer:
        """Rebuild from :meth:`to_arrays`."""
        return cls(
            hidden=arrays["hidden"],
            hidden_bias=arrays["hidden_bias"],
            output=arrays["output"],
            output_bias=float(arrays["output_bias"]),
        )


SCORERS: Mapping[str, Any] = {
    scorer.kind: scorer
    for scorer in (
        LinearScorer,
        ForestScorer,
        BoostedTreesScorer,
        KernelScorer,
        GaussianProcessScorer,
        NetworkScorer,
    )
}
