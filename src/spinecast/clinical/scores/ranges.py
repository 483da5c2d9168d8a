"""Scores that are a formula: their range where an input is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores.columns import either_end
from spinecast.clinical.scores.score import Columns, FloatArray, ScoreResult, Stratum

__all__ = ["Slope", "limits", "monotone"]

Slope = Literal["rises", "falls"]


def monotone(
    formula: Callable[..., FloatArray],
    slopes: Mapping[str, Slope],
    columns: Columns,
    strata: tuple[Stratum, ...] = (),
    *,
    index: str,
) -> ScoreResult:
    """Evaluate a formula that rises or falls with each of its inputs, over all that missing ones could be.

    A missing input takes either end of its possible range in the dictionary, and the result is clipped to the possible
    range of the index itself. Those ranges hold every living patient, so the result is wide: it is no prediction
    interval. Where what is known puts the index outside its possible range altogether (a weight ten times the usual
    one) it is not estimable: NaN at both ends.

    Parameters
    ----------
    formula : callable
        Takes the inputs in the order of `slopes`.
    slopes : mapping of variable to {"rises", "falls"}
        How the formula moves with each continuous input.
    columns : mapping of variable to ndarray of float, shape (n,)
    strata : tuple of Stratum
    index : str
        The dictionary's own entry for the result.

    Returns
    -------
    ScoreResult
    """
    ends = [either_end(columns, name) for name in slopes]
    lowest = [high if slope == "falls" else low for (low, high), slope in zip(ends, slopes.values(), strict=True)]
    highest = [low if slope == "falls" else high for (low, high), slope in zip(ends, slopes.values(), strict=True)]
    lower, upper = formula(*lowest), formula(*highest)
    entry = variable(index)
    if entry.possible is None:
        raise ValueError(f"{index} has no possible range")
    low, high = entry.possible.lower, entry.possible.upper
    outside = (lower > high) | (upper < low)
    lower, upper = (np.where(outside, np.nan, np.clip(each, low, high)) for each in (lower, upper))
    return ScoreResult(lower, upper, strata)


def limits(formula: Callable[..., FloatArray], slopes: Mapping[str, Slope], *, index: str) -> tuple[float, float]:
    """Return the smallest and the largest value of a formula: its range for someone of whom nothing is known."""
    nothing = monotone(formula, slopes, {name: np.array([np.nan]) for name in slopes}, index=index)
    return float(nothing.lower[0]), float(nothing.upper[0])
