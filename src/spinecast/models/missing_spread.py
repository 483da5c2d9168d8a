"""What a missing input could have been: the spread of an answer over the input's values in the development cohort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spinecast.models.prognosis_model import mean_in_order

__all__ = ["variance_over_quantiles"]

FloatArray = NDArray[np.float64]


def variance_over_quantiles(
    predict: Callable[[FloatArray], FloatArray],
    matrix: FloatArray,
    marginals: FloatArray,
    counted: NDArray[np.bool_] | None = None,
) -> FloatArray:
    """Variance that missing inputs add to several answers, summed over the inputs.

    Parameters
    ----------
    predict : callable
        Maps predictor values, shape (n, predictors), to answers, shape (n, answers).
    matrix : ndarray, shape (n, predictors)
    marginals : ndarray, shape (predictors, quantiles)
        Each predictor's development quantiles, all of which a missing one is given in turn.
    counted : ndarray of bool, shape (n, predictors), optional
        Missing inputs that count; all of them if not given.

    Returns
    -------
    ndarray, shape (n, answers)
    """
    missing = np.isnan(matrix) if counted is None else counted
    variance = np.zeros((len(matrix), predict(matrix[:1]).shape[1]))
    for predictor in np.flatnonzero(missing.any(axis=0)):
        rows = np.flatnonzero(missing[:, predictor])
        quantiles = marginals[predictor]
        tried = np.repeat(matrix[rows], len(quantiles), axis=0)
        tried[:, predictor] = np.tile(quantiles, len(rows))
        answers = predict(tried).reshape(len(rows), len(quantiles), -1)
        variance[rows] += mean_in_order((answers - answers.mean(axis=1, keepdims=True)).swapaxes(0, 1) ** 2)
    return variance
