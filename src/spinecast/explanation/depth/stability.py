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
from scipy.special import ndtr, ndtri

__all__ = ["HARDLY", "LEAST_AGREEMENT", "DriverStability", "jackknife_deviation", "refitted_stability", "stability_of"]

FloatArray = NDArray[np.float64]

LEAST_AGREEMENT = 0.8
"""Of a firm driver, the share of its contributions whose direction other fits give too: this project's convention."""
HARDLY = 0.1
"""Of a firm driver, the share of its importance that its lower limit passes: this project's convention."""
_Z = float(ndtri(0.975))


@dataclass(frozen=True)
class DriverStability:
    """One input.

    Parameters
    ----------
    place : int
        Its position among the predictors.
    importance, lower, upper : float
        Mean absolute contribution and its limits for the instability of the fits, never below 0.
    rank : int
        1 for the largest.
    ranks : tuple of int
        In each of the fits.
    sign_agreement : float
        Share of the contributions, by their size, whose sign other fits give too.
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


def jackknife_deviation(folds: FloatArray) -> FloatArray:
    """Return the delete-a-group jackknife's standard deviation, from values of each fold's fits, shape (folds, ...).

    Raises
    ------
    ValueError
        If there is one fold: its fits would seem to agree with one another.
    """
    count = len(folds)
    if count < 2:
        raise ValueError("the spread of fits needs two of them")
    return np.asarray(np.sqrt((count - 1) / count * ((folds - folds.mean(axis=0)) ** 2).sum(axis=0)), dtype=np.float64)


def stability_of(values: FloatArray, folds: FloatArray) -> list[DriverStability]:
    """Say of each input that moves the answers how firm it is by the model's own fits, the largest first.

    Fold fits share most of their patients and differ less than fits to other patients would: the jackknife allows for
    that. No firm driver is one whose lower limit is less than a tenth of its importance (:data:`HARDLY`), or whose
    contributions would be expected to change their direction too often (:data:`LEAST_AGREEMENT`): each keeps its sign
    with the normal probability of lying on its own side of 0.

    Parameters
    ----------
    values : ndarray, shape (n, predictors)
        Contributions by the model.
    folds : ndarray, shape (folds, n, predictors)
        As :func:`spinecast.explanation.depth.folds.explained_by_folds` gives them.
    """
    importance, own = np.abs(values).mean(axis=0), np.abs(folds).mean(axis=1)
    reach = _Z * jackknife_deviation(own)
    deviation = jackknife_deviation(folds)
    ratio = np.divide(np.abs(values), deviation, out=np.full(values.shape, np.inf), where=deviation > 0)
    return _drivers(values, own, np.maximum(importance - reach, 0.0), importance + reach, ndtr(ratio))


def refitted_stability(values: FloatArray, refits: FloatArray) -> list[DriverStability]:
    """Say how firm each input is over fits to resamples of the development patients, the largest first.

    Limits are the 2.5th and 97.5th centile over the refits. No firm driver is one whose lower limit is less than a
    tenth of its importance, or whose contributions keep their sign in too few refits (:data:`LEAST_AGREEMENT`).

    Parameters
    ----------
    values : ndarray, shape (n, predictors)
        Contributions by the model.
    refits : ndarray, shape (refits, n, predictors)
        By the model of each resample, about the same patients.
    """
    own = np.abs(refits).mean(axis=1)
    lower, upper = np.quantile(own, (0.025, 0.975), axis=0)
    return _drivers(values, own, lower, upper, (np.sign(refits) == np.sign(values)).mean(axis=0))


def _drivers(
    values: FloatArray, own: FloatArray, lower: FloatArray, upper: FloatArray, kept: FloatArray
) -> list[DriverStability]:
    """Put together what fits say; `kept` is how often each contribution keeps its sign, shape (n, predictors)."""
    importance, size = np.abs(values).mean(axis=0), np.abs(values).sum(axis=0)
    ranks, every = _ranks(importance), np.stack([_ranks(one) for one in own])
    same = (np.abs(values) * kept).sum(axis=0)
    agreement = np.divide(same, size, out=np.ones_like(size), where=size > 0)
    found = []
    for place in np.argsort(-importance, kind="stable"):
        if importance[place] == 0:
            continue
        reasons = []
        if lower[place] <= HARDLY * importance[place]:
            reasons.append("how much it matters differs so much from fit to fit that it may hardly matter at all")
        if agreement[place] < LEAST_AGREEMENT:
            reasons.append("whether it raises or lowers the answer of a patient differs from fit to fit")
        found.append(
            DriverStability(
                place=int(place),
                importance=float(importance[place]),
                lower=float(lower[place]),
                upper=float(upper[place]),
                rank=int(ranks[place]),
                ranks=tuple(int(one) for one in every[:, place]),
                sign_agreement=float(agreement[place]),
                reasons=tuple(reasons),
            )
        )
    return found


def _ranks(importance: FloatArray) -> NDArray[np.int64]:
    ranks = np.empty(len(importance), dtype=np.int64)
    ranks[np.argsort(-importance, kind="stable")] = np.arange(1, len(importance) + 1)
    return ranks
