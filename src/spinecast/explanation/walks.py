"""Contributions by permutation sampling, to whatever gives a patient one number.

Strumbelj and Kononenko 2014, doi:10.1007/s10115-013-0679-x: variables are switched one by one from a reference
patient's value to the patient's, in random orders, each walked forwards and backwards. The orders are the same for
every patient (a fixed seed), so that a patient's explanation does not depend on who is explained beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.keeping import Kept
from spinecast.models.encoding import Encoder
from spinecast.models.members import Member
from spinecast.models.scorers import KernelScorer, NetworkScorer, Scorer

__all__ = ["Scored", "permutation_contributions"]

FloatArray = NDArray[np.float64]
Walked = Callable[[Scorer, FloatArray], FloatArray]

# Half-swapped patients scored at once: bounds their table to some tens of megabytes.
ROWS_AT_ONCE = 8192


class Scored(Protocol):
    """What gives every row of predictor values one number."""

    def score(self, matrix: FloatArray) -> FloatArray:
        """Shape (n, predictors) to shape (n,)."""
        ...


def permutation_contributions(
    member: Scored,
    matrix: FloatArray,
    background: FloatArray,
    owner: NDArray[np.int64] | None = None,
    *,
    columns: FloatArray | None = None,
) -> tuple[FloatArray, float]:
    """Contributions of each variable by permutation sampling against a background, and the mean score of that.

    Parameters
    ----------
    member : Scored
    matrix : ndarray, shape (n, columns)
    background : ndarray, shape (references, columns)
    owner : ndarray of int64, shape (columns,), optional
        Which variable each column is of: columns of one are switched together. Each is a variable if not given.
    columns : ndarray, shape (n, encoded columns), optional
        The rows as a `Member` encodes them, where they are at hand.

    Returns
    -------
    contributions : ndarray, shape (n, variables)
    base : float
    """
    # Where each column is made of one variable alone, patients are swapped column by column: nothing is encoded anew.
    if isinstance(member, Member) and member.encoder.imputer is None and not member.encoder.harmonisers:
        encoder, scorer = member.encoder, member.scorer
        # Both are held by what is made of them, so that neither number can be another object's.
        made_of = (id(encoder), id(background))
        walks = _WALKS.of(scorer, lambda: _column_walks(encoder, scorer, background), made_of)
        columns = encoder.transform(matrix) if columns is None else columns
        walked = [walks.walked(scorer, row) for row in columns]
        return np.stack(walked) if walked else np.empty(matrix.shape), walks.base
    owner = np.arange(matrix.shape[1]) if owner is None else owner
    variables = int(owner.max()) + 1
    values = np.empty((len(matrix), variables))
    for place, row in enumerate(matrix):
        values[place] = _walk(member.score, row, background, owner, variables)
    return values, float(member.score(background).mean())


@dataclass(frozen=True, eq=False)
class _ColumnWalks:
    """What of the walks of one fold fit depends on no patient.

    Parameters
    ----------
    encoder : Encoder
    background : ndarray, shape (references, variables)
        Held, as the encoder is, so that its identity stays its own.
    base : float
        Mean score of the reference patients.
    walked : callable
        The scorer and encoded columns of one patient to contributions, shape (variables,). It is handed in, because
        what is kept of an object must not hold it: it would never go.
    """

    encoder: Encoder
    background: FloatArray
    base: float
    walked: Walked


_WALKS: Kept[Scorer, _ColumnWalks] = Kept()


def _column_walks(encoder: Encoder, scorer: Scorer, background: FloatArray) -> _ColumnWalks:
    references, variables = encoder.transform(background), background.shape[1]
    walked: Walked
    if isinstance(scorer, KernelScorer):
        walked = _wave_walks(encoder, scorer, references, variables)
    elif isinstance(scorer, NetworkScorer):
        walked = _network_walks(encoder, scorer, references, variables)
    else:

        def walked(asked: Scorer, columns: FloatArray) -> FloatArray:
            return _walk(asked.score, columns, references, encoder.owner, variables)

    return _ColumnWalks(encoder, background, float(scorer.score(references).mean()), walked)


@cache
def _orders(references: int, variables: int) -> NDArray[np.int64]:
    """Order of each walk, shape (2 * references, variables): each order and then its reverse."""
    orderer = np.random.default_rng(7)
    forwards = [orderer.permutation(variables) for _ in range(references)]
    return np.array([order for one in forwards for order in (one, one[::-1])], dtype=np.int64)


def _walk(
    score: Callable[[FloatArray], FloatArray],
    patient: FloatArray,
    references: FloatArray,
    owner: NDArray[np.int64],
    variables: int,
) -> FloatArray:
    """Mean change of the score as each variable's columns are switched from a reference patient's to the patient's."""
    orders = _orders(len(references), variables)
    total = np.zeros(variables)
    together = max(1, ROWS_AT_ONCE // (variables + 1))
    for first in range(0, len(orders), together):
        walks = orders[first : first + together]
        # taken[w, s, j]: in walk w, variable j is already the patient's after s steps.
        rank = np.argsort(walks, axis=1)
        taken = rank[:, None, :] < np.arange(variables + 1)[None, :, None]
        start = references[np.arange(first, first + len(walks)) // 2]
        steps = np.where(taken[:, :, owner], patient, start[:, None, :])
        scores = score(np.ascontiguousarray(steps.reshape(-1, len(patient)))).reshape(len(walks), variables + 1)
        for order, changes in zip(walks, np.diff(scores, axis=1), strict=True):
            total[order] += changes
    return total / len(orders)


def _wave_walks(encoder: Encoder, scorer: KernelScorer, references: FloatArray, variables: int) -> Walked:
    orders = _orders(len(references), variables)
    parts = _Parts.of(encoder.owner, scorer.frequencies.T, variables)
    angles = np.stack([parts.by_variable(row) for row in references])
    whole = scorer.angles(references)
    back_real, back_imaginary = np.cos(angles), -np.sin(angles)
    # The real part of (weight of the cosine - i weight of the sine) e^(i angle) is the weighted wave.
    start_real = scorer.cosines * np.cos(whole) + scorer.sines * np.sin(whole)
    start_imaginary = scorer.cosines * np.sin(whole) - scorer.sines * np.cos(whole)

    def walked(_: Scorer, columns: FloatArray) -> FloatArray:
        from spinecast.explanation.walk_loops import walk_waves

        own = parts.by_variable(columns)
        return walk_waves(np.cos(own), np.sin(own), start_real, start_imaginary, back_real, back_imaginary, orders)

    return walked


def _network_walks(encoder: Encoder, scorer: NetworkScorer, references: FloatArray, variables: int) -> Walked:
    orders = _orders(len(references), variables)
    parts = _Parts.of(encoder.owner, scorer.hidden, variables)
    reference_parts = np.stack([parts.by_variable(row) for row in references])
    start = reference_parts.sum(axis=1) + scorer.hidden_bias
    output = np.ascontiguousarray(scorer.output)

    def walked(_: Scorer, columns: FloatArray) -> FloatArray:
        from spinecast.explanation.walk_loops import walk_network

        return walk_network(parts.by_variable(columns), start, reference_parts, output, orders)

    return walked


@dataclass(frozen=True, eq=False)
class _Parts:
    """Weights of columns, sorted by the variable they are made of.

    Parameters
    ----------
    sorted_columns : ndarray of int64, shape (columns,)
    starts : ndarray of int64, shape (k,)
        Where each variable begins that has columns.
    present : ndarray of int64, shape (k,)
        Those variables.
    weights : ndarray, shape (columns, outputs)
        In that order.
    variables : int
    """

    sorted_columns: NDArray[np.int64]
    starts: NDArray[np.int64]
    present: NDArray[np.int64]
    weights: FloatArray
    variables: int

    @classmethod
    def of(cls, owner: NDArray[np.int64], weights: FloatArray, variables: int) -> _Parts:
        ordered = np.argsort(owner, kind="stable")
        present, starts = np.unique(owner[ordered], return_index=True)
        return cls(ordered, starts, present, np.ascontiguousarray(weights[ordered]), variables)

    def by_variable(self, columns: FloatArray) -> FloatArray:
        """What each variable of one patient adds to each output, shape (variables, outputs)."""
        terms = columns[self.sorted_columns, None] * self.weights
        found = np.zeros((self.variables, self.weights.shape[1]))
        found[self.present] = np.add.reduceat(terms, self.starts, axis=0)
        return found
