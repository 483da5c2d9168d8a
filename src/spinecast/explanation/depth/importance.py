"""Which inputs drive the answers, for whom, and when: mean absolute contributions with intervals over patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import Estimate
from spinecast.statistics.foundations.bootstrap import percentile_interval, resampled_counts

__all__ = ["FEWEST", "GroupImportance", "Groups", "importance_by_group", "mean_absolute", "resampled_means", "shares"]

FloatArray = NDArray[np.float64]
Groups = Sequence[tuple[str, NDArray[np.bool_]]]

FEWEST = 10
"""Fewest patients of a group that is shown: fewer give an interval of no use, and could be known."""
# Of one group that is not shown, so few patients could be known by their number, which follows from the others'.
_COULD_BE_KNOWN = 5


def resampled_means(values: FloatArray, replicates: int, seed: int) -> FloatArray:
    """Return means over resamples of patients with replacement, shape (replicates, columns), of values (n, columns)."""
    counts = np.stack(list(resampled_counts(len(values), replicates, seed)))
    # Not by BLAS, whose last bits change with the machine.
    return np.asarray(np.einsum("rn,nk->rk", counts / len(values), values), dtype=np.float64)


def mean_absolute(values: FloatArray, *, replicates: int, seed: int) -> list[Estimate]:
    """Return the mean absolute contribution of each predictor with its percentile interval over patients.

    Parameters
    ----------
    values : ndarray, shape (n, predictors)
        Contributions.
    replicates, seed : int
        Bootstrap resamples and their seed.
    """
    means, drawn = np.abs(values).mean(axis=0), resampled_means(np.abs(values), replicates, seed)
    return [
        percentile_interval(list(own), replicates).around(float(mean), len(values))
        for mean, own in zip(means, drawn.T, strict=True)
    ]


@dataclass(frozen=True)
class GroupImportance:
    """One group of patients.

    Parameters
    ----------
    label : str
    n : int or None
        Patients; None where the group is not shown.
    importance : tuple of Estimate
        In the order of the predictors; empty where it is not shown.
    """

    label: str
    n: int | None
    importance: tuple[Estimate, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"label": self.label, "n": self.n, "importance": [one.to_dict() for one in self.importance]}


def importance_by_group(values: FloatArray, groups: Groups, *, replicates: int, seed: int) -> list[GroupImportance]:
    """Return the mean absolute contributions in each group of one variable.

    Groups of fewer than :data:`FEWEST` patients are not shown; where one alone is not, and holds fewer than five, the
    smallest of the others is not shown either, as its number would follow.

    Parameters
    ----------
    values : ndarray, shape (n, predictors)
    groups : sequence of (str, ndarray of bool, shape (n,))
    replicates, seed : int
    """
    counts = [int(members.sum()) for _, members in groups]
    hidden = {place for place, count in enumerate(counts) if count < FEWEST}
    if len(hidden) == 1 and 0 < counts[next(iter(hidden))] < _COULD_BE_KNOWN and len(groups) > 1:
        hidden.add(min((place for place in range(len(groups)) if place not in hidden), key=counts.__getitem__))
    found = []
    for place, (label, members) in enumerate(groups):
        if place in hidden:
            found.append(GroupImportance(label, None, ()))
            continue
        own = tuple(mean_absolute(values[members], replicates=replicates, seed=seed))
        found.append(GroupImportance(label, counts[place], own))
    return found


def shares(values: FloatArray) -> FloatArray:
    """Return each predictor's share of all absolute contributions, shape (..., predictors), of their means."""
    total = values.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(values, total, out=np.zeros_like(values), where=total > 0), dtype=np.float64)
