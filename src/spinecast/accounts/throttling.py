"""Whoever fails to sign in again and again has to wait, longer each time.

It is counted by the name that was given, whether there is such an account or not, and by the address that asked. Each
attempt counts before its password is looked at and is struck out when it was right, so that many at once gain nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import FAILURES
from spinecast.audit.records import moment_of, moment_text

__all__ = ["FREE_OF_ADDRESS", "FREE_OF_NAME", "Throttle"]

FREE_OF_NAME, FREE_OF_ADDRESS = 5, 20
"""Failures before one has to wait. Behind one address of a hospital many people sign in."""

_FIRST, _LONGEST = timedelta(seconds=30), timedelta(minutes=15)
# The wait doubles with each failure and is never so long that somebody could shut a colleague out for a day: with 96
# attempts a day it stays below the hundred in a row that NIST SP 800-63B-4, 3.2.2, allows before a password is blocked.
_FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True)
class Throttle:
    """Counts of failures in a store.

    Parameters
    ----------
    store : AccountStore
    """

    store: AccountStore

    def attempt(self, name: str, address: str) -> timedelta | None:
        """Count an attempt and return None; or how long to wait, if it may not be made now."""
        now = self.store.clock()
        limits = {self._what("name", name): FREE_OF_NAME, self._what("address", address): FREE_OF_ADDRESS}
        with self.store.changing() as connection:
            connection.execute(delete(FAILURES).where(FAILURES.c.last_at <= moment_text(now - _FORGOTTEN)))
            rows = connection.execute(select(FAILURES).where(FAILURES.c.what.in_(limits))).all()
            waits = [moment_of(row.until) - now for row in rows if row.until > moment_text(now)]
            if waits:
                return max(waits)
            counts = {row.what: int(row.failures) for row in rows}
            _count(connection, {what: counts.get(what, 0) + 1 for what in limits}, limits, now)
        return None

    def succeeded(self, name: str, address: str) -> None:
        """Strike the attempt out: of the name all failures, of the address this one."""
        what = self._what("address", address)
        with self.store.changing() as connection:
            connection.execute(delete(FAILURES).where(FAILURES.c.what == self._what("name", name)))
            row = connection.execute(select(FAILURES).where(FAILURES.c.what == what)).first()
            if row is not None:
                _count(connection, {what: int(row.failures) - 1}, {what: FREE_OF_ADDRESS}, self.store.clock())

    def _what(self, kind: str, text: str) -> str:
        # Some type their password where the name belongs: what was given is kept as nobody without the key can read it.
        return self.store.log.key.tag("sign-in failure", f"{kind} {text.strip().casefold()}")


def _count(connection: Connection, counts: Mapping[str, int], limits: Mapping[str, int], now: datetime) -> None:
    connection.execute(delete(FAILURES).where(FAILURES.c.what.in_(counts)))
    for what, count in counts.items():
        beyond = count - limits[what]
        wait = min(_FIRST * 2 ** min(beyond, 10), _LONGEST) if beyond >= 0 else timedelta(0)
        row = {"what": what, "failures": count, "last_at": moment_text(now), "until": moment_text(now + wait)}
        connection.execute(insert(FAILURES).values(**row))
