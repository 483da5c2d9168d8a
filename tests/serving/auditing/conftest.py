from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import Request
from serving import made_store
from serving.made_store import EVENT, Address

from spinecast.models.artifact import save_model
from spinecast.serving.actors import Actor
from spinecast.serving.app import make_app
from spinecast.serving.state import State
from spinecast.tracking.store import Store


@pytest.fixture(scope="session")
def by_name(state: State, filled: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A server that takes whoever says who they are: `X-Who: name role`; of one model it has a second version."""
    folder = tmp_path_factory.mktemp("second") / "model"
    made_store.register(filled, EVENT, 2, folder, save_model(made_store.event_model(seed=7), folder), "challenger")

    def who(request: Request) -> Actor:
        name, _, role = request.headers.get("x-who", "aude auditor").partition(" ")
        return Actor(name, frozenset({role}))  # type: ignore[arg-type]

    with made_store.running(make_app(state, who)) as address:
        yield address
