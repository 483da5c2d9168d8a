"""CC040 to CC042: every row is one person, and another one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, Outcome


@pytest.mark.parametrize("code", ["CC040", "CC041", "CC042"])
def test_a_clean_file_passes(check: Check, people: pd.DataFrame, outcome: Outcome, code: str) -> None:
    assert outcome(check(people), code) == "passed"


@pytest.mark.parametrize("code", ["CC040", "CC041"])
def test_without_an_identifier_column_nothing_can_be_said(
    check: Check, people: pd.DataFrame, outcome: Outcome, code: str
) -> None:
    assert outcome(check(people, {}), code) == "not_applicable"


def test_rows_without_an_identifier(check: Check, people: pd.DataFrame, found: Found) -> None:
    table = people.assign(patient=people["patient"].where(people.index != 8, ""))
    (finding,) = found(check(table), "CC040")
    assert (finding.count, finding.rows, finding.severity) == (1, (9,), "error")


def test_an_identifier_twice_and_whether_the_row_is_the_same(check: Check, people: pd.DataFrame, found: Found) -> None:
    again = people.iloc[[3, 5]].copy()
    again.iloc[1, again.columns.get_loc("sodium")] = 150
    (finding,) = found(check(pd.concat([people, again], ignore_index=True)), "CC041")
    assert finding.count == 2
    assert finding.rows == (401, 402)
    assert "1 of them are the same in every column" in finding.finding


def test_the_same_person_under_two_identifiers(check: Check, people: pd.DataFrame, found: Found) -> None:
    twin = people.iloc[[10, 20]].assign(patient=["X1", "X2"])
    (finding,) = found(check(pd.concat([people, twin], ignore_index=True)), "CC042")
    assert finding.severity == "warning"
    assert finding.count == 2
    assert finding.examples[0].startswith("rows 11 and 401:")
    assert not any("X1" in text or "P000" in text for text in (finding.finding, *finding.examples))


def test_people_who_differ_in_one_value_are_two(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    twin = people.iloc[[10]].assign(patient="X1", sodium=people["sodium"].iloc[10] + 5)
    assert outcome(check(pd.concat([people, twin], ignore_index=True)), "CC042") == "passed"


def test_few_columns_cannot_tell_people_apart(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    table = people[["patient", "sex", "diabetes", "ecog_performance_status", "death", "age"]]
    assert outcome(check(table, {"id_column": "patient"}), "CC042") == "not_applicable"


def test_dates_help_to_tell_people_apart(check: Check, people: pd.DataFrame, found: Found, outcome: Outcome) -> None:
    few = people[["patient", "sex", "diabetes", "ecog_performance_status", "death", "age", "index"]]
    birth = np.datetime64("1940-01-01") + np.random.default_rng(2).integers(0, 14000, 400).astype("timedelta64[D]")
    table = few.assign(born=birth.astype(str), sodium=people["sodium"])
    twins = pd.concat([table, table.iloc[[7]].assign(patient="X")], ignore_index=True)
    mapping = {"id_column": "patient", "date_columns": {"birth": "born", "index": "index"}}
    (finding,) = found(check(twins, mapping), "CC042")
    assert finding.rows == (401,)
    assert outcome(check(twins, {"id_column": "patient"}), "CC042") == "not_applicable"


def test_rows_without_a_group(check: Check, people: pd.DataFrame, found: Found, outcome: Outcome) -> None:
    mapping = {"id_column": "patient", "group_column": "site"}
    table = people.assign(site=np.where(people.index == 6, " NA ", "a"))
    (finding,) = found(check(table, mapping), "CC043")
    assert (finding.count, finding.rows, finding.severity) == (1, (7,), "error")
    assert outcome(check(people.assign(site="a"), mapping), "CC043") == "passed"
    assert outcome(check(people), "CC043") == "not_applicable"
