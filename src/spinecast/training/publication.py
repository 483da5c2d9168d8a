"""From what training computed to what people read: model, evaluation, explanation, record, report, store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.cohorts.outcomes import LabelledOutcome, LabelledQuantity, LabelledTimes
from spinecast.explanation.summary import summarise
from spinecast.files import atomic_write, canonical_json, sha256_bytes, writing
from spinecast.models.artifact import save_model
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.encoding import PredictorSchema
from spinecast.models.loading import AnyModel
from spinecast.models.prognosis_model import PrognosisModel, development_marginals
from spinecast.notices import RESEARCH_USE
from spinecast.reporting import RunRecord, build_report, render_html
from spinecast.reporting.document import Figure
from spinecast.reporting.records import RECORDS, write_records
from spinecast.training.assembly import final_parts
from spinecast.training.changes import describe_changes
from spinecast.training.environment import describe_environment, package_versions, peak_memory_mb
from spinecast.training.fitting import Trained
from spinecast.training.internal_judging import judge_internally
from spinecast.training.judging import judge, judge_size
from spinecast.training.missing_loss import measure_missing_inputs, missing_loss
from spinecast.training.output import MODEL, OUT_OF_FOLD, RECORD, REJECTIONS, REPORT
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.resampling import ALL_PATIENTS, Split, inner_folds
from spinecast.training.seeds import derive_seed
from spinecast.training.study import Study, resolved_yaml, study_hash
from spinecast.training.tuning import CandidatePlan, TunedCandidate
from spinecast.validation.missing_inputs import MissingInputs

if TYPE_CHECKING:
    from spinecast.tracking.runs import TrackedRun
    from spinecast.tracking.store import Store

__all__ = [
    "Clock",
    "Written",
    "describe_search",
    "final_model",
    "flat_keys",
    "metrics_of",
    "publish",
    "run_facts",
    "track_run",
    "write_report",
]

Result = TypeVar("Result")


class Finished(Protocol):
    """What the facts of a run are drawn from, whatever was trained."""

    @property
    def study(self) -> Study: ...
    @property
    def cohort(self) -> Cohort: ...
    @property
    def labelled(self) -> LabelledOutcome | LabelledTimes | LabelledQuantity: ...
    @property
    def splits(self) -> Sequence[Split]: ...
    @property
    def run_key(self) -> str: ...
    @property
    def started(self) -> datetime: ...
    @property
    def workers(self) -> int: ...
    @property
    def training_seconds(self) -> float: ...
    @property
    def fit_seconds(self) -> float: ...
    @property
    def workers_peak_mb(self) -> float: ...
    @property
    def trials_resumed(self) -> int: ...


@dataclass(frozen=True)
class Written:
    """A run whose results stand in a folder and may be tracked.

    Parameters
    ----------
    trained : Trained
    model : PrognosisModel
    identity : str
    record : RunRecord
    """

    trained: Trained
    model: PrognosisModel
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
            metrics=metrics_of(self.record.evaluation["measures"]) | _internal_metrics(self.record.internal),
            candidates=_candidate_runs(self.record),
        )


def publish(trained: Trained, staging: Path, *, overrides: Sequence[str]) -> Written:
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
    run = run_facts(trained, identity, clock, overrides)
    run |= checklist.to_dict() | {"sample_size": judge_size(trained, evaluation)}
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, trained.labelled, model_predictors(trained.study))
        | ({} if trained.lenders is None else {"borrowed": trained.lenders.to_dict()}),
        evaluation=evaluation.to_dict() | {"missing_inputs": missing.to_dict()},
        tuning=_tuning(trained),
        explanation=explanation,
        run=run,
        internal=internal.to_dict(),
    )
    say("writing the report")
    write_report(record, staging)
    _write_out_of_fold(trained, staging / OUT_OF_FOLD)
    rejections = trained.cohort.rejections
    if len(rejections):
        rejections.write(staging / REJECTIONS)
    return Written(trained=trained, model=model, identity=identity, record=record)


def write_report(record: RunRecord, staging: Path) -> None:
    """Write a record, its report and the report's figures into a folder.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    record.save(staging / RECORD)
    write_records(record, staging / RECORD / RECORDS)
    document = build_report(record)
    report = render_html(document)
    with writing(staging):
        (staging / REPORT).write_text(report, encoding="utf-8")
        (staging / RECORD / REPORT).write_text(report, encoding="utf-8")
        figures = staging / RECORD / "figures"
        figures.mkdir()
        for block in (block for section in document.sections for block in section.blocks):
            if isinstance(block, Figure):
                (figures / f"{block.key}.svg").write_text(block.svg, encoding="utf-8")


class Clock:
    """How long each part of the work took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, name: str, work: Callable[[], Result]) -> Result:
        """Do a part of the work and keep its time."""
        began = time.perf_counter()
        done = work()
        self.seconds[name] = round(time.perf_counter() - began, 3)
        return done


def measured_model(trained: Trained) -> tuple[PrognosisModel, MissingInputs]:
    """Make the study's model, with what missing inputs cost it; return that too as it was measured."""
    model = final_model(trained)
    matrix = trained.cohort.matrix(model.predictors)[trained.labelled.rows]
    found = measure_missing_inputs(
        model,
        matrix,
        inner_folds(trained.splits),
        trained.labelled,
        bootstrap=trained.study.evaluation.bootstrap,
        seed=trained.study.seed,
    )
    return replace(model, missing=missing_loss(model, found)), found


def final_model(trained: Trained) -> PrognosisModel:
    """Make the study's model of what was chosen on all patients."""
    study, choice = trained.study, trained.choices[ALL_PATIENTS]
    plans = {plan.name: plan for plan in trained.plans}
    # Those of the chosen candidates alone: an input that moves no risk must not be asked for, nor counted as missing.
    used = {name for chosen in choice.chosen for name in plans[chosen].predictors}
    predictors = tuple(name for name in model_predictors(study) if name in used)
    tuned = {name: trained.found.tuned[ALL_PATIENTS, name] for name in plans}
    matrix = trained.cohort.matrix(predictors)[trained.labelled.rows]
    schema = PredictorSchema.from_variables([variable(name) for name in predictors])
    decline = study.missing.decline.model_dump(mode="json", exclude_defaults=True)
    return PrognosisModel(
        name=study.study,
        predictors=predictors,
        parts=final_parts(choice, tuned, plans, predictors),
        intercept=choice.intercept,
        slope=choice.slope,
        marginals=development_marginals(matrix, schema.levels),
        about={
            "title": study.title,
            "use": RESEARCH_USE,
            "outcome": {**study.outcome.model_dump(mode="json"), "label": trained.labelled.label},
            "cohort": {
                "name": trained.cohort.name,
                "kind": trained.cohort.kind,
                "fingerprint": trained.cohort.fingerprint,
                "n": int(trained.labelled.known.sum()),
                "events": trained.labelled.events,
            },
            # No algorithm of the catalogue weighs classes, and every score is recalibrated.
            "development": {
                **({"predictor_choice": study.predictor_choice} if study.predictor_choice else {}),
                "classes": "as_they_are",
                "recalibrated": True,
            },
            **({"decline": decline} if decline else {}),
            **({} if trained.lenders is None else {"borrowed": trained.lenders.to_dict()}),
            "study_hash": study_hash(study),
            "seed": study.seed,
            "versions": package_versions(),
        },
        development=learn_development_distribution(matrix, schema, inner_folds(trained.splits)),
    )


def _explanation(trained: Trained, model: PrognosisModel) -> dict[str, Any]:
    return summarise(
        model,
        trained.cohort.matrix(model.predictors)[trained.labelled.rows],
        trained.out_of_fold.final,
        [variable(name) for name in model.predictors],
        patients=trained.study.explanation.patients,
        seed=derive_seed(trained.study.seed, "explanation"),
    )


def _tuning(trained: Trained) -> dict[str, Any]:
    return {
        "candidates": [
            describe_search(plan, {split.name: trained.found.tuned[split.name, plan.name] for split in trained.splits})
            for plan in trained.plans
        ],
        "selection": [
            {"split": choice.split, "chosen": list(choice.chosen), "log_loss": dict(choice.log_loss)}
            for choice in trained.choices.values()
        ],
    }


def describe_search(plan: CandidatePlan, tuned: Mapping[str, TunedCandidate]) -> dict[str, Any]:
    """Describe the search of one candidate, by split: JSON values. ``log_loss`` is the loss that was tuned on."""
    return {
        "name": plan.name,
        "label": plan.label,
        "predictors": list(plan.predictors),
        "imputation": plan.imputation.kind,
        "search_space": {name: dimension.describe() for name, dimension in plan.search_space.items()},
        "splits": [_split_history(split, found) for split, found in tuned.items()],
    }


def _split_history(split: str, tuned: TunedCandidate) -> dict[str, Any]:
    return {
        "split": split,
        "trials": [
            {
                "number": trial.number,
                "log_loss": trial.loss,
                "fit_seconds": trial.fit_seconds,
                "parameters": trial.parameters,
            }
            for trial in tuned.trials
        ],
        "best": {
            "number": tuned.best.number,
            "log_loss": tuned.best.loss,
            "parameters": tuned.best.parameters,
        },
    }


def run_facts(trained: Finished, identity: str, clock: Clock, overrides: Sequence[str]) -> dict[str, Any]:
    """Gather keys, times, seeds, split hashes and environment of a finished training: the content of ``run.json``."""
    finished = datetime.now(UTC)
    fit, wall, origin = trained.fit_seconds, trained.training_seconds, trained.study.origin
    notes = []
    if trained.trials_resumed:
        notes.append(
            f"Resumed after an interruption: {trained.trials_resumed} trials were finished before; the times count "
            "this call only."
        )
    return {
        "run_key": trained.run_key,
        "study": trained.study.study,
        "started": trained.started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "workers": trained.workers,
        "notes": notes,
        **describe_changes(trained.study, Path(origin.file), overrides),
        "timings": {
            # Of the time all workers had, whatever their number; against the clock alone two workers can pass 100 %.
            "fit_share_of_worker_time": round(fit / (wall * trained.workers), 4),
            "fit_seconds": round(fit, 3),
            "training_wall_seconds": round(wall, 3),
            "fit_share_of_training_wall": round(fit / wall, 4),
            **clock.seconds,
            "total_wall_seconds": round((finished - trained.started).total_seconds(), 3),
            "peak_memory_mb": round(peak_memory_mb() + trained.workers_peak_mb, 1),
        },
        "seeds": {"study": trained.study.seed},
        "splits": [
            {
                "split": split.name,
                "n_train": len(split.train),
                "n_test": len(split.test),
                "train_hash": trained.cohort.membership_hash(trained.labelled.rows[split.train]),
                "test_hash": trained.cohort.membership_hash(trained.labelled.rows[split.test]),
            }
            for split in trained.splits
        ],
        "environment": describe_environment(origin.folder.resolve()),
        "study_hash": study_hash(trained.study),
        "model": {"identity": identity, "folder": "model"},
    }


def _write_out_of_fold(trained: Trained, path: Path) -> None:
    import pandas

    found, labelled = trained.out_of_fold, trained.labelled
    outcome = pandas.array(labelled.values.astype(int), dtype="Int64")
    outcome[~labelled.known] = pandas.NA
    table = pandas.DataFrame(
        {
            "patient": trained.cohort.patient_ids.to_numpy()[labelled.rows],
            "outcome": outcome,
            **({} if labelled.weights is None else {"weight": labelled.weights}),
            "fold": found.fold,
            "risk": found.final,
            **{f"risk_{name}": risk for name, risk in found.candidates.items()},
        }
    )
    atomic_write(path, table.to_csv(index=False))


def metrics_of(measures: Mapping[str, Any]) -> dict[str, float]:
    """Flatten measures with their intervals to the numbers the store keeps; what is absent is left out."""
    flat: dict[str, float] = {}
    for name, entry in measures.items():
        if "absent" in entry:
            continue
        flat[name] = entry["estimate"]
        flat |= {f"{name}_{end}": entry[end] for end in ("lower", "upper") if entry.get(end) is not None}
    return flat


def _internal_metrics(internal: Mapping[str, Any]) -> dict[str, float]:
    """Name every figure of the internal validation by its measure and its basis: ``auc_optimism_corrected``."""
    flat: dict[str, float] = {}
    for name, forms in internal["bootstrap"].get("measures", {}).items():
        flat |= metrics_of({f"{name}_{form}": entry for form, entry in forms.items()})
    for part, measures, basis in (
        ("repeated_cross_validation", "measures", "out_of_fold_repeated"),
        ("internal_external", "pooled", "internal_external"),
    ):
        flat |= metrics_of({f"{name}_{basis}": entry for name, entry in internal[part].get(measures, {}).items()})
    if "absent" not in internal["instability"]:
        flat["mean_absolute_prediction_error"] = internal["instability"]["mean_absolute_error"]
    return flat


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


def track_run(
    store: Store,
    output: Path,
    trained: Finished,
    record: RunRecord,
    model: AnyModel,
    identity: str,
    *,
    metrics: Mapping[str, float],
    candidates: Mapping[str, tuple[Mapping[str, Any], Mapping[str, float]]],
) -> TrackedRun:
    """Write a run to the tracking store, whatever was trained.

    Parameters
    ----------
    store : Store
    output : pathlib.Path
        Folder in which model and record stand.
    trained : Finished
    record : RunRecord
    model : AnyModel
    identity : str
    metrics : mapping of str to float
        Beside the run's timings.
    candidates : mapping of str to (parameters, metrics)
        A child run each.
    """
    from spinecast.tracking.pyfunc import output_names
    from spinecast.tracking.runs import RunContent, write_run

    study = trained.study
    say("writing to the tracking store")
    return write_run(
        store,
        RunContent(
            name=study.study,
            experiment=study.tracking.experiment or study.study,
            run_key=trained.run_key,
            title=study.title,
            cohort_name=trained.cohort.name,
            cohort_kind=trained.cohort.kind,
            fingerprint=trained.cohort.fingerprint,
            source=trained.cohort.provenance.source,
            parameters=flat_keys(study.model_dump(mode="json", exclude={"reporting"})),
            metrics=dict(metrics) | dict(record.run["timings"]),
            tags=run_tags(record, identity),
            candidates=candidates,
            record=output / RECORD,
            model=output / MODEL,
            identity=identity,
            predictors=model.predictors,
            outputs=output_names(model),
        ),
    )


def run_tags(record: RunRecord, identity: str) -> dict[str, str]:
    """Versions, commit and hashes of a run, as the store keeps them."""
    run = record.run
    return {
        "spinecast.study_hash": run["study_hash"],
        "spinecast.cohort_fingerprint": record.cohort["fingerprint"],
        "spinecast.model_identity": identity,
        "spinecast.git_commit": run["environment"]["git_commit"] or "none",
        "spinecast.seed": str(run["seeds"]["study"]),
        "spinecast.splits": sha256_bytes(canonical_json(run["splits"]).encode()),
        "spinecast.python": run["environment"]["python"],
        "spinecast.basis": str(record.evaluation["basis"]),
        **{f"version.{name}": found for name, found in run["environment"]["packages"].items()},
        **{f"split.{split['split']}": f"{split['train_hash']}/{split['test_hash']}" for split in run["splits"]},
    }


def flat_keys(value: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted keys of the resolved study; long lists as one value."""
    if isinstance(value, Mapping):
        flat: dict[str, Any] = {}
        for name, inner in value.items():
            flat |= flat_keys(inner, f"{prefix}{name}.")
        return flat
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return {f"{prefix.rstrip('.')}": canonical_json(value)}
    return {prefix.rstrip("."): value}
