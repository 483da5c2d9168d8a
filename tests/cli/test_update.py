"""``spinecast update``: a model changed for other patients, judged on patients set apart, and registered."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import simulated
from cli.conftest import Run, TrainedStudy, assert_refused, command, copy_place

from spinecast.cli.updating_patients import updates_again
from spinecast.cli.validation_inputs import find_reference
from spinecast.explanation.contributions import explain
from spinecast.models.artifact import load_model, save_model
from spinecast.tracking.store import open_store

QUICK = ("--bootstrap", "20")
STUDY = ("--study", "study.yaml")


def elsewhere(count: int = 420, seed: int = 77, *, hazard: float = 0.45) -> pd.DataFrame:
    """Other patients of the same kind who die `hazard` times as fast."""
    made = simulated.patients(count, seed)
    days = (made["days"] / hazard).round(0)
    return made.assign(
        patient=[f"Q{number:05d}" for number in range(count)],
        days=days.clip(upper=400),
        died=np.where(days > 400, "absent", made["died"]),
    )


@pytest.fixture(scope="module")
def home(trained: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with study, patients, store and output, and other patients beside."""
    copy = tmp_path_factory.mktemp("updated") / "home"
    copy_place(trained.folder, copy)
    elsewhere().to_csv(copy / "there.csv", index=False)
    elsewhere(300, seed=5_000).to_csv(copy / "third.csv", index=False)
    return copy


@pytest.fixture(scope="module")
def storeless(trained: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without a store: an update that writes to none is quicker."""
    copy = tmp_path_factory.mktemp("storeless") / "home"
    shutil.copytree(trained.folder, copy, ignore=shutil.ignore_patterns("mlruns"))
    elsewhere().to_csv(copy / "there.csv", index=False)
    return copy


@pytest.fixture(scope="module")
def updated(home: Path) -> tuple[dict[str, Any], Path]:
    """One update by registered name, for all tests that only look at what it left."""
    done = command(
        "update", "simulated_mortality", "--cohort", "there.csv", *STUDY, "--method", "logistic", "--synthetic",
        "--alias", "there", "--output", "new", "--pdf", "--json", *QUICK, folder=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home / "new"


def test_the_answer_holds_both_models_in_the_same_patients(updated: tuple[dict[str, Any], Path]) -> None:
    answer, _ = updated
    before, after = answer["before"]["measures"], answer["measures"]
    assert answer["before"]["n"] == answer["n"]
    assert before["calibration_in_the_large"]["upper"] < 0  # fewer die there
    assert abs(after["calibration_in_the_large"]["estimate"]) < abs(before["calibration_in_the_large"]["estimate"])
    assert after["auc"]["estimate"] == before["auc"]["estimate"]  # a rising line leaves the ranking
    loss = answer["differences"]["log_loss"]["estimate"]
    assert loss == pytest.approx(after["log_loss"]["estimate"] - before["log_loss"]["estimate"])
    assert loss < 0
    assert [one["threshold"] for one in answer["net_benefit_differences"]] == [0.1, 0.2, 0.3, 0.5]
    assert [one["label"] for one in answer["comparators"]] == ["Before the update"]
    assert answer["updating"]["closed_test"] is None
    codes = {one["code"]: one["status"] for one in answer["checks_made"]}
    assert codes["SC040"] == "not found"
    assert codes["SC020"] == "found"
    assert any("SYNTHETIC" in notice for notice in answer["about"]["notices"])


def test_nobody_is_both_updated_and_judged_on(updated: tuple[dict[str, Any], Path]) -> None:
    answer, _ = updated
    update = answer["about"]["update"]
    assert 0 < abs(update["cohort"]["n"] - answer["n"]) <= 2 or update["cohort"]["n"] == answer["n"]
    assert update["cohort"]["n"] + answer["n"] <= 420
    assert update["cohort"]["fingerprint"] != answer["cohort"]["fingerprint"]


def test_the_model_is_the_old_one_behind_a_line_and_says_so(
    updated: tuple[dict[str, Any], Path], trained: TrainedStudy, tmp_path: Path
) -> None:
    answer, folder = updated
    old, old_identity = load_model(trained.output / "model")
    new, identity = load_model(folder / "model")
    assert identity == answer["about"]["update"]["identity"]
    assert save_model(new, tmp_path / "again") == identity  # the same bits
    line = answer["updating"]["lines"]["logistic"]
    matrix = old.background()
    expected = line["intercept"]["estimate"] + line["slope"]["estimate"] * old.log_odds(matrix)
    assert new.log_odds(matrix) == pytest.approx(expected, abs=1e-12)
    assert np.abs(explain(new, matrix).residual).max() < 1e-4
    assert new.about["cohort"] == old.about["cohort"]  # its development is not forgotten
    (update,) = new.about["updates"]
    assert update["parent"] == {"identity": old_identity, "version": "simulated_mortality/1"}
    assert update["method"] == "logistic"
    assert new.is_synthetic


def test_the_store_holds_a_version_that_names_its_parent(
    updated: tuple[dict[str, Any], Path], trained: TrainedStudy, home: Path
) -> None:
    answer, _ = updated
    assert answer["about"]["update"]["version"] == "simulated_mortality/2"
    client = open_store(home / "mlruns", create=False).client()
    version = client.get_model_version("simulated_mortality", "2")
    tags, aliases = version.tags, client.get_registered_model("simulated_mortality").aliases
    data = client.get_run(version.run_id).data
    assert tags["spinecast.parent_version"] == "simulated_mortality/1"
    assert tags["spinecast.parent_identity"] == trained.answer["identity"]
    assert tags["spinecast.update_method"] == "logistic"
    assert float(tags["spinecast.update_slope"]) == answer["updating"]["lines"]["logistic"]["slope"]["estimate"]
    assert tags["spinecast.updating_cohort_fingerprint"] == answer["about"]["update"]["cohort"]["fingerprint"]
    assert tags["spinecast.cohort_kind"] == "synthetic"
    assert {name: int(version) for name, version in aliases.items()} == {"candidate": 1, "there": 2}
    assert data.tags["spinecast.state"] == "complete"
    assert data.metrics["log_loss_difference"] == pytest.approx(answer["differences"]["log_loss"]["estimate"])


def test_no_patient_is_left_anywhere(updated: tuple[dict[str, Any], Path], home: Path) -> None:
    _, folder = updated
    assert sorted(entry.name for entry in folder.iterdir()) == ["model", "record", "report.html", "report.pdf"]
    for place in (folder, home / "mlruns"):
        for path in (path for path in place.rglob("*") if path.is_file()):
            assert b"Q00001" not in path.read_bytes(), path
    page = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("SYNTHETIC COHORT", "Research use only", "Before and after", "simulated_mortality/1", "set apart"):
        assert words in page
    assert "<script" not in page


def test_the_report_is_written_again_and_no_form_filled_from_it(
    updated: tuple[dict[str, Any], Path], home: Path, here: Run
) -> None:
    _, folder = updated
    done = here("report", "new", "--output", "again.html", folder=home)
    assert done.returncode == 0, done.stderr
    assert (home / "again.html").read_bytes() == (folder / "report.html").read_bytes()
    assert_refused(here("report", "new", "--records", folder=home), "not filled from an update", "validate the updated")


@pytest.mark.usefixtures("updated")
def test_the_updated_model_predicts_and_knows_whom_it_was_updated_on(home: Path, here: Run) -> None:
    (home / "one.json").write_text('{"age": 70, "albumin": 2.6}', encoding="utf-8")
    risks = []
    for name in ("simulated_mortality", "simulated_mortality@there", "new"):
        done = here("predict", name, "--patient", "one.json", "--json", folder=home)
        assert done.returncode == 0, done.stderr
        risks.append(json.loads(done.stdout)["risk"])
    assert risks[0] > risks[1] == risks[2]
    renamed = elsewhere().assign(patient=[f"New {number}" for number in range(420)])
    renamed.to_csv(home / "renamed.csv", index=False)
    for file in ("there.csv", "renamed.csv"):
        done = here("validate", "new", "--cohort", file, *STUDY, folder=home)
        assert_refused(done, "is the updating cohort of the model", "in the report of its update")
        done = here("update", "simulated_mortality/2", "--cohort", file, *STUDY, folder=home)
        assert_refused(done, "is the updating cohort of the model")
    renamed.iloc[1:].to_csv(home / "lacks_one.csv", index=False)
    pd.concat([elsewhere(200, seed=5_000), renamed.iloc[:40]]).to_csv(home / "holds_some.csv", index=False)
    done = here("validate", "simulated_mortality/2", "--cohort", "lacks_one.csv", *STUDY, folder=home)
    assert_refused(done, "is the updating cohort of the model", "rows that agree in all")
    done = here("validate", "new", "--cohort", "holds_some.csv", *STUDY, folder=home)
    assert_refused(done, "holds_some holds patients of there, on whom the model was updated", "of 240 patients")
    shutil.copy(home / "patients.csv", home / "own.csv")
    done = here("update", "new", "--cohort", "own.csv", *STUDY, folder=home)
    assert_refused(done, "is the development cohort of the model")
    done = here("validate", "simulated_mortality/2", "--cohort", "third.csv", *STUDY, "--missing-draws", "1",
                "--synthetic", "--output", "judged", "--json", *QUICK, folder=home)  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert abs(answer["measures"]["calibration_in_the_large"]["estimate"]) < 0.6
    assert answer["about"]["development"]["patients"] is True  # the record of the first training is found
    (met,) = answer["met_before"]
    assert (met["role"], met["name"], met["shared"], met["searched"]) == ("updating", "there", 0, True)
    assert "rows that agree in all" in met["looked"]


@pytest.mark.usefixtures("updated")
def test_whom_a_model_was_updated_on_is_read_again_where_it_still_is_what_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("SPINECAST_STORE", str(home / "mlruns"))
    (again,) = updates_again(find_reference("new"), (), print)
    assert again.drawn_from is not None
    sides = [one.cohort and len(one.cohort) for one in (again.people, again.drawn_from)]
    assert sides == [again.people.n, 420]  # the two sides are divided again as they were
    shutil.copytree(home, tmp_path / "moved", ignore=shutil.ignore_patterns("mlruns", "there.csv"))
    monkeypatch.chdir(tmp_path / "moved")
    elsewhere(421).to_csv("there.csv", index=False)
    (changed,) = updates_again(find_reference("new"), (), print)
    assert changed.people.cohort is None
    assert changed.people.unreadable == "the patients of there have changed since the model was updated on them"
    Path("there.csv").unlink()
    (gone,) = updates_again(find_reference("new"), (), print)
    assert "there.csv is not where the update read it" in gone.people.unreadable
    (found,) = updates_again(find_reference("new"), (home / "third.csv",), print)  # beside a file that was named
    assert found.people.cohort is not None
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path / "none"))
    shutil.rmtree("new/record")
    (lost,) = updates_again(find_reference("new"), (), print)
    assert lost.people.unreadable == "the record of the update is not at hand"


def test_the_closed_test_says_each_step_and_refitting_what_it_is_judged_by(storeless: Path, here: Run) -> None:
    done = here("update", "output/simulated_mortality", "--cohort", "there.csv", *STUDY, "--synthetic", "--output",
                "closed", "--judge-share", "0.3", "--json", *QUICK, folder=storeless)  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    found = answer["updating"]
    assert found["method"] == found["closed_test"]["chosen"] == "intercept"
    assert [(step["smaller"], step["degrees_of_freedom"]) for step in found["closed_test"]["steps"]] == [
        ("original", 2), ("intercept", 1),
    ]  # fmt: skip
    assert "to estimate 7 parameters needs 70" in found["refit_against_logistic"]["absent"]
    page = (storeless / "closed" / "report.html").read_text(encoding="utf-8")
    assert "Steps of the closed test" in page
    assert "Fitting the model again was not among the choices" in page


def test_patients_lost_before_the_horizon_are_weighted_for(storeless: Path, here: Run) -> None:
    """Without a likelihood the closed test is Wald's, and its steps say so."""
    table = elsewhere(500, seed=40)
    lost = np.random.default_rng(2).uniform(20, 500, len(table)).round(0)
    died = table["died"].where(table["days"] <= lost, "absent")
    table.assign(days=np.minimum(table["days"], lost), died=died).to_csv(storeless / "lost.csv", index=False)
    done = here("update", "output/simulated_mortality", "--cohort", "lost.csv", *STUDY, "--censored", "ipcw",
                "--synthetic", "--output", "weighted", "--json", *QUICK, folder=storeless)  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["about"]["weighted"] is True
    assert {step["method"] for step in answer["updating"]["closed_test"]["steps"]} == {"score test, weighted outcomes"}
    assert "sandwich" in answer["updating"]["lines"]["intercept"]["intercept"]["method"]
    assert answer["before"]["measures"]["calibration_in_the_large"]["estimate"] < 0
    assert answer["about"]["update"]["cohort"]["n"] < 250  # whose outcome is known


def test_a_refit_is_taken_where_it_does_better_in_patients_held_out(storeless: Path, here: Run) -> None:
    """There the young die in place of the old; asked for by name, the refit is the same to the last bit."""
    for name, count, seed in (("many.csv", 900, 9), ("turned.csv", 300, 10)):
        made = elsewhere(count, seed=seed, hazard=0.7)
        made.assign(age=(126 - made["age"]).clip(20, 95)).to_csv(storeless / name, index=False)
    files: list[list[Path]] = []
    for method in ("closed-test", "refit"):
        done = here("update", "output/simulated_mortality", "--cohort", "many.csv", "--judge", "turned.csv", *STUDY,
                    "--synthetic", "--method", method, "--output", f"by_{method}", "--json", *QUICK,
                    folder=storeless)  # fmt: skip
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["updating"]["method"] == "refit"
        assert answer["differences"]["auc"]["lower"] > 0
        files.append(sorted((storeless / f"by_{method}" / "model").rglob("*.npz")))
        if method == "closed-test":
            assert answer["updating"]["refit_against_logistic"]["log_loss_difference"]["upper"] < 0
            assert "It was taken." in (storeless / "by_closed-test" / "report.html").read_text("utf-8")
    assert [part.read_bytes() for part in files[0]] == [part.read_bytes() for part in files[1]]
    model, _ = load_model(storeless / "by_refit" / "model")
    old, _ = load_model(storeless / "output" / "simulated_mortality" / "model")
    assert [part.name for part in model.parts] == [part.name for part in old.parts]
    assert model.about["cohort"]["quantiles"]["age"] == old.marginals[0].tolist()
    (storeless / "first.csv").write_bytes((storeless / "patients.csv").read_bytes())
    alone = here("validate", "by_refit", "--cohort", "first.csv", *STUDY, folder=storeless)
    assert_refused(alone, "is the development cohort of the model")


def test_what_cannot_be_updated_is_refused(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    few = elsewhere(60, seed=3)
    few.to_csv(tmp_path / "few.csv", index=False)
    elsewhere().to_csv(tmp_path / "there.csv", index=False)
    elsewhere().assign(patient=[f"R{number}" for number in range(420)]).iloc[:200].to_csv(
        tmp_path / "part.csv", index=False
    )
    elsewhere().assign(died="absent", days=300).to_csv(tmp_path / "alive.csv", index=False)
    (tmp_path / "study.yaml").write_text(simulated.STUDY, encoding="utf-8")
    shutil.copytree(trained.output / "model", tmp_path / "model")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    there = ("--cohort", "there.csv", *STUDY)
    for arguments, words in (
        (("model", *there, "--method", "intercpt"), ("--method", "did you mean intercept")),
        (("model", *there, "--judge-share", "1.5"), ("--judge-share", "between 0 and 1")),
        (("model", *there, "--judge-share", "0.5", "--judge", "few.csv"), ("name one of them",)),
        (("model", *there, "--alias", "3"), ("--alias", "neither a version number")),
        (("model", *there, "--output", "mine"), ("holds what no update wrote", "thesis.txt")),
        (("score:tomita", *there), ("is a published score", "spinecast validate")),
        (("published:sorg_survival_2016", *there), ("is a published formula",)),
        (("model", "--cohort", "few.csv", *STUDY, "--method", "logistic"), ("too few events", "gather more patients")),
        (
            ("model", *there, "--method", "refit"),
            ("to estimate 7 parameters needs 70", "--method logistic needs fewer"),
        ),
        (("model", "--cohort", "alive.csv", *STUDY), ("no patient has the outcome",)),
        (("model", *there, "--judge", "part.csv"), ("holds patients of", "200 of 200", "take them out")),
        (("model", *there, "--judge", "there.csv"), ("holds patients of",)),
        (("modell", *there), ("nothing has been trained here yet",)),
    ):
        assert_refused(here("update", *arguments, folder=tmp_path), *words)
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert not (tmp_path / "output").exists()
    done = here("update", "model", *there, "--method", "intercept", "--synthetic", *QUICK, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no: there is no store here" in done.stdout
    assert (tmp_path / "output" / "updates" / "simulated_mortality_on_there" / "model" / "manifest.json").is_file()


RECIPE_SITE = """\
  second_hospital:
    description: As the first, the odds of recovery twice as high.
    source: design
    baseline: {motor_recovery: 2.0}
"""
RECOVERY = """\
study: recovery
title: Recovery of strength in made-up patients
seed: 3
cohort: {source: {kind: synthetic, recipe: recipe.yaml, patients: 3000, seed: 1, site: reference}}
outcome: {kind: binary, variable: motor_recovery, event_levels: [present]}
predictors: [treatment_group, sins_total]
resampling: {outer_folds: 2, inner_folds: 3}
tuning: {trials: 1, startup_trials: 1}
candidates: [{kind: baseline, predictors: [treatment_group, sins_total], search: {inverse_penalty: [100.0]}}]
final: {kind: winner}
evaluation: {bootstrap: 20}
explanation: {patients: 10}
"""


@pytest.mark.slow
def test_a_shifted_baseline_is_seen_by_validating_and_repaired_by_a_new_intercept(here: Run, tmp_path: Path) -> None:
    """Developed at site A, judged at B where the odds are twice as high: calibration-in-the-large log 2, slope 1."""
    text = (Path(__file__).parents[2] / "configs" / "cohorts" / "bilsky3_ambulation.yaml").read_text(encoding="utf-8")
    recipe = text[: text.index("  second_hospital:")] + RECIPE_SITE
    (tmp_path / "recipe.yaml").write_text(recipe, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(RECOVERY, encoding="utf-8")
    drawn = here("synth", "--cohort", "recipe.yaml", "--site", "second_hospital", "--patients", "4000", "--seed", "2",
                 "-o", "b.parquet", folder=tmp_path)  # fmt: skip
    assert drawn.returncode == 0, drawn.stderr
    done = here("train", "study.yaml", "--workers", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path / "mlruns")  # what follows writes to none
    there = ("--cohort", "b.parquet", "--json", *QUICK)
    done = here("validate", "output/recovery", *there, "--missing-draws", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)["measures"]
    large, slope = seen["calibration_in_the_large"], seen["calibration_slope"]
    assert large["lower"] < np.log(2) < large["upper"]
    assert slope["lower"] < 1 < slope["upper"]
    assert large["upper"] - large["lower"] < 0.2
    done = here("update", "output/recovery", *there, folder=tmp_path)  # the closed test finds it, too
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["updating"]["method"] == "intercept"
    line = answer["updating"]["lines"]["intercept"]["intercept"]
    assert line["lower"] < np.log(2) < line["upper"]
    before, after = (one["measures"]["calibration_in_the_large"] for one in (answer["before"], answer))
    assert before["lower"] > 0.4
    assert after["lower"] < 0 < after["upper"]
    assert answer["differences"]["log_loss"]["upper"] < 0
    assert "SC024" not in {check["code"] for check in answer["checks"]}
