"""The tutorials run as they stand, leave nothing behind where they are read, and say no number they do not compute."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from spinecast.notices import RESEARCH_USE, SYNTHETIC

REPOSITORY = Path(__file__).parents[2]
WATCHED = Path(__file__).with_name("watched.py")
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.py"))
QUICK = {"02_reading_a_validation"}

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
each_notebook_run = pytest.mark.parametrize(
    "notebook",
    [pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.slow) for path in NOTEBOOKS],
)


def run_watched(script: Path, folder: Path, *, guarded: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run a script in `folder`/here, where its temporary files and the user's own store are below `folder` as well."""
    for name in ("here", "temporary"):
        (folder / name).mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    environment.pop("SPINECAST_NOTEBOOK_FOLDER", None)
    return subprocess.run(
        [sys.executable, str(WATCHED), str(guarded), str(script)],
        cwd=folder / "here",
        env={
            **environment,
            "TMPDIR": str(folder / "temporary"),
            "SPINECAST_STORE": str(folder / "store"),
            # A server that a tutorial must leave alone; a try to reach it would be seen.
            "SPINECAST_TRACKING_URI": "http://127.0.0.1:9",
            "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@each_notebook_run
def test_it_runs_without_a_warning_and_leaves_nothing_behind(notebook: Path, tmp_path: Path) -> None:
    if "SupportSource" in notebook.read_text(encoding="utf-8"):
        pytest.importorskip("SurvSet")
    done = run_watched(notebook, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()
    assert SYNTHETIC in done.stdout or "real patients" in done.stdout
    assert not list((tmp_path / "here").iterdir()), "written into the folder it was started from"
    assert not (tmp_path / "store").exists(), "a practice model in the user's own store"


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("from pathlib import Path; Path({guarded!r}, 'left.txt').write_text('x')", "write: open"),
        ("from pathlib import Path; Path({guarded!r}, 'left').mkdir()", "write: os.mkdir"),
        ("import sqlite3; sqlite3.connect({guarded!r} + '/left.db').close()", "write: sqlite3.connect"),
        ("import socket\nwith socket.socket() as s: s.connect_ex(('127.0.0.1', 9))", "network: socket.connect"),
        ("import warnings; warnings.warn('old')", "UserWarning: old"),
        ("raise SystemExit(3)", ""),
    ],
)
def test_what_a_notebook_must_not_do_is_seen(script: str, seen: str, tmp_path: Path) -> None:
    guarded = tmp_path / "guarded"
    guarded.mkdir()
    (tmp_path / "script.py").write_text(script.format(guarded=str(guarded)), encoding="utf-8")
    done = run_watched(tmp_path / "script.py", tmp_path, guarded=guarded)
    assert done.returncode != 0
    assert seen in done.stderr


def test_the_first_notebook_writes_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINECAST_NOTEBOOK_FOLDER", str(tmp_path / "mine"))
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("SPINECAST_TRACKING_URI", "http://127.0.0.1:9")
    first = next(text for kind, text in cells(REPOSITORY / "notebooks" / "01_one_study.py") if kind == "code")
    exec(compile(first, "01_one_study.py", "exec"), {})
    assert (tmp_path / "mine").is_dir()
    assert Path(os.environ["SPINECAST_STORE"]) == tmp_path / "mine" / "store"
    assert "SPINECAST_TRACKING_URI" not in os.environ


@each_notebook
def test_it_opens_and_ends_by_saying_what_it_is_not_for(notebook: Path) -> None:
    (kind, opening), *_ = found = cells(notebook)
    assert kind == "markdown"
    assert opening.startswith("# ")
    assert RESEARCH_USE in opening
    assert RESEARCH_USE in [text for kind, text in found if kind == "markdown"][-1]


@each_notebook
def test_its_prose_says_no_number_that_its_code_does_not_set(notebook: Path) -> None:
    prose = "\n".join(text for kind, text in cells(notebook) if kind == "markdown")
    assert unfounded_numbers(prose, without_comments(notebook.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("prose", "unfounded"),
    [
        ("dead by day 90; about 30 % of them", []),
        ("the AUC is 0.77", ["0.77"]),
        ("1,858 patients, 45% died", ["1,858", "45%"]),
        ("see `02_reading_a_validation.py`, SC006, a slope of 1 and the 95 % interval", []),
    ],
)
def test_a_result_written_into_prose_is_found(prose: str, unfounded: list[str]) -> None:
    assert unfounded_numbers(prose, "horizon_days=90, thresholds=[0.3]") == unfounded


# ---- reading a percent script ---------------------------------------------------------------------------------------

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)(?:\s?%)?")
# Ends of scales, a coin's chance, the coverage of every interval, "in a hundred" and "in a thousand".
DEFINITIONS = {0.0, 0.5, 1.0, 95.0, 100.0, 1000.0}


def cells(notebook: Path) -> list[tuple[str, str]]:
    """Return kind ("code" or "markdown") and text of each cell, markdown without its comment signs."""
    found: list[tuple[str, list[str]]] = []
    for line in notebook.read_text(encoding="utf-8").splitlines():
        if line.startswith("# %%"):
            found.append(("markdown" if "[markdown]" in line else "code", []))
        else:
            assert found, f"{notebook.name} begins outside a cell: {line}"
            kind, lines = found[-1]
            lines.append(re.sub(r"^# ?", "", line) if kind == "markdown" else line)
    return [(kind, "\n".join(lines).strip()) for kind, lines in found]


def without_comments(source: str) -> str:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return " ".join(token.string for token in tokens if token.type != tokenize.COMMENT)


def unfounded_numbers(prose: str, code: str) -> list[str]:
    """Return the numbers of the prose that stand neither in the code nor in a definition: a result, written by hand."""
    known = DEFINITIONS | {value(found) for found in NUMBER.findall(code)}
    return [
        found
        for found in NUMBER.findall(prose)
        if value(found) not in known and not (found.endswith("%") and value(found) / 100 in known)
    ]


def value(number: str) -> float:
    return float(number.rstrip("% ").replace(",", ""))
