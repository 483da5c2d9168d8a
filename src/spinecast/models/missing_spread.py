"""What a missing input could have been: the spread of an answer over the input's values in the development cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from spinecast.models.image_gaps import PartOfMembers, first_common_scale
from spinecast.models.members import mean_in_order

__all__ = ["variance_over_quantiles"]

FloatArray = NDArray[np.float64]


def variance_over_quantiles(
    predict: Callable[[FloatArray], FloatArray],
    matrix: FloatArray,
    marginals: FloatArray,
    counted: NDArray[np.bool_],
    parts: Sequence[PartOfMembers],
    answers: int,
) -> FloatArray:
    """Variance that missing inputs add to several answers, summed over the inputs.

    Parameters
    ----------
    predict : callable
        Maps predictor values, shape (n, predictors), to answers, shape (n, answers).
    matrix : ndarray, shape (n, predictors)
    marginals : ndarray, shape (predictors, quantiles)
        Each predictor's development quantiles, all of which a missing one is given in turn.
    counted : ndarray of bool, shape (n, predictors)
        Missing inputs that count.
    parts : sequence of parts
        Of the model, whose members know on which scale the quantiles of image features are.
    answers : int
        How many `predict` gives.

    Returns
    -------
    ndarray, shape (n, answers)
    """
    variance = np.zeros((len(matrix), answers))
    if not counted.any():
        return variance
    matrix = first_common_scale(parts, matrix)
    for predictor in np.flatnonzero(counted.any(axis=0)):
        rows = np.flatnonzero(counted[:, predictor])
        quantiles = marginals[predictor]
        tried = np.repeat(matrix[rows], len(quantiles), axis=0)
        tried[:, predictor] = np.tile(quantiles, len(rows))
        found = predict(tried).reshape(len(rows), len(quantiles), -1)
        variance[rows] += mean_in_order((found - found.mean(axis=1, keepdims=True)).swapaxes(0, 1) ** 2)
    return variance
