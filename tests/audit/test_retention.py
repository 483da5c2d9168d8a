from __future__ import annotations

from collections.abc import Sequence

import pytest

from spinecast.audit import log as log_module
from spinecast.audit.log import AuditLog
from spinecast.audit.reading import listed, read_one
from spinecast.audit.records import Draft
from spinecast.audit.retention import erase_older, hold, holds, release
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
