"""Whether three ways to say which inputs matter agree: contributions, local fits and permutation importance.

Where they do not, interactions or inputs that go together make the question have more than one answer (Krishna et al.
2024, TMLR, "The disagreement problem in explainable machine learning").
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from spinecast.explanation.depth.importance import resampled_means
from spinecast.explanation.depth.interactions import Swaps
from spinecast.statistics import Absent, Estimate, Measure
from spinecast.statistics.foundations.bootstrap import percentile_interval

__all__ = ["WAYS", "Agreement", "agreements", "permutation_changes", "rank_correlation", "shared_first"]

FloatArray = NDArray[np.float64]

WAYS = ("contributions", "local fits", "permutation importance")
FIRST = 5


@dataclass(frozen=True)
class Agreement:
    """Two ways side by side.

    Parameters
    ----------
    ways : tuple of (str, str)
    rank_correlation : Estimate or Absent
        Spearman's, of the inputs' importances.
    first : int
        How many of the most important are compared.
    shared : Estimate
        Share of them that both ways name.
    """

    ways: tuple[str, str]
    rank_correlation: Measure
    first: int
    shared: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "ways": list(self.ways),
            "rank_correlation": self.rank_correlation.to_dict(),
            "first": self.first,
            "shared": self.shared.to_dict(),
        }


def permutation_changes(swaps: Swaps, places: NDArray[np.int64]) -> FloatArray:
    """Return each patient's mean squared change when another's value of an input stands in place of their own.

    Its mean over patients is the permutation importance of the model's own answers (Breiman 2001,
    doi:10.1023/A:1010933404324, with what the model says in place of what happened), in expectation over permutations
    that leave nobody in place.

    Parameters
    ----------
    swaps : Swaps
    places : ndarray of int64, shape (inputs,)

    Returns
    -------
    ndarray, shape (n, inputs)
    """
    count = len(swaps.rows)
    changes = [((swaps.one(int(place)) - swaps.served[:, None]) ** 2).sum(axis=1) / (count - 1) for place in places]
    return np.stack(changes, axis=1)


def agreements(ways: tuple[FloatArray, ...], *, replicates: int, seed: int) -> list[Agreement]:
    """Compare every two ways, with intervals over patients.

    Parameters
    ----------
    ways : tuple of ndarray, each of shape (n, inputs)
        What each patient adds to the importance of each input, in the order of :data:`WAYS`: absolute contributions,
        absolute local effects, squared changes. The same patients and inputs in each.
    replicates, seed : int
    """
    means = [way.mean(axis=0) for way in ways]
    drawn = [resampled_means(way, replicates, seed) for way in ways]  # the same patients each time
    first = min(FIRST, means[0].size)
    found = []
    for one, two in combinations(range(len(ways)), 2):
        correlations = [rank_correlation(a, b) for a, b in zip(drawn[one], drawn[two], strict=True)]
        overlaps = [shared_first(a, b, first) for a, b in zip(drawn[one], drawn[two], strict=True)]
        value = rank_correlation(means[one], means[two])
        found.append(
            Agreement(
                ways=(WAYS[one], WAYS[two]),
                rank_correlation=Absent("one way finds all inputs alike")
                if value is None
                else percentile_interval([each for each in correlations if each is not None], replicates).around(
                    value, len(ways[0])
                ),
                first=first,
                shared=percentile_interval(overlaps, replicates).around(
                    shared_first(means[one], means[two], first), len(ways[0])
                ),
            )
        )
    return found


def rank_correlation(one: FloatArray, two: FloatArray) -> float | None:
    """Spearman's rank correlation, ties sharing their mean rank; None where all of one are alike."""
    ranks, others = rankdata(one), rankdata(two)
    if np.ptp(ranks) == 0 or np.ptp(others) == 0:
        return None
    return float(np.corrcoef(ranks, others)[0, 1])


def shared_first(one: FloatArray, two: FloatArray, first: int) -> float:
    """Share of the most important inputs that both name; ties go to the earlier input."""
    leading = [set(np.argsort(-each, kind="stable")[:first].tolist()) for each in (one, two)]
    return len(leading[0] & leading[1]) / first
