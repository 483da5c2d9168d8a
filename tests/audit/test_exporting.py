"""An export, of all or of a part, is verified without the database, and says what it covers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinecast.audit import exporting
from spinecast.audit import log as log_module
from spinecast.audit.exporting import verify_export, write_export
from spinecast.audit.keys import AuditKey
from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft
from spinecast.audit.retention import erase_older
from spinecast.errors import AuditError


@pytest.fixture
def filled(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    """Six records from long ago."""
    with monkeypatch.context() as then:
        then.setattr(log_module, "now_text", lambda: "2020-01-01T00:00:00.000000Z")
        log.append([Draft("prediction", "somebody", {"risk": 0.2}, "model/1", "ab") for _ in range(6)])
    return log


def said(path: Path, key: AuditKey | None = None) -> dict[int, str]:
    return {one.record: one.what for one in verify_export(path, key).findings}


def test_all_of_a_log(filled: AuditLog, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert write_export(filled, "an auditor", path) == 7
    covers, *records = map(json.loads, path.read_text().splitlines())
    assert [record["sequence"] for record in records] == list(range(1, 8))
    assert (covers["covers"]["first"], covers["covers"]["last"], records[-1]["kind"]) == (1, 7, "export")
    found = verify_export(path)
    assert found.whole
    assert found.records == 7
    assert "covers records 1 to 7" in found.notes[0]
    assert "--key" in found.notes[1]
    assert verify_export(path, filled.key).notes == (found.notes[0],)


def test_a_part_of_a_log_with_what_was_erased_before_and_after(filled: AuditLog, tmp_path: Path) -> None:
    path = tmp_path / "part.jsonl"
    assert write_export(filled, "an auditor", path, first=3, last=5) == 3
    found = verify_export(path, filled.key)
    assert found.whole, found
    assert found.notes[0].startswith("covers records 3 to 5 of the log ")
    assert erase_older(filled, "an auditor", 30, "thirty days").erased == 6
    assert write_export(filled, "an auditor", path, first=3, last=5) == 3  # the erasure itself is not among them
    found = verify_export(path, filled.key)
    assert found.whole, found
    assert found.erased == 3
    assert write_export(filled, "an auditor", path, first=7, last=99) == 4  # to what there is


def test_one_record_alone(filled: AuditLog, tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    assert write_export(filled, "an auditor", path, first=4, last=4) == 1
    assert verify_export(path, filled.key).whole


@pytest.mark.parametrize(("first", "last"), [(99, None), (3, 2)])
def test_a_part_that_is_not_there(filled: AuditLog, tmp_path: Path, first: int, last: int | None) -> None:
    with pytest.raises(AuditError, match="there are no records"):
        write_export(filled, "an auditor", tmp_path / "part.jsonl", first, last)
    assert not (tmp_path / "part.jsonl").exists()
    assert filled.count() == 6


def test_whatever_is_done_to_the_file_is_found(filled: AuditLog, tmp_path: Path) -> None:
    path = tmp_path / "part.jsonl"
    write_export(filled, "an auditor", path, first=2, last=5)
    lines = path.read_text().splitlines()

    def with_lines(*changed: str) -> dict[int, str]:
        path.write_text("\n".join(changed))
        return said(path, filled.key)

    edited = lines[2].replace('\\"risk\\":0.2', '\\"risk\\":0.3')
    assert edited != lines[2]
    assert with_lines(lines[0], lines[1], edited, *lines[3:]) == {3: "the content of record 3 was edited"}
    blank = json.dumps(json.loads(lines[2]) | {"content": None, "subject": None})
    assert "no erasure" in with_lines(lines[0], lines[1], blank, *lines[3:])[3]
    assert with_lines(lines[0], *lines[2:]) == {2: "record 2 is missing"}
    assert with_lines(*lines[:-1]) == {5: "record 5 is cut off at the end"}
    assert with_lines(lines[0], lines[2], lines[1], *lines[3:])
    shorter = json.loads(lines[0])["covers"] | {"last": 4, "hash": json.loads(lines[3])["hash"]}
    assert with_lines(json.dumps({"covers": shorter}), *lines[1:4]) == {
        2: "what it covers was not signed with this key"
    }
    assert said(path, None) == {}  # who has no key cannot tell, and is told so


RECORD = {
    "sequence": 1,
    "recorded_at": "",
    "kind": "",
    "actor": "",
    "model": "",
    "subject": None,
    "content": None,
    "content_hash": "",
    "previous_hash": "",
    "hash": "",
}


@pytest.mark.parametrize(
    "line",
    [
        "5",
        "null",
        "[]",
        '"text"',
        "not JSON",
        "{}",
        "[" * 5000,
        json.dumps(RECORD | {"sequence": "one"}),
        json.dumps(RECORD | {"sequence": True}),
        json.dumps(RECORD | {"content": 5}),
        json.dumps(RECORD | {"hash": None}),
        json.dumps(RECORD | {"more": 1}),
        json.dumps(RECORD | {"subject": ["x"]}),
    ],
)
def test_a_line_that_is_none_is_one_error_that_names_it(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log.jsonl"
    covers = json.dumps({"covers": {"log": "", "first": 1, "last": 1, "hash": "", "erased": [], "mac": ""}})
    path.write_text(f"{covers}\n{line}\n")
    with pytest.raises(AuditError, match="line 2 is no record"):
        verify_export(path)
    path.write_text(f"{line}\n")
    with pytest.raises(AuditError, match="line 1 does not say what the export covers"):
        verify_export(path)


@pytest.mark.parametrize(
    "changed", [{"first": "1"}, {"erased": [[1]]}, {"erased": 5}, {"log": 5}, {"erased": [["a", 2]]}]
)
def test_a_first_line_that_is_none(tmp_path: Path, changed: dict[str, object]) -> None:
    path = tmp_path / "log.jsonl"
    covers = {"log": "", "first": 1, "last": 1, "hash": "", "erased": [], "mac": ""} | changed
    path.write_text(json.dumps({"covers": covers}))
    with pytest.raises(AuditError, match="line 1 does not say"):
        verify_export(path)


def test_half_of_a_character_in_a_text_is_an_edit_and_no_accident(filled: AuditLog, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_export(filled, "an auditor", path, last=2)
    lines = path.read_text().splitlines()
    for column in ("actor", "content"):
        changed = json.dumps(json.loads(lines[1]) | {column: "\ud800"})
        path.write_text("\n".join([lines[0], changed, lines[2]]))
        assert 1 in said(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be read"):
        verify_export(tmp_path / "nothing")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(AuditError, match="cannot be read"):
        verify_export(tmp_path / "bytes")
    (tmp_path / "empty").touch()
    with pytest.raises(AuditError, match="line 1"):
        verify_export(tmp_path / "empty")


def test_a_row_that_is_none_is_not_exported_and_nothing_is_left(
    filled: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting.Record, "misshapen", lambda self: self.sequence == 4)
    with pytest.raises(AuditError, match="record 4 holds what no record holds"):
        write_export(filled, "an auditor", tmp_path / "log.jsonl")
    assert list(tmp_path.glob("*.jsonl*")) == []
