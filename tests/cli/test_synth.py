"""``spinecast synth`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from cli.conftest import Run


def test_a_cohort_is_written_and_described(tmp_path: Path, here: Run) -> None:
    done = here(
        *("synth", "--cohort", "bilsky3_ambulation", "--patients", "60", "--site", "second_hospital", "--seed", "9"),
        *("--years", "2022-2023", "--set", "missingness.rates.motor_grade.rate=0.5", "-o", "out/a.csv", "--json"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["patients"], answer["site"], answer["seed"], answer["years"]) == (
        60,
        "second_hospital",
        9,
        [2022, 2023],
    )
    assert "SYNTHETIC" in answer["notice"]
    table = pd.read_csv(tmp_path / answer["table"])
    assert len(table) == 60
    assert set(table["treatment_year"]) == {2022, 2023}
    assert table["motor_grade"].isna().sum() > 15
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.csv", "a.truth.parquet", "a.mapping.yaml"}


def test_recipes_are_listed(tmp_path: Path, here: Run) -> None:
    done = here("synth", "--cohort", "list", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sorg" in done.stdout
    assert "blood_loss" in done.stdout
    listed = json.loads(here("synth", "--list", "--json", folder=tmp_path).stdout)
    assert {"recipe", "family", "title", "sites"} == set(listed[0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cohort", "sorgg", "-o", "a.csv"), "did you mean sorg?"),
        (("--cohort", "sorg"), "a file to write to"),
        (("-o", "a.csv"), "needs a recipe"),
        (("--cohort", "sorg", "--site", "tawan", "-o", "a.csv"), "did you mean taiwan?"),
        (("--cohort", "sorg", "--years", "2015-2010", "-o", "a.csv"), "are no calendar years"),
        (("--cohort", "sorg", "--years", "1950-2100", "-o", "a.csv"), "is too long"),
        (("--cohort", "sorg", "--set", "years.frst=2000", "-o", "a.csv"), "did you mean first?"),
        (("--cohort", "sorg", "-o", "a.xlsx"), "does not say how to write"),
        (("--cohort", "sorg", "--patients", "0", "-o", "a.csv"), "--patients"),
    ],
)
def test_a_mistake_ends_in_one_message_and_nothing_written(
    tmp_path: Path, here: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = here("synth", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
