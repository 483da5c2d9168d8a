"""Whether values come from the distribution they came from before: stability index, Kolmogorov-Smirnov, shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import ArrayLike, NDArray
from scipy.special import kolmogorov

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats, as_vector

__all__ = [
    "DistributionShift",
    "level_shift",
    "missing_shift",
    "population_stability_index",
    "quantile_shift",
    "sample_shift",
    "stability_limit",
]

# A cell nobody is in has an infinite logarithm: half a patient stands in it.
_HALF = 0.5
_BINS = 10


@dataclass(frozen=True)
class DistributionShift:
    """How far values are from their reference.

    Parameters
    ----------
    stability_index : float or None
        Population stability index; None where the reference gives no shares of cells.
    stability_limit : float or None
        What the index stays below, 99 times in 100, if nothing changed.
    distance : float
        Largest distance of two cumulative distributions (Kolmogorov-Smirnov); of levels the largest difference of a
        level's share; of missing values the difference of the shares.
    p_value : float
        Of no change, two-sided.
    n, reference_n : int
        Values compared, and values of the reference.
    test : str
        Where the p-value comes from.
    """

    stability_index: float | None
    stability_limit: float | None
    distance: float
    p_value: float
    n: int
    reference_n: int
    test: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "stability_index": self.stability_index,
            "stability_limit": self.stability_limit,
            "distance": self.distance,
            "p_value": self.p_value,
            "n": self.n,
            "reference_n": self.reference_n,
            "test": self.test,
        }


def population_stability_index(reference: ArrayLike, shares: ArrayLike) -> float:
    """Sum of (share - reference share) times the logarithm of their ratio, over the cells of a distribution.

    It is the symmetric divergence of Kullback & Leibler (1951, Ann Math Stat 22:79), used to compare the distribution
    of scores in credit scoring under this name (Yurdakul & Naranjo 2020, J Risk Model Validation 14:89).

    Parameters
    ----------
    reference, shares : array-like of shape (cells,)
        Positive, each summing to 1.

    Raises
    ------
    ValueError
        If they are no shares, or of other lengths.
    """
    before, after = as_vector(reference, "reference"), as_vector(shares, "shares")
    if before.size != after.size:
        raise ValueError(f"{after.size} shares against {before.size} of the reference")
    for one in (before, after):
        if one.min() <= 0 or not np.isclose(one.sum(), 1):
            raise ValueError("shares are above 0 and sum to 1")
    return float(np.sum((after - before) * np.log(after / before)))


def stability_limit(cells: int, n: int, reference_n: int, level: float = 0.01) -> float:
    """What a stability index exceeds with probability `level` if nothing changed.

    Over ``1 / n + 1 / reference_n`` it is about chi-squared with ``cells - 1`` degrees of freedom (Yurdakul & Naranjo
    2020, J Risk Model Validation 14:89): the fixed limits in use, 0.1 and 0.25, hold for no number of patients in
    particular.

    Raises
    ------
    ValueError
        If there are fewer than two cells, or nobody.
    """
    if cells < 2 or n < 1 or reference_n < 1:
        raise ValueError("a limit needs two cells, and somebody on each side")
    return float(scipy.stats.chi2.isf(level, cells - 1) * (1 / n + 1 / reference_n))


def sample_shift(reference: ArrayLike, values: ArrayLike) -> DistributionShift | Absent:
    """Compare two samples of a measured variable: Kolmogorov-Smirnov, and the index over tenths of the reference.

    Parameters
    ----------
    reference, values : array-like of shape (m,) and (n,)
        NaN where not known; left out.

    Returns
    -------
    DistributionShift or Absent
        Absent where either holds no known value.
    """
    before, after = _known(reference), _known(values)
    if not before.size or not after.size:
        return _nobody(before.size)
    found = scipy.stats.ks_2samp(before, after, method="auto" if before.size * after.size <= 10_000 else "asymp")
    cuts = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(cuts, one, side="left"), minlength=cuts.size + 1) for one in (before, after)]
    index, limit = _index(counts[0] / before.size, before.size, counts[1])
    return DistributionShift(
        index, limit, float(found.statistic), float(found.pvalue), after.size, before.size, "Kolmogorov-Smirnov"
    )


def quantile_shift(
    probabilities: ArrayLike, quantiles: ArrayLike, reference_n: int, values: ArrayLike
) -> DistributionShift | Absent:
    """Compare values with a reference of which only some quantiles are known.

    The distance is the largest, over the known quantiles, between the values' cumulative distribution and the
    probability the quantile has; where values are tied with it, the distance from the nearer side of the step. The
    p-value is that of the two-sample Kolmogorov-Smirnov test (asymptotic), whose distance is at least as large: it is
    never too small for that. The index is taken between the quantiles, values tied with one going half to each side.

    Parameters
    ----------
    probabilities : array-like of shape (quantiles,)
        Rising, strictly between 0 and 1.
    quantiles : array-like of shape (quantiles,)
        Not falling.
    reference_n : int
        Patients of whom the quantiles are.
    values : array-like of shape (n,)
        NaN where not known; left out.

    Returns
    -------
    DistributionShift or Absent
        Absent where no value is known, or nobody stands behind the quantiles.

    Raises
    ------
    ValueError
        If the quantiles are none.
    """
    at, cuts, after = as_vector(probabilities, "probabilities"), as_vector(quantiles, "quantiles"), _known(values)
    if at.size != cuts.size or at.min() <= 0 or at.max() >= 1 or (np.diff(at) <= 0).any() or (np.diff(cuts) < 0).any():
        raise ValueError("quantiles do not fall, and their probabilities rise between 0 and 1")
    if not after.size or reference_n < 1:
        return _nobody(reference_n)
    ordered = np.sort(after)
    up_to = np.searchsorted(ordered, cuts, side="right") / after.size
    below = np.searchsorted(ordered, cuts, side="left") / after.size
    distance = float(np.maximum(0.0, np.maximum(at - up_to, below - at)).max())
    effective = after.size * reference_n / (after.size + reference_n)
    # Quantiles that are one number bound one cell: only the last of them tells how much lies up to it.
    last = np.append(np.diff(cuts) > 0, np.ones(1, dtype=bool))
    shares = np.diff(np.concatenate(([0.0], at[last], [1.0])))
    reached = ((up_to + below) / 2)[last]
    counts = after.size * np.diff(np.concatenate(([0.0], reached, [1.0])))
    distinct = bool(last.all())
    index, limit = _index(shares, reference_n, counts) if distinct else (None, None)
    p_value = float(kolmogorov(np.sqrt(effective) * distance))
    return DistributionShift(
        index, limit, distance, p_value, after.size, reference_n, "Kolmogorov-Smirnov at the known quantiles"
    )


def level_shift(shares: ArrayLike, reference_n: int, counts: ArrayLike) -> DistributionShift | Absent:
    """Compare how often each level of a variable occurs: the stability index, and an exact test.

    The p-value is the smallest of Fisher's exact test of each level against all others, times the number of levels
    where there are more than two: where a level is rare, small p-values of the chi-squared test are too small.

    Parameters
    ----------
    shares : array-like of shape (levels,)
        Of the reference; they sum to 1.
    reference_n : int
        Patients of whom the shares are.
    counts : array-like of shape (levels,)
        Patients with each level now.

    Returns
    -------
    DistributionShift or Absent
        Absent where nobody is counted, or everybody everywhere has one level.

    Raises
    ------
    ValueError
        If the shares do not sum to 1 or there are other numbers of levels.
    """
    before, after = as_vector(shares, "shares"), as_vector(counts, "counts")
    if before.size != after.size or before.min() < 0 or not np.isclose(before.sum(), 1, atol=1e-6):
        raise ValueError("shares of the reference sum to 1, with a count for each")
    n = int(after.sum())
    if n == 0 or reference_n == 0:
        return _nobody(reference_n)
    seen = (before > 0) | (after > 0)
    if seen.sum() < 2:
        return Absent("everybody has the same level, now as before")
    distance = float(np.abs(after / n - before).max())
    counted = np.rint(before[seen] * reference_n).astype(np.int64)
    each = [_fisher(int(theirs), reference_n, int(mine), n) for theirs, mine in zip(counted, after[seen], strict=True)]
    p_value = min(1.0, min(each) * (len(each) if len(each) > 2 else 1))
    index, limit = _index(before[seen], reference_n, after[seen])
    return DistributionShift(index, limit, distance, p_value, n, reference_n, "Fisher's exact test of each level")


def missing_shift(reference_missing: int, reference_n: int, missing: int, n: int) -> DistributionShift | Absent:
    """Compare how often a value is missing: Fisher's exact test of the two shares.

    Returns
    -------
    DistributionShift or Absent
        Absent where there is nobody on a side.

    Raises
    ------
    ValueError
        If more are missing than there are.
    """
    if not (0 <= reference_missing <= reference_n and 0 <= missing <= n):
        raise ValueError("no more values are missing than there are patients")
    if n == 0 or reference_n == 0:
        return _nobody(reference_n)
    p_value = _fisher(reference_missing, reference_n, missing, n)
    distance = abs(missing / n - reference_missing / reference_n)
    return DistributionShift(None, None, distance, p_value, n, reference_n, "Fisher's exact test")


def _fisher(reference_count: int, reference_n: int, count: int, n: int) -> float:
    table = np.array([[reference_count, reference_n - reference_count], [count, n - count]])
    return min(1.0, float(scipy.stats.fisher_exact(table).pvalue))


def _known(values: ArrayLike) -> Floats:
    found: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    return found[~np.isnan(found)]


def _nobody(reference_n: int) -> Absent:
    return Absent("no value is known now" if reference_n else "it is not known of how many patients the reference is")


def _index(reference: Floats, reference_n: int, counts: Floats | NDArray[np.intp]) -> tuple[float, float]:
    """Return the index of counts against reference shares, and its limit."""
    before = np.maximum(reference * reference_n, _HALF)
    after = np.maximum(np.asarray(counts, dtype=np.float64), _HALF)
    total = round(float(np.sum(counts)))
    if before.size < 2:
        return 0.0, 0.0
    index = population_stability_index(before / before.sum(), after / after.sum())
    return index, stability_limit(before.size, total, reference_n)
