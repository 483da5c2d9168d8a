"""From what training of ordered levels computed to what people read: model, evaluation, explanation, record, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scipy.special import expit

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.explanation.ordinal_summary import summarise_levels
from spinecast.models.ordinal.artifact import save_ordinal_model
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.ordinal.thresholds import level_probabilities
from spinecast.reporting import RunRecord
from spinecast.training.described_features import described_features
from spinecast.training.features import predictor_schema
from spinecast.training.missing_loss import recorded_missing
from spinecast.training.ordinal.final_model import measured_ordinal_model
from spinecast.training.ordinal.fitting import TrainedLevels
from spinecast.training.ordinal.internal_judging import judge_levels_internally
from spinecast.training.ordinal.judging import judge_levels
from spinecast.training.output import MODEL
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.run_facts import Clock, describe_searches, run_facts
from spinecast.training.seeds import derive_seed
from spinecast.training.study import resolved_yaml
from spinecast.training.tracked_run import internal_metrics, metrics_of
from spinecast.training.written_run import WrittenRun, write_results
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
    clock = Clock()
    say("measuring what missing inputs cost")
    model, missing = clock.timed("missing_inputs_seconds", lambda: measured_ordinal_model(trained))
    identity = save_ordinal_model(model, staging / MODEL)
    say("judging out-of-fold probabilities")
    evaluation, checklist = clock.timed("evaluation_seconds", lambda: judge_levels(trained))
    say("judging what was fitted again")
    internal = clock.timed("internal_validation_seconds", lambda: judge_levels_internally(trained, model))
    say("explaining the final model")
    explanation = clock.timed("explanation_seconds", lambda: _explanation(trained, model))
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, trained.passing, model_predictors(trained.study))
        | described_features(trained.study, trained.cohort, trained.passing, model),
        evaluation=evaluation | {"missing_inputs": recorded_missing(missing, model, trained, trained.labelled.rows)},
        tuning={"loss": "ranked probability score", "averaged": "cumulative log-odds"}
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


def _explanation(trained: TrainedLevels, model: OrdinalModel) -> dict[str, Any]:
    return summarise_levels(
        model,
        predictor_schema(trained.study, model.predictors).on_common_scale(
            trained.cohort.matrix(model.predictors)[trained.labelled.rows]
        ),
        rank_score(trained.final),
        [variable(name) for name in model.predictors],
        patients=trained.study.explanation.patients,
        seed=derive_seed(trained.study.seed, "explanation"),
    )


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
