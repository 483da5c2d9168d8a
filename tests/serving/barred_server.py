"""`spinecast serve` with every way out of the machine barred and written down. Run by test_process.py."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

SEEN = Path(sys.argv.pop(1))
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def bar(host: object, what: str) -> None:
    if host not in LOOPBACK:
        with SEEN.open("a") as file:
            file.write(f"{what} {host}\n")
        raise OSError("barred")


def watched(name: str, real: Any) -> Any:
    def call(connection: socket.socket, address: Any) -> Any:
        if connection.family != socket.AF_UNIX:
            bar(address[0], name)
        return real(connection, address)

    return call


SEEN.touch()
for method in ("connect", "connect_ex"):
    setattr(socket.socket, method, watched(method, getattr(socket.socket, method)))
resolve = socket.getaddrinfo


def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
    bar(host, "getaddrinfo")
    return resolve(host, *rest, **named)


socket.getaddrinfo = getaddrinfo

from spinecast.cli import main  # noqa: E402 - nothing of spinecast before the doors are barred

main()
