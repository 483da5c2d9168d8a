"""One place where outcomes, predictions and weights are checked before any statistic touches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from spinecast.statistics.foundations.estimate import Absent

__all__ = ["Booleans", "Floats", "Scored", "as_vector", "check_scored", "check_thresholds"]

Booleans: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

NORMAL_975 = 1.959963984540054  # 97.5 % point of the standard normal: every interval here covers 95 %


def as_vector(values: ArrayLike, name: str) -> Floats:
    """Return a finite one-dimensional float array.

    Raises
    ------
    ValueError
        If the values are not one-dimensional, are empty, or hold a NaN or an infinity.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {vector.shape}")
    if vector.size == 0:
        raise ValueError(f"{name} is empty")
    if not np.isfinite(vector).all():
        raise ValueError(f"{name} holds {int((~np.isfinite(vector)).sum())} values that are not finite")
    return vector


@dataclass(frozen=True)
class Scored:
    """Checked outcomes and predictions of ``n`` patients, all of one length.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        0 or 1.
    score : ndarray of shape (n,)
        Risks, or any score where only the order counts.
    weights : ndarray of shape (n,) or None
        Case weights (inverse probability of censoring); patients of weight 0 have an unknown outcome.
    """

    outcome: Floats
    score: Floats
    weights: Floats | None

    @property
    def n(self) -> int:
        """Number of patients."""
        return int(self.outcome.size)

    @property
    def events(self) -> int:
        """Number of patients known to have had the outcome."""
        return int(np.count_nonzero(self._known_outcome() == 1))

    @property
    def case_weights(self) -> Floats:
        """The weights, all one where none were given."""
        return np.ones_like(self.outcome) if self.weights is None else self.weights

    @property
    def prevalence(self) -> float:
        """Weighted proportion with the outcome."""
        return float(np.average(self.outcome, weights=self.weights))

    def _known_outcome(self) -> Floats:
        return self.outcome if self.weights is None else self.outcome[self.weights > 0]

    def missing_class(self) -> Absent | None:
        """Return why statistics of two classes cannot be computed, or None when both are there."""
        known = self._known_outcome()
        events = int(np.count_nonzero(known == 1))
        if events == 0:
            return Absent(f"none of {known.size} patients had the outcome")
        if events == known.size:
            return Absent(f"all {known.size} patients had the outcome")
        return None

    def log_odds(self) -> Floats | Absent:
        """Return the log-odds of the risks, or why some have none."""
        certain = int(np.count_nonzero((self.score <= 0) | (self.score >= 1)))
        if certain:
            return Absent(f"{certain} of {self.n} predicted risks are exactly 0 or 1 and have no log-odds")
        return np.asarray(logit(self.score), dtype=np.float64)


def check_scored(
    outcome: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None, *, is_risk: bool = True
) -> Scored:
    """Check outcomes, predictions and weights once, for every statistic.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    score : array-like of shape (n,)
        Predicted risks in [0, 1], or any finite score when ``is_risk`` is False.
    weights : array-like of shape (n,), optional
        Finite, not negative, not all zero.
    is_risk : bool
        Whether the predictions must be probabilities.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, or a number is out of range or not finite.
    """
    name = "risk" if is_risk else "score"
    observed = as_vector(outcome, "outcome")
    predicted = as_vector(score, name)
    if predicted.size != observed.size:
        raise ValueError(f"{name} has {predicted.size} values, outcome has {observed.size}")
    if not np.isin(observed, (0.0, 1.0)).all():
        wrong = observed[~np.isin(observed, (0.0, 1.0))][0]
        raise ValueError(f"outcome must be 0 or 1, not {wrong:g}")
    if is_risk and (predicted.min() < 0 or predicted.max() > 1):
        raise ValueError(f"risk must lie in [0, 1], not in [{predicted.min():g}, {predicted.max():g}]")
    return Scored(observed, predicted, None if weights is None else _check_weights(weights, observed.size))


def check_thresholds(thresholds: ArrayLike) -> Floats:
    """Return risk thresholds as an array.

    Raises
    ------
    ValueError
        If a threshold lies outside the open interval (0, 1).
    """
    values = as_vector(np.atleast_1d(np.asarray(thresholds, dtype=np.float64)), "thresholds")
    if values.min() <= 0 or values.max() >= 1:
        raise ValueError("thresholds must lie strictly between 0 and 1")
    return values


def _check_weights(weights: ArrayLike, n: int) -> Floats:
    checked = as_vector(weights, "weights")
    if checked.size != n:
        raise ValueError(f"weights has {checked.size} values, outcome has {n}")
    if checked.min() < 0:
        raise ValueError("weights must not be negative")
    if not checked.any():
        raise ValueError("weights are all zero")
    return checked
