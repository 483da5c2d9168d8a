"""Tuning one candidate in one split: Optuna proposes, inner folds judge by log-loss, the best fits are kept.

A trial fits one member on each inner fold's training patients and scores its held-out ones. The loss is the
log-loss of the pooled held-out scores after logistic recalibration, the same for scores of every kind. The
best trial's members are the result: nothing is fitted again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.models.artifact import arrays_from_bytes, arrays_to_bytes, member_to_bytes
from spinecast.models.catalogue import FAMILIES, Choice, Dimension, Parameters
from spinecast.models.encoding import Encoder, Imputation, PredictorSchema, fit_encoder
from spinecast.models.prognosis_model import Member
from spinecast.models.survival.catalogue import any_family
from spinecast.statistics import fit_logistic_recalibration
from spinecast.training.checkpoint import FinishedTrial, UnitCheckpoint
from spinecast.training.resampling import Split
from spinecast.training.seeds import derive_seed

if TYPE_CHECKING:
    import optuna

__all__ = ["BORROWED_WEIGHT", "Borrowed", "CandidatePlan", "TunedCandidate", "TuningUnit", "tune"]

FloatArray = NDArray[np.float64]
MemberT = TypeVar("MemberT")

BORROWED_WEIGHT = "borrowed_weight"
"""Parameter of every candidate of a study that borrows: the weight of a borrowed patient against one of its own."""


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

    def line(self, held_out: FloatArray) -> tuple[float, float]:
        """Intercept and slope that recalibrate held-out predictions of the training patients."""
        found = fit_logistic_recalibration(self.outcome[self.split.train], held_out, self._training_weights())
        return found.intercept, found.slope

    def recalibrated(self, predicted: FloatArray, line: tuple[float, float]) -> FloatArray:
        """Predictions after recalibration: log-odds."""
        return np.asarray(line[0] + line[1] * predicted, dtype=np.float64)

    def loss(self, held_out: FloatArray) -> float:
        """Log-loss of held-out scores after recalibration."""
        risk = np.clip(expit(self.recalibrated(held_out, self.line(held_out))), 1e-12, 1 - 1e-12)
        losses = -np.where(self.outcome[self.split.train] == 1, np.log(risk), np.log1p(-risk))
        return float(np.average(losses, weights=self._training_weights()))

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
    intercept, slope : float
        The line from mean score to log-odds; of times, the correction of the mean curve.
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
    intercept: float
    slope: float
    members_file: Path
    fit_seconds: float

    def members(self, read: Callable[[bytes], MemberT]) -> tuple[MemberT, ...]:
        """Read the best trial's members, in the form they were kept in."""
        arrays = arrays_from_bytes(self.members_file.read_bytes())
        stored = [name for name in arrays if name.startswith("member")]
        return tuple(read(arrays[f"member{k}"].tobytes()) for k in range(len(stored)))


@dataclass(frozen=True)
class _TrialFits:
    members: tuple[Any, ...]
    held_out: FloatArray
    loss: float
    fit_seconds: float


def tune(unit: TuningUnit) -> TunedCandidate:
    """Run the trials of a unit that are not finished yet and return its best fits.

    The same unit gives the same result on any worker, interrupted or not: each trial's proposal depends on
    the finished trials and its own number, each fit on its own derived seed.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        finished, fit_seconds = _finish_trials(unit)
    best = min(finished, key=lambda trial: (trial.loss, trial.number))
    kept = arrays_from_bytes(unit.checkpoint.best.read_bytes())
    line = unit.line(kept["held_out"])
    return TunedCandidate(
        split=unit.split.name,
        candidate=unit.candidate.name,
        trials=tuple(finished),
        best=best,
        held_out=unit.recalibrated(kept["held_out"], line),
        test=unit.recalibrated(kept["test"], line),
        intercept=line[0],
        slope=line[1],
        members_file=unit.checkpoint.best,
        fit_seconds=fit_seconds,
    )


def _finish_trials(unit: TuningUnit) -> tuple[list[FinishedTrial], float]:
    finished = unit.checkpoint.finished()
    if len(finished) >= unit.candidate.trials:
        return finished[: unit.candidate.trials], 0.0
    proposals = _Proposals(unit, finished)
    folds = _EncodedFolds(unit)
    best_loss = min((trial.loss for trial in finished), default=np.inf)
    spent = 0.0
    for number in range(len(finished), unit.candidate.trials):
        parameters = proposals.ask(number)
        fits = _fit_members(unit, folds, parameters)
        if fits.loss < best_loss:
            best_loss = fits.loss
            unit.checkpoint.keep_best(_fits_to_bytes(unit, fits))
        trial = FinishedTrial(number, dict(parameters), fits.loss, round(fits.fit_seconds, 6))
        unit.checkpoint.append(trial)
        proposals.tell(trial)
        finished.append(trial)
        spent += fits.fit_seconds
    return finished, spent


class _Proposals:
    """Optuna's tree-structured Parzen estimator over the finished trials of one unit.

    A new sampler with its own seed is set before each proposal, so that a resumed unit proposes what the
    uninterrupted one would have proposed.
    """

    def __init__(self, unit: TuningUnit, finished: list[FinishedTrial]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.unit = unit
        self.searched = {
            name: _distribution(dimension)
            for name, dimension in unit.candidate.search_space.items()
            if _open(dimension)
        }
        self.fixed: dict[str, float | int] = {
            name: _only_value(dimension)
            for name, dimension in unit.candidate.search_space.items()
            if not _open(dimension)
        }
        self.study = optuna.create_study(direction="minimize")
        for trial in finished:
            self.tell(trial)

    def ask(self, number: int) -> dict[str, float | int]:
        import optuna

        unit = self.unit
        lent = unit.candidate.search_space.get(BORROWED_WEIGHT)
        if isinstance(lent, Choice) and number < len(lent.options):
            # Each weight once with all else alike, before the sampler changes everything at a time.
            return _defaults_within(unit.candidate) | {BORROWED_WEIGHT: lent.options[number]}
        if number == 0:
            return _defaults_within(unit.candidate)
        if not self.searched:
            return dict(self.fixed)
        self.study.sampler = optuna.samplers.TPESampler(
            seed=derive_seed(unit.seed, "proposal", unit.split.name, unit.candidate.name, number),
            n_startup_trials=unit.candidate.startup_trials,
        )
        proposed = self.study.ask(fixed_distributions=self.searched)
        parameters = dict(proposed.params)
        self.study.tell(proposed, state=optuna.trial.TrialState.FAIL)  # the journal tells it again when it is finished
        return self.fixed | parameters

    def tell(self, trial: FinishedTrial) -> None:
        import optuna

        self.study.add_trial(
            optuna.trial.create_trial(
                params={name: trial.parameters[name] for name in self.searched},
                distributions=self.searched,
                value=trial.loss,
            )
        )


class _EncodedFolds:
    """Encodings of the inner folds: learned once for each number of knots, shared by all trials."""

    def __init__(self, unit: TuningUnit) -> None:
        self.unit = unit
        self.matrix = unit.matrix[unit.split.train]
        self.known: dict[tuple[int, int], tuple[Encoder, FloatArray, FloatArray]] = {}
        self.lent: dict[tuple[int, int], FloatArray] = {}

    def get(self, fold: int, knots: int) -> tuple[Encoder, FloatArray, FloatArray]:
        """Encoder, training columns and held-out columns of a fold."""
        if (fold, knots) not in self.known:
            unit, inner = self.unit, self.unit.split.inner
            encoder = fit_encoder(
                self.matrix[inner != fold],
                unit.schema,
                unit.candidate.imputation,
                knots=knots,
                seed=derive_seed(unit.seed, "imputation", unit.split.name, unit.candidate.name, fold),
            )
            fitted, judged = (encoder.transform(self.matrix[rows]) for rows in (inner != fold, inner == fold))
            self.known[fold, knots] = (encoder, fitted, judged)
        return self.known[fold, knots]

    def borrowed(self, fold: int, knots: int, weight: float) -> FloatArray | None:
        """Columns of the borrowed patients as the fold's own patients are encoded; None where nobody is borrowed."""
        lent = self.unit.borrowed
        if lent is None or weight <= 0:
            return None
        if (fold, knots) not in self.lent:
            self.lent[fold, knots] = self.get(fold, knots)[0].transform(lent.matrix)
        return self.lent[fold, knots]


def _fit_members(unit: TuningUnit, folds: _EncodedFolds, parameters: Parameters) -> _TrialFits:
    inner = unit.split.inner
    held_out: FloatArray | None = None
    members = []
    fit_seconds = 0.0
    for fold in range(int(inner.max()) + 1):
        knots = int(parameters.get("knots", 0))
        encoder, fitted, judged = folds.get(fold, knots)
        lent = folds.borrowed(fold, knots, float(parameters.get(BORROWED_WEIGHT, 0)))
        seed = derive_seed(unit.seed, "fit", unit.split.name, unit.candidate.name, fold)
        started = time.perf_counter()
        member = (
            unit.fit(encoder, fitted, inner != fold, parameters, seed)
            if lent is None
            else unit.fit_with_borrowed(encoder, fitted, inner != fold, parameters, seed, lent)
        )
        fit_seconds += time.perf_counter() - started
        predicted = unit.predicted(member, judged)
        if held_out is None:
            held_out = np.empty((len(inner), *predicted.shape[1:]))
        held_out[inner == fold] = predicted
        members.append(member)
    assert held_out is not None  # there are two inner folds at least
    return _TrialFits(tuple(members), held_out, unit.loss(held_out), fit_seconds)


def _fits_to_bytes(unit: TuningUnit, fits: _TrialFits) -> bytes:
    test = unit.matrix[unit.split.test]
    scores = np.empty((0, *fits.held_out.shape[1:]))
    if len(test):
        found = [unit.predicted(member, member.encoder.transform(test)) for member in fits.members]
        scores = np.mean(found, axis=0)
    arrays: dict[str, NDArray[Any]] = {"held_out": fits.held_out, "test": scores}
    if not len(test):
        # Only the split over all patients ends in a model; the others need their members' test scores alone.
        for position, member in enumerate(fits.members):
            arrays[f"member{position}"] = np.frombuffer(unit.member_bytes(member), dtype=np.uint8)
    return arrays_to_bytes(arrays)


def _open(dimension: Dimension) -> bool:
    if isinstance(dimension, Choice):
        return len(dimension.options) > 1
    return dimension.low < dimension.high


def _only_value(dimension: Dimension) -> float | int:
    return dimension.options[0] if isinstance(dimension, Choice) else dimension.low


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.options)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _defaults_within(candidate: CandidatePlan) -> dict[str, float | int]:
    """The family's defaults, drawn into a search space the study has narrowed."""
    defaults = any_family(candidate.family).defaults
    inside: dict[str, float | int] = {}
    for name, dimension in candidate.search_space.items():
        if isinstance(dimension, Choice):
            # What no algorithm has a default for, the weight of borrowed patients, begins with the least.
            inside[name] = defaults[name] if defaults.get(name) in dimension.options else dimension.options[0]
        else:
            drawn = min(max(defaults[name], dimension.low), dimension.high)
            inside[name] = int(drawn) if dimension.whole else drawn
    return inside
