"""All tuning units of a study, side by side: the result does not depend on how many workers there are."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.survival.catalogue import any_family
from spinecast.training.checkpoint import UnitCheckpoint, count_finished
from spinecast.training.encoded_folds import forget_draws
from spinecast.training.environment import peak_memory_mb
from spinecast.training.progress import watched
from spinecast.training.resampling import Split
from spinecast.training.tuning import tune
from spinecast.training.tuning_unit import Borrowed, CandidatePlan, TunedCandidate, TuningUnit
from spinecast.training.workers import side_by_side

__all__ = ["SearchData", "SearchResult", "search"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SearchData:
    """The labelled patients of a study.

    Parameters
    ----------
    matrix : ndarray, shape (n, predictors)
    schema : PredictorSchema
    outcome : ndarray, shape (n,)
    weights : mapping of split name to ndarray, shape (n,)
        Censoring weights learned on that split's training patients; empty without them.
    borrowed : Borrowed, optional
        Related patients with all predictors, who help to fit in every split.
    """

    matrix: FloatArray
    schema: PredictorSchema
    outcome: FloatArray
    weights: Mapping[str, FloatArray]
    borrowed: Borrowed | None = field(default=None, kw_only=True)

    unit_kind: ClassVar[type[TuningUnit]] = TuningUnit

    def unit_fields(self) -> Mapping[str, Any]:
        """What units of this kind of outcome are told beside what every unit is, by the names of their fields."""
        return {}

    def unit(
        self,
        split: Split,
        plan: CandidatePlan,
        schema: PredictorSchema,
        matrix: FloatArray,
        seed: int,
        checkpoint: UnitCheckpoint,
    ) -> TuningUnit:
        """Make the unit of a candidate, whose own predictors are given, in a split."""
        return self.unit_kind(
            split=split,
            candidate=plan,
            schema=schema,
            matrix=matrix,
            outcome=self.outcome,
            weights=self.weights.get(split.name),
            seed=seed,
            checkpoint=checkpoint,
            borrowed=None if self.borrowed is None else self.borrowed.select(self.schema.select(plan.predictors)[1]),
            **self.unit_fields(),
        )


@dataclass(frozen=True)
class SearchResult:
    """Every candidate tuned in every split.

    Parameters
    ----------
    tuned : mapping of (split, candidate) to TunedCandidate
    fit_seconds : float
        Time inside the learners' fits in this call, summed over workers.
    workers_peak_mb : float
        Sum over worker processes of their largest resident memory; 0 when this process did the work.
    """

    tuned: Mapping[tuple[str, str], TunedCandidate]
    fit_seconds: float
    workers_peak_mb: float


def search(
    data: SearchData,
    splits: Sequence[Split],
    plans: Sequence[CandidatePlan],
    *,
    seed: int,
    checkpoint: Path,
    workers: int,
    what: str = "tuning trials",
) -> SearchResult:
    """Tune every candidate in every split.

    Parameters
    ----------
    data : SearchData
    splits : sequence of Split
    plans : sequence of CandidatePlan
    seed : int
    checkpoint : pathlib.Path
        Folder of the units' finished trials.
    workers : int
        Processes; 1 works in this one.
    what : str
        What the progress counts.
    """
    units = _units(data, splits, plans, seed, checkpoint)
    total = sum(unit.candidate.trials for unit in units)
    # Long tasks first, so that no worker starts one when the others are done.
    tasks = sorted(_tasks(units), key=lambda task: -sum(map(_cost, task)))
    with watched(what, total, lambda: count_finished(checkpoint)):
        answers = [answer for task in side_by_side(_tune_in_turn, tasks, workers) for answer in task]
    peaks: dict[int, float] = {}
    for _, process, peak in answers:
        if process != os.getpid():
            peaks[process] = max(peak, peaks.get(process, 0.0))
    results = [tuned for tuned, _, _ in answers]
    return SearchResult(
        tuned={(tuned.split, tuned.candidate): tuned for tuned in results},
        fit_seconds=sum(tuned.fit_seconds for tuned in results),
        workers_peak_mb=sum(peaks.values()),
    )


def _tasks(units: Sequence[TuningUnit]) -> list[tuple[TuningUnit, ...]]:
    """What one worker does in turn: one unit, or those of a split that share their draws of missing values."""
    tasks: dict[Hashable, tuple[TuningUnit, ...]] = {}
    for unit in units:
        plan = unit.candidate
        draws = plan.imputation.kind == "multiple_imputation"
        key = (unit.split.name, plan.imputation, plan.predictors) if draws else (unit.split.name, plan.name)
        tasks[key] = (*tasks.get(key, ()), unit)
    return list(tasks.values())


def _cost(unit: TuningUnit) -> float:
    return any_family(unit.candidate.family).cost * unit.candidate.trials * len(unit.split.train)


def _tune_in_turn(units: Sequence[TuningUnit]) -> list[tuple[TunedCandidate, int, float]]:
    try:
        return [(tune(unit), os.getpid(), peak_memory_mb()) for unit in units]
    finally:
        forget_draws()


def _units(
    data: SearchData, splits: Sequence[Split], plans: Sequence[CandidatePlan], seed: int, checkpoint: Path
) -> list[TuningUnit]:
    units = []
    for plan in plans:
        schema, positions = data.schema.select(plan.predictors)
        matrix = np.ascontiguousarray(data.matrix[:, positions])
        units += [
            data.unit(
                split,
                plan,
                schema,
                matrix,
                seed,
                UnitCheckpoint(checkpoint / split.name.replace(" ", "_"), plan.name, os.getpid()),
            )
            for split in splits
        ]
    return units
