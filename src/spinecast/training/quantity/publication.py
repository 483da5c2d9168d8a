"""From what training of a quantity computed to what people read: model, evaluation, explanation, record, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.explanation.quantity_summary import summarise_quantity
from spinecast.files import atomic_write
from spinecast.models.quantiles.artifact import save_quantity_model
from spinecast.models.quantiles.model import QuantityModel
from spinecast.reporting import RunRecord
from spinecast.training.described_features import described_features
from spinecast.training.features import predictor_schema
from spinecast.training.output import MODEL, OUT_OF_FOLD, REJECTIONS
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.publication import write_report
from spinecast.training.quantity.final_model import measured_quantity_model
from spinecast.training.quantity.fitting import TrainedQuantity
from spinecast.training.quantity.judging import judge_quantity
from spinecast.training.run_facts import Clock, describe_search, run_facts
from spinecast.training.seeds import derive_seed
from spinecast.training.study import resolved_yaml
from spinecast.training.tracked_run import metrics_of, track_run

if TYPE_CHECKING:
    from spinecast.tracking.runs import TrackedRun
    from spinecast.tracking.store import Store

__all__ = ["WrittenQuantity", "publish_quantity"]


@dataclass(frozen=True)
class WrittenQuantity:
    """A run whose results stand in a folder and may be tracked.

    Parameters
    ----------
    trained : TrainedQuantity
    model : QuantityModel
    identity : str
    record : RunRecord
    """

    trained: TrainedQuantity
    model: QuantityModel
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
            metrics=_metrics(self.evaluation),
            candidates={
                one["name"]: ({"label": one["label"]}, metrics_of(one["measures"]))
                for one in self.evaluation["candidates"]
            },
        )


def publish_quantity(trained: TrainedQuantity, staging: Path, *, overrides: Sequence[str]) -> WrittenQuantity:
    """Compute what is shown of a run and write it into a folder.

    Parameters
    ----------
    trained, staging, overrides
        As :func:`spinecast.training.publication.publish`.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    clock = Clock()
    say("measuring what missing inputs cost")
    model, missing = clock.timed("missing_inputs_seconds", lambda: measured_quantity_model(trained))
    identity = save_quantity_model(model, staging / MODEL)
    say("judging out-of-fold distributions")
    evaluation, checklist = clock.timed("evaluation_seconds", lambda: judge_quantity(trained))
    say("explaining the final model")
    explanation = clock.timed("explanation_seconds", lambda: _explanation(trained, model))
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, trained.passing, model_predictors(trained.study))
        | described_features(trained.study, trained.cohort, trained.passing, model),
        evaluation=evaluation | {"missing_inputs": missing.to_dict()},
        tuning=_tuning(trained),
        explanation=explanation,
        run=run_facts(trained, identity, clock, overrides) | checklist.to_dict(),
    )
    say("writing the report")
    write_report(record, staging)
    _write_out_of_fold(trained, staging / OUT_OF_FOLD)
    if len(trained.cohort.rejections):
        trained.cohort.rejections.write(staging / REJECTIONS)
    return WrittenQuantity(trained=trained, model=model, identity=identity, record=record)


def _explanation(trained: TrainedQuantity, model: QuantityModel) -> dict[str, Any]:
    return summarise_quantity(
        model,
        predictor_schema(trained.study, model.predictors).on_common_scale(
            trained.cohort.matrix(model.predictors)[trained.labelled.rows]
        ),
        trained.distribution().median(),
        [variable(name) for name in model.predictors],
        patients=trained.study.explanation.patients,
        seed=derive_seed(trained.study.seed, "explanation"),
    )


def _tuning(trained: TrainedQuantity) -> dict[str, Any]:
    return {
        "loss": "pinball loss",
        "averaged": "quantile",
        "candidates": [
            describe_search(plan, {split.name: trained.tuned[split.name, plan.name] for split in trained.splits})
            for plan in trained.plans
        ],
        "selection": [
            {"split": choice.split, "chosen": list(choice.chosen), "log_loss": dict(choice.loss)}
            for choice in trained.choices.values()
        ],
    }


def _write_out_of_fold(trained: TrainedQuantity, path: Path) -> None:
    import pandas

    labelled = trained.labelled
    quantiles = {
        f"quantile_{level:g}{ending}": values
        for ending, name in {"": None, **{f"_{plan.name}": plan.name for plan in trained.plans}}.items()
        for level, values in zip(trained.levels, trained.distribution(name).quantiles().T, strict=True)
    }
    chances = trained.distribution().exceedance(trained.thresholds).T
    table = pandas.DataFrame(
        {
            "patient": trained.cohort.patient_ids.to_numpy()[labelled.rows],
            "value": labelled.values,
            "fold": trained.fold,
            **quantiles,
            **{f"at_least_{one:g}": chance for one, chance in zip(trained.thresholds, chances, strict=True)},
        }
    )
    atomic_write(path, table.to_csv(index=False))


def _metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Flatten the measures, and those of each threshold with its value: ``brier_at_1000``."""
    flat = metrics_of(evaluation["measures"])
    for one in evaluation["thresholds"]:
        flat |= metrics_of({f"{name}_at_{one['threshold']:g}": measure for name, measure in one["measures"].items()})
    return flat
