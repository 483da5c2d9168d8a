"""CC020 to CC025: cells that the contract refuses or a reader should look at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, Mapped, Outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.cohorts.checking import FileMapping, check_table
from spinecast.cohorts.checking.mapping import ColumnMapping
from spinecast.cohorts.checking.reading import map_table
from spinecast.cohorts.contract import RejectedTableError
from spinecast.cohorts.contract import check_table as contract
from spinecast.cohorts.rules import column_rules
from spinecast.errors import ContractError


def changed(people: pd.DataFrame, column: str, cells: dict[int, object]) -> pd.DataFrame:
    """Put cells into rows of a column."""
    table = people.astype({column: object})
    for row, cell in cells.items():
        table.loc[row, column] = cell
    return table


@pytest.mark.parametrize("code", ["CC020", "CC022", "CC023", "CC024"])
def test_a_clean_file_passes(check: Check, people: pd.DataFrame, outcome: Outcome, code: str) -> None:
    assert outcome(check(people), code) == "passed"


@pytest.mark.parametrize("code", ["CC020", "CC021", "CC022", "CC023"])
def test_without_measured_variables_nothing_can_be_checked(
    check: Check, people: pd.DataFrame, outcome: Outcome, code: str
) -> None:
    assert outcome(check(people[["patient", "sex"]], {"id_column": "patient"}), code) == "not_applicable"


def test_without_levels_nothing_can_be_checked(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    assert outcome(check(people[["patient", "age"]], {"id_column": "patient"}), "CC024") == "not_applicable"


def test_an_impossible_value_says_what_is_possible_and_in_which_unit_it_would_be(
    check: Check, people: pd.DataFrame, found: Found
) -> None:
    (finding,) = found(check(changed(people, "albumin", {6: 37})), "CC020")
    assert finding.severity == "error"
    assert finding.rows == (7,)
    assert "0.5 to 7 g/dL" in finding.finding
    assert "1 would be possible in g/L" in finding.finding
    (finding,) = found(check(changed(people, "albumin", {6: 1e6})), "CC020")
    assert "would be possible" not in finding.finding  # in any unit


def test_implausible_values_are_a_note_when_few_and_a_warning_when_many(
    check: Check, people: pd.DataFrame, found: Found
) -> None:
    (note,) = found(check(changed(people, "sodium", {3: 170})), "CC021")
    assert note.severity == "note"
    assert "rows 4" in note.examples[0]
    many = check(changed(people, "sodium", dict.fromkeys(range(20), 168) | {5: 171, 6: 172}))
    (warning,) = found(many, "CC021")
    assert warning.severity == "warning"
    assert (warning.variable, warning.count) == ("sodium", 20)


def test_a_rounding_beyond_the_range_is_no_finding(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    """SUPPORT writes 0.1 mg/dL of bilirubin as 0.0999908."""
    assert outcome(check(people.assign(bilirubin=0.0999908)), "CC021") == "passed"


def test_text_in_a_number(check: Check, people: pd.DataFrame, found: Found) -> None:
    table = changed(people, "sodium", {1: "high", 2: "high", 9: "<120"})
    (finding,) = found(check(table), "CC022")
    assert finding.count == 3
    assert finding.rows == (2, 3, 10)
    assert finding.examples == ("“high” (×2)", "“<120”")


def test_true_and_infinity_are_no_numbers(check: Check, people: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(changed(people, "sodium", {1: "inf", 2: "True"})), "CC022")
    assert finding.count == 2


def test_missing_codes_of_the_mapping_are_missing(
    check: Check, people: pd.DataFrame, outcome: Outcome, mapped: Mapped
) -> None:
    mapping = mapped(columns={"sodium": {"missing_codes": ["high", -9]}})
    checked = check(changed(people, "sodium", {1: "high", 2: -9}), mapping)
    assert outcome(checked, "CC022") == outcome(checked, "CC020") == "passed"


def test_decimal_commas_are_told_from_other_text(
    check: Check, people: pd.DataFrame, found: Found, outcome: Outcome
) -> None:
    checked = check(changed(people, "albumin", {4: "3,7", 5: "2,95"}))
    (finding,) = found(checked, "CC023")
    assert finding.count == 2
    assert "decimal commas" in finding.finding
    assert outcome(checked, "CC022") == "passed"


def test_a_comma_that_could_part_thousands_is_asked_about(check: Check, people: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(changed(people, "platelet_count", {4: "1,234"})), "CC023")
    assert "could be either" in finding.finding


def test_unknown_levels_name_the_nearest(check: Check, people: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(changed(people, "sex", {0: "femal", 1: "femal"})), "CC024")
    assert finding.examples == ("“femal” (×2)",)
    assert "nearest to the first is female" in finding.remedy


def test_a_mapping_of_levels_that_lacks_one(check: Check, people: pd.DataFrame, found: Found, mapped: Mapped) -> None:
    mapping = mapped(columns={"sex": {"levels": {"F": "female", "M": "male"}}})
    table = people.assign(sex=people["sex"].map({"female": "F", "male": "M"}))
    assert found(check(table, mapping), "CC024") == []
    (finding,) = found(check(changed(table, "sex", {7: "X"}), mapping), "CC024")
    assert "none of F, M" in finding.finding


def test_a_derived_value_that_contradicts_its_inputs(
    check: Check, people: pd.DataFrame, found: Found, outcome: Outcome
) -> None:
    height, weight = 170.0, people["age"] + 10
    right = (weight / (height / 100) ** 2).round(1)
    table = people.assign(body_height=height, body_weight=weight, body_mass_index=right)
    assert outcome(check(table), "CC025") == "passed"
    table.loc[3, "body_mass_index"] += 9
    (finding,) = found(check(table), "CC025")
    assert finding.rows == (4,)
    assert "body_height" in finding.finding
    assert outcome(check(people), "CC025") == "not_applicable"


CELLS = st.sampled_from(
    [
        "",
        "NA",
        "3.4",
        "3,4",
        "37",
        "-1",
        "0",
        "inf",
        "high",
        "female",
        "1",
        "present",
        "True",
        " 2.9 ",
        "1e3",
        "99",
        "n/a",
    ]
)
REFUSED = {"CC020", "CC022", "CC023", "CC024", "CC025", "CC040", "CC041"}


@settings(max_examples=80)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=3, max_size=12))
def test_the_check_refuses_exactly_what_the_contract_refuses(rows: list[tuple[str, str, str]]) -> None:
    names = ["albumin", "sex", "diabetes"]
    table = pd.DataFrame(rows, columns=names).assign(patient=[f"P{n}" for n in range(len(rows))])
    checked = check_table(map_table(table, FileMapping(ColumnMapping(id_column="patient"), True), name="t.csv"))
    errors = {f.code for f in checked.findings if f.severity == "error"} - {"CC010", "CC013"}
    try:
        contract(table, column_rules(names), id_column="patient")
        refused = 0
    except RejectedTableError as error:
        refused = len(error.rejections)
    except ContractError:  # a variable without any usable value is refused by another rule
        refused = 0
    counted = sum(f.count for f in checked.findings if f.code in REFUSED | {"CC032"} and f.severity == "error")
    assert errors <= REFUSED | {"CC032"}
    assert counted == refused


def test_positions_are_those_of_the_file(check: Check, people: pd.DataFrame, found: Found) -> None:
    cells = dict.fromkeys(np.arange(10, 90, 10), 9.5)
    (finding,) = found(check(changed(people, "albumin", cells)), "CC020")
    assert finding.rows == (11, 21, 31, 41, 51)
    assert finding.count == 8
