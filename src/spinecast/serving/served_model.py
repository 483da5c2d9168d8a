"""One version of a model in memory, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from spinecast.errors import TrackingError
from spinecast.explanation.answering import Kind, asked_inputs, kind_of
from spinecast.models.loading import AnyModel
from spinecast.tracking.cards import CARD_FOLDER, CARD_JSON
from spinecast.tracking.serving_versions import CHAMPION_ALIAS, ServingVersion

__all__ = ["ServedModel"]


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

    @property
    def standing(self) -> str:
        """What must be said of a version that nobody has made champion; empty of a champion."""
        if self.version.alias == CHAMPION_ALIAS:
            return ""
        return "CANDIDATE: not promoted; no version of this model is champion now."

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
        """Return its model card: as it was published for this version, else as training filled it from the record.

        Raises
        ------
        TrackingError
            If its run left none that can be read here.
        """
        folder = self.version.record
        try:
            if folder is None:
                raise FileNotFoundError
            published = folder.parent / CARD_FOLDER / CARD_JSON
            path = published if published.is_file() else folder / "reporting" / CARD_JSON
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise TrackingError(
                f"{self.numbered} has no model card here",
                remedy="spinecast models card NAME VERSION publishes one",
            ) from error
        return found
