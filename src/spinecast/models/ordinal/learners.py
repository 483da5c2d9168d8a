"""How learners of ordered levels are fitted: one score for all thresholds, or a learner of yes or no at each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from spinecast.models.catalogue import FAMILIES, Parameters
from spinecast.models.scorers import LinearScorer, Scorer
from spinecast.statistics import Absent, fit_proportional_odds

__all__ = ["FitLevels", "fit_cumulative", "fit_proportional"]

FloatArray = NDArray[np.float64]
FitLevels = Callable[[FloatArray, NDArray[np.intp], int, Parameters, int], tuple[Scorer, ...]]


def fit_proportional(
    columns: FloatArray, levels: NDArray[np.intp], _thresholds: int, parameters: Parameters, _seed: int
) -> tuple[Scorer, ...]:
    """Proportional odds with a ridge penalty: one linear score; its thresholds are set on held-out patients.

    Raises
    ------
    ValueError
        If a level does not occur, which no resampling of a study lets happen.
    """
    found = fit_proportional_odds(levels, columns, penalty=float(parameters["penalty"]))
    if isinstance(found, Absent):
        raise ValueError(f"proportional odds: {found.reason}")
    return (LinearScorer(coefficients=found.coefficients, intercept=0.0),)


def fit_cumulative(learner: str) -> FitLevels:
    """Return the fit of a family that learns yes or no, once for each threshold (Frank & Hall 2001, ECML 12:145).

    Parameters
    ----------
    learner : str
        A family of :data:`spinecast.models.catalogue.FAMILIES`.
    """
    return partial(_fit_thresholds, learner)


def _fit_thresholds(
    learner: str,
    columns: FloatArray,
    levels: NDArray[np.intp],
    thresholds: int,
    parameters: Parameters,
    seed: int,
) -> tuple[Scorer, ...]:
    fit = FAMILIES[learner].fit
    return tuple(
        fit(columns, (levels >= number).astype(np.float64), None, parameters, seed)
        for number in range(1, thresholds + 1)
    )
