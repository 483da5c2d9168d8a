"""How a server is set up: the file that `spinecast serve --settings` reads, and what of it cannot be."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from spinecast.accounts.roles import Role
from spinecast.documents import Block, DocumentKind, Flag, Text, Whole, read_document
from spinecast.errors import DocumentError, ServingError

__all__ = [
    "LOOPBACK_NAMES",
    "ClientSettings",
    "Door",
    "HospitalSettings",
    "ProviderSettings",
    "ServerSettings",
    "SignInSettings",
    "TlsSettings",
    "client_secret",
    "door_of",
    "is_loopback",
    "settings_for",
]

KIND = DocumentKind("server settings", DocumentError)

# This machine, by the names it calls itself.
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

SECRET_VARIABLE = "SPINECAST_OIDC_SECRET"


class ProviderSettings(Block):
    """An OpenID Connect provider that vouches for people."""

    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=200)] = Field(
        description="The provider's own address, as its discovery document spells it."
    )
    client_id: Text = Field(description="What the provider calls this server.")
    label: Text = Field(default="Sign in with your hospital account", description="What the button says.")
    scopes: tuple[Text, ...] = Field(default=("openid", "profile"), description="What is asked for.")
    name_claim: Text = Field(default="preferred_username", description="Claim with the name of the account.")
    roles_claim: Text = Field(default="groups", description="Claim with what `roles` maps; a.b is b inside a.")
    roles: dict[str, tuple[Role, ...]] = Field(min_length=1, description="Values of that claim, and their roles here.")


class SignInSettings(Block):
    """How people sign in."""

    local_accounts: Flag = Field(default=True, description="Whether accounts with a password here may sign in.")
    idle_minutes: Annotated[Whole, Field(ge=1, le=720)] = Field(default=30, description="A session ends unused.")
    longest_hours: Annotated[Whole, Field(ge=1, le=24)] = Field(default=12, description="A session ends in any case.")
    provider: ProviderSettings | None = Field(default=None, description="An OpenID Connect provider.")


class TlsSettings(Block):
    """A certificate, for a server without a proxy before it."""

    certificate: Text = Field(description="PEM file with the certificate and those above it.")
    key: Text = Field(description="PEM file with its key, readable by its owner alone.")


class ClientSettings(Block):
    """A record system that may call (CDS Hooks, "Trusting CDS Clients")."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")] = Field(description="Its name in the log.")
    issuer: Text = Field(description="`iss` of the tokens it signs.")
    keys: Text = Field(description="File with its public keys, a JWK Set; read again when it changes.")
    jku: tuple[Text, ...] = Field(
        default=(), description="Addresses of that set that its tokens may name; none of them is ever asked."
    )
    patients: Text | None = Field(
        default=None, description="Put before its patient ids, where two systems may use the same."
    )


class HospitalSettings(Block):
    """Record systems that call by CDS Hooks."""

    clients: tuple[ClientSettings, ...] = Field(default=(), description="Who may call; with none, as the API.")
    origins: tuple[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$", max_length=200)], ...] = Field(
        default=(), description="Sites whose pages may call from a browser (CORS); none when left out."
    )


class ServerSettings(Block):
    """The whole file."""

    host: Text = Field(default="127.0.0.1", description="Address to listen on.")
    public_url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$", max_length=200)] | None = Field(
        default=None, description="Address that browsers use, without a path: https://spinecast.example.org."
    )
    behind_proxy: tuple[Text, ...] = Field(
        default=(), description="Addresses of the proxies whose X-Forwarded-For is believed."
    )
    tls: TlsSettings | None = Field(default=None, description="A certificate of its own.")
    sign_in: SignInSettings | None = Field(default=None, description="How people sign in; without it nobody does.")
    requests_per_minute: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(
        default=600, description="Of one account, one key or one record system."
    )
    hospital: HospitalSettings = Field(
        default_factory=HospitalSettings, description="Record systems that call by CDS Hooks."
    )


@dataclass(frozen=True)
class Door:
    """What the server is called from outside, and whether what comes to it is encrypted on the way.

    Parameters
    ----------
    names : frozenset of str
        Hosts it answers to.
    https : bool
    """

    names: frozenset[str] = LOOPBACK_NAMES
    https: bool = False


def settings_for(file: Path | None, host: str | None, *, sign_in: bool) -> ServerSettings:
    """Return the settings of a server.

    Parameters
    ----------
    file : pathlib.Path or None
        What to read; the defaults when left out.
    host : str or None
        In place of the file's.
    sign_in : bool
        Whether people must sign in even if the file does not say so.

    Raises
    ------
    DocumentError
        If the file is wrong; one error lists all that is.
    """
    found = ServerSettings() if file is None else read_document(file, ServerSettings, KIND)[0]
    changes: dict[str, object] = {} if host is None else {"host": host}
    if sign_in and found.sign_in is None:
        changes["sign_in"] = SignInSettings()
    return found.model_copy(update=changes)


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def door_of(settings: ServerSettings) -> Door:
    """Return what the server is called, after refusing what would let the world in, or passwords out.

    Raises
    ------
    ServingError
        If others could reach it without sign-in, or without encryption.
    """
    public = urlsplit(settings.public_url or "")
    https = public.scheme == "https"
    if not is_loopback(settings.host):
        if settings.sign_in is None:
            raise ServingError(
                f"without sign-in only this machine may reach the server, and {settings.host} is open to others",
                expected="127.0.0.1",
                remedy="say --sign-in, or sign_in: {} in the settings (docs/sign-in.md)",
            )
        if not https:
            raise ServingError(
                f"a server that listens on {settings.host} must be reached through https",
                where="public_url",
                expected="https://…, by a proxy before it or by tls",
                remedy="see docs/sign-in.md",
            )
    if settings.public_url and not https and not is_loopback(public.hostname or ""):
        raise ServingError(
            f"{settings.public_url} would carry passwords and patients' values in the clear",
            where="public_url",
            expected="https://…; http:// only for this machine",
        )
    if settings.sign_in is None and public.hostname and not is_loopback(public.hostname):
        raise ServingError("a server that others reach needs sign-in", where="public_url", remedy="say --sign-in")
    if settings.tls is not None:
        _require_certificate(settings.tls)
    names = {public.netloc.rpartition("@")[2], public.hostname or ""} - {""}
    if is_loopback(settings.host):  # one of this machine's other addresses, by which browsers here call it
        host = settings.host.strip("[]")
        names.add(f"[{host}]" if ":" in host else host)
    return Door(LOOPBACK_NAMES | frozenset(names), https or settings.tls is not None)


def _require_certificate(tls: TlsSettings) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls.certificate, tls.key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
        raise ServingError(
            f"the certificate or its key cannot be used: {reason}",
            where=f"{tls.certificate}, {tls.key}",
            expected="PEM files that belong together, the key without a password",
        ) from error


def client_secret(environment: Mapping[str, str] | None = None) -> str:
    """Return the secret this server shares with the provider, which stands in no file.

    Raises
    ------
    ServingError
        If the environment has none.
    """
    secret = (os.environ if environment is None else environment).get(SECRET_VARIABLE, "")
    if not secret:
        raise ServingError(
            "the provider's client secret is not in the environment",
            where=SECRET_VARIABLE,
            expected="the secret that the provider made for client_id",
            remedy=f"set {SECRET_VARIABLE} for the server's process alone, not in a file of settings",
        )
    return secret
