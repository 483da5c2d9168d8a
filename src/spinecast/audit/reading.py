"""Reading the log. Whoever reads what concerns a patient leaves a record, before they see anything."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from sqlalchemy import Connection, select

from spinecast.audit.log import AuditLog, record_of
from spinecast.audit.records import BEFORE_THE_FIRST, Draft, Record
from spinecast.audit.tables import RECORDS
from spinecast.audit.verification import erased_by
from spinecast.errors import AuditError

__all__ = [
    "AlteredRecordError",
    "Append",
    "beside",
    "erased_ranges",
    "headlines",
    "is_lost",
    "listed",
    "lost_among",
    "read_one",
    "unaltered",
]

Append = Callable[[Sequence[Draft]], Any]
"""`AuditLog.append`, or the same of a writer that appends for many."""


class AlteredRecordError(AuditError):
    """A record that is not as it was written: what stands in it is not what was served."""


def unaltered(log: AuditLog, sequence: int) -> Record:
    """Return one record, as it was written.

    How far the records beside it bear that out, :func:`beside` says.

    Raises
    ------
    AlteredRecordError
        If it was changed, as its own hashes, the records beside it that there are, or the erasures show.
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
    expected = before.hash if before else BEFORE_THE_FIRST if sequence == 1 else found.previous_hash
    if found.previous_hash != expected or (after and after.previous_hash != found.hash):
        altered.append(f"record {sequence} does not fit between the records beside it")
    if lost_among(log, [found]):
        altered.append(f"record {sequence} has lost its content, and no erasure was recorded")
    if altered:
        raise AlteredRecordError(
            "; ".join(altered),
            remedy="spinecast audit verify goes through the whole log, spinecast audit export writes it as it stands",
        )
    return found


def beside(log: AuditLog, record: Record) -> tuple[str, ...]:
    """Say what of the two records beside one is missing or not as it was written; empty where both are.

    A record's hash stands in the one after it, and it holds that of the one before: with either gone or edited, whoever
    could write the database could have written this one too. Nothing need stand after the last.
    """
    around = {one.sequence: one for one in log.records(max(1, record.sequence - 1), record.sequence + 1)}
    lost, head = lost_among(log, around.values()), log.head()
    found = []
    for number, side in ((record.sequence - 1, "before"), (record.sequence + 1, "after")):
        one = around.get(number)
        if one is None:
            if number > 0 and (side == "before" or (head is not None and head.sequence > number)):
                found.append(f"record {number}, which stood {side} it, is missing")
        elif one.alterations() or number in lost:
            found.append(f"record {number}, {side} it, is not as it was written")
    return tuple(found)


def erased_ranges(log: AuditLog, first: int, last: int, within: Connection | None = None) -> list[tuple[int, int]]:
    """Return which of some records had their content erased, as the log says: ranges that are apart, in order."""
    chosen = select(RECORDS).where(RECORDS.c.kind == "erasure", RECORDS.c.sequence > first)
    with nullcontext(within) if within is not None else log.reading() as connection:
        found = [erased_by(record_of(row)) for row in connection.execute(chosen)]
    clipped = ((max(a, first), min(b, last)) for ranges in found for a, b in ranges if a <= last and b >= first)
    return list(_apart(sorted(clipped)))


def _apart(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join ranges, in order, that overlap: nobody but a forger erases twice."""
    current: tuple[int, int] | None = None
    for first, last in ranges:
        if current is not None and first <= current[1]:
            current = (current[0], max(current[1], last))
            continue
        if current is not None:
            yield current
        current = (first, last)
    if current is not None:
        yield current


def is_lost(record: Record, erased: Sequence[tuple[int, int]]) -> bool:
    """Say whether a content is gone and none of the erasures took it.

    Parameters
    ----------
    record : Record
    erased : sequence of (int, int)
        As :func:`erased_ranges` gives them, around the record at least.
    """
    if record.content is not None or type(record.sequence) is not int:
        return False
    place = bisect_right(erased, (record.sequence, math.inf)) - 1
    return place < 0 or erased[place][1] < record.sequence


def lost_among(log: AuditLog, records: Iterable[Record]) -> frozenset[int]:
    """Return the numbers of those records whose content is gone though no erasure took it: they were altered."""
    empty = [one for one in records if one.content is None and type(one.sequence) is int]
    if not empty:
        return frozenset()
    numbers = [one.sequence for one in empty]
    erased = erased_ranges(log, min(numbers), max(numbers))
    return frozenset(one.sequence for one in empty if is_lost(one, erased))


def headlines(log: AuditLog, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return what a list shows of records, as :meth:`Record.headline`; a lost content is altered, and not erased."""
    lost = lost_among(log, records)
    return [one.headline(lost=one.sequence in lost) for one in records]


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
