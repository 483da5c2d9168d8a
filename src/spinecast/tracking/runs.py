"""Writing one finished training run into the store, whole or not at all, and finding it again.

Everything is computed before the first line is written here. A run carries the tag ``spinecast.state``:
``writing`` until its model version stands and has its alias, ``complete`` after. What a killed process left in
``writing`` is removed by the next run of the same study on the same cohort.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.tracking.pyfunc import OUTPUTS, signature
from spinecast.tracking.record_hash import RECORD_HASH, record_hash
from spinecast.tracking.store import Store

__all__ = ["RunContent", "TrackedRun", "remove_unfinished", "write_run"]

STATE, RUN_KEY = "spinecast.state", "spinecast.run_key"
IDENTITY, KIND = "spinecast.model_identity", "spinecast.cohort_kind"
PARENT_VERSION = "spinecast.parent_version"
PARENT, MODEL_VERSIONS = "mlflow.parentRunId", "mlflow.modelVersions"
CANDIDATE_ALIAS, CHAMPION_ALIAS = "candidate", "champion"


@dataclass(frozen=True)
class RunContent:
    """All that a finished training run, or a finished update, leaves in the store.

    Parameters
    ----------
    name : str
        Registered model name.
    experiment, run_key : str
    title, cohort_name, cohort_kind, fingerprint, source : str
    parameters : mapping of str to value
        Flat parameters of the resolved study.
    metrics : mapping of str to float
    tags : mapping of str to str
        Versions, git commit, hashes.
    candidates : mapping of str to (parameters, metrics)
        One nested run each.
    record : pathlib.Path
        Folder of the run record (JSON, no patient rows) with the report and figures.
    model : pathlib.Path
        Model folder.
    identity : str
        The model's identity.
    predictors : tuple of str
    alias : str or None
        What the new version is called; None leaves every alias where it is.
    version_tags : mapping of str to str
        Tags of the version beside those every version has: the parent of an updated model.
    context : {"development", "updating"}
        What the cohort was to the model.
    outputs : tuple of str
        Columns the model answers with.
    """

    name: str
    experiment: str
    run_key: str
    title: str
    cohort_name: str
    cohort_kind: str
    fingerprint: str
    source: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    candidates: Mapping[str, tuple[Mapping[str, Any], Mapping[str, float]]]
    record: Path
    model: Path
    identity: str
    predictors: tuple[str, ...]
    alias: str | None = CANDIDATE_ALIAS
    version_tags: Mapping[str, str] = field(default_factory=dict)
    context: str = "development"
    outputs: tuple[str, ...] = OUTPUTS


@dataclass(frozen=True)
class TrackedRun:
    """Where a run went: its id and the model version."""

    run_id: str
    model_name: str
    version: str


def write_run(store: Store, content: RunContent) -> TrackedRun:
    """Write a run with its nested candidates, artifacts and model version, then mark it complete."""
    with store.writing():
        remove_unfinished(store, content.experiment, content.run_key)
        return _write(store, content)


def _write(store: Store, content: RunContent) -> TrackedRun:
    client = store.client()
    experiment = store.experiment_id(content.experiment)
    run = client.create_run(
        experiment,
        run_name=content.title[:250],
        tags={STATE: "writing", RUN_KEY: content.run_key, "mlflow.note.content": _note(content)},
    )
    run_id = str(run.info.run_id)
    tags = {**content.tags, KIND: content.cohort_kind, RECORD_HASH: record_hash(content.record)}
    _log(client, run_id, content.parameters, content.metrics, tags)
    _log_cohort(client, run_id, content)
    for name, (parameters, metrics) in content.candidates.items():
        child = client.create_run(
            experiment,
            run_name=name,
            tags={PARENT: run_id, RUN_KEY: content.run_key},
        )
        _log(client, child.info.run_id, parameters, metrics, {})
        client.set_terminated(child.info.run_id)
    client.log_artifacts(run_id, str(content.record), "record")
    version = _register(store, run_id, content)
    client.set_terminated(run_id)
    client.set_tag(run_id, STATE, "complete")
    return TrackedRun(run_id=run_id, model_name=content.name, version=version)


def remove_unfinished(store: Store, experiment: str, run_key: str) -> int:
    """Remove what killed processes left half-written; return how many runs.

    A run is unfinished while it says ``writing``; its nested runs go with it, also those that an earlier removal,
    itself killed, had got no further than marking. In an embedded store, whose lock the caller holds, that is every
    such run of the experiment, whatever study or cohort it was of; on a server, where others may be writing, only those
    of this study and cohort. Nothing else in the store is touched.
    """
    client = store.client()
    from mlflow.entities import ViewType

    known = client.get_experiment_by_name(experiment)
    if known is None or known.lifecycle_stage == "deleted":
        return 0
    runs = client.search_runs(
        [known.experiment_id],
        filter_string="" if store.embedded else f"tags.`{RUN_KEY}` = '{run_key}'",
        run_view_type=ViewType.ALL if store.embedded else ViewType.ACTIVE_ONLY,
        max_results=5000,
    )
    unfinished = [run for run in runs if run.data.tags.get(STATE) == "writing"]
    parents = {run.info.run_id for run in unfinished}
    nested = [run for run in runs if run.data.tags.get(PARENT) in parents]
    for run in [*nested, *unfinished]:  # a parent goes last: killed here, the next run finds the rest
        _remove_models(store, client, run)
        if store.embedded:
            _erase_artifacts(run.info.artifact_uri)
            _erase_links(client._tracking_client.store, run.info.run_id)
            client._tracking_client.store._hard_delete_run(run.info.run_id)
        else:
            client.delete_run(run.info.run_id)
    return len(nested) + len(unfinished)


def _remove_models(store: Store, client: Any, run: Any) -> None:
    for version in client.search_model_versions(f"run_id = '{run.info.run_id}'"):
        _unregister(client, version)
    for logged in client.search_logged_models(
        [run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'"
    ):
        if store.embedded:
            _erase_artifacts(logged.artifact_location)
            client._tracking_client.store._hard_delete_logged_model(logged.model_id)
        else:
            client.delete_logged_model(logged.model_id)


def _unregister(client: Any, version: Any) -> None:
    """Remove a version; an alias it had taken goes back to the newest version before it."""
    others = [
        int(other.version)
        for other in client.search_model_versions(f"name = '{version.name}'")
        if other.version != version.version
    ]
    if not others:
        client.delete_registered_model(version.name)
        return
    held = client.get_registered_model(version.name).aliases.get(CANDIDATE_ALIAS)
    if held is not None and str(held) == str(version.version):
        client.set_registered_model_alias(version.name, CANDIDATE_ALIAS, str(max(others)))
    client.delete_model_version(version.name, version.version)


def _erase_artifacts(location: str) -> None:
    """Erase an artifact folder for good.

    ``mlflow gc`` was not used: whatever runs it is told to erase, it also erases every experiment that a person has
    deleted and may want back.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository: Any = get_artifact_repository(location)
    repository.delete_artifacts()
    if location.startswith("file:"):
        with contextlib.suppress(OSError):  # the folder around it, if nothing else is in it
            Path(url2pathname(urlsplit(location).path)).parent.rmdir()


def _erase_links(database: Any, run_id: str) -> None:
    """Erase what ties a run to its cohort and its model: MLflow leaves it behind when it erases the run."""
    from mlflow.store.tracking.dbmodels.models import SqlInput, SqlInputTag

    with database.ManagedSessionMaker(read_only=False) as session:
        links = session.query(SqlInput).filter((SqlInput.source_id == run_id) | (SqlInput.destination_id == run_id))
        ids = [link.input_uuid for link in links]
        for table in (SqlInputTag, SqlInput):
            session.query(table).filter(table.input_uuid.in_(ids)).delete(synchronize_session=False)


def _log(
    client: Any, run_id: str, parameters: Mapping[str, Any], metrics: Mapping[str, float], tags: Mapping[str, str]
) -> None:
    """Write in batches: one request each cost ten times as long one by one."""
    import time

    from mlflow.entities import Metric, Param, RunTag

    stamp = int(time.time() * 1000)
    params = [Param(name, str(value)[:6000]) for name, value in parameters.items()]
    numbers = [Metric(name, float(value), stamp, 0) for name, value in metrics.items() if math.isfinite(value)]
    marks = [RunTag(name, value[:5000]) for name, value in tags.items()]
    for start in range(0, max(len(params), len(numbers), len(marks), 1), 100):
        chunk = slice(start, start + 100)
        client.log_batch(run_id, metrics=numbers[chunk], params=params[chunk], tags=marks[chunk])


def _log_cohort(client: Any, run_id: str, content: RunContent) -> None:
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import DatasetInput, InputTag

    describe: Any = MetaDataset  # MLflow leaves a method of it abstract and makes it all the same
    dataset = describe(
        source=CodeDatasetSource(tags={"source": content.source}),
        name=content.cohort_name,
        digest=content.fingerprint[:36],
    )
    entity = DatasetInput(
        dataset._to_mlflow_entity(),
        tags=[InputTag("mlflow.data.context", content.context), InputTag(KIND, content.cohort_kind)],
    )
    client.log_inputs(run_id, [entity])


def _register(store: Store, run_id: str, content: RunContent) -> str:
    """Log the model, make it a version of its registered name, and give the version its alias."""
    import json

    client = store.client()
    # Inside active(): the registry behind a client looks the logged model up in the global store, not in its own.
    with store.active() as mlflow:
        logged = _log_model(mlflow, run_id, content)
        # start_run marked the run finished on leaving; it is finished only when its alias stands.
        client.update_run(run_id, status="RUNNING")
        _ensure_registered(client, content.name)
        version = client.create_model_version(
            content.name,
            source=logged.model_uri,
            run_id=run_id,
            tags={IDENTITY: content.identity, KIND: content.cohort_kind, "use": RESEARCH_USE, **content.version_tags},
            model_id=logged.model_id,
        )
    # MLflow's pages find a logged model's versions by this tag.
    link = json.dumps([{"name": content.name, "version": version.version}])
    client.set_logged_model_tags(logged.model_id, {MODEL_VERSIONS: link})
    if content.alias is not None:
        client.set_registered_model_alias(content.name, content.alias, version.version)
    return str(version.version)


def _log_model(mlflow: Any, run_id: str, content: RunContent) -> Any:
    import warnings

    from spinecast import __version__

    with mlflow.start_run(run_id=run_id), warnings.catch_warnings():
        # MLflow asks for an example input, which would be a patient; the signature is given instead.
        warnings.filterwarnings("ignore", message=r".*An input example was not provided", category=UserWarning)
        return mlflow.pyfunc.log_model(
            name="model",
            loader_module="spinecast.tracking.pyfunc",
            data_path=str(content.model),
            signature=signature(content.predictors, content.outputs),
            # Given, not inferred: inference loads the model in a subprocess for seconds and lists xgboost twice.
            pip_requirements=[f"spinecast=={__version__}"],
        )


def _ensure_registered(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _note(content: RunContent) -> str:
    synthetic = f"{SYNTHETIC} " if content.cohort_kind == "synthetic" else ""
    return f"{synthetic}{RESEARCH_USE}\n\n{content.title}"
