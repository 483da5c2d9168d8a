"""The log itself: records are appended, found and read; nothing else is done to them here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from spinecast.audit.database import answering, open_engine, require_current, writing_transaction
from spinecast.audit.keys import AuditKey, read_key
from spinecast.audit.places import Places
from spinecast.audit.records import BEFORE_THE_FIRST, Draft, Record, chained, now_text
from spinecast.audit.seal import NO_SEAL, Seal, read_seal, replace_seal, write_seal
from spinecast.audit.tables import RECORDS
from spinecast.errors import AuditError

__all__ = ["AuditLog", "open_log", "record_of"]

_ROWS_AT_ONCE = 1000
# Built once: to put a statement together takes longer than to run it.
_THE_LAST = select(RECORDS).order_by(RECORDS.c.sequence.desc()).limit(1)
_APPENDED = insert(RECORDS)


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
        self._seen: tuple[int, str] | None = None
        self._file: tuple[int, int] | None = None

    def append(self, drafts: Sequence[Draft]) -> list[Record]:
        """Record all of some drafts or none; when this returns they are on the disk.

        Raises
        ------
        AuditError
            If the database is gone or refuses, or does not hold what was sealed or what this process knows of.
        """
        return self.transact(lambda _: drafts)

    def append_with(self, drafts: Sequence[Draft], besides: Callable[[Connection], None] | None) -> list[Record]:
        """Record drafts, and in the same transaction call ``besides(connection)`` unless it is None.

        Raises
        ------
        AuditError
            As :meth:`append`.
        """

        def work(connection: Connection) -> Sequence[Draft]:
            if besides is not None:
                besides(connection)
            return drafts

        return self.transact(work)

    def transact(self, work: Callable[[Connection], Sequence[Draft]], *, seal_anew: bool = False) -> list[Record]:
        """Be the one writer, do some work, and record what it returns, all in one transaction.

        Parameters
        ----------
        work : callable
            Takes the connection, returns the drafts; what it reads cannot change before they are recorded.
        seal_anew : bool
            Whether the log's end is taken as it stands, whatever was sealed: for `spinecast.audit.sealing` alone.

        Raises
        ------
        AuditError
            As :meth:`append`.
        """
        try:
            with answering(self.places):
                self._require_same_file()
                with writing_transaction(self.engine) as connection:
                    last = _last(connection)
                    if not seal_anew:
                        self._require_nothing_lost(connection, last)
                    made = _chain(work(connection), last)
                    if made:
                        connection.execute(_APPENDED, [asdict(record) for record in made])
                self._require_same_file()
        except AuditError:
            self.engine.dispose()  # what comes next opens the database again
            self._file = None
            raise
        if made:
            self._seen = (made[-1].sequence, made[-1].hash)
            self._first_hash = self._first_hash or self.first_hash()
            if seal_anew:
                replace_seal(self.places.seal, self.key, made[-1].sequence)
            write_seal(self.places.seal, self.key, self._first_hash, made[-1])
        return made

    def _require_nothing_lost(self, connection: Connection, last: Record | None) -> None:
        """Refuse to go on from an end that is not the one sealed, or the one this process saw, or one after these."""
        seal = self.seal()
        if seal is None:
            raise self._unsealed()
        for sequence, hash_ in {(seal.sequence, seal.hash), self._seen or (0, BEFORE_THE_FIRST)}:
            ended = 0 if last is None else last.sequence
            # Nearly always it is the end itself, which is at hand.
            found = last.hash if last is not None and ended == sequence else None
            if ended < sequence:
                what = f"has lost records: it ends at {ended}, and {sequence} was recorded"
            elif (found or _hash_of(connection, sequence)) != hash_:
                what = f"is not the one that was written: record {sequence} is another one in it"
            else:
                continue
            raise AuditError(
                f"the audit log {what}",
                where=self.places.shown,
                remedy="put the database back, then run spinecast audit verify",
            )

    def _unsealed(self) -> AuditError:
        return AuditError(
            NO_SEAL,
            where=str(self.places.seal),
            expected="the seal of this log's last record: without it nobody can tell whether its end was cut off",
            remedy='put it back; if it is truly lost, spinecast audit seal --reason "…" goes through the log, '
            "records what happened and seals it anew",
        )

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

    def first_hash(self) -> str:
        """Return the hash of the first record, which says what log this is; empty of an empty log."""
        with self.reading() as connection:
            return str(connection.execute(select(RECORDS.c.hash).where(RECORDS.c.sequence == 1)).scalar() or "")

    def head(self) -> Record | None:
        """Return the last record; None of an empty log.

        Raises
        ------
        AuditError
            If the database is gone or does not answer.
        """
        self._require_same_file()
        with self.reading() as connection:
            return _last(connection)

    def get(self, sequence: int) -> Record | None:
        """Return one record; None if there is none of that number."""
        with self.reading() as connection:
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
        with self.reading() as connection:
            return [record_of(row) for row in connection.execute(chosen)]

    def records(self, first: int = 1, last: int | None = None, within: Connection | None = None) -> Iterator[Record]:
        """Every record in order, a thousand at a time; of a snapshot, or as they are when their turn comes."""
        position = first
        while True:
            chosen = select(RECORDS).where(RECORDS.c.sequence >= position).order_by(RECORDS.c.sequence)
            if last is not None:
                chosen = chosen.where(RECORDS.c.sequence <= last)
            with nullcontext(within) if within is not None else self.reading() as connection:
                rows = connection.execute(chosen.limit(_ROWS_AT_ONCE)).all()
            if not rows:
                return
            for row in rows:
                yield record_of(row)
            if type(rows[-1].sequence) is not int:
                return  # SQLite keeps a number that is none, behind all others; whoever goes through has met it
            position = rows[-1].sequence + 1

    @contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """Read; of a snapshot as if nobody wrote meanwhile.

        Raises
        ------
        AuditError
            If the database is gone or does not answer.
        """
        repeatable = snapshot and self.engine.dialect.name == "postgresql"  # SQLite reads no other way
        options = {"isolation_level": "REPEATABLE READ"} if repeatable else {}
        with answering(self.places), self.engine.connect().execution_options(**options) as connection:
            yield connection

    def count(self) -> int:
        """Return how many records there are."""
        with self.reading() as connection:
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
        """Refuse a log without a seal, or that does not hold the record that was sealed last; quick, at every start.

        Raises
        ------
        AuditError
            If its end was cut off or written anew, or nothing shows whether it was.
        """
        seal = self.seal()
        if seal is None:
            raise self._unsealed()
        with self.reading() as connection:
            found = _hash_of(connection, seal.sequence)
        if found != seal.hash:
            how = "is not in it" if found is None else "is another one in it"
            raise AuditError(
                f"the audit log is not the one that was sealed: record {seal.sequence} {how}",
                where=self.places.shown,
                expected=f"the record with the hash {seal.hash[:16]}…, as {self.places.seal} says",
                remedy="put the database back; if records are truly lost, see docs/audit.md",
            )
        self._seen = (seal.sequence, seal.hash)

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
        If it is not there, in another form, cut off or without a seal, or its key is not its own.
    """
    engine = open_engine(places)
    try:
        require_current(engine, places)
        # Never a new key: with another one patients have other pseudonyms, and a hold would protect nobody.
        log = AuditLog(engine, places, read_key(places.key))
        if check_head:
            log.require_sealed_head()
    except BaseException:
        engine.dispose()
        raise
    return log


def record_of(row: Row[Any]) -> Record:
    """Return a database row as a record."""
    return Record(**row._mapping)


def _chain(drafts: Sequence[Draft], last: Record | None) -> list[Record]:
    made = []
    for draft in drafts:
        last = chained(draft, last, now_text())
        made.append(last)
    return made


def _hash_of(connection: Connection, sequence: int) -> str | None:
    """Return a record's hash; what stands before the first where the number is 0, None where there is no record."""
    if sequence == 0:
        return BEFORE_THE_FIRST
    found: str | None = connection.execute(select(RECORDS.c.hash).where(RECORDS.c.sequence == sequence)).scalar()
    return found


def _last(connection: Connection) -> Record | None:
    row = connection.execute(_THE_LAST).first()
    found = None if row is None else record_of(row)
    if found is not None and found.misshapen():
        raise AuditError("the audit log ends in a row that is no record", remedy="run spinecast audit verify")
    return found
