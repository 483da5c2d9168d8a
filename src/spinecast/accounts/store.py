"""Where accounts are kept, and how a change of them is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from spinecast.audit.database import answering, writing_transaction
from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, moment_text

__all__ = ["AccountStore", "RecordWith"]

RecordWith = Callable[[Sequence[Draft], Callable[[Connection], None] | None], Any]
"""`AuditLog.append_with`, or the same of a writer that appends for many: both are on the disk, or neither."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AccountStore:
    """The accounts' tables in the database of a log.

    Parameters
    ----------
    log : AuditLog
    record_with : callable
        Records changes in the transaction that makes them.
    clock : callable
        Returns the present time, UTC.
    """

    log: AuditLog
    record_with: RecordWith
    clock: Callable[[], datetime] = _now

    @property
    def now(self) -> str:
        """The present time as the tables hold it."""
        return moment_text(self.clock())

    def record(self, drafts: Sequence[Draft]) -> None:
        """Record what changes nothing here; a writer that appends for many appends it with the others'.

        Raises
        ------
        AuditError
            If it could not be recorded.
        """
        self.record_with(drafts, None)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Ask the database.

        Raises
        ------
        AuditError
            If it does not answer.
        """
        with answering(self.log.places), self.log.engine.connect() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Change what needs no record: when a session was last seen, how often somebody failed.

        Raises
        ------
        AuditError
            If the database does not answer.
        """
        with answering(self.log.places), writing_transaction(self.log.engine) as connection:
            yield connection
