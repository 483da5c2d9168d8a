"""How far groups of patients differ in a variable: standardised differences of means, shares and levels.

One definition covers all kinds of variable. A group has the mean m of one or several numbers: the value itself, or the
shares of the levels. With S the average of the two groups' covariances the difference is

    sqrt((m1 - m0)' S^-1 (m1 - m0)).

For a number that is (m1 - m0) / sqrt((s1^2 + s0^2) / 2), for a share (p1 - p0) / sqrt((p1 (1 - p1) + p0 (1 - p0)) / 2)
(Austin 2009, Stat Med 28:3083-3107), for more levels the multinomial one of Yang and Dalton 2012 (SAS Global Forum,
paper 335). It does not grow with the number of patients, as a p-value does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTICEABLE", "Moments", "effective_size", "largest_difference", "moments", "pooled", "standardised"]

NOTICEABLE = 0.1
"""Beyond this a difference is usually called a sign of imbalance (Austin 2009, Stat Med 28:3083)."""

FloatArray = NDArray[np.float64]

_FEWEST = 2
# Means that differ by less than this share of themselves differ by the rounding of their sums only.
_ROUNDING = 1e-13
# Beyond this share of the difference lies in directions in which neither group varies: then it has no finite measure.
_UNSPANNED = 1e-8


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and spread of one variable in one group.

    Parameters
    ----------
    known : int
        Patients whose value is known.
    mean : ndarray, shape (p,)
        Mean of a number or share of the second of two levels (p = 1); shares of three or more levels (p = levels).
    covariance : ndarray, shape (p, p)
        Sample variance of a number; multinomial covariance of shares.
    """

    known: int
    mean: FloatArray
    covariance: FloatArray


def moments(column: FloatArray, levels: int, weights: FloatArray | None = None) -> Moments | None:
    """Compute a group's moments from the values that are known.

    Parameters
    ----------
    column : ndarray, shape (n,)
        In the coding of `Cohort.matrix`: numbers, or levels by index from 0; missing as NaN.
    levels : int
        Number of levels, 0 for a number.
    weights : ndarray, shape (n,), optional
        Weight of each patient, not negative; 1 for all when None.

    Returns
    -------
    Moments or None
        None when fewer than two values are known: one patient has no spread.
    """
    weight = np.ones(len(column)) if weights is None else weights
    known = ~np.isnan(column) & (weight > 0)
    values, weight = column[known], weight[known]
    if len(values) < _FEWEST:
        return None
    weight = weight / weight.sum()
    if levels:
        every = np.bincount(values.astype(np.intp), weights=weight, minlength=levels).astype(np.float64)
        shares = every[1:] if levels == 2 else every
        return Moments(len(values), shares, np.diag(shares) - np.outer(shares, shares))
    mean = float(weight @ values)
    # With equal weights this is the sample variance, divisor n - 1.
    variance = float(weight @ (values - mean) ** 2) / (1 - float(weight @ weight))
    return Moments(len(values), np.array([mean]), np.array([[variance]]))


def pooled(one: Moments, other: Moments) -> FloatArray:
    """Return the average of two groups' covariances, shape (p, p)."""
    average: FloatArray = (one.covariance + other.covariance) / 2
    return average


def standardised(one: Moments | None, other: Moments | None, spread: FloatArray | None = None) -> float | None:
    """Return the standardised difference of two groups.

    Parameters
    ----------
    one, other : Moments or None
        Of the same variable.
    spread : ndarray, shape (p, p), optional
        The covariance to standardise by; the average of the two groups' own when None. To compare before with after
        matching both take the one before: otherwise a change of spread looks like one of balance (Stuart 2010, Stat
        Sci 25:1).

    Returns
    -------
    float or None
        With the sign of `one` less `other` for a number or a share, never negative for three or more levels. 0 where
        nothing differs; None where a group has too few values or the groups differ without any spread, so that the
        difference is infinite.
    """
    if one is None or other is None:
        return None
    difference = one.mean - other.mean
    covariance = pooled(one, other) if spread is None else spread
    scale = float(np.abs(np.concatenate([one.mean, other.mean])).max())
    if float(np.abs(difference).max()) <= _ROUNDING * scale:
        return 0.0
    if len(difference) == 1:
        variance = float(covariance[0, 0])
        return float(difference[0]) / math.sqrt(variance) if variance > 0 else None
    # The shares add up to one, so S is singular; its pseudo-inverse gives what leaving out any one level would.
    inverse = np.linalg.pinv(covariance, hermitian=True, rcond=1e-10)
    if np.abs(difference - covariance @ (inverse @ difference)).max() > _UNSPANNED:
        return None
    return math.sqrt(max(float(difference @ inverse @ difference), 0.0))


def largest_difference(groups: Sequence[Moments | None]) -> tuple[float | None, tuple[int, int] | None]:
    """Return the largest difference of any two groups, and which two; of two groups theirs, with its sign.

    Parameters
    ----------
    groups : sequence of Moments or None
        In the order of the groups; the sign is that of the later less the earlier one.

    Returns
    -------
    difference : float or None
        None where any pair of groups with values has no finite difference, or no pair has values.
    pair : (int, int) or None
        Positions of the two.
    """
    known = [position for position, group in enumerate(groups) if group is not None]
    best: float | None = None
    pair: tuple[int, int] | None = None
    for first, later in combinations(known, 2):
        difference = standardised(groups[later], groups[first])
        if difference is None:
            return None, None
        if best is None or abs(difference) > abs(best):
            best, pair = difference, (first, later)
    return (best if best is None or len(groups) == 2 else abs(best)), pair


def effective_size(weights: FloatArray) -> float:
    """Return Kish's effective sample size (sum w)^2 / sum w^2: how many equally weighted patients tell as much.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        Not negative (Kish 1965, Survey Sampling, section 11.7).
    """
    total = float(np.sum(weights))
    return total**2 / float(np.sum(weights**2)) if total > 0 else 0.0
