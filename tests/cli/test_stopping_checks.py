"""Checks whose errors stop a command: one message with the code, status 2, nothing left behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated
from cli.conftest import Run, TrainedStudy

DATED = simulated.STUDY.replace(
    "    synthetic: true\n",
    "    synthetic: true\n    date_columns: {index: surgery}\n    measured_on: {albumin: albumin_day}\n",
)


def stopped(done: subprocess.CompletedProcess[str], code: str) -> str:
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("error: ") == 1
    assert f"stopped by a check: {code}" in done.stderr
    assert f"spinecast checks show {code}" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def test_a_predictor_that_is_the_outcome_stops_training_before_any_fit(here: Run, tmp_path: Path) -> None:
    table = simulated.patients()
    dead = (table["died"] == "present") & (table["days"] <= 90)
    simulated.write_study(tmp_path, table.assign(sodium=np.where(dead, 120.0, 140.0)))
    done = here("train", "study.yaml", folder=tmp_path)
    assert "sodium ranks patients with and without the event with an AUC of 1.000" in stopped(done, "SC007")
    assert "tuning" not in done.stderr
    assert not (tmp_path / "output" / "simulated_mortality").exists()


def test_a_predictor_dated_after_the_index_date_stops_training(here: Run, tmp_path: Path) -> None:
    table = simulated.patients()
    after = np.arange(len(table)) < 7
    table = table.assign(surgery="2020-03-10", albumin_day=np.where(after, "2020-03-12", "2020-03-09"))
    simulated.write_study(tmp_path, table, DATED)
    done = here("train", "study.yaml", folder=tmp_path)
    assert "in 7 of 300 rows albumin was measured after the index date" in stopped(done, "SC008")
    assert not (tmp_path / "output" / "simulated_mortality").exists()


def validated(trained: TrainedStudy, table: pd.DataFrame, here: Run, tmp_path: Path) -> tuple[object, Path]:
    table.to_csv(tmp_path / "there.csv", index=False)
    target = tmp_path / "validation"
    done = here(
        *("validate", str(trained.output / "model"), "--study", str(trained.folder / "study.yaml"), "--synthetic"),
        *("--cohort", str(tmp_path / "there.csv"), "--output", str(target)),
        folder=trained.folder,
    )
    return done, target


@pytest.mark.slow
def test_people_in_both_cohorts_stop_a_validation(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    mixed = pd.concat([simulated.patients(200, seed=8), simulated.patients().iloc[:15]], ignore_index=True)
    mixed["patient"] = [f"N{number}" for number in range(len(mixed))]
    done, target = validated(trained, mixed, here, tmp_path)
    assert "15 of 215 patients" in stopped(done, "SC021")
    assert not target.exists()


@pytest.mark.slow
def test_a_cohort_made_from_the_development_stops_a_validation(
    trained: TrainedStudy, here: Run, tmp_path: Path
) -> None:
    copy = simulated.patients().sample(200, random_state=1).reset_index(drop=True)
    copy = copy.assign(
        patient=[f"N{number}" for number in range(200)],
        age=(copy["age"] * 0.95 + 2).round(1),
        albumin=(copy["albumin"] * 0.97 + 0.05).round(2),
        creatinine=(copy["creatinine"] * 1.1).round(3),
        sodium=copy["sodium"] + 1,
        days=copy["days"] + 1,
    )
    done, target = validated(trained, copy, here, tmp_path)
    assert "of 200 patients are found again among the 300 of the development" in stopped(done, "SC025")
    assert not target.exists()


def predictions(folder: Path) -> None:
    draw = np.random.default_rng(2)
    risk = draw.uniform(0.05, 0.9, 400)
    pd.DataFrame({"risk": risk, "dead": (draw.random(400) < risk).astype(int)}).to_csv(folder / "p.csv", index=False)


def test_apparent_performance_alone_stops_an_evaluation(here: Run, tmp_path: Path) -> None:
    predictions(tmp_path)
    (tmp_path / "declared.yaml").write_text("basis: apparent\n", encoding="utf-8")
    asked = ("evaluate", "p.csv", "--risk", "risk", "--outcome", "dead", "--declared", "declared.yaml")
    stopped(here(*asked, "--report", "page.html", folder=tmp_path), "SC011")
    assert not (tmp_path / "page.html").exists()
    text = "basis: out-of-fold\nclasses: weighted\npredictor_choice: univariable_p\n"
    (tmp_path / "declared.yaml").write_text(text, encoding="utf-8")
    done = here(*asked, "--json", "--report", "page.html", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    told = {one["code"]: one["status"] for one in answer["checks_made"]}
    assert told["SC009"] == told["SC010"] == "found"
    assert (told["SC011"], told["SC012"], told["SC013"]) == ("not found", "not found", "not applicable")
    assert answer["sample_size"]["adequacy"]["n"] == 400
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "made elsewhere, declared out-of-fold" in page.casefold()
    assert "its risks are too high by design" in page
    assert "Every check that was considered" in page


def test_a_wrong_declaration_is_one_message(here: Run, tmp_path: Path) -> None:
    predictions(tmp_path)
    (tmp_path / "declared.yaml").write_text("basis: aparent\n", encoding="utf-8")
    done = here(
        *("evaluate", "p.csv", "--risk", "risk", "--outcome", "dead", "--declared", "declared.yaml"), folder=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "declared.yaml" in done.stderr
    assert "apparent" in done.stderr
    assert "Traceback" not in done.stderr
