"""Models of an MLflow server: looked for again and again, fetched once, served on while the server is away."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from tracking import made_runs
from tracking.made_server import mlflow_server

from spinecast.errors import TrackingError
from spinecast.serving import models as models_module
from spinecast.serving.models import ServedModels
from spinecast.tracking.runs import write_run
from spinecast.tracking.serving_versions import pinned_version, serving_versions
from spinecast.tracking.store import Store

NAME = "simulated_mortality"


def test_models_of_a_server_are_fetched_once_and_served_while_it_is_away(
    empty_database: Path, tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(models_module, "SECONDS_BETWEEN", 0.05)
    monkeypatch.setattr(models_module, "MOST_SECONDS_BETWEEN", 0.2)
    said: list[str] = []

    def wait_for(word: str) -> None:
        deadline = time.monotonic() + 60
        while not any(word in line for line in said):
            assert time.monotonic() < deadline, said
            time.sleep(0.02)

    with mlflow_server(tmp_path / "mlflow.db") as server:
        store = Store(uri=server.uri, artifacts=None)
        write_run(store, made_runs.content_of(output))
        models = ServedModels(store, said.append)
        models.start()
        served = models.get(NAME)
        assert (served.version.version, served.version.alias) == ("1", "candidate")
        assert served.identity == served.version.identity  # what the registry promises
        assert served.version.record is not None
        assert (served.version.record / "run.json").is_file()
        assert not served.version.model_folder.exists()  # in memory; what was fetched is gone
        fetched = sum("artifacts" in path for path in server.asked)
        for _ in range(3):
            models.refresh()
        assert models.get(NAME) is served
        assert sum("artifacts" in path for path in server.asked) == fetched  # asked for again, not fetched again
        assert models.pinned(NAME, "1", served.identity) is served

        server.stop()
        wait_for("the model registry does not answer")
        assert models.trouble
        assert models.get(NAME) is served
        with pytest.raises(TrackingError, match="the model registry does not answer: ConnectionRefusedError") as raised:
            serving_versions(store)
        assert "secret" not in str(raised.value)
        assert "127.0.0.1" in str(raised.value)
        server.start()
        wait_for("the registry answers again")
        store.client().set_registered_model_alias(NAME, "champion", "1")
        deadline = time.monotonic() + 60
        while models.get(NAME).version.alias != "champion":
            assert time.monotonic() < deadline, said
            time.sleep(0.02)
        assert not models.trouble
        assert [line for line in said if "NOT SERVED" in line] == []
        with pytest.raises(TrackingError, match="no longer holds simulated_mortality version 7"):
            pinned_version(store, NAME, "7")
        models.stop()
        assert not served.version.record.exists()
