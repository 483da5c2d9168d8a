"""Peers that are no part of this Python: R with its packages, and libraries that need other versions of ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PeerProcess",
    "Ran",
    "missing_dcurves",
    "missing_r",
    "python_peer",
    "r_peer",
    "run_measured",
    "write_columns",
]

FloatArray = NDArray[np.float64]

PEERS = Path(__file__).with_name("peers")
DCURVES = Path(__file__).with_name(".dcurves")


class PeerProcess:
    """A peer in a process of its own that has loaded its libraries and data, and answers with a vector of numbers.

    Parameters
    ----------
    command : sequence of str
        Prints ``ready name=version ...`` once, then a line of numbers for every line it reads.
    folder : pathlib.Path, optional
        What it reads; removed when it is closed.
    """

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self._folder, self._name = folder, command[0]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            ready, *used = self._line()
            assert ready == "ready", f"{command[0]} said {ready}"
        except BaseException:
            self.close()
            raise
        self.versions = dict(entry.split("=") for entry in used)

    def __call__(self) -> FloatArray:
        assert self._process.stdin is not None
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        return np.array([float(value) for value in self._line()])

    def close(self) -> None:
        """End it, by ending what it reads."""
        self._process.communicate()
        if self._folder:
            shutil.rmtree(self._folder)

    def _line(self) -> list[str]:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._name} ended: see its words above")
        return answer.split()


def write_columns(*columns: FloatArray) -> Path:
    """Write columns one after the other as doubles into a file of a new folder."""
    path = Path(tempfile.mkdtemp(prefix="spinecast-benchmark-")) / "columns.bin"
    np.concatenate([np.asarray(column, dtype=np.float64) for column in columns]).tofile(path)
    return path


def r_peer(script: str, data: Path, *arguments: object) -> PeerProcess:
    """Start one of ``peers/*.R``; it answers with numbers."""
    loaded = f"source('{PEERS / 'worker.R'}'); source('{PEERS / script}')"
    return PeerProcess(["Rscript", "-e", loaded, str(data), *map(str, arguments)], data.parent)


def python_peer(script: str, data: Path, *arguments: object) -> PeerProcess:
    """Start one of ``peers/*.py`` with the Python that has dcurves."""
    return PeerProcess([str(_dcurves_python()), str(PEERS / script), str(data), *map(str, arguments)], data.parent)


@cache
def missing_r(*packages: str) -> str | None:
    """Say what of R is missing and which Debian packages bring it, or None."""
    bring = "apt-get install r-base-core " + " ".join(f"r-cran-{name.casefold()}" for name in packages)
    if shutil.which("Rscript") is None:
        return f"R is not installed: {bring}"
    asked = "; ".join(f"cat('{name}', nzchar(system.file(package = '{name}')), '\\n')" for name in packages)
    told = subprocess.run(["Rscript", "-e", asked], capture_output=True, text=True, check=True).stdout.splitlines()
    lacking = [line.split()[0] for line in told if line.split()[1] != "TRUE"]
    return f"R lacks {', '.join(lacking)}: {bring}" if lacking else None


def missing_dcurves() -> str | None:
    """Say how dcurves comes, or None: it needs an older pandas than ours, so it has an environment of its own."""
    if _dcurves_python().exists():
        return None
    return "dcurves is not installed: make benchmarks/.dcurves"


def _dcurves_python() -> Path:
    return DCURVES / ("Scripts" if sys.platform == "win32" else "bin") / "python"


@dataclass(frozen=True)
class Ran:
    """What a command printed, the processor seconds it took and the most memory it held."""

    printed: str
    seconds: float
    peak_bytes: int


# Linux counts to a process what it held before it became its command: all of whoever started it. So a small process
# stands between, starts the command and tells what its child used.
_WATCH = """
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
os.write(int(sys.argv[1]), f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}".encode())
sys.exit(code if code >= 0 else 128 - code)
"""


def run_measured(command: Sequence[str]) -> Ran:
    """Run a command to its end.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    with (
        tempfile.TemporaryFile() as printed,
        tempfile.TemporaryFile() as complained,
        tempfile.TemporaryFile("w+") as told,
    ):
        between = [sys.executable, "-I", "-S", "-c", _WATCH, str(told.fileno()), *command]
        code = subprocess.run(
            between, stdout=printed, stderr=complained, pass_fds=[told.fileno()], check=False
        ).returncode
        for stream in (printed, complained, told):
            stream.seek(0)
        if code:
            raise RuntimeError(f"{command[0]} ended with {code}: {complained.read().decode()[-2000:]}")
        seconds, peak = told.read().split()
        # Linux counts kilobytes, macOS bytes (getrusage(2)).
        return Ran(printed.read().decode(), float(seconds), int(peak) * (1 if sys.platform == "darwin" else 1024))
