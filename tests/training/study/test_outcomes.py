"""The kinds of outcome a study may ask for: what is refused, and that each becomes the definition of its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from spinecast.cohorts import outcomes
from spinecast.errors import StudyError
from spinecast.training.plan import cohort_variables, outcome_definition
from spinecast.training.study import Study, resolved_yaml, study_hash
from spinecast.training.study.file import check_study, load_study, study_schema, summary

LANDMARK = {
    "kind": "landmark",
    "time": "follow_up_time",
    "event": "death",
    "landmark_days": 30,
    "horizon_days": 90,
    "censored": "ipcw",
}
COMPETING = {
    "kind": "competing_horizon",
    "time": "local_progression_time",
    "status": "local_progression_status",
    "event_levels": ("local_progression",),
    "horizon_days": 365,
}
THRESHOLD = {"kind": "threshold", "variable": "intraoperative_blood_loss", "threshold": 2.5, "unit": "L"}
KINDS = {"landmark": LANDMARK, "competing_horizon": COMPETING, "threshold": THRESHOLD}


def make(outcome: dict[str, Any]) -> Study:
    return Study.model_validate(
        {
            "study": "small",
            "title": "A small study",
            "cohort": {"source": {"kind": "csv", "path": "patients.csv", "id_column": "patient"}},
            "outcome": outcome,
            "predictors": ["age", "albumin"],
            "candidates": [{"kind": "elastic_net"}],
        }
    )


def refusal(outcome: dict[str, Any]) -> str:
    with pytest.raises(StudyError) as caught:
        check_study(make(outcome))
    return str(caught.value)


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_becomes_the_definition_of_its_name(kind: str) -> None:
    study = make(KINDS[kind])
    check_study(study)
    defined = outcome_definition(study)
    given = {key: value for key, value in KINDS[kind].items() if key != "kind"}
    assert {key: getattr(defined, key) for key in given} == given
    assert type(defined).__name__ == type(study.outcome).__name__


@pytest.mark.parametrize("name", ["LandmarkOutcome", "CompetingHorizonOutcome", "ThresholdOutcome"])
def test_a_block_has_the_keys_of_its_definition(name: str) -> None:
    keys = set(study_schema()["$defs"][name]["properties"]) - {"kind"}
    assert keys == set(getattr(outcomes, name).__dataclass_fields__)


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_outcome_survives_being_written_and_read(kind: str, tmp_path: Path) -> None:
    study = make(KINDS[kind])
    path = tmp_path / "study.yaml"
    path.write_text(resolved_yaml(study), encoding="utf-8")
    read = load_study(path)
    assert read.outcome == study.outcome
    assert study_hash(read) == study_hash(study)


def test_the_variables_of_the_outcome_are_read_from_the_table() -> None:
    assert set(cohort_variables(make(COMPETING))) >= {"local_progression_time", "local_progression_status"}
    assert set(cohort_variables(make(LANDMARK))) >= {"follow_up_time", "death"}
    assert "intraoperative_blood_loss" in cohort_variables(make(THRESHOLD))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("landmark", "death within 90 days after day 30 of follow_up_time; censored: ipcw"),
        (
            "competing_horizon",
            "local_progression_status is local_progression by day 365 of local_progression_time; "
            "death before it: competing; censored: exclude",
        ),
        ("threshold", "intraoperative_blood_loss is at least 2.5 L"),
    ],
)
def test_the_summary_says_what_is_predicted(kind: str, words: str) -> None:
    assert words in summary(make(KINDS[kind]))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (LANDMARK | {"event": "local_progression_status"}, ["outcome.event: local_progression_status is nominal"]),
        (LANDMARK | {"time": "operation_time"}, ["outcome.time: operation_time is not an outcome"]),
        (LANDMARK | {"time": "drainage_volume"}, ["outcome.time: drainage_volume is measured in mL"]),
        (COMPETING | {"status": "follow_up_time"}, ["outcome.status: follow_up_time is measured and has no levels"]),
        (
            COMPETING | {"event_levels": ("local_progresion",)},
            ["outcome.event_levels.0: local_progression_status has no level", "did you mean local_progression?"],
        ),
        (
            COMPETING | {"competing_levels": ("died",)},
            ["outcome.competing_levels.0: local_progression_status has no level 'died'"],
        ),
        (
            COMPETING | {"competing_levels": ("death", "none")},
            ["outcome.status: no level of local_progression_status is left"],
        ),
        (
            COMPETING | {"handling": "exclude", "censored": "ipcw"},
            ["outcome.handling: patients who die first cannot be left out", "choose handling competing"],
        ),
        (THRESHOLD | {"variable": "death"}, ["outcome.variable: death is binary", "a continuous outcome variable"]),
        (THRESHOLD | {"variable": "albumin"}, ["outcome.variable: albumin is not an outcome"]),
        (THRESHOLD | {"unit": "pints"}, ["outcome.unit: intraoperative_blood_loss is not measured in 'pints'"]),
        (THRESHOLD | {"threshold": 2500}, ["outcome.threshold: intraoperative_blood_loss cannot be 2500 L"]),
    ],
)
def test_what_the_dictionary_does_not_allow_is_refused(outcome: dict[str, Any], expected: list[str]) -> None:
    message = refusal(outcome)
    for words in expected:
        assert words in message


def test_a_refusal_found_by_the_definition_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    text = resolved_yaml(make(THRESHOLD)).replace("threshold: 2.5", "threshold: 2500")
    path.write_text(text, encoding="utf-8")
    row, line = next((row, line) for row, line in enumerate(text.splitlines(), start=1) if "threshold: 2500" in line)
    with pytest.raises(StudyError, match="cannot be 2500 L") as caught:
        load_study(path)
    assert caught.value.where == f"{path}:{row}:{line.index('threshold: 2500') + 1}"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (LANDMARK | {"event": "follow_up_time"}, "cannot be both the time and the event"),
        (COMPETING | {"competing_levels": ("local_progression",)}, "both the event and what competes with it"),
        (COMPETING | {"competing_levels": ("death", "death")}, "death is listed twice"),
        (COMPETING | {"competing_levels": ()}, "at least 1 item"),
        (COMPETING | {"handling": "ignore"}, "'competing', 'composite' or 'exclude'"),
        (LANDMARK | {"landmark_days": 0}, "greater than 0"),
        (THRESHOLD | {"threshold": "2500"}, "finite number"),
        (THRESHOLD | {"comparison": ">="}, "'at_least', 'more_than', 'at_most' or 'less_than'"),
    ],
)
def test_what_contradicts_itself_is_refused(outcome: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make(outcome)
    assert words in str(caught.value)
