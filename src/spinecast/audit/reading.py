"""Reading the log. Whoever reads what concerns a patient leaves a record, before they see anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, Record
from spinecast.errors import AuditError

__all__ = ["Append", "listed", "read_one"]

Append = Callable[[Sequence[Draft]], Any]
"""`AuditLog.append`, or the same of a writer that appends for many."""


def read_one(append: Append, log: AuditLog, actor: str, sequence: int) -> Record:
    """Return one record with its content, after recording that it is read.

    Raises
    ------
    AuditError
        If there is no record of that number.
    """
    found = log.get(sequence)
    if found is None:
        head = log.head()
        raise AuditError(
            f"there is no record {sequence}",
            expected=f"1 to {head.sequence}" if head else "a number; the log is empty",
            remedy="see spinecast audit list",
        )
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
