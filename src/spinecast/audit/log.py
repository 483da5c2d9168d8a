"""The log itself: records are appended, found and read; nothing else is done to them here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from spinecast.audit.database import answering, open_engine, require_current, writing_transaction
from spinecast.audit.keys import AuditKey, read_key, read_or_make_key
from spinecast.audit.places import Places
from spinecast.audit.records import Draft, Record, chained, now_text
from spinecast.audit.seal import Seal, read_seal, write_seal
from spinecast.audit.tables import RECORDS
from spinecast.errors import AuditError

__all__ = ["AuditLog", "open_log", "record_of"]

_ROWS_AT_ONCE = 1000


class AuditLog:
    """An open log.

    Parameters
    ----------
    engine : Engine
    places : Places
    key : AuditKey
    """

    def __init__(self, engine: Engine, places: Places, key: AuditKey) -> None:
        self.engine = engine
        self.places = places
        self.key = key
        self._first_hash = ""
        self._seen: Record | None = None
        self._file: tuple[int, int] | None = None

    def append(self, drafts: Sequence[Draft]) -> list[Record]:
        """Record all of some drafts or none; when this returns they are on the disk.

        Raises
        ------
        AuditError
            If the database is gone or refuses, or has lost records that this process knows of.
        """
        return self.append_with(drafts, None)

    def append_with(self, drafts: Sequence[Draft], besides: Any) -> list[Record]:
        """Record drafts, and in the same transaction call ``besides(connection)`` unless it is None.

        Raises
        ------
        AuditError
            As :meth:`append`.
        """
        try:
            with answering(self.places):
                self._require_same_file()
                with writing_transaction(self.engine) as connection:
                    made = self._chain(drafts, _last(connection))
                    connection.execute(insert(RECORDS), [asdict(record) for record in made])
                    if besides is not None:
                        besides(connection)
                self._require_same_file()
        except AuditError:
            self.engine.dispose()  # what comes next opens the database again
            self._file = None
            raise
        self._seen = made[-1]
        self._first_hash = self._first_hash or self._first()
        write_seal(self.places.seal, self.key, self._first_hash, made[-1])
        return made

    def _chain(self, drafts: Sequence[Draft], last: Record | None) -> list[Record]:
        seen = self._seen
        if seen is not None and (last is None or last.sequence < seen.sequence):
            raise AuditError(
                f"the audit log has lost records: it ends at {last.sequence if last else 0}, and {seen.sequence} was "
                "recorded",
                where=self.places.shown,
                remedy="put the database back, then run spinecast audit verify",
            )
        made = []
        for draft in drafts:
            last = chained(draft, last, now_text())
            made.append(last)
        return made

    def _require_same_file(self) -> None:
        """Refuse an embedded database whose file was removed or replaced: a deleted file goes on taking writes."""
        if self.places.database is None:
            return
        try:
            status = self.places.database.stat()
        except OSError as error:
            raise AuditError(
                f"the audit log's file has gone: {error.strerror}",
                where=str(self.places.database),
                remedy="put it back; nothing is served without it",
            ) from error
        found = (status.st_dev, status.st_ino)
        if self._file is not None and found != self._file:
            raise AuditError("the audit log's file was replaced", where=str(self.places.database))
        self._file = found

    def _first(self) -> str:
        with answering(self.places), self.engine.connect() as connection:
            return str(connection.execute(select(RECORDS.c.hash).where(RECORDS.c.sequence == 1)).scalar() or "")

    def head(self) -> Record | None:
        """Return the last record; None of an empty log.

        Raises
        ------
        AuditError
            If the database is gone or does not answer.
        """
        self._require_same_file()
        with answering(self.places), self.engine.connect() as connection:
            return _last(connection)

    def get(self, sequence: int) -> Record | None:
        """Return one record; None if there is none of that number."""
        with answering(self.places), self.engine.connect() as connection:
            row = connection.execute(select(RECORDS).where(RECORDS.c.sequence == sequence)).first()
        return None if row is None else record_of(row)

    def find(
        self,
        *,
        kind: str | None = None,
        model: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> list[Record]:
        """Return records, newest first.

        Parameters
        ----------
        kind, model, subject : str, optional
            Which; all when left out. A model is ``name`` or ``name/version``.
        actor : str, optional
            Only what somebody of this name did, with whichever roles.
        limit : int
        before : int, optional
            Only records of a smaller number: the next page.
        """
        chosen = select(RECORDS).order_by(RECORDS.c.sequence.desc()).limit(limit)
        if kind is not None:
            chosen = chosen.where(RECORDS.c.kind == kind)
        if subject is not None:
            chosen = chosen.where(RECORDS.c.subject == subject)
        if actor is not None:
            chosen = chosen.where(RECORDS.c.actor.startswith(f"{actor} (", autoescape=True))
        if model is not None:
            same = RECORDS.c.model == model
            chosen = chosen.where(
                same if "/" in model else same | RECORDS.c.model.startswith(f"{model}/", autoescape=True)
            )
        if before is not None:
            chosen = chosen.where(RECORDS.c.sequence < before)
        with answering(self.places), self.engine.connect() as connection:
            return [record_of(row) for row in connection.execute(chosen)]

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """Every record in order, a thousand at a time."""
        position = first
        while True:
            chosen = select(RECORDS).where(RECORDS.c.sequence >= position).order_by(RECORDS.c.sequence)
            if last is not None:
                chosen = chosen.where(RECORDS.c.sequence <= last)
            with answering(self.places), self.engine.connect() as connection:
                rows = connection.execute(chosen.limit(_ROWS_AT_ONCE)).all()
            if not rows:
                return
            for row in rows:
                yield record_of(row)
            position = int(rows[-1].sequence) + 1

    def count(self) -> int:
        """Return how many records there are."""
        with answering(self.places), self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(RECORDS)).scalar_one())

    def seal(self) -> Seal | None:
        """Return the sealed head; None where nothing was sealed.

        Raises
        ------
        AuditError
            If the seal was altered.
        """
        return read_seal(self.places.seal, self.key)

    def require_sealed_head(self) -> None:
        """Refuse a log that does not hold the record that was sealed last; quick, at every start.

        Raises
        ------
        AuditError
            If its end was cut off or written anew.
        """
        seal = self.seal()
        if seal is None:
            return
        found = self.get(seal.sequence)
        if found is None or found.hash != seal.hash:
            how = "is not in it" if found is None else "is another one in it"
            raise AuditError(
                f"the audit log is not the one that was sealed: record {seal.sequence} {how}",
                where=self.places.shown,
                expected=f"the record with the hash {seal.hash[:16]}…, as {self.places.seal} says",
                remedy="put the database back; if records are truly lost, see docs/audit.md",
            )

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()


def open_log(places: Places, *, check_head: bool = True) -> AuditLog:
    """Open a log that `spinecast database upgrade` has made.

    Parameters
    ----------
    places : Places
    check_head : bool
        Whether a log that does not hold the record sealed last is refused; not for who wants to know what is wrong.

    Raises
    ------
    AuditError
        If it is not there, in another form, cut off, or its key is not its own.
    """
    engine = open_engine(places)
    require_current(engine, places)
    # With another key patients have other pseudonyms: a hold would protect nobody. Only a log without records gets one.
    with answering(places), engine.connect() as connection:
        begun = connection.execute(select(RECORDS.c.sequence).limit(1)).first() is not None
    log = AuditLog(engine, places, read_key(places.key) if begun else read_or_make_key(places.key))
    if check_head:
        log.require_sealed_head()
    return log


def record_of(row: Row[Any]) -> Record:
    """Return a database row as a record."""
    return Record(**row._mapping)


def _last(connection: Connection) -> Record | None:
    row = connection.execute(select(RECORDS).order_by(RECORDS.c.sequence.desc()).limit(1)).first()
    return None if row is None else record_of(row)
