"""Exact local quadratic regression of one variable, the smoother behind flexible calibration curves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.inputs import Floats, as_vector

__all__ = ["SPAN", "Smoother", "loess"]

SPAN = 0.75
# Local fits are computed for several points at once, as many as keep the work arrays near the processor's cache.
BLOCK_VALUES = 100000


def loess(x: ArrayLike, y: ArrayLike, at: ArrayLike, weights: ArrayLike | None = None, *, span: float = SPAN) -> Floats:
    """Smooth y over x by local quadratic regression with tricube weights.

    (Cleveland & Devlin 1988, J Am Stat Assoc 83:596.) The fit is exact at every point, as R's ``loess(degree = 2,
    family = "gaussian", surface = "direct")``.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Data.
    at : array-like of shape (m,)
        Where to evaluate the fit.
    weights : array-like of shape (n,), optional
        Case weights; they multiply the tricube weights and leave the neighbourhoods as they are.
    span : float
        Share of the data in each neighbourhood, in (0, 1].

    Returns
    -------
    ndarray of shape (m,)
        Fitted values.

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite, or the neighbourhood would hold fewer than three points.
    """
    abscissa, ordinate, points = as_vector(x, "x"), as_vector(y, "y"), as_vector(at, "at")
    cases = np.ones_like(abscissa) if weights is None else as_vector(weights, "weights")
    if not abscissa.size == ordinate.size == cases.size:
        raise ValueError(f"x, y and weights have {abscissa.size}, {ordinate.size} and {cases.size} values")
    order = np.argsort(abscissa, kind="stable")
    smoother = Smoother(abscissa[order], cases[order], span=span)
    return smoother.fit(ordinate[order], points)


class Smoother:
    """Local quadratic regression on sorted abscissae.

    The nearest neighbours of a point are a window of the sorted data, so they are found by bisection and no distances
    are ranked.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Ascending.
    weights : ndarray of shape (n,)
        Case weights.
    span : float
        Share of the data in each neighbourhood.

    Raises
    ------
    ValueError
        If the span leaves fewer than three points in a neighbourhood, or is not in (0, 1].
    """

    def __init__(self, x: Floats, weights: Floats, *, span: float = SPAN) -> None:
        if not 0 < span <= 1:
            raise ValueError(f"span must lie in (0, 1], not {span:g}")
        # The small addend is R's guard against 0.75 * n falling just short of an integer.
        self._neighbours = int(np.floor(x.size * span + 1e-5))
        if self._neighbours < 3:
            raise ValueError(f"{x.size} points with span {span:g} leave fewer than three in a neighbourhood")
        self._x = x
        # Skipping the multiplication by equal weights saves a tenth of a bootstrap.
        self._weights = None if (weights == weights[0]).all() else weights

    def fit(self, y: Floats, at: Floats) -> Floats:
        """Return the fitted values at some points; ``y`` is in the order of the sorted abscissae."""
        fitted = np.empty(at.size)
        ordinates = sliding_window_view(y, self._neighbours)
        for block, windows, kernel, u in self._neighbourhoods(at):
            values = ordinates[windows]
            first, second = kernel * u, kernel * u * u
            row = _intercept_row(kernel, first, second, u)
            products = np.stack([np.einsum("ij,ij->i", term, values) for term in (kernel, first, second)])
            fitted[block] = np.einsum("ji,ij->i", products, row)
        return fitted

    def fit_with_variance(self, y: Floats, variance: Floats, at: Floats) -> tuple[Floats, Floats]:
        """Return fitted values and their variances, sum of squared operator weights times each point's variance."""
        fitted, spread = np.empty(at.size), np.empty(at.size)
        ordinates, variances = (sliding_window_view(values, self._neighbours) for values in (y, variance))
        for block, windows, kernel, u in self._neighbourhoods(at):
            row = _intercept_row(kernel, kernel * u, kernel * u * u, u)
            operator = kernel * (row[:, 0, None] + u * (row[:, 1, None] + u * row[:, 2, None]))
            fitted[block] = np.einsum("ij,ij->i", operator, ordinates[windows])
            spread[block] = np.einsum("ij,ij->i", operator * operator, variances[windows])
        return fitted, spread

    def _neighbourhoods(self, at: Floats) -> Iterator[tuple[slice, NDArray[np.intp], Floats, Floats]]:
        """Yield, block by block, each point's window, its kernel weights and its scaled distances."""
        x, q = self._x, self._neighbours
        # Moving the window right pays as long as the point that leaves is farther away than the one that enters.
        starts = np.searchsorted(x[: x.size - q] + x[q:], 2 * at, side="left")
        bandwidth = np.maximum(at - x[starts], x[starts + q - 1] - at)
        # Where a whole window is tied with the point the fit is the mean of the ties.
        bandwidth[bandwidth <= 0] = 1.0
        abscissae = sliding_window_view(x, q)
        size = max(1, BLOCK_VALUES // q)
        for first in range(0, at.size, size):
            block = slice(first, min(first + size, at.size))
            windows = starts[block]
            u = abscissae[windows]
            u -= at[block, None]
            u /= bandwidth[block, None]
            distance = np.abs(u)
            kernel = distance * distance
            kernel *= distance
            np.subtract(1.0, kernel, out=kernel)
            np.multiply(kernel, kernel, out=distance)
            kernel *= distance
            if self._weights is not None:
                kernel *= sliding_window_view(self._weights, q)[windows]
            yield block, windows, kernel, u


def _intercept_row(kernel: Floats, first: Floats, second: Floats, u: Floats) -> Floats:
    """Return the first row of each inverse normal matrix: it turns the kernel-weighted data into the local intercept.

    ``first`` and ``second`` are the kernel times u and u squared.
    """
    third, fourth = np.einsum("ij,ij->i", second, u), np.einsum("ij,ij,ij->i", second, u, u)
    moments = np.stack((kernel.sum(axis=1), first.sum(axis=1), second.sum(axis=1), third, fourth))
    normal = moments[np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4]])].transpose(2, 0, 1)
    # The pseudo-inverse gives the minimum-norm fit where a neighbourhood has fewer than three distinct abscissae.
    return np.asarray(np.linalg.pinv(normal, rcond=1e-13, hermitian=True)[:, 0, :])
