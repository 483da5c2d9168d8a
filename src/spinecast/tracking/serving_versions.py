"""Which version of each registered model is to be served, and where its files lie.

An embedded store is read with SQLite itself: importing MLflow takes seconds, a server asks again every few of them. A
test compares what is read with what MLflow says of the same store. A store behind a server is asked through MLflow, and
a version's files are fetched from it once, when the version is to be loaded.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from spinecast.errors import TrackingError
from spinecast.tracking.asking import RegistryError, asking
from spinecast.tracking.cards import CARD_FOLDER
from spinecast.tracking.runs import CANDIDATE_ALIAS, CHAMPION_ALIAS, IDENTITY, KIND
from spinecast.tracking.store import Store

__all__ = [
    "CHAMPION_ALIAS",
    "Known",
    "ServingVersion",
    "fetched",
    "pinned_version",
    "serving_versions",
    "version_numbers",
    "with_record",
]

# In this order: a candidate is served where nobody has been made champion yet, and says so.
ALIASES = (CHAMPION_ALIAS, CANDIDATE_ALIAS)


# A model that was deleted and made again begins with version 1 again, but not at the same moment.
Known = dict[tuple[str, int, str, str], "ServingVersion"]
"""Versions by name, when that name was made (milliseconds), alias and number."""


@dataclass(frozen=True)
class ServingVersion:
    """A registered version with its place.

    Parameters
    ----------
    name, version : str
    alias : str
        By which it is served; empty of a version that is only asked for by number.
    identity : str
        What the registry promises.
    cohort_kind, run_id : str
    source : str
        Address of the model's files.
    folder : pathlib.Path or None
        Below it lies the model's folder; None of a version behind a server that was not fetched. No part of which
        version it is.
    record : pathlib.Path or None
        Folder of its run's record, where it can be reached as files.
    """

    name: str
    version: str
    alias: str
    identity: str
    cohort_kind: str
    run_id: str
    source: str
    folder: Path | None = field(default=None, compare=False)
    record: Path | None = field(default=None, compare=False)

    @property
    def model_folder(self) -> Path:
        """The folder with the model's manifest."""
        folder = self.folder or Path(self.source)
        return next((path.parent for path in sorted(folder.rglob("manifest.json"))), folder)


def serving_versions(store: Store, known: Known | None = None) -> list[ServingVersion]:
    """Return, for each registered model with a champion or a candidate, the version to serve, by name.

    Parameters
    ----------
    store : Store
    known : dict, optional
        What was found before, kept here by whoever asks again and again: a server is asked for all aliases in one
        request, and for each version only once.

    Raises
    ------
    RegistryError
        If the store does not answer.
    """
    if not store.embedded:
        return _aliased_by_client(store, {} if known is None else known)
    aliased = _embedded(store, _ALIASED, {})
    chosen: dict[str, ServingVersion] = {}
    for alias in reversed(ALIASES):
        chosen |= {one.name: one for one in aliased if one.alias == alias}
    return [chosen[name] for name in sorted(chosen)]


def pinned_version(store: Store, name: str, version: str) -> ServingVersion:
    """Return one version by its number.

    Raises
    ------
    TrackingError
        If the store does not hold it, or does not answer.
    """
    if store.embedded:
        found = _embedded(store, _NUMBERED, {"name": name, "version": version})
    else:
        found = _numbered_by_client(store, name, version)
    if not found:
        raise TrackingError(
            f"the store no longer holds {name} version {version}",
            where=store.shown,
            remedy="put the version back; another version gives other numbers",
        )
    return found[0]


def version_numbers(store: Store, name: str) -> list[str]:
    """Return the numbers of all versions of a model, newest first; none of a model that is not there.

    Raises
    ------
    RegistryError
        If the store does not answer.
    """
    if store.embedded:
        found = [one.version for one in _embedded(store, _ALL_OF, {"name": name})]
    else:
        with asking(store) as client:
            found = [str(one.version) for one in client.search_model_versions(f"name = '{name}'")]
    return sorted(found, key=int, reverse=True)


_COLUMNS = """
    v.name AS name, v.version AS version, v.run_id AS run_id,
    COALESCE(v.storage_location, l.artifact_location, v.source) AS location, r.artifact_uri AS run_location,
    (SELECT value FROM model_version_tags t WHERE t.name = v.name AND t.version = v.version AND t.key = :identity)
        AS identity,
    (SELECT value FROM model_version_tags t WHERE t.name = v.name AND t.version = v.version AND t.key = :kind)
        AS cohort_kind
    FROM model_versions v
    LEFT JOIN logged_models l ON v.source = 'models:/' || l.model_id
    LEFT JOIN runs r ON r.run_uuid = v.run_id
"""
_ALIASED = f"""
    SELECT a.alias AS alias, {_COLUMNS} JOIN registered_model_aliases a ON a.name = v.name AND a.version = v.version
    WHERE v.current_stage <> 'Deleted_Internal' ORDER BY v.name
"""
_ALL_OF = f"""
    SELECT '' AS alias, {_COLUMNS} WHERE v.name = :name AND v.current_stage <> 'Deleted_Internal'
"""
_NUMBERED = f"""
    SELECT '' AS alias, {_COLUMNS}
    WHERE v.name = :name AND v.version = :version AND v.current_stage <> 'Deleted_Internal'
"""


def _embedded(store: Store, query: str, values: Mapping[str, str]) -> list[ServingVersion]:
    path = Path(store.uri.removeprefix("sqlite:///"))
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(query, {"identity": IDENTITY, "kind": KIND, **values}).fetchall()
    except sqlite3.Error as error:
        raise RegistryError(
            f"the tracking store cannot be read: {error}",
            where=str(path),
            expected="a store that this version of spinecast made",
        ) from error
    return [
        ServingVersion(
            name=str(row["name"]),
            version=str(row["version"]),
            alias=str(row["alias"]),
            identity=str(row["identity"] or ""),
            cohort_kind=str(row["cohort_kind"] or ""),
            run_id=str(row["run_id"] or ""),
            source=str(row["location"]),
            folder=_local(str(row["location"])),
            record=_local(str(row["run_location"])) / "record" if row["run_location"] else None,
        )
        for row in rows
    ]


def _local(location: str) -> Path:
    """Turn an artifact address into a path; one that is no file stays what it is and will not be found."""
    return Path(url2pathname(urlsplit(location).path)) if location.startswith("file:") else Path(location)


def fetched(store: Store, version: ServingVersion, into: Path, *, record: bool = True) -> ServingVersion:
    """Return a version with its model and its run's record as files on this machine.

    Parameters
    ----------
    store : Store
    version : ServingVersion
    into : pathlib.Path
        Folder for what has to be fetched from a server, of this version alone.
    record : bool
        Whether the record is wanted too, and the card that was published, beside it.

    Raises
    ------
    TrackingError
        If the server does not answer or does not hold them.
    """
    if version.folder is not None:
        return version
    with asking(store) as client:
        from mlflow.artifacts import download_artifacts

        location = client.get_model_version_download_uri(version.name, version.version)
        if location.startswith("models:/"):  # asked by its id here: MLflow would ask the store of the environment
            location = client.get_logged_model(location.removeprefix("models:/")).artifact_location
        folder = Path(download_artifacts(location, dst_path=str(into / "model"), tracking_uri=store.uri))
    found = replace(version, folder=folder)
    return with_record(store, found, into) if record else found


def with_record(store: Store, version: ServingVersion, into: Path) -> ServingVersion:
    """Return a version with its run's record as files on this machine, and the card that was published beside it.

    Parameters
    ----------
    store : Store
    version : ServingVersion
    into : pathlib.Path
        Folder for what has to be fetched from a server, of this version alone.

    Raises
    ------
    TrackingError
        If the server does not answer or does not hold them.
    """
    if version.record is not None:
        return version
    with asking(store) as client:
        kept = {one.path for one in client.list_artifacts(version.run_id)}
        place = Path(client.download_artifacts(version.run_id, "record", str(into))) if "record" in kept else None
        if CARD_FOLDER in kept:
            client.download_artifacts(version.run_id, CARD_FOLDER, str(into))
    return replace(version, record=place)


def _aliased_by_client(store: Store, known: Known) -> list[ServingVersion]:
    found: Known = {}
    token = None
    with asking(store) as client:
        while True:
            page = client.search_registered_models(max_results=100, page_token=token)
            for registered in page:
                alias = next((one for one in ALIASES if one in registered.aliases), None)
                if alias is None:
                    continue
                number = str(registered.aliases[alias])
                key = (str(registered.name), int(registered.creation_timestamp), alias, number)
                found[key] = known.get(key) or _named(client.get_model_version(registered.name, number), alias)
            token = page.token
            if not token:
                break
    known.clear()
    known.update(found)
    return sorted(found.values(), key=lambda one: one.name)


def _numbered_by_client(store: Store, name: str, version: str) -> list[ServingVersion]:
    from mlflow.exceptions import MlflowException

    with asking(store) as client:
        try:
            return [_named(client.get_model_version(name, version), "")]
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            return []


def _named(version: Any, alias: str) -> ServingVersion:
    return ServingVersion(
        name=str(version.name),
        version=str(version.version),
        alias=alias,
        identity=str(version.tags.get(IDENTITY, "")),
        cohort_kind=str(version.tags.get(KIND, "")),
        run_id=str(version.run_id),
        source=str(version.source),
    )
