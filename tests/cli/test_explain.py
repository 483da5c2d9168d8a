"""``spinecast explain``: what lies behind an answer, asked on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cli.conftest import Run, TrainedStudy, assert_refused

from spinecast.explanation.depth.stored import load_explanation
from spinecast.reporting import render_pdf
from spinecast.reporting.explained import build_explanation

PATIENT: dict[str, Any] = {"age": 67, "sex": "male", "albumin": 2.6, "creatinine": 1.4, "sodium": 131}


def told(trained: TrainedStudy, here: Run, patient: dict[str, Any], *arguments: str) -> Any:
    (trained.folder / "asked.json").write_text(json.dumps(patient), encoding="utf-8")
    done = here(*arguments, "--patient", "asked.json", "--json", folder=trained.folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_counterfactuals_handed_back_to_predict_give_the_risk_they_claim(trained: TrainedStudy, here: Run) -> None:
    name = "simulated_mortality"
    risk = told(trained, here, PATIENT, "predict", name)["risk"]
    target = f"{risk * 0.8:.3f}"
    found = told(trained, here, PATIENT, "explain", name, "--counterfactual", "--to", target)
    assert found["answer"] == risk
    assert found["counterfactuals"]
    for one in found["counterfactuals"]:
        assert one["answer"] <= float(target)
        assert told(trained, here, one["given"], "predict", name)["risk"] == one["answer"]
    reasons = told(trained, here, PATIENT, "explain", name)
    assert reasons["answer"] == risk
    assert reasons["base_value"] + sum(one["contribution"] for one in reasons["reasons"]) == pytest.approx(
        reasons["served"], abs=1e-4
    )
    done = here("explain", name, "--patient", "asked.json", "--counterfactual", "--to", target, folder=trained.folder)
    assert "not what would happen" in done.stdout
    assert "research use only" in done.stdout.casefold()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("either one patient or a cohort", "--patient FILE.json")),
        (("--cohort", "there.csv"), ("either one patient or a cohort", "--output DIR")),
        (("--patient", "asked.json", "--to", "0.2"), ("--counterfactual --to RISK",)),
        (("--patient", "asked.json", "--counterfactual"), ("need the risk", "--counterfactual --to RISK")),
        (("--cohort", "none.csv", "--output", "explained"), ("none.csv",)),
        (("--cohort", "there.csv", "--output", "."), ("the folder this command runs in",)),
        (("--cohort", "there.csv", "--output", "output"), ("holds what no explanation wrote",)),
        (("--cohort", "there.csv", "--output", "explained", "--to", "0.3"), ("counterfactuals are of one patient",)),
        (
            ("--patient", "asked.json", "--counterfactual", "--to", "30"),
            ("30 is no risk of", "strictly between"),
        ),
        (("--patient", "none.json", "--counterfactual", "--to", "0.3"), ("there is no file none.json",)),
        (("--patient", "asked.json", "--counterfactual", "--to", "0.3", "--day", "90"), ("answers no other day",)),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_error(
    trained: TrainedStudy, here: Run, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (trained.folder / "asked.json").write_text(json.dumps(PATIENT), encoding="utf-8")
    assert_refused(here("explain", "simulated_mortality", *arguments, folder=trained.folder), *words)
    assert not (trained.folder / "explained").exists()


@pytest.mark.slow
def test_a_cohort_is_explained_against_another_version_as_report_and_arrays(
    trained: TrainedStudy, here: Run, tmp_path: Path
) -> None:
    there = pd.read_csv(trained.folder / "patients.csv").head(90)
    there.loc[3, "albumin"] = 100 * there["albumin"].max()  # impossible, as --impossible has to say what becomes of it
    there.to_csv(trained.folder / "there.csv", index=False)
    model, target = "simulated_mortality", tmp_path / "explained"
    asked = ("--cohort", "there.csv", "--against", f"{model}/1", "--bootstrap", "20", "--patients", "60")
    asked += ("--study", "study.yaml", "--impossible", "set_missing")
    target.mkdir()  # an earlier explanation is replaced
    for name in ("explanation.json", "explanation.npz", "report.pdf"):
        (target / name).write_text("earlier")
    done = here("explain", model, *asked, "--output", str(target), folder=trained.folder)
    assert done.returncode == 0, done.stderr
    assert "The answers are driven most by Albumin" in done.stdout
    assert "is not shown" in done.stdout  # that a version reasons otherwise than itself
    assert {one.name for one in target.iterdir()} == {"explanation.json", "explanation.npz", "report.html"}
    stored = load_explanation(target)
    assert stored.arrays["contributions"].shape == (60, 6)
    page = (target / "report.html").read_text(encoding="utf-8")
    for words in ("RESEARCH USE ONLY", "SYNTHETIC COHORT", "Against another version", "For whom, and when"):
        assert words.casefold() in page.casefold()
    assert "P00001" not in page + (target / "explanation.json").read_text(encoding="utf-8")
    document = build_explanation(stored)
    assert {figure.key for figure in document.figures()} >= {"drivers", "versions", "dependence", "centred"}
    assert render_pdf(document).startswith(b"%PDF")
