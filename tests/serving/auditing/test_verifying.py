"""Going through the chain from a page."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from serving.made_store import Address
from sqlalchemy import text

from spinecast.audit.database import upgrade
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import audit_places
from spinecast.audit.records import Draft
from spinecast.audit.sealing import verify_log
from spinecast.serving.auditing import verifying
from spinecast.serving.auditing.verifying import LastWalk, Verifier
from spinecast.serving.state import State


@pytest.fixture
def log(tmp_path: object) -> Iterator[AuditLog]:
    places = audit_places({"SPINECAST_AUDIT": f"{tmp_path}/audit"})
    upgrade(places)
    opened = open_log(places)
    opened.append([Draft("prediction", "anna (clinician)", {"risk": number}) for number in range(2500)])
    yield opened
    opened.close()


def test_the_page_says_when_it_was_last_gone_through_and_by_whom(by_name: Address) -> None:
    form = "application/x-www-form-urlencoded"
    assert by_name.ask("POST", "/audit/verify", b"", {"X-Who": "aude auditor"}, form).status == 303
    page = by_name.get("/audit/verify").text
    assert re.search(r"<strong>Whole\.</strong> \d+ records", page)
    assert "aude (auditor)" in page


def test_what_is_not_whole_is_named_and_recorded(log: AuditLog) -> None:
    with log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_update"))
        connection.execute(text("UPDATE audit_record SET actor = 'nobody' WHERE sequence = 7"))
    verifier = Verifier(log, log.append)
    assert verifier.last() == LastWalk(None)
    verifier.start("aude (auditor)", 60)
    last = verifier.last()
    assert last.record is not None
    assert (last.record.kind, last.record.actor, last.found["whole"]) == ("verification", "aude (auditor)", False)
    assert "record 7 was edited" in last.found["findings"][0]["what"]


def test_a_walk_whose_record_was_altered_is_named_and_the_one_before_it_is_shown(
    own_log: tuple[State, Address],
) -> None:
    state, server = own_log
    walks = [{"whole": True, "records": number, "erased": 0, "sealed_to": 1, "findings": []} for number in (1, 2, 3, 4)]
    made = state.writer.record([Draft("verification", "aude (auditor)", {**walk, "notes": []}) for walk in walks])
    with state.log.engine.begin() as connection:
        edit = "UPDATE audit_record SET content = replace(content, 'true', 'false') WHERE sequence = :number"
        connection.execute(text(edit), {"number": made[3].sequence})
        gone = "UPDATE audit_record SET content = NULL WHERE sequence IN (:erased, :lost)"
        connection.execute(text(gone), {"erased": made[1].sequence, "lost": made[2].sequence})
    state.writer.record([Draft("erasure", "an auditor", {"records": [[made[1].sequence] * 2]})])
    altered, erased = (made[3].sequence, made[2].sequence), (made[1].sequence,)
    assert Verifier(state.log, state.writer.record).last() == LastWalk(made[0], altered, erased)
    page = server.get("/audit/verify").text
    assert f"Records {altered[0]}, {altered[1]} said what going through the chain found" in page
    assert "Nobody has gone through it" not in page
    assert re.search(r"<strong>Whole\.</strong> 1 records", page)


def test_one_walk_at_a_time_which_says_how_far_it_is(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, walks = threading.Event(), threading.Event(), []

    def slow(of: AuditLog, *, passed: object) -> object:
        walks.append(of)

        def told(count: int) -> None:
            passed(count)  # type: ignore[operator]
            begun.set()
            go_on.wait(60)

        return verify_log(of, passed=told)

    monkeypatch.setattr(verifying, "verify_log", slow)
    verifier = Verifier(log, log.append)
    verifier.start("aude (auditor)", 0)
    assert begun.wait(60)
    verifier.start("bert (auditor)", 0)
    assert (verifier.standing.running, verifier.standing.passed, len(walks)) == (True, 1000, 1)
    go_on.set()
    verifier.start("bert (auditor)", 60)
    assert verifier.last().record is not None


def test_a_walk_that_comes_to_no_end_says_why_and_the_next_may_begin(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = Verifier(log, log.append)
    monkeypatch.setattr(verifying, "verify_log", lambda *_, **__: 1 / 0)
    verifier.start("aude (auditor)", 60)
    assert (verifier.standing.running, verifier.standing.trouble) == (False, "ZeroDivisionError, a defect of spinecast")
    monkeypatch.undo()
    verifier.start("aude (auditor)", 60)
    assert verifier.standing.trouble == ""
    assert verifier.last().record is not None
