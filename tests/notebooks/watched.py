"""Run one script, its own warnings as errors, and end in an error if it writes below a folder or goes to the network.

    python watched.py FOLDER SCRIPT

Python announces what it is about to do (PEP 578); looking at the folder afterwards could not tell the script's files
from those of other tests that run beside it.
"""

from __future__ import annotations

import os
import runpy
import sys
import warnings
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Which arguments of an event are paths that it makes, changes or takes away.
CHANGING = {
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "sqlite3.connect": (0,),
}
CONNECTING = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


def main(guarded: str, script: str) -> None:
    trespasses: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CONNECTING:
            trespasses.append(f"network: {event} {arguments[1:]}")
        trespasses.extend(f"write: {event} {path}" for path in changed(event, arguments) if is_below(path, guarded))

    sys.addaudithook(watch)
    warnings.filterwarnings("error", module=r"(__main__|spinecast)(\.|$)")
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")
    if trespasses:
        sys.exit("\n".join(trespasses))


def changed(event: str, arguments: tuple[Any, ...]) -> list[str]:
    """Return the paths that an event makes, changes or takes away."""
    positions = CHANGING.get(event, ())
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        positions = (0,)
    given = [arguments[position] for position in positions]
    return [os.fsdecode(path) for path in given if isinstance(path, str | bytes)]


def is_below(path: str, folder: str) -> bool:
    # Compiled code is kept beside its source, Python's and numba's alike; it is nobody's result.
    if "__pycache__" in Path(path).parts:
        return False
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)


if __name__ == "__main__":
    main(*sys.argv[1:])
