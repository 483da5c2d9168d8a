"""``spinecast validate`` of models of times and of quantities: what it leaves and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import simulated
from cli.conftest import Run, TrainedStudy, answer_of, assert_refused

from spinecast.cli.validate import validate
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import find_recipe, load_recipe
from spinecast.cohorts.synthetic.writing import write_cohort
from spinecast.models.loading import load_any_model, save_any_model, with_about
from spinecast.promotion.deciding import Deciding
from spinecast.promotion.evidence import Validated
from spinecast.promotion.gates_file import read_gates
from spinecast.promotion.measured import judge_measures, judge_subgroups
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.records.recorded import Recorded, resolve
from spinecast.reporting.records.writing import fill_forms

pytestmark = pytest.mark.slow

QUICK: dict[str, Any] = {"bootstrap": 20, "draws": 1, "synthetic": True}
STUDY = ("--study", "timed/study.yaml")


@pytest.fixture(scope="module")
def home(timed: TrainedStudy, quantity: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both models without a store, and other patients of each beside them."""
    copy = tmp_path_factory.mktemp("validated_kinds") / "home"
    shutil.copytree(timed.folder, copy, ignore=shutil.ignore_patterns("mlruns"))
    shutil.copytree(quantity.output, copy / "output" / quantity.output.name, dirs_exist_ok=True)
    shutil.copy(quantity.folder / "quantity.yaml", copy)
    made = simulated.patients(260, 77).assign(patient=[f"Q{number:05d}" for number in range(260)])
    made.to_csv(copy / "there.csv", index=False)
    write_cohort(Generator(load_recipe(find_recipe("blood_loss")), 99), 260, copy / "blood.parquet")
    blood = pd.read_parquet(copy / "blood.parquet")
    blood.assign(hemoglobin=blood["hemoglobin"].mask(blood.index < 40)).to_parquet(copy / "unmeasured.parquet")
    return copy


@pytest.fixture(scope="module")
def times(home: Path) -> tuple[dict[str, Any], Path]:
    """One validation of curves, for all tests that only look at what it left."""
    answer = answer_of(
        validate,
        home,
        model="output/simulated_survival",
        cohort="there.csv",
        study=Path("timed/study.yaml"),
        horizon=[90.0, 45.0],
        compare=["output/simulated_mortality"],
        output=Path("times"),
        **QUICK,
    )
    return answer, home / "times"


@pytest.fixture(scope="module")
def amounts(home: Path) -> tuple[dict[str, Any], Path]:
    """One validation of quantiles."""
    answer = answer_of(
        validate,
        home,
        model="output/simulated_blood_loss",
        cohort="blood.parquet",
        output=Path("amounts"),
        pdf=True,
        **QUICK,
    )
    return answer, home / "amounts"


@pytest.mark.parametrize(
    ("kind", "said", "place"),
    [
        ("times", "Harrell's C", "evaluation.json#/measures/auc"),
        ("amounts", "Coverage of 80% intervals", "evaluation.json#/thresholds/1/measures/auc"),
    ],
)
def test_published_forms_are_answered_with_measures_of_the_kind(
    kind: str, said: str, place: str, request: pytest.FixtureRequest
) -> None:
    _, folder = request.getfixturevalue(kind)
    record = ExternalRecord.load(folder / "record")
    recorded = Recorded.of(record)
    answers = {form.form: {one["number"]: one for one in form.to_dict()["answers"]} for form in fill_forms(recorded)}
    for one in (one for found in answers.values() for one in found.values()):
        for pointer in one["evidence"]:
            resolve(recorded, pointer)  # raises KeyError where the record holds nothing
    performance = answers["tripod_ai"]["23a"]
    assert said in performance["text"]
    assert "Area under the ROC curve, " in performance["text"]  # with the day, or the threshold, it is of
    benefit = answers["probast_ai_2025_eval"]["4.7"]
    assert benefit["status"] == "Y"
    assert place in benefit["evidence"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "TRIPOD+AI and PROBAST" in page


@pytest.mark.parametrize(
    ("name", "cohort", "without"),
    [("simulated_survival", "there.csv", "albumin"), ("simulated_blood_loss", "unmeasured.parquet", "hemoglobin")],
)
def test_whom_the_model_would_decline_is_counted_and_judged_by_nobody(
    home: Path, name: str, cohort: str, without: str
) -> None:
    model, _ = load_any_model(home / "output" / name / "model")
    careful = with_about(model, {**model.about, "decline": {"without": [without]}})
    shutil.copytree(home / "output" / name, home / "output" / f"careful_{name}")
    shutil.rmtree(home / "output" / f"careful_{name}" / "model")
    save_any_model(careful, home / "output" / f"careful_{name}" / "model")
    table = pd.read_csv(home / cohort) if cohort.endswith("csv") else pd.read_parquet(home / cohort)
    lacking = int(table[without].isna().sum())
    assert 0 < lacking < len(table) / 2
    mapped = {"study": Path("timed/study.yaml"), "horizon": [90.0]} if name == "simulated_survival" else {}
    answer = answer_of(
        validate,
        home,
        model=f"output/careful_{name}",
        cohort=cohort,
        output=Path(f"careful_{name}_there"),
        **mapped,
        **QUICK,
    )
    assert answer["declined"]["patients"] == answer["not_scored"] == lacking
    assert answer["n"] == len(table) - lacking
    text = (home / f"careful_{name}_there" / "report.html").read_text(encoding="utf-8")
    assert "no risk would be given of them" in text


def test_curves_are_judged_whole_on_each_day_and_over_the_follow_up(times: tuple[dict[str, Any], Path]) -> None:
    answer, _ = times
    assert (answer["kind"], answer["outcome_kind"]) == ("validation", "time_to_event")
    assert answer["basis"] == "external"
    assert (answer["n"], answer["horizons_days"]) == (260, [45, 90])
    for name in ("harrell_c", "uno_c", "integrated_brier", "auc", "calibration_slope"):
        assert {"estimate", "lower", "upper", "n", "events", "method"} == set(answer["measures"][name])
    for one in answer["horizons"]:
        assert {"horizon_auc", "ipa", "calibration_in_the_large", "calibration_slope"} <= set(one["measures"])
        assert "predicted" in one["calibration_curve"]
        assert "net_benefit" in one["net_benefit"]
    (cause,) = answer["expected_events"]
    assert cause["horizons"][1]["observed"] >= cause["horizons"][0]["observed"]
    assert 0.6 < cause["horizons"][1]["ratio"]["estimate"] < 1.6
    # A model of one day stands beside, with its risks on its own day and its ranking alone on the other.
    (beside,) = answer["comparators"]
    other, own = beside["horizons"]
    assert (other["day"], own["day"]) == (45, 90)
    assert "absent" in other["measures"]["calibration_slope"]
    assert "estimate" in own["measures"]["calibration_slope"]
    assert own["difference"]["n"] == 260
    assert {one["label"] for one in answer["not_compared"]} >= {"Tomita score", "Bollen model"}
    assert {one["variable"] for one in answer["subgroups"]} >= {"sex", "age", "tumour_group"}
    assert "harrell_c" in answer["subgroups"][0]["groups"][0]["measures"]
    assert {one["variable"] for one in answer["missing_inputs"]["each"]} >= {"age", "albumin"}
    assert answer["case_mix"]["membership_auc"]["estimate"] < 0.65
    assert answer["overlap"]["searched"] is True
    codes = {one["code"] for one in answer["checks_made"]}
    assert {"SC003", "SC020", "SC024"} <= codes


def test_quantiles_are_judged_by_loss_coverage_thresholds_and_blood(amounts: tuple[dict[str, Any], Path]) -> None:
    answer, _ = amounts
    assert answer["basis"] == "external"
    for one in answer["quantiles"]:
        assert {"level", "pinball", "skill", "share_below"} == set(one)
    assert [one["stated"] for one in answer["intervals"]] == [0.5, 0.8, 0.9]
    assert [one["threshold"] for one in answer["thresholds"]] == [500, 1000, 2500]
    for one in answer["thresholds"]:
        assert "net_benefit" in one["decision_curve"]
    (sex, *_) = answer["subgroups"]
    assert {"coverage_50", "coverage_80", "coverage_90", "pinball_skill"} <= set(sex["groups"][0]["measures"])
    half, careful = answer["blood_orders"]["orders"]
    assert careful["ordered"]["estimate"] > half["ordered"]["estimate"]
    assert careful["short"]["estimate"] < half["short"]["estimate"]
    shares = [half[name]["estimate"] for name in ("short", "enough_exactly", "unused")]
    assert sum(shares) == pytest.approx(1)
    assert answer["checked_threshold"] == 1000
    assert {one["variable"] for one in answer["missing_inputs"]["each"]} >= {"hemoglobin", "surgical_procedure"}


def test_the_folders_hold_record_and_report_and_no_patient(
    times: tuple[dict[str, Any], Path], amounts: tuple[dict[str, Any], Path]
) -> None:
    words = {
        "times": ("Events over the follow-up", "The whole curve", "Looked at here: the risk by day 90"),
        "amounts": ("Blood to cross-match", "Intervals and quantiles", "Passing a threshold"),
    }
    assert (amounts[1] / "report.pdf").read_bytes().startswith(b"%PDF")
    for _, folder in (times, amounts):
        assert {entry.name for entry in folder.iterdir()} - {"report.pdf"} == {"record", "report.html"}
        page = (folder / "report.html").read_text(encoding="utf-8")
        everything = "".join(path.read_text(encoding="utf-8") for path in (folder / "record").glob("*.json"))
        assert "Q00001" not in everything + page
        assert "<script" not in page
        for text in ("SYNTHETIC COHORT", "Research use only", "Case mix", *words[folder.name]):
            assert text in page


def test_the_table_of_a_quantity_names_the_side_and_no_event(amounts: tuple[dict[str, Any], Path]) -> None:
    _, folder = amounts
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Characteristics of the cohort, n = 260; " in page
    assert ": at least 1000 mL" in page
    caption = page[page.index("Characteristics of the cohort") :][:90]
    assert "event" not in caption


def test_the_same_patients_and_what_makes_no_sense_are_refused(home: Path, here: Run) -> None:
    ours = ("validate", "output/simulated_survival", *STUDY)
    shutil.copy(home / "patients.csv", home / "own.csv")
    assert_refused(here(*ours, "--cohort", "own.csv", folder=home), "is the development cohort of the model")
    done = here(*ours, "--cohort", "there.csv", "--horizon", "9999", folder=home)
    assert_refused(done, "9999")
    done = here(*ours, "--cohort", "there.csv", "--censored", "exclude", folder=home)
    assert_refused(done, "counts for as long as it lasted")
    done = here(*ours, "--cohort", "there.csv", "--outcome-event", "death", folder=home)
    assert_refused(done, "says itself what it predicts: follow_up_time, death")
    done = here(*ours, "--cohort", "there.csv", "--compare", "output/simulated_blood_loss", folder=home)
    assert_refused(done, "predicts a quantity and no death")
    amounts = ("validate", "output/simulated_blood_loss", "--cohort", "blood.parquet")
    assert_refused(here(*amounts, "--horizon", "90", folder=home), "predicts a quantity: it has no horizon")
    assert_refused(here(*amounts, *STUDY, folder=home), "another outcome than the model's")
    done = here(*amounts, "--compare", "output/simulated_mortality", folder=home)
    assert_refused(done, "predicts no intraoperative_blood_loss")
    done = here("validate", "output/simulated_mortality", "--cohort", "there.csv", "--study", "study.yaml",
                "--horizon", "30", "--horizon", "90", folder=home)  # fmt: skip
    assert_refused(done, "one --horizon; a model of times takes several")


@pytest.mark.parametrize("kind", ["times", "amounts"])
def test_gates_find_their_measures_in_the_record_of_the_kind(kind: str, request: pytest.FixtureRequest) -> None:
    _, folder = request.getfixturevalue(kind)
    recorded = Recorded.of(ExternalRecord.load(folder / "record"))
    gates = read_gates().content
    days = tuple(float(day) for day in recorded.outcome.get("horizons_days") or ())
    validated = Deciding([Validated("run", recorded)], days, gates.sample_size)
    slope = judge_measures("calibration_slope", gates.calibration_slope, recorded.predicts, validated)
    level = judge_measures("calibration_in_the_large", gates.calibration_in_the_large, recorded.predicts, validated)
    groups = judge_subgroups(gates.subgroup_harm, recorded.predicts, validated.anywhere)
    for result in (slope, level, groups):
        assert result.status in ("passed", "failed"), result.to_dict()
    parts = recorded.files["evaluation.json"].get("horizons") or recorded.files["evaluation.json"]["thresholds"]
    assert len(slope.findings) >= len(parts)
