"""What the tracking store is given of a run: its metrics, tags and parameters. No patient row is among them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinecast.files import canonical_json, sha256_bytes
from spinecast.models.loading import AnyModel
from spinecast.reporting import RunRecord
from spinecast.training.output import MODEL, RECORD
from spinecast.training.progress import say
from spinecast.training.run_facts import Finished

if TYPE_CHECKING:
    from spinecast.tracking.runs import TrackedRun
    from spinecast.tracking.store import Store

__all__ = ["flat_keys", "internal_metrics", "metrics_of", "run_tags", "track_run"]


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


def internal_metrics(internal: Mapping[str, Any]) -> dict[str, float]:
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


def metrics_of(measures: Mapping[str, Any]) -> dict[str, float]:
    """Flatten measures with their intervals to the numbers the store keeps; what is absent is left out."""
    flat: dict[str, float] = {}
    for name, entry in measures.items():
        if "absent" in entry:
            continue
        flat[name] = entry["estimate"]
        flat |= {f"{name}_{end}": entry[end] for end in ("lower", "upper") if entry.get(end) is not None}
    return flat
