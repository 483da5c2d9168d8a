from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import simulated
from cli.conftest import Run, TrainedStudy, environment

pytestmark = pytest.mark.slow

RESULTS = (
    "record/evaluation.json",
    "record/tuning.json",
    "record/explanation.json",
    "record/internal.json",
    "record/cohort.json",
    "out_of_fold.csv",
)

SHORT = """\
candidates: [{kind: baseline, predictors: [age, tumour_group], trials: 1}]
final: {kind: winner}
internal_validation: {bootstrap: null}
evaluation: {bootstrap: 20}
explanation: {patients: 10}
"""


def numbers(folder: Path) -> dict[str, object]:
    """Everything a run computed, without the times it took."""
    found: dict[str, object] = {name: (folder / name).read_text() for name in RESULTS if name != "record/tuning.json"}
    tuning = json.loads((folder / "record" / "tuning.json").read_text())
    for candidate in tuning["candidates"]:
        for split in candidate["splits"]:
            for trial in split["trials"]:
                del trial["fit_seconds"]
    found["tuning"] = tuning
    for path in sorted((folder / "model").rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def stored_runs(folder: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(folder / "mlruns" / "mlflow.db") as database:
        return database.execute("select run_uuid, status from runs").fetchall()


def test_it_leaves_model_report_record_and_one_json_line(trained: TrainedStudy) -> None:
    assert set(trained.answer) == {"run_id", "model", "folder", "model_folder", "identity", "report", "evaluation"}
    assert trained.answer["model"] == "simulated_mortality/1"
    report = (trained.output / "report.html").read_text()
    assert "SYNTHETIC" in report
    assert "Research use only" in report
    assert {path.name for path in trained.output.iterdir()} == {"model", "record", "report.html", "out_of_fold.csv"}
    assert [path.name for path in (trained.folder / "output").iterdir()] == ["simulated_mortality"]
    manifest = (trained.folder / str(trained.answer["model_folder"]) / "manifest.json").read_bytes()
    assert trained.answer["identity"] == hashlib.sha256(manifest).hexdigest()
    evaluation = trained.answer["evaluation"]
    assert isinstance(evaluation, dict)
    assert evaluation["basis"] == "out-of-fold"
    assert 0.55 < evaluation["measures"]["auc"]["estimate"] < 0.9


def test_the_time_inside_fits_and_the_wall_time_are_in_the_run(trained: TrainedStudy) -> None:
    timings = json.loads((trained.output / "record" / "run.json").read_text())["timings"]
    assert timings["fit_seconds"] > 0
    assert timings["fit_share_of_training_wall"] == pytest.approx(
        timings["fit_seconds"] / timings["training_wall_seconds"], abs=1e-3
    )
    assert next(iter(timings)) == "fit_share_of_worker_time"
    assert timings["fit_share_of_worker_time"] == timings["fit_share_of_training_wall"]  # there is one worker
    assert 0 < timings["fit_share_of_worker_time"] < 1
    assert timings["peak_memory_mb"] > 100


def test_out_of_fold_risks_are_those_evaluated(trained: TrainedStudy) -> None:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    with (trained.output / "out_of_fold.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    outcome = [int(row["outcome"]) for row in rows]
    risk = [float(row["risk"]) for row in rows]
    measures = trained.answer["evaluation"]["measures"]  # type: ignore[index]
    assert measures["auc"]["estimate"] == pytest.approx(roc_auc_score(outcome, risk), abs=1e-12)
    assert measures["brier"]["estimate"] == pytest.approx(brier_score_loss(outcome, risk), abs=1e-12)
    assert {row["fold"] for row in rows} == {"1", "2", "3"}


def test_what_was_fitted_again_is_judged(trained: TrainedStudy) -> None:
    internal = json.loads((trained.output / "record" / "internal.json").read_text())
    validated = internal["bootstrap"]
    assert (validated["resamples"], validated["usable"], validated["tuning"]) == (10, 10, "fixed")
    auc = {form: entry["estimate"] for form, entry in validated["measures"]["auc"].items()}
    assert auc["optimism_corrected"] == pytest.approx(auc["apparent"] - auc["optimism"], abs=1e-12)
    assert auc["apparent"] > auc["optimism_corrected"] > auc["out_of_bag"] - 0.1
    assert [site["label"] for site in internal["internal_external"]["sites"]] == [
        "Lung",
        "Colon",
        "Other or not recorded",
    ]
    assert [point["n_train"] for point in internal["learning_curve"]["points"]] == [pytest.approx(100, abs=1)]
    assert internal["repeated_cross_validation"] == {"absent": "the study does not ask for it"}
    assert internal["instability"]["models"] == 10
    assert {group["n"] for group in internal["instability"]["groups"]} == {15}
    # The study's own models of resamples are in the store by name of measure and basis.
    with sqlite3.connect(trained.folder / "mlruns" / "mlflow.db") as database:
        stored = dict(database.execute("select key, value from metrics where key like 'auc%'"))
    assert stored["auc_optimism_corrected"] == pytest.approx(auc["optimism_corrected"], abs=1e-12)
    assert stored["auc_apparent"] == pytest.approx(auc["apparent"], abs=1e-12)
    assert "auc_internal_external" in stored


def test_no_patient_reaches_the_store(trained: TrainedStudy) -> None:
    for path in (trained.folder / "mlruns").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"P00" not in content, f"a patient id stands in {path}"
            assert path.suffix not in {".pkl", ".pickle", ".joblib"}
    # Every row of the table as it would be written, without its id: none may stand anywhere in the record.
    table = simulated.patients()
    ages = [str(age) for age in table["age"][:40]]
    record = (trained.output / "record" / "cohort.json").read_text()
    assert sum(age in record for age in ages) < 10


def test_again_and_on_two_workers_gives_the_same_bits(trained: TrainedStudy, spinecast: Run, tmp_path: Path) -> None:
    simulated.write_study(tmp_path)
    # What earlier runs left: values since corrected, and the trials of the study as it was before a change.
    stale = tmp_path / "output" / ".simulated_mortality.checkpoint" / "simulated_mortality-0123" / "fold_1"
    stale.mkdir(parents=True)
    (tmp_path / "output" / "simulated_mortality.rejections.csv").write_text("row,patient_id,column,value,rule\n")
    done = spinecast("train", "study.yaml", "--workers", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["simulated_mortality"]
    timings = json.loads((tmp_path / "output" / "simulated_mortality" / "record" / "run.json").read_text())["timings"]
    assert timings["fit_share_of_worker_time"] == pytest.approx(timings["fit_share_of_training_wall"] / 2, abs=1e-3)
    first, second = numbers(trained.output), numbers(tmp_path / "output" / "simulated_mortality")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_killed_and_started_again_it_ends_the_same(trained: TrainedStudy, spinecast: Run, tmp_path: Path) -> None:
    simulated.write_study(tmp_path)
    command = [sys.executable, "-m", "spinecast", "train", "study.yaml", "--workers"]
    journals = tmp_path / "output" / ".simulated_mortality.checkpoint"

    def finished() -> int:
        return sum(path.read_bytes().count(b"\n") for path in journals.rglob("*.jsonl"))

    seen = []
    # The search takes 36 trials; the last kill falls into what is fitted again for internal validation.
    for wanted, workers in ((3, "2"), (24, "1"), (42, "2")):
        process = subprocess.Popen(
            [*command, workers],
            cwd=tmp_path,
            env=environment(tmp_path),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while finished() < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen.append(finished())
        assert not (tmp_path / "output" / "simulated_mortality").exists()
    assert seen == sorted(seen)
    kept = {path: path.read_bytes() for path in journals.rglob("*.jsonl")}
    assert any("internal_validation" in path.parts for path in kept)
    last = spinecast("train", "study.yaml", "--workers", "1", folder=tmp_path)
    assert last.returncode == 0, last.stderr
    assert "going on from" in last.stderr
    assert kept  # something was there to go on from
    assert numbers(trained.output).keys() == numbers(tmp_path / "output" / "simulated_mortality").keys()
    first, second = numbers(trained.output), numbers(tmp_path / "output" / "simulated_mortality")
    assert [name for name in first if first[name] != second[name]] == []
    assert {status for _, status in stored_runs(tmp_path)} == {"FINISHED"}


def test_killed_while_writing_to_the_store_nothing_half_written_stays(spinecast: Run, tmp_path: Path) -> None:
    # The search is none of its matter: little is searched, and few patients are explained.
    short = simulated.STUDY[: simulated.STUDY.index("candidates:")] + SHORT
    simulated.write_study(tmp_path, text=short)
    # The first process dies (as by kill -9) once the model is logged and before it has its alias.
    killer = (
        "import os, sys; from spinecast.tracking import runs; "
        "runs._register = lambda *a: os._exit(9); "
        "sys.argv = ['spinecast', 'train', 'study.yaml', '--workers', '1']; "
        "from spinecast.cli import main; main()"
    )
    died = subprocess.run(
        [sys.executable, "-c", killer], cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=False
    )
    assert died.returncode == 9
    left = stored_runs(tmp_path)
    assert left
    again = spinecast("train", "study.yaml", "--workers", "1", "--json", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert not {run for run, _ in left} & {run for run, _ in stored_runs(tmp_path)}
    artifacts = {path.name for path in (tmp_path / "mlruns" / "artifacts").glob("*/*")}
    assert not {run for run, _ in left} & artifacts
    assert json.loads(again.stdout.splitlines()[-1])["model"] == "simulated_mortality/1"


def test_an_interruption_says_how_to_go_on(tmp_path: Path) -> None:
    simulated.write_study(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "spinecast", "train", "study.yaml", "--workers", "2"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        # Tests that a script runs in the background are started deaf to Ctrl-C, and would pass it on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    journals = tmp_path / "output" / ".simulated_mortality.checkpoint"
    deadline = time.monotonic() + 120
    while not list(journals.glob("*/*/*.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in messages
    assert "Traceback" not in messages
    assert not (tmp_path / "output" / "simulated_mortality").exists()
