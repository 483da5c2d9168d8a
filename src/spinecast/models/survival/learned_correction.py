"""Learning by what curves are corrected, from patients' curves and what happened to them (docs/decisions/0026).

One line for all days first, by the likelihood of the censored times. Then, at each of a few days, the line that fits
who had the event by that day, drawn towards the first one; in between they are straight over the logarithm of time, and
before the first and after the last day they stay as they are there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.models.survival.correction import CurveCorrection
from spinecast.models.survival.time_grid import read_own
from spinecast.statistics import (
    HazardRecalibration,
    fit_hazard_recalibration,
    fit_recalibration_by_day,
    ipcw_weights,
)

__all__ = ["learn_correction"]

FloatArray = NDArray[np.float64]

# The correction of a day is drawn towards that of all days as by a normal prior of standard deviation 0.3: forty events
# by the day weigh about as much, hundreds leave nothing of it.
CERTAINTY = 10.0
# Groups of like index within which censoring by another cause is taken to be by chance.
GROUPS = 5


def learn_correction(
    curves: FloatArray,
    time: FloatArray,
    event: FloatArray,
    *,
    grid: FloatArray,
    reference: int,
    corrected_at: NDArray[np.int64],
    last: float,
    competing: bool,
) -> CurveCorrection:
    """Learn what makes curves agree with what happened.

    Parameters
    ----------
    curves : ndarray, shape (n, k)
        Log cumulative hazards on the grid.
    time, event : ndarray, shape (n,)
        Follow-up in days, and 1 where the cause of interest ended it.
    grid : ndarray, shape (k,)
    reference : int
        Position of the day of the index.
    corrected_at : ndarray of int64
        Positions of the days that have a line of their own, ascending.
    last : float
        Day up to which curves are corrected.
    competing : bool
        Whether other causes end the follow-up too: who is censored by them depends on who it is.
    """
    centre = curves.mean(axis=0)
    whole = _whole(curves, time, event, grid, reference, last)
    found = []
    for day in corrected_at:
        weights = _known_weights(time, event, float(grid[day]), curves[:, reference], competing)
        found.append(
            whole
            if weights is None
            else fit_recalibration_by_day(
                (event == 1) & (time <= grid[day]),
                curves[:, day],
                curves[:, day] - centre[day],
                weights,
                towards=whole,
                certainty=CERTAINTY,
            )
        )
    log_grid = np.log(grid)
    days = log_grid[corrected_at]
    level = np.interp(log_grid, days, [line.intercept for line in found])
    slope = np.interp(log_grid, days, [line.slope for line in found])
    return CurveCorrection.by_day(level - (slope - 1) * centre, slope)


def _whole(
    curves: FloatArray, time: FloatArray, event: FloatArray, grid: FloatArray, reference: int, last: float
) -> HazardRecalibration:
    own = read_own(grid, curves, np.minimum(time, last))
    index = curves[:, reference]
    return fit_hazard_recalibration(np.where(time <= last, event, 0.0), np.exp(own), index - index.mean())


def _known_weights(
    time: FloatArray, event: FloatArray, day: float, index: FloatArray, competing: bool
) -> FloatArray | None:
    """Censoring weights at a day; None where nobody was followed to it.

    Other causes take away those of a certain kind: the weights are then learned among patients of like index, in as
    many groups, up to `GROUPS`, as have somebody followed to the day in each.
    """
    for groups in range(GROUPS if competing else 1, 0, -1):
        inner = np.quantile(index, np.arange(1, groups) / groups)
        group = np.searchsorted(inner, index)
        try:
            weights = np.empty(len(time))
            for one in np.unique(group):
                weights[group == one] = ipcw_weights(time[group == one], event[group == one], day)
        except ValueError:
            continue
        return weights
    return None
