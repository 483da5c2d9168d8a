"""Normal scores that go together: the Gaussian copula of a recipe.

The latent correlations a recipe names fill a correlation matrix, zero elsewhere. It must be positive definite; one
that is not is refused together with the nearest correlation matrix there is (Higham 2002, IMA J Numer Anal 22:329),
so that the recipe's author can choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.synthetic.streams import Streams

__all__ = ["Copula", "NotPositiveDefiniteError", "correlation_matrix", "nearest_correlation"]

FloatArray = NDArray[np.float64]

_SMALLEST_EIGENVALUE = 1e-6


class NotPositiveDefiniteError(ValueError):
    """No variables can go together like this.

    Parameters
    ----------
    smallest : float
        Smallest eigenvalue of the matrix.
    nearest : ndarray, shape (p, p)
        The nearest correlation matrix.
    """

    def __init__(self, smallest: float, nearest: FloatArray) -> None:
        super().__init__(f"smallest eigenvalue {smallest:.3g}")
        self.smallest = smallest
        self.nearest = nearest


@dataclass(frozen=True, eq=False)
class Copula:
    """Correlated normal scores.

    Parameters
    ----------
    names : tuple of str
        The variables.
    rows : tuple of mapping of int to float
        Row j of the Cholesky factor without its zeros: score j is the sum over k of rows[j][k] times the independent
        normal numbers of variable k.
    """

    names: tuple[str, ...]
    rows: tuple[Mapping[int, float], ...]

    @classmethod
    def of(cls, names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> Copula:
        """Make the copula of latent correlations between pairs of variables.

        Raises
        ------
        NotPositiveDefiniteError
            If the correlations contradict each other.
        """
        matrix = correlation_matrix(names, pairs)
        smallest = float(np.linalg.eigvalsh(matrix)[0])
        if smallest < _SMALLEST_EIGENVALUE:
            raise NotPositiveDefiniteError(smallest, nearest_correlation(matrix))
        factor = np.linalg.cholesky(matrix)
        rows = tuple({int(k): float(factor[j, k]) for k in np.flatnonzero(factor[j])} for j in range(len(names)))
        return cls(tuple(names), rows)

    def scores(self, streams: Streams) -> dict[str, FloatArray]:
        """Draw the scores of a chunk of patients, each shape (size,)."""
        independent = [streams.normal(f"score of {name}") for name in self.names]
        scores = {}
        # Added up one by one, in a fixed order: the sum has the same bits whatever the BLAS.
        for name, row in zip(self.names, self.rows, strict=True):
            score = np.zeros(streams.size)
            for k, weight in row.items():
                score += weight * independent[k]
            scores[name] = score
        return scores


def correlation_matrix(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> FloatArray:
    """Return the correlation matrix, shape (p, p), zero where no pair is named."""
    position = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(names))
    for (first, second), value in pairs.items():
        matrix[position[first], position[second]] = matrix[position[second], position[first]] = value
    return matrix


def nearest_correlation(matrix: FloatArray, rounds: int = 1000) -> FloatArray:
    """Return the correlation matrix nearest in the Frobenius norm.

    Alternating projections with Dykstra's correction (Higham 2002, IMA J Numer Anal 22:329, algorithm 3.3) onto the
    matrices whose eigenvalues are at least 1e-6 and onto those with a unit diagonal.

    Parameters
    ----------
    matrix : ndarray, shape (p, p)
        Symmetric.
    rounds : int
        At most so many; far fewer are needed.

    Returns
    -------
    ndarray, shape (p, p)
    """
    current, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(rounds):
        before = current
        shifted = current - correction
        values, vectors = np.linalg.eigh(shifted)
        positive = (vectors * np.maximum(values, _SMALLEST_EIGENVALUE)) @ vectors.T
        correction = positive - shifted
        current = positive.copy()
        np.fill_diagonal(current, 1.0)
        if np.abs(current - before).max() < 1e-10:
            break
    return current
