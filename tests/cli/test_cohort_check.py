"""``spinecast cohort check`` as a data manager runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import simulated

from spinecast.cli import main

Command = Callable[..., tuple[int, str, str]]

MAPPING = """\
id_column: patient
columns:
  follow_up_time: {column: days, unit: days}
  death: {column: died}
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["spinecast", "cohort", "check", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def files(tmp_path: Path) -> pd.DataFrame:
    table = simulated.patients()
    table.to_csv(tmp_path / "cohort.csv", index=False)
    (tmp_path / "map.yaml").write_text(MAPPING)
    return table


@pytest.mark.usefixtures("files")
def test_a_file_without_errors_ends_with_status_0(command: Command) -> None:
    status, out, err = command("cohort.csv", "--mapping", "map.yaml")
    assert status == 0, out + err
    assert "0 errors" in out
    assert "Research use only" in out
    assert "reading cohort.csv" in err


def test_errors_in_the_data_end_with_status_2_and_the_list(
    command: Command, files: pd.DataFrame, tmp_path: Path
) -> None:
    files.assign(albumin=37.0).to_csv(tmp_path / "cohort.csv", index=False)
    status, out, err = command("cohort.csv", "--mapping", "map.yaml", "--output", "pages/page.html")
    assert status == 2
    assert "CC010" in out
    assert "g/L" in out
    assert "error: the data of cohort.csv have errors" in err
    assert "Traceback" not in out + err
    assert "CC010" in (tmp_path / "pages" / "page.html").read_text()


def test_json_is_one_document_and_nothing_else(command: Command, files: pd.DataFrame) -> None:
    status, out, _ = command("cohort.csv", "--mapping", "map.yaml", "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["kind"] == "cohort check"
    assert answer["summary"]["errors"] == 0
    assert not any(identifier in out for identifier in files["patient"].head(20))


def test_without_a_mapping_one_is_proposed_and_nothing_is_read_by_it(
    command: Command, files: pd.DataFrame, tmp_path: Path
) -> None:
    files.rename(columns={"albumin": "Albumin (g/dL)"}).to_csv(tmp_path / "cohort.csv", index=False)
    status, out, _ = command("cohort.csv")
    assert status == 0
    assert 'albumin: {column: "Albumin (g/dL)", unit: "g/dL"}' in out
    assert 'id_column: "patient"' in out
    assert not (tmp_path / "map.proposed.yaml").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.csv", "map.yaml"]


def test_two_files_with_the_same_people(command: Command, files: pd.DataFrame, tmp_path: Path) -> None:
    files.sample(80, random_state=1).assign(patient=range(80)).to_csv(tmp_path / "other.csv", index=False)
    status, out, _ = command(
        "cohort.csv", "--mapping", "map.yaml", "--against", "other.csv", "--against-mapping", "map.yaml"
    )
    assert status == 2
    assert "CC082" in out
    assert "other.csv is made from cohort.csv" in " ".join(out.split())


BAD = [
    (("nowhere.csv",), ("nowhere.csv", "does not exist")),
    (("cohort.csv", "--mapping", "nowhere.yaml"), ("nowhere.yaml",)),
    (("cohort.csv", "--mapping", "wrong.yaml"), ("wrong.yaml:3", "albumen", "albumin")),
    (("cohort.csv", "--against-mapping", "map.yaml"), ("--against OTHER",)),
    (("cohort.csv", "--output", "page.txt"), ("page.txt", ".html")),
    (("cohort.csv", "--output", "cohort.csv"), ("cohort.csv", ".html")),
    (("cohort.csv", "--output", "map.yaml/page.html"), ("map.yaml", "cannot be written")),
    (("cohort.csv", "--colour"), ("--colour",)),
    (("semicolons.csv",), ("semicolons.csv", "not separated by")),
    (("binary.csv",), ("binary.csv", "cannot be read")),
    (("not.parquet",), ("not.parquet", "Parquet")),
]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_one_clear_message_and_nothing_written(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "wrong.yaml").write_text(MAPPING.replace("follow_up_time:", "albumen:"))
    (tmp_path / "semicolons.csv").write_text("a;b\n1;2\n")
    (tmp_path / "binary.csv").write_bytes(b"a,b\n\xff\xfe\x00\x01,2\n")
    (tmp_path / "not.parquet").write_bytes(b"PAR0 is no such file")
    before = sorted(path.name for path in tmp_path.iterdir())
    status, out, err = command(*arguments)
    assert status == 2, out + err
    assert "Traceback" not in err
    assert "defect" not in err
    for word in words:
        assert word in err, err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.usefixtures("files")
def test_a_page_that_stood_there_stays_when_the_input_cannot_be_used(command: Command, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("yesterday's")
    status, _, _ = command("nowhere.csv", "--output", "page.html")
    assert status == 2
    assert (tmp_path / "page.html").read_text() == "yesterday's"


def test_help_says_what_the_statuses_mean(command: Command) -> None:
    status, out, _ = command("--help")
    assert status == 0
    assert "Status 0" in " ".join(out.split())
