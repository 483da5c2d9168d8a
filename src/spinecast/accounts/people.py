"""Accounts of people: made, found, changed; every change is recorded with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from spinecast.accounts.passwords import hashed, is_outdated, require_good, verified
from spinecast.accounts.roles import Role
from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import ACCOUNTS, KEYS, SESSIONS
from spinecast.audit.records import Draft
from spinecast.errors import AccountError, nearest

__all__ = ["Account", "People", "read_name"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in.

    Parameters
    ----------
    name : str
    roles : frozenset of Role
    issuer : str or None
        Who vouches for them; None of an account with a password here.
    disabled : bool
    created_at : str
        UTC, ISO 8601.
    """

    name: str
    roles: frozenset[Role]
    issuer: str | None
    disabled: bool
    created_at: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "name": self.name,
            "roles": sorted(self.roles),
            "issuer": self.issuer,
            "disabled": self.disabled,
            "created_at": self.created_at,
        }


def read_name(given: str) -> str:
    """Return an account's name in small letters.

    Raises
    ------
    AccountError
        If it cannot be one.
    """
    name = given.strip().casefold()
    if not _NAME.fullmatch(name):
        raise AccountError(
            f"{given[:64]!r} cannot be the name of an account",
            expected="1 to 64 of the characters a to z, 0 to 9, . _ @ -, the first a letter or digit",
        )
    return name


@dataclass(frozen=True)
class People:
    """The accounts of a store.

    Parameters
    ----------
    store : AccountStore
    """

    store: AccountStore

    def find(self, name: str) -> Account | None:
        """Return an account; None if there is none of that name."""
        row = self._row(name)
        return None if row is None else account_of(row)

    def get(self, name: str) -> Account:
        """Return an account.

        Raises
        ------
        AccountError
            If there is none of that name; names the nearest.
        """
        found = self.find(name.strip().casefold())
        if found is None:
            close = nearest(name, [account.name for account in self.all()])
            raise AccountError(
                f"there is no account {name[:64]!r}",
                remedy=f"did you mean {close}?" if close else "see spinecast users list",
            )
        return found

    def all(self) -> list[Account]:
        """Return every account by name."""
        with self.store.reading() as connection:
            return [account_of(row) for row in connection.execute(select(ACCOUNTS).order_by(ACCOUNTS.c.name))]

    def is_empty(self) -> bool:
        """Say whether nobody could sign in with a password."""
        able = select(func.count()).where(ACCOUNTS.c.password_hash.is_not(None), ~ACCOUNTS.c.disabled)
        with self.store.reading() as connection:
            return int(connection.execute(able).scalar_one()) == 0

    def add(self, given: str, roles: Collection[Role], password: str, by: str) -> Account:
        """Make an account with a password.

        Raises
        ------
        AccountError
            If the name is taken or none, or the password is poor.
        """
        name = read_name(given)
        require_good(password, name)
        row = self._new(name, roles) | {"password_hash": hashed(password)}
        self._change(name, by, {"made": sorted(roles)}, lambda connection: _insert(connection, row))
        return self.get(name)

    def vouched(self, given: str, issuer: str, subject: str, roles: Collection[Role]) -> Account:
        """Return the account of somebody a provider vouches for, made or brought to the roles it says they have now.

        Raises
        ------
        AccountError
            If the name belongs to somebody else, or the account is disabled.
        """
        if not subject.isprintable() or not 1 <= len(subject) <= 255:  # OpenID Connect Core 1.0, 2: `sub`
            raise AccountError(
                "the provider names somebody in a way that cannot be kept", expected="1 to 255 characters"
            )
        known = (ACCOUNTS.c.issuer == issuer) & (ACCOUNTS.c.subject == subject)
        with self.store.reading() as connection:
            row = connection.execute(select(ACCOUNTS).where(known)).first()
        by = f"provider {issuer}"[:200]
        if row is None:
            name = read_name(given)
            new = self._new(name, roles) | {"issuer": issuer, "subject": subject}
            self._change(name, by, {"made": sorted(roles)}, lambda connection: _insert(connection, new))
            return self.get(name)
        found = account_of(row)
        if found.disabled:
            raise AccountError(f"the account {found.name} is disabled")
        if found.roles != frozenset(roles):
            self._set_roles(found, roles, by)
        return self.get(found.name)

    def set_roles(self, name: str, roles: Collection[Role], by: str) -> Account:
        """Give an account other roles.

        Raises
        ------
        AccountError
            If there is none of that name, or its provider says which roles it has.
        """
        found = self.get(name)
        if found.issuer is not None:
            raise AccountError(
                f"the roles of {found.name} come from {found.issuer}",
                remedy="change them there, or its mapping of roles",
            )
        self._set_roles(found, roles, by)
        return self.get(found.name)

    def _set_roles(self, found: Account, roles: Collection[Role], by: str) -> None:
        body = {"roles": sorted(roles), "before": sorted(found.roles)}
        self._change(found.name, by, body, lambda connection: _set(connection, found.name, roles=_joined(roles)))

    def set_disabled(self, name: str, disabled: bool, by: str) -> Account:
        """Shut somebody out, at once and with every session, or let them in again.

        Raises
        ------
        AccountError
            If there is none of that name.
        """
        found = self.get(name)

        def change(connection: Connection) -> None:
            _set(connection, found.name, disabled=disabled)
            connection.execute(delete(SESSIONS).where(SESSIONS.c.account == found.name))

        self._change(found.name, by, {"disabled": disabled}, change)
        return self.get(found.name)

    def set_password(self, name: str, password: str, by: str) -> None:
        """Give an account another password; every session of it ends, and every key of it is revoked.

        Raises
        ------
        AccountError
            If there is none of that name, it has no password here, or the new one is poor.
        """
        found = self.get(name)
        if found.issuer is not None:
            raise AccountError(f"{found.name} signs in at {found.issuer}", remedy="change the password there")
        require_good(password, found.name)
        kept, now = hashed(password), self.store.now

        def change(connection: Connection) -> None:
            _set(connection, found.name, password_hash=kept)
            connection.execute(delete(SESSIONS).where(SESSIONS.c.account == found.name))
            mine = (KEYS.c.account == found.name) & KEYS.c.revoked_at.is_(None)
            connection.execute(update(KEYS).where(mine).values(revoked_at=now))

        self._change(found.name, by, {"password": "changed"}, change)

    def with_password(self, given: str, password: str) -> Account | None:
        """Return the account that name and password belong to; None, after the same time, if they belong to none."""
        row = self._row(given.strip().casefold())
        kept = None if row is None or row.disabled else row.password_hash
        if not verified(password, kept) or row is None:
            return None
        if is_outdated(row.password_hash):
            better = hashed(password)
            # Of the very hash that was checked: whoever has changed the password meanwhile has changed it.
            mine = (ACCOUNTS.c.name == row.name) & (ACCOUNTS.c.password_hash == row.password_hash)
            with self.store.changing() as connection:
                connection.execute(update(ACCOUNTS).where(mine).values(password_hash=better))
        return account_of(row)

    def _row(self, name: str) -> Row[Any] | None:
        if not _NAME.fullmatch(name):  # nobody's; and some characters no database would take
            return None
        with self.store.reading() as connection:
            return connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.name == name)).first()

    def _new(self, name: str, roles: Collection[Role]) -> dict[str, Any]:
        return {"name": name, "roles": _joined(roles), "disabled": False, "created_at": self.store.now}

    def _change(self, name: str, by: str, body: dict[str, Any], change: Callable[[Connection], None]) -> None:
        self.store.record_with([Draft("account", by, {"account": name, **body})], change)


def account_of(row: Row[Any]) -> Account:
    """Return a database row as an account."""
    roles = cast(frozenset[Role], frozenset(row.roles.split(",")))
    return Account(row.name, roles, row.issuer, bool(row.disabled), row.created_at)


def _joined(roles: Collection[Role]) -> str:
    return ",".join(sorted(roles))


def _insert(connection: Connection, row: dict[str, Any]) -> None:
    if connection.execute(select(ACCOUNTS.c.name).where(ACCOUNTS.c.name == row["name"])).first() is not None:
        raise AccountError(f"there is an account {row['name']} already", remedy="take another name")
    connection.execute(insert(ACCOUNTS).values(**row))


def _set(connection: Connection, name: str, **values: Any) -> None:
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(**values))
