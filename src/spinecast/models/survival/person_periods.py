"""From follow-up to rows of a patient and an interval, on which any learner of yes or no learns a hazard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Intervals", "intervals_of"]

FloatArray = NDArray[np.float64]

# Intervals between the days of the grid: enough to bend a hazard, few enough that each holds events.
MOST_INTERVALS = 10


@dataclass(frozen=True)
class Intervals:
    """Stretches of follow-up, each after the end of the one before.

    Parameters
    ----------
    ends : ndarray, shape (j,)
        Last day of each, ascending.
    """

    ends: FloatArray

    @property
    def starts(self) -> FloatArray:
        """Day after which each begins, shape (j,)."""
        return np.concatenate([[0.0], self.ends[:-1]])

    def columns(self, *, indicators: bool) -> FloatArray:
        """What a learner sees of an interval, shape (j, q): how late it is, and for sums of columns which it is.

        Parameters
        ----------
        indicators : bool
            True adds a column for each interval; trees cut the first column wherever they need.
        """
        late = np.log((self.starts + self.ends) / 2)
        late = (late - late.mean()) / (late.std() or 1.0)
        return np.hstack([late[:, None], np.eye(len(self.ends))]) if indicators else late[:, None]

    def passed(self, grid: FloatArray) -> FloatArray:
        """Share of each interval that has passed by each day of a grid, shape (j, k)."""
        share = (grid[None, :] - self.starts[:, None]) / (self.ends - self.starts)[:, None]
        return np.asarray(np.clip(share, 0.0, 1.0), dtype=np.float64)

    def rows(self, time: FloatArray, event: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
        """Rows of a patient and an interval they were followed in.

        Whoever was censored inside an interval counts as followed through it where half of it had passed, and not at
        all where less had (the actuarial rule, without fractions of a row).

        Parameters
        ----------
        time, event : ndarray, shape (n,)
            Follow-up in days, and 1 where the event ended it, else 0.

        Returns
        -------
        patient, interval : ndarray of int64, shape (rows,)
        outcome : ndarray, shape (rows,)
            1 where the event came in that interval.
        """
        within = np.minimum(np.searchsorted(self.ends, time, side="left"), len(self.ends) - 1)
        happened = (event == 1) & (time <= self.ends[-1])
        middle = (self.starts + self.ends)[within] / 2
        # Intervals each patient counts in: all before the last, and that one too if it was seen through.
        count = within + (happened | (time >= middle))
        patient = np.repeat(np.arange(len(time)), count)
        interval = np.arange(len(patient)) - np.repeat(np.cumsum(count) - count, count)
        outcome = (happened[patient] & (interval == within[patient])).astype(np.float64)
        return patient.astype(np.int64), interval.astype(np.int64), outcome


def intervals_of(grid: FloatArray, most: int = MOST_INTERVALS) -> Intervals:
    """Divide follow-up at days of a grid, the last among them.

    Parameters
    ----------
    grid : ndarray, shape (k,)
        Ascending, positive.
    most : int
        Largest number of intervals.
    """
    positions = np.unique(np.round(np.linspace(0, len(grid) - 1, min(most, len(grid)) + 1)).astype(int))[1:]
    return Intervals(ends=grid[positions] if len(grid) > 1 else grid.copy())
