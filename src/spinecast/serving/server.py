"""Starting and ending a server: everything that can be wrong is found before the first request."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable

from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import Places
from spinecast.audit.records import Draft
from spinecast.audit.writer import AuditWriter
from spinecast.errors import ServingError
from spinecast.serving.actors import DEMONSTRATION_MODE, local_demonstration
from spinecast.serving.app import make_app
from spinecast.serving.guard import LOGGER
from spinecast.serving.metrics import Metrics
from spinecast.serving.models import ServedModels
from spinecast.serving.recording import software
from spinecast.serving.state import State
from spinecast.tracking.store import Store

__all__ = ["HOST", "open_state", "serve"]

HOST = "127.0.0.1"
"""The demonstration mode has no account, so nobody else's machine may reach it."""


def serve(store: Store, places: Places, port: int, tell: Callable[[str], None]) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    store : Store
    places : Places
    port : int
        0 takes a free one.
    tell : callable
        Takes lines for whoever started it.

    Raises
    ------
    ServingError
        If the port is taken, or nothing can be served.
    AuditError
        If the audit log is not there or not whole.
    TrackingError
        If the registry cannot be read.
    """
    import uvicorn

    door = _listen(port)
    state = open_state(store, places, tell)
    try:
        LOGGER.setLevel(logging.INFO)
        if not LOGGER.handlers:
            LOGGER.addHandler(logging.StreamHandler(sys.stderr))
        config = uvicorn.Config(
            make_app(state), log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=10
        )
        server = uvicorn.Server(config)
        door.listen(128)  # whoever comes from now on waits at the door, and is not turned away
        address = f"http://{HOST}:{door.getsockname()[1]}"
        for served in state.models.current.values():
            synthetic = " SYNTHETIC" if served.model.is_synthetic else ""
            tell(f"  {served.numbered} ({served.version.alias}){synthetic}: {served.to_dict()['title']}")
        count = len(state.models.current)
        tell(f"{DEMONSTRATION_MODE}\nserving {count} {'model' if count == 1 else 'models'} at {address}/api/v1")
        _end_as_told(server, door)
    finally:
        close_state(state)


def _end_as_told(server: object, door: socket.socket) -> None:
    """Run; a signal that ended the server is no error of the process."""
    before = signal.getsignal(signal.SIGINT)
    try:
        server.run(sockets=[door])  # type: ignore[attr-defined]
    except KeyboardInterrupt:
        return  # raised again by uvicorn when it has shut down
    finally:
        signal.signal(signal.SIGINT, before)
        door.close()


def open_state(store: Store, places: Places, complain: Callable[[str], None]) -> State:
    """Open the audit log and load the models, and record that a server has started.

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
    state = State(models, log, writer, Metrics())
    try:
        models.start()
        seal = log.seal()
        body = {
            "software": software(),
            "models": {served.numbered: served.identity for served in models.current.values()},
            "refused": dict(models.refused),
            "mode": state.mode,
            "sealed_to": None if seal is None else seal.sequence,
        }
        writer.record([Draft("start", local_demonstration().recorded, body)])
    except BaseException:
        close_state(state)
        raise
    return state


def close_state(state: State) -> None:
    """Record what waits, then let everything go."""
    state.models.stop()
    state.writer.close()


def _listen(port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms for every answer sent in two pieces.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((HOST, port))
    except (OSError, OverflowError) as error:
        door.close()
        reason = error.strerror if isinstance(error, OSError) else error
        raise ServingError(
            f"port {port} cannot be used: {reason}", where=HOST, remedy="name another with --port"
        ) from error
    return door
