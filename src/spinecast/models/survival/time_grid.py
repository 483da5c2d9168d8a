"""The days a curve is kept at, and how it runs between them.

A curve is the logarithm of a cumulative hazard. Between two days of the grid it is a straight line over the logarithm
of time (a Weibull hazard in pieces), and before the first a constant hazard. What is read at any day is therefore the
same weighted sum of two days for every patient: curves never fall, and contributions to the grid's days add up to
contributions at any other day too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.errors import ContractError

__all__ = [
    "SHORTEST_DAYS",
    "Reading",
    "correction_positions",
    "median_days",
    "read_at",
    "read_own",
    "reference_position",
    "time_grid",
]

FloatArray = NDArray[np.float64]

# Days of the grid beside the horizons: the curve of a cohort is known no finer than its events are many.
GRID_POINTS = 24
# Follow-up is answered for as long as this many development patients were still at risk: past it a curve rests on a
# handful of people.
FEWEST_AT_RISK = 20
# Days at which curves are corrected; between them the correction is straight over the logarithm of time. More of them
# follow the noise of the held-out patients and gain nothing (docs/decisions/0026).
CORRECTION_DAYS = 3
# Death on the day of entry has no logarithm, and no hazard of a curve that begins there: it counts as half a day.
SHORTEST_DAYS = 0.5


def time_grid(
    time: ArrayLike, event: ArrayLike, horizons: ArrayLike, *, points: int = GRID_POINTS, at_risk: int = FEWEST_AT_RISK
) -> FloatArray:
    """Choose the days of the grid: quantiles of the event times, the horizons, and the last day answered for.

    Quantiles are rounded up to whole days: none of them is kept as a patient's own time.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up in days.
    event : array-like of shape (n,)
        0 where it was censored, otherwise the number of the event.
    horizons : array-like of shape (m,)
        Days the outcome will be read at; always on the grid.
    points : int
        Quantiles, evenly spaced from the first to the last day answered for.
    at_risk : int
        The grid ends where fewer patients were still followed, or at the last horizon if that is later.

    Returns
    -------
    ndarray of shape (k,)
        Ascending, positive.
    """
    follow_up, happened = np.asarray(time, dtype=np.float64), np.asarray(event) > 0
    asked = np.asarray(horizons, dtype=np.float64)
    ordered = np.sort(follow_up)[::-1]
    supported = float(ordered[min(at_risk, ordered.size) - 1])
    end = max(np.floor(supported), float(asked.max(initial=0.0)), 1.0)
    times = follow_up[happened & (follow_up <= end)]
    days = np.ceil(np.quantile(times, np.linspace(0.02, 0.98, points))) if times.size else np.array([])
    # Half of the last horizon too: what is integrated up to it needs two days at least.
    half = [float(np.ceil(asked.max() / 2))] if asked.size else []
    grid = np.unique(np.concatenate([np.maximum(days, 1.0), asked, half, [end]]))
    return np.asarray(grid[grid <= end], dtype=np.float64)


def reference_position(grid: FloatArray, time: ArrayLike, event: ArrayLike, last: float) -> int:
    """Position of the reference day: the day of the grid nearest to the median event time up to the last horizon."""
    follow_up, happened = np.asarray(time, dtype=np.float64), np.asarray(event) > 0
    early = follow_up[happened & (follow_up <= last)]
    middle = float(np.median(early)) if early.size else last
    return int(np.argmin(np.abs(np.log(grid) - np.log(max(middle, 1.0)))))


def correction_positions(grid: FloatArray, time: ArrayLike, event: ArrayLike, last: float) -> NDArray[np.int64]:
    """Positions of the days at which curves are corrected: as many events between two of them, the last horizon last.

    Parameters
    ----------
    grid : ndarray, shape (k,)
    time, event : array-like of shape (n,)
        Follow-up in days, and whether the event ended it.
    last : float
        A day of the grid.

    Returns
    -------
    ndarray of int64
        Ascending; `CORRECTION_DAYS` of them, fewer where they fall on one day of the grid.
    """
    follow_up, happened = np.asarray(time, dtype=np.float64), np.asarray(event) > 0
    early = follow_up[happened & (follow_up <= last)]
    shares = np.arange(1, CORRECTION_DAYS) / CORRECTION_DAYS
    days = [*(np.quantile(early, shares) if early.size else ()), last]
    nearest = [int(np.argmin(np.abs(np.log(grid) - np.log(max(day, 1.0))))) for day in days]
    return np.unique(np.array(nearest, dtype=np.int64))


@dataclass(frozen=True)
class Reading:
    """How values on the grid become values at some days: ``(1 - share) * lower + share * upper + shift``.

    Parameters
    ----------
    lower, upper : ndarray of int, shape (m,)
        Positions on the grid.
    share, shift : ndarray, shape (m,)
    """

    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    share: FloatArray
    shift: FloatArray

    def of(self, on_grid: FloatArray) -> FloatArray:
        """Log cumulative hazards at the days, shape (..., m), from those on the grid, shape (..., k)."""
        return np.asarray(self.weighted(on_grid) + self.shift, dtype=np.float64)

    def weighted(self, on_grid: FloatArray) -> FloatArray:
        """The weighted sum alone: what contributions take, which add to no level."""
        low, high = on_grid[..., self.lower], on_grid[..., self.upper]
        return np.asarray((1 - self.share) * low + self.share * high, dtype=np.float64)


def read_at(grid: FloatArray, days: ArrayLike) -> Reading:
    """Prepare to read curves at some days.

    Parameters
    ----------
    grid : ndarray, shape (k,)
    days : array-like of shape (m,)
        Positive, none past the last day of the grid.

    Raises
    ------
    ContractError
        If a day is not positive, or past the follow-up the curves rest on.
    """
    asked = np.atleast_1d(np.asarray(days, dtype=np.float64))
    for day in asked:
        if not 0 < day <= grid[-1]:
            raise ContractError(
                f"no risk by day {day:g} can be read from this model",
                expected=f"a day after 0 and up to {grid[-1]:g}, where the development follow-up ends",
                remedy="ask for an earlier day" if day > grid[-1] else "ask for a later day",
            )
    upper = np.searchsorted(grid, asked, side="left")
    lower = np.maximum(upper - 1, 0)
    first = upper == 0
    steps = np.log(grid[upper]) - np.log(grid[lower])
    share = np.where(first, 1.0, (np.log(asked) - np.log(grid[lower])) / np.where(first, 1.0, steps))
    # On a day of the grid the value is the grid's own, to the last bit.
    share = np.where(asked == grid[upper], 1.0, share)
    shift = np.where(first & (asked != grid[0]), np.log(asked) - np.log(grid[0]), 0.0)
    return Reading(lower.astype(np.int64), upper.astype(np.int64), share, shift)


def read_own(grid: FloatArray, log_hazards: FloatArray, until: ArrayLike) -> FloatArray:
    """Log cumulative hazard of each patient at a day of their own, shape (n,).

    Parameters
    ----------
    grid : ndarray, shape (k,)
    log_hazards : ndarray, shape (n, k)
    until : array-like of shape (n,)
        Days, drawn in to half a day at the least and the last day of the grid at the most.
    """
    reading = read_at(grid, np.clip(np.asarray(until, dtype=np.float64), SHORTEST_DAYS, grid[-1]))
    patient = np.arange(len(log_hazards))
    low, high = log_hazards[patient, reading.lower], log_hazards[patient, reading.upper]
    return np.asarray((1 - reading.share) * low + reading.share * high + reading.shift, dtype=np.float64)


def median_days(grid: FloatArray, log_hazard: FloatArray) -> FloatArray:
    """First day by which half of patients like each have had the event, shape (n,); NaN where the grid ends earlier.

    Parameters
    ----------
    grid : ndarray, shape (k,)
    log_hazard : ndarray, shape (n, k)
        Never falling along the grid.
    """
    half = float(np.log(np.log(2.0)))
    reached = log_hazard >= half
    position = np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
    days = np.full(len(log_hazard), np.nan)
    for row in np.flatnonzero(position >= 0):
        at = int(position[row])
        if at == 0:
            days[row] = grid[0] * np.exp(half - log_hazard[row, 0])
            continue
        low, high = log_hazard[row, at - 1], log_hazard[row, at]
        share = (half - low) / (high - low)
        days[row] = np.exp((1 - share) * np.log(grid[at - 1]) + share * np.log(grid[at]))
    return days
