"""The audit commands, on a log as a server leaves one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.conftest import Run, assert_refused
from made_databases import Server
from sqlalchemy import text

from spinecast.audit.database import upgrade
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import audit_places
from spinecast.audit.records import Draft


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    """Three predictions of patient 4711 and one of nobody named."""
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path / "mlruns" / "audit")})
    upgrade(places)
    opened = open_log(places)
    subject = opened.key.pseudonym("4711")
    opened.append([Draft("prediction", "somebody", {"risk": 0.25}, "model/1", subject) for _ in range(3)])
    opened.append([Draft("prediction", "somebody", {"risk": 0.5}, "model/2")])
    return opened


@pytest.mark.usefixtures("log")
def test_a_whole_log_is_listed_shown_and_verified(here: Run, tmp_path: Path) -> None:
    listed = here("audit", "list", "--patient", "4711", "--json", folder=tmp_path)
    assert [json.loads(line)["record"] for line in listed.stdout.splitlines()] == [3, 2, 1]
    shown = json.loads(here("audit", "show", "4", folder=tmp_path).stdout)
    assert shown["content"] == {"risk": 0.5}
    assert shown["patient"] is None
    table = here("audit", "list", "--limit", "2", folder=tmp_path).stdout
    assert "read" in table  # both looks are records themselves
    assert "4711" not in table
    verified = here("audit", "verify", "--json", folder=tmp_path)
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["records"] == 7


def test_a_changed_log_is_named_with_a_status_of_its_own(log: AuditLog, here: Run, tmp_path: Path) -> None:
    with log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_delete"))
        connection.execute(text("DELETE FROM audit_record WHERE sequence IN (2, 4)"))
    log.close()
    done = here("audit", "verify", folder=tmp_path)
    assert done.returncode == 4
    assert "NOT WHOLE" in done.stdout
    assert "record 2 is missing" in done.stdout
    assert "record 4 is cut off at the end" in done.stdout
    assert_refused(here("audit", "list", folder=tmp_path), "not the one that was sealed")


@pytest.mark.usefixtures("log")
def test_holding_erasing_and_exporting(here: Run, tmp_path: Path) -> None:
    assert here("audit", "hold", "--patient", "4711", "--reason", "a claim", folder=tmp_path).returncode == 0
    kept = here("audit", "retain", "--days", "1", "--reason", "a day", "--yes", folder=tmp_path)
    assert kept.stdout == "0 records erased, 0 held\n"
    assert_refused(here("audit", "retain", "--days", "1", "--reason", "a day", folder=tmp_path), "--yes")
    assert_refused(here("audit", "hold", "--reason", "nobody", folder=tmp_path), "--patient")
    wrong = here("audit", "hold", "--reason", "a claim", "--pseudonym", "4711", folder=tmp_path)
    assert_refused(wrong, "is no pseudonym")
    done = here("audit", "export", "-o", "log.jsonl", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    verified = here("audit", "verify", "--file", "log.jsonl", folder=tmp_path)
    assert verified.stdout.startswith("6 records")
    assert "covers records 1 to 6" in verified.stdout
    assert "--key" in verified.stdout
    part = here("audit", "export", "-o", "part.jsonl", "--first", "4", "--last", "5", folder=tmp_path)
    assert part.stderr == "2 records: part.jsonl\n"
    verified = here("audit", "verify", "--file", "part.jsonl", "--key", "mlruns/audit/audit.key", folder=tmp_path)
    assert verified.returncode == 0
    assert verified.stdout.startswith("2 records, 0 of them erased: whole")
    assert_refused(here("audit", "verify", "--key", "mlruns/audit/audit.key", folder=tmp_path), "--file")


def test_an_altered_record_is_named_and_not_shown(log: AuditLog, here: Run, tmp_path: Path) -> None:
    with log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_update"))
        connection.execute(
            text("UPDATE audit_record SET content = replace(content, '0.25', '0.75') WHERE sequence = 2")
        )
    log.close()
    for command in ("show", "replay"):
        done = here("audit", command, "2", folder=tmp_path)
        assert (done.returncode, done.stdout) == (4, "")
        assert "the content of record 2 was edited" in done.stderr
    listed = here("audit", "list", "--limit", "10", folder=tmp_path).stdout
    assert listed.count("ALTERED") == 1


def test_a_lost_seal_is_replaced_by_who_says_why_and_by_nobody_else(log: AuditLog, here: Run, tmp_path: Path) -> None:
    log.close()
    assert_refused(here("audit", "seal", "--reason", "for fun", folder=tmp_path), "nothing is to be sealed anew")
    log.places.seal.unlink()
    assert_refused(here("audit", "list", folder=tmp_path), "seal is not there")
    done = here("audit", "verify", folder=tmp_path)
    assert done.returncode == 4
    assert "cut off after record 4 cannot be seen" in done.stdout
    done = here("audit", "seal", "--reason", "the disk of the seal broke", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sealed to record 5" in done.stdout
    assert here("audit", "verify", folder=tmp_path).returncode == 0
    assert "the disk of the seal broke" in here("audit", "show", "5", folder=tmp_path).stdout


def test_looking_where_nothing_was_served_leaves_nothing(here: Run, tmp_path: Path) -> None:
    assert_refused(here("audit", "verify", folder=tmp_path), "nothing has been served here yet")
    assert not list(tmp_path.iterdir())


def test_the_database_is_made_by_its_command(here: Run, tmp_path: Path) -> None:
    done = here("database", "upgrade", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["after"] == "0003"
    assert "nothing to do" in here("database", "upgrade", folder=tmp_path).stdout
    assert here("audit", "verify", folder=tmp_path).stdout.startswith("0 records")


def test_the_same_commands_on_a_server(
    here: Run, postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINECAST_DATABASE_URL", postgresql.new_database("commands"))
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path / "mlruns"))  # the commands' key is read here too
    assert_refused(here("audit", "list", folder=tmp_path), "database upgrade")
    assert here("database", "upgrade", folder=tmp_path).returncode == 0
    log = open_log(audit_places())
    log.append(
        [Draft("prediction", "somebody", {"risk": 0.25}, "model/1", log.key.pseudonym("4711")) for _ in range(3)]
    )
    listed = here("audit", "list", "--patient", "4711", "--json", folder=tmp_path)
    assert [json.loads(line)["record"] for line in listed.stdout.splitlines()] == [3, 2, 1]
    assert here("audit", "hold", "--patient", "4711", "--reason", "a claim", folder=tmp_path).returncode == 0
    assert json.loads(here("audit", "show", "2", folder=tmp_path).stdout)["content"] == {"risk": 0.25}
    done = here("audit", "export", "-o", "part.jsonl", "--first", "2", folder=tmp_path)
    assert done.stderr == "6 records: part.jsonl\n"
    assert here("audit", "verify", "--file", "part.jsonl", folder=tmp_path).returncode == 0
    assert here("audit", "verify", folder=tmp_path).returncode == 0
    with log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_delete ON audit_record"))
        connection.execute(text("DELETE FROM audit_record WHERE sequence IN (2, 7)"))
    log.close()
    done = here("audit", "verify", folder=tmp_path)
    assert done.returncode == 4
    assert "record 2 is missing" in done.stdout
    assert "record 7 is cut off at the end" in done.stdout
