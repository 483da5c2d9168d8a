"""Looking back through a log of any length, a stretch at a time, newest first.

What stands in columns is compared by the database, what stands in a content by whoever asks, record by record. Neither
looks at more than a bounded number of records at once, and both say how far they looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from spinecast.audit.log import AuditLog, record_of
from spinecast.audit.reading import Append, erased_ranges, is_lost
from spinecast.audit.records import Draft, Record
from spinecast.audit.tables import RECORDS

__all__ = ["MOST_LOOKED_INTO", "STRETCH", "Looked", "Sought", "look_back", "looked_up"]

STRETCH = 50_000
"""Records that one search goes back over at most. Of one patient it goes back over all: their records have an index."""
MOST_LOOKED_INTO = 10_000
"""Contents that one search reads at most: one is some kilobytes of JSON."""
_ROWS_AT_ONCE = 200
_NOT_ASKED = ("subject", "without_roles")  # the one is a column of the record, the other is nobody's wish


@dataclass(frozen=True)
class Sought:
    """What records are to be like, by what stands in columns.

    Parameters
    ----------
    kinds : tuple of str
        Any when empty.
    model : str or None
        ``name`` or ``name/version``.
    subject : str or None
        Pseudonym of a patient.
    actor : str or None
        Somebody's name, with whichever roles.
    since, until : str or None
        Times as :func:`spinecast.audit.records.moment_text` writes them; the end is not among them.
    without_roles : bool
        Whether that may also be whoever is recorded without any: a command line, the server itself.
    """

    kinds: tuple[str, ...] = ()
    model: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: str | None = None
    until: str | None = None
    without_roles: bool = False


@dataclass(frozen=True)
class Looked:
    """What was found, and where it was looked for.

    Parameters
    ----------
    records : tuple of Record
        Newest first.
    newest, oldest : int
        Numbers between which it was looked for, both among them; where there are none, ``oldest`` is above ``newest``.
    before : int or None
        Where to go on from; None where nothing older can be.
    erased : int
        Records whose content was erased, so that nothing is left to judge them by; they are not among those found.
    lost : frozenset of int
        Those of the records found whose content is gone and no erasure took it: they were altered.
    """

    records: tuple[Record, ...]
    newest: int
    oldest: int
    before: int | None
    erased: int = 0
    lost: frozenset[int] = frozenset()

    def altered(self, record: Record) -> bool:
        """Say whether one of the records is not as it was written."""
        return record.sequence in self.lost or bool(record.alterations())


def look_back(
    log: AuditLog,
    sought: Sought,
    fits: Callable[[Record], bool] | None = None,
    *,
    limit: int = 50,
    before: int | None = None,
) -> Looked:
    """Look for records, newest first, through at most `STRETCH` of them.

    Parameters
    ----------
    log : AuditLog
    sought : Sought
    fits : callable, optional
        Judges a content. A record that was altered is found whatever it holds: no filter may hide it.
    limit : int
        How many to find at most.
    before : int, optional
        Look among records of a smaller number alone.

    Raises
    ------
    AuditError
        If the log cannot be read.
    """
    head = log.head()
    newest = 0 if head is None else head.sequence
    with log.reading(snapshot=True) as connection:
        bottom, top = _bounds(connection, sought, newest if before is None else min(newest, before - 1))
        low = bottom if sought.subject is not None else max(bottom, top - STRETCH)
        found: list[Record] = []
        lost: set[int] = set()
        looked_into = erased = 0
        oldest = low
        erasures: list[tuple[int, int]] | None = None  # asked for once something is empty, which most logs never are
        for record in _rows(connection, sought, low, top, limit if fits is None else _ROWS_AT_ONCE):
            oldest = record.sequence
            if record.content is None:
                if erasures is None:
                    erasures = erased_ranges(log, low, top - 1, connection)
                if is_lost(record, erasures):
                    lost.add(record.sequence)
            if fits is None or record.sequence in lost or record.alterations():
                found.append(record)
            elif record.content is None:
                erased += 1
            else:
                looked_into += 1
                if fits(record):
                    found.append(record)
            if len(found) == limit or looked_into == MOST_LOOKED_INTO:
                break
        else:
            oldest = low
    return Looked(tuple(found), top - 1, oldest, oldest if oldest > bottom else None, erased, frozenset(lost))


def looked_up(
    append: Append, actor: str, sought: Sought, about: Mapping[str, Any], looked: Looked, kind: str = "read"
) -> None:
    """Record that somebody looked, or exports what was found: what for, and which records; before they have them."""
    asked = {name: value for name, value in asdict(sought).items() if value and name not in _NOT_ASKED}
    body = {"sought": asked | dict(about), "records": [one.sequence for one in looked.records]}
    append([Draft(kind, actor, body, "", sought.subject)])


def _bounds(connection: Connection, sought: Sought, newest: int) -> tuple[int, int]:
    """Return between which numbers records of a time stand: the first, and one more than the last.

    The clock is taken to have gone forward: where it was put back, records of the time before are looked past.
    """
    bottom, top = 1, newest + 1
    if sought.since is not None:
        chosen = select(RECORDS.c.sequence).where(RECORDS.c.recorded_at >= sought.since)
        first = connection.execute(chosen.order_by(RECORDS.c.recorded_at).limit(1)).scalar()
        bottom = newest + 1 if first is None else first
    if sought.until is not None:
        chosen = select(RECORDS.c.sequence).where(RECORDS.c.recorded_at < sought.until)
        last = connection.execute(chosen.order_by(RECORDS.c.recorded_at.desc()).limit(1)).scalar()
        top = min(top, 1 if last is None else last + 1)
    return bottom, max(bottom, top)


def _rows(connection: Connection, sought: Sought, low: int, top: int, at_once: int) -> Iterator[Record]:
    conditions = _conditions(sought)
    while top > low:
        chosen = select(RECORDS).where(RECORDS.c.sequence >= low, RECORDS.c.sequence < top, *conditions)
        rows = connection.execute(chosen.order_by(RECORDS.c.sequence.desc()).limit(at_once)).all()
        yield from map(record_of, rows)
        if len(rows) < at_once:
            return
        top = rows[-1].sequence


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if sought.kinds:
        # Within `coalesce` no index of kinds is used: SQLite would sort all records of a kind to find the newest.
        found.append(func.coalesce(RECORDS.c.kind, "").in_(sought.kinds))
    if sought.subject is not None:
        found.append(RECORDS.c.subject == sought.subject)
    if sought.actor is not None:
        somebody = _begins(RECORDS.c.actor, f"{sought.actor} (")
        found.append(somebody | (RECORDS.c.actor == sought.actor) if sought.without_roles else somebody)
    if sought.model is not None:
        same = RECORDS.c.model == sought.model
        found.append(same if "/" in sought.model else same | _begins(RECORDS.c.model, f"{sought.model}/"))
    if sought.since is not None:
        found.append(func.coalesce(RECORDS.c.recorded_at, "") >= sought.since)
    if sought.until is not None:
        found.append(func.coalesce(RECORDS.c.recorded_at, "") < sought.until)
    return found


def _begins(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Compare a beginning letter by letter: LIKE of SQLite takes Anna for anna, and ten times as long."""
    return func.substr(column, 1, len(text)) == text
