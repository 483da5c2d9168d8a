"""A session as its user has it, with every way out of the machine barred and watched: train, load, predict.

Run by ``test_privacy.py`` in a process of its own, from a folder with ``study.yaml``. What it saw goes to
``seen.json``; standard output and standard error are spinecast's own.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOPBACK = {"127.0.0.1", "::1", "localhost", "", None}
attempts: list[str] = []


class BarredError(OSError):
    """The way out is barred."""


def bar(host: object, what: str) -> None:
    # Written down first: whoever calls home in the background also swallows its errors.
    if host not in LOOPBACK:
        attempts.append(f"{what} {host}")
        raise BarredError(f"{what} {host}")


def barred(owner: Any, name: str, host_of: Callable[..., object]) -> None:
    real = getattr(owner, name)

    def watched(*args: Any, **kwargs: Any) -> Any:
        bar(host_of(*args, **kwargs), name)
        return real(*args, **kwargs)

    setattr(owner, name, watched)


def peer(connection: socket.socket, address: Any, *_: Any) -> object:
    return None if connection.family == getattr(socket, "AF_UNIX", None) else address[0]


for method in ("connect", "connect_ex"):
    barred(socket.socket, method, peer)
barred(socket.socket, "sendto", lambda connection, *args: peer(connection, args[-1]))
barred(socket, "create_connection", lambda address, *_, **__: address[0])
barred(socket, "getaddrinfo", lambda host, *_, **__: host)


def main() -> None:
    sys.argv = ["spinecast", "train", "study.yaml", "--workers", "1"]
    from spinecast.cli import main as spinecast

    try:
        spinecast()
    except SystemExit as end:
        if end.code:
            raise

    import pandas

    from spinecast.cohorts.contract import check_predictors
    from spinecast.tracking.models import find_any_model
    from spinecast.tracking.store import open_store

    store = open_store()
    model, _ = find_any_model(store, "simulated_mortality")
    table = pandas.DataFrame({"age": [61.0], "sex": ["female"], "albumin": [2.9]})
    own = float(model.predict(model.matrix(check_predictors(table, model.predictors)))[0])
    with store.active() as mlflow:
        served = mlflow.pyfunc.load_model("models:/simulated_mortality@candidate").predict(table)
    seen = {"own": own, "served": float(served["risk"].iloc[0]), "attempts": list(attempts), **telemetry(), **control()}
    Path("seen.json").write_text(json.dumps(seen))


def telemetry() -> dict[str, Any]:
    """MLflow's telemetry as this session left it, and whether our two variables alone keep it off."""
    from mlflow.telemetry.client import get_telemetry_client
    from mlflow.telemetry.utils import is_telemetry_disabled

    found = {
        "disabled": is_telemetry_disabled(),
        "client": get_telemetry_client() is not None,
        "threads": [thread.name for thread in threading.enumerate() if "telemetry" in thread.name.lower()],
        "environment": {name: os.environ.get(name) for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK")},
    }
    for name in found["environment"]:
        os.environ.pop(name, None)
    return found | {"disabled_without_us": is_telemetry_disabled()}


def control() -> dict[str, Any]:
    """Prove that the watch sees an attempt: the addresses are reserved for documentation (RFC 5737, RFC 2606)."""
    before = len(attempts)
    for call in (
        lambda: socket.create_connection(("192.0.2.1", 443), timeout=1),
        lambda: socket.socket().connect(("192.0.2.1", 443)),
        lambda: socket.getaddrinfo("telemetry.example", 443),
    ):
        try:
            call()
        except BarredError:
            continue
    return {"control": attempts[before:]}


if __name__ == "__main__":
    main()
