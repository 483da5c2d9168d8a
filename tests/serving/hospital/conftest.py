from __future__ import annotations

from collections.abc import Iterator

import pytest
from serving import made_store
from serving.hospital.made_charts import NOW
from serving.made_store import Address

from spinecast.serving.app import make_app
from spinecast.serving.hospital.routes import Hospital
from spinecast.serving.state import State


@pytest.fixture(scope="session")
def hospital_server(state: State) -> Iterator[Address]:
    """A server for which it is always the day of the made charts."""
    with made_store.running(make_app(state, hospital=Hospital(clock=lambda: NOW))) as address:
        yield address
