"""From what training of times computed to what people read: model, evaluation, explanation, record, report, store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.cohorts.outcomes import read_as_seen
from spinecast.explanation.curve_summary import summarise_curves
from spinecast.files import atomic_write
from spinecast.models.loading import TimedModel
from spinecast.models.survival.artifact import save_competing_model, save_survival_model
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.reporting import RunRecord
from spinecast.training.output import MODEL, OUT_OF_FOLD, REJECTIONS
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.publication import write_report
from spinecast.training.run_facts import Clock, describe_search, run_facts
from spinecast.training.seeds import derive_seed
from spinecast.training.study import resolved_yaml
from spinecast.training.survival.final_model import measured_timed_model
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.training.survival.internal_judging import judge_times_internally
from spinecast.training.survival.judging import judge_times
from spinecast.training.tracked_run import internal_metrics, metrics_of, track_run

if TYPE_CHECKING:
    from spinecast.tracking.runs import TrackedRun
    from spinecast.tracking.store import Store

__all__ = ["WrittenTimes", "publish_times"]


@dataclass(frozen=True)
class WrittenTimes:
    """A run whose results stand in a folder and may be tracked.

    Parameters
    ----------
    trained : TrainedTimes
    model : TimeToEventModel or CompetingRisksModel
    identity : str
    record : RunRecord
    """

    trained: TrainedTimes
    model: TimedModel
    identity: str
    record: RunRecord

    @property
    def evaluation(self) -> Mapping[str, Any]:
        """The out-of-fold evaluation."""
        return self.record.evaluation

    def track(self, store: Store, output: Path) -> TrackedRun:
        """Write the run to the tracking store."""
        return track_run(
            store,
            output,
            self.trained,
            self.record,
            self.model,
            self.identity,
            metrics=_metrics(self.evaluation) | internal_metrics(self.record.internal),
            candidates={one["name"]: ({"label": one["label"]}, _metrics(one)) for one in self.evaluation["candidates"]},
        )


def publish_times(trained: TrainedTimes, staging: Path, results: Path, *, overrides: Sequence[str]) -> WrittenTimes:
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
    run = run_facts(trained, identity, clock, overrides) | checklist.to_dict()
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, read_as_seen(trained.labelled), model_predictors(trained.study)),
        evaluation=evaluation | {"missing_inputs": missing.to_dict()},
        tuning=_tuning(trained),
        explanation=explanation,
        run=run,
        internal=internal.to_dict(),
    )
    say("writing the report")
    write_report(record, staging)
    _write_out_of_fold(trained, staging / OUT_OF_FOLD)
    if len(trained.cohort.rejections):
        trained.cohort.rejections.write(staging / REJECTIONS)
    return WrittenTimes(trained=trained, model=model, identity=identity, record=record)


def _explanation(trained: TrainedTimes, model: TimedModel) -> dict[str, Any]:
    return summarise_curves(
        model,
        trained.cohort.matrix(model.predictors)[trained.labelled.rows],
        trained.risk([model.explained_day])[:, 0],
        [variable(name) for name in model.predictors],
        patients=trained.study.explanation.patients,
        seed=derive_seed(trained.study.seed, "explanation"),
    )


def _tuning(trained: TrainedTimes) -> dict[str, Any]:
    """Describe the search for the cause of interest; those of other causes are in the same form, one a cause."""
    by_cause = []
    for cause in trained.causes:
        candidates = [
            describe_search(plan, {split.name: cause.tuned[split.name, plan.name] for split in trained.splits})
            for plan in trained.plans
        ]
        selection = [
            {"split": choice.split, "chosen": list(choice.chosen), "log_loss": dict(choice.loss)}
            for choice in cause.choices.values()
        ]
        by_cause.append({"cause": cause.cause, "candidates": candidates, "selection": selection})
    described = {"loss": "integrated Brier score", **by_cause[0]}
    return described | {"other_causes": by_cause[1:]}


def _write_out_of_fold(trained: TrainedTimes, path: Path) -> None:
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
    table = pandas.DataFrame(
        {
            "patient": trained.cohort.patient_ids.to_numpy()[labelled.rows],
            "time": labelled.time,
            "cause": causes[labelled.cause],
            "fold": trained.fold,
            **risks,
        }
    )
    atomic_write(path, table.to_csv(index=False))


def _metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Flatten measures of the curve, and of each horizon with its day: ``horizon_auc_90``."""
    flat = metrics_of(evaluation["measures"])
    for one in evaluation["horizons"]:
        flat |= metrics_of({f"{name}_{one['day']:g}": measure for name, measure in one["measures"].items()})
    return flat
