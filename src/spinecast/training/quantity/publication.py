"""From what training of a quantity computed to what people read: model, evaluation, explanation, record, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinecast.explanation.quantity_summary import summarise_quantity
from spinecast.models.quantiles.artifact import save_quantity_model
from spinecast.models.quantiles.model import QuantityModel
from spinecast.training.publication_steps import PublicationSteps, explain_development, publish_in_steps
from spinecast.training.quantity.final_model import measured_quantity_model, resample_quantity_model
from spinecast.training.quantity.fitting import TrainedQuantity
from spinecast.training.quantity.internal_judging import judge_quantity_internally
from spinecast.training.quantity.judging import judge_quantity
from spinecast.training.run_facts import describe_searches
from spinecast.training.tracked_run import metrics_of
from spinecast.training.written_run import WrittenRun

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
    return publish_in_steps(trained, staging, _STEPS, overrides=overrides)


def _explanation(trained: TrainedQuantity, model: QuantityModel) -> dict[str, Any]:
    return explain_development(summarise_quantity, trained, model, trained.distribution().median())


def _tuning(trained: TrainedQuantity) -> dict[str, Any]:
    searches = describe_searches(trained.plans, trained.splits, trained.tuned, trained.choices)
    return {"loss": "pinball loss", "averaged": "quantile"} | searches


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


_STEPS = PublicationSteps(
    measured_model=measured_quantity_model,
    save=save_quantity_model,
    judged="distributions",
    judge=judge_quantity,
    judge_internally=judge_quantity_internally,
    explain=_explanation,
    bootstraps=lambda trained: [trained.refitted.bootstrap],
    resample_model=resample_quantity_model,
    event=lambda trained: trained.passing,
    tuning=_tuning,
    out_of_fold=_out_of_fold,
    metrics=_metrics,
    candidate_metrics=lambda candidate: metrics_of(candidate["measures"]),
)
