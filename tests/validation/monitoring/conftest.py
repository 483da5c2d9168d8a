from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

import made_logs

from spinecast.audit import log as log_module
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.records import Draft

PATIENTS = ("4711", "4712", "4713", "4714")


@pytest.fixture(params=made_logs.KINDS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditLog]:
    """A log in which four patients were asked about, on the first days of 2026; in each kind of database."""
    opened = open_log(made_logs.new_places(request, tmp_path))
    with pytest.MonkeyPatch.context() as then:
        for day, patient in enumerate(PATIENTS, start=1):
            then.setattr(log_module, "now_text", lambda day=day: f"2026-01-0{day}T12:00:00.000000Z")
            subject = opened.key.pseudonym(patient)
            opened.append([Draft("prediction", "anna (clinician)", {"risk": 0.2}, "model/1", subject)])
    yield opened
    opened.close()
