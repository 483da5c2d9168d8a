"""Finished trials on disk: one process at a time, nothing left after a success, one clear message on a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spinecast.errors import OutputError
from spinecast.training import checkpoint
from spinecast.training.checkpoint import (
    FinishedTrial,
    UnitCheckpoint,
    clear,
    count_finished,
    exclusive,
    study_checkpoint,
)

TRIAL = FinishedTrial(0, {"l1_ratio": 0.5}, 0.6, 0.1)


def finish_one(folder: Path, study: str, key: str) -> Path:
    kept = study_checkpoint(folder, study, key)
    UnitCheckpoint(kept / "fold_1", "elastic_net", os.getpid()).append(TRIAL)
    return kept


def test_a_success_clears_every_version_of_its_study_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / ".results.checkpoint"
    now, before = finish_one(folder, "mine", "a" * 64), finish_one(folder, "mine", "b" * 64)
    other = finish_one(folder, "mine_too", "a" * 64)
    assert count_finished(now) == count_finished(before) == 1
    clear(folder, "mine")
    assert (now.exists(), before.exists(), other.exists()) == (False, False, True)


def test_a_folder_with_nothing_left_goes(tmp_path: Path) -> None:
    folder = tmp_path / ".results.checkpoint"
    with exclusive(folder) as held:
        assert held == folder
        kept = finish_one(folder, "mine", "a" * 64)
    assert count_finished(kept) == 1
    with exclusive(folder):
        clear(folder, "mine")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RuntimeError), exclusive(folder):
        raise RuntimeError("before any trial")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_is_gone_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking, the holder finishes and removes the file; another process makes a new one."""
    import fcntl

    folder = tmp_path / ".results.checkpoint"
    lock, calls = fcntl.flock, []

    def late(handle: object, how: int) -> None:
        if not calls:
            calls.append(folder)
            (tmp_path / ".results.checkpoint.lock").unlink()
        lock(handle, how)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "flock", late)
    with exclusive(folder), pytest.raises(OutputError, match="another process"), exclusive(folder):
        pytest.fail("the second lock was given")
    assert calls


def test_no_two_hold_a_folder_that_comes_and_goes(tmp_path: Path) -> None:
    folder, inside, worst, held = tmp_path / ".x.checkpoint", [0], [0], [0]
    refused: set[str] = set()

    def work() -> None:
        for _ in range(150):
            try:
                with exclusive(folder):
                    inside[0] += 1
                    worst[0] = max(worst[0], inside[0])
                    held[0] += 1
                    inside[0] -= 1
            except OutputError as error:
                refused.add(error.what)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worst[0] == 1
    assert refused <= {"another process is training this study into the same place"}
    assert held[0] >= 4
    assert list(tmp_path.iterdir()) == []


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    code = f"""
import os, pathlib
from spinecast.training.checkpoint import exclusive
with exclusive(pathlib.Path({str(tmp_path / "c")!r})):
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert (tmp_path / "c.lock").exists()
    with exclusive(tmp_path / "c"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        UnitCheckpoint(tmp_path, "elastic_net", os.getpid()).append(TRIAL)
