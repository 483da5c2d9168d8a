"""Judging a run by the risks of patients its models never saw: measures, candidates, comparators, checks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.training.fitting import Trained
from spinecast.training.plan import candidate_parameters
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.seeds import derive_seed
from spinecast.training.tuning_unit import CandidatePlan
from spinecast.training.workers import dismiss_workers, side_by_side
from spinecast.validation import (
    CandidateEvaluation,
    Checklist,
    CohortIdentity,
    Comparator,
    Evaluation,
    OutcomeLabel,
    Predictions,
    check_calibration_slope,
    compare,
    evaluate,
    evaluate_candidate,
)
from spinecast.validation.adequacy import Anticipated, judge_development
from spinecast.validation.checks import check_apparent, check_rising_calibration, check_subgroup_harm
from spinecast.validation.predictions import central_risks
from spinecast.validation.subgroups import FEWEST, default_subgroup_variables, group_patients

__all__ = ["judge", "judge_size"]


class _Settings(TypedDict):
    decision_range: tuple[float, float]
    bootstrap: int
    seed: int


def judge(trained: Trained) -> tuple[Evaluation, Checklist]:
    """Evaluate the final procedure, every candidate and every comparator out of fold, and run the checks.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    evaluation : Evaluation
    checklist : Checklist
        What became of every check.
    """
    study, found = trained.study, trained.out_of_fold
    settings = _Settings(
        decision_range=study.evaluation.decision_range,
        bootstrap=study.evaluation.bootstrap,
        seed=derive_seed(study.seed, "evaluation"),
    )
    final = _predictions(trained, found.final)
    evaluation = evaluate(
        final,
        model=study.study,
        label=_final_label(trained),
        outcome=OutcomeLabel(label=trained.labelled.label, positive_label=trained.labelled.positive_label),
        cohort=CohortIdentity(
            name=trained.cohort.name, kind=trained.cohort.kind, fingerprint=trained.cohort.fingerprint
        ),
        thresholds=study.evaluation.thresholds,
        **settings,
    )
    parts = {part for choice in trained.choices.values() if choice.split == ALL_PATIENTS for part in choice.chosen}

    candidates = side_by_side(
        partial(_judge_candidate, final=final, settings=settings),
        [(_predictions(trained, found.candidates[plan.name]), plan, plan.name in parts) for plan in trained.plans],
        trained.workers,
    )
    if trained.workers > 1:
        dismiss_workers()
    horizon = trained.labelled.horizon_days
    comparators = tuple(
        compare(final, comparator, horizon_days=horizon, **settings) for comparator in _comparators(trained)
    )
    complete = evaluation.attach(candidates=tuple(candidates), comparators=comparators)
    return complete, _checklist(trained, complete)


def judge_size(trained: Trained, evaluation: Evaluation) -> dict[str, Any]:
    """Say whether the study's own patients suffice, as JSON values; see :mod:`spinecast.validation.adequacy`."""
    labelled, asked = trained.labelled, trained.study.sample_size
    weights = labelled.known.astype(np.float64) if labelled.weights is None else labelled.weights
    return judge_development(
        n=evaluation.n,
        events=evaluation.events,
        proportion=float(np.average(labelled.values, weights=weights)),
        parameters=candidate_parameters(trained.study),
        anticipated=Anticipated(asked.c_statistic, asked.r2_nagelkerke),
        reached=evaluation.measures["auc"],
    )


def _judge_candidate(
    task: tuple[Predictions, CandidatePlan, bool], *, final: Predictions, settings: _Settings
) -> CandidateEvaluation:
    predictions, plan, is_final_part = task
    return evaluate_candidate(
        predictions, name=plan.name, label=plan.label, is_final_part=is_final_part, final=final, **settings
    )


def _predictions(trained: Trained, risk: NDArray[np.float64]) -> Predictions:
    labelled = trained.labelled
    return Predictions(
        risk=risk,
        outcome=labelled.values,
        weights=labelled.weights,
        fold=trained.out_of_fold.fold,
        basis="out-of-fold",
    )


def _final_label(trained: Trained) -> str:
    labels = {plan.name: plan.label for plan in trained.plans}
    chosen = [labels[name] for name in trained.choices[ALL_PATIENTS].chosen]
    return chosen[0] if len(chosen) == 1 else f"Ensemble of {len(chosen)} candidates"


def _comparators(trained: Trained) -> Sequence[Comparator]:
    made = []
    for asked in trained.study.comparators:
        values = trained.cohort.matrix([asked.variable])[trained.labelled.rows, 0]
        label = variable(asked.variable).label
        made.append(
            Comparator(
                name=asked.name,
                label=f"1 - {label}" if asked.complement else label,
                risk=1 - values if asked.complement else values,
                horizon_days=asked.horizon_days,
                note=asked.note or "",
            )
        )
    return made


def _checklist(trained: Trained, evaluation: Evaluation) -> Checklist:
    study, final = trained.study, _predictions(trained, trained.out_of_fold.final)
    groupings = group_patients(trained.cohort, trained.labelled.rows, default_subgroup_variables())
    results = [
        *trained.first_checks,
        check_calibration_slope(evaluation.measures["calibration_slope"]),
        check_apparent(evaluation.basis),
        check_rising_calibration(evaluation.calibration_curve, central_risks(final)),
        check_subgroup_harm(
            final,
            groupings,
            study.evaluation.thresholds,
            fewest=FEWEST,
            bootstrap=study.evaluation.bootstrap,
            seed=derive_seed(study.seed, "evaluation"),
        ),
    ]
    return Checklist("train", results)
