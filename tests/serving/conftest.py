from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("alembic")
pytest.importorskip("prometheus_client")

from serving import made_store
from serving.made_store import Address

from spinecast.audit.places import Places, audit_places
from spinecast.models.artifact import save_model
from spinecast.serving.app import make_app
from spinecast.serving.server import close_state, open_state
from spinecast.serving.state import State
from spinecast.tracking.store import Store


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A registry with a model of each kind."""
    return made_store.fill(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="session")
def second_version(filled: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second version of one model, that nobody made candidate."""
    folder = tmp_path_factory.mktemp("second") / "model"
    saved = save_model(made_store.event_model(seed=7), folder)
    made_store.register(filled, made_store.EVENT, 2, folder, saved, "challenger")


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return audit_places({"SPINECAST_AUDIT": str(tmp_path_factory.mktemp("audit"))})


@pytest.fixture(scope="session")
def state(filled: Store, places: Places) -> Iterator[State]:
    complaints: list[str] = []
    opened = open_state(filled, places, complaints.append)
    assert not complaints
    yield opened
    close_state(opened)


@pytest.fixture(scope="session")
def server(state: State) -> Iterator[Address]:
    with made_store.running(make_app(state)) as address:
        yield address
