"""CC030 to CC034: fill-ins are found, habits of measuring are not taken for them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, MakePeople, Outcome
from numpy.typing import NDArray


def with_share(
    people: pd.DataFrame, column: str, share: float, value: float, seed: int = 2
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    filled = np.random.default_rng(seed).random(len(people)) < share
    return people.assign(**{column: np.where(filled, value, people[column])}), filled


@pytest.mark.parametrize("code", ["CC030", "CC031", "CC032", "CC033", "CC034"])
def test_a_clean_file_passes(check: Check, people: pd.DataFrame, outcome: Outcome, code: str) -> None:
    assert outcome(check(people), code) == "passed"


@pytest.mark.parametrize("code", ["CC030", "CC031", "CC033", "CC034"])
def test_few_values_cannot_be_judged(check: Check, make_people: MakePeople, outcome: Outcome, code: str) -> None:
    assert outcome(check(make_people(12)), code) == "not_applicable"


def test_codes_need_numbers(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    assert outcome(check(people[["patient", "sex"]], {"id_column": "patient"}), "CC032") == "not_applicable"


@pytest.mark.parametrize("value", [3.5, 4.4])
def test_a_normal_value_filled_in_for_what_was_not_measured(
    check: Check, people: pd.DataFrame, found: Found, value: float
) -> None:
    """SUPPORT's authors recommend 3.5 g/dL of albumin and so on for missing values; files with them are about."""
    table, filled = with_share(people, "albumin", 0.25, value)
    findings = found(check(table), "CC030") + found(check(table), "CC031")
    (finding,) = findings
    assert finding.variable == "albumin"
    assert finding.count >= filled.sum()
    assert finding.examples[0].startswith(f"{value:g}")


def test_the_mean_of_the_others_is_named_as_such(check: Check, people: pd.DataFrame, found: Found) -> None:
    mean = people["platelet_count"].mean()
    table, _ = with_share(people, "platelet_count", 0.1, mean)
    # the mean of those that stay, as a program that imputes would have written it
    rest = table.loc[table["platelet_count"] != mean, "platelet_count"]
    table["platelet_count"] = table["platelet_count"].where(table["platelet_count"] != mean, rest.mean())
    (finding,) = found(check(table), "CC031")
    assert "mean of the others" in finding.finding


def test_the_median_of_the_others_is_named_as_such(check: Check, people: pd.DataFrame, found: Found) -> None:
    rng = np.random.default_rng(3)
    creatinine = rng.lognormal(0, 0.4, len(people)).round(2)
    filled = rng.random(len(people)) < 0.2
    table = people.assign(creatinine=np.where(filled, np.median(creatinine[~filled]), creatinine))
    (finding,) = found(check(table), "CC031")
    assert "median of the others" in finding.finding


def test_numbers_of_full_precision_with_one_repeated(check: Check, people: pd.DataFrame, found: Found) -> None:
    rng = np.random.default_rng(4)
    table = people.assign(hemoglobin=np.where(rng.random(400) < 0.1, 11.2, rng.normal(11.5, 1.6, 400)))
    (finding,) = found(check(table), "CC030")
    assert finding.variable == "hemoglobin"


def test_rounding_is_a_habit_and_no_fill_in(check: Check, people: pd.DataFrame, found: Found, outcome: Outcome) -> None:
    rng = np.random.default_rng(5)
    loss = (rng.lognormal(6.5, 0.6, 400) / 50).round(0) * 50
    checked = check(people.assign(intraoperative_blood_loss=loss))
    assert outcome(checked, "CC030") == "passed"
    (note,) = found(checked, "CC034")
    assert note.severity == "note"
    assert note.examples[0].startswith("intraoperative_blood_loss: 100%")


def test_many_heaps_are_a_way_of_measuring(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    """Breaths are counted for a quarter of a minute and multiplied by four, as in SUPPORT."""
    rng = np.random.default_rng(6)
    rate = rng.normal(22, 6, 400).clip(8, 45)
    counted = np.where(rng.random(400) < 0.8, (rate / 4).round(0) * 4, rate.round(0))
    assert outcome(check(people.assign(respiratory_rate=counted)), "CC030") == "passed"


def test_natural_ends_are_no_fill_ins(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    rng = np.random.default_rng(7)
    volume = np.where(rng.random(400) < 0.6, 0, rng.lognormal(6, 0.5, 400).round(0))
    time = np.minimum(people["follow_up_time"], 365)
    checked = check(people.assign(transfused_volume=volume, follow_up_time=time))
    assert outcome(checked, "CC030") == "passed"


def test_a_limit_of_detection_is_named_as_a_possibility(check: Check, people: pd.DataFrame, found: Found) -> None:
    rng = np.random.default_rng(8)
    protein = np.maximum(rng.lognormal(0.5, 1.2, 400), 0.5).round(1)
    findings = found(check(people.assign(c_reactive_protein=protein)), "CC030")
    assert len(findings) == 1
    assert "smallest value" in findings[0].finding


@pytest.mark.parametrize(("column", "code"), [("albumin", 99), ("sodium", 999), ("platelet_count", -1), ("sodium", 0)])
def test_codes_for_missing_that_are_impossible_are_errors(
    check: Check, people: pd.DataFrame, found: Found, outcome: Outcome, column: str, code: str
) -> None:
    table, filled = with_share(people, column, 0.02, code)
    checked = check(table)
    (finding,) = found(checked, "CC032")
    assert finding.severity == "error"
    assert finding.count == filled.sum()
    assert f"missing_codes: [{code}]" in finding.remedy
    assert outcome(checked, "CC020") == "passed"  # the code has its own finding


def test_a_code_that_is_possible_is_a_warning(check: Check, people: pd.DataFrame, found: Found) -> None:
    rng = np.random.default_rng(9)
    glucose = rng.lognormal(4.8, 0.3, 400).round(0)
    glucose[:8] = 999
    (finding,) = found(check(people.assign(glucose=glucose)), "CC032")
    assert finding.severity == "warning"


def test_ninety_nine_is_an_age_and_no_code(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    ages = people["age"].copy()
    ages[:4] = 99
    assert outcome(check(people.assign(age=ages)), "CC032") == "passed"


def test_single_extreme_values_are_no_codes(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    sodium = people["sodium"].copy()
    sodium[:2] = 999
    assert outcome(check(people.assign(sodium=sodium)), "CC032") == "passed"


def test_a_column_that_never_varies(check: Check, people: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(people.assign(diabetes="absent")), "CC033")
    assert (finding.variable, finding.count) == ("diabetes", 400)
