"""``spinecast validate`` and ``update`` of a model of ordered levels: what they leave and what they refuse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli.conftest import Run, TrainedStudy, answer_of, assert_refused
from sklearn.metrics import brier_score_loss, roc_auc_score

from spinecast.cli.update import update
from spinecast.cli.validate import validate
from spinecast.cohorts.cohort import frame_matrix
from spinecast.cohorts.contract import check_predictors
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import find_recipe, load_recipe
from spinecast.cohorts.synthetic.writing import write_cohort
from spinecast.models.loading import load_any_model
from spinecast.models.ordinal.model import OrdinalModel

pytestmark = pytest.mark.slow

MODEL = "output/simulated_frankel_grade"
NUMBERED = {"died_before_assessment": 0, "a": 1, "b": 1, "c": 2, "d": 3, "e": 4}
Left = tuple[dict[str, Any], Path]


@pytest.fixture(scope="module")
def home(ordinal: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model without a store, itself under another name, and others: as they are, and most a grade worse."""
    copy = tmp_path_factory.mktemp("elsewhere") / "home"
    shutil.copytree(ordinal.output, copy / MODEL)
    shutil.copytree(ordinal.output, copy / "output" / "again")
    write_cohort(Generator(load_recipe(find_recipe("surgical_course")), 178), 320, copy / "course.parquet")
    course = pd.read_parquet(copy / "course.parquet")
    worse = course["frankel_grade_30d"].replace({"e": "d", "d": "c", "c": "b", "b": "a"})
    course["frankel_grade_30d"] = worse.where(np.arange(len(course)) % 4 > 0, course["frankel_grade_30d"])
    course.to_csv(copy / "worse.csv", index=False)
    course.head(70).to_csv(copy / "few.csv", index=False)
    return copy


@pytest.fixture(scope="module")
def judged(home: Path) -> Left:
    asked: dict[str, Any] = {"bootstrap": 20, "draws": 1, "synthetic": True, "pdf": True}
    place = Path("judged")
    answer = answer_of(
        validate, home, model=MODEL, cohort="course.parquet", compare=["output/again"], output=place, **asked
    )
    return answer, home / place


@pytest.fixture(scope="module")
def updated(home: Path) -> Left:
    place = Path("updated")
    answer = answer_of(update, home, model=MODEL, cohort="worse.csv", output=place, bootstrap=20, synthetic=True)
    return answer, home / place


def test_levels_are_judged_together_and_at_each(judged: Left, home: Path) -> None:
    answer, _ = judged
    assert (answer["kind"], answer["outcome_kind"], answer["basis"]) == ("validation", "ordinal", "external")
    assert answer["n"] == 320
    page = (home / "judged" / "report.html").read_text(encoding="utf-8")
    assert "TRIPOD+AI and PROBAST" in page
    table = pd.read_parquet(home / "course.parquet")
    observed = table["frankel_grade_30d"].map(NUMBERED).to_numpy()
    model, _ = load_any_model(home / MODEL / "model")
    assert isinstance(model, OrdinalModel)
    reached = model.reached(frame_matrix(check_predictors(table, model.predictors), model.predictors))
    for number, one in enumerate(answer["thresholds"]):
        happened, chance = observed > number, reached[:, number]
        assert one["events"] == happened.sum()
        assert one["measures"]["auc"]["estimate"] == pytest.approx(roc_auc_score(happened, chance))
        ratio = one["measures"]["observed_expected_ratio"]["estimate"]
        assert ratio == pytest.approx(happened.sum() / chance.sum())
        assert "predicted" in one["calibration_curve"]
        assert one["net_benefit"]["thresholds"] == [0.1, 0.2, 0.3, 0.5]
    brier = [brier_score_loss(observed > k, reached[:, k]) for k in range(4)]
    assert answer["measures"]["ranked_probability_score"]["estimate"] == pytest.approx(np.mean(brier))
    counts = [one["count"] for one in answer["outcome"]["levels"]]
    assert counts == np.bincount(observed, minlength=5).tolist()
    (beside,) = answer["comparators"]
    assert beside["ranked_probability_difference"]["estimate"] == 0  # the same model
    assert beside["concordance_difference"]["estimate"] == 0
    assert {one["variable"] for one in answer["missing_inputs"]["each"]} == set(model.predictors)
    assert answer["missing_inputs"]["several"]
    measures = answer["subgroups"][0]["groups"][0]["measures"]
    assert {"ordinal_concordance", "ranked_probability_skill", "observed_expected_ratio"} <= set(measures)
    assert answer["case_mix"]["membership_auc"]["estimate"] < 0.7
    assert {"SC003", "SC020", "SC024"} <= {one["code"] for one in answer["checks_made"]}


def test_levels_hold_what_they_say_after_the_update(updated: Left, home: Path, here: Run) -> None:
    answer, folder = updated
    updating = answer["updating"]
    assert updating["method"] == updating["closed_test"]["chosen"] in ("intercepts", "intercepts-and-slope", "lines")
    assert updating["closed_test"]["steps"][0]["degrees_of_freedom"] == 8
    whole, *by_level = answer["differences"]
    assert whole["ranked_probability"]["upper"] < 0
    assert [one["reached"] for one in by_level] == ["a_to_b", "c", "d", "e"]
    before, after = (
        np.array([at["measures"]["observed_expected_ratio"]["estimate"] for at in one["thresholds"]])
        for one in (answer["before"], answer)
    )
    assert np.abs(np.log(after)).max() < 0.6 * np.abs(np.log(before)).max()
    recorded = json.loads((folder / "model" / "model.json").read_text())["about"]["updates"]
    line = updating["lines"][updating["method"]]
    assert recorded[0]["slope_e"] == line["slopes"][3]["estimate"]
    assert recorded[0]["intercept_c"] == line["intercepts"][1]["estimate"]
    (home / "patient.json").write_text('{"age": 70, "frankel_grade": "d"}', encoding="utf-8")
    chances = []
    for name in (MODEL, "updated"):
        said = json.loads(here("predict", name, "--patient", "patient.json", "--json", folder=home).stdout)
        total = said["base_value"] + said["reordered"] + sum(row["contribution"] for row in said["contributions"])
        assert total == pytest.approx(said["served"], abs=1e-4)
        chances.append(said["thresholds"][-1]["probability"])
    assert chances[1] < chances[0]  # fewer are whole there


def test_the_folders_hold_record_and_report_and_no_patient(judged: Left, updated: Left, home: Path) -> None:
    words = {
        "judged": ("All levels together", "Reaching each level", "Models of the same levels", "Case mix"),
        "updated": ("Before and after", "A new intercept for each level", "score test, covariance of ordered levels"),
    }
    patients = pd.read_parquet(home / "course.parquet")["patient"]
    assert (judged[1] / "report.pdf").read_bytes().startswith(b"%PDF")
    for _, folder in (judged, updated):
        page = (folder / "report.html").read_text(encoding="utf-8")
        everything = page + "".join(path.read_text() for path in (folder / "record").glob("*.json"))
        assert not any(f'"{one}"' in everything for one in patients)
        assert "<script" not in page
        for text in ("SYNTHETIC COHORT", "Research use only", *words[folder.name]):
            assert text in page


@pytest.mark.usefixtures("updated")
def test_what_makes_no_sense_is_refused(home: Path, here: Run) -> None:
    ours = ("validate", MODEL, "--cohort", "course.parquet")
    assert_refused(here(*ours, "--horizon", "90", folder=home), "predicts ordered levels: it has no horizon")
    assert_refused(here(*ours, "--censored", "exclude", folder=home), "no follow-up that could be censored")
    done = here(
        *("validate", "score:tomita", "--horizon", "90", "--allow-missing-predictors", "--cohort", "course.parquet"),
        "--compare",
        MODEL,
        folder=home,
    )
    assert_refused(done, "predicts ordered levels and no death")
    done = here("validate", "updated", "--cohort", "worse.csv", folder=home)
    assert_refused(done, "is the updating cohort of the model")
    changed = ("update", MODEL, "--cohort")
    assert_refused(here(*changed, "worse.csv", "--method", "refit", folder=home), "is not fitted again")
    assert_refused(here(*changed, "worse.csv", "--method", "line", folder=home), "no way of updating", "mean lines?")
    done = here(*changed, "few.csv", "--synthetic", "--method", "lines", "--output", "few", folder=home)
    assert_refused(done, "too few patients to update by lines", "--method common-intercept")
    assert not (home / "few").exists()
