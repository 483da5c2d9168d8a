"""Risks with their outcomes and, inseparable from them, how they came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from spinecast.statistics import check_scored

__all__ = ["Basis", "Predictions", "as_ranks", "central_risks"]

Basis = Literal["apparent", "out-of-fold", "out-of-bag", "internal-external", "external"]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted risks of some patients, their outcomes and on what basis the risks were predicted.

    Arrays are copied and made read-only. They may hold patients whose outcome is unknown (weight 0), who stand for
    nobody in any measure and are counted in neither `n` nor `events`.

    Parameters
    ----------
    risk : array-like of shape (n,)
        Predicted probabilities in [0, 1].
    outcome : array-like of shape (n,)
        0 or 1.
    weights : array-like of shape (n,) or None
        Inverse-probability-of-censoring weights; patients of weight 0 have an unknown outcome.
    fold : array-like of shape (n,) or None
        Number of the outer fold that held each patient out.
    basis : {"apparent", "out-of-fold", "out-of-bag", "internal-external", "external"}
        Whether the model had seen the patients ("apparent") and, if not, why not.

    Raises
    ------
    ValueError
        If the basis is unknown, lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1], weights
        cannot be used or a fold is not a whole number.
    """

    risk: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    fold: NDArray[np.int64] | None
    basis: Basis

    def __post_init__(self) -> None:
        if self.basis not in get_args(Basis):
            raise ValueError(f"basis must be one of {', '.join(get_args(Basis))}, not {self.basis!r}")
        checked = check_scored(self.outcome, self.risk, self.weights)
        self._keep("risk", checked.score)
        self._keep("outcome", checked.outcome)
        self._keep("weights", checked.weights)
        self._keep("fold", None if self.fold is None else _whole_numbers(self.fold, checked.n))

    @property
    def n(self) -> int:
        """Number of patients whose outcome is known: those a measure can rest on."""
        return int(self.risk.size if self.weights is None else np.count_nonzero(self.weights))

    @property
    def events(self) -> int:
        """Number of patients known to have had the outcome."""
        known = self.outcome if self.weights is None else self.outcome[self.weights > 0]
        return int(np.count_nonzero(known == 1))

    @property
    def is_out_of_sample(self) -> bool:
        """Whether the model had not seen the patients it predicted."""
        return self.basis != "apparent"

    def require_out_of_sample(self, purpose: str) -> None:
        """Refuse apparent predictions for what they cannot tell.

        A model is calibrated, and useful, in the very patients it was fitted to; only patients it has not seen can show
        whether it is (Steyerberg 2019, Clinical Prediction Models, ch. 15).

        Raises
        ------
        ValueError
            If the basis is "apparent".
        """
        if not self.is_out_of_sample:
            raise ValueError(f"{purpose} needs out-of-sample predictions; the basis of these is {self.basis!r}")

    def subset(self, rows: ArrayLike) -> Predictions:
        """Return the predictions of some patients, chosen by a mask or by row numbers."""
        chosen = np.asarray(rows)
        return Predictions(
            risk=self.risk[chosen],
            outcome=self.outcome[chosen],
            weights=None if self.weights is None else self.weights[chosen],
            fold=None if self.fold is None else self.fold[chosen],
            basis=self.basis,
        )

    def _keep(self, name: str, values: NDArray[Any] | None) -> None:
        kept = None if values is None else np.array(values)
        if kept is not None:
            kept.flags.writeable = False
        object.__setattr__(self, name, kept)


def as_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Turn values that rank patients into their ranks as shares, strictly between 0 and 1; ties stay tied.

    Parameters
    ----------
    values : array-like of shape (n,)
        Finite, higher for patients more likely to have the outcome.
    """
    ranks = rankdata(np.asarray(values, dtype=np.float64))
    return np.asarray(ranks / (ranks.size + 1), dtype=np.float64)


def central_risks(predictions: Predictions) -> tuple[float, float]:
    """Return the 2.5th and the 97.5th percentile of the risks of patients whose outcome is known."""
    risk = predictions.risk if predictions.weights is None else predictions.risk[predictions.weights > 0]
    low, high = np.quantile(risk, (0.025, 0.975))
    return float(low), float(high)


def _whole_numbers(fold: ArrayLike, n: int) -> NDArray[np.int64]:
    given = np.asarray(fold)
    if given.shape != (n,):
        raise ValueError(f"fold has shape {given.shape}, risk has {n} values")
    if given.dtype.kind not in "iu":
        raise ValueError("fold must hold whole numbers")
    return given.astype(np.int64)
