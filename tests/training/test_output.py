"""Where results may go: never over what spinecast did not write, and never over another study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinecast.errors import OutputError
from spinecast.training.output import require_own_output, require_place


def earlier_run(folder: Path, study: str = "mine") -> Path:
    for name in ("model", "record"):
        (folder / name).mkdir(parents=True)
    (folder / "record" / "run.json").write_text(json.dumps({"study": study, "run_key": "k"}))
    for name in ("report.html", "out_of_fold.csv"):
        (folder / name).write_text("of a run")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("more", [(), ("rejections.csv",), ("report.pdf",), (".DS_Store",)])
def test_an_earlier_run_of_the_same_study_may_be_replaced(tmp_path: Path, more: tuple[str, ...]) -> None:
    folder = earlier_run(tmp_path / "results")
    for name in more:
        (folder / name).write_text("")
    before = content(tmp_path)
    require_own_output(folder, "mine")
    assert content(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize("empty", [(), (".DS_Store",)])
def test_an_empty_folder_and_none_at_all_will_do(tmp_path: Path, empty: tuple[str, ...]) -> None:
    require_own_output(tmp_path / "none", "mine")
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").mkdir()
    for name in empty:
        (tmp_path / "empty" / name).write_text("")
    require_own_output(tmp_path / "empty", "mine")


@pytest.mark.parametrize("own", ["thesis.txt", "figures/mine.svg", ".git/config"])
def test_a_file_of_the_users_is_kept_beside_results_too(tmp_path: Path, own: str) -> None:
    folder = earlier_run(tmp_path / "results")
    (folder / own).parent.mkdir(exist_ok=True)
    (folder / own).write_text("years of work")
    before = content(tmp_path)
    with pytest.raises(OutputError, match="holds what spinecast did not write") as caught:
        require_own_output(folder, "mine")
    assert own.partition("/")[0] in caught.value.what
    assert "name another folder with --output" in str(caught.value)
    assert content(tmp_path) == before


def test_results_of_another_study_are_kept(tmp_path: Path) -> None:
    folder = earlier_run(tmp_path / "results", study="theirs")
    before = content(tmp_path)
    with pytest.raises(OutputError, match="the results of another study, theirs") as caught:
        require_own_output(folder, "mine")
    assert caught.value.remedy == "name another folder with --output"
    assert content(tmp_path) == before


@pytest.mark.parametrize("written", ["", "[]", '{"study": 3}', "{"])
def test_results_nobody_can_place_are_kept(tmp_path: Path, written: str) -> None:
    folder = earlier_run(tmp_path / "results")
    (folder / "record" / "run.json").write_text(written)
    with pytest.raises(OutputError, match="whose study cannot be told"):
        require_own_output(folder, "mine")
    (folder / "record" / "run.json").unlink()
    with pytest.raises(OutputError, match="whose study cannot be told"):
        require_own_output(folder, "mine")


def test_results_left_aside_by_a_kill_are_judged_too(tmp_path: Path) -> None:
    aside = earlier_run(tmp_path / ".results.retired", study="theirs")
    with pytest.raises(OutputError, match="another study"):
        require_own_output(tmp_path / "results", "mine")
    assert not aside.exists()
    assert (tmp_path / "results" / "record" / "run.json").is_file()


@pytest.mark.parametrize("named", [".", "../work", "..", "inside/.."])
def test_the_folder_one_works_in_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    (tmp_path / "work" / "inside").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(OutputError, match="the folder this command runs in"):
        require_place(Path(named))
    require_place(Path("inside"))
    require_place(Path("../other"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inside", "work"]


def test_a_folder_that_cannot_be_moved_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = earlier_run(tmp_path / "results")

    def busy(*_: Path) -> Path:  # as the system answers for a mount point
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(OutputError, match="cannot be replaced: Device or resource busy") as caught:
        require_own_output(folder, "mine")
    assert caught.value.remedy == "name a folder inside it with --output"
    assert (folder / "report.html").is_file()
