"""Reading the log. Whoever reads what concerns a patient leaves a record, before they see anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from spinecast.audit.log import AuditLog, record_of
from spinecast.audit.records import Draft, Record
from spinecast.audit.tables import RECORDS
from spinecast.audit.verification import erased_by
from spinecast.errors import AuditError

__all__ = ["AlteredRecordError", "Append", "erased_ranges", "listed", "read_one", "unaltered"]

Append = Callable[[Sequence[Draft]], Any]
"""`AuditLog.append`, or the same of a writer that appends for many."""


class AlteredRecordError(AuditError):
    """A record that is not as it was written: what stands in it is not what was served."""


def unaltered(log: AuditLog, sequence: int) -> Record:
    """Return one record, as it was written.

    Raises
    ------
    AlteredRecordError
        If it was changed, as its own hashes, its neighbours or the erasures show.
    AuditError
        If there is no record of that number.
    """
    around = {record.sequence: record for record in log.records(max(1, sequence - 1), sequence + 1)}
    found = around.get(sequence)
    if found is None:
        head = log.head()
        raise AuditError(
            f"there is no record {sequence}",
            expected=f"1 to {head.sequence}" if head else "a number; the log is empty",
            remedy="see spinecast audit list",
        )
    altered = list(found.alterations())
    before, after = around.get(sequence - 1), around.get(sequence + 1)
    if (before and found.previous_hash != before.hash) or (after and after.previous_hash != found.hash):
        altered.append(f"record {sequence} does not fit between the records beside it")
    if found.content is None and not erased_ranges(log, sequence, sequence):
        altered.append(f"record {sequence} has lost its content, and no erasure was recorded")
    if altered:
        raise AlteredRecordError(
            "; ".join(altered),
            remedy="spinecast audit verify goes through the whole log, spinecast audit export writes it as it stands",
        )
    return found


def erased_ranges(log: AuditLog, first: int, last: int) -> list[tuple[int, int]]:
    """Return which of some records had their content erased, as the log says: ranges, in order."""
    chosen = select(RECORDS).where(RECORDS.c.kind == "erasure", RECORDS.c.sequence > first)
    with log.reading() as connection:
        found = [erased_by(record_of(row)) for row in connection.execute(chosen)]
    return sorted((max(a, first), min(b, last)) for ranges in found for a, b in ranges if a <= last and b >= first)


def read_one(append: Append, log: AuditLog, actor: str, sequence: int) -> Record:
    """Return one record with its content, after recording that it is read.

    Raises
    ------
    AlteredRecordError, AuditError
        As :func:`unaltered`.
    """
    found = unaltered(log, sequence)
    append([Draft("read", actor, {"record": sequence}, found.model, found.subject)])
    return found


def listed(
    append: Append,
    log: AuditLog,
    actor: str,
    *,
    kind: str | None = None,
    model: str | None = None,
    subject: str | None = None,
    whose: str | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[Record]:
    """Return records, newest first, after recording who listed what; for their headlines, not their content.

    With `whose`, only what somebody of that name did.
    """
    found = log.find(kind=kind, model=model, subject=subject, actor=whose, limit=limit, before=before)
    asked = {"kind": kind, "model": model, "limit": limit, "before": before, "listed": len(found)}
    asked |= {} if whose is None else {"whose": whose}
    append([Draft("read", actor, asked, "", subject)])
    return found
