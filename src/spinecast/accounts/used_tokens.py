"""Tokens that another system has signed and that are good once: those that were seen, until they would be too old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import USED_TOKENS
from spinecast.accounts.tokens import digest
from spinecast.audit.records import moment_text

__all__ = ["UsedTokens"]


@dataclass(frozen=True)
class UsedTokens:
    """Tokens seen by all servers of one database.

    Parameters
    ----------
    store : AccountStore
    """

    store: AccountStore

    def use(self, issuer: str, identifier: str, good_until: datetime) -> bool:
        """Use one; return whether it had not been used before.

        Parameters
        ----------
        issuer, identifier : str
            The token's ``iss`` and ``jti`` (RFC 7519, 4.1.7).
        good_until : datetime
            UTC. After it the token is refused for its age, and need not be kept.

        Raises
        ------
        AuditError
            If the database does not answer.
        """
        row = {"token_hash": digest(f"{issuer}\n{identifier}"), "ends_at": moment_text(good_until)}
        with self.store.changing() as connection:
            connection.execute(delete(USED_TOKENS).where(USED_TOKENS.c.ends_at <= self.store.now))
            try:
                with connection.begin_nested():
                    connection.execute(insert(USED_TOKENS).values(**row))
            except IntegrityError:
                return False
        return True
