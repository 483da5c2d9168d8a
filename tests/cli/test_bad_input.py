"""Bad input gets one clear message and status 2: no traceback, nothing half-written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated

from spinecast.cli import main

Change = Callable[[pd.DataFrame], pd.DataFrame]


def text_in_a_number(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(sodium=table["sodium"].astype(object).where(table.index != 7, "high"))


def albumin_in_the_wrong_unit(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(albumin=table["albumin"].where(table.index != 3, 37.0))


def same_patient_twice(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[4]]])


def nobody(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:0]


def nobody_dies(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(died="absent", days=300)


def seven_die(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(died=np.where(table.index < 7, "present", "absent"), days=np.where(table.index < 7, 30, 300))


TABLES: list[tuple[Change, tuple[str, ...]]] = [
    (text_in_a_number, ("sodium", "high")),
    (albumin_in_the_wrong_unit, ("albumin", "37", "g/dL", "g/L")),
    (same_patient_twice, ("duplicated",)),
    (nobody, ("no patient",)),
    (nobody_dies, ("no patient has the outcome",)),
    (seven_die, ("7 patients",)),
]

STUDIES = [
    ("column: albumin,", "column: albumen,", ("albumen", "albumin")),
    ("unit: g/dL", "unit: mmHg", ("albumin", "mmHg", "g/dL")),
    ("horizon_days: 90", "horizon_days: 4000", ("4000",)),
    ("path: patients.csv", "path: nowhere.csv", ("nowhere.csv",)),
    ("predictors: [age,", "predictors: [death, age,", ("death",)),
    ("outer_folds: 3", "outer_fold: 3", ("outer_fold", "outer_folds", "study.yaml:")),
]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path / "mlruns"))

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["spinecast", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.err + captured.out

    return run


def assert_one_clear_message(status: int, message: str, words: tuple[str, ...]) -> None:
    assert status == 2, message
    assert "Traceback" not in message
    assert "defect" not in message
    for word in words:
        assert word in message, message


def assert_nothing_half_written(folder: Path) -> None:
    assert not (folder / "output" / "simulated_mortality").exists()
    assert not (folder / "mlruns" / "mlflow.db").exists()
    assert not list((folder / "output").glob(".*/*/*/*.jsonl"))


@pytest.mark.parametrize(("change", "words"), TABLES, ids=[change.__name__ for change, _ in TABLES])
def test_a_table_that_cannot_be_used(
    tmp_path: Path, command: Callable[..., tuple[int, str]], change: Change, words: tuple[str, ...]
) -> None:
    simulated.write_study(tmp_path, change(simulated.patients()))
    status, message = command("train", "study.yaml")
    assert_one_clear_message(status, message, words)
    assert_nothing_half_written(tmp_path)


@pytest.mark.parametrize(("right", "wrong", "words"), STUDIES, ids=[wrong for _, wrong, _ in STUDIES])
def test_a_study_that_cannot_be_used(
    tmp_path: Path, command: Callable[..., tuple[int, str]], right: str, wrong: str, words: tuple[str, ...]
) -> None:
    assert right in simulated.STUDY
    simulated.write_study(tmp_path, text=simulated.STUDY.replace(right, wrong))
    status, message = command("train", "study.yaml")
    assert_one_clear_message(status, message, words)
    assert_nothing_half_written(tmp_path)


def test_refused_values_are_written_to_one_table(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    table = albumin_in_the_wrong_unit(text_in_a_number(simulated.patients()))
    simulated.write_study(tmp_path, table)
    status, message = command("train", "study.yaml")
    assert status == 2
    assert "rejections.csv" in message
    listed = pd.read_csv(tmp_path / "output" / "simulated_mortality.rejections.csv", dtype=str)
    assert {"row", "column", "value", "rule"} <= set(listed.columns)
    assert set(listed["column"]) == {"albumin", "sodium"}
    assert set(listed["value"]) == {"37", "37.0", "high"} & set(listed["value"])
    assert len(listed) == 2


def test_a_missing_study_file(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    status, message = command("train", "no_such.yaml")
    assert_one_clear_message(status, message, ("no_such.yaml",))
    assert not list(tmp_path.iterdir())


def test_an_output_that_cannot_be_written(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    simulated.write_study(tmp_path)
    (tmp_path / "occupied").write_text("a file, not a folder")
    status, message = command("train", "study.yaml", "--output", "occupied/run")
    assert_one_clear_message(status, message, ("occupied", "cannot be written"))
    if os.geteuid() != 0:  # root may write anywhere
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o555)
        status, message = command("train", "study.yaml", "--output", "locked/run")
        assert_one_clear_message(status, message, ("locked", "cannot be written"))


def test_an_output_folder_of_somebody_else_is_not_replaced(
    tmp_path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    simulated.write_study(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    status, message = command("train", "study.yaml", "--output", "mine")
    assert_one_clear_message(status, message, ("did not write",))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_the_folder_one_works_in_is_no_output(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    simulated.write_study(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    status, message = command("train", "study.yaml", "--output", ".")
    assert_one_clear_message(status, message, ("the folder this command runs in", "--output"))
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not list(tmp_path.parent.glob(f".{tmp_path.name}.*"))


def test_results_of_another_study_are_not_replaced(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    simulated.write_study(tmp_path)
    theirs = tmp_path / "theirs"
    (theirs / "record").mkdir(parents=True)
    (theirs / "record" / "run.json").write_text('{"study": "another_one"}')
    status, message = command("train", "study.yaml", "--output", "theirs")
    assert_one_clear_message(status, message, ("another study, another_one", "name another folder with --output"))
    assert [path.name for path in theirs.rglob("*")] == ["record", "run.json"]
    assert not list(tmp_path.glob(".*"))


def test_a_check_says_that_the_table_is_not_there(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    study = simulated.write_study(tmp_path)
    status, message = command("study", "check", "study.yaml")
    assert (status, "note:" in message) == (0, False)
    (tmp_path / "patients.csv").rename(tmp_path / "patient.csv")
    status, message = command("study", "check", str(study))
    assert status == 0
    assert f"note: the table {tmp_path / 'patients.csv'} is not there" in message
    assert "did you mean patient.csv?" in message


def test_a_wrong_option_is_one_line_of_usage(command: Callable[..., tuple[int, str]]) -> None:
    status, message = command("train", "--colour", "blue")
    assert_one_clear_message(status, message, ("--colour",))


def test_a_wrong_override_names_the_nearest_key(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    simulated.write_study(tmp_path)
    status, message = command("train", "study.yaml", "--set", "tuning.trails=5")
    assert_one_clear_message(status, message, ("tuning.trails", "trials"))


def test_a_defect_is_not_a_traceback_on_the_screen(
    tmp_path: Path, command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("spinecast.training.study.file.load_study", lambda *_: 1 / 0)
    status, message = command("train", "study.yaml")
    assert status == 70
    assert "a defect of spinecast" in message
    assert "Traceback" not in message
    assert "ZeroDivisionError" in next(tmp_path.glob("spinecast-defect-*.txt")).read_text()
