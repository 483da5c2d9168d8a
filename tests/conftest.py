"""What every test stands on: one thread a process, and property tests that try the same examples every time."""

from __future__ import annotations

import os

# Before numpy is imported, which reads them once: two OpenMP teams on two cores cost sixty-fold, and pytest-xdist
# already puts a process on every core.
for _team in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_team] = "1"

from collections.abc import Iterator

import made_databases
import pytest
from hypothesis import settings

# The same examples in every run, so that a red build is red for everyone; no deadline, because a busy machine is slow
# and not wrong.
settings.register_profile("spinecast", derandomize=True, deadline=None)
settings.load_profile("spinecast")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[made_databases.Server]:
    """A PostgreSQL server of the session's own."""
    if made_databases.binaries() is None:
        pytest.skip(made_databases.ABSENT)
    with made_databases.postgresql() as server:
        yield server
