"""`spinecast compare`: runs and candidates side by side, found by folder and by name; what cannot be paired."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cli.conftest import Run, TrainedStudy, assert_refused, copy_place

from spinecast.statistics import auc, compare_auc

pytestmark = pytest.mark.slow
QUICK = ("--bootstrap", "20")


def as_run_of(results: Path, target: Path, column: str, *, kept: slice = slice(None), prefix: str = "") -> Path:
    """Make of a run's results those of another on the same patients, whose risks are one of its candidates'."""
    shutil.copytree(results, target)
    table = pd.read_csv(target / "out_of_fold.csv", dtype={"patient": str}).iloc[kept]
    table["risk"] = table[column]
    table["patient"] = prefix + table["patient"]
    table.to_csv(target / "out_of_fold.csv", index=False)
    rewrite(target, "run", model={"identity": target.name})
    evaluation = json.loads((target / "record" / "evaluation.json").read_text())
    found = auc(table["outcome"], table["risk"], bootstrap=0)
    rewrite(target, "evaluation", measures={**evaluation["measures"], "auc": found.to_dict()})
    return target


def rewrite(results: Path, part: str, **changed: object) -> None:
    path = results / "record" / f"{part}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


@pytest.fixture(scope="module")
def home(trained: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with store and output, and further runs beside: of one candidate, of other people."""
    copy = tmp_path_factory.mktemp("compared") / "home"
    copy_place(trained.folder, copy)
    first = copy / "output" / "simulated_mortality"
    as_run_of(first, copy / "trees", "risk_xgboost")
    as_run_of(first, copy / "fewer", "risk_xgboost", kept=slice(50, None))
    rewrite(as_run_of(first, copy / "strangers", "risk", prefix="Q"), "cohort", fingerprint="other")
    as_run_of(first, copy / "later", "risk")
    study = copy / "later" / "record" / "study.yaml"
    study.write_text(study.read_text().replace("horizon_days: 90", "horizon_days: 180"))
    return copy


def test_two_runs_by_name_and_by_folder_are_compared_in_the_same_patients(home: Path, here: Run) -> None:
    done = here("compare", "simulated_mortality", "trees", "--json", "--pdf", *QUICK, folder=home)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [one["name"] for one in answer["runs"]] == ["simulated_mortality", "trees"]
    table = pd.read_csv(home / "output" / "simulated_mortality" / "out_of_fold.csv")
    known = table.dropna(subset="outcome")
    expected = compare_auc(known["outcome"], known["risk"], known["risk_xgboost"])
    assert answer["pairs"][0]["differences"]["auc"]["estimate"] == pytest.approx(expected.difference.estimate)
    assert answer["pairs"][0]["p_values"]["auc"] == pytest.approx(expected.p_value)
    assert answer["same_cohort"]
    assert answer["same_folds"]
    page = home / answer["page"]
    text = page.read_text()
    assert page.parent == home / "output" / "comparisons"
    assert page.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    for words in ("Research use only", "SYNTHETIC COHORT", "Agreement for one patient", "best single candidate"):
        assert words in text
    assert "P00000" not in text
    assert "P00000" not in done.stdout


def test_candidates_of_one_run_stand_beside_it(home: Path, here: Run) -> None:
    folder = "output/simulated_mortality"
    done = here("compare", folder, "--candidates", "--report", "page.html", "--thresholds", "0.4", *QUICK, folder=home)
    assert done.returncode == 0, done.stderr
    assert "4 models out of fold, the same patients" in done.stdout
    assert "Of all 6 pairs" in done.stdout
    assert "Elastic-net logistic regression" in (home / "page.html").read_text()


def test_patients_that_one_run_lacks_are_left_out_and_counted(home: Path, here: Run) -> None:
    done = here("compare", "trees", "output/simulated_mortality/record", "fewer", "--json", *QUICK, folder=home)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {one["name"]: one["left_out"] for one in answer["runs"]}["fewer"] == 0
    assert answer["runs"][0]["left_out"] > 0
    assert any("patients of trees are left out" in note for note in answer["about"]["notes"])


def test_other_people_are_compared_unpaired_when_that_is_asked_for(home: Path, here: Run) -> None:
    assert_refused(here("compare", "trees", "strangers", folder=home), "share no patient", "--unpaired")
    done = here("compare", "trees", "strangers", "--unpaired", *QUICK, folder=home)
    assert done.returncode == 0, done.stderr
    assert "each in patients of its own" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trees",), ("one run is compared with nothing", "--candidates")),
        (("trees", "trees"), ("trees is the same run as trees",)),
        (("trees", "nowhere"), ("no model 'nowhere' is registered",)),
        (("trees", "mlruns"), ("the run record cannot be read",)),
        (("trees", "later"), ("predict different outcomes", "death by day 90", "death by day 180")),
        (("trees", "fewer", "--horizon", "42"), ("is judged at day 90", "--horizon 42")),
        (("trees", "simulated_mortality", "--results", "elsewhere"), ("not at hand", "--results DIR")),
        (("trees", "fewer", "--report", "page.txt"), ("has no ending of a page",)),
        (("trees", "fewer", "--thresholds", "2"), ("names no thresholds",)),
        (("trees", "fewer", "--unpaired"), ("no independent groups",)),
    ],
)
def test_what_cannot_be_compared_is_one_clear_error(
    home: Path, here: Run, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_refused(here("compare", *arguments, folder=home), *words)
