"""Tuning one candidate in one split: Optuna proposes, inner folds judge by log-loss, the best fits are kept.

A trial fits one member on each inner fold's training patients and scores its held-out ones. The loss is the
log-loss of the pooled held-out scores after logistic recalibration, the same for scores of every kind. The
best trial's members are the result: nothing is fitted again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.artifact import arrays_from_bytes, arrays_to_bytes
from spinecast.models.catalogue import Parameters
from spinecast.models.encoding import Encoder, fit_encoder
from spinecast.training.checkpoint import FinishedTrial
from spinecast.training.proposals import Proposals
from spinecast.training.seeds import derive_seed
from spinecast.training.tuning_unit import BORROWED_WEIGHT, TunedCandidate, TuningUnit

__all__ = ["tune"]

FloatArray = NDArray[np.float64]


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
        line=line,
        members_file=unit.checkpoint.best,
        fit_seconds=fit_seconds,
    )


def _finish_trials(unit: TuningUnit) -> tuple[list[FinishedTrial], float]:
    finished = unit.checkpoint.finished()
    if len(finished) >= unit.candidate.trials:
        return finished[: unit.candidate.trials], 0.0
    proposals = Proposals(unit, finished)
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
