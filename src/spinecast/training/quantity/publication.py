"""From what training of a quantity computed to what people read: model, evaluation, explanation, record, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.explanation.quantity_summary import summarise_quantity
from spinecast.models.quantiles.artifact import save_quantity_model
from spinecast.models.quantiles.model import QuantityModel
from spinecast.reporting import RunRecord
from spinecast.training.described_features import described_features
from spinecast.training.features import predictor_schema
from spinecast.training.missing_loss import recorded_missing
from spinecast.training.output import MODEL
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.quantity.final_model import measured_quantity_model
from spinecast.training.quantity.fitting import TrainedQuantity
from spinecast.training.quantity.internal_judging import judge_quantity_internally
from spinecast.training.quantity.judging import judge_quantity
from spinecast.training.run_facts import Clock, describe_searches, run_facts
from spinecast.training.seeds import derive_seed
from spinecast.training.study import resolved_yaml
from spinecast.training.tracked_run import internal_metrics, metrics_of
from spinecast.training.written_run import WrittenRun, write_results

if TYPE_CHECKING:
    import pandas


__all__ = ["publish_quantity"]


def publish_quantity(trained: TrainedQuantity, staging: Path, *, overrides: Sequence[str]) -> WrittenRun[QuantityModel]:
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
    say("judging what was fitted again")
    internal = clock.timed("internal_validation_seconds", lambda: judge_quantity_internally(trained, model))
    say("explaining the final model")
    explanation = clock.timed("explanation_seconds", lambda: _explanation(trained, model))
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, trained.passing, model_predictors(trained.study))
        | described_features(trained.study, trained.cohort, trained.passing, model),
        evaluation=evaluation | {"missing_inputs": recorded_missing(missing, model, trained, trained.labelled.rows)},
        tuning={"loss": "pinball loss", "averaged": "quantile"}
        | describe_searches(trained.plans, trained.splits, trained.tuned, trained.choices),
        explanation=explanation,
        run=run_facts(trained, identity, clock, overrides) | checklist.to_dict(),
        internal=internal.to_dict(),
    )
    write_results(trained, record, _out_of_fold(trained), staging)
    candidates = {
        one["name"]: ({"label": one["label"]}, metrics_of(one["measures"])) for one in evaluation["candidates"]
    }
    metrics = _metrics(evaluation) | internal_metrics(record.internal)
    return WrittenRun(trained, model, identity, record, metrics, candidates)


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


def _out_of_fold(trained: TrainedQuantity) -> pandas.DataFrame:
    import pandas

    labelled = trained.labelled
    quantiles = {
        f"quantile_{level:g}{ending}": values
        for ending, name in {"": None, **{f"_{plan.name}": plan.name for plan in trained.plans}}.items()
        for level, values in zip(trained.levels, trained.distribution(name).quantiles().T, strict=True)
    }
    chances = trained.distribution().exceedance(trained.thresholds).T
    return pandas.DataFrame(
        {
            "patient": trained.cohort.patient_ids.to_numpy()[labelled.rows],
            "value": labelled.values,
            "fold": trained.fold,
            **quantiles,
            **{f"at_least_{one:g}": chance for one, chance in zip(trained.thresholds, chances, strict=True)},
        }
    )


def _metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Flatten the measures, and those of each threshold with its value: ``brier_at_1000``."""
    flat = metrics_of(evaluation["measures"])
    for one in evaluation["thresholds"]:
        flat |= metrics_of({f"{name}_at_{one['threshold']:g}": measure for name, measure in one["measures"].items()})
    return flat
