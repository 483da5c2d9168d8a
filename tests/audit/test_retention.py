from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, text, update

from spinecast.audit import database, retention
from spinecast.audit import log as log_module
from spinecast.audit.database import forget_erased, upgrade
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import audit_places
from spinecast.audit.reading import AlteredRecordError, beside, headlines, listed, read_one
from spinecast.audit.records import Draft, Record, chained
from spinecast.audit.retention import erase_older, hold, holds, release
from spinecast.audit.tables import RECORDS
from spinecast.audit.verification import verify
from spinecast.errors import AuditError


@pytest.fixture
def old(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    """Six records of three patients from long ago, then one of today."""
    with monkeypatch.context() as then:
        then.setattr(log_module, "now_text", lambda: "2020-01-01T00:00:00.000000Z")
        log.append([Draft("prediction", "somebody", {"risk": 0.1}, "model/1", subject) for subject in "aabbcc"])
    log.append([Draft("prediction", "somebody", {"risk": 0.2}, "model/1", "a")])
    return log


def without_triggers(log: AuditLog, statement: str | Executable) -> None:
    with log.engine.begin() as connection:
        server = log.engine.dialect.name == "postgresql"
        connection.execute(text(f"DROP TRIGGER audit_record_no_update{' ON audit_record' if server else ''}"))
        connection.execute(text(statement) if isinstance(statement, str) else statement)


def test_old_content_goes_the_chain_stays(old: AuditLog) -> None:
    hold(old, "an auditor", "b", "a claim")
    before = [record.hash for record in old.records()]
    done = erase_older(old, "an auditor", 30, "kept for thirty days")
    assert (done.erased, done.held, done.record) == (4, 2, 9)
    gone = [record.sequence for record in old.records() if record.content is None]
    assert gone == [1, 2, 5, 6]
    assert all(record.subject is None and record.body is None for record in old.records() if record.sequence in gone)
    assert [record.hash for record in old.records()][:8] == before
    found = verify(old.records(), old.seal())
    assert found.whole, found
    assert found.erased == 4
    assert (old.get(9).body or {})["records"] == [[1, 2], [5, 6]]  # type: ignore[union-attr]
    assert erase_older(old, "an auditor", 30, "again").record is None


def test_a_hold_ends_when_it_is_released(old: AuditLog) -> None:
    hold(old, "an auditor", "b", "a claim")
    assert holds(old) == {"b"}
    with pytest.raises(AuditError, match="no hold"):
        release(old, "an auditor", "c", "never held")
    release(old, "an auditor", "b", "the claim is settled")
    assert holds(old) == frozenset()
    assert erase_older(old, "an auditor", 30, "kept for thirty days").erased == 6


def test_a_hold_placed_while_records_are_erased_counts(old: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is held is looked up under the lock of the writer, and again for each part of a long erasure."""
    other = AuditLog(old.engine, old.places, old.key)
    transact = AuditLog.transact

    def held_meanwhile(self: AuditLog, *given: Any, **named: Any) -> list[Record]:
        if self is old:
            hold(other, "an auditor", "b", "a claim")
        return transact(self, *given, **named)

    monkeypatch.setattr(AuditLog, "transact", held_meanwhile)
    done = erase_older(old, "an auditor", 30, "kept for thirty days")
    monkeypatch.undo()
    assert (done.erased, done.held) == (4, 2)
    assert [record.sequence for record in old.records(1, 6) if record.content is not None] == [3, 4]


def test_many_records_are_erased_in_parts_and_each_part_is_recorded(
    old: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_ERASED_TOGETHER", 4)
    hold(old, "an auditor", "b", "a claim")
    done = erase_older(old, "an auditor", 30, "kept for thirty days")
    assert (done.erased, done.held, done.record) == (4, 2, 10)
    assert [(record.body or {})["records"] for record in old.records(9)] == [[[1, 2]], [[5, 6]]]
    assert verify(old.records(), old.seal()).whole


def test_nothing_is_erased_while_a_hold_is_not_as_it_was_written(old: AuditLog) -> None:
    hold(old, "an auditor", "b", "a claim")
    with old.engine.begin() as connection:  # the trigger allows what an erasure does
        connection.execute(text("UPDATE audit_record SET content = NULL, subject = NULL WHERE sequence = 8"))
    with pytest.raises(AuditError, match="record 8, a hold, was altered"):
        erase_older(old, "an auditor", 30, "kept for thirty days")
    assert sum(record.content is None for record in old.records()) == 1


def test_what_was_erased_is_in_none_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path)})
    upgrade(places)
    log = open_log(places)
    pseudonym = log.key.pseudonym("4711")
    with monkeypatch.context() as then:
        then.setattr(log_module, "now_text", lambda: "2020-01-01T00:00:00.000000Z")
        body = {"note": "a word of 1931 " * 2000}  # longer than a page: pages of its own
        log.append([Draft("prediction", "somebody", body, "model/1", pseudonym) for _ in range(3)])

    def found(word: str) -> set[str]:
        return {file.name for file in tmp_path.glob("audit.db*") if word.encode() in file.read_bytes()}

    assert found("a word of 1931")
    assert found(pseudonym)
    assert erase_older(log, "an auditor", 30, "thirty days").erased == 3
    assert found("a word of 1931") == found(pseudonym) == set()  # while the log is open
    assert verify(log.records(), log.seal()).whole

    with log.reading() as connection:  # somebody reads on
        connection.execute(text("SELECT * FROM audit_record")).fetchone()
        log.append([Draft("prediction", "somebody", {})])
        monkeypatch.setattr(database, "_SECONDS", 0)
        with pytest.raises(AuditError, match="somebody is reading"):
            forget_erased(open_log(places).engine, places)
    log.close()


def test_a_time_longer_than_any_record_erases_nothing(old: AuditLog) -> None:
    assert erase_older(old, "an auditor", 10**9, "for ever").erased == 0


def test_what_cannot_be_asked_for(old: AuditLog) -> None:
    with pytest.raises(AuditError, match="0 days"):
        erase_older(old, "an auditor", 0, "now")
    with pytest.raises(AuditError, match="reason"):
        hold(old, "an auditor", "a", " ")


def test_reading_is_recorded_before_anything_is_seen(old: AuditLog) -> None:
    assert read_one(old.append, old, "an auditor", 3).body == {"risk": 0.1}
    head = old.head()
    assert head is not None
    assert (head.kind, head.actor, head.subject, head.body) == ("read", "an auditor", "b", {"record": 3})
    assert [record.sequence for record in listed(old.append, old, "an auditor", subject="b")] == [8, 4, 3]

    def refuse(_: Sequence[Draft]) -> None:
        raise AuditError("gone")

    with pytest.raises(AuditError, match="gone"):
        read_one(refuse, old, "an auditor", 3)
    with pytest.raises(AuditError, match="no record 99"):
        read_one(old.append, old, "an auditor", 99)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("content = replace(content, '0.1', '0.9') WHERE sequence = 3", "the content of record 3 was edited"),
        ("content = '[]' WHERE sequence = 3", "the content of record 3 was edited"),
        ("actor = 'nobody' WHERE sequence = 3", "record 3 was edited"),
        ("subject = 'c' WHERE sequence = 3", "the patient of record 3 was changed"),
        ("content = NULL, subject = NULL WHERE sequence = 3", "record 3 has lost its content, and no erasure"),
    ],
)
def test_a_record_that_was_altered_is_named_and_not_shown(old: AuditLog, change: str, words: str) -> None:
    without_triggers(old, f"UPDATE audit_record SET {change}")
    with pytest.raises(AlteredRecordError, match=words):
        read_one(old.append, old, "an auditor", 3)
    said = headlines(old, list(old.records(2, 4)))
    assert [(one["altered"], one["erased"]) for one in said] == [(False, False), (True, False), (False, False)]
    beside_it = read_one(old.append, old, "an auditor", 4)  # which is as it was, and what stands before it is not
    assert beside(old, beside_it) == ("record 3, before it, is not as it was written",)


def test_a_record_whose_neighbours_are_gone_or_altered_says_so(old: AuditLog) -> None:
    found = {number: read_one(old.append, old, "an auditor", number) for number in (1, 3, 4)}
    assert [beside(old, one) for one in found.values()] == [(), (), ()]
    head = old.head()
    assert head is not None
    assert beside(old, head) == ()  # nothing need stand after the last
    server = old.engine.dialect.name == "postgresql"
    with old.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER audit_record_no_delete{' ON audit_record' if server else ''}"))
        connection.execute(text("DELETE FROM audit_record WHERE sequence = 2"))
        connection.execute(text("UPDATE audit_record SET content = NULL, subject = NULL WHERE sequence = 5"))
    assert beside(old, read_one(old.append, old, "an auditor", 1)) == ("record 2, which stood after it, is missing",)
    assert beside(old, read_one(old.append, old, "an auditor", 3)) == ("record 2, which stood before it, is missing",)
    assert beside(old, read_one(old.append, old, "an auditor", 4)) == ("record 5, after it, is not as it was written",)


def test_a_record_edited_with_its_hashes_does_not_fit_in(old: AuditLog) -> None:
    found = old.get(3)
    assert found is not None
    forged = chained(Draft("prediction", "somebody", {"risk": 0.9}, "model/1", "b"), old.get(2), found.recorded_at)
    values = {name: getattr(forged, name) for name in ("content", "content_hash", "hash")}
    without_triggers(old, update(RECORDS).where(RECORDS.c.sequence == 3).values(**values))
    with pytest.raises(AlteredRecordError, match="record 3 does not fit between"):
        read_one(old.append, old, "an auditor", 3)


def test_what_an_erasure_took_is_shown_as_erased(old: AuditLog) -> None:
    erase_older(old, "an auditor", 30, "kept for thirty days")
    found = read_one(old.append, old, "an auditor", 3)
    assert found.body is None
    assert [(one["erased"], one["altered"]) for one in headlines(old, [found])] == [(True, False)]
