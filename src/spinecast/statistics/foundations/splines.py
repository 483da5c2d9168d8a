"""Restricted cubic splines: smooth curves that are straight beyond their outer knots."""

from __future__ import annotations

import numpy as np

from spinecast.statistics.foundations.inputs import Floats

__all__ = ["KNOT_QUANTILES", "knot_positions", "restricted_cubic_basis", "restricted_cubic_terms"]

# Harrell, Regression Modeling Strategies, 2nd ed. 2015, table 2.3: quantiles (type 7) at which knots stand.
KNOT_QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}


def knot_positions(values: Floats, knots: int) -> Floats | None:
    """Return knots at Harrell's quantiles of the values, or None where they do not all differ.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite.
    knots : int
        3, 4 or 5.

    Raises
    ------
    ValueError
        If the number of knots is another.
    """
    if knots not in KNOT_QUANTILES:
        raise ValueError(f"knots must be 3, 4 or 5, not {knots}")
    positions = np.quantile(values, KNOT_QUANTILES[knots])
    return positions if bool(np.all(np.diff(positions) > 1e-8)) else None


def restricted_cubic_terms(values: Floats, positions: Floats) -> Floats:
    """Return the nonlinear terms of restricted cubic splines, shape (..., k - 2) for k knots.

    Harrell's basis, scaled by the squared distance of the outer knots (Regression Modeling Strategies, 2nd ed. 2015,
    section 2.4.5), as R's ``Hmisc::rcspline.eval(norm = 2)``.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, variables)
    positions : ndarray of shape (k,) or (k, variables)
        Knots, ascending.
    """
    last, before = positions[-1], positions[-2]

    def cubed(knot: Floats) -> Floats:
        return np.asarray(np.maximum(values - knot, 0.0) ** 3)

    terms = [
        cubed(knot) - cubed(before) * (last - knot) / (last - before) + cubed(last) * (before - knot) / (last - before)
        for knot in positions[:-2]
    ]
    return np.asarray(np.stack([term / (last - positions[0]) ** 2 for term in terms], axis=-1))


def restricted_cubic_basis(values: Floats, positions: Floats) -> Floats:
    """Return the values beside their :func:`restricted_cubic_terms`, shape (n, k - 1) for k knots."""
    return np.column_stack([values, restricted_cubic_terms(values, positions)])
