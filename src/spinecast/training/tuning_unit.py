"""The smallest piece of work that can run anywhere: one candidate in one split, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.models.catalogue import FAMILIES, Dimension, Parameters
from spinecast.models.encoding import Encoder
from spinecast.models.imputation import Imputation
from spinecast.models.member_arrays import arrays_from_bytes, member_to_bytes
from spinecast.models.members import DrawnMember, Member, PatternMember
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.statistics import fit_logistic_recalibration
from spinecast.training.checkpoint import FinishedTrial, UnitCheckpoint
from spinecast.training.internal_splits import EXPLAINED_RESAMPLES, resample_name
from spinecast.training.resampling import Split

__all__ = ["BORROWED_WEIGHT", "Borrowed", "CandidatePlan", "TunedCandidate", "TuningUnit"]

FloatArray = NDArray[np.float64]
MemberT = TypeVar("MemberT")

BORROWED_WEIGHT = "borrowed_weight"
"""Parameter of every candidate of a study that borrows: the weight of a borrowed patient against one of its own."""


_EXPLAINED = frozenset(resample_name(number) for number in range(1, EXPLAINED_RESAMPLES + 1))


@dataclass(frozen=True, eq=False)
class Borrowed:
    """Related patients who stand in every training set of a study and in no set that judges.

    Parameters
    ----------
    matrix : ndarray, shape (m, predictors)
    outcome : ndarray, shape (m,)
    weights : ndarray, shape (m,), optional
        Inverse-probability-of-censoring weights learned on these patients.
    """

    matrix: FloatArray
    outcome: FloatArray
    weights: FloatArray | None

    def select(self, positions: NDArray[np.int64]) -> Borrowed:
        """Return the same patients with some of the predictors."""
        return Borrowed(np.ascontiguousarray(self.matrix[:, positions]), self.outcome, self.weights)


@dataclass(frozen=True)
class CandidatePlan:
    """A candidate as the study asks for it.

    Parameters
    ----------
    name, family, label : str
    predictors : tuple of str
    imputation : Imputation
    search_space : mapping of str to Range or Choice
    trials, startup_trials : int
        All trials, and those before the sampler starts to learn.
    """

    name: str
    family: str
    label: str
    predictors: tuple[str, ...]
    imputation: Imputation
    search_space: Mapping[str, Dimension]
    trials: int
    startup_trials: int

    def part_fields(self, predictors: Sequence[str]) -> dict[str, Any]:
        """What a part of a model has of the candidate, by the names of its fields; `predictors` are the model's."""
        return {
            "name": self.name,
            "family": self.family,
            "label": self.label,
            "positions": np.array([list(predictors).index(one) for one in self.predictors], dtype=np.int64),
        }


@dataclass(frozen=True)
class TuningUnit:
    """All one worker needs: the smallest piece of work that can run anywhere.

    Parameters
    ----------
    split : Split
    candidate : CandidatePlan
    schema : PredictorSchema
        Of the candidate's own predictors.
    matrix : ndarray, shape (n, own predictors)
        Values of all labelled patients.
    outcome : ndarray, shape (n,)
    weights : ndarray, shape (n,), optional
        Inverse-probability-of-censoring weights learned on the split's training patients.
    seed : int
        The study's seed.
    checkpoint : UnitCheckpoint
    borrowed : Borrowed, optional
        Related patients who help to fit every member, with the candidate's own predictors.

    What kind of outcome is learned decides its methods: a unit of times (:mod:`spinecast.training.survival.tuning`) has
    its own.
    """

    measured_outcome: ClassVar[bool] = False

    split: Split
    candidate: CandidatePlan
    schema: PredictorSchema
    matrix: FloatArray
    outcome: FloatArray
    weights: FloatArray | None
    seed: int
    checkpoint: UnitCheckpoint
    borrowed: Borrowed | None = field(default=None, kw_only=True)

    def fit(
        self, encoder: Encoder, columns: FloatArray, rows: NDArray[np.bool_], parameters: Parameters, seed: int
    ) -> Any:
        """Fit one member to some of the training patients, whose encoded columns are given."""
        weights = self._training_weights()
        outcome, own = self.outcome[self.split.train][rows], None if weights is None else weights[rows]
        return self._member(encoder, columns, outcome, own, parameters, seed)

    def fit_with_borrowed(
        self,
        encoder: Encoder,
        columns: FloatArray,
        rows: NDArray[np.bool_],
        parameters: Parameters,
        seed: int,
        borrowed: FloatArray,
    ) -> Any:
        """Fit one member to some of the training patients and the borrowed ones, whose encoded columns are given too.

        A borrowed patient weighs `BORROWED_WEIGHT` of one of the study's own, times its censoring weight.
        """
        assert self.borrowed is not None
        weights, lent = self._training_weights(), self.borrowed.weights
        own = np.ones(int(rows.sum())) if weights is None else weights[rows]
        theirs = np.full(len(borrowed), float(parameters[BORROWED_WEIGHT])) * (1.0 if lent is None else lent)
        outcome = np.concatenate([self.outcome[self.split.train][rows], self.borrowed.outcome])
        together = np.concatenate([own, theirs])
        return self._member(encoder, np.vstack([columns, borrowed]), outcome, together, parameters, seed)

    def _member(
        self,
        encoder: Encoder,
        columns: FloatArray,
        outcome: FloatArray,
        weights: FloatArray | None,
        parameters: Parameters,
        seed: int,
    ) -> Member:
        learners = {name: value for name, value in parameters.items() if name != BORROWED_WEIGHT}
        scorer = FAMILIES[self.candidate.family].fit(columns, outcome, weights, learners, seed)
        return Member(encoder=encoder, scorer=scorer)

    def predicted(self, member: Any, columns: FloatArray) -> FloatArray:
        """What a member says of encoded columns, one row a patient."""
        scores: FloatArray = member.scorer.score(columns)
        return scores

    def answer(self, member: Any, matrix: FloatArray) -> FloatArray:
        """What a whole member says of held-out patients' values, shape (n, own predictors).

        A scanner that only they have is learned from their image features first.
        """
        if isinstance(member, DrawnMember | PatternMember):
            return member.score(matrix)
        return self.predicted(member, member.encoder.knowing(matrix).transform(matrix))

    def line(self, held_out: FloatArray) -> Any:
        """Intercept and slope that recalibrate held-out predictions of the training patients."""
        found = fit_logistic_recalibration(self.outcome[self.split.train], held_out, self._training_weights())
        return found.intercept, found.slope

    def recalibrated(self, predicted: FloatArray, line: Any) -> FloatArray:
        """Predictions after recalibration: log-odds."""
        return np.asarray(line[0] + line[1] * predicted, dtype=np.float64)

    def loss(self, held_out: FloatArray) -> float:
        """Log-loss of held-out scores after recalibration."""
        risk = np.clip(expit(self.recalibrated(held_out, self.line(held_out))), 1e-12, 1 - 1e-12)
        losses = -np.where(self.outcome[self.split.train] == 1, np.log(risk), np.log1p(-risk))
        return float(np.average(losses, weights=self._training_weights()))

    def outcomes_among(self, rows: NDArray[np.bool_]) -> tuple[int, ...]:
        """Count patients of each outcome among some of the training patients: with the event, and without it.

        A submodel needs enough of each; nobody whose outcome is not known is counted.
        """
        found = self.known_outcome()[rows]
        return int((found == 1).sum()), int((found == 0).sum())

    def known_outcome(self) -> FloatArray:
        """Outcome of the training patients, NaN where follow-up ended too early to know it, shape (len(train),)."""
        weights = self._training_weights()
        outcome = self.outcome[self.split.train].astype(np.float64)
        return outcome if weights is None else np.where(weights > 0, outcome, np.nan)

    @property
    def keeps_members(self) -> bool:
        """Whether the members are needed after their test scores: in a model, or to be explained."""
        return not len(self.split.test) or self.split.name in _EXPLAINED

    def member_bytes(self, member: Any) -> bytes:
        """One member as it is kept."""
        return member_to_bytes(member)

    def _training_weights(self) -> FloatArray | None:
        return None if self.weights is None else self.weights[self.split.train]


@dataclass(frozen=True)
class TunedCandidate:
    """The result of a unit.

    Parameters
    ----------
    split, candidate : str
    trials : tuple of FinishedTrial
    best : FinishedTrial
    held_out : ndarray, shape (len(train), ...)
        Log-odds of each training patient from the member that did not see them; of times, curves.
    test : ndarray, shape (len(test), ...)
        Log-odds of the outer test patients, mean over members; of times, curves.
    line : object
        What maps the mean of the members' predictions to `test`, as the unit's ``recalibrated`` takes it: intercept and
        slope of the log-odds; of times, the correction of the mean curve.
    members_file : pathlib.Path
        Where the members are.
    fit_seconds : float
        Time inside the learners' fits in this call: encoding, scoring and finished trials of an earlier call are not
        counted.
    """

    split: str
    candidate: str
    trials: tuple[FinishedTrial, ...]
    best: FinishedTrial
    held_out: FloatArray
    test: FloatArray
    line: Any
    members_file: Path
    fit_seconds: float

    @property
    def has_members(self) -> bool:
        """Whether the members were kept: see :attr:`TuningUnit.keeps_members`."""
        return bool(self._stored())

    def members(self, read: Callable[[bytes], MemberT]) -> tuple[MemberT, ...]:
        """Read the best trial's members, in the form they were kept in."""
        stored = self._stored()
        return tuple(read(stored[f"member{k}"].tobytes()) for k in range(len(stored)))

    def _stored(self) -> dict[str, NDArray[Any]]:
        arrays = arrays_from_bytes(self.members_file.read_bytes())
        return {name: array for name, array in arrays.items() if name.startswith("member")}
