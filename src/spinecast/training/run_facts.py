"""What is written down about a finished training, whatever was trained: times, seeds, splits, environment, search."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import Labelled
from spinecast.training.changes import describe_changes
from spinecast.training.environment import describe_environment, peak_memory_mb
from spinecast.training.resampling import Split
from spinecast.training.study import Study, study_hash
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate

__all__ = ["Clock", "describe_searches", "run_facts"]

Result = TypeVar("Result")


class Finished(Protocol):
    """What the facts of a run are drawn from, whatever was trained."""

    @property
    def study(self) -> Study: ...
    @property
    def cohort(self) -> Cohort: ...
    @property
    def labelled(self) -> Labelled: ...
    @property
    def splits(self) -> Sequence[Split]: ...
    @property
    def run_key(self) -> str: ...
    @property
    def started(self) -> datetime: ...
    @property
    def workers(self) -> int: ...
    @property
    def training_seconds(self) -> float: ...
    @property
    def fit_seconds(self) -> float: ...
    @property
    def workers_peak_mb(self) -> float: ...
    @property
    def trials_resumed(self) -> int: ...


class Chosen(Protocol):
    """What a study's rule chose in one split."""

    @property
    def split(self) -> str: ...
    @property
    def chosen(self) -> tuple[str, ...]: ...
    @property
    def loss(self) -> Mapping[str, float]: ...


class Clock:
    """How long each part of the work took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, name: str, work: Callable[[], Result]) -> Result:
        """Do a part of the work and keep its time."""
        began = time.perf_counter()
        done = work()
        self.seconds[name] = round(time.perf_counter() - began, 3)
        return done


def describe_searches(
    plans: Sequence[CandidatePlan],
    splits: Sequence[Split],
    tuned: Mapping[tuple[str, str], TunedCandidate],
    choices: Mapping[str, Chosen],
) -> dict[str, Any]:
    """Describe the search of every candidate and what was chosen in every split, JSON values.

    ``log_loss`` is the loss that was tuned on, whatever it is.
    """
    return {
        "candidates": [
            _describe_search(plan, {split.name: tuned[split.name, plan.name] for split in splits}) for plan in plans
        ],
        "selection": [
            {"split": choice.split, "chosen": list(choice.chosen), "log_loss": dict(choice.loss)}
            for choice in choices.values()
        ],
    }


def _describe_search(plan: CandidatePlan, tuned: Mapping[str, TunedCandidate]) -> dict[str, Any]:
    return {
        "name": plan.name,
        "label": plan.label,
        "predictors": list(plan.predictors),
        "imputation": plan.imputation.kind,
        "search_space": {name: dimension.describe() for name, dimension in plan.search_space.items()},
        "splits": [_split_history(split, found) for split, found in tuned.items()],
    }


def _split_history(split: str, tuned: TunedCandidate) -> dict[str, Any]:
    return {
        "split": split,
        "trials": [
            {
                "number": trial.number,
                "log_loss": trial.loss,
                "fit_seconds": trial.fit_seconds,
                "parameters": trial.parameters,
            }
            for trial in tuned.trials
        ],
        "best": {
            "number": tuned.best.number,
            "log_loss": tuned.best.loss,
            "parameters": tuned.best.parameters,
        },
    }


def run_facts(trained: Finished, identity: str, clock: Clock, overrides: Sequence[str]) -> dict[str, Any]:
    """Gather keys, times, seeds, split hashes and environment of a finished training: the content of ``run.json``."""
    finished = datetime.now(UTC)
    fit, wall, origin = trained.fit_seconds, trained.training_seconds, trained.study.origin
    notes = []
    if trained.trials_resumed:
        notes.append(
            f"Resumed after an interruption: {trained.trials_resumed} trials were finished before; the times count "
            "this call only."
        )
    return {
        "run_key": trained.run_key,
        "study": trained.study.study,
        "started": trained.started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "workers": trained.workers,
        "notes": notes,
        **describe_changes(trained.study, Path(origin.file), overrides),
        "timings": {
            # Of the time all workers had, whatever their number; against the clock alone two workers can pass 100 %.
            "fit_share_of_worker_time": round(fit / (wall * trained.workers), 4),
            "fit_seconds": round(fit, 3),
            "training_wall_seconds": round(wall, 3),
            "fit_share_of_training_wall": round(fit / wall, 4),
            **clock.seconds,
            "total_wall_seconds": round((finished - trained.started).total_seconds(), 3),
            "peak_memory_mb": round(peak_memory_mb() + trained.workers_peak_mb, 1),
        },
        "seeds": {"study": trained.study.seed},
        "splits": [
            {
                "split": split.name,
                "n_train": len(split.train),
                "n_test": len(split.test),
                "train_hash": trained.cohort.membership_hash(trained.labelled.rows[split.train]),
                "test_hash": trained.cohort.membership_hash(trained.labelled.rows[split.test]),
            }
            for split in trained.splits
        ],
        "environment": describe_environment(origin.folder.resolve()),
        "study_hash": study_hash(trained.study),
        "model": {"identity": identity, "folder": "model"},
    }
