"""Which record system calls: by the token it signs for each call (CDS Hooks 3.0, "Trusting CDS Clients").

Its keys come from a file that whoever runs the server has put there. An address of keys that a token names (``jku``) is
compared with those that are allowed, and never asked: a server opens no connection because a stranger names one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact
from starlette.requests import Request

from spinecast.accounts.used_tokens import UsedTokens
from spinecast.errors import ServingError, SpinecastError
from spinecast.serving.access.gate import address_of
from spinecast.serving.access.rates import Rates
from spinecast.serving.access.settings import ClientSettings
from spinecast.serving.actors import Actor, RecordSystem, record_system
from spinecast.serving.problems import LOGGER, Problem, problem_of

__all__ = ["ALGORITHMS", "LONGEST_SECONDS", "Clients"]

ALGORITHMS = ("ES384", "RS384")
"""Those that CDS Hooks recommends; neither `none` nor a shared secret is ever taken (RFC 8725, 3.1)."""

LONGEST_SECONDS = 300
"""How long a token may be good for: it is signed for one call."""

_LEEWAY = 60  # by how much the clocks of two machines may differ
_LONGEST_IDENTIFIER = 200


class _BadTokenError(Exception):
    """A token that proves nothing; its text says why, and repeats nothing of it."""


class _Keys:
    """Public keys of one client, read again when their file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._found = self._current()

    def get(self) -> KeySet:
        with self._lock:
            self._found = self._current()
            return self._found

    def _current(self) -> KeySet:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp == self._stamp:
                return self._found
            found = _key_set(json.loads(self._path.read_text(encoding="utf-8")), self._path)
        except (OSError, ValueError) as error:
            raise ServingError(
                "the keys of a record system cannot be read", where=str(self._path), expected="a JWK Set (RFC 7517)"
            ) from error
        self._stamp = stamp
        return found


def _key_set(value: Any, path: Path) -> KeySet:
    expected = "a JWK Set (RFC 7517) of public RSA or EC keys, each with a kid of its own"
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise ServingError("this is no set of keys", where=str(path), expected=expected)
    for key in keys:
        if key.get("kty") not in ("RSA", "EC") or "d" in key:
            what = "a private key" if "d" in key else "a key that is neither RSA nor EC"
            raise ServingError(f"{what} stands among them", where=str(path), expected=expected)
    names = [key.get("kid") for key in keys]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) != len(names):
        raise ServingError("keys without a kid, or two with the same", where=str(path), expected=expected)
    try:
        return KeySet.import_key_set(value)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ServingError(f"a key is none: {type(error).__name__}", where=str(path), expected=expected) from error


@dataclass(frozen=True)
class _Client:
    settings: ClientSettings
    keys: _Keys


class Clients:
    """The record systems that may call.

    Parameters
    ----------
    settings : sequence of ClientSettings
    address : str
        What they call the server, without a path.
    used : UsedTokens
    rates : Rates
    clock : callable
        Returns the seconds since 1970.

    Raises
    ------
    ServingError
        If two have one name or one issuer, or a file of keys is none.
    """

    def __init__(
        self,
        settings: Sequence[ClientSettings],
        address: str,
        used: UsedTokens,
        rates: Rates,
        clock: Callable[[], float] = time.time,
    ) -> None:
        for what in ("name", "issuer"):
            values = [getattr(one, what) for one in settings]
            if len(set(values)) != len(values):
                raise ServingError(f"two record systems have one {what}", where=f"hospital.clients.{what}")
        self._clients = {one.issuer: _Client(one, _Keys(Path(one.keys))) for one in settings}
        self._address, self._used, self._rates, self._clock = address, used, rates, clock

    def identify(self, request: Request) -> Actor:
        """Say which record system calls.

        Raises
        ------
        Problem
            401 if it does not prove to be one, 429 if it calls too often, 503 if used tokens cannot be looked up.
        """
        try:
            found = self._found(request)
        except _BadTokenError as error:
            self._rates.count_stranger(address_of(request))
            challenge = {"WWW-Authenticate": 'Bearer realm="spinecast", error="invalid_token"'}
            raise Problem(401, "client-unknown", str(error), headers=challenge) from None
        except ServingError as error:
            LOGGER.error("keys of a record system: %s %s", error.what, error.where)
            raise Problem(503, "keys", "the record system's keys cannot be read here now") from error
        except SpinecastError as error:
            raise problem_of(error) from error
        self._rates.count(found.name)
        return found

    def prefix_of(self, actor: Actor) -> str:
        """Return what is put before the patient ids of a record system."""
        for client in self._clients.values():
            if record_system(client.settings.name).name == actor.name:
                return client.settings.patients or ""
        return ""

    @property
    def prefixes(self) -> Mapping[str, str]:
        """What is put before the patient ids of each record system that has such a thing, by its name."""
        settings = [client.settings for client in self._clients.values()]
        return {one.name: one.patients for one in settings if one.patients}

    def _found(self, request: Request) -> RecordSystem:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            raise _BadTokenError("a call needs a token that the record system signed: Authorization: Bearer …")
        client, header = self._named(token.strip())
        settings = client.settings
        jku = header.get("jku")
        if jku is not None and jku not in settings.jku:
            raise _BadTokenError("the token names an address of keys (jku) that is not allowed")
        try:
            claims = jwt.decode(token.strip(), client.keys.get(), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, TypeError, KeyError):
            raise _BadTokenError("the token is signed with no key of this record system") from None
        self._check(claims, f"{self._address}{request.url.path}")
        ends = datetime.fromtimestamp(claims["exp"] + _LEEWAY, UTC)
        if not self._used.use(settings.issuer, claims["jti"], ends):
            raise _BadTokenError("the token was used before (jti)")
        return record_system(settings.name)

    def _named(self, token: str) -> tuple[_Client, Mapping[str, Any]]:
        """Return whose token it says it is; that it is theirs, only its signature proves."""
        try:
            opened = extract_compact(token.encode())
            header, payload = opened.headers(), json.loads(opened.payload)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise _BadTokenError("this is no signed token (RFC 7519)") from None
        if not isinstance(header.get("kid"), str) or str(header.get("typ", "")).upper() != "JWT":
            raise _BadTokenError("the token's header needs typ JWT and a kid")
        if header.get("alg") not in ALGORITHMS:
            raise _BadTokenError(f"the token must be signed by {' or '.join(ALGORITHMS)}")
        issuer = payload.get("iss") if isinstance(payload, dict) else None
        client = self._clients.get(issuer) if isinstance(issuer, str) else None
        if client is None:
            raise _BadTokenError("the token is of no record system that is known here (iss)")
        return client, header

    def _check(self, claims: Mapping[str, Any], address: str) -> None:
        now, times = self._clock(), {name: claims.get(name) for name in ("exp", "iat")}
        for name, value in times.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**40:
                raise _BadTokenError(f"the token does not say {name}")
        if claims["exp"] <= now - _LEEWAY:
            raise _BadTokenError("the token is over (exp)")
        if claims["exp"] > now + LONGEST_SECONDS + _LEEWAY:
            raise _BadTokenError(f"the token is good for longer than {LONGEST_SECONDS} seconds (exp)")
        if claims["iat"] > now + _LEEWAY or claims["iat"] > claims["exp"]:
            raise _BadTokenError("the token is from a time to come (iat)")
        begins = claims.get("nbf", 0)
        if isinstance(begins, bool) or not isinstance(begins, int | float) or begins > now + _LEEWAY:
            raise _BadTokenError("the token is not good yet (nbf)")
        audience = claims.get("aud")
        if address not in (audience if isinstance(audience, list) else [audience]):
            raise _BadTokenError("the token is for another address (aud)")
        identifier = claims.get("jti")
        if not isinstance(identifier, str) or not 0 < len(identifier) <= _LONGEST_IDENTIFIER:
            raise _BadTokenError("the token has no identifier of its own (jti)")
