"""Finding models and run records by the names people use: a folder, a run id, ``name``, ``name@alias``, ``name/1``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from spinecast.errors import ArtifactError, TrackingError, nearest
from spinecast.models.loading import AnyModel, load_any_model
from spinecast.models.model_folder import is_artifact
from spinecast.tracking.fetching import folder_for_fetched
from spinecast.tracking.record_hash import RECORD_HASH, record_hash
from spinecast.tracking.runs import CANDIDATE_ALIAS, IDENTITY, KIND, PARENT_VERSION
from spinecast.tracking.store import Store

__all__ = [
    "RegisteredVersion",
    "fetch_record",
    "find_any_model",
    "is_model_folder",
    "registered_identity",
    "registered_versions",
]

RUN_ID = re.compile(r"[0-9a-f]{32}")
NAME_AND_VERSION = re.compile(r"([a-z][a-z0-9_]*)/([0-9]+)")


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a registered model."""

    name: str
    version: str
    aliases: tuple[str, ...]
    run_id: str
    cohort_kind: str
    identity: str
    created: int
    parent: str = ""  # the version it was updated from


def is_model_folder(reference: str) -> bool:
    """Say whether a reference is a folder with a model; a folder of a registered model's name need not be one."""
    folder = Path(reference)
    return is_artifact(folder) or is_artifact(folder / "model")


def find_any_model(store_or_none: Store | None, reference: str) -> tuple[AnyModel, str]:
    """Load a model of any kind by folder, run id, registered name, ``name@alias`` or ``name/version``.

    Parameters
    ----------
    store_or_none : Store or None
        Needed for everything but a folder.
    reference : str
        A bare registered name means its ``candidate`` alias.

    Returns
    -------
    model : AnyModel
    identity : str

    Raises
    ------
    TrackingError
        If nothing of that name is known.
    ArtifactError
        If the model was altered since it was saved or registered.
    """
    folder = Path(reference)
    if is_model_folder(reference):
        return load_any_model(folder if is_artifact(folder) else folder / "model")
    if store_or_none is None or ("/" in reference and not NAME_AND_VERSION.fullmatch(reference)):
        raise TrackingError(
            f"there is no model folder {reference}",
            where=reference,
            expected="a model folder, a run id, a registered name, name@alias or name/version",
            remedy="see `spinecast models`",
        )
    from mlflow.exceptions import MlflowException

    store = store_or_none
    version = _find_version(store.client(), reference)
    with store.active() as mlflow:
        # Files of this machine are read where they lie.
        into = None if store.embedded else str(folder_for_fetched())
        try:
            local = Path(mlflow.artifacts.download_artifacts(artifact_uri=version.source, dst_path=into))
        except (MlflowException, OSError) as error:
            place = store.client().get_model_version_download_uri(version.name, version.version)
            if not _is_gone(store, place):
                raise
            raise _moved(f"the files of {version.name} version {version.version}", place) from error
    data = next((path.parent for path in sorted(local.rglob("manifest.json"))), local)
    model, identity = load_any_model(data)
    promised = version.tags.get(IDENTITY)
    if promised and promised != identity:
        raise ArtifactError(
            f"{version.name} version {version.version} is not the model that was registered",
            expected=f"identity {promised}",
            where=f"identity {identity}",
            remedy="train it again; do not use this copy",
        )
    return model, identity


def registered_identity(store: Store, reference: str) -> str:
    """Return the identity of a registered model by run id, registered name, ``name@alias`` or ``name/version``.

    Raises
    ------
    TrackingError
        If nothing of that name is known.
    """
    return str(_find_version(store.client(), reference).tags.get(IDENTITY, ""))


def fetch_record(store: Store, run_id: str) -> Path:
    """Return a local folder with a run's record.

    Raises
    ------
    TrackingError
        If the store has no such run or the run has no record.
    ArtifactError
        If the record is not the one that was written.
    """
    from mlflow.exceptions import MlflowException

    client = store.client()
    place = ""
    try:
        run = client.get_run(run_id)
        promised, place = run.data.tags.get(RECORD_HASH), str(run.info.artifact_uri)
        folder = Path(client.download_artifacts(run_id, "record", str(folder_for_fetched())))
    except (MlflowException, OSError) as error:
        if place and _is_gone(store, place):
            raise _moved(f"the files of run {run_id}", place) from error
        raise TrackingError(
            f"the store holds no run record for {run_id!r}",
            where=store.uri,
            expected="a run id, or the output folder of `spinecast train`",
            remedy="see `spinecast models` for run ids",
        ) from error
    if promised and promised != record_hash(folder):
        raise ArtifactError(
            f"the record of run {run_id} was altered after it was written",
            where=store.shown,
            expected=f"the record with the hash {promised}",
            remedy="put it back as it was; nothing is concluded from this copy",
        )
    return folder


def _is_gone(store: Store, place: str) -> bool:
    """Say whether files of this machine, which the store has somewhere, are not there."""
    return store.embedded and not Path(url2pathname(urlsplit(place).path)).exists()


def _moved(what: str, place: str) -> TrackingError:
    return TrackingError(
        f"{what} are not where the store has them",
        where=place,
        expected="the folder in which the store was made: MLflow keeps whole paths",
        remedy="move the store back to where it was, or link that place to where it is now",
    )


def registered_versions(store: Store) -> list[RegisteredVersion]:
    """Every version of every registered model, newest first within a name."""
    client = store.client()
    found = []
    for registered in client.search_registered_models(max_results=1000):
        aliases: dict[str, list[str]] = {}
        for alias, version in registered.aliases.items():
            aliases.setdefault(str(version), []).append(alias)
        versions = client.search_model_versions(f"name = '{registered.name}'")
        found += [
            RegisteredVersion(
                name=str(version.name),
                version=str(version.version),
                aliases=tuple(sorted(aliases.get(str(version.version), ()))),
                run_id=str(version.run_id),
                cohort_kind=str(version.tags.get(KIND, "")),
                identity=str(version.tags.get(IDENTITY, "")),
                created=int(version.creation_timestamp),
                parent=str(version.tags.get(PARENT_VERSION, "")),
            )
            for version in sorted(versions, key=lambda v: -int(v.version))
        ]
    return found


def _find_version(client: Any, reference: str) -> Any:
    return _version_of_run(client, reference) if RUN_ID.fullmatch(reference) else _version(client, reference)


def _version(client: Any, reference: str) -> Any:
    from mlflow.exceptions import MlflowException

    name, _, alias = reference.partition("@")
    numbered = NAME_AND_VERSION.fullmatch(reference)
    if numbered:
        name = numbered[1]
    try:
        if numbered:
            return client.get_model_version(name, numbered[2])
        return client.get_model_version_by_alias(name, alias or CANDIDATE_ALIAS)
    except MlflowException as error:
        names = [registered.name for registered in client.search_registered_models(max_results=1000)]
        if name in names and numbered:
            numbers = sorted(int(one.version) for one in client.search_model_versions(f"name = '{name}'"))
            raise TrackingError(
                f"{name} has no version {numbered[2]}",
                expected=f"one of {', '.join(map(str, numbers))}" if numbers else "a version: none was trained",
                remedy="see `spinecast models`",
            ) from error
        if name in names:
            aliases = client.get_registered_model(name).aliases
            raise TrackingError(
                f"no version of {name} has the alias {alias or CANDIDATE_ALIAS!r}",
                expected=f"one of {', '.join(sorted(aliases))}" if aliases else f"a version: {name}/1",
                remedy="see `spinecast models`",
            ) from error
        close = nearest(name, names)
        known = f"one of {', '.join(sorted(names))}" if names else "a model trained here first"
        raise TrackingError(
            f"no model {reference!r} is registered",
            expected=known,
            remedy=f"did you mean {close}?" if close and close != name else "see `spinecast models`",
        ) from error


def _version_of_run(client: Any, run_id: str) -> Any:
    versions = client.search_model_versions(f"run_id = '{run_id}'")
    if not versions:
        raise TrackingError(f"run {run_id} has no model", remedy="see `spinecast models` for run ids")
    return versions[0]
