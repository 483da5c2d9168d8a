"""Erasing content whose time is over, except what a legal hold keeps; that something was served stays recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, select, update

from spinecast.audit.database import answering
from spinecast.audit.log import AuditLog, record_of
from spinecast.audit.records import Draft, Record
from spinecast.audit.tables import RECORDS
from spinecast.errors import AuditError

__all__ = ["KEPT_KINDS", "Erasure", "erase_older", "hold", "holds", "release"]

# What the log says about itself is no patient's data and stays: holds, erasures, starts.
KEPT_KINDS = ("hold", "release", "erasure", "start")
_PLACES_AT_ONCE = 500


@dataclass(frozen=True)
class Erasure:
    """What a retention run did.

    Parameters
    ----------
    erased, held : int
        Records whose content was erased, and old ones that a hold kept.
    record : int or None
        The record that says so; None where nothing was erased.
    """

    erased: int
    held: int
    record: int | None


def hold(log: AuditLog, actor: str, subject: str, reason: str) -> Record:
    """Keep everything recorded of a patient until it is released, whatever its age."""
    return log.append([Draft("hold", actor, {"reason": _reason(reason), "held": subject})])[0]


def release(log: AuditLog, actor: str, subject: str, reason: str) -> Record:
    """End a hold.

    Raises
    ------
    AuditError
        If there is none.
    """
    if subject not in holds(log):
        raise AuditError("there is no hold on this patient's records", remedy="see spinecast audit list --kind hold")
    return log.append([Draft("release", actor, {"reason": _reason(reason), "held": subject})])[0]


def holds(log: AuditLog) -> frozenset[str]:
    """Return the pseudonyms of patients whose records are held."""
    chosen = select(RECORDS).where(RECORDS.c.kind.in_(("hold", "release"))).order_by(RECORDS.c.sequence)
    with answering(log.places), log.engine.connect() as connection:
        found = [record_of(row) for row in connection.execute(chosen)]
    held: set[str] = set()
    for record in found:
        subject = str((record.body or {}).get("held", ""))
        held = held | {subject} if record.kind == "hold" else held - {subject}
    return frozenset(held)


def erase_older(log: AuditLog, actor: str, days: int, reason: str) -> Erasure:
    """Erase the content and patient of records older than some days; their hashes stay, and so the chain.

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
        If the days make no sense, or the log does not answer.
    """
    if days < 1:
        raise AuditError(f"records cannot be kept for {days} days", expected="at least 1")
    limit = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    chosen = select(RECORDS.c.sequence, RECORDS.c.subject).where(
        RECORDS.c.recorded_at < limit, RECORDS.c.content.is_not(None), RECORDS.c.kind.not_in(KEPT_KINDS)
    )
    kept = holds(log)
    with answering(log.places), log.engine.connect() as connection:
        old = connection.execute(chosen.order_by(RECORDS.c.sequence)).all()
    erased = [int(row.sequence) for row in old if row.subject not in kept]
    held = len(old) - len(erased)
    if not erased:
        return Erasure(0, held, None)

    def blank(connection: Connection) -> None:
        for start in range(0, len(erased), _PLACES_AT_ONCE):
            part = erased[start : start + _PLACES_AT_ONCE]
            connection.execute(update(RECORDS).where(RECORDS.c.sequence.in_(part)).values(content=None, subject=None))

    body = {"reason": _reason(reason), "days": days, "records": _ranges(erased)}
    made = log.append_with([Draft("erasure", actor, body)], blank)
    return Erasure(len(erased), held, made[0].sequence)


def _ranges(numbers: Sequence[int]) -> list[list[int]]:
    """Ascending numbers as closed ranges."""
    runs: Iterable[list[int]] = (
        [number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    )
    return [[run[0], run[-1]] for run in runs]


def _reason(reason: str) -> str:
    if not reason.strip():
        raise AuditError("a reason is needed", expected="why, in a sentence that the log keeps")
    return reason.strip()
