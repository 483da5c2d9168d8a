"""Two predictions of ordered levels in the same patients: differences with what is hard about them cancelled out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent, Measure
from spinecast.statistics.foundations.inputs import as_vector
from spinecast.statistics.ordinal.levels import check_levels, without_events
from spinecast.statistics.ordinal.performance import ranked_probability_losses
from spinecast.statistics.survival.ipcw import influence_estimate
from spinecast.statistics.survival_performance.concordance import concordance

__all__ = ["compare_ordinal_concordance", "compare_ranked_probability"]


def compare_ranked_probability(levels: ArrayLike, first: ArrayLike, second: ArrayLike) -> Measure:
    """Mean ranked probability score of the first prediction less that of the second, paired by patient.

    Parameters
    ----------
    levels : array-like of shape (n,)
        Observed, 0 the lowest.
    first, second : array-like of shape (n, thresholds)
        Probabilities of reaching each level above the lowest.

    Returns
    -------
    Estimate
        Below 0 where the first is better; the interval is that of a mean of differences.

    Raises
    ------
    ValueError
        As :func:`~spinecast.statistics.ordinal.performance.ranked_probability_losses`.
    """
    difference = ranked_probability_losses(levels, first) - ranked_probability_losses(levels, second)
    mean = float(difference.mean())
    influence = (difference - mean) / len(difference)
    return without_events(influence_estimate(mean, influence, events=0, method="paired mean of patients"))


def compare_ordinal_concordance(levels: ArrayLike, first: ArrayLike, second: ArrayLike) -> Measure:
    """C of the ordered levels of the first score less that of the second, paired by patient.

    The variance is that of the difference of the two infinitesimal jackknives, as R's ``survival::concordance`` has it
    of two models (Therneau & Watson 2015, "The concordance statistic and the Cox model").

    Parameters
    ----------
    levels : array-like of shape (n,)
    first, second : array-like of shape (n,)
        Higher where a higher level is expected.

    Returns
    -------
    Estimate or Absent
        Above 0 where the first ranks better; absent where everybody has the same level.

    Raises
    ------
    ValueError
        If lengths differ, a level is no whole number or a score is not finite.
    """
    observed, everyone = check_levels(levels), np.ones(len(check_levels(levels)))
    one, other = (
        concordance(observed, everyone, -as_vector(score, name))
        for score, name in ((first, "first"), (second, "second"))
    )
    if isinstance(one, Absent) or isinstance(other, Absent):
        return Absent("everybody has the same level")
    return without_events(
        influence_estimate(
            one.concordance - other.concordance,
            one.influence - other.influence,
            events=0,
            method="paired difference of C",
            bounds=(-1.0, 1.0),
            corrected=False,
        )
    )
