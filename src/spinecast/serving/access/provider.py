"""OpenID Connect: the code flow with PKCE, state and nonce, against one provider (OpenID Connect Core 1.0; RFC 7636).

This is the one connection a server opens of itself: to the provider alone, and only when one is configured. Authlib
makes the requests and checks the claims; what must match is kept here and used once (`spinecast.accounts.attempts`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from spinecast.accounts.attempts import Attempt
from spinecast.accounts.roles import Role
from spinecast.errors import ServingError
from spinecast.serving.access.settings import ProviderSettings, is_loopback

__all__ = ["Provider", "Vouched"]

# Signatures that anybody can check and only the provider can make: never `none`, never a shared secret (RFC 8725, 3.1).
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]

_SECONDS = 10.0
_KEPT = 3600.0
# How soon keys that may have been replaced, or a provider that has just failed, are asked for again, so that neither
# nonsense nor a provider that hangs can make us ask all the time.
_AGAIN = 60.0
# By how much the clocks of two machines may differ.
_LEEWAY = 60

Said = TypeVar("Said")


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for.

    Parameters
    ----------
    name : str
        Of the account.
    subject : str
        The provider's own name of the person, which never goes to another.
    roles : frozenset of Role
    """

    name: str
    subject: str
    roles: frozenset[Role]


class Provider:
    """One provider.

    Parameters
    ----------
    settings : ProviderSettings
    secret : str
        Shared with the provider.
    back_to : str
        Address to which it sends the browser back.
    """

    def __init__(self, settings: ProviderSettings, secret: str, back_to: str) -> None:
        self.settings = settings
        self._secret = secret
        self._back_to = back_to
        self._metadata: _Kept[dict[str, Any]] = _Kept()
        self._keys: _Kept[KeySet] = _Kept()

    def address(self, attempt: Attempt) -> str:
        """Return where to send a browser to sign in.

        Raises
        ------
        ServingError
            If the provider does not say.
        """
        with self._session() as session:
            address, _ = session.create_authorization_url(
                self._endpoint(session, "authorization_endpoint"),
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(address)

    def vouched(self, code: str, attempt: Attempt) -> Vouched:
        """Exchange the code that came back for whom the provider vouches for.

        Raises
        ------
        ServingError
            If the provider does not answer, or its answer is not for this sign-in, or the person has no role here.
        """
        with self._session() as session:
            try:
                token = session.fetch_token(
                    self._endpoint(session, "token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                    timeout=_SECONDS,
                )
            except OAuthError as error:  # its description is the provider's, and may say who was meant
                raise ServingError(f"the provider refuses the code: {error.error}"[:200]) from error
            except (RequestException, ValueError) as error:
                raise _silent(error) from error
            claims = self._claims(session, token, attempt)
        return self._person(claims)

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.settings.client_id,
            self._secret,
            scope=" ".join(self.settings.scopes),
            redirect_uri=self._back_to,
            code_challenge_method="S256",
        )

    def _claims(self, session: OAuth2Session, token: Mapping[str, Any], attempt: Attempt) -> Mapping[str, Any]:
        """Return what the identity token says, once its signature and every claim that must match are checked."""
        given = token.get("id_token")
        if not isinstance(given, str):
            raise ServingError("the provider sent no identity token", expected="the scope openid")
        try:
            try:
                decoded = jwt.decode(given, self._key_set(session), algorithms=_ALGORITHMS)
            except (JoseError, ValueError):  # perhaps signed with a key that came after we asked
                decoded = jwt.decode(given, self._key_set(session, again=True), algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                {
                    "nonce": attempt.nonce,
                    "client_id": self.settings.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ServingError(f"the provider's identity token is not good: {type(error).__name__}") from error
        return dict(claims)

    def _person(self, claims: Mapping[str, Any]) -> Vouched:
        name, subject = claims.get(self.settings.name_claim), claims.get("sub")
        if not isinstance(name, str) or not isinstance(subject, str):
            raise ServingError(
                f"the provider does not say {self.settings.name_claim}", expected="a claim with the account's name"
            )
        given = _found(claims, self.settings.roles_claim)
        values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        roles = [role for value in values if isinstance(value, str) for role in self.settings.roles.get(value, ())]
        if not roles:
            raise ServingError(
                "no role here belongs to this account",
                where=f"claim {self.settings.roles_claim}",
                expected=f"one of {', '.join(self.settings.roles)}",
            )
        return Vouched(name, subject, frozenset(roles))

    def _endpoint(self, session: OAuth2Session, name: str) -> str:
        found = self._described(session).get(name)
        parts = urlsplit(found) if isinstance(found, str) else None
        if parts is None or (parts.scheme != "https" and not is_loopback(parts.hostname or "")):
            raise ServingError(f"the provider's {name} is none", expected="an https address in its discovery document")
        return str(found)

    def _described(self, session: OAuth2Session) -> Mapping[str, Any]:
        """Return the provider's description of itself (OpenID Connect Discovery 1.0, 4)."""

        def ask() -> dict[str, Any]:
            found = _fetched(session, f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.settings.issuer:
                raise ServingError(
                    "the provider calls itself something else", where="issuer", expected=self.settings.issuer
                )
            return found

        return self._metadata.get(ask, _KEPT)

    def _key_set(self, session: OAuth2Session, *, again: bool = False) -> KeySet:
        address = self._endpoint(session, "jwks_uri")

        def ask() -> KeySet:
            found = _fetched(session, address)
            try:
                return KeySet.import_key_set(found)  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise ServingError(f"the provider's keys are none: {type(error).__name__}") from error

        return self._keys.get(ask, _AGAIN if again else _KEPT)


class _Kept(Generic[Said]):
    """What a provider said, for a while; and for a shorter while, that it said nothing.

    It is asked outside the lock, so that nobody waits for a lock while it hangs; and once it has failed, nobody
    waits for it at all, for a while.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: Said | None = None
        self._said_at = self._failed_at = -math.inf
        self._failure: ServingError | None = None

    def get(self, ask: Callable[[], Said], longest: float) -> Said:
        """Return what was said not longer ago than some seconds, else ask.

        Raises
        ------
        ServingError
            If it cannot be asked, or could not be a moment ago.
        """
        with self._lock:
            now, failure = time.monotonic(), self._failure
            if self._said is not None and now - self._said_at <= longest:
                return self._said
            if failure is not None and now - self._failed_at <= _AGAIN:
                # One of its own for each who asks: an error that is raised twice gathers both their traces.
                raise ServingError(failure.what, where=failure.where, expected=failure.expected, remedy=failure.remedy)
        try:
            said = ask()
        except ServingError as error:
            with self._lock:
                self._failure, self._failed_at = error.with_traceback(None), time.monotonic()
            raise
        with self._lock:
            self._said, self._said_at, self._failure = said, time.monotonic(), None
        return said


def _fetched(session: OAuth2Session, address: str) -> dict[str, Any]:
    try:
        response = session.request("GET", address, withhold_token=True, timeout=_SECONDS, allow_redirects=False)
        response.raise_for_status()
        found = response.json()
    except (RequestException, ValueError) as error:
        raise _silent(error) from error
    if not isinstance(found, dict):
        raise ServingError("the provider's answer is no object", where=address)
    return found


def _silent(error: Exception) -> ServingError:
    # The kind of failure, never its message: that would hold addresses with a code in them.
    return ServingError(
        f"the provider does not answer: {type(error).__name__}", remedy="see that this machine reaches the issuer"
    )


def _found(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name, or by the names on the way to it."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
