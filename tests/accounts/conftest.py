from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")
pytest.importorskip("argon2")

import made_logs

from spinecast.accounts.store import AccountStore
from spinecast.audit.log import open_log


@dataclass
class Clock:
    """A time that passes when it is told to."""

    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=made_logs.KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[AccountStore]:
    """No accounts yet, in each kind of database."""
    log = open_log(made_logs.new_places(request, tmp_path))
    yield AccountStore(log, log.append_with, clock)
    log.close()
