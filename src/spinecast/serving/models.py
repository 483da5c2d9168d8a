"""The models that are served: loaded from the registry, and replaced while requests go on."""

from __future__ import annotations

import math
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from spinecast.errors import ArtifactError, ServingError, SpinecastError, TrackingError, nearest
from spinecast.models.loading import load_any_model
from spinecast.serving.problems import LOGGER, place_of
from spinecast.serving.rehearsal import rehearse
from spinecast.serving.served_model import ServedModel
from spinecast.tracking.serving_versions import (
    Known,
    ServingVersion,
    fetched,
    pinned_version,
    serving_versions,
    with_record,
)
from spinecast.tracking.store import Store

__all__ = ["ServedModels"]

SECONDS_BETWEEN = 2.0
MOST_SECONDS_BETWEEN = 60.0
"""How long the registry is left alone while it does not answer."""
SECONDS_REFUSED = 30.0
"""After which a version that could not be served is tried again."""


class ServedModels:
    """What is served now; replaced as a whole, so that a request that has begun keeps its model.

    Parameters
    ----------
    store : Store
    complain : callable
        Takes one line about a version that is not served and why.
    """

    def __init__(self, store: Store, complain: Callable[[str], None]) -> None:
        self.store = store
        self._complain = complain
        self._current: Mapping[str, ServedModel] = MappingProxyType({})
        self._refused: Mapping[str, str] = MappingProxyType({})
        self._listed: Known = {}
        self._tried: dict[ServingVersion, float] = {}
        self._pinned: dict[str, ServedModel] = {}
        self._recorded: dict[str, Path | None] = {}
        self._fetching = threading.Lock()
        self._trouble = ""
        # What has to be fetched from a server of models stands here, until the server stops.
        self._folder = None if store.embedded else tempfile.TemporaryDirectory(prefix="spinecast-models-")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> Mapping[str, ServedModel]:
        """Served models by name."""
        return self._current

    @property
    def refused(self) -> Mapping[str, str]:
        """Versions (``name/version``) that should be served and cannot be, with the reason."""
        return self._refused

    @property
    def trouble(self) -> str:
        """Why the registry could not be read when it was looked at last; empty while it can."""
        return self._trouble

    def get(self, name: str) -> ServedModel:
        """Return a served model.

        Raises
        ------
        TrackingError
            If none of that name is served; names the nearest.
        """
        current = self._current
        if name in current:
            return current[name]
        close = nearest(name, current)
        raise TrackingError(
            f"no model {name[:100]!r} is served",
            expected=f"one of {', '.join(current)}",
            remedy=f"did you mean {close}?" if close else None,
        )

    def pinned(self, name: str, version: str, identity: str) -> ServedModel:
        """Return the version a record names, served or not.

        Raises
        ------
        TrackingError
            If the store no longer holds it.
        ArtifactError
            If it is not the model it was.
        """
        served = self._current.get(name)
        if served is not None and served.version.version == version and served.identity == identity:
            return served
        key = f"{name}/{version}/{identity}"
        found = self._pinned.get(key)
        if found is None:
            found = self._load(pinned_version(self.store, name, version), record=False)
            if found.identity != identity:
                raise ArtifactError(
                    f"{name} version {version} is not the model that answered then",
                    expected=f"identity {identity}",
                    where=f"identity {found.identity}",
                )
            self._pinned = {key: found}  # the last one asked for: replays come one after the other
        return found  # and not from there: somebody else's replay may have taken its place meanwhile

    def numbered(self, name: str, version: str) -> ServedModel:
        """Return a version by its number alone, served or not, as the registry promises it.

        Raises
        ------
        TrackingError, ArtifactError
            As :meth:`pinned`.
        """
        found = pinned_version(self.store, name, version)
        return self.pinned(name, version, found.identity) if found.identity else self._load(found, record=False)

    def recorded(self, name: str, version: str) -> ServingVersion:
        """Return a version, served or not, with its run's record as files, fetched once where it lies behind a server.

        Raises
        ------
        TrackingError
            If the store does not answer, or does not hold the version or its record.
        """
        served = self._current.get(name)
        if served is not None and served.version.version == version and served.version.record is not None:
            return served.version
        found = pinned_version(self.store, name, version)
        if self._folder is None:
            return found
        with self._fetching:  # two who open the same version wait for one copy
            if found.run_id not in self._recorded:
                place = Path(tempfile.mkdtemp(prefix=f"{name}-{version}-record-", dir=self._folder.name))
                self._recorded[found.run_id] = with_record(self.store, found, place).record
            return replace(found, record=self._recorded[found.run_id])

    def refresh(self) -> None:
        """Look what the registry says now; load what is new, and only then put it in place.

        A version that cannot be loaded is refused, loudly; what was served under its name before goes on.

        Raises
        ------
        TrackingError
            If the store does not answer.
        """
        before, current, refused = self._current, {}, {}
        listed = serving_versions(self.store, self._listed)
        for version in listed:
            old, numbered = before.get(version.name), f"{version.name}/{version.version}"
            if old is not None and old.version == version:
                current[version.name] = old
                continue
            if time.monotonic() - self._tried.get(version, -math.inf) < SECONDS_REFUSED:
                reason = self._refused.get(numbered, "")
            else:
                found, reason = self._tried_out(version)
                if found is not None:
                    current[version.name] = found
                    continue
            refused[numbered] = reason
            if old is not None:
                current[version.name] = old
        self._tried = {version: at for version, at in self._tried.items() if version in listed}
        self._put(current, refused)

    def _put(self, current: Mapping[str, ServedModel], refused: Mapping[str, str]) -> None:
        """Put in place what is served, and say of what is not what has not been said of it yet."""
        for numbered, reason in refused.items():
            if self._refused.get(numbered) != reason:
                self._complain(f"NOT SERVED: {numbered}: {reason}")
        self._current, self._refused = MappingProxyType(dict(current)), MappingProxyType(dict(refused))

    def _tried_out(self, version: ServingVersion) -> tuple[ServedModel | None, str]:
        """Load a version; where that cannot be, say why: whatever is wrong with one, the others are served."""
        self._tried.pop(version, None)
        try:
            found = self._load(version)
        except Exception as error:  # among them a file of the right hash that our code cannot take
            reason = _why(version, error, "while it was loaded")
        else:
            # Whoever asks for it first is not to wait for what a first answer takes; at the start everybody would.
            reason = "" if self._thread is None else _rehearsed(found)
        if not reason:
            return found, ""
        self._tried[version] = time.monotonic()
        return None, reason

    def _load(self, version: ServingVersion, *, record: bool = True) -> ServedModel:
        """Load a version; where it had to be fetched, nothing of it stays on the disk but its run's record."""
        if self._folder is None:
            return _checked(version)
        place = Path(tempfile.mkdtemp(prefix=f"{version.name}-{version.version}-", dir=self._folder.name))
        try:
            found = _checked(fetched(self.store, version, place, record=record))
            shutil.rmtree(place if found.version.record is None else place / "model")
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return found

    def start(self) -> None:
        """Load, then look again every few seconds.

        Raises
        ------
        ServingError
            If there is nothing to serve.
        """
        self.refresh()
        if not self._current:
            raise ServingError(
                "no model can be served",
                where=self.store.shown,
                expected="a registered model with the alias champion or candidate"
                + "".join(f"; {numbered}: {reason}" for numbered, reason in self._refused.items()),
                remedy="train a study: make demo",
            )
        self._thread = threading.Thread(target=self._watch, name="registry-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=SECONDS_BETWEEN)
        if self._folder is not None:
            self._folder.cleanup()

    def _watch(self) -> None:
        self._rehearse_all()
        wait = SECONDS_BETWEEN
        while not self._stop.wait(wait):
            before, trouble = self._trouble, self._looked()
            self._trouble = trouble
            if trouble and not before:
                self._complain(f"{trouble}; what is in memory goes on answering")
            elif before and not trouble:
                self._complain("the registry answers again")
            wait = min(2 * wait, MOST_SECONDS_BETWEEN) if trouble else SECONDS_BETWEEN

    def _rehearse_all(self) -> None:
        """Rehearse what the start put in place; what does not stand it is served no more."""
        for name, served in self._current.items():
            reason = _rehearsed(served)
            if reason:
                self._tried[served.version] = time.monotonic()
                current = {other: one for other, one in self._current.items() if other != name}
                self._put(current, {**self._refused, served.numbered: reason})

    def _looked(self) -> str:
        """Look once; return what kept us from it, whatever it was."""
        try:
            self.refresh()
        except SpinecastError as error:
            return error.what
        except Exception as error:  # nothing ends the watch: it would end unseen
            LOGGER.error("defect while the registry was read: %s", place_of(error))
            return f"the registry cannot be read: {type(error).__name__}, a defect of spinecast"
        return ""


def _checked(version: ServingVersion) -> ServedModel:
    model, identity = load_any_model(version.model_folder)
    if version.identity and version.identity != identity:
        raise ArtifactError(
            f"{version.name} version {version.version} is not the model that was registered",
            expected=f"identity {version.identity}",
            where=f"identity {identity}",
            remedy="train it again; do not use this copy",
        )
    return ServedModel(version, model, identity)


def _rehearsed(served: ServedModel) -> str:
    """Answer about nobody; return why that cannot be."""
    try:
        rehearse(served)
    except Exception as error:
        return _why(served.version, error, "while it answered about nobody")
    return ""


def _why(version: ServingVersion, error: Exception, when: str) -> str:
    """Say why a version cannot be served; of a defect of ours the log has the place."""
    if isinstance(error, SpinecastError | ArithmeticError):
        return str(getattr(error, "what", error))
    LOGGER.error("defect %s %s: %s", when, f"{version.name}/{version.version}", place_of(error))
    return f"{type(error).__name__} {when}"
