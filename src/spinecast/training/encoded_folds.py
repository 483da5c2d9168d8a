"""The inner folds of a unit, encoded: what each member is fitted to and whom it answers.

Most members are one fit. Multiple imputation fits one for each draw of the missing values, and pattern submodels one
for each pattern of missing inputs and one of everybody. Encodings are learned once a fold and shared by all trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.files import sha256_bytes
from spinecast.models.chained_imputation import ChainedImputer
from spinecast.models.encoder_fitting import FEWEST_MISSING, draw_missing_values, fit_drawn_encoders, fit_encoder
from spinecast.models.encoding import Encoder
from spinecast.models.imputation import Imputation
from spinecast.models.members import DrawnMember, PatternMember, Patterns
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.training.seeds import derive_seed

if TYPE_CHECKING:
    from spinecast.training.tuning_unit import TuningUnit

__all__ = ["EncodedFolds", "FoldFit", "find_patterns", "forget_draws", "pooled_answers"]

FloatArray = NDArray[np.float64]

# Patients who lack exactly the same inputs, below which a pattern would stand in the model for a few people.
FEWEST_ALIKE = 10


@dataclass(frozen=True, eq=False)
class FoldFit:
    """One fit that a fold's member is made of.

    Parameters
    ----------
    encoder : Encoder
    rows : ndarray of bool, shape (training patients,)
        Whom it is fitted to.
    fitted : ndarray, shape (fitted patients, columns)
    answered : ndarray of int64
        Whom it answers, among the patients held out of the fold.
    judged : ndarray, shape (answered patients, columns)
    held_out : int
        Patients held out of the fold.
    """

    encoder: Encoder
    rows: NDArray[np.bool_]
    fitted: FloatArray
    answered: NDArray[np.int64]
    judged: FloatArray
    held_out: int


def pooled_answers(fits: Sequence[FoldFit], answers: Sequence[FloatArray]) -> FloatArray:
    """What a fold's member says of its held-out patients: of each the mean of the fits that answer them.

    Parameters
    ----------
    fits : sequence of FoldFit
    answers : sequence of ndarray, shape (answered patients, ...)
    """
    total = np.zeros((fits[0].held_out, *answers[0].shape[1:]))
    times = np.zeros(len(total))
    for fit, answer in zip(fits, answers, strict=True):
        total[fit.answered] += answer
        times[fit.answered] += 1
    return total / times.reshape(-1, *(1 for _ in total.shape[1:]))


class EncodedFolds:
    """Encodings of the inner folds: learned once for each number of knots, shared by all trials."""

    def __init__(self, unit: TuningUnit) -> None:
        self.unit = unit
        self.matrix = unit.matrix[unit.split.train]
        self.known: dict[tuple[int, int], tuple[FoldFit, ...]] = {}
        self.drawn: dict[int, Draws] = {}
        self.lent: dict[int, FloatArray] = {}

    def get(self, fold: int, knots: int) -> tuple[FoldFit, ...]:
        """What the member of a fold is fitted to."""
        if (fold, knots) not in self.known:
            made = {"multiple_imputation": self._drawn, "pattern_submodels": self._by_pattern}
            make = made.get(self.unit.candidate.imputation.kind, self._plain)
            self.known[fold, knots] = tuple(make(fold, knots))
        return self.known[fold, knots]

    def borrowed(self, fits: Sequence[FoldFit], weight: float) -> list[FloatArray] | None:
        """Columns of the borrowed patients as each fit's own are encoded; None where nobody is borrowed."""
        lent = self.unit.borrowed
        if lent is None or weight <= 0:
            return None
        for fit in fits:
            if id(fit.encoder) not in self.lent:
                self.lent[id(fit.encoder)] = fit.encoder.transform(lent.matrix)
        return [self.lent[id(fit.encoder)] for fit in fits]

    def member(self, fitted: Sequence[Any]) -> Any:
        """Make a fold's member of its fits."""
        kind = self.unit.candidate.imputation.kind
        if kind == "multiple_imputation":
            return DrawnMember(tuple(fitted))
        if kind == "pattern_submodels":
            return PatternMember(self.patterns, tuple(fitted[:-1]), fitted[-1])
        return fitted[0]

    @cached_property
    def patterns(self) -> Patterns:
        """The patterns of the split's training patients that get a submodel, the same in every fold."""
        unit = self.unit
        train, weights = unit.split.train, unit.weights
        counted = np.ones(len(train), dtype=bool) if weights is None else weights[train] > 0
        return find_patterns(self.matrix, unit.outcomes_among, unit.split.inner, counted, unit.candidate.imputation)

    def _plain(self, fold: int, knots: int) -> Iterator[FoldFit]:
        rows = self.unit.split.inner != fold
        encoder = fit_encoder(
            self.matrix[rows],
            self.unit.schema,
            self.unit.candidate.imputation,
            knots=knots,
            seed=self._seed(fold),
            outcome=self.unit.known_outcome()[rows],
            measured_outcome=self.unit.measured_outcome,
        )
        yield self._answering_all(encoder, rows, encoder.transform(self.matrix[rows]))

    def _drawn(self, fold: int, knots: int) -> Iterator[FoldFit]:
        rows = self.unit.split.inner != fold
        if fold not in self.drawn:
            # No candidate's name in the seed: candidates of the same predictors share their draws.
            seed = derive_seed(self.unit.seed, "imputation", self.unit.split.name, fold)
            self.drawn[fold] = _shared_draws(self.matrix[rows], self.unit.schema, self.unit.candidate.imputation, seed)
        for encoder, fitted in fit_drawn_encoders(self.matrix[rows], self.unit.schema, self.drawn[fold], knots=knots):
            yield self._answering_all(encoder, rows, fitted)

    def _by_pattern(self, fold: int, knots: int) -> Iterator[FoldFit]:
        unit = self.unit
        asked = unit.candidate.imputation
        own, inner = replace(asked, kind=asked.otherwise), unit.split.inner
        judged = self.matrix[inner == fold]
        pattern = self.patterns.of(judged)
        for number in (*range(len(self.patterns.missing)), -1):
            rows = inner != fold
            used = np.arange(len(unit.schema.names))
            if number >= 0:
                rows = rows & _fitted_to(self.matrix, self.patterns, number, asked)
                used = self.patterns.used(number, len(used))
            schema, _ = unit.schema.select([unit.schema.names[place] for place in used])
            fitting, answered = self.matrix[np.ix_(rows, used)], np.flatnonzero(pattern == number)
            encoder = fit_encoder(fitting, schema, own, knots=knots, seed=self._seed(fold))
            yield FoldFit(
                encoder=encoder,
                rows=rows,
                fitted=encoder.transform(fitting),
                answered=answered,
                judged=encoder.transform(judged[np.ix_(answered, used)]),
                held_out=len(judged),
            )

    def _answering_all(self, encoder: Encoder, rows: NDArray[np.bool_], fitted: FloatArray) -> FoldFit:
        judged = self.matrix[~rows]
        # A scanner that only the held-out patients have is learned from their features, as it would be on site.
        columns = encoder.knowing(judged).transform(judged)
        return FoldFit(encoder, rows, fitted, np.arange(len(judged)), columns, len(judged))

    def _seed(self, fold: int) -> int:
        return derive_seed(self.unit.seed, "imputation", self.unit.split.name, self.unit.candidate.name, fold)


Draws = tuple[tuple[ChainedImputer, FloatArray], ...]
_DRAWS: dict[tuple[str, Imputation, int], Draws] = {}


def _shared_draws(matrix: FloatArray, schema: PredictorSchema, asked: Imputation, seed: int) -> Draws:
    """Draw missing values, or return what this process drew of the very same rows before."""
    arrays = (matrix, schema.levels, schema.nominal, schema.skewed)
    key = (sha256_bytes(b"".join(array.tobytes() for array in arrays)), asked, seed)
    if key not in _DRAWS:
        _DRAWS[key] = draw_missing_values(matrix, schema, asked, seed=seed)
    return _DRAWS[key]


def forget_draws() -> None:
    """Let go of the completed tables that candidates of one split shared: nobody else has the same patients."""
    _DRAWS.clear()


def find_patterns(
    matrix: FloatArray,
    outcomes_among: Callable[[NDArray[np.bool_]], Sequence[int]],
    inner: NDArray[np.int64],
    counted: NDArray[np.bool_],
    asked: Imputation,
) -> Patterns:
    """Find the commonest patterns of missing inputs that leave enough patients to fit in every inner fold.

    Parameters
    ----------
    matrix : ndarray, shape (n, inputs)
        Training patients of a split.
    outcomes_among : callable
        Counts the patients of each outcome that must be learned from, among some of them.
    inner : ndarray of int64, shape (n,)
        Inner fold of each.
    counted : ndarray of bool, shape (n,)
        Whose outcome is known.
    asked : Imputation
        How many are enough, and whom a submodel is fitted to.
    """
    compared = np.flatnonzero(np.isnan(matrix).sum(axis=0) >= FEWEST_MISSING)
    found, counts = np.unique(np.isnan(matrix[:, compared]), axis=0, return_counts=True)
    common = [number for number in np.argsort(-counts, kind="stable") if counts[number] >= FEWEST_ALIKE]
    every = Patterns(compared, found[common], counts[common])
    kept, fitted = [], []
    for number in range(len(every.missing)):
        rows = _fitted_to(matrix, every, number, asked) & counted
        if every.used(number, matrix.shape[1]).size and _enough(rows, outcomes_among, inner, asked):
            kept.append(number)
            fitted.append(int(rows.sum()))
    chosen = kept[: asked.patterns]
    return Patterns(compared, every.missing[chosen], np.array(fitted[: asked.patterns], dtype=np.int64))


def _fitted_to(matrix: FloatArray, patterns: Patterns, number: int, asked: Imputation) -> NDArray[np.bool_]:
    lacking = np.isnan(matrix[:, patterns.compared])
    pattern = patterns.missing[number]
    if asked.fitted_to == "patients_of_the_pattern":
        return np.asarray((lacking == pattern).all(axis=1))
    return np.asarray(~(lacking & ~pattern).any(axis=1))


def _enough(
    rows: NDArray[np.bool_],
    outcomes_among: Callable[[NDArray[np.bool_]], Sequence[int]],
    inner: NDArray[np.int64],
    asked: Imputation,
) -> bool:
    for fold in np.unique(inner):
        own = rows & (inner != fold)
        if own.sum() < asked.fewest_patients or any(count < asked.fewest_events for count in outcomes_among(own)):
            return False
    return True
