"""Whatever is done to the log behind its back is found, and the record named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from spinecast.audit.keys import AuditKey
from spinecast.audit.log import AuditLog, record_of
from spinecast.audit.records import BEFORE_THE_FIRST, Draft, Record, chained
from spinecast.audit.seal import Seal, begin_seal, read_seal, write_seal
from spinecast.audit.tables import RECORDS
from spinecast.audit.verification import Verification, verify
from spinecast.errors import AuditError

HOW_MANY = 8


def tampered(log: AuditLog, change: Callable[[Connection], None]) -> Verification:
    log.append([Draft("prediction", "somebody", {"risk": number / 10}, "model/1", "ab") for number in range(HOW_MANY)])
    with log.engine.begin() as connection:
        server = log.engine.dialect.name == "postgresql"
        for trigger in ("audit_record_no_update", "audit_record_no_delete"):
            connection.execute(text(f"DROP TRIGGER {trigger}{' ON audit_record' if server else ''}"))
        change(connection)
    return verify(log.records(), log.seal())


def said(found: Verification) -> dict[int, str]:
    return {one.record: one.what for one in found.findings}


@pytest.mark.parametrize(
    ("statement", "record", "words"),
    [
        (
            "UPDATE audit_record SET content = replace(content, '0.4', '0.1') WHERE sequence = 5",
            5,
            "content of record 5",
        ),
        ("UPDATE audit_record SET actor = 'nobody' WHERE sequence = 5", 5, "record 5 was edited"),
        ("UPDATE audit_record SET recorded_at = '2020' WHERE sequence = 1", 1, "record 1 was edited"),
        ("UPDATE audit_record SET subject = 'cd' WHERE sequence = 8", 8, "patient of record 8"),
        ("UPDATE audit_record SET content = NULL, subject = NULL WHERE sequence = 3", 3, "no erasure was recorded"),
        ("DELETE FROM audit_record WHERE sequence = 4", 4, "record 4 is missing"),
        ("DELETE FROM audit_record WHERE sequence < 4", 1, "records 1 to 3 are missing"),
        ("DELETE FROM audit_record WHERE sequence = 8", 8, "record 8 is cut off at the end"),
        ("DELETE FROM audit_record WHERE sequence > 3", 4, "records 4 to 8 are cut off at the end"),
        ("DELETE FROM audit_record", 1, "records 1 to 8 are cut off at the end"),
    ],
)
def test_edited_deleted_and_cut_off(log: AuditLog, statement: str, record: int, words: str) -> None:
    found = tampered(log, lambda connection: connection.execute(text(statement)))
    assert words in said(found)[record]
    assert {one.record for one in found.findings} <= {record, record + 1}


def test_a_truncated_table(log: AuditLog) -> None:
    if log.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")

    def truncate(connection: Connection) -> None:
        connection.execute(text("DROP TRIGGER audit_record_no_truncate ON audit_record"))
        connection.execute(text("TRUNCATE audit_record"))

    assert said(tampered(log, truncate)) == {1: "records 1 to 8 are cut off at the end"}


def test_two_records_that_changed_places(log: AuditLog) -> None:
    def swap(connection: Connection) -> None:
        for old, new in ((3, -3), (6, 3), (-3, 6)):
            connection.execute(text(f"UPDATE audit_record SET sequence = {new} WHERE sequence = {old}"))

    found = said(tampered(log, swap))
    assert "another's place" in found[3] or "does not follow" in found[3]
    assert {3, 6} <= set(found)


def test_a_log_written_anew_by_somebody_who_can_hash(log: AuditLog) -> None:
    """Recomputing every hash from the change on makes a chain that fits together, and not the one that was sealed."""

    def forge(connection: Connection) -> None:
        rows = [record_of(row) for row in connection.execute(select(RECORDS).order_by(RECORDS.c.sequence))]
        forged = rows[:3]
        for row in rows[3:]:
            body = {"risk": 0.99} if row.sequence == 4 else (row.body or {})
            forged.append(
                chained(Draft(row.kind, row.actor, body, row.model, row.subject), forged[-1], row.recorded_at)
            )
        for row in forged[3:]:
            columns = ", ".join(f"{name} = :{name}" for name in ("content", "content_hash", "previous_hash", "hash"))
            connection.execute(text(f"UPDATE audit_record SET {columns} WHERE sequence = :sequence"), asdict(row))

    assert said(tampered(log, forge)) == {8: "record 8 is not the one that was sealed: the log was written anew"}


def chain(count: int) -> list[Record]:
    records: list[Record] = []
    for number in range(count):
        draft = Draft("prediction", "somebody", {"risk": number / 10}, "model/1")
        records.append(chained(draft, records[-1] if records else None, f"2026-01-01T00:00:0{number}.000000Z"))
    return records


WHOLE = chain(HOW_MANY)
SEALED = Seal(WHOLE[0].hash, HOW_MANY, WHOLE[-1].hash)


@given(
    st.integers(0, HOW_MANY - 1),
    st.sampled_from(
        [
            "sequence",
            "recorded_at",
            "kind",
            "actor",
            "model",
            "subject",
            "content",
            "content_hash",
            "previous_hash",
            "hash",
        ]
    ),
    st.data(),
)
def test_no_column_of_any_record_can_be_changed(at: int, column: str, data: st.DataObject) -> None:
    old = getattr(WHOLE[at], column)
    of_its_kind = st.integers(1, 99) if isinstance(old, int) else st.text(max_size=80)
    new = data.draw(of_its_kind | st.none() | st.binary(max_size=3) | st.floats(allow_nan=False))
    if new == old:
        return
    changed = [*WHOLE[:at], replace(WHOLE[at], **{column: new}), *WHOLE[at + 1 :]]
    found = verify(changed, SEALED)
    assert not found.whole
    assert any(at + 1 <= one.record <= at + 2 or one.record == new for one in found.findings)


@given(st.permutations(range(HOW_MANY)), st.integers(0, HOW_MANY))
def test_no_other_order_and_no_part_of_the_records_passes(order: list[int], length: int) -> None:
    taken = [WHOLE[place] for place in order[:length]]
    assert verify(taken, SEALED).whole == (taken == WHOLE)


def test_without_a_seal_a_cut_off_end_is_not_seen_and_that_is_said() -> None:
    found = verify(WHOLE[:5])
    assert found.whole
    assert found.notes == ("no seal: records cut off at the end would not be seen",)


def test_an_altered_seal_or_another_key_is_refused_and_a_torn_slot_leaves_the_one_before(tmp_path: Path) -> None:
    key, path = AuditKey(bytes(32)), tmp_path / "seal"
    assert read_seal(path, key) is None
    with pytest.raises(AuditError, match="seal is not there"):
        write_seal(path, key, WHOLE[0].hash, WHOLE[0])
    begin_seal(path, key)
    assert read_seal(path, key) == Seal("", 0, BEFORE_THE_FIRST)
    for record in WHOLE[:5]:
        write_seal(path, key, WHOLE[0].hash, record)
    assert read_seal(path, key) == Seal(WHOLE[0].hash, 5, WHOLE[4].hash)
    write_seal(path, key, WHOLE[0].hash, WHOLE[2])  # a slower process comes late
    assert read_seal(path, key) == Seal(WHOLE[0].hash, 5, WHOLE[4].hash)
    with pytest.raises(AuditError, match="not signed"):
        read_seal(path, AuditKey(bytes([1] * 32)))
    with pytest.raises(AuditError, match="another log"):
        write_seal(path, key, "f" * 64, WHOLE[6])
    assert path.stat().st_mode & 0o077 == 0
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"sequence":5', b'"sequence":7'))
    assert read_seal(path, key) == Seal(WHOLE[0].hash, 4, WHOLE[3].hash)
    path.write_bytes(content.replace(b'"sequence"', b'"sequenze"'))
    with pytest.raises(AuditError, match="altered"):
        read_seal(path, key)
