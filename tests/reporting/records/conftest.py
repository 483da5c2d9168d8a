from __future__ import annotations

import copy

import pytest

from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord

from .made_external import make_external_record

_EXTERNAL = make_external_record()


@pytest.fixture
def record(record: RunRecord) -> RunRecord:
    """The fixture without its checks, whose codes are made up: here a code means what the register says."""
    record.run["checks"] = []
    return record


@pytest.fixture
def external() -> ExternalRecord:
    """The record of an external validation, to be changed at will."""
    return copy.deepcopy(_EXTERNAL)


@pytest.fixture(params=["development", "evaluation"])
def either(request: pytest.FixtureRequest, record: RunRecord, external: ExternalRecord) -> RunRecord | ExternalRecord:
    """Each kind of record."""
    return record if request.param == "development" else external
