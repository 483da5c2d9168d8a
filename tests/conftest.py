"""What every test stands on: one thread a process, and property tests that try the same examples every time."""

from __future__ import annotations

import os

# Before numpy is imported, which reads them once: two OpenMP teams on two cores cost sixty-fold, and pytest-xdist
# already puts a process on every core.
for _team in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_team] = "1"

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import made_databases
import pytest
from hypothesis import settings

# The same examples in every run, so that a red build is red for everyone; no deadline, because a busy machine is slow
# and not wrong.
settings.register_profile("spinecast", derandomize=True, deadline=None)
settings.load_profile("spinecast")

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, one of each room in turn.

    Test processes take file after file (`make test`): what takes long at the end would leave all but one of them idle,
    and two files of one room at once would wait for the study that one of them trains for both.
    """
    slow: dict[Path, int] = {}
    rooms: Counter[str] = Counter()
    for item in items:
        if item.path not in slow and item.get_closest_marker("slow"):
            room = item.path.relative_to(TESTS).parts[0]
            slow[item.path] = rooms[room]
            rooms[room] += 1
    items.sort(key=lambda item: slow.get(item.path, len(items)))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[made_databases.Server]:
    """A PostgreSQL server of the session's own."""
    if made_databases.binaries() is None:
        pytest.skip(made_databases.ABSENT)
    with made_databases.postgresql() as server:
        yield server
