"""Starting and ending a server: everything that can be wrong is found before the first request."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from spinecast.accounts.people import People
from spinecast.accounts.store import AccountStore
from spinecast.accounts.used_tokens import UsedTokens
from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import Places
from spinecast.audit.records import Draft
from spinecast.audit.writer import AuditWriter
from spinecast.errors import ServingError
from spinecast.serving.access.gate import Gate
from spinecast.serving.access.provider_routes import BACK
from spinecast.serving.access.settings import Door, ServerSettings, SignInSettings, client_secret, door_of
from spinecast.serving.actors import DEMONSTRATION_MODE, SIGN_IN_MODE, local_demonstration
from spinecast.serving.app import make_app
from spinecast.serving.hospital.routes import Hospital
from spinecast.serving.metrics import Metrics
from spinecast.serving.models import ServedModels
from spinecast.serving.problems import LOGGER
from spinecast.serving.recording import software
from spinecast.serving.state import State
from spinecast.tracking.store import Store

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

__all__ = ["close_state", "open_gate", "open_hospital", "open_state", "serve"]


def serve(store: Store, places: Places, settings: ServerSettings, port: int, tell: Callable[[str], None]) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    store : Store
    places : Places
    settings : ServerSettings
    port : int
        0 takes a free one.
    tell : callable
        Takes lines for whoever started it.

    Raises
    ------
    ServingError
        If the port is taken, nothing can be served, or the settings would let in whoever comes.
    AuditError
        If the audit log is not there or not whole.
    TrackingError
        If the registry cannot be read.
    """
    import uvicorn

    door = door_of(settings)
    listening = _listen(settings.host, port)
    state = open_state(store, places, tell, settings.sign_in)
    try:
        scheme = "http" if settings.tls is None else "https"
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = settings.public_url or f"{scheme}://{host}:{listening.getsockname()[1]}"
        gate = None if settings.sign_in is None else open_gate(state, settings, settings.sign_in, door, address)
        LOGGER.setLevel(logging.INFO)
        if not LOGGER.handlers:
            LOGGER.addHandler(logging.StreamHandler(sys.stderr))
        server = uvicorn.Server(
            _config(make_app(state, gate=gate, door=door, hospital=open_hospital(state, settings, address)), settings)
        )
        listening.listen(128)  # whoever comes from now on waits at the door, and is not turned away
        for served in state.models.current.values():
            synthetic = " SYNTHETIC" if served.model.is_synthetic else ""
            tell(f"  {served.numbered} ({served.version.alias}){synthetic}: {served.to_dict()['title']}")
        count = len(state.models.current)
        tell(f"{state.mode}\nserving {count} {'model' if count == 1 else 'models'} at {address}/api/v1")
        if settings.public_url:
            tell(f"listening on {settings.host} port {listening.getsockname()[1]}")
        _end_as_told(server, listening)
    finally:
        close_state(state)


def _config(app: FastAPI, settings: ServerSettings) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        # Where a request is from is what a proxy says only if that proxy is named.
        proxy_headers=bool(settings.behind_proxy),
        forwarded_allow_ips=list(settings.behind_proxy),
        ssl_certfile=None if settings.tls is None else settings.tls.certificate,
        ssl_keyfile=None if settings.tls is None else settings.tls.key,
    )


def open_gate(state: State, settings: ServerSettings, sign_in: SignInSettings, door: Door, address: str) -> Gate:
    """Open the gate by which people come in.

    Parameters
    ----------
    state : State
    settings : ServerSettings
    sign_in : SignInSettings
    door : Door
    address : str
        What browsers call the server.

    Raises
    ------
    ServingError
        If the secret shared with the provider is not in the environment.
    """
    from spinecast.serving.access.rates import Rates  # takes time that a server without sign-in need not spend

    store = AccountStore(state.log, state.writer.record_with)
    provider = None
    if sign_in.provider is not None:
        from spinecast.serving.access.provider import Provider  # and that one without a provider need not

        provider = Provider(sign_in.provider, client_secret(), f"{address}{BACK}")
    return Gate(store, sign_in, door, Rates(settings.requests_per_minute), provider)


def open_hospital(state: State, settings: ServerSettings, address: str) -> Hospital:
    """Return how record systems reach the server.

    Parameters
    ----------
    state : State
    settings : ServerSettings
    address : str
        What they call the server.

    Raises
    ------
    ServingError
        If the keys of one cannot be read, or two are called alike.
    """
    wanted = settings.hospital
    clients = None
    if wanted.clients:
        # Both take time that a server without one need not spend.
        from spinecast.serving.access.rates import Rates
        from spinecast.serving.hospital.clients import Clients

        used = UsedTokens(AccountStore(state.log, state.writer.record_with))
        clients = Clients(wanted.clients, address, used, Rates(settings.requests_per_minute))
    return Hospital(address, clients, frozenset(wanted.origins))


def _end_as_told(server: object, listening: socket.socket) -> None:
    """Run; a signal that ended the server is no error of the process."""
    before = signal.getsignal(signal.SIGINT)
    try:
        server.run(sockets=[listening])  # type: ignore[attr-defined]
    except KeyboardInterrupt:
        return  # raised again by uvicorn when it has shut down
    finally:
        signal.signal(signal.SIGINT, before)
        listening.close()


def open_state(
    store: Store, places: Places, complain: Callable[[str], None], sign_in: SignInSettings | None = None
) -> State:
    """Open the audit log and load the models, and record that a server has started.

    Parameters
    ----------
    store : Store
    places : Places
    complain : callable
        Takes lines about versions that are not served.
    sign_in : SignInSettings, optional
        How people sign in; nobody does when left out.

    Raises
    ------
    ServingError, AuditError, TrackingError
        As :func:`serve`.
    """
    if places.database is not None:
        upgrade(places)  # the embedded log is made at the first start; a server's by spinecast database upgrade
    log = open_log(places)
    writer = AuditWriter(log)
    models = ServedModels(store, complain)
    state = State(models, log, writer, Metrics(), DEMONSTRATION_MODE if sign_in is None else SIGN_IN_MODE)
    try:
        if sign_in is not None:
            _require_way_in(AccountStore(log, writer.record_with), sign_in)
        models.start()
        seal = log.seal()
        body = {
            "software": software(),
            "models": {served.numbered: served.identity for served in models.current.values()},
            "refused": dict(models.refused),
            "mode": state.mode,
            "sealed_to": None if seal is None else seal.sequence,
        }
        writer.record([Draft("start", local_demonstration().recorded if sign_in is None else "server", body)])
    except BaseException:
        close_state(state)
        raise
    return state


def _require_way_in(store: AccountStore, sign_in: SignInSettings) -> None:
    """Refuse to start where nobody could sign in."""
    if sign_in.provider is not None:
        client_secret()
    elif not sign_in.local_accounts:
        raise ServingError("nobody could sign in", where="sign_in", expected="local_accounts or a provider")
    elif People(store).is_empty():
        raise ServingError(
            "nobody could sign in: there is no account yet", remedy="spinecast users add NAME --role administrator"
        )


def close_state(state: State) -> None:
    """Record what waits, then let everything go."""
    state.models.stop()
    state.writer.close()


def _listen(host: str, port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms for every answer sent in two pieces.
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host.strip("[]"), port))
    except (OSError, OverflowError) as error:
        door.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise ServingError(
            f"port {port} cannot be used: {reason}", where=host, remedy="name another with --port"
        ) from error
    return door
