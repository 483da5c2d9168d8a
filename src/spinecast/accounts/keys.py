"""Keys for programs: shown once, kept as a hash, good for some things only and for some time."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection, Row, insert, select, update

from spinecast.accounts.people import Account, account_of
from spinecast.accounts.roles import SCOPES, Permission, permitted_to
from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import ACCOUNTS, KEYS
from spinecast.accounts.tokens import digest, new_token, same
from spinecast.audit.records import Draft, moment_text
from spinecast.errors import AccountError

__all__ = ["LONGEST_DAYS", "ApiKey", "Keys"]

LONGEST_DAYS = 366
"""After a year a key is made anew: one that is forgotten somewhere does not open for ever."""

# `spinecast_`, by which programs that look for leaked secrets know one, then what lists show of it, then the secret.
_FORM = re.compile(r"spinecast_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key once it was shown.

    Parameters
    ----------
    prefix : str
        Its first characters, which do not open anything.
    account : str
        Whose it is.
    scopes : frozenset of Permission
        What it is good for; never more than its account may do.
    note : str
    created_at, expires_at : str
        UTC, ISO 8601.
    revoked_at : str or None
    """

    prefix: str
    account: str
    scopes: frozenset[Permission]
    note: str
    created_at: str
    expires_at: str
    revoked_at: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "prefix": self.prefix,
            "account": self.account,
            "scopes": sorted(self.scopes),
            "note": self.note,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
        }

    def state(self, now: str) -> str:
        """Say whether it opens: ``valid``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.expires_at > now else "expired"


@dataclass(frozen=True)
class Keys:
    """The keys of a store.

    Parameters
    ----------
    store : AccountStore
    """

    store: AccountStore

    def create(self, account: Account, scopes: Collection[Permission], days: int, note: str, by: str) -> str:
        """Make a key and return it; it cannot be shown again.

        Raises
        ------
        AccountError
            If the account may not do what the key should, or the days are too many.
        """
        possible = permitted_to(account.roles) & frozenset(SCOPES)
        beyond = sorted(frozenset(scopes) - possible)
        if beyond or not scopes:
            what = f"{account.name} may not do {', '.join(beyond)}" if beyond else "a key must be good for something"
            raise AccountError(what, expected=f"of {', '.join(sorted(possible))}")
        if not 1 <= days <= LONGEST_DAYS:
            raise AccountError(f"a key cannot be good for {days} days", expected=f"1 to {LONGEST_DAYS}")
        if len(note) > 200 or not note.isprintable():
            raise AccountError("the note is too long, or not one line", expected="at most 200 characters")
        secret, now = new_token(), self.store.clock()
        row = {
            "prefix": secrets.token_hex(4),
            "secret_hash": digest(secret),
            "account": account.name,
            "scopes": ",".join(sorted(scopes)),
            "note": note,
            "created_at": moment_text(now),
            "expires_at": moment_text(now + timedelta(days=days)),
        }
        body = {name: row[name] for name in ("prefix", "account", "expires_at")} | {"made": sorted(scopes)}

        def change(connection: Connection) -> None:
            connection.execute(insert(KEYS).values(**row))

        self.store.record_with([Draft("key", by, body)], change)
        return f"spinecast_{row['prefix']}_{secret}"

    def all(self, account: str | None = None) -> list[ApiKey]:
        """Return every key, or an account's, newest first."""
        chosen = select(KEYS).order_by(KEYS.c.created_at.desc(), KEYS.c.prefix)
        if account is not None:
            chosen = chosen.where(KEYS.c.account == account)
        with self.store.reading() as connection:
            return [_key_of(row) for row in connection.execute(chosen)]

    def revoke(self, prefix: str, by: str, account: str | None = None) -> None:
        """Make a key good for nothing, at once.

        Parameters
        ----------
        prefix : str
        by : str
        account : str, optional
            Whose it must be.

        Raises
        ------
        AccountError
            If there is no such key.
        """
        known = {key.prefix: key for key in self.all(account)}
        found = known.get(prefix.removeprefix("spinecast_"))
        if found is None:
            raise AccountError(
                "there is no key of that prefix", expected="eight characters", remedy="see spinecast keys list"
            )
        if found.revoked_at is not None:
            return
        now = self.store.now

        def change(connection: Connection) -> None:
            connection.execute(update(KEYS).where(KEYS.c.prefix == found.prefix).values(revoked_at=now))

        self.store.record_with(
            [Draft("key", by, {"prefix": found.prefix, "account": found.account, "revoked": True})], change
        )

    def find(self, given: str) -> tuple[Account, ApiKey] | None:
        """Return whose key this is; None if it is none, is no longer good, or its account is disabled."""
        parts = _FORM.fullmatch(given)
        if parts is None:
            return None
        with self.store.reading() as connection:
            row = connection.execute(select(KEYS).where(KEYS.c.prefix == parts[1])).first()
            if row is None or not same(row.secret_hash, digest(parts[2])):
                return None
            owner = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.name == row.account)).one()
        key = _key_of(row)
        return None if owner.disabled or key.state(self.store.now) != "valid" else (account_of(owner), key)


def _key_of(row: Row[Any]) -> ApiKey:
    scopes = cast(frozenset[Permission], frozenset(row.scopes.split(",")))
    return ApiKey(row.prefix, row.account, scopes, row.note, row.created_at, row.expires_at, row.revoked_at)
