"""What a log holds of patients after they were asked about: when they first were, and what was recorded since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select

from spinecast.audit.log import record_of
from spinecast.audit.records import Record
from spinecast.audit.tables import RECORDS
from spinecast.errors import AuditError

__all__ = ["RECORD_SYSTEM", "first_asked", "record_systems", "records_of_kind"]

RECORD_SYSTEM = "hospital:"
"""How the name of whoever asked begins where that is a hospital's record system."""

_SUBJECTS_AT_ONCE = 500
_ROWS_AT_ONCE = 1000


def first_asked(connection: Connection, subjects: Sequence[str], kind: str = "prediction") -> dict[str, str]:
    """Return when each of some patients first has a record of a kind; who has none is left out.

    Parameters
    ----------
    connection : Connection
    subjects : sequence of str
        Pseudonyms.
    kind : str
    """
    found: dict[str, str] = {}
    for start in range(0, len(subjects), _SUBJECTS_AT_ONCE):
        some = subjects[start : start + _SUBJECTS_AT_ONCE]
        chosen = (
            select(RECORDS.c.subject, func.min(RECORDS.c.recorded_at))
            .where(RECORDS.c.kind == kind, RECORDS.c.subject.in_(some))
            .group_by(RECORDS.c.subject)
        )
        found |= {str(subject): str(first) for subject, first in connection.execute(chosen)}
    return found


def record_systems(connection: Connection, kind: str = "prediction") -> list[str]:
    """Return the record systems that have asked, as the log names them, in order."""
    chosen = select(RECORDS.c.actor).where(RECORDS.c.kind == kind, RECORDS.c.actor.startswith(RECORD_SYSTEM))
    return sorted(connection.execute(chosen.distinct()).scalars())


def records_of_kind(connection: Connection, kind: str, model: str | None = None) -> Iterator[Record]:
    """Yield the records of a kind, of one version of a model where it is named, in order; erased ones are left out.

    Raises
    ------
    AuditError
        If one is not as it was written: what it says must not be counted.
    """
    position = 0
    while True:
        chosen = select(RECORDS).where(
            RECORDS.c.kind == kind, RECORDS.c.content.is_not(None), RECORDS.c.sequence > position
        )
        if model is not None:
            chosen = chosen.where(RECORDS.c.model == model)
        rows = connection.execute(chosen.order_by(RECORDS.c.sequence).limit(_ROWS_AT_ONCE)).all()
        if not rows:
            return
        for record in map(record_of, rows):
            altered = record.alterations()
            if altered:
                raise AuditError(
                    "; ".join(altered),
                    remedy="spinecast audit verify goes through the whole log; nothing is counted until it is whole",
                )
            yield record
        position = rows[-1].sequence
