"""From what training of times computed to what people read: model, evaluation, explanation, record, report, store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinecast.cohorts.outcomes import read_as_seen
from spinecast.explanation.curve_summary import summarise_curves
from spinecast.models.loading import TimedModel
from spinecast.models.survival.artifact import save_competing_model, save_survival_model
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.training.publication_steps import PublicationSteps, explain_development, publish_in_steps
from spinecast.training.run_facts import describe_searches
from spinecast.training.survival.final_model import measured_timed_model, resample_timed_model
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.training.survival.internal_judging import judge_times_internally
from spinecast.training.survival.judging import judge_times
from spinecast.training.tracked_run import metrics_of
from spinecast.training.written_run import WrittenRun

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
    steps = PublicationSteps(
        measured_model=measured_timed_model,
        save=_save,
        judged="curves",
        judge=lambda trained: judge_times(trained, results),
        judge_internally=judge_times_internally,
        explain=_explanation,
        bootstraps=lambda trained: [one.bootstrap for one in trained.refitted],
        resample_model=resample_timed_model,
        event=lambda trained: read_as_seen(trained.labelled),
        tuning=_tuning,
        out_of_fold=_out_of_fold,
        metrics=_metrics,
        candidate_metrics=_metrics,
    )
    return publish_in_steps(trained, staging, steps, overrides=overrides)


def _save(model: TimedModel, folder: Path) -> str:
    if isinstance(model, CompetingRisksModel):
        return save_competing_model(model, folder)
    return save_survival_model(model, folder)


def _explanation(trained: TrainedTimes, model: TimedModel) -> dict[str, Any]:
    return explain_development(summarise_curves, trained, model, trained.risk([model.explained_day])[:, 0])


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
