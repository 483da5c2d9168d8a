"""Outcomes from the command line, beside what a server has recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.conftest import Run, assert_refused

pytest.importorskip("alembic")

from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import audit_places
from spinecast.audit.records import Draft


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path / "mlruns" / "audit")})
    upgrade(places)
    opened = open_log(places)
    opened.append([Draft("prediction", "anna (clinician)", {"risk": 0.25}, "model/1", opened.key.pseudonym("4711"))])
    opened.close()
    return tmp_path


def test_outcomes_come_in_once(here: Run, folder: Path) -> None:
    import datetime

    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    (folder / "outcomes.csv").write_text(f"case,seen,death\n4711,{today},present\n")
    how = ("outcomes", "import", "outcomes.csv", "--id-column", "case", "--date-column", "seen")
    checked = here(*how, "--dry-run", folder=folder)
    assert "checked, nothing recorded\n  1 new" in checked.stdout
    done = here(*how, "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == [2, 2]
    assert "1 recorded before" in here(*how, folder=folder).stdout
    verified = here("audit", "verify", folder=folder)
    assert verified.stdout.startswith("2 records, 0 of them erased")
    assert '"outcome"' in here("audit", "list", "--kind", "outcome", "--json", folder=folder).stdout


def test_what_cannot_be_recorded_is_one_clear_error(here: Run, folder: Path) -> None:
    (folder / "outcomes.csv").write_text("patient,date,death\n4712,2020-01-01,present\n")
    assert_refused(here("outcomes", "import", "outcomes.csv", folder=folder), "of nobody in the file", "row 1")
    everybody_left_out = here("outcomes", "import", "outcomes.csv", "--skip-unknown", folder=folder)
    assert_refused(everybody_left_out, "of nobody in the file", "--prefix")
    refused = here("outcomes", "import", "outcomes.csv", "--correct", folder=folder)
    assert_refused(refused, "--correct and --reason go together")
    assert_refused(here("outcomes", "import", "nowhere.csv", folder=folder), "nowhere.csv")
