"""Sessions: what a browser holds between two requests is one random token; all else, and its end, is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from spinecast.accounts.people import Account, account_of
from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import ACCOUNTS, SESSIONS
from spinecast.accounts.tokens import derived, digest, new_token
from spinecast.audit.records import Draft, moment_text

__all__ = ["Sessions", "form_token"]

# How often "last seen" is written: not with each request.
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Sessions:
    """The sessions of a store.

    Parameters
    ----------
    store : AccountStore
    idle : timedelta
        After how long without a request one ends.
    longest : timedelta
        When one ends whatever is done with it. The defaults are those of NIST SP 800-63B (2020), 4.2.3, for the second
        level of assurance.
    """

    store: AccountStore
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)

    def begin(self, account: Account, draft: Draft, before: str | None = None) -> str:
        """Begin one and return its token, which is kept nowhere.

        Parameters
        ----------
        account : Account
        draft : Draft
            The record of the sign-in, written with it.
        before : str, optional
            Token of a session that ends here: whoever signs in anew has a new one.
        """
        token, now = new_token(), self.store.clock()
        row = {
            "token_hash": digest(token),
            "account": account.name,
            "began_at": moment_text(now),
            "seen_at": moment_text(now),
            "ends_at": moment_text(now + self.longest),
        }
        # Those that are over go now: there is no other time at which somebody must tidy up.
        over = (SESSIONS.c.ends_at <= moment_text(now)) | (SESSIONS.c.seen_at <= moment_text(now - self.idle))
        if before is not None:
            over |= SESSIONS.c.token_hash == digest(before)

        def change(connection: Connection) -> None:
            connection.execute(delete(SESSIONS).where(over))
            connection.execute(insert(SESSIONS).values(**row))

        self.store.record_with([draft], change)
        return token

    def find(self, token: str) -> Account | None:
        """Return whose session a token is; None if it is over, ended, or its account is disabled."""
        now = self.store.clock()
        wanted = (
            select(ACCOUNTS, SESSIONS.c.seen_at)
            .join(SESSIONS, SESSIONS.c.account == ACCOUNTS.c.name)
            .where(
                SESSIONS.c.token_hash == digest(token),
                SESSIONS.c.ends_at > moment_text(now),
                SESSIONS.c.seen_at > moment_text(now - self.idle),
                ~ACCOUNTS.c.disabled,
            )
        )
        with self.store.reading() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            return None
        if row.seen_at <= moment_text(now - _SEEN_EVERY):
            with self.store.changing() as connection:
                mine = SESSIONS.c.token_hash == digest(token)
                connection.execute(update(SESSIONS).where(mine).values(seen_at=moment_text(now)))
        return account_of(row)

    def end(self, token: str, draft: Draft) -> None:
        """End one, here and at once."""
        self._end(SESSIONS.c.token_hash == digest(token), draft)

    def end_all(self, account: str, draft: Draft) -> None:
        """End every session of an account."""
        self._end(SESSIONS.c.account == account, draft)

    def _end(self, which: ColumnElement[bool], draft: Draft) -> None:
        def change(connection: Connection) -> None:
            connection.execute(delete(SESSIONS).where(which))

        self.store.record_with([draft], change)


def form_token(session: str) -> str:
    """Return what a form of a session must carry, so that no other site can send it (a CSRF token).

    It follows from the session's token, which no page shows, and so needs to be kept nowhere (OWASP Cross-Site Request
    Forgery Prevention Cheat Sheet, "HMAC").
    """
    return derived(session, "form")
