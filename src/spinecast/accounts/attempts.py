"""Sign-ins that have gone to a provider and have not come back: what must match when they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select

from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import ATTEMPTS
from spinecast.accounts.tokens import digest, new_token
from spinecast.audit.records import moment_text

__all__ = ["Attempt", "Attempts"]

_GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Attempt:
    """One sign-in on its way.

    Parameters
    ----------
    state : str
        What must come back in the address (RFC 6749, 10.12).
    nonce : str
        What must come back inside the provider's token (OpenID Connect Core 1.0, 3.1.2.1).
    verifier : str
        What proves to the provider that who asks for the token is who sent the browser (PKCE, RFC 7636).
    next_page : str
        The page to show when it is done.
    """

    state: str
    nonce: str
    verifier: str
    next_page: str


@dataclass(frozen=True)
class Attempts:
    """Sign-ins on their way, of a store.

    Parameters
    ----------
    store : AccountStore
    """

    store: AccountStore

    def begin(self, next_page: str) -> tuple[str, Attempt]:
        """Begin one; return the token that the browser keeps, and what must match."""
        token, made = new_token(), Attempt(new_token(), new_token(), new_token() + new_token(), next_page)
        now = self.store.clock()
        row = {"token_hash": digest(token), "ends_at": moment_text(now + _GOOD_FOR), **vars(made)}
        with self.store.changing() as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.ends_at <= moment_text(now)))
            connection.execute(insert(ATTEMPTS).values(**row))
        return token, made

    def take(self, token: str) -> Attempt | None:
        """Return what a browser's sign-in must match, once; None if it is over or was taken before."""
        mine = ATTEMPTS.c.token_hash == digest(token)
        with self.store.changing() as connection:
            row = connection.execute(select(ATTEMPTS).where(mine)).first()
            connection.execute(delete(ATTEMPTS).where(mine))
        if row is None or row.ends_at <= self.store.now:
            return None
        return Attempt(row.state, row.nonce, row.verifier, row.next_page)
