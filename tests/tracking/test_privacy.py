"""Nothing calls home, and no patient enters the store: a whole session, watched, and its store searched."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import made_models
import numpy as np
import pandas as pd
import pytest
import simulated
import yaml
from tracking import made_runs

from spinecast.tracking.store import Store, open_store

IDENTIFIER = "ROW-OF-PATIENT-"
# One patient whose every number is written like nobody else's.
SENTINEL = {"age": 61.7319, "albumin": 3.3719, "creatinine": 1.1923, "sodium": 138.4173}
NUMBERS = tuple(str(value) for value in SENTINEL.values())
# Numbers of one patient this near to each other are a row; the points of two variables' plots stand much further.
NEAR = 300


@dataclass(frozen=True)
class Session:
    folder: Path
    store: Store
    seen: dict[str, Any]
    said: str


def table() -> pd.DataFrame:
    patients = simulated.patients(160)
    patients["patient"] = [f"{IDENTIFIER}{number:05d}" for number in range(len(patients))]
    for column, value in SENTINEL.items():
        patients.loc[80, column] = value
    return patients


def study() -> str:
    text: dict[str, Any] = yaml.safe_load(simulated.STUDY)
    text["resampling"] = {"outer_folds": 2, "inner_folds": 2}
    text["tuning"] = {"trials": 1, "startup_trials": 1}
    text["candidates"] = [{"kind": "elastic_net"}, {"kind": "baseline", "predictors": ["age", "tumour_group"]}]
    text["final"] = {"kind": "ensemble", "of": ["elastic_net", "baseline"]}
    # Everyone, so that the patient looked for is among those whose contributions are plotted.
    text["explanation"] = {"patients": 160}
    return yaml.safe_dump(text, sort_keys=False)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("session")
    simulated.write_study(folder, table(), study())
    # Only what a user's shell has: MLflow also keeps its telemetry off where CI or pytest left a variable.
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("offline_session.py"))],
        cwd=folder,
        env={**kept, "XDG_CONFIG_HOME": str(folder / "config"), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Session(
        folder=folder,
        store=open_store(folder / "mlruns", create=False),
        seen=json.loads((folder / "seen.json").read_text()),
        said=done.stdout + done.stderr,
    )


@pytest.mark.slow
class TestSession:
    def test_no_socket_is_opened_to_the_outside(self, session: Session) -> None:
        assert session.seen["attempts"] == []
        # The watch itself saw each attempt that was made on purpose.
        assert session.seen["control"] == [
            "create_connection 192.0.2.1",
            "connect 192.0.2.1",
            "getaddrinfo telemetry.example",
        ]
        assert 0 < session.seen["own"] < 1
        assert session.seen["served"] == session.seen["own"]

    def test_telemetry_is_off_and_nothing_but_spinecast_keeps_it_off(self, session: Session) -> None:
        seen = session.seen
        assert seen["environment"] == {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        assert (seen["disabled"], seen["client"], seen["threads"]) == (True, False, [])
        assert not seen["disabled_without_us"]
        # The file in which MLflow's telemetry keeps an id of the installation.
        assert not list((session.folder / "config").rglob("*telemetry*"))

    def test_the_terminal_shows_nothing_of_mlflow(self, session: Session) -> None:
        assert "writing to the tracking store" in session.said
        for word in ("mlflow", "registered model", "created version", "warning", "input example", "alembic", "INFO"):
            assert word.lower() not in session.said.lower().replace(str(session.folder).lower(), "")

    def test_no_patient_identifier_stands_anywhere_in_the_store(self, session: Session) -> None:
        wanted = IDENTIFIER.encode()
        # It is found where it may stand: beside the store, in the file that stays with the cohort.
        assert wanted in (session.folder / "output" / "simulated_mortality" / "out_of_fold.csv").read_bytes()
        root = made_runs.folder_of(session.store)
        looked_at = 0
        for path in root.rglob("*"):
            assert IDENTIFIER not in str(path)
            for content in unpacked(path) if path.is_file() else []:
                looked_at += 1
                assert wanted not in content, path
        assert looked_at > 30

    def test_no_patient_row_stands_anywhere_in_the_store(self, session: Session) -> None:
        assert rows_in((session.folder / "patients.csv").read_text())
        for name, content in made_runs.files(session.store).items():
            if not name.endswith(".npz"):
                assert not rows_in(content.decode()), name
        assert not rows_in("\n".join(f"{name} {row}" for name, row in made_runs.rows(session.store)))

    def test_points_of_plots_do_not_stand_in_the_order_of_patients(self, session: Session) -> None:
        (content,) = (
            content
            for name, content in made_runs.files(session.store).items()
            if name.endswith("record/explanation.json")
        )
        swarm = {entry["variable"]: entry["points"] for entry in json.loads(content)["beeswarm"]}
        places = {
            name: [place for place, point in enumerate(swarm[name]) if point["value"] == value]
            for name, value in SENTINEL.items()
        }
        # Each number is there once; were the rows kept together, all would stand at one place.
        assert [len(found) for found in places.values()] == [1, 1, 1, 1]
        assert len({place for found in places.values() for place in found}) == 4

    def test_no_array_of_the_model_holds_the_patient_as_given(self, session: Session) -> None:
        values = np.array(list(SENTINEL.values()))
        for name, content in made_runs.files(session.store).items():
            if name.endswith(".npz"):
                for key, array in arrays_of(content).items():
                    if array.dtype.kind == "f":
                        assert not np.isclose(array[..., None], values, rtol=1e-6, atol=0).any(), (name, key)


@pytest.mark.parametrize("family", sorted(made_models.FITTED))
def test_no_stored_model_holds_a_patient_it_was_fitted_to(family: str) -> None:
    matrix, _ = made_models.patients()
    for part in made_models.model_of(family).parts:
        for member in part.members:
            encoded = member.encoder.transform(matrix[:, part.positions])
            for name, array in member.scorer.to_arrays().items():
                for rows in (array, array.T) if np.ndim(array) == 2 else ():
                    if rows.shape[1] == encoded.shape[1]:
                        same = np.isclose(rows[:, None], encoded[None], rtol=1e-9, atol=1e-12).all(axis=2)
                        assert not same.any(), f"{same.any(axis=0).sum()} patients stand in {name}"


def rows_in(text: str) -> list[str]:
    """Places in a text where two numbers of the one patient stand near each other."""
    places = sorted((found.start(), number) for number in NUMBERS for found in re.finditer(re.escape(number), text))
    return [
        text[first : second + 10]
        for (first, number), (second, other) in pairwise(places)
        if number != other and second - first < NEAR
    ]


def unpacked(path: Path) -> list[bytes]:
    """A file's bytes, and for arrays also what they hold uncompressed."""
    content = path.read_bytes()
    if path.suffix != ".npz":
        return [content]
    return [content, *(array.tobytes() for array in arrays_of(content).values())]


def arrays_of(content: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
