"""CC083 to CC088: whether two files write, distribute and record the same variables alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, MakePeople, Mapped, Outcome, Read

from spinecast.cohorts.checking.comparison import level_difference, number_difference
from spinecast.cohorts.describing.by_outcome import standardised_difference


@pytest.fixture
def other(make_people: MakePeople) -> pd.DataFrame:
    """Three hundred other people, written alike."""
    return make_people(300, 77, "Q")


CODES = ["CC083", "CC084", "CC085", "CC086", "CC087", "CC088"]


@pytest.mark.parametrize("code", CODES)
def test_files_that_agree_pass(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, outcome: Outcome, code: str
) -> None:
    assert outcome(check(people, other=other), code) == "passed"


@pytest.mark.parametrize("code", CODES)
def test_without_another_file_nothing_is_compared(
    check: Check, people: pd.DataFrame, outcome: Outcome, code: str
) -> None:
    assert outcome(check(people), code) == "not_applicable"


def test_files_that_share_no_variable(check: Check, people: pd.DataFrame, outcome: Outcome, found: Found) -> None:
    checked = check(people, other=pd.DataFrame({"id": [1, 2], "bilirubin": [1, 2]}), other_mapping={"id_column": "id"})
    (finding,) = found(checked, "CC088")
    assert finding.severity == "error"
    assert all(outcome(checked, code) == "not_applicable" for code in CODES[:-1])


def test_zero_and_one_against_one_and_two(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found, mapped: Mapped
) -> None:
    mine = people.assign(diabetes=people["diabetes"].map({"absent": 0, "present": 1}))
    theirs = other.assign(diabetes=other["diabetes"].map({"absent": 1, "present": 2}))
    (finding,) = found(check(mine, other=theirs), "CC083")
    assert (finding.severity, finding.variable) == ("error", "diabetes")
    assert "written 0, 1 here and 1, 2 in other.csv" in finding.finding
    mapping = mapped(columns={"diabetes": {"levels": {"1": "absent", "2": "present"}}})
    assert found(check(mine, other=theirs, other_mapping=mapping), "CC083") == []


def test_other_spellings(check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found) -> None:
    theirs = other.assign(sex=other["sex"].str[0])
    (finding,) = found(check(people, other=theirs), "CC083")
    assert "female, male here and f, m in other.csv" in finding.finding


def test_a_reversed_coding_is_suspected_by_its_distribution(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found
) -> None:
    theirs = other.assign(diabetes=other["diabetes"].map({"absent": "present", "present": "absent"}))
    (finding,) = found(check(people, other=theirs), "CC084")
    assert (finding.variable, finding.severity) == ("diabetes", "warning")
    assert "reversed" in finding.finding


def test_a_coding_moved_by_one_level_is_suspected(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found
) -> None:
    moved = other["ecog_performance_status"].map({"0": "1", "1": "2", "2": "3", "3": "4", "4": "4"})
    (finding,) = found(check(people, other=other.assign(ecog_performance_status=moved)), "CC084")
    assert "moved" in finding.finding


def test_a_share_near_one_half_cannot_be_reversed(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, outcome: Outcome
) -> None:
    theirs = other.assign(sex=other["sex"].map({"female": "male", "male": "female"}))
    assert outcome(check(people, other=theirs), "CC084") == "passed"


@pytest.mark.parametrize(("column", "factor", "unit"), [("albumin", 10, "g/L"), ("creatinine", 88.42, "µmol/L")])
def test_units_that_differ_between_the_files(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found, column: str, factor: float, unit: str
) -> None:
    theirs = other.assign(**{column: (other[column] * factor).round(1)})
    (finding,) = found(check(people, other=theirs), "CC085")
    assert finding.variable == column
    assert f"those of other.csv were in {unit}" in finding.finding
    (back,) = found(check(theirs, other=people), "CC085")
    assert f"those here were in {unit}" in back.finding


def test_units_named_in_both_mappings_agree(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, outcome: Outcome, mapped: Mapped
) -> None:
    theirs = other.assign(albumin=other["albumin"] * 10)
    mapping = mapped(columns={"albumin": {"unit": "g/L"}})
    assert outcome(check(people, other=theirs, other_mapping=mapping), "CC085") == "passed"


def test_a_shift_that_no_unit_explains_is_a_difference_of_people(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found, outcome: Outcome
) -> None:
    checked = check(people, other=other.assign(albumin=(other["albumin"] - 0.6).round(1)))
    assert outcome(checked, "CC085") == "passed"
    (finding,) = found(checked, "CC086")
    assert finding.examples[0].startswith("albumin: +1.")
    assert finding.severity == "warning"


def test_differences_within_chance_are_not_reported(check: Check, make_people: MakePeople, outcome: Outcome) -> None:
    """Of 25 people a standardised difference of a quarter is chance."""
    rng = np.random.default_rng(3)
    mine, theirs = make_people(25, 1), make_people(25, 2, "Q")
    mine["sodium"], theirs["sodium"] = rng.normal(138, 4, 25).round(0), rng.normal(139, 4, 25).round(0)
    assert outcome(check(mine, other=theirs), "CC086") in ("passed",)


def test_missingness_that_differs(check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(people, other=other.assign(albumin=other["albumin"].where(other.index < 100))), "CC087")
    assert finding.examples == ("albumin: 0% here, 67% in other.csv",)


def test_impossible_values_are_not_missing_ones(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, outcome: Outcome
) -> None:
    assert outcome(check(people, other=other.assign(albumin=37)), "CC087") == "passed"


def test_variables_that_only_one_file_has(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found
) -> None:
    (finding,) = found(check(people, other=other.drop(columns=["albumin"]).assign(bilirubin=1)), "CC088")
    assert set(finding.examples) == {"here only: albumin", "there only: bilirubin"}


def test_the_difference_of_numbers_is_that_of_table_one(read: Read, people: pd.DataFrame, other: pd.DataFrame) -> None:
    mine, theirs = read(people), read(other)
    for name in ("age", "albumin", "sodium"):
        expected = standardised_difference(people[name].to_numpy(), other[name].to_numpy())
        assert number_difference(mine.columns[name], theirs.columns[name]) == pytest.approx(expected)


def test_the_difference_of_two_levels_is_that_of_shares(read: Read, people: pd.DataFrame, other: pd.DataFrame) -> None:
    """For two levels Yang and Dalton's distance is Austin's standardised difference of two proportions."""
    shares = [(table["diabetes"] == "present").to_numpy(dtype=float) for table in (people, other)]
    expected = standardised_difference(*shares)
    assert expected is not None
    found = level_difference(read(people).columns["diabetes"], read(other).columns["diabetes"])
    assert found == pytest.approx(abs(expected))


def test_the_difference_of_several_levels_is_mahalanobis_distance_of_indicators(
    read: Read, people: pd.DataFrame, other: pd.DataFrame
) -> None:
    """Computed from the patients' indicator variables with numpy, leaving out another level than the code does."""
    name = "ecog_performance_status"
    dummies = [pd.get_dummies(table[name])[list("0123")].to_numpy(dtype=float) for table in (people, other)]
    difference = dummies[0].mean(axis=0) - dummies[1].mean(axis=0)
    pooled = sum(np.cov(dummy, rowvar=False, bias=True) for dummy in dummies) / 2
    expected = np.sqrt(difference @ np.linalg.inv(pooled) @ difference)
    found = level_difference(read(people).columns[name], read(other).columns[name])
    assert found == pytest.approx(expected)
