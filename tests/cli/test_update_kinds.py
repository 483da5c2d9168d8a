"""``spinecast update`` of models of times and of quantities: changed, judged on patients set apart, registered."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import simulated
from cli.conftest import Run, TrainedStudy, answer_of, assert_refused, command

from spinecast.cli.update import update
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import find_recipe, load_recipe
from spinecast.cohorts.synthetic.writing import write_cohort

pytestmark = pytest.mark.slow

QUICK = ("--bootstrap", "20", "--synthetic")
STUDY = ("--study", "timed/study.yaml")


@pytest.fixture(scope="module")
def home(timed: TrainedStudy, quantity: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both models, the store of the one of times, and others: who die half as fast, who lose twice as much."""
    copy = tmp_path_factory.mktemp("updated_kinds") / "home"
    shutil.copytree(timed.folder, copy)
    shutil.copytree(quantity.output, copy / "output" / quantity.output.name, dirs_exist_ok=True)
    made = simulated.patients(320, 77).assign(patient=[f"Q{number:05d}" for number in range(320)])
    days = (made["days"] / 0.45).round(0)
    died = np.where(days > 400, "absent", made["died"])
    made.assign(days=days.clip(upper=400), died=died).to_csv(copy / "there.csv", index=False)
    write_cohort(Generator(load_recipe(find_recipe("blood_loss")), 99), 320, copy / "blood.parquet")
    blood = pd.read_parquet(copy / "blood.parquet")
    blood["intraoperative_blood_loss"] *= 2
    blood.to_csv(copy / "blood.csv", index=False)
    return copy


@pytest.fixture(scope="module")
def times(home: Path) -> tuple[dict[str, Any], Path]:
    """One update of curves by registered name, for all tests that only look at what it left."""
    done = command(
        "update", "simulated_survival", "--cohort", "there.csv", *STUDY, "--output", "times", "--alias", "there",
        "--json", *QUICK, folder=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home / "times"


@pytest.fixture(scope="module")
def amounts(home: Path) -> tuple[dict[str, Any], Path]:
    """One update of quantiles."""
    answer = answer_of(
        update,
        home,
        model="output/simulated_blood_loss",
        cohort="blood.csv",
        output=Path("amounts"),
        bootstrap=20,
        synthetic=True,
    )
    return answer, home / "amounts"


def test_curves_fit_after_the_update_and_the_version_names_its_parent(times: tuple[dict[str, Any], Path]) -> None:
    answer, folder = times
    assert (answer["kind"], answer["outcome_kind"]) == ("update", "time_to_event")
    (cause,) = answer["updating"]["causes"]
    assert cause["method"] != "original"
    assert cause["lines"]["level"]["intercept"]["upper"] < 0  # fewer die there
    before, after = (
        one["horizons"][1]["measures"]["horizon_observed_expected_ratio"]["estimate"]
        for one in (answer["before"], answer)
    )
    assert abs(np.log(after)) < abs(np.log(before))
    at_90 = next(one for one in answer["differences"] if one["day"] == 90)
    assert at_90["log_loss"]["estimate"] < 0
    update = answer["about"]["update"]
    assert update["version"] == "simulated_survival/2"
    assert update["parent"]["version"] == "simulated_survival/1"
    codes = {one["code"]: one["status"] for one in answer["checks_made"]}
    assert codes["SC040"] == "not found"
    about = json.loads((folder / "model" / "model.json").read_text())["about"]
    (recorded,) = about["updates"]
    assert recorded["method"] == cause["method"]
    changed = cause["lines"].get(cause["method"])
    if changed is None:  # lines by day
        assert [recorded[f"slope_{one['day']:g}"] for one in cause["by_day"]] == [
            one["slope"] for one in cause["by_day"]
        ]
    else:
        assert recorded["intercept"] == changed["intercept"]["estimate"]


def test_quantiles_hold_what_they_say_after_the_update(amounts: tuple[dict[str, Any], Path]) -> None:
    answer, folder = amounts
    assert answer["updating"]["method"] != "original"
    assert answer["updating"]["steps"][0]["smaller"] == "original"
    assert answer["differences"][0]["pinball"]["upper"] < 0
    for old, new in zip(answer["before"]["quantiles"], answer["quantiles"], strict=True):
        assert abs(new["share_below"]["estimate"] - new["level"]) < abs(old["share_below"]["estimate"] - old["level"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("SYNTHETIC COHORT", "Research use only", "Before and after", "One shift of all quantiles"):
        assert words in page
    assert "<script" not in page


def test_no_patient_is_left_and_the_report_is_written_again(
    times: tuple[dict[str, Any], Path], home: Path, here: Run
) -> None:
    _, folder = times
    for place in (folder, home / "mlruns"):
        for path in (path for path in place.rglob("*") if path.is_file()):
            assert b"Q00001" not in path.read_bytes(), path
    done = here("report", "times", "--output", "again.html", folder=home)
    assert done.returncode == 0, done.stderr
    assert (home / "again.html").read_bytes() == (folder / "report.html").read_bytes()


@pytest.mark.usefixtures("times")
def test_the_updated_model_predicts_and_knows_whom_it_was_updated_on(home: Path, here: Run) -> None:
    (home / "one.json").write_text('{"age": 70, "albumin": 2.6}', encoding="utf-8")
    risks = []
    for name in ("simulated_survival", "simulated_survival@there", "times"):
        done = here("predict", name, "--patient", "one.json", "--day", "90", "--json", folder=home)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        total = answer["base_value"] + sum(row["contribution"] for row in answer["contributions"])
        assert total + answer.get("held", 0.0) == pytest.approx(answer["served"], abs=1e-4)
        risks.append(answer["horizons"][0]["risk"])
    assert risks[0] > risks[1] == risks[2]
    done = here("validate", "times", "--cohort", "there.csv", *STUDY, folder=home)
    assert_refused(done, "is the updating cohort of the model")


def test_what_makes_no_sense_is_refused(home: Path, here: Run) -> None:
    ours = ("update", "output/simulated_survival", "--cohort", "there.csv", *STUDY)
    assert_refused(here(*ours, "--method", "logistic", folder=home), "there is no way of updating", "level-and-slope")
    assert_refused(here(*ours, "--method", "refit", folder=home), "is not fitted again", "spinecast train")
    amounts = ("update", "output/simulated_blood_loss", "--cohort", "blood.csv")
    assert_refused(here(*amounts, "--method", "level", folder=home), "there is no way of updating", "per-level")
