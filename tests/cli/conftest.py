from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import simulated

from spinecast.cli import main

# Said by SQLAlchemy of MLflow's own use of it where a command runs in this process; Python shows it to no user.
OTHERS_DEPRECATIONS = "ignore::sqlalchemy.exc.SADeprecationWarning"

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings(OTHERS_DEPRECATIONS))


@pytest.fixture(scope="session")
def spinecast() -> Run:
    """Run the command line as a user does: its own process, its own folder, its own store."""

    def run(*arguments: str, folder: Path, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "spinecast", *arguments],
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: what it says and leaves is the same, without the seconds of a start."""

    def run(*arguments: str, folder: Path, timeout: float = 0) -> subprocess.CompletedProcess[str]:
        assert timeout == 0
        monkeypatch.chdir(folder)
        monkeypatch.setenv("SPINECAST_STORE", str(folder / "mlruns"))
        monkeypatch.setattr("sys.argv", ["spinecast", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), said.out, said.err)

    return run


def answer_of(command: Callable[..., None], folder: Path, **options: object) -> dict[str, Any]:
    """Call a command in this process, in a folder without a store, and return the JSON document it prints."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        patch.setenv("SPINECAST_STORE", str(folder / "no_store"))
        command(**options, json_=True)
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "SPINECAST_STORE": str(folder / "mlruns"), "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class TrainedStudy:
    folder: Path
    answer: dict[str, object]
    output: Path
    messages: str


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, spinecast: Run) -> TrainedStudy:
    """One small study trained once for all tests that only look at what it left."""
    folder = tmp_path_factory.mktemp("trained")
    simulated.write_study(folder)
    done = spinecast("train", "study.yaml", "--json", "--workers", "2", folder=folder)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return TrainedStudy(folder, answer, folder / "output" / "simulated_mortality", done.stderr)


@pytest.fixture(scope="session")
def timed(trained: TrainedStudy, spinecast: Run, tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """A study of times beside the results of the study of one day, in a place of its own: others look at that one."""
    folder = tmp_path_factory.mktemp("timed")
    shutil.copytree(trained.folder, folder, ignore=shutil.ignore_patterns("mlruns"), dirs_exist_ok=True)
    simulated.write_study(folder / "timed", text=simulated.TIMED_STUDY)
    done = spinecast("train", "timed/study.yaml", "--json", "--workers", "2", "--set", "tuning.trials=2", folder=folder)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return TrainedStudy(folder, answer, folder / "output" / "simulated_survival", done.stderr)


@pytest.fixture(scope="session")
def quantity(spinecast: Run, tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """A study of a quantity in a place of its own: others count what is in theirs."""
    folder = tmp_path_factory.mktemp("quantity")
    (folder / "quantity.yaml").write_text(simulated.QUANTITY_STUDY)
    done = spinecast("train", "quantity.yaml", "--json", "--workers", "1", folder=folder)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return TrainedStudy(folder, answer, folder / "output" / "simulated_blood_loss", done.stderr)


@pytest.fixture(scope="session")
def ordinal(spinecast: Run, tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """A study of ordered levels in a place of its own: others count what is in theirs."""
    folder = tmp_path_factory.mktemp("ordinal")
    (folder / "ordinal.yaml").write_text(simulated.ORDINAL_STUDY)
    done = spinecast("train", "ordinal.yaml", "--json", "--workers", "1", folder=folder)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return TrainedStudy(folder, answer, folder / "output" / "simulated_frankel_grade", done.stderr)


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr
