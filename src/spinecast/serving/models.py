"""The models that are served: loaded from the registry, and replaced while requests go on."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spinecast.clinical.dictionary import variable
from spinecast.errors import ArtifactError, DeclinedError, ServingError, SpinecastError, TrackingError, nearest
from spinecast.explanation.answering import Kind, Question, asked_inputs, kind_of, predict_any
from spinecast.models.loading import AnyModel, load_any_model
from spinecast.tracking.serving_versions import ServingVersion, fetched, pinned_version, serving_versions
from spinecast.tracking.store import Store

__all__ = ["ServedModel", "ServedModels"]

SECONDS_BETWEEN = 2.0
MOST_SECONDS_BETWEEN = 60.0
"""How long the registry is left alone while it does not answer."""
SECONDS_REFUSED = 30.0
"""After which a version that could not be served is tried again."""


@dataclass(frozen=True, eq=False)
class ServedModel:
    """One version of a model, in memory.

    Parameters
    ----------
    version : ServingVersion
    model : AnyModel
    identity : str
        Hash of its manifest, computed from the bytes that were loaded.
    """

    version: ServingVersion
    model: AnyModel
    identity: str

    @property
    def name(self) -> str:
        """The registered name."""
        return self.version.name

    @property
    def kind(self) -> Kind:
        """What it answers with."""
        return kind_of(self.model)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Dictionary variables a patient may be described by."""
        return asked_inputs(self.model)

    @property
    def numbered(self) -> str:
        """``name/version``, as the log has it."""
        return f"{self.version.name}/{self.version.version}"

    def to_dict(self) -> dict[str, Any]:
        """Return what every answer says of it."""
        about = self.model.about
        return {
            "name": self.version.name,
            "version": self.version.version,
            "alias": self.version.alias or None,
            "identity": self.identity,
            "kind": self.kind,
            "title": str(about.get("title", self.version.name)),
            "outcome": str(about["outcome"]["label"]),
            "synthetic": self.model.is_synthetic,
            "cohort": str((about.get("cohort") or {}).get("name", "")),
        }

    def card(self) -> dict[str, Any]:
        """Return its model card, as training filled it from the record.

        Raises
        ------
        TrackingError
            If its run left none that can be read here.
        """
        folder = self.version.record
        path = None if folder is None else folder / "reporting" / "model_card.json"
        try:
            if path is None:
                raise FileNotFoundError
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise TrackingError(
                f"{self.numbered} has no model card here",
                remedy="spinecast report RUN --records writes one",
            ) from error
        return found


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
        self._tried: dict[ServingVersion, float] = {}
        self._pinned: dict[str, ServedModel] = {}
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
        if key not in self._pinned:
            found = self._load(pinned_version(self.store, name, version))
            if found.identity != identity:
                raise ArtifactError(
                    f"{name} version {version} is not the model that answered then",
                    expected=f"identity {identity}",
                    where=f"identity {found.identity}",
                )
            self._pinned = {key: found}  # the last one asked for: replays come one after the other
        return self._pinned[key]

    def refresh(self) -> None:
        """Look what the registry says now; load what is new, and only then put it in place.

        A version that cannot be loaded is refused, loudly; what was served under its name before goes on.

        Raises
        ------
        TrackingError
            If the store does not answer.
        """
        before, current, refused = self._current, {}, {}
        listed = serving_versions(self.store)
        for version in listed:
            old, numbered = before.get(version.name), f"{version.name}/{version.version}"
            if old is not None and old.version == version:
                current[version.name] = old
                continue
            if time.monotonic() - self._tried.get(version, -math.inf) < SECONDS_REFUSED:
                reason = self._refused.get(numbered, "")
            else:
                found, reason = self._tried_out(version, rehearse=old is not None)
                if found is not None:
                    current[version.name] = found
                    continue
            refused[numbered] = reason
            if old is not None:
                current[version.name] = old
        self._tried = {version: at for version, at in self._tried.items() if version in listed}
        for numbered, reason in refused.items():
            if self._refused.get(numbered) != reason:
                self._complain(f"NOT SERVED: {numbered}: {reason}")
        self._current, self._refused = MappingProxyType(current), MappingProxyType(refused)

    def _tried_out(self, version: ServingVersion, *, rehearse: bool) -> tuple[ServedModel | None, str]:
        """Load a version; where that cannot be, say why: whatever is wrong with one, the others are served."""
        self._tried.pop(version, None)
        try:
            found = self._load(version)
            if rehearse:  # whoever asks for it first is not to wait for what a first answer takes
                _rehearse(found)
        except (SpinecastError, ArithmeticError) as error:
            reason = getattr(error, "what", str(error))
        except Exception as error:  # a file of the right hash that our code cannot take
            reason = f"{type(error).__name__} while it was loaded"
        else:
            return found, ""
        self._tried[version] = time.monotonic()
        return None, reason

    def _load(self, version: ServingVersion) -> ServedModel:
        """Load a version, from a copy that is gone again where it had to be fetched."""
        if self._folder is None:
            return _checked(version)
        local = fetched(self.store, version, Path(self._folder.name))
        try:
            return _checked(local)
        finally:
            if local.folder is not None:
                shutil.rmtree(local.folder)

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
        for served in self._current.values():
            try:
                _rehearse(served)
            except ArithmeticError as error:
                self._complain(f"{served.numbered} cannot explain what it serves: {error}")
            except Exception as error:  # nothing ends the watch: it would end unseen
                self._complain(f"{served.numbered} did not answer about nobody: {type(error).__name__}")
        wait = SECONDS_BETWEEN
        while not self._stop.wait(wait):
            before, trouble = self._trouble, self._looked()
            self._trouble = trouble
            if trouble and not before:
                self._complain(f"{trouble}; what is in memory goes on answering")
            elif before and not trouble:
                self._complain("the registry answers again")
            wait = min(2 * wait, MOST_SECONDS_BETWEEN) if trouble else SECONDS_BETWEEN

    def _looked(self) -> str:
        """Look once; return what kept us from it, whatever it was."""
        try:
            self.refresh()
        except SpinecastError as error:
            return error.what
        except Exception as error:
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


def _rehearse(served: ServedModel) -> None:
    """Answer once about nobody: libraries compile at first use what the first patient would else wait for.

    Raises
    ------
    ArithmeticError
        If what is explained is not what is served.
    """
    name = next(one for one in served.model.predictors if not variable(one).is_label)
    entry = variable(name)
    if entry.is_levelled:
        typical: Any = entry.level_values[0]
    else:
        assert entry.possible is not None
        limits = entry.plausible or entry.possible
        typical = (limits.lower + limits.upper) / 2
    try:
        predict_any(served.model, served.identity, {name: typical}, Question())
    except DeclinedError:
        return
