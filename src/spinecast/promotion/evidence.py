"""What the registry holds about a version for gates to read: its record, its development, its external validations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spinecast.errors import ArtifactError, TrackingError
from spinecast.files import canonical_json
from spinecast.promotion.authors_words import saying_something
from spinecast.promotion.counting import why_not_counted
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.recorded import Recorded
from spinecast.tracking.aliases import registered_version
from spinecast.tracking.cards import read_words
from spinecast.tracking.models import NAME_AND_VERSION, RegisteredVersion, fetch_record, registered_versions
from spinecast.tracking.record_hash import record_hash
from spinecast.tracking.store import Store
from spinecast.tracking.validations import validation_runs

__all__ = ["Evidence", "Validated", "gather"]


@dataclass(frozen=True)
class Validated:
    """One external validation of a version.

    Parameters
    ----------
    run_id : str
    recorded : Recorded
    refused : str
        Why it is no validation on other patients that counts; empty of one that is.
    record_sha256 : str
        Of its record as it is now.
    """

    run_id: str
    recorded: Recorded
    refused: str = ""
    record_sha256: str = ""

    @property
    def cohort(self) -> str:
        """What the patients are called."""
        return self.recorded.cohort_name

    @property
    def fingerprint(self) -> str:
        """Of its patients."""
        return str(self.recorded.files["about.json"]["cohort"].get("fingerprint"))

    @property
    def question(self) -> tuple[str, str]:
        """Its patients, and what was predicted of them on whichever days."""
        definition = (self.recorded.get("about.json", "outcome") or {}).get("definition") or {}
        asked = {key: value for key, value in definition.items() if key != "horizons_days"}
        return self.fingerprint, canonical_json(asked)

    @property
    def sees(self) -> str:
        """What whoever validated chose of what its gates see: days, thresholds and groups of patients."""
        settings = self.recorded.files["about.json"]["settings"]
        chosen: dict[str, Any] = {key: settings.get(key) for key in ("thresholds", "fewest", "subgroups")}
        return canonical_json({**chosen, "days": self.recorded.outcome.get("horizons_days")})

    @property
    def looked(self) -> tuple[bool, ...]:
        """Whether people of each cohort that the model was made from could be looked for among these."""
        met = self.recorded.listed("findings.json", "met_before")
        return tuple(bool(one.get("searched")) for one in (self.recorded.get("findings.json", "overlap") or {}, *met))


@dataclass(frozen=True)
class Evidence:
    """All that gates, and the card of a version, are drawn from.

    Parameters
    ----------
    version : RegisteredVersion
    own : Recorded
        The record of the run the version came from: of a training, or of an update.
    development : Recorded or None
        The record of the training it goes back to; None where the registry does not hold it.
    validations : tuple of Validated
        Those that count, the oldest first: of several on the same patients, for the same outcome, days, thresholds and
        groups only the last, and beside it the last in which the model's own people could be looked for. Then all that
        do not count, which take the place of none.
    words : mapping of str to str
        The authors' words that were given for this version, or for the newest before it.
    earlier : tuple of RegisteredVersion
        Every version up to this one, the newest first.
    updates : tuple of Recorded
        The records of the updates that made the version of what was trained, the newest first.
    logged : mapping of str to int or None
        The record of the audit log that knows each validation by its run; None where no log was asked.
    """

    version: RegisteredVersion
    own: Recorded
    development: Recorded | None
    validations: tuple[Validated, ...]
    words: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[RegisteredVersion, ...] = ()
    updates: tuple[Recorded, ...] = ()
    logged: Mapping[str, int] | None = None

    @property
    def recorded(self) -> Recorded:
        """The record of the version with all that is known besides: what its card is made of."""
        base = self.development.authors if self.development else {}
        return replace(
            self.own,
            authors=saying_something({**base, **self.own.authors, **self.words}),
            validations=tuple(one.recorded for one in self.counted),
            ancestor=self.development,
        )

    @property
    def synthetic(self) -> bool:
        """Whether patients who are not real had a part in the model; an unknown kind is not taken for real."""
        made_up = self.version.cohort_kind != "real" or self.own.record.is_synthetic
        return made_up or (self.development is not None and self.development.record.is_synthetic)

    @property
    def borrowed(self) -> bool:
        """Whether patients of another cohort helped to fit what was trained."""
        return self.development is not None and bool((self.development.study.get("cohort") or {}).get("borrow"))

    @property
    def kind(self) -> str:
        """What the model predicts: ``"event"``, or the kind of its outcome."""
        return self.own.predicts or "event"

    @property
    def counted(self) -> tuple[Validated, ...]:
        """The validations on other patients."""
        return tuple(one for one in self.validations if not one.refused)


def gather(store: Store, name: str, version: str) -> Evidence:
    """Read everything from the registry.

    Raises
    ------
    TrackingError
        If there is no such version, or the registry does not hold its record.
    ArtifactError
        If a record cannot be read.
    """
    found = registered_version(store, name, version)
    earlier = tuple(one for one in registered_versions(store) if one.name == name and int(one.version) <= int(version))
    words = next((held for one in earlier if (held := read_words(store, one.run_id))), {})
    own = _recorded(fetch_record(store, found.run_id))
    updates, development = _lineage(store, found, own)
    synthetic = found.cohort_kind != "real"
    latest: dict[tuple[tuple[str, str], str, tuple[bool, ...]], Validated] = {}
    refusals: list[Validated] = []
    for run_id in validation_runs(store, found.identity):
        folder = fetch_record(store, run_id)
        recorded = _recorded(folder)
        refused = why_not_counted(recorded, found.identity, own, development, made_up_allowed=synthetic)
        validated = Validated(run_id, recorded, refused, record_hash(folder))
        if refused:
            refusals.append(validated)
            continue
        # Where nobody could look for the model's own people, it does not undo that somebody did.
        key = (validated.question, validated.sees, validated.looked)
        latest.pop(key, None)  # the last one stands where it was made, not where the first was
        latest[key] = validated
    return Evidence(found, own, development, (*latest.values(), *refusals), words, earlier, updates)


def _recorded(folder: Path) -> Recorded:
    if (folder / "study.yaml").exists():
        return Recorded.of(RunRecord.load(folder))
    return Recorded.of(ExternalRecord.load(folder))


def _lineage(store: Store, version: RegisteredVersion, own: Recorded) -> tuple[tuple[Recorded, ...], Recorded | None]:
    """Follow the parents of a version to the training it goes back to; None for that where the way is lost."""
    updates, recorded, seen = [], own, set()
    while recorded.design != "development":
        updates.append(recorded)
        numbered = NAME_AND_VERSION.fullmatch(version.parent)
        if numbered is None or version.parent in seen:
            return tuple(updates), None
        seen.add(version.parent)
        try:
            version = registered_version(store, numbered[1], numbered[2])
            recorded = _recorded(fetch_record(store, version.run_id))
        except (TrackingError, ArtifactError):
            return tuple(updates), None
    return tuple(updates), recorded
