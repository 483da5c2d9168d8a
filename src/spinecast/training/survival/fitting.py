"""Training proper of a study of times: its patients, splits, searches and choices, a cause after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledTimes, label_outcome, read_as_seen, read_by_day
from spinecast.errors import CohortError
from spinecast.models.survival.competing import risk_by_days
from spinecast.models.survival.correction import never_falling
from spinecast.models.survival.time_grid import time_grid
from spinecast.training.checkpoint import count_finished, study_checkpoint
from spinecast.training.features import cohort_with_features, predictor_schema
from spinecast.training.first_checks import first_checks
from spinecast.training.fitting import run_key_of
from spinecast.training.patients import FEWEST_EVENTS, patient_groups
from spinecast.training.plan import (
    candidate_plans,
    cohort_source,
    cohort_variables,
    ensemble_names,
    model_predictors,
    timed_definition,
)
from spinecast.training.progress import say
from spinecast.training.refitting import Refitted, count_refitted, further_splits, refit
from spinecast.training.resampling import Split, nested_splits
from spinecast.training.search import search
from spinecast.training.seeds import derive_seed
from spinecast.training.study import Study
from spinecast.training.survival.assembly import CauseResult, choose_curves
from spinecast.training.survival.tuning import CurveTask, TimedSearchData
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate
from spinecast.validation.checks import Result, stop_at_errors

__all__ = ["TrainedTimes", "fit_timed_study", "timed_patients"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedTimes:
    """All that training computed, before it is judged, explained and written.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    labelled : LabelledTimes
    plans : tuple of CandidatePlan
    splits : tuple of Split
    grid : ndarray, shape (k,)
    causes : tuple of CauseResult
        First the one of interest.
    refitted : tuple of Refitted
        The same procedure in the further splits of the study's internal validation, one a cause: curves.
    run_key : str
    started : datetime
    workers : int
    training_seconds, fit_seconds, workers_peak_mb : float
        As for :class:`spinecast.training.fitting.Trained`.
    trials_resumed : int
    checked_day : float
        The horizon nearest to the median event time: checks made for an event by one day read the follow-up there.
    first_checks : tuple of Result
        Those that need no fit.
    """

    study: Study
    cohort: Cohort
    labelled: LabelledTimes
    plans: tuple[CandidatePlan, ...]
    splits: tuple[Split, ...]
    grid: FloatArray
    causes: tuple[CauseResult, ...]
    refitted: tuple[Refitted, ...]
    run_key: str
    started: datetime
    workers: int
    training_seconds: float
    fit_seconds: float
    workers_peak_mb: float
    trials_resumed: int
    checked_day: float
    first_checks: tuple[Result, ...]

    @property
    def fold(self) -> NDArray[np.int64]:
        """Outer fold each patient was judged in, from 1, shape (n,)."""
        number = np.zeros(len(self.labelled), dtype=np.int64)
        for position, split in enumerate((s for s in self.splits if s.test.size), start=1):
            number[split.test] = position
        return number

    def risk(self, days: ArrayLike, candidate: str | None = None) -> FloatArray:
        """Out-of-fold risk of the cause of interest by each day, shape (n, m).

        Parameters
        ----------
        days : array-like of shape (m,)
        candidate : str, optional
            One candidate's alone; of the whole procedure when left out.
        """
        curves = [cause.final if candidate is None else cause.candidates[candidate] for cause in self.causes]
        return risk_by_days(self.grid, np.stack(curves), days)


def timed_patients(study: Study) -> tuple[Cohort, LabelledTimes]:
    """Read the patients of a study of times and what ended their follow-up.

    Raises
    ------
    ContractError
        If the table breaks the contract.
    CohortError
        If there is no table or nobody in it, or a cause is too rare to learn from.
    """
    cohort = cohort_with_features(study, cohort_source(study), cohort_variables(study))
    labelled = label_outcome(cohort, timed_definition(study))
    fewest = max(FEWEST_EVENTS, 2 * study.resampling.outer_folds)
    for count, words in zip(labelled.events, labelled.cause_labels, strict=True):
        if count < fewest:
            raise CohortError(
                f"{count} patients with the event ({words.lower()}) are too few to learn from",
                where=f"{len(labelled)} patients with known follow-up",
                expected=f"at least {fewest} with each event",
                remedy="gather more patients or follow them for longer",
            )
    return cohort, labelled


def fit_timed_study(study: Study, *, checkpoints: Path, workers: int, started: datetime) -> TrainedTimes:
    """Tune every candidate in every split for every cause and let the study's rule choose.

    Parameters
    ----------
    study, checkpoints, workers, started
        As :func:`spinecast.training.fitting.fit_study`.

    Raises
    ------
    ContractError
        If the cohort breaks the contract.
    CohortError
        If the cohort cannot carry the study.
    """
    cohort, labelled = timed_patients(study)
    kind = "SYNTHETIC, no real patients" if cohort.kind == "synthetic" else "real patients"
    ended = ", ".join(f"{n} {words.lower()}" for n, words in zip(labelled.events, labelled.cause_labels, strict=True))
    say(f"{cohort.name}: {len(labelled)} patients, {ended} ({kind})")
    plans = candidate_plans(study)
    splits = nested_splits(
        labelled.cause.astype(np.float64),
        patient_groups(study, cohort, labelled),
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=study.seed,
    )
    # Days of the grid are where curves are written down and not what they say: they are one for all splits.
    grid = time_grid(labelled.time, labelled.cause, labelled.horizons_days)
    last = float(max(labelled.horizons_days))
    tasks = [
        CurveTask.of(labelled.time, labelled.cause, number, grid, last) for number in range(1, len(labelled.causes) + 1)
    ]
    middle = float(grid[tasks[0].reference])
    day = float(min(labelled.horizons_days, key=lambda one: abs(np.log(one / middle))))
    checked = first_checks(study, cohort, read_by_day(labelled, day), splits)
    stop_at_errors(checked)
    seen = read_as_seen(labelled)
    further = further_splits(study, cohort, seen)
    predictors = model_predictors(study)
    matrix = cohort.matrix(predictors)[labelled.rows]
    schema = predictor_schema(study, predictors)
    run_key = run_key_of(study, cohort)
    checkpoint = study_checkpoint(checkpoints, study.study, run_key)
    resumed = sum(count_finished(folder) + count_refitted(folder) for folder in checkpoint.glob("cause_*"))
    if resumed:
        say(f"going on from {resumed} finished trials")
    began = time.perf_counter()
    causes, refitted, fit_seconds, peak = [], [], 0.0, 0.0
    for number, (cause, task) in enumerate(zip(labelled.causes, tasks, strict=True), start=1):
        data, folder = TimedSearchData.of(matrix, schema, task), checkpoint / f"cause_{number}"
        seed = study.seed if len(labelled.causes) == 1 else derive_seed(study.seed, "cause", cause)
        found = search(data, splits, plans, seed=seed, checkpoint=folder, workers=workers)
        causes.append(_cause_result(study, cause, task, splits, plans, found.tuned))
        refitted.append(
            refit(
                further,
                study,
                seen,
                plans,
                data,
                found.tuned,
                checkpoint=folder,
                workers=workers,
                seed=seed,
                answer=partial(_curves_of, ensemble_names(study), task),
            )
        )
        fit_seconds += found.fit_seconds + refitted[-1].fit_seconds
        peak = max(peak, found.workers_peak_mb, refitted[-1].workers_peak_mb)
    return TrainedTimes(
        study=study,
        cohort=cohort,
        labelled=labelled,
        plans=plans,
        splits=tuple(splits),
        grid=grid,
        causes=tuple(causes),
        refitted=tuple(refitted),
        run_key=run_key,
        started=started,
        workers=workers,
        training_seconds=time.perf_counter() - began,
        fit_seconds=fit_seconds,
        workers_peak_mb=peak,
        trials_resumed=resumed,
        checked_day=day,
        first_checks=checked,
    )


def _curves_of(
    ensemble: Sequence[str] | None, task: CurveTask, split: Split, tuned: Mapping[str, TunedCandidate]
) -> FloatArray:
    return choose_curves(split, tuned, ensemble, task).test


def _cause_result(
    study: Study,
    cause: str,
    task: CurveTask,
    splits: Sequence[Split],
    plans: Sequence[CandidatePlan],
    tuned: Mapping[tuple[str, str], TunedCandidate],
) -> CauseResult:
    ensemble = ensemble_names(study)
    choices = {
        split.name: choose_curves(split, {plan.name: tuned[split.name, plan.name] for plan in plans}, ensemble, task)
        for split in splits
    }
    shape = (len(task.time), len(task.grid))
    final, candidates = np.empty(shape), {plan.name: np.empty(shape) for plan in plans}
    for split in splits:
        final[split.test] = choices[split.name].test
        for name, curves in candidates.items():
            curves[split.test] = never_falling(tuned[split.name, name].test)
    return CauseResult(cause=cause, task=task, tuned=tuned, choices=choices, final=final, candidates=candidates)
