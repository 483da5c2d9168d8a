"""Where the store is, and that opening it leaves nothing changed outside."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tracking.conftest import MakeStore

from spinecast.errors import OutputError, TrackingError
from spinecast.tracking.store import TRACKING_VARIABLE, open_store, quiet_mlflow


def test_by_default_it_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store()
    assert store.uri == f"sqlite:///{tmp_path.resolve() / 'mlruns' / 'mlflow.db'}"
    assert store.artifacts == (tmp_path.resolve() / "mlruns" / "artifacts").as_uri()
    assert store.embedded


def test_the_environment_names_another_folder_or_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path / "elsewhere"))
    assert open_store().uri == f"sqlite:///{tmp_path.resolve() / 'elsewhere' / 'mlflow.db'}"
    monkeypatch.setenv(TRACKING_VARIABLE, "http://127.0.0.1:5000")
    server = open_store()
    assert (server.uri, server.artifacts, server.embedded) == ("http://127.0.0.1:5000", None, False)
    assert open_store(tmp_path / "given").uri == f"sqlite:///{tmp_path.resolve() / 'given' / 'mlflow.db'}"


def test_looking_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="nothing has been trained here yet") as caught:
        open_store(tmp_path / "none", create=False)
    assert "SPINECAST_STORE" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        open_store(tmp_path / "file")


def test_an_open_store_can_be_looked_at(make_store: MakeStore) -> None:
    uri = make_store().uri
    assert open_store(Path(uri.removeprefix("sqlite:///")).parent, create=False).uri == uri


def test_an_experiment_is_made_once_and_a_deleted_one_is_not_revived(make_store: MakeStore) -> None:
    store = make_store()
    first = store.experiment_id("simulated cohort")
    assert store.experiment_id("simulated cohort") == first
    store.client().delete_experiment(first)
    with pytest.raises(TrackingError, match="was deleted") as caught:
        store.experiment_id("simulated cohort")
    assert "tracking.experiment" in str(caught.value)


def test_active_leaves_mlflow_pointing_where_it_pointed(make_store: MakeStore) -> None:
    mlflow = quiet_mlflow()
    outer, inner = make_store(), make_store()
    unset = mlflow.is_tracking_uri_set()
    with outer.active():
        before = dict(os.environ)
        with inner.active():
            assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == inner.uri
        assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == outer.uri
        with pytest.raises(RuntimeError, match="in the block"), inner.active():
            raise RuntimeError("in the block")
        assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == outer.uri
        assert dict(os.environ) == before
    assert mlflow.is_tracking_uri_set() == unset


def test_telemetry_is_switched_off_even_where_it_was_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    monkeypatch.setenv("DO_NOT_TRACK", "false")
    quiet_mlflow()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == os.environ["DO_NOT_TRACK"] == "true"


def test_any_part_of_mlflow_that_this_room_imports_first_finds_telemetry_off(tmp_path: Path) -> None:
    # `prove` imports MLflow's exceptions before it asks for a client; MLflow decides while it is first imported.
    script = "import spinecast.tracking.store, mlflow.exceptions; from mlflow.telemetry import get_telemetry_client"
    shell = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; print(get_telemetry_client())"],
        env={**shell, "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "None"


def test_a_store_that_does_not_answer_is_known_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(tmp_path / "new").prove("anything")
    assert not (tmp_path / "new" / "mlflow.db").exists()
    broken = open_store(tmp_path / "broken")
    (tmp_path / "broken" / "mlflow.db").write_text("this is no database, and long enough to be looked at " * 20)
    with pytest.raises(TrackingError, match="does not answer"):
        broken.prove("anything")
    monkeypatch.setenv(TRACKING_VARIABLE, "nonsense://nowhere")
    with pytest.raises(TrackingError, match="does not answer"):
        open_store().prove("anything")


def test_one_process_writes_at_a_time(make_store: MakeStore) -> None:
    store = make_store()
    seen: list[str] = []

    def second() -> None:
        with store.writing():
            seen.append("second")

    with store.writing():
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.3)
        seen.append("first")
    waiting.join(10)
    assert seen == ["first", "second"]
