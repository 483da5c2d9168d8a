"""What survives a kill: finished trials line by line, and the best trial's fits.

A tuning unit (one candidate in one split) appends one JSON line for each finished trial and replaces its best
fits whenever a trial improves. Optuna runs in memory and is told the finished trials again on resume; its own
journal file was not used because a process killed inside a write leaves a line it cannot read past
(docs/decisions/0003).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spinecast.errors import OutputError
from spinecast.files import atomic_write, ensure_writable_directory

__all__ = ["FinishedTrial", "UnitCheckpoint", "count_finished", "exclusive"]


@dataclass(frozen=True)
class FinishedTrial:
    """One trial that ran to its end.

    Parameters
    ----------
    number : int
        From 0, without gaps.
    parameters : dict
    log_loss : float
        Of the pooled inner out-of-fold scores after logistic recalibration.
    fit_seconds : float
        Time inside the fits alone.
    """

    number: int
    parameters: dict[str, float | int]
    log_loss: float
    fit_seconds: float


@dataclass(frozen=True)
class UnitCheckpoint:
    """The files of one candidate in one split.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
        Candidate name, the files' stem.
    owner : int
        Process id of the run; a worker that outlives it writes nothing more.
    """

    folder: Path
    name: str
    owner: int

    @property
    def journal(self) -> Path:
        """The finished trials, a JSON line each."""
        return self.folder / f"{self.name}.jsonl"

    @property
    def best(self) -> Path:
        """The best trial's scores and members, an npz."""
        return self.folder / f"{self.name}.best.npz"

    def finished(self) -> list[FinishedTrial]:
        """Read the finished trials; a last line torn by a kill is cut off the file."""
        if not self.journal.exists():
            return []
        content = self.journal.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            atomic_write(self.journal, whole)
        return [FinishedTrial(**json.loads(line)) for line in whole.decode().splitlines()]

    def keep_best(self, content: bytes) -> None:
        """Replace the best trial's fits, whole or not at all."""
        self._require_owner()
        atomic_write(self.best, content)

    def append(self, trial: FinishedTrial) -> None:
        """Write one finished trial and wait until it is on disk."""
        self._require_owner()
        ensure_writable_directory(self.folder)
        line = json.dumps(asdict(trial), allow_nan=False) + "\n"
        with self.journal.open("ab") as stream:
            stream.write(line.encode())
            stream.flush()
            os.fsync(stream.fileno())

    def _require_owner(self) -> None:
        """Stop a worker whose run was killed before it writes into the next run's files."""
        if self.owner not in (os.getpid(), os.getppid()):
            raise SystemExit(f"the run this worker belonged to (process {self.owner}) is gone")


def count_finished(folder: Path) -> int:
    """Count the finished trials below a folder."""
    return sum(journal.read_bytes().count(b"\n") for journal in folder.glob("*/*.jsonl"))


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock goes with the process, however it ends.

    Raises
    ------
    OutputError
        If another process trains the same study into the same place.
    """
    import fcntl

    ensure_writable_directory(folder)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(
                "another process is training this study into the same place",
                where=str(folder),
                remedy="wait for it, or name another folder with --output",
            ) from error
        yield


def clear(folder: Path) -> None:
    """Remove a finished run's checkpoint."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def read_state(path: Path) -> dict[str, Any] | None:
    """Read a small JSON state file, None when it is not there."""
    return json.loads(path.read_text()) if path.exists() else None
