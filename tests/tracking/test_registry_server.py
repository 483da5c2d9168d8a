"""Models of an MLflow server: looked for again and again, fetched once, served on while the server is away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import artifacts
from tracking import made_runs
from tracking.made_server import mlflow_server

from spinecast.errors import ArtifactError, TrackingError
from spinecast.serving import models as models_module
from spinecast.serving.auditing.lineage import document_of
from spinecast.serving.models import ServedModels
from spinecast.tracking.runs import IDENTITY, write_run
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

    def wait_until(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, said
            time.sleep(0.02)

    def wait_for(word: str) -> None:
        wait_until(lambda: any(word in line for line in said))

    def away(*_: object, **__: object) -> str:
        raise OSError("the disk is full")

    with mlflow_server(tmp_path / "mlflow.db") as server:
        store = Store(uri=server.uri, artifacts=None)
        record = shutil.copytree(output / "record", tmp_path / "record")
        (record / "study.yaml").write_text("study: simulated_mortality\n")
        write_run(store, made_runs.content_of(output, record=record))
        models = ServedModels(store, said.append)
        models.start()
        served = models.get(NAME)
        assert (served.version.version, served.version.alias) == ("1", "candidate")
        assert served.identity == served.version.identity  # what the registry promises
        assert served.version.record is not None
        assert (served.version.record / "run.json").is_file()
        assert not served.version.model_folder.exists()  # in memory; what was fetched is gone

        def asked(word: str) -> int:
            return sum(word in path for path in server.asked)

        fetched, looked, searched = asked("artifacts"), asked("model-versions/get"), asked("registered-models/search")
        for _ in range(3):
            models.refresh()
        assert models.get(NAME) is served
        assert asked("artifacts") == fetched  # asked for again, not fetched again
        assert asked("model-versions/get") == looked  # and whose alias has not moved is not asked for by itself
        assert asked("registered-models/search") >= searched + 3
        assert models.pinned(NAME, "1", served.identity) is served

        # What is loaded for a replay, or cannot be loaded, leaves nothing on the disk.
        first = served.version
        store.client().create_model_version(
            NAME,
            first.source,
            first.run_id,
            {IDENTITY: first.identity},
            model_id=first.source.removeprefix("models:/"),
        )
        store.client().set_registered_model_alias(NAME, "candidate", "2")
        wait_until(lambda: models.get(NAME).version.version == "2")
        later = models.get(NAME).version.record
        assert later is not None
        kept = {served.version.record.parent, later.parent}
        assert set(later.parent.parent.iterdir()) == kept
        assert models.pinned(NAME, "1", served.identity).identity == served.identity
        assert set(later.parent.parent.iterdir()) == kept
        with monkeypatch.context() as broken:
            broken.setattr(artifacts, "download_artifacts", away)
            with pytest.raises(TrackingError, match="does not answer: OSError"):
                models.pinned(NAME, "1", "another")
        with pytest.raises(ArtifactError, match="is not the model that answered then"):
            models.pinned(NAME, "1", "another")
        assert set(later.parent.parent.iterdir()) == kept
        served = models.get(NAME)

        # What an auditor reads of a version that is not served is fetched then, its model is not, and once.
        found, before = models.recorded(NAME, "1"), asked("artifacts")
        assert (found.version, found.folder) == ("1", None)
        assert found.record is not None
        assert (found.record / "run.json").read_bytes() == (later / "run.json").read_bytes()
        assert models.recorded(NAME, "1").record == found.record
        assert asked("artifacts") == before
        assert models.recorded(NAME, "2") is served.version
        assert not list(found.record.parent.rglob("manifest.json"))
        assert document_of(models, f"{NAME}/1", "study") == found.record / "study.yaml"
        with pytest.raises(TrackingError, match="no longer holds simulated_mortality version 7"):
            models.recorded(NAME, "7")

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
        wait_until(lambda: models.get(NAME).version.alias == "champion")
        assert not models.trouble
        assert [line for line in said if "NOT SERVED" in line] == []
        with pytest.raises(TrackingError, match="no longer holds simulated_mortality version 7"):
            pinned_version(store, NAME, "7")
        models.stop()
        assert not served.version.record.exists()
