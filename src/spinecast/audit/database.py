"""The database of a log: opened so that what is committed is on the disk, and brought to the present form."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from spinecast.audit.keys import read_or_make_key
from spinecast.audit.places import DATABASE_VARIABLE, Places
from spinecast.audit.seal import begin_seal
from spinecast.audit.tables import REVISION
from spinecast.errors import AuditError
from spinecast.files import ensure_writable_directory

__all__ = [
    "answering",
    "forget_erased",
    "migrate",
    "open_engine",
    "require_current",
    "upgrade",
    "writing_transaction",
]

_SECONDS = 5
# One writer at a time appends to the log, whichever process or machine it runs on: the number names the lock.
_LOCK = 7_714_290_126


def open_engine(places: Places) -> Engine:
    """Open the database; nothing is asked of it yet.

    Raises
    ------
    AuditError
        If the address is none, or its driver is not installed.
    """
    try:
        if places.database is None:
            return create_engine(
                places.url,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": _SECONDS,
                    # A server that vanished, its cable pulled: without these a question waits for hours.
                    "tcp_user_timeout": 1000 * _SECONDS,
                    "keepalives_idle": _SECONDS,
                    "keepalives_interval": 2,
                    "keepalives_count": 3,
                    "client_encoding": "utf8",
                    "options": "-c statement_timeout=30000",
                },
            )
        path = places.database
        engine = create_engine(places.url, creator=lambda: _connect(path))
    except (SQLAlchemyError, ModuleNotFoundError, TypeError) as error:
        reason = type(error).__name__ if isinstance(error, SQLAlchemyError) else str(error)
        raise AuditError(
            f"the audit log's database cannot be opened: {reason}",
            where=DATABASE_VARIABLE,
            expected="an address such as postgresql://user:password@host/database, and the extra `serving`",
        ) from error
    event.listen(engine, "begin", _begin)
    return engine


def _connect(path: Path) -> sqlite3.Connection:
    # mode=rw: a database that has gone is an error, never a new and empty one.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=_SECONDS, isolation_level=None, check_same_thread=False
    )
    # Write-ahead log, and every commit flushed to the disk before it is said to be done (sqlite.org/pragma.html).
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    # What is erased is overwritten, not only unlinked: the file's free pages would keep it.
    connection.execute("PRAGMA secure_delete=ON")
    # Somebody may have put bytes there that are no text: their record is then named, and not the whole log unreadable.
    connection.text_factory = lambda content: content.decode("utf-8", "replace")
    return connection


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("spinecast_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing_transaction(engine: Engine) -> Iterator[Connection]:
    """Be the one writer for the length of a block; what it wrote is on the disk when the block has ended."""
    with engine.connect().execution_options(spinecast_writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL synchronous_commit = on"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


@contextmanager
def answering(places: Places) -> Iterator[None]:
    """Turn what a database does when it is gone, full or locked into one clear error.

    Raises
    ------
    AuditError
        If the database does not answer, or refuses.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        original: Any = error.orig if isinstance(error, DBAPIError) else error
        reason = " ".join(str(original).split())[:200]
        raise AuditError(
            f"the audit log cannot be reached: {reason}",
            where=places.shown,
            expected="a database that `spinecast database upgrade` has made",
            remedy=f"see that it is there, has room and answers; check {DATABASE_VARIABLE}",
        ) from error


def upgrade(places: Places) -> tuple[str, str]:
    """Bring the database to the form this version writes; an embedded one is made if it is not there.

    A database that had no form yet gets a key, unless there is one, and a seal.

    Returns
    -------
    before, after : str
        Revisions; empty for a database without any.

    Raises
    ------
    AuditError
        If it does not answer.
    OutputError
        If the folder of an embedded database, of the key or of the seal cannot be written.
    """
    if places.database is not None:
        ensure_writable_directory(places.database.parent)
        with answering(places):
            sqlite3.connect(places.database).close()  # made where it is not there
            places.database.touch(mode=0o600, exist_ok=True)
            places.database.chmod(0o600)
    engine = open_engine(places)
    try:
        with answering(places), writing_transaction(engine) as connection:
            before = _revision(connection)
            if not before:
                # A log has its key and its seal before it has a record, so that one without them has lost them.
                begin_seal(places.seal, read_or_make_key(places.key))
            if before != REVISION:
                migrate(connection)
            return before, _revision(connection)
    finally:
        engine.dispose()


def forget_erased(engine: Engine, places: Places) -> None:
    """See that what was erased is in none of an embedded database's files; a server's is left to its VACUUM.

    The write-ahead log holds pages as they were before, until it is copied into the database and cut to nothing.

    Raises
    ------
    AuditError
        If somebody reads for so long that it cannot be cut.
    """
    if places.database is None:
        return
    with answering(places), engine.connect() as connection:
        connection.rollback()  # no transaction of our own
        busy = connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise AuditError(
            "what was erased still stands in the audit log's write-ahead file: somebody is reading it",
            where=f"{places.database}-wal",
            remedy="run the same command again when nobody reads",
        )


def require_current(engine: Engine, places: Places) -> None:
    """Refuse a database that is not in the form this version writes.

    Raises
    ------
    AuditError
        If it is not, or does not answer.
    """
    with answering(places), engine.connect() as connection:
        found = _revision(connection)
    if found != REVISION:
        raise AuditError(
            f"the audit log is in the form {found or 'of no migration'}, this version writes {REVISION}",
            where=places.shown,
            remedy="run spinecast database upgrade"
            if found < REVISION
            else "use the spinecast version that upgraded it",
        )


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to one."""
    import logging

    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.ERROR)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
