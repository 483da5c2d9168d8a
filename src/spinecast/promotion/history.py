"""The history of a model's aliases as the audit log has it, and where the registry says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from spinecast.audit.log import AuditLog
from spinecast.audit.records import ALIAS_KINDS, Draft, Record
from spinecast.errors import AuditError
from spinecast.tracking.runs import CHAMPION_ALIAS

__all__ = [
    "History",
    "Move",
    "Outcome",
    "body_of",
    "history_of",
    "moves_of",
    "record_new_version",
    "records_of_kind",
]

Outcome = Literal["moved", "failed", "open", "refused"]
_PAGE = 500


@dataclass(frozen=True)
class Move:
    """One move of an alias, made, tried or refused.

    Parameters
    ----------
    record : int
        The record that says it was about to be made, or was refused.
    concluded : int or None
        The record that says what came of it; None of one that was refused, or left open.
    recorded_at, actor, action : str
        The action is the record's kind, or ``training`` and ``update`` of a new version's candidate.
    alias : str
    before, after : str or None
        Versions; None where nobody has the alias.
    identity : str
        Of the model that is called so after it, as the registry had it then; empty where there is none.
    because : str
    outcome : {"moved", "failed", "open", "refused"}
    synthetic : bool
        Whether the model was asked in as one of made-up patients.
    validations : tuple of str
        Runs of the validations that counted then.
    gates : str
        Those it came through or was refused by: their name, the beginning of the file's hash, and whether the file was
        somebody's own; empty where none was asked.
    """

    record: int
    concluded: int | None
    recorded_at: str
    actor: str
    action: str
    alias: str
    before: str | None
    after: str | None
    identity: str
    because: str
    outcome: Outcome
    synthetic: bool = False
    validations: tuple[str, ...] = ()
    gates: str = ""


@dataclass(frozen=True)
class History:
    """Every move of a model's aliases, what the registry says now, and where the two disagree.

    Parameters
    ----------
    name : str
    moves : sequence of Move
        The oldest first.
    aliases : mapping of str to str
        What the registry says now.
    disagreements : sequence of str
    notes : sequence of str
        Where a candidate is not the one of the log: trained where there was none, or moved by other means.
    """

    name: str
    moves: Sequence[Move]
    aliases: Mapping[str, str]
    disagreements: Sequence[str]
    notes: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "name": self.name,
            "aliases": dict(self.aliases),
            "moves": [asdict(move) for move in self.moves],
            "disagreements": list(self.disagreements),
            "notes": list(self.notes),
        }


def moves_of(log: AuditLog, name: str) -> list[Move]:
    """Return every move of a model's aliases, the oldest first.

    Raises
    ------
    AuditError
        If a record of them was altered, or the log does not answer.
    """
    records = sorted(
        (one for kind in ALIAS_KINDS for one in records_of_kind(log, kind, name)), key=lambda one: one.sequence
    )
    bodies = {record.sequence: body_of(record) for record in records}
    concluded = {
        bodies[record.sequence]["concludes"]: record
        for record in records
        if record.kind == "alias" and "concludes" in bodies[record.sequence]
    }
    found = []
    for record in records:
        body, end = bodies[record.sequence], concluded.get(record.sequence)
        if record.kind == "alias":
            if "concludes" not in body:  # of a new version, which nobody had to ask for
                found.append(_as_move(record, body, record.sequence, body["action"], "moved"))
        elif record.kind == "refused_promotion":
            found.append(_as_move(record, body, None, record.kind, "refused"))
        else:
            outcome: Outcome = "open" if end is None else bodies[end.sequence]["outcome"]
            found.append(_as_move(record, body, None if end is None else end.sequence, record.kind, outcome))
    return found


def record_new_version(log: AuditLog, actor: str, numbered: str, identity: str, alias: str, action: str) -> None:
    """Record that a new version took its alias as it was registered, which nobody had to ask for.

    Parameters
    ----------
    log : AuditLog
    actor : str
    numbered : str
        ``name/version``.
    identity, alias : str
    action : str
        What made it: ``training`` or ``update``.

    Raises
    ------
    AuditError
        If the log cannot be read or written.
    """
    name, _, version = numbered.partition("/")
    before = next((one.after for one in reversed(moves_of(log, name)) if _moved(one, alias)), None)
    body = {
        "alias": alias,
        "from": before,
        "to": version,
        "identity": identity,
        "because": "it is new",
        "action": action,
        "outcome": "moved",
    }
    log.append([Draft("alias", actor, body, numbered)])


def history_of(log: AuditLog, name: str, aliases: Mapping[str, str]) -> History:
    """Set a model's history beside what the registry says now.

    Parameters
    ----------
    log : AuditLog
    name : str
    aliases : mapping of str to str
        The version that each alias means, as the registry says.

    Raises
    ------
    AuditError
        As :func:`moves_of`.
    """
    moves = moves_of(log, name)
    disagreements: list[str] = []
    notes: list[str] = []
    for move in moves:
        if move.outcome == "open":
            way = f"from {_called(move.before)} to {_called(move.after)}"
            begun = f"record {move.record}: a {move.action} {way} was begun"
            stands = f"{move.alias} is {_called(aliases.get(move.alias))} now"
            disagreements.append(f"{begun}, and nothing says what came of it; {stands}")
    for alias in sorted({*aliases, *(move.alias for move in moves)}):
        last = next((move for move in reversed(moves) if _moved(move, alias)), None)
        named = aliases.get(alias)
        if any(move.alias == alias and move.outcome == "open" for move in moves):
            continue  # said already
        if last is not None and named != last.after:
            text = f"{alias} is {_called(named)} in the registry, and {_called(last.after)} by record {last.record}"
            (disagreements if alias == CHAMPION_ALIAS else notes).append(text)
        elif last is None and named is not None:
            text = f"{alias} is {_called(named)} in the registry, and no record says who made it so"
            (disagreements if alias == CHAMPION_ALIAS else notes).append(text)
    return History(name, moves, aliases, disagreements, notes)


def _moved(move: Move, alias: str) -> bool:
    return move.alias == alias and move.outcome == "moved"


def _called(version: str | None) -> str:
    return "nobody" if version is None else f"version {version}"


def records_of_kind(log: AuditLog, kind: str, name: str | None = None) -> list[Record]:
    """Return the records of one kind, the newest first: about a model or any of its versions, or about any model."""
    found: list[Record] = []
    before = None
    while page := log.find(kind=kind, model=name, limit=_PAGE, before=before):
        found += page
        before = page[-1].sequence
    return found


def body_of(record: Record) -> dict[str, Any]:
    """Return what a record holds.

    Raises
    ------
    AuditError
        If it was altered.
    """
    body = record.body
    if body is None or record.alterations():
        raise AuditError(
            f"record {record.sequence} was altered: what was done with a model is not known",
            remedy="run spinecast audit verify",
        )
    return body


def _as_move(record: Record, body: Mapping[str, Any], concluded: int | None, action: str, outcome: Outcome) -> Move:
    return Move(
        record=record.sequence,
        concluded=concluded,
        recorded_at=record.recorded_at,
        actor=record.actor,
        action=action,
        alias=body["alias"],
        before=body["from"],
        after=body["to"],
        identity=body["identity"],
        because=body["because"],
        outcome=outcome,
        synthetic=body.get("synthetic", False),
        validations=tuple(body.get("validations") or ()),
        gates=_gates(body.get("gates")),
    )


def _gates(asked: Mapping[str, Any] | None) -> str:
    if not asked:
        return ""
    own = " (own)" if asked.get("delivered") is False else ""
    return f"{asked['name']} {asked['sha256'][:8]}{own}"
