from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import simulated

from spinecast.cli import main

# Said by SQLAlchemy of MLflow's own use of it, which Python shows to no user, and by MLflow, which a process of
# spinecast's own keeps quiet.
OTHERS_DEPRECATIONS = ("ignore::sqlalchemy.exc.SADeprecationWarning", "ignore:.*Any type hint is inferred:UserWarning")

Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings(*OTHERS_DEPRECATIONS))


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


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in this process: what it says and leaves is the same, without the seconds of a start."""
    said, told = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(told),
    ):
        patch.chdir(folder)
        patch.setenv("SPINECAST_STORE", str(folder / "mlruns"))
        patch.setattr("sys.argv", ["spinecast", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    written = [stream.buffer.getvalue().decode() for stream in (said, told)]  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *written)


@pytest.fixture(scope="session")
def here() -> Run:
    return command


def answer_of(asked: Callable[..., None], folder: Path, **options: object) -> dict[str, Any]:
    """Call a command in this process, in a folder without a store, and return the JSON document it prints."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        patch.setenv("SPINECAST_STORE", str(folder / "no_store"))
        asked(**options, json_=True)
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "SPINECAST_STORE": str(folder / "mlruns"), "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class TrainedStudy:
    folder: Path
    answer: dict[str, object]
    output: Path


# Where MLflow's tables say in which folder files are.
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def copy_place(folder: Path, copy: Path) -> None:
    """Copy a folder and the store in it; what is written to the copy stays in the copy."""
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    with contextlib.closing(sqlite3.connect(copy / "mlruns" / "mlflow.db")) as database, database:
        for table, column in PLACES:
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(folder), str(copy)))


def trained_once(
    factory: pytest.TempPathFactory, name: str, write: Callable[[Path], None], *arguments: str
) -> TrainedStudy:
    """Train a study once for all test processes of a run, and give each a copy that it may write into."""
    own = factory.mktemp(name)
    whole = factory.getbasetemp() if "PYTEST_XDIST_WORKER" not in os.environ else factory.getbasetemp().parent
    original, answer = whole / f"original_{name}", whole / f"original_{name}.json"
    with (whole / f"original_{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the others wait; given up by the system however the process ends
        if not answer.exists():
            shutil.rmtree(original, ignore_errors=True)
            original.mkdir()
            write(original)
            done = command("train", *arguments, "--json", "--workers", "1", folder=original)
            assert done.returncode == 0, done.stderr
            answer.write_text(done.stdout.splitlines()[-1], encoding="utf-8")
    copy_place(original, own)
    said = json.loads(answer.read_text(encoding="utf-8"))
    return TrainedStudy(own, said, own / "output" / str(said["model"]).partition("/")[0])


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """One small study trained once for all tests that only look at what it left."""
    return trained_once(tmp_path_factory, "trained", simulated.write_study, "study.yaml")


@pytest.fixture(scope="session")
def timed(trained: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """A study of times beside the results of the study of one day, in a place of its own: others look at that one."""

    def write(folder: Path) -> None:
        shutil.copytree(trained.folder, folder, ignore=shutil.ignore_patterns("mlruns"), dirs_exist_ok=True)
        simulated.write_study(folder / "timed", text=simulated.TIMED_STUDY)

    return trained_once(tmp_path_factory, "timed", write, "timed/study.yaml", "--set", "tuning.trials=2")


@pytest.fixture(scope="session")
def quantity(tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """A study of a quantity in a place of its own: others count what is in theirs."""

    def write(folder: Path) -> None:
        (folder / "quantity.yaml").write_text(simulated.QUANTITY_STUDY)

    return trained_once(tmp_path_factory, "quantity", write, "quantity.yaml")


@pytest.fixture(scope="session")
def ordinal(tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """A study of ordered levels in a place of its own: others count what is in theirs."""

    def write(folder: Path) -> None:
        (folder / "ordinal.yaml").write_text(simulated.ORDINAL_STUDY)

    return trained_once(tmp_path_factory, "ordinal", write, "ordinal.yaml")


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr
