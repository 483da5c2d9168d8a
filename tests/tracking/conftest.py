from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tracking import made_runs

from spinecast.tracking.runs import TrackedRun, write_run
from spinecast.tracking.store import TRACKING_VARIABLE, Store, open_store

MakeStore = Callable[[], Store]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    made_runs.allow_sqlalchemys_deprecations(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training run left in its folder."""
    return made_runs.write_output(tmp_path_factory.mktemp("output"))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's database without a run: MLflow takes seconds to make its tables, so they are made once."""
    made_runs.import_mlflow()
    folder = tmp_path_factory.mktemp("empty")
    open_store(folder).client().search_experiments()
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def make_store(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeStore:
    """Make a store of one's own, on SQLite."""

    def make() -> Store:
        folder = tmp_path_factory.mktemp("store")
        shutil.copy(empty_database, folder / "mlflow.db")
        return open_store(folder)

    return make


@pytest.fixture(scope="module")
def store(make_store: MakeStore) -> Store:
    return make_store()


@pytest.fixture(scope="module")
def written(store: Store, output: Path) -> TrackedRun:
    """The first run of the module's store, complete."""
    return write_run(store, made_runs.content_of(output))


@pytest.fixture(autouse=True)
def _no_store_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own server is not written to."""
    monkeypatch.delenv(TRACKING_VARIABLE, raising=False)
    monkeypatch.delenv("SPINECAST_STORE", raising=False)
