"""What a trained study left, used as its user would: predict, report, models, MLflow."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import simulated
from cli.conftest import Run, TrainedStudy, environment

from spinecast.models.artifact import load_model, save_model
from spinecast.tracking.store import open_store

pytestmark = pytest.mark.slow

PATIENT = {"age": 63, "sex": "female", "albumin": {"value": 29, "unit": "g/L"}}


@pytest.mark.parametrize("reference", ["simulated_mortality", "simulated_mortality@candidate", "run id", "folder"])
def test_one_patient_by_every_name_of_the_model(trained: TrainedStudy, here: Run, reference: str) -> None:
    known = {"run id": str(trained.answer["run_id"]), "folder": str(trained.output)}
    # With the mark that some editors of Windows begin a file with.
    (trained.folder / "patient.json").write_text(json.dumps(PATIENT), encoding="utf-8-sig")
    done = here(
        "predict", known.get(reference, reference), "--patient", "patient.json", "--json", folder=trained.folder
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["used"]["albumin"] == "2.9 g/dL"
    assert answer["used"]["sodium"] == "not recorded"
    assert answer["lower"] < answer["risk"] < answer["upper"]
    total = answer["base_value"] + sum(row["contribution"] for row in answer["contributions"])
    assert total == pytest.approx(answer["log_odds"], abs=1e-4)
    assert any("Research use only" in notice for notice in answer["notices"])
    assert any("SYNTHETIC" in notice for notice in answer["notices"])
    assert any("Sodium" in warning for warning in answer["warnings"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"albumin": 37}', ("albumin", "37", "g/dL", "g/L")),
        ('{"albumen": 3.7}', ("albumen", "albumin")),
        ('{"age": "old"}', ("age", "old")),
        ('{"age": 63, "age": 64}', ("more than once",)),
        ('{"age": 63', ("not JSON",)),
        ("[63]", ("one patient",)),
        ("{}", ("nothing is known",)),
        ('{"age": ' + "9" * 400 + "}", ("age", "impossible")),
        ("[" * 100_000, ("patient.json is nested too deeply",)),
        ('{"albumin": NaN}', ("patient.json /albumin", "no number", "leave it out")),
    ],
)
def test_a_patient_that_cannot_be_read(
    trained: TrainedStudy, here: Run, tmp_path: Path, content: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "patient.json").write_text(content)
    done = here("predict", str(trained.output), "--patient", "patient.json", folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert done.stdout == ""


def test_a_table_of_patients(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    table = simulated.patients(40, seed=8).drop(columns=["days", "died", "creatinine"])
    table.loc[39, ["age", "sex", "tumour_group", "albumin", "sodium"]] = None
    table.to_csv(tmp_path / "in.csv", index=False)
    done = here("predict", str(trained.output), "--input", "in.csv", "--output", "out.parquet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    risks = pd.read_parquet(tmp_path / "out.parquet")
    assert len(risks) == 40
    assert risks.loc[39, ["risk", "lower", "upper"]].isna().all()  # of this one nothing is known
    assert "1 rows hold none of the model's inputs" in done.stderr
    risks = risks.iloc[:39]
    assert ((risks["lower"] < risks["risk"]) & (risks["risk"] < risks["upper"])).all()
    assert (risks["missing_inputs"] >= 1).all()
    assert risks["notice"].str.contains("Research use only").all()
    assert "creatinine" in done.stderr  # taken as not known, and said


def test_what_a_table_of_patients_may_not_be(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    table = simulated.patients(5, seed=8).drop(columns=["days", "died"])
    table.to_csv(tmp_path / "in.csv", index=False)
    table.rename(columns={"albumin": "albumine"}).to_csv(tmp_path / "similar.csv", index=False)
    table.assign(risk=0.5).to_csv(tmp_path / "taken.csv", index=False)
    (tmp_path / "doubled.csv").write_text("age,age\n63,64\n")
    model = str(trained.output)
    for source, target, words in (
        ("in.csv", "in.csv", "replace the table"),
        ("in.csv", "out.xlsx", "neither CSV nor Parquet"),
        ("similar.csv", "out.csv", "albumine"),
        ("taken.csv", "out.csv", "already has a column 'risk'"),
        ("doubled.csv", "out.csv", "more than one column 'age'"),
    ):
        done = here("predict", model, "--input", source, "--output", target, folder=tmp_path)
        assert done.returncode == 2, source
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out.*"))
    allowed = ("--input", "similar.csv", "--output", "out.csv", "--allow-similar-columns")
    assert here("predict", model, *allowed, folder=tmp_path).returncode == 0


def test_a_table_in_stretches_has_contributions_whole_or_not_at_all(
    trained: TrainedStudy, here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spinecast.explanation import table_prediction, table_stretches

    monkeypatch.setattr(table_prediction, "ROWS_AT_ONCE", 16)
    table = simulated.patients(40, seed=8).drop(columns=["days", "died"])
    table.assign(note=[None] * 20 + ["seen"] * 20).to_parquet(tmp_path / "in.parquet")
    table.to_csv(tmp_path / "in.csv", index=False)
    asked = ("predict", str(trained.output), "--contributions", "--input")
    for source, target in (("in.parquet", "out.parquet"), ("in.csv", "out.csv")):
        done = here(*asked, source, "--output", target, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "40 patients predicted" in done.stderr
    found, written = pd.read_parquet(tmp_path / "out.parquet"), pd.read_csv(tmp_path / "out.csv")
    assert found["note"].isna().sum() == 20
    contributions = [name for name in found if name.startswith("contribution_")]
    added = found["base_value"] + found[contributions].sum(axis=1)
    assert added.to_numpy() == pytest.approx(found["explained"].to_numpy(), abs=1e-4)
    assert (found[contributions] == written[contributions]).all(axis=None)
    one = table.iloc[:1].dropna(axis=1).drop(columns="patient", errors="ignore").to_dict("records")[0]
    known = {name: value for name, value in one.items() if f"contribution_{name}" in found}
    (tmp_path / "patient.json").write_text(json.dumps(known))
    done = here("predict", str(trained.output), "--patient", "patient.json", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["risk"] == found["risk"][0]  # alone, and among forty

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(table_stretches, "predict_any_table", interrupted)
    done = here(*asked, "in.csv", "--output", "third.csv", folder=tmp_path)
    assert done.returncode == 130
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_of_one_patient_or_of_a_table_is_refused_for_the_other(
    trained: TrainedStudy, here: Run, tmp_path: Path
) -> None:
    (tmp_path / "patient.json").write_text('{"age": 63}')
    (tmp_path / "in.csv").write_text("age\n63\n")
    model, table = str(trained.output), ("--input", "in.csv", "--output", "out.csv")
    for options, words in (
        (("--patient", "patient.json", "--contributions"), "adds columns to a table"),
        ((*table, "--level", "2"), "says what is explained"),
        ((*table, "--level", "2", "--contributions"), "no ordered levels"),
        ((*table, "--json"), "prints one patient"),
    ):
        done = here("predict", model, *options, folder=tmp_path)
        assert done.returncode == 2, options
        assert words in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_unusual_inputs_of_a_table_are_named(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    table = simulated.patients(5, seed=8).drop(columns=["days", "died"])
    table.loc[2, "albumin"] = 1.0
    table.to_csv(tmp_path / "in.csv", index=False)
    done = here("predict", str(trained.output), "--input", "in.csv", "--output", "out.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    named = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)["unusual_inputs"]
    assert "albumin" in named[2]
    assert "albumin is unusual in" in done.stderr


def test_a_version_is_found_by_the_name_that_training_printed(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    (trained.folder / "simulated_mortality").mkdir()  # a folder of the model's name that holds no model
    for reference in (str(trained.answer["model"]), "simulated_mortality"):
        (tmp_path / "patient.json").write_text('{"age": 63}')
        patient = str(tmp_path / "patient.json")
        done = here("predict", reference, "--patient", patient, "--json", folder=trained.folder)
        assert done.returncode == 0, done.stderr


def test_an_altered_model_is_refused(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    import shutil

    altered = Path(shutil.copytree(trained.output / "model", tmp_path / "model"))
    text = (altered / "model.json").read_text()
    (altered / "model.json").write_text(text.replace('"slope": ', '"slope": 1', 1))
    (tmp_path / "patient.json").write_text(json.dumps(PATIENT))
    done = here("predict", "model", "--patient", "patient.json", folder=tmp_path)
    assert done.returncode == 2
    assert "not what its manifest says" in done.stderr


def test_an_unknown_model_names_the_nearest(trained: TrainedStudy, here: Run) -> None:
    (trained.folder / "patient.json").write_text(json.dumps(PATIENT))
    done = here("predict", "simulated_mortalty", "--patient", "patient.json", folder=trained.folder)
    assert done.returncode == 2
    assert "did you mean simulated_mortality?" in done.stderr


def test_looking_where_nothing_was_trained_leaves_nothing(here: Run, tmp_path: Path) -> None:
    done = here("models", folder=tmp_path)
    assert done.returncode == 2
    assert "nothing has been trained here yet" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_report_is_written_again_from_the_store(trained: TrainedStudy, here: Run, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    done = here("report", str(trained.answer["run_id"]), "--output", str(again), folder=trained.folder)
    assert done.returncode == 0, done.stderr
    assert again.read_text() == (trained.output / "report.html").read_text()
    done = here("report", str(trained.output), "--pdf", "--output", str(tmp_path / "r.pdf"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_models_lists_versions_and_that_they_are_synthetic(trained: TrainedStudy, here: Run) -> None:
    done = here("models", "--json", folder=trained.folder)
    version = json.loads(done.stdout.splitlines()[0])
    assert (version["name"], version["aliases"], version["cohort_kind"]) == (
        "simulated_mortality",
        ["candidate"],
        "synthetic",
    )


def test_mlflow_loads_the_model_with_its_signature_and_the_contract_still_holds(
    trained: TrainedStudy, tmp_path: Path
) -> None:
    code = """
import json, socket, sys
connect = socket.socket.connect
def refuse(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
        raise SystemExit(f"an outbound socket to {address}")
    return connect(self, address)
socket.socket.connect = refuse
from spinecast.tracking.store import open_store
import pandas as pd
with open_store().active() as mlflow:
    model = mlflow.pyfunc.load_model("models:/simulated_mortality@candidate")
    names = [column.name for column in model.metadata.signature.inputs.inputs]
    risk = model.predict(pd.DataFrame({"age": [63.0], "sex": ["female"], "albumin": [2.9]}))
    try:
        model.predict(pd.DataFrame({"albumin": [37.0]}))
        refused = False
    except Exception as error:
        refused = "37" in str(error)
print(json.dumps({"names": names, "risk": float(risk["risk"].iloc[0]), "refused": refused}))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        env=environment(trained.folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["names"] == ["age", "sex", "tumour_group", "albumin", "creatinine", "sodium"]
    assert answer["refused"]
    assert 0 < answer["risk"] < 1


def test_the_run_in_the_store_is_complete(trained: TrainedStudy) -> None:
    client = open_store(trained.folder / "mlruns", create=False).client()
    run = client.get_run(str(trained.answer["run_id"]))
    children = client.search_runs([run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    assert (run.info.status, run.data.tags["spinecast.state"], run.data.params["seed"]) == (
        "FINISHED",
        "complete",
        "11",
    )
    assert sorted(child.info.run_name for child in children) == ["baseline", "elastic_net", "xgboost"]
    assert {"auc", "auc_lower", "calibration_slope", "fit_seconds"} <= set(run.data.metrics)
    assert {"spinecast.git_commit", "spinecast.cohort_fingerprint", "split.fold 1", "version.xgboost"} <= set(
        run.data.tags
    )
    fingerprint = json.loads((trained.output / "record" / "cohort.json").read_text())["fingerprint"]
    assert [used.dataset.digest for used in run.inputs.dataset_inputs] == [fingerprint[:36]]
    files = {file.path for file in client.list_artifacts(run.info.run_id, "record")}
    assert {"record/report.html", "record/figures", "record/study.yaml"} <= files


def test_a_study_that_declines_gives_its_reason_and_a_status_of_its_own(
    trained: TrainedStudy, here: Run, tmp_path: Path
) -> None:
    model, _ = load_model(trained.output / "model")
    assert model.missing is not None
    assert model.development is not None
    save_model(replace(model, about=dict(model.about) | {"decline": {"without": ["albumin"]}}), tmp_path / "careful")
    (tmp_path / "patient.json").write_text(json.dumps({"age": 63, "sex": "female"}))
    (tmp_path / "known.json").write_text(json.dumps(PATIENT))
    done = here("predict", "careful", "--patient", "patient.json", "--json", folder=tmp_path)
    assert done.returncode == 3
    answer = json.loads(done.stdout)
    assert "albumin" in answer["declined"].lower()
    assert "risk" not in answer
    assert any("SYNTHETIC" in notice for notice in answer["notices"])
    spoken = here("predict", "careful", "--patient", "patient.json", folder=tmp_path)
    assert spoken.returncode == 3
    assert spoken.stdout.startswith("declined: ")
    assert "Research use only" in spoken.stdout
    assert here("predict", "careful", "--patient", "known.json", folder=tmp_path).returncode == 0
    (tmp_path / "many.csv").write_text("age,albumin\n63,3.1\n64,\n")
    done = here("predict", "careful", "--input", "many.csv", "--output", "out.csv", folder=tmp_path)
    assert "of 1 rows no risk is given" in done.stderr
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table["risk"].isna()) == [False, True]


def test_the_record_and_the_report_say_what_missing_inputs_cost(trained: TrainedStudy) -> None:
    recorded = json.loads((trained.output / "record" / "evaluation.json").read_text())["missing_inputs"]
    model, _ = load_model(trained.output / "model")
    assert model.missing is not None
    change = {one["variable"]: one["change"] for one in recorded["each"]}
    assert [change[name] for name in model.predictors] == pytest.approx(model.missing.variance * model.slope**2)
    page = (trained.output / "report.html").read_text()
    assert "Log-odds move by" in page
    assert "that had not seen them" in page
