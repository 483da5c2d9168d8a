"""Judging a run of times by the curves of patients its models never saw, and everything that is set beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import block_of
from spinecast.cohorts.outcomes import TimeToEventOutcome, read_by_day
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.statistics import Absent, Measure, measure_from_dict
from spinecast.training.plan import model_predictors, timed_definition
from spinecast.training.published import find_published
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.seeds import derive_seed
from spinecast.training.survival.assembly import CauseResult
from spinecast.training.survival.beside import horizon_studies
from spinecast.training.survival.fine_gray import fine_gray_out_of_fold
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.training.workers import dismiss_workers, side_by_side
from spinecast.validation.checks import (
    Checklist,
    check_apparent,
    check_calibration_slope,
    check_rising_calibration,
    check_subgroup_harm,
)
from spinecast.validation.predictions import Predictions, central_risks
from spinecast.validation.risk_sources import AskedOutcome, RiskSource, cohort_columns
from spinecast.validation.subgroups import FEWEST, default_subgroup_variables, group_patients
from spinecast.validation.timed import TimedJudge, mean_time_lost
from spinecast.validation.timed_horizon import JudgedRisk, TimedSettings, one_day_measures

__all__ = ["judge_times", "timed_judge"]

FloatArray = NDArray[np.float64]


def judge_times(trained: TrainedTimes, results: Path) -> tuple[dict[str, Any], Checklist]:
    """Evaluate the final procedure, candidates, comparators, published prognoses and studies of one day.

    Parameters
    ----------
    trained : TrainedTimes
    results : pathlib.Path
        Folder in which the results of other studies stand.

    Returns
    -------
    evaluation : dict
        JSON values: the content of ``evaluation.json``.
    checklist : Checklist
    """
    study, labelled = trained.study, trained.labelled
    judge = timed_judge(trained)
    settings = judge.settings
    at_horizons = trained.risk(settings.horizons)
    tasks = [(judge, day, JudgedRisk(at_horizons[:, at])) for at, day in enumerate(settings.horizons)]
    horizons = side_by_side(_judge_horizon, tasks, trained.workers)
    candidates = side_by_side(_judge_candidate, [(judge, trained, plan.name) for plan in trained.plans], 1)
    if trained.workers > 1:
        dismiss_workers()
    curve = judge.curve(trained.risk)
    evaluation = {
        "kind": study.outcome.kind,
        "label": _final_label(trained),
        "basis": "out-of-fold",
        "n": len(labelled),
        "events": labelled.events[0],
        "outcome": {
            "label": labelled.label,
            "positive_label": labelled.cause_labels[0],
            "negative_label": "Without the event",
            "causes": [
                {"cause": cause, "label": label, "events": count}
                for cause, label, count in zip(labelled.causes, labelled.cause_labels, labelled.events, strict=True)
            ],
        },
        "horizons_days": list(settings.horizons),
        "reference_day": float(trained.grid[trained.causes[0].task.reference]),
        "corrected_days": [_corrected_days(trained, cause) for cause in trained.causes],
        "last_day": float(trained.grid[-1]),
        "measures": {name: measure.to_dict() for name, measure in curve.items()}
        | one_day_measures(_checked(trained, horizons)),
        "one_day": trained.checked_day,
        **{key: _checked(trained, horizons)[key] for key in ("calibration_curve", "decision_curve")},
        "horizons": horizons,
        "auc_over_time": judge.auc_over_time(trained.risk),
        "observed": judge.observed(trained.risk),
        "candidates": candidates,
        "comparators": [*_recorded(trained, judge), *_published(trained, judge), *_subdistribution(trained, judge)],
        "horizon_studies": horizon_studies(trained, judge, results),
    }
    return evaluation, _checklist(trained, judge, horizons)


def timed_judge(trained: TrainedTimes) -> TimedJudge:
    """What judges risks of the study's patients on every day up to the last horizon."""
    study, labelled = trained.study, trained.labelled
    settings = TimedSettings(
        horizons=tuple(float(day) for day in labelled.horizons_days),
        thresholds=study.evaluation.thresholds,
        decision_range=study.evaluation.decision_range,
        bootstrap=study.evaluation.bootstrap,
        seed=derive_seed(study.seed, "evaluation"),
    )
    days = trained.grid[trained.grid <= max(settings.horizons)]
    return TimedJudge(labelled.time, labelled.cause.astype(np.float64), days, settings)


def _checked(trained: TrainedTimes, horizons: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return next(one for one in horizons if one["day"] == trained.checked_day)


def _judge_horizon(task: tuple[TimedJudge, float, JudgedRisk]) -> dict[str, Any]:
    judge, day, judged = task
    return judge.at(day).whole(judged)


def _judge_candidate(task: tuple[TimedJudge, TrainedTimes, str]) -> dict[str, Any]:
    judge, trained, name = task
    plan = next(plan for plan in trained.plans if plan.name == name)
    horizons = judge.settings.horizons
    risk = trained.risk(horizons, name)
    curve = judge.curve(lambda days: trained.risk(days, name))
    lost = [mean_time_lost(judge.days, trained.risk(judge.days, one)) for one in (None, name)]
    return {
        "name": name,
        "label": plan.label,
        "is_final_part": name in trained.causes[0].choices[ALL_PATIENTS].chosen,
        "measures": {key: measure.to_dict() for key, measure in curve.items()},
        "horizons": [judge.at(day).brief(risk[:, at]) for at, day in enumerate(horizons)],
        "concordance_difference": judge.compare_concordance(*lost).to_dict(),
    }


def _final_label(trained: TrainedTimes) -> str:
    labels = {plan.name: plan.label for plan in trained.plans}
    chosen = [labels[name] for name in trained.causes[0].choices[ALL_PATIENTS].chosen]
    return chosen[0] if len(chosen) == 1 else f"Ensemble of {len(chosen)} candidates"


def _corrected_days(trained: TrainedTimes, cause: CauseResult) -> dict[str, Any]:
    """How the final model's curves of one cause are corrected at the days that decide it."""
    days = cause.task.corrected_at
    choice = cause.choices[ALL_PATIENTS]
    labels = {plan.name: plan.label for plan in trained.plans}
    lines = {labels[name]: cause.tuned[ALL_PATIENTS, name].line for name in choice.chosen}
    if len(choice.chosen) > 1:
        lines["Their average"] = choice.correction
    return {
        "cause": cause.cause,
        "days": trained.grid[days].tolist(),
        "slopes": [{"label": label, "by_day": line.slope[days].tolist()} for label, line in lines.items()],
    }


def _recorded(trained: TrainedTimes, judge: TimedJudge) -> Sequence[dict[str, Any]]:
    """Other models' outputs that stand in the cohort, at their own day or the horizon nearest to it."""
    found = []
    for asked in trained.study.comparators:
        values = trained.cohort.matrix([asked.variable])[trained.labelled.rows, 0]
        risk = 1 - values if asked.complement else values
        label = variable(asked.variable).label
        own = asked.horizon_days
        day = min(judge.settings.horizons, key=lambda one: abs(np.log(one / (own or one))))
        mismatch = f"it predicts day {own}, not day {day:g}" if own is not None and own != day else ""
        entry = _beside(trained, judge, day, JudgedRisk(risk, mismatch))
        found.append(
            {
                "name": asked.name,
                "label": f"1 - {label}" if asked.complement else label,
                "note": asked.note or "",
                "horizons": [entry],
            }
        )
    return found


def _published(trained: TrainedTimes, judge: TimedJudge) -> Sequence[dict[str, Any]]:
    """Published scores and models computed from the cohort, at every horizon."""
    outcome = timed_definition(trained.study)
    event = outcome.event if isinstance(outcome, TimeToEventOutcome) else outcome.status
    columns = {name: values[trained.labelled.rows] for name, values in cohort_columns(trained.cohort).items()}
    found = []
    for name in trained.study.published:
        prognosis = find_published(name)
        if prognosis is None:
            continue  # check_study has refused the name
        entries, source = [], None
        for day in judge.settings.horizons:
            source = prognosis.source(AskedOutcome(event, day))
            entries.append(_beside(trained, judge, day, _values(source, columns)))
        if source is not None:
            found.append(
                {
                    "name": name,
                    "label": source.label,
                    "note": source.note,
                    "identity": source.identity,
                    "horizons": entries,
                }
            )
    return found


def _subdistribution(trained: TrainedTimes, judge: TimedJudge) -> Sequence[dict[str, Any]]:
    """Fine and Gray's regression in the same folds, where causes compete."""
    if len(trained.causes) == 1:
        return []
    # Unpenalised, it is no match for hundreds of image features.
    every = model_predictors(trained.study)
    names = tuple(name for name in every if block_of(name) is None)
    days = judge.settings.horizons
    risk = fine_gray_out_of_fold(
        trained.cohort.matrix(names)[trained.labelled.rows],
        PredictorSchema.from_variables([variable(name) for name in names]),
        judge.time,
        judge.cause,
        trained.splits,
        days,
        trained.grid,
    )
    note = "Fitted in the same outer folds, unpenalised, rare levels taken together. Set beside, never served."
    if isinstance(risk, Absent):
        note, risk = f"Not available: {risk.reason}.", np.full((len(judge.time), len(days)), np.nan)
    values = risk
    return [
        {
            "name": "fine_gray",
            "label": "Fine-Gray regression of the same predictors"
            if len(names) == len(every)
            else "Fine-Gray regression of the predictors that are no image features",
            "note": note,
            "identity": "Fine & Gray 1999, J Am Stat Assoc 94:496",
            "horizons": [_beside(trained, judge, day, JudgedRisk(values[:, at])) for at, day in enumerate(days)],
        }
    ]


def _values(source: RiskSource, columns: dict[str, FloatArray]) -> JudgedRisk:
    return JudgedRisk(source.compute(columns), source.ranks_only)


def _beside(trained: TrainedTimes, judge: TimedJudge, day: float, judged: JudgedRisk) -> dict[str, Any]:
    """One comparator at one horizon, and the model less it."""
    own = trained.risk([day])[:, 0]
    entry = judge.at(day).whole(judged)
    for drawn in ("calibration_curve", "calibration_groups", "decision_curve"):
        entry.pop(drawn, None)  # a report of every score at every horizon would be nothing but these
    return entry | {"difference": judge.at(day).compare(own, judged.values).to_dict()}


def _checklist(trained: TrainedTimes, judge: TimedJudge, horizons: Sequence[dict[str, Any]]) -> Checklist:
    """Every check of a training; those of an event by one day read the curves at the day that was checked."""
    study, day = trained.study, trained.checked_day
    labelled, risk = read_by_day(trained.labelled, day), trained.risk([day])[:, 0]
    predictions = Predictions(
        risk=risk, outcome=labelled.values, weights=labelled.weights, fold=trained.fold, basis="out-of-fold"
    )
    found = _checked(trained, horizons)
    slope: Measure = measure_from_dict(found["measures"]["calibration_slope"])
    results = [
        *trained.first_checks,
        check_calibration_slope(slope),
        check_apparent("out-of-fold"),
        check_rising_calibration(judge.at(day).calibration_curve(risk), central_risks(predictions)),
        check_subgroup_harm(
            predictions,
            group_patients(trained.cohort, labelled.rows, default_subgroup_variables()),
            study.evaluation.thresholds,
            fewest=FEWEST,
            bootstrap=study.evaluation.bootstrap,
            seed=judge.settings.seed,
        ),
    ]
    return Checklist("train", results)
