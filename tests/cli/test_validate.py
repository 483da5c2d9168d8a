"""``spinecast validate``: models, scores and formulas on other patients; what it leaves and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import simulated
from cli.conftest import Run, TrainedStudy, assert_refused, command, copy_place

from spinecast.audit.database import upgrade
from spinecast.audit.places import audit_places
from spinecast.tracking.store import open_store

pytestmark = pytest.mark.slow

QUICK = ("--bootstrap", "20", "--missing-draws", "2")


def others(seed: int = 77, count: int = 260) -> pd.DataFrame:
    """Other patients of the same kind, under other identifiers."""
    made = simulated.patients(count, seed)
    return made.assign(patient=[f"Q{number:05d}" for number in range(count)])


def place(folder: Path, table: pd.DataFrame) -> None:
    """Lay a cohort into a folder, and the study beside it."""
    table.to_csv(folder / "there.csv", index=False)
    (folder / "study.yaml").write_text(simulated.STUDY, encoding="utf-8")


@pytest.fixture(scope="module")
def home(trained: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with study, patients, store and output, and a log: others count the original's runs."""
    copy = tmp_path_factory.mktemp("validated") / "home"
    copy_place(trained.folder, copy)
    upgrade(audit_places({"SPINECAST_STORE": str(copy / "mlruns")}))
    return copy


@pytest.fixture(scope="module")
def validated(home: Path) -> tuple[dict[str, Any], Path]:
    """One validation by registered name, for all tests that only look at what it left."""
    others().to_csv(home / "there.csv", index=False)
    done = command(
        "validate", "simulated_mortality", "--cohort", "there.csv", "--study", "study.yaml", "--output", "validation",
        "--pdf", "--synthetic", "--json", *QUICK, folder=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home / "validation"


def test_the_answer_holds_the_whole_validation(validated: tuple[dict[str, Any], Path]) -> None:
    answer, _ = validated
    assert answer["kind"] == "validation"
    assert answer["basis"] == "external"
    assert answer["n"] > 200
    for name in ("auc", "brier", "calibration_slope", "observed_expected_ratio", "ici"):
        assert {"estimate", "lower", "upper", "n", "events", "method"} == set(answer["measures"][name])
    assert {"harrell_c", "uno_c", "ipa"} <= set(answer["survival"])
    assert {one["variable"] for one in answer["subgroups"]} >= {"sex", "age", "tumour_group"}
    assert answer["case_mix"]["membership_auc"]["estimate"] < 0.65  # drawn from the same distribution
    assert answer["case_mix"]["development_auc"]["n"] > 0
    assert answer["overlap"]["searched"] is True
    assert answer["overlap"]["shared"] == 0
    each = {one["variable"] for one in answer["missing_inputs"]["each"]}
    assert each == {"age", "sex", "tumour_group", "albumin", "creatinine", "sodium"}
    assert answer["about"]["development"]["patients"] is True  # read again, and unchanged
    assert any("SYNTHETIC" in notice for notice in answer["about"]["notices"])
    # The published scores need what these patients have not; each says what.
    assert {one["label"] for one in answer["not_compared"]} >= {"Tomita score", "Bollen model"}


def test_the_folder_holds_record_and_report_and_no_patient(validated: tuple[dict[str, Any], Path]) -> None:
    answer, folder = validated
    assert sorted(entry.name for entry in folder.iterdir()) == ["record", "report.html", "report.pdf"]
    assert sorted(entry.name for entry in (folder / "record").iterdir()) == [
        "about.json", "cohort.json", "evaluation.json", "findings.json", "reporting",
    ]  # fmt: skip
    forms = {path.name for path in (folder / "record" / "reporting").iterdir()}
    assert {"tripod_ai.html", "tripod_ai.pdf", "probast_2019.json", "model_card.html", "methods.md"} <= forms
    assert not [name for name in forms if "_dev" in name]  # no model was developed here
    stored = json.loads((folder / "record" / "evaluation.json").read_text(encoding="utf-8"))
    assert stored["measures"] == answer["measures"]
    texts = [path for path in (folder / "record").rglob("*") if path.is_file() and path.suffix != ".pdf"]
    assert len(texts) > 10
    everything = "".join(path.read_text(encoding="utf-8") for path in texts)
    page = (folder / "report.html").read_text(encoding="utf-8")
    for text in (everything, page):
        assert "Q00001" not in text
    assert "SYNTHETIC COHORT" in page
    assert "Research use only" in page
    assert "Case mix" in page
    assert "<script" not in page


def test_the_store_holds_a_run_that_names_the_model(
    validated: tuple[dict[str, Any], Path], trained: TrainedStudy, home: Path
) -> None:
    answer, _ = validated
    run = open_store(home / "mlruns", create=False).client().get_run(str(answer["run_id"]))
    tags, metrics, status = run.data.tags, run.data.metrics, run.info.status
    assert tags["spinecast.kind"] == "validation"
    assert tags["spinecast.model_identity"] == trained.answer["identity"]
    assert tags["spinecast.state"] == "complete"
    assert status == "FINISHED"
    assert metrics["auc"] == pytest.approx(answer["measures"]["auc"]["estimate"])


def test_a_folder_alone_is_enough(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    """Without record, store or study: what needs them is absent with the reason."""
    shutil.copytree(trained.output / "model", tmp_path / "model")
    table = others().rename(columns={"days": "follow_up_time", "died": "death"})
    table.to_parquet(tmp_path / "there.parquet")
    done = here(
        "validate", "model", "--cohort", "there.parquet", "--report", "page.html", "--json", *QUICK, folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["about"]["outcome"]["horizon_days"] == 90  # the model's own
    assert "not at hand" in answer["case_mix"]["membership_auc"]["absent"]
    assert answer["case_mix"]["expected_auc"]["estimate"] > 0.5
    assert answer["folder"] is None
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["model", "page.html", "there.parquet"]


def test_the_development_cohort_under_another_name_is_refused(
    trained: TrainedStudy, home: Path, here: Run, tmp_path: Path
) -> None:
    own = simulated.patients().rename(columns={"days": "follow_up_time", "died": "death"})
    shutil.copytree(trained.output / "model", tmp_path / "model")
    own.to_csv(tmp_path / "same.csv", index=False)
    renamed = own.assign(patient=[f"New {number}" for number in range(len(own))])
    renamed.sample(frac=1, random_state=1).to_csv(tmp_path / "renamed.csv", index=False)
    for name in ("same.csv", "renamed.csv"):
        done = here("validate", "model", "--cohort", name, folder=tmp_path)
        assert_refused(done, "is the development cohort of the model", "name another cohort")
    # A third of it tells nothing to who has the model alone, and is told by the one who has the patients.
    part = renamed.iloc[:160].rename(columns={"follow_up_time": "days", "death": "died"})
    part.to_csv(home / "part.csv", index=False)
    done = here("validate", "simulated_mortality", "--cohort", "part.csv", "--study", "study.yaml", folder=home)
    assert_refused(done, "160 of 160 patients: rows that agree")
    assert not (tmp_path / "output").exists()


def test_what_a_cohort_must_have(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    table = others()
    model = str(trained.output)
    arguments = ("validate", model, "--cohort", "there.csv", "--study", "study.yaml", *QUICK)
    place(tmp_path, table.drop(columns="creatinine"))
    assert_refused(
        here(*arguments, folder=tmp_path), "no value of 1 predictor", "creatinine", "--allow-missing-predictors"
    )
    allowed = here(*arguments, "--allow-missing-predictors", "--json", folder=tmp_path)
    assert allowed.returncode == 0, allowed.stderr
    answer = json.loads(allowed.stdout)
    assert "SC022" in {check["code"] for check in answer["checks"]}
    assert answer["about"]["lacking"] == ["Creatinine"]
    place(tmp_path, table.assign(albumin=10 * table["albumin"]))
    assert_refused(here(*arguments, folder=tmp_path), "albumin", "g/dL")
    place(tmp_path, table.assign(died="absent", days=300))
    assert_refused(here(*arguments, folder=tmp_path), "no patient has the outcome")
    place(tmp_path, table.assign(sodium=table["sodium"].astype(object).where(table.index != 3, "high")))
    assert_refused(here(*arguments, folder=tmp_path), "sodium", "high")


def test_places_and_words_that_make_no_sense(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    place(tmp_path, others())
    model = str(trained.output)
    cohort = ("--cohort", "there.csv", "--study", "study.yaml")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    for arguments, words in (
        ((model, *cohort, "--output", "mine"), ("holds what no validation wrote", "thesis.txt")),
        ((model, *cohort, "--output", "."), ("the folder this command runs in",)),
        ((model, *cohort, "--report", "a.html", "--output", "b"), ("name one of them",)),
        ((model, "--cohort", "no.csv"), ("does not exist",)),
        (("score:katagari_2014", "--cohort", "there.csv", "--horizon", "90"), ("did you mean katagiri_2014",)),
        (("score:katagiri_2014", "--cohort", "there.csv"), ("no outcome of its own", "--horizon")),
        (("published:sorg_2016", "--cohort", "there.csv", "--horizon", "90"), ("did you mean sorg_survival_2016",)),
        ((model, *cohort, "--outcome-time", "follow_up_time"), ("--horizon DAYS",)),
        ((model, *cohort, "--censored", "drop"), ("--censored", "exclude, ipcw")),
        ((model, *cohort, "--impossible", "refused"), ("did you mean refuse",)),
        ((model, *cohort, "--subgroup", "sx"), ("sx",)),
        ((model, *cohort, "--horizon", "90000"), ("90000",)),
    ):
        assert_refused(here("validate", *arguments, folder=tmp_path), *words)
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert not (tmp_path / "output").exists()


def test_another_horizon_is_judged_by_ranking_alone(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    place(tmp_path, others())
    arguments = ("--cohort", "there.csv", "--study", "study.yaml", "--horizon", "60", "--output", "out", "--json")
    done = here("validate", str(trained.output), *arguments, *QUICK, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "predicts death by day 90, not death by day 60" in answer["measures"]["brier"]["absent"]
    assert answer["measures"]["auc"]["estimate"] > 0.5
    assert "Ranks only" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_score_and_a_published_model_on_synthetic_patients(here: Run, tmp_path: Path) -> None:
    drawn = here("synth", "--cohort", "sorg", "--patients", "400", "--seed", "4", "-o", "s.parquet", folder=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    arguments = ("--cohort", "s.parquet", "--horizon", "90", "--json", *QUICK)
    done = here(
        "validate", "score:tomita", *arguments, "--allow-missing-predictors", "--output", "tomita", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["about"]["source"]["kind"] == "score"
    assert [one["label"] for one in answer["strata"]]
    assert answer["not_scored"] > 0
    assert "0 or 1" in answer["measures"]["calibration_slope"]["absent"]  # nobody can be that sure
    assert answer["run_id"] is None  # there is no store here
    page = (tmp_path / "tomita" / "report.html").read_text(encoding="utf-8")
    assert "Strata of the score" in page
    assert "SYNTHETIC COHORT" in page
    done = here("validate", "published:sorg_survival_2016", *arguments, "--output", "sorg", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["measures"]["auc"]["estimate"] > 0.6
    assert answer["measures"]["brier"]["absent"] == answer["about"]["source"]["ranks_only"]
    assert {"Tomita score"} <= {one["label"] for one in answer["comparators"]}
    assert "Death after surgery" not in {one["label"] for one in answer["comparators"]}


FORMULA = """\
published_model: two_facts
label: Two facts, a formula of this test
source: {citation: "Nobody, nowhere", place: this test}
population: {description: nobody}
outcome: {label: Death within 90 days, variables: [death, follow_up_time]}
horizon_days: 90
link: {kind: logistic, intercept: {value: -0.5, status: stated}}
terms:
  - {variable: age, coefficient: 0.04, status: stated, transform: [{kind: standardise, centre: 63}]}
  - {variable: albumin, coefficient: -0.9, status: stated, transform: [{kind: standardise, centre: 3.3}]}
worked:
  - {inputs: {age: 63, albumin: 3.3}, linear_predictor: 0, risk: 0.3775407, basis: by_hand}
"""


def test_a_formula_of_ones_own_is_judged_and_a_model_of_these_patients_not_set_beside_it(
    trained: TrainedStudy, here: Run, tmp_path: Path
) -> None:
    """Whoever is judged on patients of its own must not be compared with one that is not."""
    own = simulated.patients().rename(columns={"days": "follow_up_time", "died": "death"})
    own.assign(patient=[f"New {number}" for number in range(len(own))]).to_parquet(tmp_path / "own.parquet")
    (tmp_path / "formula.yaml").write_text(FORMULA, encoding="utf-8")
    done = here(
        "validate", "published:formula.yaml", "--cohort", "own.parquet", "--horizon", "90", "--compare",
        str(trained.output), "--json", *QUICK, folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["comparators"] == []
    assert answer["not_compared"][0]["label"] == str(trained.output)
    assert "it was made from these patients: 300 of 300" in answer["not_compared"][0]["reason"]
    assert answer["measures"]["calibration_slope"]["estimate"] == pytest.approx(1, abs=0.5)
    assert answer["not_scored"] == int(own["albumin"].isna().sum())
    assert (tmp_path / "output" / "validations" / "published_two_facts_on_own" / "report.html").is_file()


def test_support_lung_to_colon(here: Run, tmp_path: Path) -> None:
    """Developed on lung cancer, judged on colon cancer: risks too high, and too extreme.

    Reference: an XGBoost model of SUPPORT's metastatic lung cancer has a calibration-in-the-large near -0.66 and a
    slope near 0.73 in its metastatic colon cancer.
    """
    pytest.importorskip("SurvSet")
    study = Path(__file__).parents[2] / "configs" / "survival" / "support_mortality_90d.yaml"
    changes = {
        "study": "lung", "cohort.source.subset": "lung", "candidates": "[{kind: xgboost}]", "final": "{kind: winner}",
        "tuning.trials": "4", "tuning.startup_trials": "2", "resampling.outer_folds": "2",
        "resampling.inner_folds": "3", "evaluation.bootstrap": "20", "explanation.patients": "20",
        "internal_validation": "{bootstrap: null}",
    }  # fmt: skip
    set_ = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    done = here("train", str(study), *set_, "--output", "lung", "--workers", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    done = here("validate", "lung", "--cohort", "support:colon", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["n"], answer["events"]) == (512, 141)
    assert answer["measures"]["calibration_in_the_large"]["estimate"] == pytest.approx(-0.66, abs=0.15)
    assert answer["measures"]["calibration_slope"]["estimate"] == pytest.approx(0.73, abs=0.2)
    assert answer["measures"]["auc"]["estimate"] == pytest.approx(0.72, abs=0.05)
    assert "SC024" in {check["code"] for check in answer["checks"]}
    assert len(answer["comparators"]) == 2  # SUPPORT's own model, by two and by six months
    folder = tmp_path / "output" / "validations" / "lung_on_SUPPORT_metastatic_colon_cancer"
    assert (folder / "report.html").is_file()
    done = here("update", "lung", "--cohort", "support:colon", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    repaired = json.loads(done.stdout)
    assert repaired["updating"]["method"] == "intercept"  # 71 events of 256 do not speak against the slope
    assert repaired["updating"]["lines"]["intercept"]["intercept"]["upper"] < 0
    assert repaired["before"]["measures"]["calibration_in_the_large"]["upper"] < 0
    large = repaired["measures"]["calibration_in_the_large"]
    assert large["lower"] < 0 < large["upper"]
    assert repaired["about"]["update"]["version"] == "lung/2"
    refused = here("validate", "lung", "--cohort", "support:metastatic", folder=tmp_path)
    assert_refused(refused, "is the development cohort", "908 of 1,858")


@pytest.mark.usefixtures("validated")
def test_gates_read_what_training_and_validation_left(
    validated: tuple[dict[str, Any], Path], home: Path, here: Run
) -> None:
    """The records are those of the commands, and the model is of nobody: it is refused, and with the flag marked."""
    answer, _ = validated
    asked = ("models", "gates", "simulated_mortality", "1", "--json")
    found = here(*asked, "--allow-synthetic", folder=home)
    assert found.returncode == 2  # its authors have said nothing
    results = {one["gate"]: one for one in json.loads(found.stdout)["results"]}
    assert results["external_validation"]["status"] == "passed"
    assert (
        f"run {answer['run_id']}, record 1 of the audit log" in results["external_validation"]["findings"][1]["found"]
    )
    (slope,) = results["calibration_slope"]["findings"]
    assert f"{answer['measures']['calibration_slope']['estimate']:.2f}" in slope["found"]
    assert all(one["found"] != "not in its record" for result in results.values() for one in result["findings"])
    assert results["model_card"]["status"] == "failed"
    assert results["synthetic_patients"]["status"] == "passed"
    assert "SYNTHETIC" in results["synthetic_patients"]["findings"][0]["found"]
    refused = here(
        "models", "promote", "simulated_mortality", "1", "--to", "champion", "--because", "it is ours", folder=home
    )
    assert_refused(refused, "gates refuse it", "model card: failed", "made of patients who do not exist")
