"""Restricted cubic splines, so that a linear model may bend where a laboratory value has a healthy middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["KNOT_QUANTILES", "knot_positions", "restricted_cubic_terms"]

FloatArray = NDArray[np.float64]

# Harrell, Regression Modeling Strategies, 2nd ed. 2015, table 2.3: quantiles at which knots stand.
KNOT_QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}


def knot_positions(values: FloatArray, knots: int) -> FloatArray | None:
    """Knots at Harrell's quantiles of the observed values, or None when they do not all differ.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Observed values, no NaN.
    knots : int
        3, 4 or 5.
    """
    positions = np.quantile(values, KNOT_QUANTILES[knots])
    return positions if np.all(np.diff(positions) > 1e-8) else None


def restricted_cubic_terms(values: FloatArray, positions: FloatArray) -> FloatArray:
    """Evaluate the nonlinear terms of a restricted cubic spline: linear beyond the outer knots.

    Harrell's basis, scaled by the squared distance of the outer knots (Regression Modeling Strategies, 2nd ed.
    2015, section 2.4.5).

    Parameters
    ----------
    values : ndarray, shape (n,)
    positions : ndarray, shape (k,)
        Knots, ascending.

    Returns
    -------
    ndarray, shape (n, k - 2)
    """
    last, before = positions[-1], positions[-2]
    scale = (last - positions[0]) ** 2

    def cubed(knot: float) -> FloatArray:
        return np.maximum(values - knot, 0.0) ** 3

    terms = [
        cubed(knot) - cubed(before) * (last - knot) / (last - before) + cubed(last) * (before - knot) / (last - before)
        for knot in positions[:-2]
    ]
    return np.asarray(np.column_stack(terms) / scale, dtype=np.float64)
