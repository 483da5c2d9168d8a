"""Resampled intervals in cohorts too large to be resampled whole: a part is resampled and its widths are scaled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    Absent,
    AucComparison,
    CalibrationCurve,
    CalibrationErrors,
    DecisionCurve,
    Estimate,
    Measure,
)
from spinecast.validation.predictions import Predictions

__all__ = [
    "RESAMPLED_AT_MOST",
    "Part",
    "in_parts",
    "merge_comparison",
    "merge_curve",
    "merge_errors",
    "merge_measure",
    "resampled_rows",
]

# A resample of a million patients takes seconds, two hundred of them minutes, and their limits lie within a thousandth
# of each other. Up to here everybody is resampled.
RESAMPLED_AT_MOST = 20_000

Result = TypeVar("Result")
Merge = Callable[[Result, Result, "Part"], Result]


class Part:
    """The random part of a cohort that is resampled.

    Parameters
    ----------
    drawn, whole : int
        Patients in the part and in the cohort.
    """

    def __init__(self, drawn: int, whole: int) -> None:
        self.drawn, self.whole = drawn, whole
        self.scale = math.sqrt(drawn / whole)

    @property
    def words(self) -> str:
        """What is said of an interval found this way."""
        return (
            f"resampled in {self.drawn:,} of {self.whole:,} patients drawn at random, the width scaled by the square "
            "root of their share"
        )


def in_parts(
    compute: Callable[[Predictions, int], Result],
    merge: Merge[Result],
    predictions: Predictions,
    *,
    bootstrap: int,
    seed: int,
) -> Result:
    """Compute a statistic with its resampled interval at a cost that stops growing with the cohort.

    The estimate is always that of all patients. Beyond `RESAMPLED_AT_MOST` patients the interval is the bootstrap of a
    random part of them, whose distances from its own estimate are multiplied by the square root of the part's share:
    an m out of n bootstrap for statistics whose error falls with the square root of n (Bickel, Goetze & van Zwet 1997,
    Stat Sinica 7:1). Intervals that have a formula are left as they are.

    Parameters
    ----------
    compute : callable
        Maps predictions and a number of resamples to the statistic; 0 resamples for no resampled interval.
    merge : callable
        Puts the limits of the part around the estimate of the whole.
    predictions : Predictions
    bootstrap, seed : int
        Resamples, and the seed of the draw of the part.
    """
    size = predictions.risk.size
    rows = resampled_rows(size, seed) if bootstrap else None
    if rows is None:
        return compute(predictions, bootstrap)
    return merge(compute(predictions, 0), compute(predictions.subset(rows), bootstrap), Part(rows.size, size))


def resampled_rows(size: int, seed: int) -> NDArray[np.intp] | None:
    """Return the rows of the part that is resampled, ascending; None where everybody is."""
    if size <= RESAMPLED_AT_MOST:
        return None
    return np.sort(np.random.default_rng(seed).choice(size, RESAMPLED_AT_MOST, replace=False))


def merge_measure(whole: Measure, drawn: Measure, part: Part) -> Measure:
    """Put the part's limits around the estimate of the whole; leave one that has limits, or none to have."""
    if isinstance(whole, Absent) or whole.lower is not None:
        return whole
    if isinstance(drawn, Absent) or drawn.lower is None or drawn.upper is None:
        why = drawn.reason if isinstance(drawn, Absent) else drawn.method
        return replace(whole, method=f"no interval: {why}, in a random part of {part.drawn:,} patients")
    # A limit at 0 is the end of what the measure can be, or says that chance alone may give the estimate.
    lower = 0.0 if drawn.lower == 0 else whole.estimate - part.scale * (drawn.estimate - drawn.lower)
    upper = whole.estimate + part.scale * (drawn.upper - drawn.estimate)
    return replace(whole, lower=lower, upper=upper, method=f"{drawn.method}; {part.words}")


def merge_errors(
    whole: CalibrationErrors | Absent, drawn: CalibrationErrors | Absent, part: Part
) -> CalibrationErrors | Absent:
    """Merge the four distances one by one."""
    if isinstance(whole, Absent):
        return whole
    reason = drawn if isinstance(drawn, Absent) else None
    return CalibrationErrors(
        *(
            merge_measure(getattr(whole, name), reason or getattr(drawn, name), part)
            for name in ("ici", "e50", "e90", "e_max")
        )
    )


Curve = TypeVar("Curve", CalibrationCurve | Absent, DecisionCurve)


def merge_curve(whole: Curve, drawn: Curve, part: Part) -> Curve:
    """Put the part's band around the curve of the whole."""
    if isinstance(whole, Absent) or whole.lower is not None:
        return whole
    if isinstance(drawn, Absent) or drawn.lower is None or drawn.upper is None:
        return whole
    levels = (0.0, 1.0) if isinstance(whole, CalibrationCurve) else (-math.inf, math.inf)
    at, again = _points(whole), _points(drawn)
    middle, centre = np.array(at[1]), np.interp(at[0], again[0], again[1])
    low, high = (np.interp(at[0], again[0], limits) for limits in (drawn.lower, drawn.upper))
    lower = np.clip(middle - part.scale * (centre - low), *levels)
    upper = np.clip(middle + part.scale * (high - centre), *levels)
    return replace(
        whole, lower=tuple(lower.tolist()), upper=tuple(upper.tolist()), method=f"{drawn.method}; {part.words}"
    )


def _points(curve: CalibrationCurve | DecisionCurve) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if isinstance(curve, CalibrationCurve):
        return curve.predicted, curve.observed
    return curve.thresholds, curve.net_benefit


def merge_comparison(
    whole: AucComparison | Absent, drawn: AucComparison | Absent, part: Part
) -> AucComparison | Absent:
    """Merge the difference of two AUCs."""
    if isinstance(whole, Absent) or isinstance(drawn, Absent):
        return whole
    merged = merge_measure(whole.difference, drawn.difference, part)
    error = None if drawn.standard_error is None else part.scale * drawn.standard_error
    return replace(
        whole,
        difference=merged if isinstance(merged, Estimate) else whole.difference,
        standard_error=whole.standard_error if whole.standard_error is not None else error,
    )
