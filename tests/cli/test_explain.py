"""``spinecast explain``: what lies behind an answer, asked on the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli.conftest import Run, TrainedStudy, assert_refused

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
    done = here("explain", name, "--patient", "asked.json", "--counterfactual", "--to", target, folder=trained.folder)
    assert "not what would happen" in done.stdout
    assert "research use only" in done.stdout.casefold()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("explain needs a patient", "--patient FILE.json")),
        (("--patient", "asked.json", "--to", "0.2"), ("--counterfactual --to RISK",)),
        (("--patient", "asked.json", "--counterfactual"), ("is missing", "--counterfactual --to RISK")),
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
