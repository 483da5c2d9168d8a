"""What studies of quantities and of ordered levels share: a search, and one threshold that is read as an event.

Checks of an event need one: they read the threshold that divides the patients most evenly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.statistics import Measure, flexible_calibration
from spinecast.training.checkpoint import count_finished, study_checkpoint
from spinecast.training.features import predictor_schema
from spinecast.training.first_checks import first_checks
from spinecast.training.fitting import run_key_of
from spinecast.training.patients import patient_groups
from spinecast.training.plan import candidate_plans, model_predictors
from spinecast.training.progress import say
from spinecast.training.refitting import Answer, Refitted, count_refitted, further_splits, refit
from spinecast.training.resampling import Split, nested_splits
from spinecast.training.search import SearchData, search
from spinecast.training.seeds import derive_seed
from spinecast.training.study import Study
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate
from spinecast.validation.checks import (
    Checklist,
    Result,
    check_apparent,
    check_calibration_slope,
    check_rising_calibration,
    check_subgroup_harm,
    stop_at_errors,
)
from spinecast.validation.predictions import Predictions, central_risks
from spinecast.validation.subgroups import FEWEST, default_subgroup_variables, group_patients

__all__ = ["Searched", "checklist_at_threshold", "search_study"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Searched:
    """Every candidate of a study tuned in every split, before the study's rule chooses.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    passing : LabelledOutcome
        Whether the threshold that divides the patients most evenly was reached: what checks of an event read.
    plans : tuple of CandidatePlan
    splits : tuple of Split
    tuned : mapping of (split, candidate) to TunedCandidate
    refitted : Refitted
        The same procedure in the further splits of the study's internal validation: answers, not risks.
    run_key : str
    started : datetime
    workers : int
    training_seconds, fit_seconds, workers_peak_mb : float
        As for :class:`spinecast.training.fitting.Trained`.
    trials_resumed : int
    first_checks : tuple of Result
        Those that need no fit.
    """

    study: Study
    cohort: Cohort
    passing: LabelledOutcome
    plans: tuple[CandidatePlan, ...]
    splits: tuple[Split, ...]
    tuned: Mapping[tuple[str, str], TunedCandidate]
    refitted: Refitted
    run_key: str
    started: datetime
    workers: int
    training_seconds: float
    fit_seconds: float
    workers_peak_mb: float
    trials_resumed: int
    first_checks: tuple[Result, ...]

    @property
    def fold(self) -> NDArray[np.int64]:
        """Outer fold each patient was judged in, from 1, shape (n,)."""
        number = np.zeros(len(self.passing), dtype=np.int64)
        for position, split in enumerate((s for s in self.splits if s.test.size), start=1):
            number[split.test] = position
        return number

    def found(self) -> dict[str, Any]:
        """Return the fields by name, to make what is chosen from them."""
        return {field.name: getattr(self, field.name) for field in fields(Searched)}


def search_study(
    study: Study,
    cohort: Cohort,
    passing: LabelledOutcome,
    strata: FloatArray,
    data: Callable[[FloatArray, PredictorSchema], SearchData],
    answer: Answer,
    *,
    checkpoints: Path,
    workers: int,
    started: datetime,
) -> Searched:
    """Divide the patients, make the checks that need no fit, and tune every candidate in every split, further ones too.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    passing : LabelledOutcome
        Its rows are the patients who are analysed.
    strata : ndarray, shape (n,)
        What folds are stratified by.
    data : callable
        Makes the search's data of the patients' predictors and their schema.
    answer : callable
        Maps a split and its tuned candidates to what the study's rule answers for the split's test patients.
    checkpoints, workers, started
        As :func:`spinecast.training.fitting.fit_study`.

    Raises
    ------
    CohortError
        If the folds cannot be made, or the cohort has no two sites to leave out.
    CheckError
        If a check finds what would make the results wrong.
    """
    plans = candidate_plans(study)
    splits = nested_splits(
        strata,
        patient_groups(study, cohort, passing),
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=study.seed,
    )
    checked = first_checks(study, cohort, passing, splits)
    stop_at_errors(checked)
    further = further_splits(study, cohort, passing)
    predictors = model_predictors(study)
    matrix = cohort.matrix(predictors)[passing.rows]
    learning = data(matrix, predictor_schema(study, predictors))
    run_key = run_key_of(study, cohort)
    checkpoint = study_checkpoint(checkpoints, study.study, run_key)
    resumed = count_finished(checkpoint) + count_refitted(checkpoint)
    if resumed:
        say(f"going on from {resumed} finished trials")
    began = time.perf_counter()
    found = search(learning, splits, plans, seed=study.seed, checkpoint=checkpoint, workers=workers)
    refitted = refit(
        further, study, passing, plans, learning, found.tuned, checkpoint=checkpoint, workers=workers, answer=answer
    )
    return Searched(
        study=study,
        cohort=cohort,
        passing=passing,
        plans=plans,
        splits=tuple(splits),
        tuned=found.tuned,
        refitted=refitted,
        run_key=run_key,
        started=started,
        workers=workers,
        training_seconds=time.perf_counter() - began,
        fit_seconds=found.fit_seconds + refitted.fit_seconds,
        workers_peak_mb=max(found.workers_peak_mb, refitted.workers_peak_mb),
        trials_resumed=resumed,
        first_checks=checked,
    )


def checklist_at_threshold(trained: Searched, risk: FloatArray, slope: Measure) -> Checklist:
    """Make every check of a training, those of an event at the threshold of `passing`.

    Parameters
    ----------
    trained : Searched
    risk : ndarray, shape (n,)
        Out-of-fold probability of reaching that threshold, within (0, 1).
    slope : Estimate or Absent
        Its calibration slope.
    """
    study, passing = trained.study, trained.passing
    predictions = Predictions(risk=risk, outcome=passing.values, weights=None, fold=trained.fold, basis="out-of-fold")
    results = [
        *trained.first_checks,
        check_calibration_slope(slope),
        check_apparent("out-of-fold"),
        check_rising_calibration(flexible_calibration(passing.values, risk), central_risks(predictions)),
        check_subgroup_harm(
            predictions,
            group_patients(trained.cohort, passing.rows, default_subgroup_variables()),
            study.evaluation.thresholds,
            fewest=FEWEST,
            bootstrap=study.evaluation.bootstrap,
            seed=derive_seed(study.seed, "evaluation"),
        ),
    ]
    return Checklist("train", results)
