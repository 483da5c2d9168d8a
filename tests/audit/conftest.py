from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

import made_logs

from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import Places

MakePlaces = Callable[[], Places]


@pytest.fixture(params=made_logs.KINDS)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """An empty log of each kind."""
    return made_logs.new_places(request, tmp_path)


@pytest.fixture
def log(places: Places) -> Iterator[AuditLog]:
    opened = open_log(places)
    yield opened
    opened.close()
