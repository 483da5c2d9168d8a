"""Training proper of a study of a quantity: its patients, splits, search and choice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome, LabelledQuantity, label_outcome, read_by_threshold
from spinecast.errors import CohortError
from spinecast.models.quantiles.quantile_function import QuantileFunction, Scale, to_scale
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
    quantity_definition,
    quantity_thresholds,
)
from spinecast.training.progress import say
from spinecast.training.quantity.assembly import QuantileChoice, choose_quantiles, shifted_test
from spinecast.training.quantity.tuning import QuantitySearchData
from spinecast.training.resampling import Split, nested_splits
from spinecast.training.search import search
from spinecast.training.study import Study
from spinecast.training.study.quantity import QuantityOutcome
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate
from spinecast.validation.checks import Result, stop_at_errors

__all__ = ["TrainedQuantity", "fit_quantity_study", "quantity_patients"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedQuantity:
    """All that training computed, before it is judged, explained and written.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    labelled : LabelledQuantity
    plans : tuple of CandidatePlan
    splits : tuple of Split
    levels : ndarray, shape (m,)
    scale : {"logarithm", "as_measured"}
    thresholds : tuple of float
        In the canonical unit.
    tuned : mapping of (split, candidate) to TunedCandidate
    choices : mapping of split to QuantileChoice
    final : ndarray, shape (n, m)
        Out-of-fold quantiles of the whole procedure, on the scale.
    candidates : mapping of str to ndarray, shape (n, m)
        Out-of-fold quantiles of each candidate alone.
    run_key : str
    started : datetime
    workers : int
    training_seconds, fit_seconds, workers_peak_mb : float
        As for :class:`spinecast.training.fitting.Trained`.
    trials_resumed : int
    passing : LabelledOutcome
        Whether the threshold that divides the patients most evenly was reached: what checks of an event read.
    checked_threshold : float
    first_checks : tuple of Result
        Those that need no fit.
    """

    study: Study
    cohort: Cohort
    labelled: LabelledQuantity
    plans: tuple[CandidatePlan, ...]
    splits: tuple[Split, ...]
    levels: FloatArray
    scale: Scale
    thresholds: tuple[float, ...]
    tuned: Mapping[tuple[str, str], TunedCandidate]
    choices: Mapping[str, QuantileChoice]
    final: FloatArray
    candidates: Mapping[str, FloatArray]
    run_key: str
    started: datetime
    workers: int
    training_seconds: float
    fit_seconds: float
    workers_peak_mb: float
    trials_resumed: int
    passing: LabelledOutcome
    checked_threshold: float
    first_checks: tuple[Result, ...]

    @property
    def fold(self) -> NDArray[np.int64]:
        """Outer fold each patient was judged in, from 1, shape (n,)."""
        number = np.zeros(len(self.labelled), dtype=np.int64)
        for position, split in enumerate((s for s in self.splits if s.test.size), start=1):
            number[split.test] = position
        return number

    def distribution(self, candidate: str | None = None) -> QuantileFunction:
        """Out-of-fold distributions of all patients, by one candidate alone or by the whole procedure."""
        values = self.final if candidate is None else self.candidates[candidate]
        return QuantileFunction(self.levels, values, self.scale)


def quantity_patients(study: Study) -> tuple[Cohort, LabelledQuantity, float]:
    """Read the patients of a study of a quantity, and the threshold that divides them most evenly.

    Raises
    ------
    ContractError
        If the table breaks the contract.
    CohortError
        If there is no table or nobody in it, a value cannot be on the scale, or every threshold leaves too few patients
        on one side to learn from.
    """
    cohort = cohort_with_features(study, cohort_source(study), cohort_variables(study))
    labelled = label_outcome(cohort, quantity_definition(study))
    outcome = study.outcome
    if isinstance(outcome, QuantityOutcome) and outcome.scale == "logarithm" and labelled.values.min() < 0:
        raise CohortError(
            f"{labelled.label} is negative in {int((labelled.values < 0).sum())} patients: it has no logarithm",
            where="outcome.scale",
            expected="values of 0 and more",
            remedy="set scale: as_measured",
        )
    thresholds = quantity_thresholds(study)
    shares = [float((labelled.values >= one).mean()) for one in thresholds]
    threshold, share = min(zip(thresholds, shares, strict=True), key=lambda one: abs(one[1] - 0.5))
    fewest = max(FEWEST_EVENTS, 2 * study.resampling.outer_folds)
    reached = round(share * len(labelled))
    if min(reached, len(labelled) - reached) < fewest:
        raise CohortError(
            f"no threshold divides the patients: {threshold:g} {labelled.unit}, the nearest to it, is reached by "
            f"{reached} of {len(labelled)}",
            where="outcome.thresholds",
            expected=f"a threshold with at least {fewest} patients on either side",
            remedy="name another threshold, or gather more patients",
        )
    return cohort, labelled, threshold


def fit_quantity_study(study: Study, *, checkpoints: Path, workers: int, started: datetime) -> TrainedQuantity:
    """Tune every candidate in every split and let the study's rule choose.

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
    cohort, labelled, threshold = quantity_patients(study)
    outcome = study.outcome
    assert isinstance(outcome, QuantityOutcome)  # quantity_patients has read it as one
    kind = "SYNTHETIC, no real patients" if cohort.kind == "synthetic" else "real patients"
    middle = float(np.median(labelled.values))
    say(f"{cohort.name}: {len(labelled)} patients, median {middle:g} {labelled.unit} ({kind})")
    passing = read_by_threshold(labelled, threshold)
    plans = candidate_plans(study)
    splits = nested_splits(
        passing.values,
        patient_groups(study, cohort, labelled),
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=study.seed,
    )
    checked = first_checks(study, cohort, passing, splits)
    stop_at_errors(checked)
    predictors = model_predictors(study)
    matrix = cohort.matrix(predictors)[labelled.rows]
    schema = predictor_schema(study, predictors)
    run_key = run_key_of(study, cohort)
    checkpoint = study_checkpoint(checkpoints, study.study, run_key)
    resumed = count_finished(checkpoint)
    if resumed:
        say(f"going on from {resumed} finished trials")
    began = time.perf_counter()
    values, levels = to_scale(labelled.values, outcome.scale), np.array(outcome.quantiles, dtype=np.float64)
    found = search(
        QuantitySearchData.of(matrix, schema, values, levels),
        splits,
        plans,
        seed=study.seed,
        checkpoint=checkpoint,
        workers=workers,
    )
    ensemble = ensemble_names(study)
    choices = {
        split.name: choose_quantiles(
            split, {plan.name: found.tuned[split.name, plan.name] for plan in plans}, ensemble, values, levels
        )
        for split in splits
    }
    shape = (len(values), len(levels))
    final, candidates = np.empty(shape), {plan.name: np.empty(shape) for plan in plans}
    for split in splits:
        final[split.test] = choices[split.name].test
        for name, quantiles in candidates.items():
            quantiles[split.test] = shifted_test(split, found.tuned[split.name, name], values, levels)
    return TrainedQuantity(
        study=study,
        cohort=cohort,
        labelled=labelled,
        plans=plans,
        splits=tuple(splits),
        levels=levels,
        scale=outcome.scale,
        thresholds=quantity_thresholds(study),
        tuned=found.tuned,
        choices=choices,
        final=final,
        candidates=candidates,
        run_key=run_key,
        started=started,
        workers=workers,
        training_seconds=time.perf_counter() - began,
        fit_seconds=found.fit_seconds,
        workers_peak_mb=found.workers_peak_mb,
        trials_resumed=resumed,
        passing=passing,
        checked_threshold=threshold,
        first_checks=checked,
    )
