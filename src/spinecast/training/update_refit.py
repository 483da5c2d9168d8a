"""Fitting a model's own algorithms again on other patients, with the parameters they were tuned to.

Imputation, encoding and recalibration are learned on the new patients as in a training; nothing is tuned and nothing
chosen. Learners that are no plain regressions have no degrees of freedom to test a refit by. It is judged against
logistic recalibration by the logarithmic loss in patients held out, both learned anew outside each fold.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.errors import ArtifactError
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import PrognosisModel, development_marginals
from spinecast.reporting.record import RunRecord
from spinecast.statistics import Absent, Measure, UpdateLine, compare_loss, fit_update
from spinecast.training.assembly import SplitChoice, choose, collect_out_of_fold, final_parts
from spinecast.training.missing_loss import held_out_risk, measure_missing_inputs, missing_loss
from spinecast.training.patients import patient_groups
from spinecast.training.plan import candidate_plans, fixed_plans, is_group_column
from spinecast.training.resampling import ALL_PATIENTS, Split, inner_folds, nested_splits
from spinecast.training.search import SearchData, SearchResult, search
from spinecast.training.study import Study
from spinecast.training.tuning_unit import CandidatePlan

__all__ = ["CrossValidated", "Refit", "refit_model", "refit_plans"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CrossValidated:
    """Logarithmic loss of a refit less that of logistic recalibration, in patients held out of both.

    Parameters
    ----------
    difference : Estimate or Absent
        Below 0 where the refit does better. The interval takes patients as independent; those of one fold share their
        training patients.
    folds : int
    """

    difference: Measure
    folds: int

    @property
    def prefers_refit(self) -> bool:
        """Whether the refit is better beyond chance: the whole interval lies below 0."""
        found = self.difference
        return not isinstance(found, Absent) and found.upper is not None and found.upper < 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"log_loss_difference": self.difference.to_dict(), "folds": self.folds, "prefers": self.prefers_refit}


@dataclass(frozen=True)
class Refit:
    """A model fitted again.

    Parameters
    ----------
    model : PrognosisModel
        Its ``about`` is that of the model before.
    cross_validated : CrossValidated or None
        None where it was not asked for.
    """

    model: PrognosisModel
    cross_validated: CrossValidated | None


def refit_plans(model: PrognosisModel, study: Study, record: Path) -> tuple[CandidatePlan, ...]:
    """Return the candidates the model is made of, each with the parameters its last tuning ended in and no other.

    Parameters
    ----------
    model : PrognosisModel
    study : Study
        It was trained by.
    record : pathlib.Path
        Folder of the record of that training.

    Raises
    ------
    ArtifactError
        If the record does not hold the model's candidates.
    """
    recorded = {entry["name"]: entry for entry in RunRecord.load(record).tuning["candidates"]}
    planned = {plan.name: plan for plan in candidate_plans(study)}
    parameters = {}
    for part in model.parts:
        if part.name not in recorded or part.name not in planned:
            raise ArtifactError(
                f"the record of the training does not hold the candidate {part.name}", where=str(record)
            )
        last = next(split for split in recorded[part.name]["splits"] if split["split"] == ALL_PATIENTS)
        parameters[part.name] = last["best"]["parameters"]
    return fixed_plans([planned[name] for name in parameters], parameters)


def refit_model(
    model: PrognosisModel,
    plans: tuple[CandidatePlan, ...],
    study: Study,
    cohort: Cohort,
    labelled: LabelledOutcome,
    *,
    seed: int,
    workers: int,
    cross_validate: bool,
) -> Refit:
    """Fit a model's candidates on other patients.

    Parameters
    ----------
    model : PrognosisModel
        As it is.
    plans : tuple of CandidatePlan
        Of `refit_plans`.
    study : Study
        Whose folds and groups are used.
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort.
    seed, workers : int
    cross_validate : bool
        Whether the refit is to be set against logistic recalibration in patients held out.

    Raises
    ------
    CohortError
        If the patients do not fill the study's folds with both outcomes.
    """
    splits = nested_splits(
        labelled.values,
        _groups(study, cohort, labelled),
        known=labelled.known,
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=seed,
    )
    if not cross_validate:
        splits = [split for split in splits if split.name == ALL_PATIENTS]
    matrix = model.matrix(cohort.frame)[labelled.rows]
    schema = PredictorSchema.from_variables([variable(name) for name in model.predictors])
    weights = {}
    if labelled.weights is not None:
        weights = {split.name: labelled.ipcw_weights_for(split.train) for split in splits}
    data = SearchData(matrix, schema, labelled.values, weights)
    with tempfile.TemporaryDirectory(prefix=f"spinecast-refit-{os.getpid()}-") as folder:
        found = search(data, splits, plans, seed=seed, checkpoint=Path(folder), workers=workers)
        choices = _choices(plans, splits, found, data)
        refitted = _assembled(model, plans, choices[ALL_PATIENTS], found, data)
        refitted = _measured(refitted, data, inner_folds(splits), study, labelled)
    judged = None
    if cross_validate:
        names = [plan.name for plan in plans]
        held_out = collect_out_of_fold(splits, found.tuned, choices, names, len(labelled)).final
        judged = _against_recalibration(model.log_odds(matrix), held_out, splits, data, labelled.weights)
    return Refit(refitted, judged)


def _groups(study: Study, cohort: Cohort, labelled: LabelledOutcome) -> NDArray[np.int64] | None:
    """Number the groups that stay together, where these patients have what the study keeps its own together by."""
    group = study.resampling.group
    if group is None:
        return None
    held = cohort.groups is not None if is_group_column(study, group) else group in cohort.frame
    return patient_groups(study, cohort, labelled) if held else None


def _choices(
    plans: tuple[CandidatePlan, ...], splits: list[Split], found: SearchResult, data: SearchData
) -> dict[str, SplitChoice]:
    names = [plan.name for plan in plans]  # those the model is made of: nothing is chosen again
    return {
        split.name: choose(
            split,
            {name: found.tuned[split.name, name] for name in names},
            names,
            data.outcome,
            data.weights.get(split.name),
        )
        for split in splits
    }


def _assembled(
    model: PrognosisModel, plans: tuple[CandidatePlan, ...], choice: SplitChoice, found: SearchResult, data: SearchData
) -> PrognosisModel:
    tuned = {plan.name: found.tuned[ALL_PATIENTS, plan.name] for plan in plans}
    return replace(
        model,
        parts=final_parts(choice, tuned, {plan.name: plan for plan in plans}, model.predictors),
        intercept=choice.intercept,
        slope=choice.slope,
        marginals=development_marginals(data.matrix, data.schema.levels),
        venn_abers=None,
    )


def _measured(
    model: PrognosisModel, data: SearchData, fold: NDArray[np.int64], study: Study, labelled: LabelledOutcome
) -> PrognosisModel:
    """Let the model carry what it lost and whom it knows of the patients it is now made from."""
    found = measure_missing_inputs(
        held_out_risk(model),
        model.predictors,
        data.matrix,
        fold,
        labelled,
        bootstrap=study.evaluation.bootstrap,
        seed=study.seed,
    )
    known = learn_development_distribution(data.matrix, data.schema, fold)
    return replace(model, development=known, missing=missing_loss(model.predictors, found, model.slope))


def _against_recalibration(
    log_odds: FloatArray, refit: FloatArray, splits: list[Split], data: SearchData, weights: FloatArray | None
) -> CrossValidated:
    """Compare the refit with logistic recalibration, learned outside each fold too."""
    outer = [split for split in splits if split.test.size]
    recalibrated = np.empty(len(refit))
    for split in outer:
        own = data.weights.get(split.name)
        line = fit_update(
            data.outcome[split.train],
            log_odds[split.train],
            "logistic",
            None if own is None else own[split.train],
        )
        if not isinstance(line, UpdateLine):
            return CrossValidated(Absent(f"no slope can be told in {split.name}: {line.reason}"), len(outer))
        recalibrated[split.test] = expit(line.apply(log_odds[split.test]))
    difference = compare_loss(data.outcome, refit, recalibrated, "log_loss", weights, bootstrap=500, seed=0)
    return CrossValidated(difference, len(outer))
