"""CC010 to CC013: units are asked for wherever two answers fit, and never guessed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, MakePeople, Mapped, Outcome

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.checking.counted import Counted
from spinecast.cohorts.checking.mixed_units import mixed_units
from spinecast.cohorts.checking.unit_shares import fitting_units, unit_shares

CODES = ("CC010", "CC011", "CC012", "CC013")


@pytest.mark.parametrize("code", CODES)
def test_the_right_units_pass(check: Check, people: pd.DataFrame, outcome: Outcome, code: str) -> None:
    # follow-up in days could be weeks by its values, so it is left out here
    table = people.drop(columns=["follow_up_time", "death"])
    assert outcome(check(table, {"id_column": "patient"}), code) == "passed"


@pytest.mark.parametrize("code", CODES)
def test_without_numbers_nothing_can_be_told(check: Check, people: pd.DataFrame, outcome: Outcome, code: str) -> None:
    table = people[["patient", "sex", "diabetes"]]
    assert outcome(check(table, {"id_column": "patient"}), code) == "not_applicable"


def test_an_albumin_in_grams_per_litre_is_asked_about(check: Check, people: pd.DataFrame, found: Found) -> None:
    checked = check(people.assign(albumin=people["albumin"] * 10))
    (finding,) = found(checked, "CC010")
    assert finding.severity == "error"
    assert finding.variable == "albumin"
    assert "unit: g/L" in finding.remedy
    assert any("g/L: 100% plausible" in example for example in finding.examples)


def test_the_same_albumin_passes_once_its_unit_is_named(check: Check, people: pd.DataFrame, mapped: Mapped) -> None:
    mapping = mapped(columns={"albumin": {"unit": "g/L"}})
    checked = check(people.assign(albumin=people["albumin"] * 10), mapping)
    assert [finding.variable for finding in checked.findings if finding.severity != "note"] == []


def test_a_wrongly_named_unit_is_not_believed(check: Check, people: pd.DataFrame, found: Found, mapped: Mapped) -> None:
    mapping = mapped(columns={"albumin": {"unit": "g/L"}})
    (finding,) = found(check(people, mapping), "CC010")
    assert "unit: g/dL" in finding.remedy


def test_two_plausible_units_are_a_question(check: Check, people: pd.DataFrame, found: Found, mapped: Mapped) -> None:
    rng = np.random.default_rng(3)
    table = people.assign(c_reactive_protein=rng.lognormal(0.5, 1, len(people)).round(1))
    (asked,) = [one for one in found(check(table), "CC011") if one.variable == "c_reactive_protein"]
    assert asked.severity == "warning"
    assert "unit: mg/dL or unit: mg/L" in asked.remedy
    named = check(table, mapped(columns={"c_reactive_protein": {"unit": "mg/L"}}))
    (noted,) = [one for one in found(named, "CC011") if one.variable == "c_reactive_protein"]
    assert noted.severity == "note"


def test_no_unit_fits(check: Check, people: pd.DataFrame, found: Found) -> None:
    rng = np.random.default_rng(4)
    (finding,) = found(check(people.assign(albumin=rng.uniform(6, 14, len(people)).round(1))), "CC012")
    assert finding.variable == "albumin"


def test_fewer_than_twenty_values_are_not_judged(check: Check, make_people: MakePeople, outcome: Outcome) -> None:
    table = make_people(19).assign(albumin=37.0)
    assert outcome(check(table), "CC010") == "not_applicable"


def test_units_of_one_size_are_one(people: pd.DataFrame) -> None:
    shares = unit_shares(variable("sodium"), Counted.of(people["sodium"]))
    assert [share.spellings for share in shares] == [("mmol/L", "mEq/L")]


@pytest.mark.parametrize("unit", ["g/dL", "g/L", "mmol/L"])
def test_haemoglobin_in_its_three_units(people: pd.DataFrame, unit: str) -> None:
    """Shares computed by hand from the dictionary's range of 5 to 19 g/dL and 1.6113 g/dL a mmol/L."""
    written = variable("hemoglobin").conversion(unit).from_canonical(people["hemoglobin"])
    shares = {share.symbol: share.plausible for share in unit_shares(variable("hemoglobin"), Counted.of(written))}
    assert shares[unit] == 1.0
    assert unit in {share.symbol for share in fitting_units(variable("hemoglobin"), written)}
    expected = {"g/dL": 1, "g/L": 0.1, "mmol/L": 16.114 / 10.0}
    for other, factor in expected.items():
        inside = (written * factor >= 5 - 1e-3) & (written * factor <= 19 + 1e-3)
        assert shares[other] == pytest.approx(np.mean(inside), abs=0.01)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_a_share_of_albumins_ten_times_too_large_is_found(
    check: Check, people: pd.DataFrame, found: Found, share: float
) -> None:
    rng = np.random.default_rng(5)
    wrong = rng.random(len(people)) < share
    table = people.assign(albumin=np.where(wrong, people["albumin"] * 10, people["albumin"]).round(1))
    (finding,) = found(check(table), "CC013")
    assert "g/L" in finding.finding
    assert finding.count >= 0.9 * wrong.sum()
    assert finding.rows[0] == np.flatnonzero(wrong)[0] + 1


def test_glucose_in_two_units() -> None:
    """A factor of 18 within the plausible range is found by the second peak."""
    rng = np.random.default_rng(6)
    glucose = rng.lognormal(4.75, 0.3, 1000).round(0)
    assert mixed_units(variable("glucose"), Counted.of(glucose), None) is None
    mixed = np.where(rng.random(1000) < 0.1, (glucose / 18.016).round(1), glucose)
    slip = mixed_units(variable("glucose"), Counted.of(mixed), None)
    assert slip is not None
    assert "mmol/L" in slip.words
    assert slip.count == pytest.approx(100, abs=25)


def test_urea_whose_units_overlap_shows_no_second_peak_and_none_is_claimed() -> None:
    rng = np.random.default_rng(7)
    urea = rng.lognormal(2.9, 0.5, 2000).round(0)
    assert mixed_units(variable("blood_urea_nitrogen"), Counted.of(urea), None) is None


def test_fahrenheit_among_celsius() -> None:
    rng = np.random.default_rng(8)
    celsius = rng.normal(37, 0.6, 500).round(1)
    mixed = np.where(rng.random(500) < 0.05, (celsius * 1.8 + 32).round(1), celsius)
    slip = mixed_units(variable("body_temperature"), Counted.of(mixed), None)
    assert slip is not None
    assert "°F" in slip.words


def test_a_slipped_decimal_point_is_named_as_one() -> None:
    rng = np.random.default_rng(9)
    sodium = rng.normal(138, 4, 500).round(0)
    mixed = np.where(rng.random(500) < 0.02, sodium / 10, sodium)
    slip = mixed_units(variable("sodium"), Counted.of(mixed), None)
    assert slip is not None
    assert "10 times too small" in slip.words


@pytest.mark.parametrize(
    ("name", "log_mean", "log_deviation"),
    [("white_blood_cell_count", 2.2, 0.7), ("urine_output", 7.4, 0.9), ("pao2_fio2_ratio", 5.4, 0.5)],
)
def test_the_tail_of_one_distribution_is_no_second_group(name: str, log_mean: float, log_deviation: float) -> None:
    """In SUPPORT the widest variables reach beyond their plausible range without any mixture."""
    rng = np.random.default_rng(10)
    for _ in range(5):
        values = rng.lognormal(log_mean, log_deviation, 2000).round(1)
        assert mixed_units(variable(name), Counted.of(values), None) is None


def test_one_value_repeated_is_a_code_and_no_group(people: pd.DataFrame) -> None:
    values = people["albumin"].to_numpy().copy()
    values[:10] = 37
    assert mixed_units(variable("albumin"), Counted.of(values), None) is None
