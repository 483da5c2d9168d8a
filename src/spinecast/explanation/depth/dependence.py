"""Partial dependence and individual conditional expectation: the answer along one input, all others as they are.

Friedman 2001, doi:10.1214/aos/1013203451, and Goldstein et al. 2015, doi:10.1080/10618600.2014.907095. The average over
patients includes some that cannot be (a young patient with an old one's other values): where the individual curves run
apart, or the input goes with others, the average describes nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.explanation.depth.views import View

__all__ = ["POINTS", "Dependence", "dependence_of", "grid_of", "replaced"]

FloatArray = NDArray[np.float64]

POINTS = 15
"""Most values of a number at which curves are computed."""


@dataclass(frozen=True, eq=False)
class Dependence:
    """Curves along one input.

    Parameters
    ----------
    variable : Variable
    grid : ndarray, shape (points,)
        Values, or level indices.
    answers : ndarray, shape (n, points)
        What is served of each patient at each value.
    on_scale : ndarray, shape (n, points)
        The same on the scale of the contributions.
    """

    variable: Variable
    grid: FloatArray
    answers: FloatArray
    on_scale: FloatArray

    @property
    def average(self) -> FloatArray:
        """Partial dependence of the answer, shape (points,)."""
        return np.asarray(self.answers.mean(axis=0), dtype=np.float64)

    @property
    def centred(self) -> FloatArray:
        """Curves on the scale, each from its own first value, shape (n, points): parallel ones lie on one another."""
        return self.on_scale - self.on_scale[:, :1]


def grid_of(entry: Variable, values: FloatArray) -> FloatArray:
    """Return the values at which curves are computed: levels that occur, or quantiles from the 5th to the 95th centile.

    Parameters
    ----------
    entry : Variable
    values : ndarray, shape (n,)
        Of the patients; missing ones are passed over.
    """
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if entry.is_levelled or distinct.size <= POINTS:
        return distinct
    return np.unique(np.quantile(known, np.linspace(0.05, 0.95, POINTS)))


def replaced(rows: FloatArray, place: int, values: FloatArray) -> FloatArray:
    """Return every patient with every value of one input, shape (n * values, predictors), patient by patient."""
    found = np.repeat(rows, len(values), axis=0)
    found[:, place] = np.tile(values, len(rows))
    return found


def dependence_of(view: View, rows: FloatArray, place: int, entry: Variable) -> Dependence | None:
    """Compute the curves along one input; None where it has fewer than two values.

    Parameters
    ----------
    view : View
    rows : ndarray, shape (n, predictors)
    place : int
        Position of the input.
    entry : Variable
    """
    grid = grid_of(entry, rows[:, place])
    if grid.size < 2:
        return None
    on_scale = view.on_scale(replaced(rows, place, grid))
    shape = (len(rows), len(grid))
    return Dependence(entry, grid, view.answer_of(on_scale).reshape(shape), on_scale.reshape(shape))
