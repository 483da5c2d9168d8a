"""From what training of times computed to what people read: model, evaluation, explanation, record, report, store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.cohorts.outcomes import read_as_seen
from spinecast.explanation.curve_summary import summarise_curves
from spinecast.models.loading import TimedModel
from spinecast.models.survival.artifact import save_competing_model, save_survival_model
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.reporting import RunRecord
from spinecast.training.described_features import described_features
from spinecast.training.features import predictor_schema
from spinecast.training.missing_loss import recorded_missing
from spinecast.training.output import MODEL
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.run_facts import Clock, describe_searches, run_facts
from spinecast.training.seeds import derive_seed
from spinecast.training.study import resolved_yaml
from spinecast.training.survival.final_model import measured_timed_model
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.training.survival.internal_judging import judge_times_internally
from spinecast.training.survival.judging import judge_times
from spinecast.training.tracked_run import internal_metrics, metrics_of
from spinecast.training.written_run import WrittenRun, write_results

if TYPE_CHECKING:
    import pandas


__all__ = ["publish_times"]


def publish_times(
    trained: TrainedTimes, staging: Path, results: Path, *, overrides: Sequence[str]
) -> WrittenRun[TimedModel]:
    """Compute what is shown of a run and write it into a folder.

    Parameters
    ----------
    trained, staging, overrides
        As :func:`spinecast.training.publication.publish`.
    results : pathlib.Path
        Folder in which the results of other studies stand.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    clock = Clock()
    say("measuring what missing inputs cost")
    model, missing = clock.timed("missing_inputs_seconds", lambda: measured_timed_model(trained))
    save = staging / MODEL
    identity = (
        save_competing_model(model, save)
        if isinstance(model, CompetingRisksModel)
        else save_survival_model(model, save)
    )
    say("judging out-of-fold curves")
    evaluation, checklist = clock.timed("evaluation_seconds", lambda: judge_times(trained, results))
    say("judging what was fitted again")
    internal = clock.timed("internal_validation_seconds", lambda: judge_times_internally(trained, model))
    say("explaining the final model")
    explanation = clock.timed("explanation_seconds", lambda: _explanation(trained, model))
    seen = read_as_seen(trained.labelled)
    run = run_facts(trained, identity, clock, overrides) | checklist.to_dict()
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, seen, model_predictors(trained.study))
        | described_features(trained.study, trained.cohort, seen, model),
        evaluation=evaluation | {"missing_inputs": recorded_missing(missing, model, trained, trained.labelled.rows)},
        tuning=_tuning(trained),
        explanation=explanation,
        run=run,
        internal=internal.to_dict(),
    )
    write_results(trained, record, _out_of_fold(trained), staging)
    candidates = {one["name"]: ({"label": one["label"]}, _metrics(one)) for one in evaluation["candidates"]}
    return WrittenRun(
        trained, model, identity, record, _metrics(evaluation) | internal_metrics(record.internal), candidates
    )


def _explanation(trained: TrainedTimes, model: TimedModel) -> dict[str, Any]:
    return summarise_curves(
        model,
        predictor_schema(trained.study, model.predictors).on_common_scale(
            trained.cohort.matrix(model.predictors)[trained.labelled.rows]
        ),
        trained.risk([model.explained_day])[:, 0],
        [variable(name) for name in model.predictors],
        patients=trained.study.explanation.patients,
        seed=derive_seed(trained.study.seed, "explanation"),
    )


def _tuning(trained: TrainedTimes) -> dict[str, Any]:
    """Describe the search for the cause of interest; those of other causes are in the same form, one a cause."""
    by_cause = [
        {"cause": cause.cause, **describe_searches(trained.plans, trained.splits, cause.tuned, cause.choices)}
        for cause in trained.causes
    ]
    described = {"loss": "integrated Brier score", **by_cause[0]}
    return described | {"other_causes": by_cause[1:]}


def _out_of_fold(trained: TrainedTimes) -> pandas.DataFrame:
    import pandas

    labelled = trained.labelled
    names = {"": None, **{f"_{plan.name}": plan.name for plan in trained.plans}}
    days = labelled.horizons_days
    risks = {
        f"risk_{day:g}{ending}": values
        for ending, name in names.items()
        for day, values in zip(days, trained.risk(days, name).T, strict=True)
    }
    causes = np.array(["", *labelled.causes], dtype=object)
    return pandas.DataFrame(
        {
            "patient": trained.cohort.patient_ids.to_numpy()[labelled.rows],
            "time": labelled.time,
            "cause": causes[labelled.cause],
            "fold": trained.fold,
            **risks,
        }
    )


def _metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Flatten measures of the curve, and of each horizon with its day: ``horizon_auc_90``."""
    flat = metrics_of(evaluation["measures"])
    for one in evaluation["horizons"]:
        flat |= metrics_of({f"{name}_{one['day']:g}": measure for name, measure in one["measures"].items()})
    return flat
