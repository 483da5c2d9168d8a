"""An update judged and put into a record: the model before and after, the checks, and no patient."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinecast.cohorts.cohort import Cohort
    from spinecast.cohorts.outcomes import LabelledOutcome
    from spinecast.models.prognosis_model import PrognosisModel
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.training.updating import Update, UpdatePlan
    from spinecast.validation.before_after import BeforeAfter
    from spinecast.validation.checks import Checklist, Result
    from spinecast.validation.development import Development
    from spinecast.validation.external_plan import ValidationSettings
    from spinecast.validation.predictions import Predictions
    from spinecast.validation.updating_ordinal import LevelsUpdate
    from spinecast.validation.updating_quantity import QuantityUpdate
    from spinecast.validation.updating_times import TimesUpdate

__all__ = ["Finished", "Judged", "judge", "update_record"]


@dataclass(frozen=True, eq=False)
class Judged:
    """An update judged: the evaluation after it, and everything else that was found, as JSON values."""

    evaluation: dict[str, Any]
    findings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Finished:
    """An update that was fitted, and the patients set apart to judge it."""

    plan: UpdatePlan
    update: Update | TimesUpdate | QuantityUpdate | LevelsUpdate
    development: Development
    first: tuple[Result, ...]
    judging: Cohort
    lacking: tuple[str, ...]
    notes: tuple[str, ...]
    settings: ValidationSettings
    started: datetime
    reading: dict[str, Any]


def judge(done: Finished) -> Judged:
    """Judge the model before and after, on the patients set apart, and make the checks."""
    from spinecast.cli.update_kinds import judge_kind
    from spinecast.models.prognosis_model import PrognosisModel

    updated = done.update.model
    if isinstance(updated, PrognosisModel):
        judged, checklist = _judge_risk(done, updated)
        return Judged(judged.after.to_dict(), judged.parts() | checklist.to_dict())
    found = judge_kind(done, updated)
    return Judged(found.after, found.parts())


def _judge_risk(done: Finished, updated: PrognosisModel) -> tuple[BeforeAfter, Checklist]:
    from spinecast.statistics import Absent
    from spinecast.validation.before_after import judge_update
    from spinecast.validation.evaluation import CohortIdentity, OutcomeLabel
    from spinecast.validation.model_risks import predict_columns
    from spinecast.validation.predictions import Predictions
    from spinecast.validation.recorded_outcome import label_as_event
    from spinecast.validation.risk_sources import cohort_columns
    from spinecast.validation.survival import followed_risk

    plan, settings = done.plan, done.settings
    labelled = label_as_event(done.judging, plan.outcome)
    columns = {name: column[labelled.rows] for name, column in cohort_columns(done.judging).items()}

    def predicted(model: PrognosisModel) -> Predictions:
        return Predictions(predict_columns(model, columns), labelled.values, labelled.weights, None, "external")

    before, after = predicted(plan.risk_model), predicted(updated)
    followed = None if labelled.weights is None else followed_risk(labelled, after.risk)
    title = str(plan.model.about.get("title") or plan.model.name)
    judged = judge_update(
        before,
        after,
        names=(f"{plan.model.name}_before", plan.model.name),
        labels=("Before the update", f"{title}, updated"),
        outcome=OutcomeLabel(labelled.label, labelled.positive_label),
        cohort=CohortIdentity(done.judging.name, done.judging.kind, done.judging.fingerprint),
        thresholds=settings.thresholds,
        decision_range=settings.decision_range,
        bootstrap=settings.bootstrap,
        seed=settings.seed,
        horizon_days=labelled.horizon_days,
        followed=None if isinstance(followed, Absent) else followed,
    )
    return judged, _checks(done, judged, after, labelled)


def _checks(done: Finished, judged: BeforeAfter, predictions: Predictions, labelled: LabelledOutcome) -> Checklist:
    from spinecast.statistics import Absent
    from spinecast.validation.checks import (
        Checklist,
        check_apparent,
        check_calibration_slope,
        check_level,
        check_rising_calibration,
        check_subgroup_harm,
        check_validation_size,
        check_without_value,
        check_worse_after_update,
    )
    from spinecast.validation.predictions import central_risks
    from spinecast.validation.subgroups import group_patients
    from spinecast.validation.survival import followed_risk

    after, settings = judged.after, done.settings
    remedy = "look at both calibration curves; update on more patients, or by a method that changes more"
    changed = done.update.method != "original"
    followed = None if labelled.weights is None else followed_risk(labelled, predictions.risk)
    results = [
        *done.first,
        check_calibration_slope(after.measures["calibration_slope"], remedy=remedy),
        check_apparent(after.basis),
        check_rising_calibration(after.calibration_curve, central_risks(predictions)),
        check_subgroup_harm(
            predictions,
            group_patients(done.judging, labelled.rows, settings.subgroups),
            settings.thresholds,
            followed=None if isinstance(followed, Absent) else followed,
            fewest=settings.fewest,
            bootstrap=settings.bootstrap,
            seed=settings.seed,
        ),
        check_validation_size(after.n, after.events),
        check_level(after.measures["observed_expected_ratio"]),
        check_without_value(0, after.n),  # a model of ours fills in what is missing
        check_worse_after_update(judged.differences["log_loss"] if changed else None),
    ]
    return Checklist("update", results)


def update_record(done: Finished, judged: Judged, identity: str | None) -> ExternalRecord:
    """Put a finished update into a record: what was changed, on whom, every number, and no patient."""
    from spinecast.clinical.dictionary import variable
    from spinecast.cohorts.describing.by_outcome import describe
    from spinecast.notices import RESEARCH_USE, SYNTHETIC
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.training.environment import describe_environment

    plan, cohort = done.plan, done.judging
    labelled = _described(done, judged)
    title = str(plan.model.about.get("title") or plan.model.name)
    synthetic = done.update.model.is_synthetic or "synthetic" in (cohort.kind, plan.cohort.kind)
    about = {
        "kind": "update",
        "title": f"{title}: update on {plan.cohort.name}",
        "notices": [RESEARCH_USE, *([SYNTHETIC] if synthetic else [])],
        "source": {
            "name": plan.model.name,
            "label": title,
            "kind": "model",
            "inputs": list(plan.model.predictors),
            "identity": identity or plan.identity,
            "ranks_only": None,
            "note": "",
        },
        "development": done.development.to_dict(),
        "update": {
            "title": title,
            "asked": plan.method,
            "method": done.update.method,
            "parent": {"identity": plan.identity, "version": plan.version},
            "identity": identity,
            "version": None,  # the registry gives it after the record is written
            "cohort": {
                "name": plan.cohort.name,
                "kind": plan.cohort.kind,
                "fingerprint": plan.cohort.fingerprint,
                "n": int(plan.labelled.known.sum()),
                "events": plan.labelled.events,
            },
            "apart": _apart(done),
            "reading": done.reading,
        },
        "cohort": {
            "name": cohort.name,
            "kind": cohort.kind,
            "fingerprint": cohort.fingerprint,
            "patients": len(labelled),
        },
        "outcome": {"definition": {"kind": type(plan.outcome).__name__, **asdict(plan.outcome)}},
        "weighted": labelled.weights is not None and not labelled.known.all(),
        "settings": done.settings.to_dict(),
        "lacking": [variable(name).label for name in done.lacking],
        "notes": list(done.notes),
        "started": done.started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment(Path.cwd()),
    }
    evaluation = judged.evaluation
    evaluation["outcome"].setdefault("negative_label", labelled.negative_label)
    described = [name for name in plan.model.predictors if name in cohort.frame]
    return ExternalRecord(
        about=about,
        evaluation=evaluation,
        cohort=describe(cohort, labelled, described),
        findings={"updating": done.update.to_dict(), **judged.findings},
    )


def _described(done: Finished, judged: Judged) -> LabelledOutcome:
    """Return the outcome the patients judged on are described by: of a quantity, whether it reached what is checked."""
    from spinecast.cohorts.outcomes import QuantityOutcome, label_outcome, read_by_threshold
    from spinecast.validation.recorded_outcome import label_as_event

    outcome = done.plan.outcome
    if isinstance(outcome, QuantityOutcome):
        return read_by_threshold(label_outcome(done.judging, outcome), judged.evaluation["checked_threshold"])
    return label_as_event(done.judging, outcome)


def _apart(done: Finished) -> str:
    """Say how the patients judged on were set apart from those updated on."""
    if done.plan.drawn_from is None:
        return f"The model is judged on {done.judging.name}, other patients than those it was updated on."
    by = "whole groups went to one side" if done.judging.groups is not None else "by chance, alike in outcome"
    return (
        f"The patients of {done.plan.cohort.name} were divided before anything was fitted ({by}). How the updated "
        "model does in a third place, or later, is not shown."
    )
