"""Files written whole or not at all, and one clear message when they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinecast.errors import OutputError
from spinecast.files import atomic_write, ensure_replaceable_directory, restore_directory, staged_directory, writing


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def filled(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "content.txt").write_text(text)
    return folder


def refuse_moving(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the system refuse to rename one folder, as it does a mount point."""
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.name == name:
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)


def test_a_folder_takes_its_place_at_once(tmp_path: Path) -> None:
    target = filled(tmp_path / "results", "old")
    with staged_directory(target) as staging:
        (staging / "content.txt").write_text("new")
        assert (target / "content.txt").read_text() == "old"
    assert (target / "content.txt").read_text() == "new"
    assert names(tmp_path) == ["results"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = filled(tmp_path / "results", "old")

    def fail() -> None:
        with staged_directory(target) as staging:
            (staging / "content.txt").write_text("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (target / "content.txt").read_text() == "old"
    assert names(tmp_path) == ["results"]


@pytest.mark.parametrize("immovable", ["results", ".results.staging"])
def test_a_folder_that_cannot_be_moved_into_place_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, immovable: str
) -> None:
    target = filled(tmp_path / "results", "old")
    refuse_moving(monkeypatch, immovable)
    with (
        pytest.raises(OutputError, match="results cannot be written: Device or resource busy"),
        staged_directory(target),
    ):
        pass
    assert (target / "content.txt").read_text() == "old"
    assert names(tmp_path) == ["results"]


def test_a_relative_name_means_the_folder_it_leads_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "results", "old")
    (tmp_path / "results" / "inside").mkdir()
    (tmp_path / "link").symlink_to("results")
    monkeypatch.chdir(tmp_path)
    for named in ("results/inside/..", "link"):
        with staged_directory(Path(named)) as staging:
            (staging / "content.txt").write_text(named)
            (staging / "inside").mkdir()
        assert (tmp_path / "results" / "content.txt").read_text() == named
    assert names(tmp_path) == ["link", "results"]
    assert (tmp_path / "link").is_symlink()


def test_what_a_kill_left_aside_is_put_back(tmp_path: Path) -> None:
    filled(tmp_path / ".results.retired", "old")
    filled(tmp_path / ".results.staging", "half")
    restore_directory(tmp_path / "results")
    assert (tmp_path / "results" / "content.txt").read_text() == "old"
    with pytest.raises(RuntimeError), staged_directory(tmp_path / "results"):
        raise RuntimeError
    assert names(tmp_path) == ["results"]


def test_whether_a_folder_can_be_replaced_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = filled(tmp_path / "results", "old")
    ensure_replaceable_directory(target)
    ensure_replaceable_directory(tmp_path / "new")
    assert (target / "content.txt").read_text() == "old"
    assert names(tmp_path) == ["results"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file cannot be written"):
        ensure_replaceable_directory(tmp_path / "file")
    refuse_moving(monkeypatch, "results")
    with pytest.raises(OutputError, match="cannot be replaced: Device or resource busy"):
        ensure_replaceable_directory(target)
    assert (target / "content.txt").read_text() == "old"


@pytest.mark.parametrize("step", ["fsync", "mkstemp"])
def test_a_full_disk_is_one_clear_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "kept.txt").write_text("old")
    monkeypatch.setattr("os.fsync" if step == "fsync" else "tempfile.mkstemp", full)
    with pytest.raises(OutputError, match=r"kept\.txt cannot be written: No space left on device") as caught:
        atomic_write(tmp_path / "kept.txt", "new")
    assert "make room" in str(caught.value.remedy)
    assert (tmp_path / "kept.txt").read_text() == "old"
    assert names(tmp_path) == ["kept.txt"]


def test_only_what_the_system_refuses_is_called_an_error_of_writing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Is a directory"), writing(tmp_path):
        tmp_path.write_text("")
    with pytest.raises(ValueError, match="nothing to do with it"), writing(tmp_path):
        raise ValueError("nothing to do with it")
    assert names(tmp_path) == []


def test_what_a_kill_left_aside_outlives_a_next_try_that_fails(tmp_path: Path) -> None:
    filled(tmp_path / ".results.retired", "old")
    with pytest.raises(RuntimeError, match="no room"), staged_directory(tmp_path / "results"):
        raise RuntimeError("no room")
    assert (tmp_path / "results" / "content.txt").read_text() == "old"
    assert names(tmp_path) == ["results"]
