"""Looking back a stretch at a time finds what looking through everything finds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from spinecast.audit import searching
from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, Record
from spinecast.audit.searching import Looked, Sought, look_back, looked_up

DRAFTS = [
    Draft(
        ("prediction", "scores", "read")[number % 3],
        f"{('anna', 'an', 'bert')[number % 4 % 3]} (clinician)",
        {"risk": number},
        ("first/1", "first/2", "first_too/1", "")[number % 4],
        ("ab" * 16, None)[number % 2],
    )
    for number in range(40)
]


def paged(log: AuditLog, sought: Sought, fits: Callable[[Record], bool] | None, limit: int) -> list[int]:
    """Everything, page by page, each going on from where the one before it ended."""
    numbers: list[int] = []
    before = None
    for _ in range(100):
        looked = look_back(log, sought, fits, limit=limit, before=before)
        assert len(looked.records) <= limit
        assert before is None or looked.newest < before
        numbers += [one.sequence for one in looked.records]
        if looked.before is None:
            return numbers
        assert looked.before <= looked.newest
        before = looked.before
    raise AssertionError("it comes to no end")


def wanted(record: Record, sought: Sought, fits: Callable[[Record], bool] | None) -> bool:
    return (
        (not sought.kinds or record.kind in sought.kinds)
        and (sought.subject is None or record.subject == sought.subject)
        and (sought.actor is None or record.actor.startswith(f"{sought.actor} ("))
        and (sought.model is None or record.model == sought.model or record.model.startswith(f"{sought.model}/"))
        and (sought.since is None or record.recorded_at >= sought.since)
        and (sought.until is None or record.recorded_at < sought.until)
        and (fits is None or fits(record))
    )


def even(record: Record) -> bool:
    return bool((record.body or {})["risk"] % 2 == 0)


def test_every_page_together_is_what_looking_at_each_record_finds(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "STRETCH", 11)
    monkeypatch.setattr(searching, "MOST_LOOKED_INTO", 5)
    monkeypatch.setattr(searching, "_ROWS_AT_ONCE", 3)
    for draft in DRAFTS:  # one by one: each has its own time
        log.append([draft])
    records = list(log.records())
    times = [None, *(one.recorded_at for one in records[::13]), "2000", "3000"]

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(
        kinds=st.sampled_from([(), ("prediction",), ("scores", "read")]),
        subject=st.sampled_from([None, "ab" * 16, "cd" * 16]),
        actor=st.sampled_from([None, "an", "anna", "Anna", "nobody"]),
        model=st.sampled_from([None, "first", "first/2", "firs_"]),
        since=st.sampled_from(times),
        until=st.sampled_from(times),
        fits=st.sampled_from([None, even]),
        limit=st.integers(1, 7),
    )
    def same(kinds, subject, actor, model, since, until, fits, limit) -> None:  # type: ignore[no-untyped-def]
        sought = Sought(kinds, model, subject, actor, since, until)
        expected = [one.sequence for one in reversed(records) if wanted(one, sought, fits)]
        assert paged(log, sought, fits, limit) == expected

    same()


def test_one_search_looks_at_no_more_than_a_stretch_and_says_how_far(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "STRETCH", 10)
    log.append(DRAFTS)
    looked = look_back(log, Sought(model="nothing"))
    assert (looked.records, looked.newest, looked.oldest, looked.before) == ((), 40, 31, 31)
    monkeypatch.setattr(searching, "MOST_LOOKED_INTO", 4)
    looked = look_back(log, Sought(), lambda _: False)
    assert (looked.newest, looked.oldest, looked.before) == (40, 37, 37)
    assert look_back(log, Sought(since="3000")) == Looked((), 40, 41, None)


def test_an_altered_record_is_hidden_by_no_filter_and_an_erased_one_is_counted(log: AuditLog) -> None:
    log.append(DRAFTS[:6])
    log.append([Draft("erasure", "an auditor", {"records": [[1, 2], [2, 2], [5, 6]]})])
    server = log.engine.dialect.name == "postgresql"
    with log.engine.begin() as connection:
        connection.execute(text("UPDATE audit_record SET content = NULL, subject = NULL WHERE sequence IN (2, 3, 6)"))
        connection.execute(text(f"DROP TRIGGER audit_record_no_update{' ON audit_record' if server else ''}"))
        connection.execute(text("UPDATE audit_record SET content = 'nonsense' WHERE sequence = 4"))
    looked = look_back(log, Sought(), lambda _: False)
    assert [one.sequence for one in looked.records] == [4, 3]  # of 3 no erasure took the content
    assert [looked.altered(one) for one in looked.records] == [True, True]
    assert (looked.erased, looked.lost) == (2, {3})
    assert [one.sequence for one in look_back(log, Sought()).records if looked.altered(one)] == [4, 3]


def test_who_looked_for_what_and_saw_which_records_is_recorded(log: AuditLog) -> None:
    log.append(DRAFTS[:6])
    sought = Sought(("prediction",), subject="ab" * 16)
    looked_up(log.append, "aude (auditor)", sought, {"risk": [0.5, 1.0]}, look_back(log, sought))
    head = log.head()
    assert head is not None
    assert (head.kind, head.actor, head.subject) == ("read", "aude (auditor)", "ab" * 16)
    assert head.body == {"sought": {"kinds": ["prediction"], "risk": [0.5, 1.0]}, "records": [1]}
