"""The aliases of a registered model, and the tags of its versions: read, set and taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spinecast.errors import TrackingError
from spinecast.tracking.asking import asking, cause_of
from spinecast.tracking.models import RegisteredVersion, registered_versions
from spinecast.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities.model_registry import RegisteredModel

__all__ = ["aliases_of", "registered_version", "set_alias", "tag_version", "untag_version"]


def registered_version(store: Store, name: str, version: str) -> RegisteredVersion:
    """Return one version of a registered model.

    Raises
    ------
    TrackingError
        If there is none.
    RegistryError
        If the registry does not answer.
    """
    with asking(store):
        found = [one for one in registered_versions(store) if one.name == name]
    for one in found:
        if one.version == version:
            return one
    _registered(store, name)
    known = ", ".join(one.version for one in reversed(found))
    raise TrackingError(
        f"{name} has no version {version}",
        where=store.shown,
        expected=f"one of {known}" if known else "a version: none was trained",
        remedy="see `spinecast models`",
    )


def aliases_of(store: Store, name: str) -> Mapping[str, str]:
    """Return the version that each alias of a registered model means.

    Raises
    ------
    TrackingError
        If no model of that name is registered.
    RegistryError
        If the registry does not answer.
    """
    return {str(alias): str(version) for alias, version in _registered(store, name).aliases.items()}


def set_alias(store: Store, name: str, alias: str, version: str | None) -> None:
    """Give an alias to a version, or take it away with None.

    Raises
    ------
    TrackingError
        If the registry refuses.
    """
    client = store.client()
    with _written(store, name, f"did not take the alias {alias} of {name}"):
        if version is None:
            client.delete_registered_model_alias(name, alias)
        else:
            client.set_registered_model_alias(name, alias, version)


def tag_version(store: Store, name: str, version: str, tags: Mapping[str, str]) -> None:
    """Write tags of a version.

    Raises
    ------
    TrackingError
        If the registry refuses.
    """
    client = store.client()
    with _written(store, name, f"did not take the tags {', '.join(tags)} of {name}/{version}"):
        for key, value in tags.items():
            client.set_model_version_tag(name, version, key, value)


def untag_version(store: Store, name: str, version: str, key: str) -> None:
    """Take a tag off a version; one that has it not stays as it is.

    Raises
    ------
    TrackingError
        If the registry refuses.
    """
    client = store.client()
    with _written(store, name, f"did not take the tag {key} off {name}/{version}"):
        if key in client.get_model_version(name, version).tags:
            client.delete_model_version_tag(name, version, key)


@contextmanager
def _written(store: Store, name: str, what: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:  # requests' errors are OSErrors
        raise TrackingError(
            f"the registry {what}: {cause_of(error)}",
            where=store.shown,
            remedy=f"see `spinecast models history {name}` for what stands now",
        ) from error


def _registered(store: Store, name: str) -> RegisteredModel:
    from mlflow.exceptions import MlflowException

    with asking(store) as client:
        try:
            return client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise TrackingError(
                f"no model {name!r} is registered", where=store.shown, remedy="see `spinecast models`"
            ) from error
