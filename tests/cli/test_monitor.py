"""A model in use, watched from the command line: from the audit log, and from a file of predictions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli.conftest import Run, TrainedStudy, assert_refused

pytest.importorskip("alembic")

from spinecast.audit import log as log_module
from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import audit_places
from spinecast.audit.records import Draft
from spinecast.explanation.answering import Question, predict_any
from spinecast.models.loading import load_any_model

NAME = "simulated_mortality"


def patients_of(study: TrainedStudy, count: int) -> pd.DataFrame:
    """Patients like those of the study, as a hospital would ask about them."""
    table = pd.read_csv(study.folder / "patients.csv").rename(columns={"days": "follow_up_time", "died": "death"})
    return table.sample(count, random_state=1, replace=True).reset_index(drop=True)


@pytest.fixture
def served(trained: TrainedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """An audit log in which 60 patients were asked about, one every five days from the beginning of 2025."""
    monkeypatch.setenv("SPINECAST_AUDIT", str(tmp_path / "audit"))
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path / "audit")})
    upgrade(places)
    log = open_log(places)
    model, identity = load_any_model(trained.output / "model")
    table = patients_of(trained, 60)
    table["asked_on"] = np.datetime64("2025-01-01", "D") + 5 * np.arange(60).astype("timedelta64[D]")
    drafts = []
    for number, row in table.iterrows():
        inputs = {name: row[name] for name in model.predictors if not pd.isna(row[name])}
        answer = {"prediction": predict_any(model, identity, inputs, Question()).to_dict(), "declined": None}
        asked = {"inputs": inputs, "for_scores": {}, "question": asdict(Question())}
        subject = log.key.pseudonym(f"case-{number}")
        drafts.append(Draft("prediction", "anna (clinician)", {"asked": asked, "answer": answer}, f"{NAME}/1", subject))
    days = iter(table["asked_on"])
    with monkeypatch.context() as then:
        then.setattr(log_module, "now_text", lambda: f"{str(next(days))[:10]}T10:00:00.000000Z")
        log.append(drafts)
    log.close()
    return table


def test_a_served_model_is_watched(trained: TrainedStudy, served: pd.DataFrame, here: Run, tmp_path: Path) -> None:
    came = pd.DataFrame({"patient": [f"case-{number}" for number in range(55)]})
    days = pd.to_timedelta(served["follow_up_time"].clip(upper=120).round(), unit="D")[:55]
    came["date"] = (served["asked_on"][:55] + days).dt.strftime("%Y-%m-%d")
    came["death"] = np.where((served["death"][:55] == 1) & (served["follow_up_time"][:55] <= 120), "present", "absent")
    came.to_csv(tmp_path / "outcomes.csv", index=False)
    imported = here("outcomes", "import", str(tmp_path / "outcomes.csv"), "--json", folder=trained.folder)
    assert imported.returncode == 0, imported.stderr
    out, file = tmp_path / "watch", tmp_path / "patients.csv"
    how = ("monitor", NAME, "--until", "2025-11-15", "--output", str(out), "--bootstrap", "20")
    done = here(*how, "--patients", str(file), "--pdf", "--json", folder=trained.folder)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["counts"]["patients"] == 60
    late = int((served["asked_on"] > pd.Timestamp("2025-08-17")).sum())
    assert said["counts"]["waiting"] == late
    assert said["counts"]["without_return"] == 0  # those of whom nothing came back are not due yet
    assert [one["quarter"] for one in said["quarters"]] == ["2025 Q1", "2025 Q2", "2025 Q3", "2025 Q4"]
    assert said["about"]["reference"].endswith("patients of the development")
    assert said["about"]["model"]["version"] == f"{NAME}/1"
    page = (out / "report.html").read_text()
    assert "SYNTHETIC COHORT" in page
    assert "Research use only" in page
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    kept = (out / "monitoring.json").read_text() + page
    assert "case-" not in kept
    log = open_log(audit_places({"SPINECAST_AUDIT": str(tmp_path / "audit")}))
    assert not any(str(record.subject) in kept for record in log.records() if record.subject)
    assert log.find(kind="read", limit=1)[0].body == {"monitor": f"{NAME}/1", "since": None, "until": "2025-11-15"}
    log.close()
    written = pd.read_csv(file)
    assert len(written) == 60 - late
    assert {"patient", "albumin", "death", "follow_up_time"} <= set(written.columns)
    again = here(
        "monitor", NAME, "--until", "2025-11-15", "--output", str(out), "--bootstrap", "20", folder=trained.folder
    )
    assert again.returncode == 0, again.stderr
    assert "Observed to expected" in again.stdout


def test_a_file_of_predictions_is_watched_and_wrong_ones_are_refused(
    trained: TrainedStudy, here: Run, tmp_path: Path
) -> None:
    table = patients_of(trained, 400)
    table["predicted_on"] = np.datetime64("2024-01-01", "D") + np.sort(np.arange(400) % 500).astype("timedelta64[D]")
    table["patient"] = np.arange(400) % 390
    table["albumin"] += np.where(table["predicted_on"] >= "2024-07-01", 1.5, 0.0)
    table["albumin"] = table["albumin"].clip(upper=6)
    file = tmp_path / "predictions.csv"
    table.to_csv(file, index=False)
    model, out = str(trained.output / "model"), str(tmp_path / "watch")

    def watch(*more: str, path: Path = file) -> object:
        return here("monitor", model, "--predictions", str(path), "--output", out, *more, folder=trained.folder)

    done = watch("--until", "2025-12-31", "--bootstrap", "20")
    assert done.returncode == 0, done.stderr  # type: ignore[attr-defined]
    assert "left out: later consultations of a patient: 10" in done.stdout  # type: ignore[attr-defined]
    assert "RAISED: Albumin is distributed otherwise" in done.stdout  # type: ignore[attr-defined]
    assert "spinecast update" in done.stdout  # type: ignore[attr-defined]
    (tmp_path / "bad.csv").write_text(table.drop(columns="death").to_csv(index=False))
    for more, path, words in (
        ((), tmp_path / "bad.csv", "no column 'death'"),
        (("--until", "yesterday"), file, "no date"),
        (("--false-alarms", "2"), file, "no rate"),
        (("--false-alarms", "0.001"), file, "at least 0.0075"),
        (("--day", "30"), file, "--day"),
        (("--until", "2001-01-01"), file, "no prediction to watch"),
        (("--patients", f"{out}/patients.csv"), file, "do not belong"),
    ):
        assert_refused(watch(*more, path=path), words)  # type: ignore[arg-type]
    assert sorted(one.name for one in Path(out).iterdir()) == ["monitoring.json", "report.html"]
    assert_refused(here("monitor", "nobody", folder=trained.folder), "no such version of 'nobody'")
    taken = here("monitor", model, "--predictions", str(file), "--output", str(tmp_path), folder=trained.folder)
    assert_refused(taken, "holds what no monitoring wrote")
