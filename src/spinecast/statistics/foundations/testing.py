"""From an interval to a p-value, and p-values of several comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from spinecast.statistics.foundations.estimate import Absent, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975

__all__ = ["holm_adjusted", "p_value_of_difference"]


def p_value_of_difference(difference: Measure) -> float | None:
    """Two-sided p-value of no difference, from a difference and its 95 % interval.

    The standard error is the width of the interval over twice 1.96 (Altman & Bland 2011, BMJ 343:d2304). For a Wald
    interval, as that of paired DeLong, it is the p-value of the test the interval belongs to; for a percentile
    bootstrap it is its normal approximation.

    Parameters
    ----------
    difference : Estimate or Absent

    Returns
    -------
    float or None
        None where the difference is absent or has no interval, or one of no width.
    """
    if isinstance(difference, Absent) or difference.lower is None or difference.upper is None:
        return None
    width = difference.upper - difference.lower
    if not width > 0:
        return None
    return float(2 * ndtr(-abs(difference.estimate) * 2 * NORMAL_975 / width))


def holm_adjusted(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Adjust p-values of several comparisons so that the chance of any false finding stays at their level.

    The step-down method of Holm (1979, Scand J Stat 6:65), whatever the dependence between the comparisons.

    Parameters
    ----------
    p_values : sequence of float or None
        None for what could not be tested; it counts as no comparison.

    Returns
    -------
    tuple of float or None
        In the order given, at most 1.

    Raises
    ------
    ValueError
        If one is no probability.
    """
    places = [place for place, value in enumerate(p_values) if value is not None]
    known = np.array([value for value in p_values if value is not None], dtype=np.float64)
    if known.size and not ((known >= 0) & (known <= 1)).all():
        raise ValueError("a p-value lies between 0 and 1")
    order = np.argsort(known, kind="stable")
    factors = known.size - np.arange(known.size)
    stepped = np.minimum(np.maximum.accumulate(known[order] * factors), 1.0)
    adjusted: list[float | None] = [None] * len(p_values)
    for value, position in zip(stepped, order, strict=True):
        adjusted[places[position]] = float(value)
    return tuple(adjusted)
