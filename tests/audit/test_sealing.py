"""A log without its seal is never called whole, and nothing seals it again but somebody who says why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from spinecast.audit.database import upgrade
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import Places
from spinecast.audit.records import Draft
from spinecast.audit.sealing import seal_anew, verify_log
from spinecast.errors import AuditError


def drafts(count: int) -> list[Draft]:
    return [Draft("prediction", "somebody", {"risk": number / 10}, "model/1") for number in range(count)]


@pytest.fixture
def filled(log: AuditLog) -> AuditLog:
    log.append(drafts(5))
    return log


def cut_off(log: AuditLog, after: int) -> None:
    with log.engine.begin() as connection:
        server = log.engine.dialect.name == "postgresql"
        connection.execute(text(f"DROP TRIGGER audit_record_no_delete{' ON audit_record' if server else ''}"))
        connection.execute(text(f"DELETE FROM audit_record WHERE sequence > {after}"))


@pytest.fixture
def unchecked(filled: AuditLog, places: Places) -> Iterator[AuditLog]:
    """The same log in another process that does not look at its head."""
    opened = open_log(places, check_head=False)
    assert opened.count() == filled.count()
    yield opened
    opened.close()


@pytest.mark.parametrize("left", [3, 0])
def test_an_end_cut_off_together_with_the_seal(
    unchecked: AuditLog, places: Places, filled: AuditLog, left: int
) -> None:
    cut_off(filled, left)
    places.seal.unlink()
    found = verify_log(unchecked)
    if left:  # of a log without any record nothing can be named; that it had a key and a seal is known when it opens
        assert not found.whole
        assert found.findings[0].record == left
        assert "the audit log's seal is not there" in found.findings[0].what
    with pytest.raises(AuditError, match="seal is not there"):
        open_log(places)
    for log in (unchecked, filled):  # one that was open knows no better
        with pytest.raises(AuditError, match="seal is not there"):
            log.append(drafts(1))
    assert filled.count() == left
    assert not places.seal.exists()


def test_an_end_cut_off_while_the_log_is_open(unchecked: AuditLog, filled: AuditLog) -> None:
    cut_off(filled, 4)
    for log in (unchecked, filled):
        with pytest.raises(AuditError, match="it ends at 4, and 5 was recorded"):
            log.append(drafts(1))
    assert [one.what for one in verify_log(unchecked).findings] == ["record 5 is cut off at the end"]


def test_what_a_process_saw_counts_also_where_another_machine_sealed(filled: AuditLog, places: Places) -> None:
    """Each machine has a seal of its own: an old copy of this one's hides nothing from whoever has gone on since."""
    old = places.seal.read_bytes()
    filled.append(drafts(2))
    cut_off(filled, 6)
    places.seal.write_bytes(old)
    with pytest.raises(AuditError, match="it ends at 6, and 7 was recorded"):
        filled.append(drafts(1))


def test_sealing_anew_says_why_and_what_was_found(unchecked: AuditLog, filled: AuditLog, places: Places) -> None:
    with pytest.raises(AuditError, match="the seal fits"):
        seal_anew(unchecked, "an auditor", "for fun")
    cut_off(filled, 3)
    with pytest.raises(AuditError, match="reason"):
        seal_anew(unchecked, "an auditor", " ")
    made = seal_anew(unchecked, "an auditor", "restored from the backup of 3 March")
    body = made.body or {}
    assert (made.sequence, made.kind, made.actor, body["reason"]) == (
        4,
        "seal",
        "an auditor",
        "restored from the backup of 3 March",
    )
    assert body["before"]["sequence"] == 5
    assert body["found"]["findings"] == [{"record": 4, "what": "records 4 to 5 are cut off at the end"}]
    assert places.seal.with_name("audit.seal.before-4").exists()
    assert verify_log(unchecked).whole
    again = open_log(places)
    assert again.append(drafts(1))[0].sequence == 5
    again.close()


@pytest.mark.usefixtures("filled")
def test_a_further_machine_seals_once_with_the_same_key(places: Places) -> None:
    places.seal.rename(places.seal.with_name("the seal of the first machine"))
    second = open_log(places, check_head=False)
    seal_anew(second, "an administrator", "a second server")
    second.append(drafts(1))
    assert verify_log(second).whole
    second.close()


def test_an_altered_seal_is_a_finding_and_the_records_are_still_gone_through(
    unchecked: AuditLog, places: Places
) -> None:
    places.seal.write_text("{}")
    with unchecked.engine.begin() as connection:
        server = unchecked.engine.dialect.name == "postgresql"
        connection.execute(text(f"DROP TRIGGER audit_record_no_update{' ON audit_record' if server else ''}"))
        connection.execute(text("UPDATE audit_record SET actor = 'nobody' WHERE sequence = 2"))
    said = [one.what for one in verify_log(unchecked).findings]
    assert said[0] == "record 2 was edited or stands in another's place"
    assert "not signed with its key" in said[-1]


def test_a_killed_first_start_and_an_empty_log_are_whole(places: Places) -> None:
    """The seal is there before the first record, so that no moment of a start looks like a loss."""
    upgrade(places)
    log = open_log(places)
    assert verify_log(log).to_dict() | {"notes": []} == {
        "whole": True,
        "records": 0,
        "erased": 0,
        "sealed_to": 0,
        "findings": [],
        "notes": [],
    }
    log.close()
