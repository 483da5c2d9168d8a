"""The description of a cohort: right numbers, and nobody to be recognised in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.describing.by_outcome import describe, standardised_difference
from spinecast.cohorts.outcomes import HorizonOutcome, label_outcome

OUTCOME = HorizonOutcome("follow_up_time", "death", 90)


@pytest.fixture
def forty(as_cohort: Callable[..., Cohort]) -> Cohort:
    """Twenty who die by day 90 and twenty who live, with a few values missing."""
    count = 40
    frame = pd.DataFrame(
        {
            "id": range(count),
            "age": [60.0 + number % 20 for number in range(count)],
            "albumin": [*[2.5] * 10, *[np.nan] * 10, *[3.5] * 18, np.nan, np.nan],
            "sex": ["female", "male"] * 20,
            "diabetes": [*["present"] * 2, *["absent"] * 18, *["present"] * 6, *["absent"] * 14],
            "follow_up_time": [*[30.0] * 20, *[300.0] * 20],
            "death": [*[1] * 20, *[0] * 20],
        }
    )
    return as_cohort(frame)


def described(cohort: Cohort, **options: Any) -> dict[str, Any]:
    return describe(cohort, label_outcome(cohort, OUTCOME), ["age", "albumin", "sex", "diabetes"], **options)


def test_it_is_json_with_the_agreed_keys(forty: Cohort) -> None:
    found = described(forty)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == [
        "name",
        "kind",
        "fingerprint",
        "provenance",
        "patients",
        "events",
        "attrition",
        "rejections",
        "table_one",
        "missingness",
    ]
    assert (found["patients"], found["kind"]) == (40, "synthetic")
    assert found["attrition"][-1]["remaining"] == found["patients"]


def test_continuous_variables_show_median_and_quartiles_of_known_values(forty: Cohort) -> None:
    age, albumin = described(forty)["table_one"][:2]
    assert age["rows"][0]["overall"] == "70 [65–74]"
    assert (age["unit"], age["rows"][0]["standardised_difference"]) == ("years", 0.0)
    row = albumin["rows"][0]
    assert (row["with_event"], row["without_event"], row["missing"]) == (
        "2.5 [2.5–2.5]",
        "3.5 [3.5–3.5]",
        "12 (30%)",
    )
    assert row["standardised_difference"] is None  # nothing varies within the groups


def test_levels_show_counts_and_a_binary_variable_one_row(forty: Cohort) -> None:
    sex, diabetes = described(forty, suppress=False)["table_one"][2:]
    assert [row["level"] for row in sex["rows"]] == ["Female", "Male"]
    assert [row["overall"] for row in sex["rows"]] == ["20 (50%)", "20 (50%)"]
    assert [row["missing"] for row in sex["rows"]] == ["0 (0%)", None]
    assert len(diabetes["rows"]) == 1
    row = diabetes["rows"][0]
    assert (row["overall"], row["with_event"], row["without_event"]) == ("8 (20%)", "2 (10%)", "6 (30%)")


def test_small_cells_and_what_would_give_them_away_are_hidden(forty: Cohort) -> None:
    row = described(forty)["table_one"][3]["rows"][0]
    assert (row["with_event"], row["without_event"]) == ("<5", "not shown")
    assert row["standardised_difference"] is None
    assert row["overall"] == "8 (20%)"


def test_missing_values_are_counted_by_outcome(forty: Cohort) -> None:
    albumin = described(forty)["missingness"][1]
    assert albumin == {
        "variable": "albumin",
        "label": "Albumin",
        "missing": 12,
        "proportion": 0.3,
        "missing_with_event": 10,
        "missing_without_event": 2,
        "proportion_with_event": 0.5,
        "proportion_without_event": 0.1,
    }


def test_only_the_patients_analysed_are_described(forty: Cohort) -> None:
    frame = forty.frame.copy()
    frame.loc[39, "follow_up_time"] = 50.0  # censored before the horizon
    found = described(Cohort("c", "synthetic", frame, forty.patient_ids, forty.provenance))
    assert found["patients"] == 39
    assert found["attrition"][-1]["excluded"] == 1


def test_patients_of_unknown_outcome_are_in_the_total_only(forty: Cohort) -> None:
    frame = forty.frame.copy()
    frame.loc[39, "follow_up_time"] = 50.0
    cohort = Cohort("c", "synthetic", frame, forty.patient_ids, forty.provenance)
    weighted = label_outcome(cohort, HorizonOutcome("follow_up_time", "death", 90, "ipcw"))
    sex = describe(cohort, weighted, ["sex"], suppress=False)["table_one"][0]["rows"]
    assert [row["overall"] for row in sex] == ["20 (50%)", "20 (50%)"]
    assert [row["without_event"] for row in sex] == ["10 (53%)", "9 (47%)"]


def test_rejections_are_counted_not_listed(as_cohort: Callable[..., Cohort], forty: Cohort) -> None:
    table = pd.DataFrame({"id": range(4), "albumin": [37, 3.0, 3.1, 3.2], "age": 60})
    table["follow_up_time"], table["death"] = [30, 30, 300, 300], [1, 1, 0, 0]
    cohort = as_cohort(table, impossible_values="set_missing")
    found = describe(cohort, label_outcome(cohort, OUTCOME), ["albumin"])["rejections"]
    assert [(entry["column"], entry["count"]) for entry in found] == [("albumin", 1)]
    assert described(forty)["rejections"] == []


def test_no_patient_identifier_is_in_the_description(as_cohort: Callable[..., Cohort], table: pd.DataFrame) -> None:
    table["id"] = [f"identifier-{number}" for number in range(6)]
    table.loc[0, "albumin"] = "37"
    cohort = as_cohort(table, impossible_values="set_missing")
    text = json.dumps(describe(cohort, label_outcome(cohort, OUTCOME), ["age", "albumin", "sex"]))
    assert "identifier-" not in text


def test_a_standardised_difference_by_hand() -> None:
    # Means 4 and 2, sample variances 1 and 1: 2 / 1.
    assert standardised_difference(np.array([3.0, 4, 5]), np.array([1.0, 2, 3])) == pytest.approx(2.0)
    # Shares 3/4 and 1/4: 0.5 / sqrt(3/16) (Austin 2009, Stat Med 28:3083, equation for a share).
    high, low = np.array([1.0, 1, 1, 0]), np.array([1.0, 0, 0, 0])
    assert standardised_difference(high, low) == pytest.approx(0.5 / np.sqrt(3 / 16))
    assert standardised_difference(low, high) == pytest.approx(-0.5 / np.sqrt(3 / 16))


@pytest.mark.parametrize(("one", "other"), [([1.0], [1.0, 2.0]), ([], [1.0, 2.0]), ([2.0, 2.0], [3.0, 3.0])])
def test_a_standardised_difference_that_cannot_be_computed_is_absent(one: list[float], other: list[float]) -> None:
    assert standardised_difference(np.array(one), np.array(other)) is None
