"""What a log promises: order, durability, one writer, and that whoever lost records is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from spinecast.audit import writer as writer_module
from spinecast.audit.database import migrate, open_engine, require_current, upgrade, writing_transaction
from spinecast.audit.keys import AuditKey, read_key, read_or_make_key
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import Places, audit_places
from spinecast.audit.records import Draft, Record
from spinecast.audit.tables import RECORDS, REVISION
from spinecast.audit.verification import verify
from spinecast.audit.writer import AuditWriter
from spinecast.errors import AuditError


def drafts(count: int, subject: str | None = None) -> list[Draft]:
    return [Draft("prediction", "somebody", {"risk": 0.1 * number}, "model/1", subject) for number in range(count)]


def test_records_are_numbered_chained_and_read_back(log: AuditLog) -> None:
    made = log.append(drafts(3)) + log.append(drafts(1))
    assert [record.sequence for record in made] == [1, 2, 3, 4]
    assert [record.previous_hash for record in made[1:]] == [record.hash for record in made[:-1]]
    assert list(log.records()) == made
    assert log.get(2) == made[1]
    assert made[2].body == {"risk": 0.2}
    assert log.find(model="model", limit=2) == [made[3], made[2]]
    assert log.find(model="model/2") == []
    assert verify(log.records(), log.seal()).to_dict() == {
        "whole": True,
        "records": 4,
        "erased": 0,
        "sealed_to": 4,
        "findings": [],
        "notes": [],
    }


def test_all_of_several_drafts_or_none(log: AuditLog) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        log.append([*drafts(2), Draft("prediction", "somebody", {"risk": float("nan")})])
    assert log.count() == 0


def test_many_threads_and_two_processes_make_one_chain(places: Places) -> None:
    writers = [AuditWriter(open_log(places)), AuditWriter(open_log(places))]
    acknowledged: list[int] = []

    def record(writer: AuditWriter) -> None:
        for _ in range(20):
            acknowledged.extend(record.sequence for record in writer.record(drafts(2)))

    threads = [threading.Thread(target=record, args=(writer,)) for writer in writers for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(acknowledged) == list(range(1, 241))
    log = writers[0].log
    found = verify(log.records(), log.seal())
    assert found.whole, found
    assert found.sealed == 240
    for writer in writers:
        writer.close()


def test_a_draft_that_cannot_be_written_harms_nobody_who_waits_with_it(log: AuditLog) -> None:
    writer = AuditWriter(log)
    wrong = Draft("prediction", "somebody", {"risk": float("nan")})
    waiting = [(tuple(drafts(2)), None, Future()), ((wrong,), None, Future()), (tuple(drafts(1)), None, Future())]
    writer._append(waiting)
    first, refused, last = (done for *_, done in waiting)
    assert [record.sequence for record in first.result() + last.result()] == [1, 2, 3]
    with pytest.raises(ValueError, match="not JSON compliant"):
        refused.result()
    writer.close()


def test_who_was_told_that_it_took_too_long_is_not_recorded_later(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, begun = threading.Event(), threading.Event()
    transact = AuditLog.transact

    def slow(self: AuditLog, *given: Any, **named: Any) -> list[Record]:
        begun.set()
        assert go_on.wait(60)
        return transact(self, *given, **named)

    monkeypatch.setattr(AuditLog, "transact", slow)
    writer = AuditWriter(log)
    first = threading.Thread(target=lambda: writer.record(drafts(1)))
    first.start()
    assert begun.wait(60)
    with monkeypatch.context() as impatient:
        impatient.setattr(writer_module, "_SECONDS", 0.01)
        with pytest.raises(AuditError, match="did not answer within"):
            writer.record(drafts(3))
    go_on.set()
    first.join()
    assert writer.record(drafts(1))[0].sequence == 2  # the three in between were given up
    writer.close()


@pytest.mark.parametrize("statement", ["UPDATE audit_record SET actor = 'me'", "DELETE FROM audit_record"])
def test_the_database_itself_refuses_changes(log: AuditLog, statement: str) -> None:
    log.append(drafts(2))
    with pytest.raises(DBAPIError, match="append-only"), log.engine.begin() as connection:
        connection.execute(text(statement))
    assert verify(log.records(), log.seal()).whole


def test_a_server_also_refuses_to_truncate(log: AuditLog) -> None:
    if log.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE; DELETE is refused")
    log.append(drafts(2))
    with pytest.raises(DBAPIError, match="append-only"), log.engine.begin() as connection:
        connection.execute(text("TRUNCATE audit_record"))


def test_a_database_that_was_taken_away_or_replaced_takes_nothing(tmp_path: Path) -> None:
    folder, away = tmp_path / "audit", tmp_path / "away"
    places = audit_places({"SPINECAST_AUDIT": str(folder)})
    upgrade(places)
    log = open_log(places)
    log.append(drafts(3))
    assert places.database is not None
    away.mkdir()
    for file in folder.glob("audit.db*"):
        file.rename(away / file.name)  # SQLite would go on writing into the file without a name
    with pytest.raises(AuditError, match="has gone"):
        log.append(drafts(1))
    assert not places.database.exists()  # nothing empty was put in its place
    upgrade(places)
    with pytest.raises(AuditError, match="lost records: it ends at 0, and 3 was recorded"):
        log.append(drafts(1))
    for file in folder.glob("audit.db*"):
        file.unlink()
    for file in away.glob("audit.db*"):
        file.rename(folder / file.name)
    assert log.append(drafts(1))[0].sequence == 4
    assert verify(log.records(), log.seal()).whole


def test_a_server_that_stops_and_comes_back(postgresql, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    places = audit_places(
        {"SPINECAST_AUDIT": str(tmp_path), "SPINECAST_DATABASE_URL": postgresql.new_database("restarted")}
    )
    upgrade(places)
    log = open_log(places)
    log.append(drafts(1))
    postgresql.stop()
    try:
        with pytest.raises(AuditError, match="cannot be reached"):
            log.append(drafts(1))
    finally:
        postgresql.start()
    assert log.append(drafts(1))[0].sequence == 2
    log.close()


def test_a_log_with_records_gets_no_new_key(tmp_path: Path) -> None:
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path)})
    upgrade(places)
    log = open_log(places)
    log.append(drafts(2, "4711"))
    log.close()
    places.key.unlink()
    places.seal.unlink()
    with pytest.raises(AuditError, match="the audit log's key cannot be read"):
        open_log(places)
    assert not places.key.exists()


def test_a_log_cut_off_between_two_starts_is_not_opened(tmp_path: Path) -> None:
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path)})
    upgrade(places)
    log = open_log(places)
    log.append(drafts(3))
    with log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_delete"))
        connection.execute(text("DELETE FROM audit_record WHERE sequence = 3"))
    log.close()
    with pytest.raises(AuditError, match="record 3 is not in it"):
        open_log(places)


def test_a_database_without_the_table_or_of_a_later_form_is_refused(tmp_path: Path) -> None:
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path)})
    assert places.database is not None
    places.database.touch()
    engine = open_engine(places)
    with pytest.raises(AuditError, match="database upgrade"):
        require_current(engine, places)
    assert upgrade(places) == ("", REVISION)
    assert upgrade(places) == (REVISION, REVISION)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(AuditError, match="the spinecast version that upgraded it"):
        require_current(engine, places)
    engine.dispose()


def test_a_log_of_the_first_form_is_upgraded_with_its_records(log: AuditLog, tmp_path: Path) -> None:
    old = audit_places({"SPINECAST_AUDIT": str(tmp_path / "old")})
    assert old.database is not None
    old.database.parent.mkdir()
    old.database.touch(mode=0o600)
    engine = open_engine(old)
    with writing_transaction(engine) as connection:
        migrate(connection, "0001")
    with pytest.raises(AuditError, match=r"in the form 0001[\s\S]*spinecast database upgrade"):
        open_log(old)
    columns = [asdict(record) for record in log.append(drafts(3))]
    with engine.begin() as connection:
        connection.execute(insert(RECORDS), columns)
    engine.dispose()
    shutil.copy(log.places.key, old.key)
    shutil.copy(log.places.seal, old.seal)
    assert upgrade(old) == ("0001", REVISION)
    upgraded = open_log(old)
    assert verify(upgraded.records(), upgraded.seal()).records == 3
    upgraded.close()


def test_an_address_that_names_no_database_is_one_error_without_its_password() -> None:
    places = audit_places({"SPINECAST_DATABASE_URL": "postgresql://me:secret@127.0.0.1:9/nothing"})
    with pytest.raises(AuditError) as raised:
        upgrade(places)
    assert "secret" not in str(raised.value)
    assert "127.0.0.1" in str(raised.value)


def test_a_key_is_made_once_for_its_owner_alone_and_pseudonyms_hang_on_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "audit.key"
    key = read_or_make_key(path)
    assert read_or_make_key(path) == key
    assert path.stat().st_mode & 0o077 == 0
    assert key.pseudonym("4711") == key.pseudonym(" 4711 ")
    assert key.pseudonym("4711") != key.pseudonym("4712")
    assert key.pseudonym("Jos\u00e9") == key.pseudonym("Jose\u0301")  # the same letters, written otherwise
    assert key.pseudonym("4711") != AuditKey(bytes(32)).pseudonym("4711")
    assert "4711" not in key.pseudonym("4711")
    assert key.secret.hex() not in repr(key)
    path.chmod(0o644)
    with pytest.raises(AuditError, match="other users"):
        read_key(path)
    path.chmod(0o600)
    path.write_text("abc")
    with pytest.raises(AuditError, match="cannot be read"):
        read_key(path)


def test_pseudonyms_are_hmac_sha256_as_openssl_computes_it() -> None:
    def hmac(key: str, content: str) -> str:
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key}"],
            input=content.encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().split()[-1]

    secret = bytes(range(32))
    own = hmac(secret.hex(), "spinecast audit patient")
    assert AuditKey(secret).pseudonym("4711") == hmac(own, "4711")[:32]


def test_a_process_killed_while_it_records_leaves_a_whole_log(tmp_path: Path) -> None:
    """Every record a killed process said it had made is there, and the chain verifies."""
    code = (
        "from spinecast.audit.places import audit_places\n"
        "from spinecast.audit.database import upgrade\n"
        "from spinecast.audit.log import open_log\n"
        "from spinecast.audit.records import Draft\n"
        "places = audit_places(); upgrade(places); log = open_log(places)\n"
        "while True:\n"
        "    made = log.append([Draft('prediction', 'somebody', {'risk': 0.5})])\n"
        "    print(made[0].sequence, made[0].hash, flush=True)\n"
    )
    said: list[list[str]] = []
    environment = {"SPINECAST_AUDIT": str(tmp_path)}
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        ) as process:
            assert process.stdout is not None
            said += [process.stdout.readline().split() for _ in range(15)]
            process.kill()
            said += [line.split() for line in process.stdout if line.endswith("\n")]
    log = open_log(audit_places(environment))
    kept = {record.sequence: record.hash for record in log.records()}
    assert all(kept[int(sequence)] == found for sequence, found in said)
    verified = verify(log.records(), log.seal())
    assert verified.whole, verified
    assert verified.records >= 45
