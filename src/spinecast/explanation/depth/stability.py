"""How firm the reasons are: contributions of each fold's fits alone, and of the model they make together.

Each fold's fits were made without a group of patients. Their spread, times the number of groups less one, is the
delete-a-group jackknife variance (Kott 2001, J Off Stat 17:521-526), as in the limits of a risk (docs/decisions/0004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from spinecast.explanation.depth.views import View, each_fold

__all__ = ["LEAST_AGREEMENT", "DriverStability", "by_fold", "stability_of"]

FloatArray = NDArray[np.float64]

LEAST_AGREEMENT = 0.8
"""Of a firm driver, the share of its contributions whose direction every fit gives alike: this project's convention."""
_Z = float(ndtri(0.975))


@dataclass(frozen=True)
class DriverStability:
    """One input.

    Parameters
    ----------
    place : int
        Its position among the predictors.
    importance, lower, upper : float
        Mean absolute contribution and its limits for the instability of the fits; the lower one is never below 0.
    rank : int
        1 for the largest.
    ranks : tuple of int
        In each fold's fits.
    sign_agreement : float
        Share of the contributions, by their size, whose sign a fold's fits give too, on average.
    reasons : tuple of str
        Why it is no firm driver; none for one that is.
    """

    place: int
    importance: float
    lower: float
    upper: float
    rank: int
    ranks: tuple[int, ...]
    sign_agreement: float
    reasons: tuple[str, ...]

    @property
    def stable(self) -> bool:
        """Whether the fits agree on it."""
        return not self.reasons

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "variable": names[self.place],
            "importance": self.importance,
            "lower": self.lower,
            "upper": self.upper,
            "rank": self.rank,
            "ranks": list(self.ranks),
            "sign_agreement": self.sign_agreement,
            "stable": self.stable,
            "reasons": list(self.reasons),
        }


def by_fold(view: View, rows: FloatArray) -> FloatArray:
    """Return the contributions by each fold's fits alone, shape (folds, n, predictors)."""
    return np.stack([one.explained(rows).values for one in each_fold(view)])


def stability_of(values: FloatArray, folds: FloatArray) -> list[DriverStability]:
    """Say of each input that moves the answers how firm it is, the largest first.

    No firm driver is one whose importance has limits that reach 0 or whose contributions change their direction from
    fit to fit (:data:`LEAST_AGREEMENT`).

    Parameters
    ----------
    values : ndarray, shape (n, predictors)
        Contributions by the model.
    folds : ndarray, shape (folds, n, predictors)
        As :func:`by_fold`.
    """
    importance, own = np.abs(values).mean(axis=0), np.abs(folds).mean(axis=1)
    count = len(folds)
    deviation = np.sqrt((count - 1) / count * ((own - own.mean(axis=0)) ** 2).sum(axis=0))
    ranks, fold_ranks = _ranks(importance), np.stack([_ranks(one) for one in own])
    size = np.abs(values).sum(axis=0)
    same = (np.abs(values) * (np.sign(folds) == np.sign(values))).sum(axis=1).mean(axis=0)
    agreement = np.divide(same, size, out=np.ones_like(size), where=size > 0)
    found = []
    for place in np.argsort(-importance, kind="stable"):
        if importance[place] == 0:
            continue
        reach = _Z * float(deviation[place])
        reasons = []
        if reach >= importance[place]:
            reasons.append("how much it matters differs so much from fit to fit that it may not matter at all")
        if agreement[place] < LEAST_AGREEMENT:
            reasons.append("whether it raises or lowers the answer of a patient differs from fit to fit")
        found.append(
            DriverStability(
                place=int(place),
                importance=float(importance[place]),
                lower=max(0.0, float(importance[place]) - reach),
                upper=float(importance[place]) + reach,
                rank=int(ranks[place]),
                ranks=tuple(int(one) for one in fold_ranks[:, place]),
                sign_agreement=float(agreement[place]),
                reasons=tuple(reasons),
            )
        )
    return found


def _ranks(importance: FloatArray) -> NDArray[np.int64]:
    ranks = np.empty(len(importance), dtype=np.int64)
    ranks[np.argsort(-importance, kind="stable")] = np.arange(1, len(importance) + 1)
    return ranks
