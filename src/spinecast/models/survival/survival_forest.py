"""Random survival forests: grown by scikit-survival, kept as plain arrays on the days of the grid.

scikit-survival is licensed under the GPL and stands in the extra ``survival``. It is needed to grow a forest; the
forest that is kept is arrays of ours, and predicts without it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.models.extras import require_extra
from spinecast.models.survival.curves import HazardForest
from spinecast.models.trees import Forest, forest_from_sklearn

__all__ = ["grow_survival_forest", "on_grid_days"]

FloatArray = NDArray[np.float64]


def on_grid_days(time: FloatArray, event: FloatArray, grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Move follow-up to the days of the grid: a leaf then holds one hazard a day of the grid and not one a patient.

    An event counts on the first day of the grid that is not before it. Follow-up that ended without one counts up to
    the nearest day, so that about half of an interval's censored patients are at risk in it. Past the last day nobody
    has an event.

    Parameters
    ----------
    time, event : ndarray, shape (n,)
    grid : ndarray, shape (k,)

    Returns
    -------
    time, event : ndarray, shape (n,)
    """
    late = time > grid[-1]
    after = np.minimum(np.searchsorted(grid, time, side="left"), len(grid) - 1)
    edges = np.concatenate([[0.0], grid])
    before = np.searchsorted(grid, time, side="right")
    nearer = np.where(time - edges[before] < grid[after] - time, edges[before], grid[after])
    # Days, not 0: a patient followed for less than half of the first interval is at risk in none.
    moved = np.where(event == 1, grid[after], np.maximum(nearer, grid[0] / 2))
    return np.where(late, grid[-1], moved), np.where(late, 0.0, event)


def grow_survival_forest(
    columns: FloatArray,
    time: FloatArray,
    event: FloatArray,
    grid: FloatArray,
    *,
    trees: int,
    smallest_leaf: int,
    predictor_share: float,
    seed: int,
) -> HazardForest:
    """Grow a random survival forest by the log-rank rule and keep its leaves' cumulative hazards.

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        Without missing values.
    time, event : ndarray, shape (n,)
    grid : ndarray, shape (k,)
        Follow-up is moved to its days first (:func:`on_grid_days`).
    trees, smallest_leaf : int
    predictor_share : float
        Share of columns tried at each split.
    seed : int

    Raises
    ------
    StudyError
        If scikit-survival is not installed.
    """
    require_extra("random_survival_forest")
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    days, happened = on_grid_days(time, event, grid)
    learner = RandomSurvivalForest(
        n_estimators=trees,
        min_samples_leaf=smallest_leaf,
        min_samples_split=2 * smallest_leaf,
        max_features=predictor_share,
        random_state=seed,
        n_jobs=1,
    )
    learner.fit(columns, Surv.from_arrays(happened == 1, days))
    return HazardForest(
        forest=_folded(learner.estimators_, np.asarray(learner.unique_times_, dtype=np.float64), grid),
        smallest=0.5 / len(time),
    )


def _folded(estimators: list[object], times: FloatArray, grid: FloatArray) -> Forest:
    """Lay the trees end to end, each leaf with its cumulative hazard on the days of the grid."""
    # A node of scikit-survival holds (times, 2): cumulative hazard and survival. The first is what is averaged.
    forest = forest_from_sklearn(estimators, slice(0, None))
    steps = np.searchsorted(times, grid, side="right")
    hazards = forest.value[:, : len(times)]
    held = np.concatenate([np.zeros((len(hazards), 1)), hazards], axis=1)
    return Forest(
        roots=forest.roots,
        left=forest.left,
        right=forest.right,
        feature=forest.feature,
        threshold=forest.threshold,
        value=np.ascontiguousarray(held[:, steps]),
        samples=forest.samples,
        depth=forest.depth,
    )
