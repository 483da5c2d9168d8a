"""Erasing content whose time is over, except what a legal hold keeps; that something was served stays recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select, update

from spinecast.audit.database import forget_erased
from spinecast.audit.log import AuditLog, record_of
from spinecast.audit.reasons import required
from spinecast.audit.records import ALIAS_KINDS, VALIDATION_KIND, Draft, Record, moment_text
from spinecast.audit.tables import RECORDS
from spinecast.errors import AuditError

__all__ = ["KEPT_KINDS", "Erasure", "erase_older", "hold", "holds", "release"]

# What the log says about itself, who made a model what, and on what evidence, is no patient's data and stays.
KEPT_KINDS = ("hold", "release", "erasure", "start", "seal", *ALIAS_KINDS, VALIDATION_KIND)
# In one transaction: nothing is served while it lasts.
_ERASED_TOGETHER = 5000
_PLACES_AT_ONCE = 500


@dataclass(frozen=True)
class Erasure:
    """What a retention run did.

    Parameters
    ----------
    erased, held : int
        Records whose content was erased, and old ones that a hold kept.
    record : int or None
        The last record that says so; None where nothing was erased.
    """

    erased: int
    held: int
    record: int | None


def hold(log: AuditLog, actor: str, subject: str, reason: str) -> Record:
    """Keep everything recorded of a patient until it is released, whatever its age."""
    return log.append([Draft("hold", actor, {"reason": required(reason), "held": subject})])[0]


def release(log: AuditLog, actor: str, subject: str, reason: str) -> Record:
    """End a hold.

    Raises
    ------
    AuditError
        If there is none.
    """
    why = required(reason)

    def free(connection: Connection) -> list[Draft]:
        if subject not in _held(connection):
            raise AuditError(
                "there is no hold on this patient's records", remedy="see spinecast audit list --kind hold"
            )
        return [Draft("release", actor, {"reason": why, "held": subject})]

    return log.transact(free)[0]


def holds(log: AuditLog) -> frozenset[str]:
    """Return the pseudonyms of patients whose records are held.

    Raises
    ------
    AuditError
        If a hold or a release was altered: then nobody knows.
    """
    with log.reading() as connection:
        return _held(connection)


def _held(connection: Connection) -> frozenset[str]:
    chosen = select(RECORDS).where(RECORDS.c.kind.in_(("hold", "release"))).order_by(RECORDS.c.sequence)
    held: set[str] = set()
    for record in map(record_of, connection.execute(chosen)):
        if record.body is None or record.alterations():
            raise AuditError(
                f"record {record.sequence}, a {record.kind}, was altered: who is held is not known",
                remedy="run spinecast audit verify; nothing is erased until the log is whole",
            )
        subject = str(record.body["held"])
        held = held | {subject} if record.kind == "hold" else held - {subject}
    return frozenset(held)


def erase_older(log: AuditLog, actor: str, days: int, reason: str) -> Erasure:
    """Erase the content and patient of records older than some days; their hashes stay, and so the chain.

    Some thousands at a time: between two transactions others record, and a hold that they place counts from then on.

    Parameters
    ----------
    log : AuditLog
    actor : str
    days : int
        At least 1.
    reason : str

    Raises
    ------
    AuditError
        If the days make no sense, a hold was altered, the log does not answer, or what was erased cannot be taken out
        of the database's files now.
    """
    if days < 1:
        raise AuditError(f"records cannot be kept for {days} days", expected="at least 1")
    why = required(reason)
    try:
        limit = moment_text(datetime.now(UTC) - timedelta(days=days))
    except OverflowError:
        return Erasure(0, 0, None)  # longer than there have been records
    done, position = Erasure(0, 0, None), 0
    while True:
        part = _Part(position, limit, actor, {"reason": why, "days": days})
        made = log.transact(part.erase)
        done = Erasure(done.erased + part.erased, done.held + part.held, made[0].sequence if made else done.record)
        if part.last is None:
            break
        position = part.last
    forget_erased(log.engine, log.places)
    return done


@dataclass
class _Part:
    """Old records after a position, as many as are erased together."""

    after: int
    limit: str
    actor: str
    body: Mapping[str, Any]
    erased: int = 0
    held: int = 0
    last: int | None = None

    def erase(self, connection: Connection) -> list[Draft]:
        """Erase those that are not held, and return what is to be recorded."""
        kept = _held(connection)
        chosen = select(RECORDS.c.sequence, RECORDS.c.subject).where(
            RECORDS.c.sequence > self.after,
            RECORDS.c.recorded_at < self.limit,
            RECORDS.c.content.is_not(None),
            RECORDS.c.kind.not_in(KEPT_KINDS),
        )
        old = connection.execute(chosen.order_by(RECORDS.c.sequence).limit(_ERASED_TOGETHER)).all()
        gone = [int(row.sequence) for row in old if row.subject not in kept]
        self.erased, self.held, self.last = len(gone), len(old) - len(gone), old[-1].sequence if old else None
        for start in range(0, len(gone), _PLACES_AT_ONCE):
            part = gone[start : start + _PLACES_AT_ONCE]
            connection.execute(update(RECORDS).where(RECORDS.c.sequence.in_(part)).values(content=None, subject=None))
        return [Draft("erasure", self.actor, {**self.body, "records": _ranges(gone)})] if gone else []


def _ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Ascending numbers as closed ranges."""
    runs: Iterable[list[int]] = (
        [number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    )
    return [[run[0], run[-1]] for run in runs]
