"""What one fold's fit is: one encoding with its learner, several draws of them, or one for each pattern of inputs.

Whatever it is, it maps predictor values to a score of each patient (one number, several, or a curve, by the kind of
outcome), and every way to combine fits is affine in their scores: the mean of draws, or the score of the one fit that a
patient's pattern chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.models.encoding import Encoder
from spinecast.models.scorers import Scorer

__all__ = [
    "AnyMember",
    "DrawnMember",
    "Fit",
    "Member",
    "PatternMember",
    "Patterns",
    "deviation_between_draws",
    "drawn_scores",
    "mean_in_order",
    "variance_between_draws",
]

FloatArray = NDArray[np.float64]


def mean_in_order(stacked: FloatArray) -> FloatArray:
    """Mean over the first axis, added one after the other.

    ``ndarray.mean`` adds in another order when there is one patient than when there are many, so that the last bit
    of a risk would depend on who is predicted beside the patient.
    """
    total = stacked[0].copy()
    for layer in stacked[1:]:
        total += layer
    return np.asarray(total / len(stacked), dtype=np.float64)


class Fit(Protocol):
    """One fit to patients whose missing values were met in one way."""

    def score(self, matrix: FloatArray) -> FloatArray:
        """Score rows of the predictor values it uses, shape (n, predictors) to shape (n, ...)."""
        ...


FitT = TypeVar("FitT", bound=Fit)


@dataclass(frozen=True)
class Member:
    """One fold fit: its encoding and its scorer."""

    encoder: Encoder
    scorer: Scorer

    def score(self, matrix: FloatArray) -> FloatArray:
        """Score rows of predictor values, shape (n, predictors of the part) to shape (n,)."""
        return self.scorer.score(self.encoder.transform(matrix))


@dataclass(frozen=True)
class DrawnMember(Generic[FitT]):
    """Multiple imputation: one fit for each draw of the missing values, whose scores are averaged.

    Parameters
    ----------
    draws : tuple of fits
        2 or more. Draw ``d`` of every member of a model completes a patient with the same standard normal numbers.
    """

    draws: tuple[FitT, ...]

    def score(self, matrix: FloatArray) -> FloatArray:
        """Mean score over the draws, shape (n, ...)."""
        return mean_in_order(self.scores(matrix))

    def scores(self, matrix: FloatArray) -> FloatArray:
        """Score of each draw, shape (draws, n, ...)."""
        return np.stack([draw.score(matrix) for draw in self.draws])


@dataclass(frozen=True, eq=False)
class Patterns:
    """Patterns of missing inputs that have a submodel (Mercaldo and Blume 2020, doi:10.1093/biostatistics/kxy040).

    Parameters
    ----------
    compared : ndarray of int64
        Positions of the inputs by which patients are told apart, among the part's: those that enough development
        patients lacked.
    missing : ndarray of bool, shape (patterns, compared)
        True where the pattern lacks the input.
    patients : ndarray of int64, shape (patterns,)
        Development patients each submodel is of.
    """

    compared: NDArray[np.int64]
    missing: NDArray[np.bool_]
    patients: NDArray[np.int64]

    def of(self, matrix: FloatArray) -> NDArray[np.int64]:
        """Number of each patient's pattern, shape (n,); -1 where it has no submodel."""
        found = np.full(len(matrix), -1, dtype=np.int64)
        lacking = np.isnan(matrix[:, self.compared])
        for number, pattern in enumerate(self.missing):
            found[(lacking == pattern).all(axis=1)] = number
        return found

    def used(self, number: int, inputs: int) -> NDArray[np.int64]:
        """Positions of the inputs that a pattern's submodel uses, among a part's so many."""
        return np.setdiff1d(np.arange(inputs), self.compared[self.missing[number]])

    def words(self, number: int, labels: Sequence[str]) -> str:
        """Say which submodel answers, in the labels of a part's inputs; -1 is the fit to everybody."""
        if number < 0:
            return "the fit to everybody, as no submodel was made for what is missing here"
        lacking = [labels[place] for place in self.compared[self.missing[number]]]
        without = f"without {', '.join(lacking)}" if lacking else "with every input"
        return f"the submodel {without} ({self.patients[number]} development patients)"


@dataclass(frozen=True, eq=False)
class PatternMember(Generic[FitT]):
    """A submodel for each of the commonest patterns of missing inputs, and one of everybody for all others.

    Parameters
    ----------
    patterns : Patterns
        The same in every member of a part.
    submodels : tuple of fits
        In the order of the patterns, each of the inputs its pattern has.
    otherwise : fit
        Fitted to everybody with all inputs.
    """

    patterns: Patterns
    submodels: tuple[FitT, ...]
    otherwise: FitT

    def score(self, matrix: FloatArray) -> FloatArray:
        """Score by the fit that a patient's pattern chooses, shape (n, ...)."""
        scores: FloatArray | None = None
        for rows, used, member in self.answering(matrix):
            own = member.score(np.ascontiguousarray(matrix[np.ix_(rows, used)]))
            scores = np.empty((len(matrix), *own.shape[1:])) if scores is None else scores
            scores[rows] = own
        return self.otherwise.score(matrix) if scores is None else scores  # nobody is anybody's

    def answering(self, matrix: FloatArray) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], FitT]]:
        """Rows that one fit answers, positions of the inputs it uses, and the fit."""
        found = self.patterns.of(matrix)
        for number in np.unique(found):
            rows = np.flatnonzero(found == number)
            if number < 0:
                yield rows, np.arange(matrix.shape[1]), self.otherwise
            else:
                yield rows, self.patterns.used(int(number), matrix.shape[1]), self.submodels[number]


AnyMember: TypeAlias = Member | DrawnMember[Member] | PatternMember[Member]


def drawn_scores(members: Sequence[object], matrix: FloatArray) -> FloatArray | None:
    """Score of each draw, the mean of its fits in all members of a part, shape (draws, n, ...); None without draws.

    Parameters
    ----------
    members : sequence of members
        Of one part.
    matrix : ndarray, shape (n, predictors of the part)
    """
    drawn = [member for member in members if isinstance(member, DrawnMember)]
    return mean_in_order(np.stack([member.scores(matrix) for member in drawn])) if drawn else None


def variance_between_draws(draws: FloatArray) -> FloatArray:
    """Variance that the draws of multiple imputation add to their mean, shape (n, ...).

    ``(1 + 1 / m)`` times the variance over the m draws: what Rubin's rules add to the variance within a draw (Rubin
    1987, ISBN 978-0-471-65574-9, ch. 3).

    Parameters
    ----------
    draws : ndarray, shape (m, n, ...)
    """
    count = len(draws)
    between = mean_in_order((draws - mean_in_order(draws)) ** 2) * count / (count - 1)
    return np.asarray((1 + 1 / count) * between, dtype=np.float64)


def deviation_between_draws(by_part: Sequence[FloatArray]) -> FloatArray:
    """Standard deviation between draws of the average of some parts, shape (n, ...).

    Draws of several parts move together, as the value they stand for would: standard deviations are averaged as the
    parts are.

    Parameters
    ----------
    by_part : sequence of ndarray, shape (n, ...)
        Variance between the draws of each part.
    """
    return mean_in_order(np.sqrt(np.stack(by_part)))
