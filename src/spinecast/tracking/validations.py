"""Finished external validations in the store: a run of its own each, beside the model it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.tracking.record_hash import RECORD_HASH, record_hash
from spinecast.tracking.runs import IDENTITY, KIND, STATE, remove_unfinished
from spinecast.tracking.store import Store

__all__ = ["VALIDATIONS", "ValidationContent", "validation_runs", "write_validation"]

VALIDATIONS = "spinecast_validation"
"""Experiment that holds the validations of every model."""
RUN_KIND = "spinecast.kind"


@dataclass(frozen=True)
class ValidationContent:
    """All that a validation leaves in the store.

    Parameters
    ----------
    title : str
    identity : str
        Of the model that was validated, or the publication of a score.
    model, cohort_name, cohort_kind, fingerprint : str
    metrics : mapping of str to float
    record : pathlib.Path
        Folder of the record (JSON, no patient rows), with the report in it.
    """

    title: str
    identity: str
    model: str
    cohort_name: str
    cohort_kind: str
    fingerprint: str
    metrics: Mapping[str, float]
    record: Path


def write_validation(store: Store, content: ValidationContent) -> str:
    """Write a validation as a run and return its id.

    The run says ``writing`` until everything is there, as the runs of trainings do.

    Parameters
    ----------
    store : Store
    content : ValidationContent
    """
    with store.writing():
        # Under an embedded store's lock, whatever still says `writing` was left by a process that died; on a server it
        # may be another's, for a validation carries no run key to know it by.
        if store.embedded:
            remove_unfinished(store, VALIDATIONS, run_key="")
        return _write(store, content)


def _write(store: Store, content: ValidationContent) -> str:
    client = store.client()
    synthetic = f"{SYNTHETIC} " if content.cohort_kind == "synthetic" else ""
    tags = {
        STATE: "writing",
        RUN_KIND: "validation",
        IDENTITY: content.identity[:5000],
        KIND: content.cohort_kind,
        "spinecast.model": content.model,
        "spinecast.cohort": content.cohort_name,
        "spinecast.cohort_fingerprint": content.fingerprint,
        RECORD_HASH: record_hash(content.record),
        "mlflow.note.content": f"{synthetic}{RESEARCH_USE}\n\n{content.title}",
    }
    run = client.create_run(store.experiment_id(VALIDATIONS), run_name=content.title[:250], tags=tags)
    run_id = str(run.info.run_id)
    for name, value in content.metrics.items():
        client.log_metric(run_id, name, value)
    client.log_artifacts(run_id, str(content.record), "record")
    client.set_tag(run_id, STATE, "complete")
    client.set_terminated(run_id)
    return run_id


def validation_runs(store: Store, identity: str) -> list[str]:
    """Return the runs of all finished validations of a model, the oldest first.

    Parameters
    ----------
    store : Store
    identity : str
        Of the model.
    """
    client = store.client()
    known = client.get_experiment_by_name(VALIDATIONS)
    if known is None:
        return []
    runs = client.search_runs(
        [known.experiment_id],
        filter_string=f"tags.`{IDENTITY}` = '{identity}' and tags.`{STATE}` = 'complete'",
        order_by=["attributes.start_time ASC"],
        max_results=5000,
    )
    return [str(run.info.run_id) for run in runs]
