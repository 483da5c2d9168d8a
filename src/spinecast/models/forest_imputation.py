"""Iterative forest imputation (missForest) that fits in seconds and stays small.

missForest predicts each incomplete variable from all others with a forest, round after round (Stekhoven and
Bühlmann 2012, doi:10.1093/bioinformatics/btr597). Keeping every round's forests, as scikit-learn's
``IterativeImputer`` does, costs gigabytes; only the last round's are needed to complete a new patient, so
only these are kept, with leaves of at least five patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.trees import Forest, forest_from_sklearn

__all__ = ["ForestImputer", "fit_forest_imputer"]

FloatArray = NDArray[np.float64]

# Passes over the incomplete variables when a new patient is completed; the first starts from medians.
COMPLETION_PASSES = 2


@dataclass(frozen=True)
class ForestImputer:
    """The last round's forests, one for each variable that was incomplete in development.

    Parameters
    ----------
    start : ndarray, shape (variables,)
        Median (or commonest level) each missing value starts from.
    levels : ndarray of int64, shape (variables,)
        Number of levels of a levelled variable, 0 for a continuous one.
    order : tuple of int
        The incomplete variables that something can be learned of, fewest missing first. Others keep their start.
    forests : tuple of Forest
        In the same order.
    """

    start: FloatArray
    levels: NDArray[np.int64]
    order: tuple[int, ...]
    forests: tuple[Forest, ...]

    def complete(self, matrix: FloatArray) -> FloatArray:
        """Fill every missing value; observed ones stay as they are.

        Parameters
        ----------
        matrix : ndarray, shape (n, variables)
            Continuous values and level indices, NaN where missing.
        """
        missing = np.isnan(matrix)
        filled = np.where(missing, self.start, matrix)
        for _ in range(COMPLETION_PASSES):
            for column, forest in zip(self.order, self.forests, strict=True):
                rows = missing[:, column]
                if rows.any():
                    others = np.delete(filled[rows], column, axis=1)
                    filled[rows, column] = _decide(forest.predict(others), int(self.levels[column]))
        return filled

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the imputer as named arrays."""
        arrays: dict[str, NDArray[Any]] = {
            "start": self.start,
            "levels": self.levels,
            "order": np.array(self.order, dtype=np.int64),
        }
        for position, forest in enumerate(self.forests):
            arrays |= {f"forest{position}.{name}": array for name, array in forest.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ForestImputer:
        """Rebuild an imputer from :meth:`to_arrays`."""
        order = tuple(int(column) for column in arrays["order"])
        forests = []
        for position in range(len(order)):
            prefix = f"forest{position}."
            own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            forests.append(Forest.from_arrays(own))
        return cls(start=arrays["start"], levels=arrays["levels"], order=order, forests=tuple(forests))


def fit_forest_imputer(
    matrix: FloatArray,
    levels: NDArray[np.int64],
    start: FloatArray,
    *,
    iterations: int,
    trees: int,
    seed: int,
) -> ForestImputer:
    """Learn to complete a matrix from itself.

    Parameters
    ----------
    matrix : ndarray, shape (n, variables)
        Continuous values and level indices, NaN where missing.
    levels : ndarray of int64, shape (variables,)
        Number of levels of a levelled variable, 0 for a continuous one.
    start : ndarray, shape (variables,)
        What a missing value starts from.
    iterations : int
        Rounds over the incomplete variables; only the last round's forests are kept.
    trees : int
        Trees in each forest.
    seed : int
        Seed of the forests.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    missing = np.isnan(matrix)
    counts = missing.sum(axis=0)
    # Nothing can be learned of a variable without a value in these rows, nor of the only variable there is.
    learnable = (counts > 0) & (counts < len(matrix)) & (matrix.shape[1] > 1)
    order = [int(column) for column in np.argsort(counts, kind="stable") if learnable[column]]
    filled = np.where(missing, start, matrix)
    forests: list[Forest] = []
    for iteration in range(iterations):
        forests = []
        for column in order:
            rows = missing[:, column]
            others = np.delete(filled, column, axis=1)
            learner = ExtraTreesRegressor(
                n_estimators=trees,
                min_samples_leaf=5,
                max_features=max(1, others.shape[1] // 3),
                random_state=(seed + 7919 * iteration + column) % 2**32,
            )
            known = filled[~rows, column]
            learner.fit(others[~rows], _targets(known, int(levels[column])))
            forest = forest_from_sklearn(learner.estimators_, slice(None))
            filled[rows, column] = _decide(forest.predict(others[rows]), int(levels[column]))
            forests.append(forest)
    return ForestImputer(start=start, levels=levels, order=tuple(order), forests=tuple(forests))


def _targets(known: FloatArray, levels: int) -> FloatArray:
    if levels == 0:
        return known
    return np.eye(levels)[known.astype(np.int64)]


def _decide(predicted: FloatArray, levels: int) -> FloatArray:
    if levels == 0:
        return predicted[:, 0]
    return np.asarray(predicted.argmax(axis=1), dtype=np.float64)
