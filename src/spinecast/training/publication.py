"""From what training computed to what people read: model, evaluation, explanation, record, report, store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.explanation.summary import summarise
from spinecast.models.artifact import save_model
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.reporting import RunRecord
from spinecast.training.described_features import described_features
from spinecast.training.explanation_stability import explanation_stability
from spinecast.training.final_model import measured_model, resample_model
from spinecast.training.fitting import Trained
from spinecast.training.internal_judging import judge_internally
from spinecast.training.judging import judge, judge_size
from spinecast.training.missing_loss import recorded_missing
from spinecast.training.output import MODEL
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.run_facts import Clock, describe_searches, run_facts
from spinecast.training.seeds import derive_seed
from spinecast.training.study import resolved_yaml
from spinecast.training.tracked_run import internal_metrics, metrics_of
from spinecast.training.venn_abers import judge_venn_abers
from spinecast.training.written_run import WrittenRun, write_results

if TYPE_CHECKING:
    import pandas


__all__ = ["publish"]


def publish(trained: Trained, staging: Path, *, overrides: Sequence[str]) -> WrittenRun[PrognosisModel]:
    """Compute what is shown of a run and write it into a folder.

    Parameters
    ----------
    trained : Trained
    staging : pathlib.Path
        An empty folder: ``model/``, ``record/`` and ``report.html`` are written into it, and
        ``out_of_fold.csv``, one row a patient, which stays beside the cohort and never enters the store.
    overrides : sequence of str
        What was changed on the command line.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    clock = Clock()
    say("measuring what missing inputs cost")
    model, missing = clock.timed("missing_inputs_seconds", lambda: measured_model(trained))
    identity = save_model(model, staging / MODEL)
    say("judging out-of-fold predictions")
    evaluation, checklist = clock.timed("evaluation_seconds", lambda: judge(trained))
    say("judging what was fitted again")
    internal = clock.timed("internal_validation_seconds", lambda: judge_internally(trained, model))
    say("explaining the final model")
    explanation = clock.timed("explanation_seconds", lambda: _explanation(trained, model))
    say("explaining models of resamples")
    bootstraps, again = [trained.refitted.bootstrap], partial(resample_model, trained)
    explanation["stability"] = clock.timed(
        "stability_seconds", lambda: explanation_stability(trained, model, bootstraps, again)
    )
    run = run_facts(trained, identity, clock, overrides)
    run |= checklist.to_dict() | {"sample_size": judge_size(trained, evaluation)}
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, trained.labelled, model_predictors(trained.study))
        | described_features(trained.study, trained.cohort, trained.labelled, model)
        | ({} if trained.lenders is None else {"borrowed": trained.lenders.to_dict()}),
        evaluation=evaluation.to_dict()
        | {"missing_inputs": recorded_missing(missing, model, trained, trained.labelled.rows)}
        | ({"venn_abers": judge_venn_abers(trained)} if trained.study.uncertainty.venn_abers else {}),
        tuning=describe_searches(trained.plans, trained.splits, trained.found.tuned, trained.choices),
        explanation=explanation,
        run=run,
        internal=internal.to_dict(),
    )
    write_results(trained, record, _out_of_fold(trained), staging)
    metrics = metrics_of(record.evaluation["measures"]) | internal_metrics(record.internal)
    return WrittenRun(trained, model, identity, record, metrics, _candidate_runs(record))


def _explanation(trained: Trained, model: PrognosisModel) -> dict[str, Any]:
    return summarise(
        model,
        model.on_common_scale(trained.cohort.matrix(model.predictors)[trained.labelled.rows]),
        trained.out_of_fold.final,
        [variable(name) for name in model.predictors],
        patients=trained.study.explanation.patients,
        seed=derive_seed(trained.study.seed, "explanation"),
    )


def _out_of_fold(trained: Trained) -> pandas.DataFrame:
    import pandas

    found, labelled = trained.out_of_fold, trained.labelled
    outcome = pandas.array(labelled.values.astype(int), dtype="Int64")
    outcome[~labelled.known] = pandas.NA
    return pandas.DataFrame(
        {
            "patient": trained.cohort.patient_ids.to_numpy()[labelled.rows],
            "outcome": outcome,
            **({} if labelled.weights is None else {"weight": labelled.weights}),
            "fold": found.fold,
            "risk": found.final,
            **{f"risk_{name}": risk for name, risk in found.candidates.items()},
        }
    )


def _candidate_runs(record: RunRecord) -> dict[str, tuple[dict[str, Any], dict[str, float]]]:
    tuned = {entry["name"]: entry for entry in record.tuning["candidates"]}
    runs = {}
    for entry in record.evaluation["candidates"]:
        history = tuned[entry["name"]]
        last = next(split for split in history["splits"] if split["split"] == ALL_PATIENTS)
        parameters = {
            "label": entry["label"],
            "imputation": history["imputation"],
            "trials": len(last["trials"]),
            **last["best"]["parameters"],
        }
        runs[entry["name"]] = (
            parameters,
            metrics_of(entry["measures"]) | {"tuning_log_loss": last["best"]["log_loss"]},
        )
    return runs
