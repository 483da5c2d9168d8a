"""The gate: who a request is from, by its session or its key, and how somebody comes in and goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request

from spinecast.accounts.attempts import Attempts
from spinecast.accounts.keys import Keys
from spinecast.accounts.people import Account, People
from spinecast.accounts.sessions import Sessions, form_token
from spinecast.accounts.store import AccountStore
from spinecast.accounts.throttling import Throttle
from spinecast.audit.records import Draft
from spinecast.errors import SpinecastError
from spinecast.serving.access.settings import Door, SignInSettings
from spinecast.serving.actors import Actor
from spinecast.serving.problems import Problem, problem_of

if TYPE_CHECKING:
    from spinecast.serving.access.provider import Provider
    from spinecast.serving.access.rates import Rates

__all__ = ["NOT_RIGHT", "Gate", "actor_of", "address_of"]

NOT_RIGHT = "Name or password is not right."


@dataclass(frozen=True)
class Gate:
    """Who may come in.

    Parameters
    ----------
    store : AccountStore
    settings : SignInSettings
    door : Door
    rates : Rates
    provider : Provider or None
    """

    store: AccountStore
    settings: SignInSettings
    door: Door
    rates: Rates
    provider: Provider | None = None

    @property
    def people(self) -> People:
        """Its accounts."""
        return People(self.store)

    @property
    def sessions(self) -> Sessions:
        """Its sessions."""
        idle, longest = timedelta(minutes=self.settings.idle_minutes), timedelta(hours=self.settings.longest_hours)
        return Sessions(self.store, idle, longest)

    @property
    def keys(self) -> Keys:
        """Its keys for programs."""
        return Keys(self.store)

    @property
    def attempts(self) -> Attempts:
        """Its sign-ins on their way to the provider and back."""
        return Attempts(self.store)

    def cookie(self, name: str) -> str:
        """Return a cookie's full name: `__Host-` binds it to this host and to https (RFC 6265bis, 4.1.3.2)."""
        return f"__Host-spinecast-{name}" if self.door.https else f"spinecast-{name}"

    def identify(self, request: Request) -> Actor:
        """Say who asks.

        Raises
        ------
        Problem
            401 if they do not prove to be anybody, 429 if they ask too often, 503 if the accounts cannot be read.
        """
        try:
            found = self._by_key(request) if "authorization" in request.headers else self._by_session(request)
        except SpinecastError as error:
            raise problem_of(error) from error
        if found is None:
            self.rates.count_stranger(address_of(request))
            what = "the key is none, or no longer good" if "authorization" in request.headers else "sign in first"
            # RFC 6750, 3: how one may prove who one is.
            raise Problem(401, "sign-in-needed", what, headers={"WWW-Authenticate": 'Bearer realm="spinecast"'})
        self.rates.count(found.key or found.name)
        return found

    def _by_key(self, request: Request) -> Actor | None:
        # Whoever sends a key is asked for nothing else: a wrong one never falls back to a session.
        scheme, _, given = request.headers["authorization"].partition(" ")
        found = self.keys.find(given.strip()) if scheme.casefold() == "bearer" else None
        if found is None:
            return None
        account, key = found
        return Actor(account.name, account.roles, key.scopes, key.prefix)

    def _by_session(self, request: Request) -> Actor | None:
        token = request.cookies.get(self.cookie("session"), "")
        account = self.sessions.find(token) if token else None
        return None if account is None else actor_of(account, token)

    def sign_in(self, name: str, password: str, address: str, before: str | None) -> str:
        """Let somebody in who has an account here; return the token of their session.

        Raises
        ------
        Problem
            401 if name and password belong to nobody, 429 if somebody has to wait.
        AuditError
            If it cannot be recorded: then nobody comes in.
        """
        throttle = Throttle(self.store)
        wait = throttle.attempt(name, address)
        if wait is not None:
            self._refused("waiting", address)
            seconds = math.ceil(wait.total_seconds())
            said = f"Too many attempts: wait {seconds} seconds."
            raise Problem(429, "too-many-attempts", said, headers={"Retry-After": str(seconds)})
        account = self.people.with_password(name, password)
        if account is None:
            # A name that is nobody's is not repeated: some type their password there.
            known = self.people.find(name.strip().casefold())
            self._refused("password", address, "" if known is None else known.name)
            raise Problem(401, "not-right", NOT_RIGHT)
        throttle.succeeded(name, address)
        return self.begin(account, "password", address, before)

    def begin(self, account: Account, how: str, address: str, before: str | None) -> str:
        """Begin a session of somebody who has proved who they are, and record it."""
        body = {"how": how, "address": address}
        return self.sessions.begin(account, Draft("signin", actor_of(account, "").recorded, body), before)

    def sign_out(self, actor: Actor, token: str) -> None:
        """End a session."""
        self.sessions.end(token, Draft("signout", actor.recorded, {}))

    def refused_by_provider(self, reason: str, address: str) -> None:
        """Record that a sign-in at the provider did not let somebody in."""
        self._refused(f"provider: {reason}"[:300], address)

    def _refused(self, why: str, address: str, account: str = "") -> None:
        body = {"why": why, "address": address} | ({"account": account} if account else {})
        self.store.record([Draft("refused", "nobody", body)])


def actor_of(account: Account, token: str) -> Actor:
    """Return who has a session."""
    return Actor(account.name, account.roles, form_token=form_token(token) if token else "")


def address_of(request: Request) -> str:
    """Return where a request comes from; behind a proxy that is believed, what that says."""
    return request.client.host if request.client else "unknown"
