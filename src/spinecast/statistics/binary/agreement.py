"""Comparing two ways of calling patients positive, and AUCs of two groups of different patients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, chdtrc, stdtr

from spinecast.statistics.binary.discrimination import delong
from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975

__all__ = ["McNemar", "UnpairedComparison", "cohen_kappa", "compare_auc_unpaired", "mcnemar"]


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two paired proportions.

    Parameters
    ----------
    chi2, chi2_corrected : float
        Without and with the correction for continuity, one degree of freedom.
    p_value : float
        Exact and two-sided, from the binomial distribution.
    """

    chi2: float
    chi2_corrected: float
    p_value: float

    @property
    def chi2_p_value(self) -> float:
        """P-value of the uncorrected chi-squared, for many discordant pairs."""
        return float(chdtrc(1, self.chi2))


@dataclass(frozen=True)
class UnpairedComparison:
    """Difference of two AUCs of different patients, first minus second, with a two-sided test of no difference."""

    difference: Estimate
    standard_error: float
    t: float
    degrees_of_freedom: float
    p_value: float


def mcnemar(first_only: int, second_only: int) -> McNemar | Absent:
    """Test whether two classifiers of the same patients are right equally often (McNemar 1947, Psychometrika 12:153).

    Parameters
    ----------
    first_only, second_only : int
        Patients whom only the first, and only the second, calls right.

    Raises
    ------
    ValueError
        If a count is negative.
    """
    if min(first_only, second_only) < 0:
        raise ValueError(f"counts must not be negative, not {first_only} and {second_only}")
    discordant, distance = first_only + second_only, abs(first_only - second_only)
    if discordant == 0:
        return Absent("the two call every patient alike")
    exact = min(1.0, 2 * float(bdtr(min(first_only, second_only), discordant, 0.5)))
    return McNemar(distance**2 / discordant, max(distance - 1, 0) ** 2 / discordant, exact)


def cohen_kappa(counts: ArrayLike) -> float | Absent:
    """Agreement of two classifications beyond chance (Cohen 1960, Educ Psychol Meas 20:37).

    Parameters
    ----------
    counts : array-like of shape (k, k)
        Patients by first (rows) and second (columns) classification.

    Raises
    ------
    ValueError
        If the table is not square, is empty or holds a negative count.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.sum() > 0 or table.min() < 0:
        raise ValueError("counts must be a square table of counts, not all 0")
    share = table / table.sum()
    expected = float(share.sum(axis=1) @ share.sum(axis=0))
    if expected >= 1:
        return Absent("both put every patient into the same class: there is nothing to agree about")
    return (float(np.trace(share)) - expected) / (1 - expected)


def compare_auc_unpaired(
    outcome: ArrayLike, score: ArrayLike, other_outcome: ArrayLike, other_score: ArrayLike
) -> UnpairedComparison | Absent:
    """Compare the AUC of one cohort with that of another, as of development and validation, or of two subgroups.

    The variance is the sum of DeLong's two. The test is Welch's, as R's ``pROC::roc.test(paired = FALSE)``: t with
    (v1 + v2)^2 / (v1^2/(n1 - 1) + v2^2/(n2 - 1)) degrees of freedom.

    Parameters
    ----------
    outcome, score : array-like of shape (n,)
        Outcomes and scores of the first cohort.
    other_outcome, other_score : array-like of shape (m,)
        Those of the second.

    Returns
    -------
    UnpairedComparison or Absent
        Absent when a cohort has one outcome only, or neither AUC has a variance.

    Raises
    ------
    ValueError
        As :func:`delong`.
    """
    first, second = delong(outcome, score), delong(other_outcome, other_score)
    if isinstance(first, Absent):
        return Absent(f"first cohort: {first.reason}")
    if isinstance(second, Absent):
        return Absent(f"second cohort: {second.reason}")
    if first.variance is None or second.variance is None or first.variance + second.variance == 0:
        return Absent("the AUCs have no variance: a class holds one patient, or separates perfectly")
    sizes = [one.event_placements.size + one.non_event_placements.size for one in (first, second)]
    variance = first.variance + second.variance
    degrees = variance**2 / (first.variance**2 / (sizes[0] - 1) + second.variance**2 / (sizes[1] - 1))
    difference, standard_error = first.auc - second.auc, math.sqrt(variance)
    t, half = difference / standard_error, NORMAL_975 * standard_error
    events = int(first.event_placements.size + second.event_placements.size)
    estimate = Estimate(difference, difference - half, difference + half, sum(sizes), events, "unpaired DeLong, Wald")
    return UnpairedComparison(estimate, standard_error, t, degrees, float(2 * stdtr(degrees, -abs(t))))
