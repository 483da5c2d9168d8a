"""From what training of ordered levels computed to what people read: model, evaluation, explanation, record, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scipy.special import expit

from spinecast.explanation.ordinal_summary import summarise_levels
from spinecast.models.ordinal.artifact import save_ordinal_model
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.ordinal.thresholds import level_probabilities
from spinecast.training.ordinal.final_model import measured_ordinal_model, resample_ordinal_model
from spinecast.training.ordinal.fitting import TrainedLevels
from spinecast.training.ordinal.internal_judging import judge_levels_internally
from spinecast.training.ordinal.judging import judge_levels
from spinecast.training.publication_steps import PublicationSteps, explain_development, publish_in_steps
from spinecast.training.run_facts import describe_searches
from spinecast.training.tracked_run import metrics_of
from spinecast.training.written_run import WrittenRun
from spinecast.validation.ordinal import rank_score

if TYPE_CHECKING:
    import pandas


__all__ = ["publish_levels"]


def publish_levels(trained: TrainedLevels, staging: Path, *, overrides: Sequence[str]) -> WrittenRun[OrdinalModel]:
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


def _explanation(trained: TrainedLevels, model: OrdinalModel) -> dict[str, Any]:
    return explain_development(summarise_levels, trained, model, rank_score(trained.final))


def _tuning(trained: TrainedLevels) -> dict[str, Any]:
    searches = describe_searches(trained.plans, trained.splits, trained.tuned, trained.choices)
    return {"loss": "ranked probability score", "averaged": "cumulative log-odds"} | searches


def _out_of_fold(trained: TrainedLevels) -> pandas.DataFrame:
    import pandas

    labelled = trained.labelled
    chances = level_probabilities(trained.final).T
    reached = {
        f"at_least_{level}{ending}": chance
        for ending, log_odds in {"": trained.final, **{f"_{k}": v for k, v in trained.candidates.items()}}.items()
        for level, chance in zip(labelled.levels[1:], expit(log_odds).T, strict=True)
    }
    return pandas.DataFrame(
        {
            "patient": trained.cohort.patient_ids.to_numpy()[labelled.rows],
            "level": [labelled.levels[value] for value in labelled.values],
            "fold": trained.fold,
            **{f"level_{level}": chance for level, chance in zip(labelled.levels, chances, strict=True)},
            **reached,
        }
    )


def _metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Flatten the measures, and those of each threshold with its level: ``brier_at_grade_2``."""
    flat = metrics_of(evaluation["measures"])
    for one, level in zip(evaluation["thresholds"], evaluation["outcome"]["levels"][1:], strict=True):
        flat |= metrics_of({f"{name}_at_{level['level']}": measure for name, measure in one["measures"].items()})
    return flat


_STEPS = PublicationSteps(
    measured_model=measured_ordinal_model,
    save=save_ordinal_model,
    judged="probabilities",
    judge=judge_levels,
    judge_internally=judge_levels_internally,
    explain=_explanation,
    bootstraps=lambda trained: [trained.refitted.bootstrap],
    resample_model=resample_ordinal_model,
    event=lambda trained: trained.passing,
    tuning=_tuning,
    out_of_fold=_out_of_fold,
    metrics=_metrics,
    candidate_metrics=lambda candidate: metrics_of(candidate["measures"]),
)
