"""``spinecast cohort describe`` and ``match``: what they write, what they print and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli.conftest import Run

from spinecast.cli import main
from spinecast.notices import RESEARCH_USE, SYNTHETIC

Command = Callable[..., tuple[int, str, str]]
MATCH = ("--treatment", "revision_surgery", "--on", "age,albumin,primary_tumour", "-o", "out.csv")


def patients(count: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(7)
    age = random.normal(62, 10, count).clip(20, 99)
    treated = random.random(count) < 1 / (1 + np.exp(1 - 0.06 * (age - 62)))
    return pd.DataFrame(
        {
            "patient_id": [f"identifier-{number}" for number in range(count)],
            "site": random.choice(["north", "south"], count),
            "age": age.round(1),
            "albumin": np.where(random.random(count) < 0.2, np.nan, random.normal(3.4, 0.5, count).round(1)),
            "primary_tumour": random.choice(["lung", "breast", "prostate"], count),
            "revision_surgery": np.where(treated, "present", "absent"),
            "follow_up_time": random.exponential(200, count).round() + 1,
            "death": random.choice([0, 1], count),
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    patients().to_csv(tmp_path / "p.csv", index=False)
    return tmp_path


@pytest.fixture
def command(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process: its status, what it printed and what it said."""
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["spinecast", "cohort", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_describe_writes_a_page_a_table_and_one_json_document(folder: Path, here: Run) -> None:
    arguments = ("cohort", "describe", "p.csv", "--by", "site", "-o", "page.html", "--csv", "one.csv", "--json")
    done = here(*arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["notices"] == [RESEARCH_USE]
    assert [group["group"] for group in content["groups"]] == ["north", "south"]
    assert content["smallest_count_shown"] == 5
    assert sorted(path.name for path in folder.iterdir()) == ["one.csv", "p.csv", "page.html"]
    page = (folder / "page.html").read_text()
    assert RESEARCH_USE in page
    assert "identifier-" not in page + done.stdout + (folder / "one.csv").read_text()
    table = pd.read_csv(folder / "one.csv")
    assert set(table["variable"]) == set(patients().columns) - {"patient_id", "site"}


def test_describe_prints_the_table_and_leaves_no_file(folder: Path, command: Command) -> None:
    status, out, err = command("describe", "p.csv", "--by", "outcome", "--horizon", "90", "--variables", "age,albumin")
    assert (status, err) == (0, "reading p.csv\ndescribing 400 patients\n")
    assert out.startswith(RESEARCH_USE)
    assert "Alive at day 90 (n = " in out
    assert "Not known (n = " in out
    assert "richer in deaths" in out
    assert "Primary tumour" not in out
    assert [path.name for path in folder.iterdir()] == ["p.csv"]


def test_suppress_is_the_users_choice(command: Command) -> None:
    _, plain, _ = command("describe", "p.csv", "--variables", "death", "--suppress", "0", "--json")
    _, hidden, _ = command("describe", "p.csv", "--variables", "death", "--suppress", "1000", "--json")
    assert json.loads(plain)["table_one"][0]["levels"][0]["cells"][0]["count"] == int(patients()["death"].sum())
    assert json.loads(hidden)["table_one"][0]["levels"][0]["cells"][0] == {"hidden": "<1000"}


def test_match_writes_the_matched_patients_and_a_page_without_them(folder: Path, here: Run) -> None:
    done = here("cohort", "match", "p.csv", *MATCH, "--page", "page.html", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    written = pd.read_csv(folder / "out.csv")
    assert (written["matched_role"] == "treated").sum() == content["treated_matched"]
    assert set(written["patient_id"]) <= set(patients()["patient_id"])
    assert not written["patient_id"].duplicated().any()
    page = (folder / "page.html").read_text()
    assert "identifier-" not in page + done.stdout + done.stderr
    assert RESEARCH_USE in page
    assert sorted(path.name for path in folder.iterdir()) == ["out.csv", "p.csv", "page.html"]


def test_what_is_matched_can_be_described(command: Command) -> None:
    assert command("match", "p.csv", *MATCH)[0] == 0
    status, out, _ = command("describe", "out.csv", "--by", "revision_surgery", "--variables", "age", "--json")
    assert status == 0
    entry = json.loads(out)["table_one"][0]
    assert abs(entry["standardised_difference"]) < 0.1


def test_a_second_run_writes_the_same_bytes(folder: Path, command: Command) -> None:
    arguments = ("match", "p.csv", *MATCH, "--page", "page.html", "--seed", "3")
    command(*arguments)
    first = [(folder / name).read_bytes() for name in ("out.csv", "page.html")]
    command(*arguments)
    assert [(folder / name).read_bytes() for name in ("out.csv", "page.html")] == first


def test_synthetic_patients_are_called_so_everywhere(folder: Path, command: Command) -> None:
    patients().assign(spinecast_synthetic="SYNTHETIC 0123456789ab").to_csv(folder / "p.csv", index=False)
    status, out, _ = command("describe", "p.csv", "-o", "page.html", "--csv", "one.csv")
    assert status == 0
    assert SYNTHETIC in out
    page = (folder / "page.html").read_text()
    assert SYNTHETIC in page
    assert "SYNTHETIC 0123456789ab" in page
    assert pd.read_csv(folder / "one.csv")["notice"].str.endswith(f"{SYNTHETIC} SYNTHETIC 0123456789ab").all()
    status, out, _ = command("match", "p.csv", *MATCH, "--page", "page.html")
    assert status == 0
    assert SYNTHETIC in out
    assert SYNTHETIC in (folder / "page.html").read_text()
    assert set(pd.read_csv(folder / "out.csv")["spinecast_synthetic"]) == {"SYNTHETIC 0123456789ab"}


def test_support_is_there_by_name(command: Command) -> None:
    pytest.importorskip("SurvSet")
    status, out, _ = command("describe", "support:metastatic", "--by", "sex", "--variables", "age,albumin", "--json")
    assert status == 0
    assert json.loads(out)["patients"] == 1858
    status, out, _ = command(
        "match", "support:metastatic", "--treatment", "diabetes", "--on", "age,sex", "-o", "o.parquet", "--json"
    )
    assert json.loads(out)["treated_matched"] == 188


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("describe", "nowhere.csv"), "does not exist"),
        (("describe", "support:metastasis"), "one of all, metastatic, lung, colon"),
        (("describe", "p.csv", "--by", "sight"), "did you mean site?"),
        (("describe", "p.csv", "--by", "age"), "no levels to group by"),
        (("describe", "p.csv", "--horizon", "90"), "--by outcome --horizon DAYS"),
        (("describe", "p.csv", "--by", "outcome", "--horizon", "9000"), "lies past the follow-up"),
        (("describe", "p.csv", "--variables", "albumen"), "did you mean albumin?"),
        (("describe", "p.csv", "--variables", ","), "names no variable"),
        (("describe", "p.csv", "--by", "death", "--variables", "death"), "nothing is left to describe"),
        (("describe", "p.csv", "--variables", "bilsky_grade"), "no column 'bilsky_grade'"),
        (("describe", "p.csv", "--impossible", "set_mising"), "did you mean set_missing?"),
        (("describe", "p.csv", "--csv", "p.csv"), "is a file that is read"),
        (("describe", "p.csv", "--csv", "table.xlsx"), "ends in .csv"),
        (("describe", "p.csv", "-o", "page.pdf"), "ends in .html"),
        (("describe", "p.csv", "-o", "p.csv/page.html"), "cannot be written"),
        (("match", "p.csv", "--treatment", "primary_tumour", "--on", "age", "-o", "o.csv"), "primary_tumour=LEVEL"),
        (("match", "p.csv", "--treatment", "sex", "--on", "age", "-o", "o.csv"), "which level of sex"),
        (("match", "p.csv", "--treatment", "diabetes", "--on", "age", "-o", "o.csv"), "no column 'diabetes'"),
        (("match", "p.csv", "--treatment", "revision_surgery", "--on", "agee", "-o", "o.csv"), "did you mean age?"),
        (("match", "p.csv", "--treatment", "revision_surgery", "--on", "age", "-o", "o.txt"), ".csv or .parquet"),
        (("match", "p.csv", "--treatment", "revision_surgery", "--on", "age", "-o", "p.csv"), "is a file that is read"),
        (("match", "p.csv", *MATCH, "--caliper", "0"), "caliper of 0 allows no pair"),
        (("match", "p.csv", *MATCH, "--ratio", "40"), "asks for more controls"),
        (("match", "p.csv", *MATCH, "--ratio", "0"), "1 or more"),
        (("match", "p.csv", *MATCH, "--exact", "revision_surgery"), "is the treatment itself"),
        (("match", "p.csv", *MATCH, "--page", "out.csv"), "ends in .html"),
    ],
)
def test_a_request_that_cannot_be_met(arguments: tuple[str, ...], message: str, folder: Path, command: Command) -> None:
    status, out, err = command(*arguments)
    assert status == 2, err
    assert message in err
    assert "Traceback" not in err
    assert "defect" not in err
    assert out == ""
    assert [path.name for path in folder.iterdir()] == ["p.csv"]


def test_an_impossible_value_is_refused_or_counted(folder: Path, command: Command) -> None:
    patients().assign(albumin=lambda t: t["albumin"].where(t.index != 3, 37.0)).to_csv(folder / "p.csv", index=False)
    status, _, err = command("describe", "p.csv")
    assert status == 2
    assert "g/L" in err
    assert "--impossible set_missing" in err
    status, out, _ = command("describe", "p.csv", "--impossible", "set_missing", "--json")
    assert status == 0
    assert json.loads(out)["rejections"][0]["count"] == 1
