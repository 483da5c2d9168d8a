"""CC060 to CC063 and CC070: what is missing, in whom, and whether there are events enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, MakePeople, Outcome


@pytest.mark.parametrize("code", ["CC060", "CC061", "CC062", "CC063", "CC070"])
def test_a_full_file_with_events_passes(check: Check, make_people: MakePeople, outcome: Outcome, code: str) -> None:
    table = make_people(2500).assign(follow_up_time=np.random.default_rng(1).exponential(200, 2500).round(0) + 1)
    assert outcome(check(table), code) == "passed"


@pytest.mark.parametrize("code", ["CC060", "CC061", "CC062", "CC063", "CC070"])
def test_without_variables_nothing_can_be_checked(
    check: Check, people: pd.DataFrame, outcome: Outcome, code: str
) -> None:
    assert outcome(check(people[["patient", "index"]], {"id_column": "patient"}), code) == "not_applicable"


def test_an_empty_column(check: Check, people: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(people.assign(albumin=np.nan)), "CC060")
    assert finding.variable == "albumin"
    assert "every cell is empty" in finding.finding


def test_a_column_of_which_nothing_is_usable_is_not_called_empty(
    check: Check, people: pd.DataFrame, found: Found
) -> None:
    (finding,) = found(check(people.assign(albumin=37.5)), "CC060")
    assert "no cell can be used" in finding.finding


def test_a_column_that_is_mostly_missing(check: Check, people: pd.DataFrame, found: Found, outcome: Outcome) -> None:
    table = people.assign(albumin=people["albumin"].where(people.index < 180))
    (finding,) = found(check(table), "CC061")
    assert finding.examples == ("albumin: 55% missing",)
    assert outcome(check(people.assign(albumin=people["albumin"].where(people.index < 220))), "CC061") == "passed"


def test_rows_of_which_almost_nothing_is_recorded(check: Check, people: pd.DataFrame, found: Found) -> None:
    table = people.copy()
    table.loc[[4, 9], [column for column in table if column not in ("patient", "age", "index")]] = np.nan
    (finding,) = found(check(table), "CC062")
    assert finding.rows == (5, 10)


def test_few_variables_make_no_empty_rows(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    assert outcome(check(people[["patient", "age", "sex"]], {"id_column": "patient"}), "CC062") == "not_applicable"


def test_missingness_that_tells_the_outcome(check: Check, people: pd.DataFrame, found: Found) -> None:
    dead = (people["death"] == "present").to_numpy()
    lost = np.random.default_rng(2).random(400) < np.where(dead, 0.6, 0.2)
    (finding,) = found(check(people.assign(albumin=people["albumin"].mask(lost))), "CC063")
    assert "death" in finding.finding
    assert finding.examples[0].startswith("albumin: ")


def test_missingness_that_tells_early_death(check: Check, make_people: MakePeople, found: Found) -> None:
    people = make_people(1000)
    early = ((people["death"] == "present") & (people["follow_up_time"] <= 30)).to_numpy()
    lost = np.random.default_rng(3).random(1000) < np.where(early, 0.7, 0.1)
    texts = [one.finding for one in found(check(people.assign(albumin=people["albumin"].mask(lost))), "CC063")]
    assert any("death within 30 days" in text for text in texts)


def test_without_an_outcome_missingness_tells_nothing(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    assert outcome(check(people.drop(columns=["death"])), "CC063") == "not_applicable"


def test_events_by_each_horizon_are_counted_as_the_outcome_counts_them(
    check: Check, people: pd.DataFrame, found: Found
) -> None:
    time, dead = people["follow_up_time"], people["death"] == "present"
    (finding,) = found(check(people), "CC070")
    day_30 = next(example for example in finding.examples if "by day 30" in example)
    events, free = int((dead & (time <= 30)).sum()), int(((time >= 30) & ~(dead & (time <= 30))).sum())
    assert day_30 == f"death by day 30: {events} with, {free} without, {400 - events - free} not known"


def test_other_yes_or_no_outcomes_are_counted(check: Check, people: pd.DataFrame, found: Found) -> None:
    table = people.assign(surgical_site_infection=["present"] * 12 + ["absent"] * 388)
    (finding,) = found(check(table), "CC070")
    assert "surgical_site_infection: 12 with, 388 without" in finding.examples
