"""CC080 to CC082: people who stand in two files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, MakePeople, Mapped, Outcome


@pytest.fixture
def other(make_people: MakePeople) -> pd.DataFrame:
    """Three hundred other people."""
    return make_people(300, 77, "Q")


@pytest.mark.parametrize("code", ["CC080", "CC081", "CC082"])
def test_files_of_different_people_pass(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, outcome: Outcome, code: str
) -> None:
    assert outcome(check(people, other=other), code) == "passed"


@pytest.mark.parametrize("code", ["CC080", "CC082"])
def test_files_that_share_too_little_cannot_be_compared(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, outcome: Outcome, code: str
) -> None:
    few = other[["patient", "sex", "age", "death"]]
    assert outcome(check(people, other=few, other_mapping={"id_column": "patient"}), code) == "not_applicable"


def test_without_identifiers_none_can_be_shared(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, outcome: Outcome
) -> None:
    assert outcome(check(people, {}, other, {}), "CC081") == "not_applicable"


def overlapping(people: pd.DataFrame, other: pd.DataFrame, count: int = 40) -> pd.DataFrame:
    """Some of the people under other identifiers, with units and follow-up as another hospital writes them."""
    same = people.iloc[100 : 100 + count].assign(patient=[f"Z{n}" for n in range(count)])
    same["follow_up_time"] += np.random.default_rng(4).choice([0, 100], count)
    return pd.concat([other, same], ignore_index=True)


def test_people_under_other_identifiers_in_other_units(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found, mapped: Mapped
) -> None:
    theirs = overlapping(people, other)
    theirs["creatinine"] = (theirs["creatinine"] * 88.42).round(0)
    theirs["albumin"] = theirs["albumin"] * 10
    mapping = mapped(columns={"creatinine": {"unit": "umol/L"}, "albumin": {"unit": "g/L"}})
    (finding,) = found(check(people, other=theirs, other_mapping=mapping), "CC080")
    assert finding.severity == "error"
    assert 36 <= finding.count <= 40
    assert set(finding.rows) <= set(range(101, 141))
    assert "under different identifiers" in finding.finding
    assert not any("Z1" in text for text in (finding.finding, *finding.examples))


def test_people_are_found_without_any_identifier(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found
) -> None:
    (finding,) = found(check(people, {}, overlapping(people, other), {}), "CC080")
    assert finding.count == 40


def test_a_subset_is_named_as_one(check: Check, people: pd.DataFrame, found: Found, outcome: Outcome) -> None:
    part = people.sample(150, random_state=3).assign(patient=[f"S{n}" for n in range(150)])
    checked = check(people, other=part)
    (finding,) = found(checked, "CC082")
    assert "other.csv is made from this.csv" in finding.finding
    assert outcome(checked, "CC080") == "passed"
    (back,) = found(check(part, other=people), "CC082")
    assert "this.csv is made from other.csv" in back.finding
    (same,) = found(check(people, other=people.sample(frac=1, random_state=1)), "CC082")
    assert "hold the same people" in same.finding


def test_shared_identifiers_of_the_same_people_are_an_error(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found
) -> None:
    theirs = pd.concat([other, people.iloc[:50]], ignore_index=True)
    (finding,) = found(check(people, other=theirs), "CC081")
    assert (finding.severity, finding.count) == ("error", 50)


def test_files_that_merely_number_alike_are_a_note(
    check: Check, people: pd.DataFrame, other: pd.DataFrame, found: Found, outcome: Outcome
) -> None:
    checked = check(people.assign(patient=range(1, 401)), other=other.assign(patient=range(1, 301)))
    (finding,) = found(checked, "CC081")
    assert (finding.severity, finding.count) == ("note", 300)
    assert "prefix" in finding.remedy
    assert outcome(checked, "CC080") == "passed"
