from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from made_logs import new_places
from promotion import made_versions as made
from tracking import made_runs

from spinecast.audit.log import AuditLog, open_log
from spinecast.promotion.moving import Mover
from spinecast.tracking.store import Store, open_store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    made_runs.allow_sqlalchemys_deprecations(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry of three versions: two that pass every gate, and one whose slope is 0.6."""
    made_runs.import_mlflow()
    folder = tmp_path_factory.mktemp("filled")
    made_runs.write_output(folder)
    store = open_store(folder / "mlruns")
    for number, slope in enumerate((0.97, 1.02, 0.6)):
        identity = str(number) * 64
        made.register(store, folder, identity=identity)
        record = made.validation(identity)
        record.evaluation["measures"]["calibration_slope"] = made.estimate(slope, 0.1)
        made.write(store, folder, record)
    shutil.copy(folder / "mlruns" / "mlflow.db", folder / "as_filled.db")
    return folder


@pytest.fixture
def store(filled: Path) -> Store:
    """The registry as it was filled: MLflow takes a second for each database it has not seen before."""
    with (
        closing(sqlite3.connect(filled / "as_filled.db")) as whole,
        closing(sqlite3.connect(filled / "mlruns" / "mlflow.db")) as used,
    ):
        whole.backup(used)
    return open_store(filled / "mlruns")


@pytest.fixture(params=["sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditLog]:
    opened = open_log(new_places(request, tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def mover(store: Store, log: AuditLog) -> Mover:
    return Mover(store, log, "command line: tester", made.NAME)
