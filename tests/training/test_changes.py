"""What the record says of a study that was changed on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinecast.training.changes import describe_changes
from spinecast.training.study.file import load_study

STUDY = """\
study: small
title: A small study
cohort: {source: {kind: support, subset: metastatic}}
outcome: {kind: horizon, time: follow_up_time, event: death, horizon_days: 90}
predictors: [age, albumin]
candidates:
  - kind: elastic_net
  - {kind: baseline, predictors: [age], trials: 5}
tuning: {trials: 25}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(STUDY)
    return path


def test_each_key_stands_with_both_its_values(file: Path) -> None:
    overrides = ["tuning.trials=4", "evaluation.bootstrap=100", "candidates.1.trials=2", "tuning.trials=3"]
    found = describe_changes(load_study(file, overrides), file, overrides)
    assert found == {
        "overrides": [
            {"key": "tuning.trials", "study_file": 25, "run": 3},
            {"key": "evaluation.bootstrap", "study_file": 200, "run": 100},
            {"key": "candidates.1.trials", "study_file": 5, "run": 2},
        ],
        "study_file_trials": {"elastic_net": 25, "baseline": 5},
    }


def test_an_unchanged_study_has_no_changes(file: Path) -> None:
    found = describe_changes(load_study(file), file, [])
    assert found == {"overrides": [], "study_file_trials": {"elastic_net": 25, "baseline": 5}}


def test_a_file_that_is_gone_when_the_run_ends_costs_no_run(file: Path) -> None:
    overrides = ["tuning.trials=4"]
    study = load_study(file, overrides)
    file.unlink()
    absent = {"absent": "the study file cannot be read again as it stands"}
    assert describe_changes(study, file, overrides) == {
        "overrides": [{"key": "tuning.trials", "study_file": absent, "run": 4}],
        "study_file_trials": absent,
    }
