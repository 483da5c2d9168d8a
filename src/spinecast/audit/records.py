"""Records and the chain they form.

A record's *content* is its patient's pseudonym and its body, salted; its hash is all the chain holds of it. So the
content can be erased when its time is over, and the chain still verifies; and without the salt nobody can guess from
the hash that is left what stood there. The record's own hash covers its place, its time and the hash before it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from spinecast.files import canonical_json, sha256_bytes

__all__ = [
    "ALIAS_KINDS",
    "BEFORE_THE_FIRST",
    "VALIDATION_KIND",
    "Draft",
    "Record",
    "chained",
    "moment_of",
    "moment_text",
    "now_text",
]

BEFORE_THE_FIRST = "0" * 64
ALIAS_KINDS = ("promotion", "demotion", "rollback", "refused_promotion", "alias")
"""What is recorded of a model's aliases: moves that somebody is about to make or was refused, and what came of them."""
VALIDATION_KIND = "validation"
"""A model was validated on other patients: what its gates will be drawn from."""
_SALT_BYTES = 16
_TEXTS = ("recorded_at", "kind", "actor", "model", "content_hash", "previous_hash", "hash")


@dataclass(frozen=True)
class Draft:
    """What somebody wants recorded.

    Parameters
    ----------
    kind : str
        ``prediction``, ``declined``, ``scores``, ``read``, ``replay``, ``explanation``, ``export``, ``hold``,
        ``release``, ``erasure``, ``feedback``, ``start``, ``seal``, ``verification``, ``outcome``, ``signin``,
        ``refused``, ``signout``, ``account``, ``key``, ``validation``, and those of `ALIAS_KINDS`.
    actor : str
        Who did it, with the roles they had.
    body : mapping
        JSON values.
    model : str
        ``name/version``; empty where no model was asked.
    subject : str or None
        Pseudonym of the patient.
    """

    kind: str
    actor: str
    body: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    subject: str | None = None


@dataclass(frozen=True)
class Record:
    """One row of the log.

    Parameters
    ----------
    sequence : int
        From 1, without a gap. It is the audit id.
    recorded_at : str
        UTC, ISO 8601.
    kind, actor, model : str
        As in `Draft`.
    subject, content : str or None
        None once erased.
    content_hash, previous_hash, hash : str
        SHA-256, hexadecimal.
    """

    sequence: int
    recorded_at: str
    kind: str
    actor: str
    model: str
    subject: str | None
    content: str | None
    content_hash: str
    previous_hash: str
    hash: str

    @property
    def body(self) -> dict[str, Any] | None:
        """What was recorded; None once erased."""
        if self.content is None:
            return None
        body: dict[str, Any] = json.loads(self.content)["body"]
        return body

    def headline(self, *, lost: bool = False) -> dict[str, Any]:
        """Return what a list shows of it: JSON values, no content.

        Parameters
        ----------
        lost : bool
            Whether its content is gone and no erasure took it, as `spinecast.audit.reading.lost_among` finds.
        """
        return {
            "record": self.sequence,
            "recorded_at": self.recorded_at,
            "kind": self.kind,
            "actor": self.actor,
            "model": self.model or None,
            "patient": self.subject,
            "erased": self.content is None and not lost,
            "altered": lost or bool(self.alterations()),
            "hash": self.hash,
        }

    def alterations(self) -> tuple[str, ...]:
        """Say what of this row is not as it was written, by the row's own hashes; empty where all of it is.

        What only the rows around it can show, `spinecast.audit.verification` sees.
        """
        number = self.sequence
        if self.misshapen():
            return (f"record {number} holds what no record holds",)
        found = []
        if self.own_hash() != self.hash:
            found.append(f"record {number} was edited or stands in another's place")
        if self.content is None:
            if self.subject is not None:
                found.append(f"record {number} names a patient and holds no content")
        elif sha256_bytes(self.content.encode("utf-8", "surrogatepass")) != self.content_hash:
            found.append(f"the content of record {number} was edited")
        elif (stored := _stored(self.content)) is None:
            found.append(f"the content of record {number} is none")
        elif stored["subject"] != self.subject:
            found.append(f"the patient of record {number} was changed")
        return tuple(found)

    def misshapen(self) -> bool:
        """Say whether a column is of another type than a record's: a file, or SQLite, keeps whatever it is given."""
        texts = all(isinstance(getattr(self, name), str) for name in _TEXTS)
        perhaps = all(value is None or isinstance(value, str) for value in (self.subject, self.content))
        return not (texts and perhaps and type(self.sequence) is int)

    def own_hash(self) -> str:
        """Return the hash that the row's other columns give."""
        chained_columns = {
            name: value for name, value in asdict(self).items() if name not in ("subject", "content", "hash")
        }
        return sha256_bytes(canonical_json(chained_columns).encode("utf-8", "surrogatepass"))


def _stored(content: str) -> dict[str, Any] | None:
    """Read a content; None if it is no record's."""
    try:
        stored = json.loads(content)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(stored, dict) and "subject" in stored and isinstance(stored.get("body"), dict)
    return stored if whole else None


def chained(draft: Draft, after: Record | None, recorded_at: str) -> Record:
    """Give a draft its place in the chain.

    Parameters
    ----------
    draft : Draft
    after : Record or None
        The last record; None for the first.
    recorded_at : str

    Raises
    ------
    ValueError
        If the body holds a number that is none.
    """
    content = canonical_json(
        {"salt": secrets.token_hex(_SALT_BYTES), "subject": draft.subject, "body": dict(draft.body)}
    )
    columns: dict[str, Any] = {
        "sequence": 1 if after is None else after.sequence + 1,
        "recorded_at": recorded_at,
        "kind": draft.kind,
        "actor": draft.actor,
        "model": draft.model,
        "content_hash": sha256_bytes(content.encode()),
        "previous_hash": BEFORE_THE_FIRST if after is None else after.hash,
    }
    own = sha256_bytes(canonical_json(columns).encode())
    return Record(**columns, subject=draft.subject, content=content, hash=own)


def now_text() -> str:
    """Return the present time as records write it."""
    return moment_text(datetime.now(UTC))


def moment_text(moment: datetime) -> str:
    """Return a time, UTC, as text that sorts as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime:
    """Return the time that :func:`moment_text` wrote."""
    return datetime.fromisoformat(text)
