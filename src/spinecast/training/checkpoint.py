"""What survives a kill: finished trials line by line, and the best trial's fits.

A tuning unit (one candidate in one split) appends one JSON line for each finished trial and replaces its best
fits whenever a trial improves. Optuna runs in memory and is told the finished trials again on resume; its own
journal file was not used because a process killed inside a write leaves a line it cannot read past
(docs/decisions/0003).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from spinecast.errors import OutputError
from spinecast.files import atomic_write, ensure_writable_directory, writing

__all__ = ["FinishedTrial", "UnitCheckpoint", "clear", "count_finished", "exclusive", "study_checkpoint"]


@dataclass(frozen=True)
class FinishedTrial:
    """One trial that ran to its end.

    Parameters
    ----------
    number : int
        From 0, without gaps.
    parameters : dict
    loss : float
        Of the pooled inner out-of-fold predictions after recalibration: the log-loss, or of times the integrated Brier
        score.
    fit_seconds : float
        Time inside the learners' fits alone: encoding, scoring and judging are not counted.
    """

    number: int
    parameters: dict[str, float | int]
    loss: float
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
        with writing(self.journal), self.journal.open("ab") as stream:
            stream.write(line.encode())
            stream.flush()
            os.fsync(stream.fileno())

    def _require_owner(self) -> None:
        """Stop a worker whose run was killed before it writes into the next run's files."""
        if self.owner not in (os.getpid(), os.getppid()):
            raise SystemExit(f"the run this worker belonged to (process {self.owner}) is gone")


def study_checkpoint(folder: Path, study: str, run_key: str) -> Path:
    """Where the finished trials of one study on one cohort are kept."""
    return folder / f"{study}-{run_key[:16]}"


def count_finished(folder: Path) -> int:
    """Count the finished trials below a folder."""
    return sum(journal.read_bytes().count(b"\n") for journal in folder.glob("*/*.jsonl"))


@contextmanager
def exclusive(folder: Path) -> Iterator[Path]:
    """Hold a folder for this process; the lock goes with the process, however it ends.

    The lock is a file beside the folder and is removed on leaving, and so is the folder if nothing is left in it.

    Yields
    ------
    pathlib.Path
        The folder; it need not exist.

    Raises
    ------
    OutputError
        If another process trains the same study into the same place.
    """
    ensure_writable_directory(folder.parent)
    lock = folder.with_name(f"{folder.name}.lock")
    with _locked(lock):
        try:
            yield folder
        finally:
            with suppress(OSError):
                folder.rmdir()
            lock.unlink(missing_ok=True)


def _locked(lock: Path) -> IO[str]:
    """Open and lock a file.

    Between opening it and holding it another process may have finished and removed it: a lock on a file that is gone
    keeps nobody out, so the file is looked at again once it is held.
    """
    import fcntl

    while True:
        with writing(lock), suppress(FileNotFoundError), ExitStack() as opened:
            handle = opened.enter_context(lock.open("a"))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OutputError(
                    "another process is training this study into the same place",
                    where=str(lock),
                    remedy="wait for it, or name another folder with --output",
                ) from error
            if os.path.samestat(os.fstat(handle.fileno()), lock.stat()):
                opened.pop_all()
                return handle


def clear(folder: Path, study: str) -> None:
    """Remove every checkpoint of a study, those of its earlier versions and of other patients with them.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of checkpoints.
    study : str
    """
    for checkpoint in folder.glob(f"{study}-*"):
        shutil.rmtree(checkpoint, ignore_errors=True)
