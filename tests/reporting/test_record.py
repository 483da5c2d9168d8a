from __future__ import annotations

from pathlib import Path

import pytest

from spinecast.errors import ArtifactError
from spinecast.reporting import RunRecord

FILES = ("study.yaml", "cohort.json", "evaluation.json", "tuning.json", "explanation.json", "run.json")
OPTIONAL = "internal.json"


def test_what_is_saved_is_what_is_loaded(record: RunRecord, tmp_path: Path) -> None:
    record.save(tmp_path / "record")
    assert RunRecord.load(tmp_path / "record") == record


def test_the_study_is_kept_byte_for_byte(record: RunRecord, tmp_path: Path) -> None:
    record.save(tmp_path)
    assert (tmp_path / "study.yaml").read_text(encoding="utf-8") == record.study_yaml


def test_the_folder_holds_exactly_its_files_and_keeps_others(record: RunRecord, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    record.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, OPTIONAL, "report.html"}


def test_a_record_from_before_internal_validation_is_read(record: RunRecord, tmp_path: Path) -> None:
    record.save(tmp_path)
    (tmp_path / OPTIONAL).unlink()
    found = RunRecord.load(tmp_path)
    assert found.internal == {"absent": "not part of this record"}
    found.save(tmp_path)
    assert not (tmp_path / OPTIONAL).exists()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(record: RunRecord, tmp_path: Path, name: str) -> None:
    record.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ArtifactError, match=name) as caught:
        RunRecord.load(tmp_path)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("run.json", b"{", "not JSON"),
        ("run.json", b'{"run_key": NaN}', "NaN"),
        ("run.json", b"[]", "no object"),
        ("run.json", b"{}", "run_key"),
        ("run.json", b"\xff\xfe", "cannot be read"),
        ("cohort.json", b'{"name": "c", "kind": "imagined", "patients": 3}', "imagined"),
        ("study.yaml", b"a: [", "not YAML"),
        ("study.yaml", b"just words", "no study"),
        ("study.yaml", b"!!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_an_unreadable_file_is_refused_with_the_reason(
    record: RunRecord, tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    record.save(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=problem):
        RunRecord.load(tmp_path)


def test_a_nan_is_refused_before_anything_is_written(record: RunRecord, tmp_path: Path) -> None:
    record.run["timings"]["fit_seconds"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        record.save(tmp_path / "record")
    assert not (tmp_path / "record").exists()


@pytest.mark.parametrize(("kind", "expected"), [("real", False), ("synthetic", True), (None, True)])
def test_only_a_cohort_said_to_be_real_is_real(record: RunRecord, kind: str | None, expected: bool) -> None:
    record.cohort["kind"] = kind
    assert record.is_synthetic is expected
