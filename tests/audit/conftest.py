from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

from spinecast.audit.database import upgrade
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import Places, audit_places

MakePlaces = Callable[[], Places]


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """An empty log of each kind."""
    environment = {"SPINECAST_AUDIT": str(tmp_path / "audit")}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        environment["SPINECAST_DATABASE_URL"] = server.new_database(f"log_{abs(hash(request.node.nodeid))}")
    found = audit_places(environment)
    upgrade(found)
    return found


@pytest.fixture
def log(places: Places) -> Iterator[AuditLog]:
    opened = open_log(places)
    yield opened
    opened.close()
