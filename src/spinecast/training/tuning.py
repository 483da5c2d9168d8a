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

from spinecast.models.catalogue import Parameters
from spinecast.models.member_arrays import arrays_from_bytes, arrays_to_bytes
from spinecast.training.checkpoint import FinishedTrial
from spinecast.training.encoded_folds import EncodedFolds, pooled_answers
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
    folds = EncodedFolds(unit)
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


def _fit_members(unit: TuningUnit, folds: EncodedFolds, parameters: Parameters) -> _TrialFits:
    inner = unit.split.inner
    held_out: FloatArray | None = None
    members = []
    fit_seconds = 0.0
    for fold in range(int(inner.max()) + 1):
        fits = folds.get(fold, int(parameters.get("knots", 0)))
        lent = folds.borrowed(fits, float(parameters.get(BORROWED_WEIGHT, 0)))
        fitted, answers = [], []
        for number, fit in enumerate(fits):
            names = (fold,) if len(fits) == 1 else (fold, number)
            seed = derive_seed(unit.seed, "fit", unit.split.name, unit.candidate.name, *names)
            started = time.perf_counter()
            one = (
                unit.fit(fit.encoder, fit.fitted, fit.rows, parameters, seed)
                if lent is None
                else unit.fit_with_borrowed(fit.encoder, fit.fitted, fit.rows, parameters, seed, lent[number])
            )
            fit_seconds += time.perf_counter() - started
            fitted.append(one)
            answers.append(unit.predicted(one, fit.judged))
        predicted = pooled_answers(fits, answers)
        if held_out is None:
            held_out = np.empty((len(inner), *predicted.shape[1:]))
        held_out[inner == fold] = predicted
        members.append(folds.member(fitted))
    assert held_out is not None  # there are two inner folds at least
    return _TrialFits(tuple(members), held_out, unit.loss(held_out), fit_seconds)


def _fits_to_bytes(unit: TuningUnit, fits: _TrialFits) -> bytes:
    test = unit.matrix[unit.split.test]
    scores = np.empty((0, *fits.held_out.shape[1:]))
    if len(test):
        found = [unit.answer(member, test) for member in fits.members]
        scores = np.mean(found, axis=0)
    arrays: dict[str, NDArray[Any]] = {"held_out": fits.held_out, "test": scores}
    if unit.keeps_members:
        # Other splits need their members' test scores alone.
        for position, member in enumerate(fits.members):
            arrays[f"member{position}"] = np.frombuffer(unit.member_bytes(member), dtype=np.uint8)
    return arrays_to_bytes(arrays)
