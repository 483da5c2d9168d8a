from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import Request
from serving import made_store
from serving.made_store import Address

from spinecast.serving.actors import Actor
from spinecast.serving.app import make_app
from spinecast.serving.state import State


@pytest.fixture(scope="session")
def by_name(state: State) -> Iterator[Address]:
    """A server that takes whoever says who they are: `X-Who: name role`."""

    def who(request: Request) -> Actor:
        name, _, role = request.headers.get("x-who", "aude auditor").partition(" ")
        return Actor(name, frozenset({role}))  # type: ignore[arg-type]

    with made_store.running(make_app(state, who)) as address:
        yield address
