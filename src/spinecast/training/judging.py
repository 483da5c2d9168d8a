"""Judging a run by the risks of patients its models never saw: measures, candidates, comparators, checks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.training.fitting import Trained
from spinecast.training.plan import model_predictors
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.seeds import derive_seed
from spinecast.training.tuning import CandidatePlan
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
    check_events,
    check_horizon,
    check_missingness,
    check_predictor_roles,
    check_synthetic_cohort,
    compare,
    evaluate,
    evaluate_candidate,
)

__all__ = ["judge"]


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
        partial(_judge_candidate, settings=settings),
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


def _judge_candidate(task: tuple[Predictions, CandidatePlan, bool], *, settings: _Settings) -> CandidateEvaluation:
    predictions, plan, is_final_part = task
    return evaluate_candidate(predictions, name=plan.name, label=plan.label, is_final_part=is_final_part, **settings)


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
    labelled, names = trained.labelled, model_predictors(trained.study)
    predictors = [variable(name) for name in names]
    parameters = sum(max(len(entry.levels) - 1, 1) for entry in predictors)
    happened, did_not = labelled.known & (labelled.values == 1), labelled.known & (labelled.values == 0)
    rarer = happened if happened.sum() <= did_not.sum() else did_not
    missing = np.isnan(trained.cohort.matrix(names)[labelled.rows])
    shares = zip(missing[happened].mean(axis=0).tolist(), missing[did_not].mean(axis=0).tolist(), strict=True)
    results = [
        check_predictor_roles(predictors),
        check_events(int(rarer.sum()), parameters, np.bincount(trained.out_of_fold.fold[rarer])[1:].tolist()),
        check_calibration_slope(evaluation.measures["calibration_slope"]),
        check_horizon(labelled.horizon_days, None if labelled.time is None else float(labelled.time.max())),
        check_synthetic_cohort(trained.cohort.kind),
        check_missingness(dict(zip(names, shares, strict=True))),
    ]
    return Checklist("train", results)
