"""CC001 to CC006: which columns are read."""

from __future__ import annotations

import pandas as pd
from checked_files import Check, Found, Mapped, Outcome

from spinecast.cohorts.checking.findings import LISTED


def test_columns_in_other_spellings_are_proposed_and_not_read(check: Check, people: pd.DataFrame, found: Found) -> None:
    table = people.rename(columns={"albumin": "Albumin (g/L)", "sex": "SEX", "platelet_count": "PLT"})
    checked = check(table, {})
    (finding,) = found(checked, "CC001")
    assert finding.severity == "warning"
    assert finding.count == 3
    assert "Albumin (g/L) → albumin" in finding.examples
    assert not {"albumin", "sex", "platelet_count"} & {entry["variable"] for entry in checked.variables}


def test_with_a_mapping_unread_columns_are_only_noted(check: Check, people: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(people.rename(columns={"albumin": "ALB"})), "CC001")
    assert finding.severity == "note"


def test_nothing_is_proposed_where_all_is_read(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    assert outcome(check(people), "CC001") == "passed"


def test_columns_that_mean_nothing_are_listed_with_the_nearest_variables(
    check: Check, people: pd.DataFrame, found: Found
) -> None:
    (finding,) = found(check(people.assign(albumine=1, shoe_size=42)), "CC002")
    assert finding.count == 3  # the index date is not mapped either
    assert any(example.startswith("albumine (nearest: albumin") for example in finding.examples)
    assert any(example == "shoe_size" for example in finding.examples)


def test_a_column_read_twice_is_an_error(check: Check, people: pd.DataFrame, found: Found, mapped: Mapped) -> None:
    mapping = mapped(columns={"albumin": {"column": "sodium"}})
    (finding,) = [one for one in found(check(people, mapping), "CC003") if one.severity == "error"]
    assert "albumin and as sodium" in finding.finding


def test_the_identifier_read_as_a_variable_is_a_column_taken_twice(
    check: Check, people: pd.DataFrame, found: Found, mapped: Mapped
) -> None:
    table = people.assign(patient=range(100, 500))
    mapping = mapped(columns={"platelet_count": {"column": "patient"}})
    texts = [one.finding for one in found(check(table, mapping), "CC003")]
    assert any("platelet_count and as the patient identifier" in text for text in texts)


def test_two_columns_of_one_name_are_not_read(check: Check, people: pd.DataFrame, found: Found) -> None:
    table = pd.concat([people, people[["albumin"]] + 1], axis=1)
    checked = check(table)
    (finding,) = found(checked, "CC003")
    assert finding.column == "albumin"
    assert "albumin" not in {entry["variable"] for entry in checked.variables}


def test_two_columns_for_one_variable_are_asked_about(check: Check, people: pd.DataFrame, found: Found) -> None:
    (finding,) = found(check(people.assign(ALB=people["albumin"])), "CC003")
    assert finding.severity == "warning"
    assert "albumin, ALB" in finding.finding


def test_likeness_is_sought_for_the_columns_that_are_written_out(
    check: Check, people: pd.DataFrame, found: Found
) -> None:
    like = [f"albumine{number}" for number in range(LISTED + 4)]
    wide = pd.concat([people, pd.DataFrame(0, index=people.index, columns=like)], axis=1)
    (finding,) = found(check(wide), "CC002")
    assert len(finding.examples) == finding.count > LISTED + 3
    hinted = ["nearest: albumin" in example for example in finding.examples if example.startswith("albumine")]
    assert sum(hinted[:-4]) > 0
    assert not any(hinted[-4:])


def test_a_mapped_column_that_is_not_there_names_the_nearest(
    check: Check, people: pd.DataFrame, found: Found, mapped: Mapped
) -> None:
    mapping = mapped(group_column="site", columns={"albumin": {"column": "albumen"}})
    lacking = {finding.column: finding for finding in found(check(people, mapping), "CC004")}
    assert set(lacking) == {"albumen", "site"}
    assert "albumin" in lacking["albumen"].remedy


def test_lacking_columns_are_not_applicable_without_a_mapping(
    check: Check, people: pd.DataFrame, outcome: Outcome
) -> None:
    assert outcome(check(people, {}), "CC004") == "not_applicable"
    assert outcome(check(people), "CC004") == "passed"


def test_a_column_that_repeats_the_identifiers_is_not_read(
    check: Check, people: pd.DataFrame, found: Found, outcome: Outcome, mapped: Mapped
) -> None:
    table = people.assign(patient=range(1000, 1400), copy=range(1000, 1400))
    mapping = mapped(columns={"platelet_count": {"column": "copy"}})
    checked = check(table, mapping)
    (finding,) = found(checked, "CC005")
    assert finding.examples == ()
    assert "platelet_count" not in {entry["variable"] for entry in checked.variables}
    assert outcome(check(people), "CC005") == "passed"
    assert outcome(check(people, {}), "CC005") == "not_applicable"


def test_numbers_that_are_now_and_then_an_identifier_are_read(
    check: Check, people: pd.DataFrame, outcome: Outcome
) -> None:
    assert outcome(check(people.assign(patient=range(1, 401))), "CC005") == "passed"


def test_a_file_of_which_nothing_is_read_is_no_clean_file(check: Check, outcome: Outcome, found: Found) -> None:
    checked = check(pd.DataFrame({"Alter": [61, 70], "Geschlecht": ["w", "m"]}), {})
    assert checked.has_errors
    (finding,) = found(checked, "CC006")
    assert finding.count == 2
    assert outcome(checked, "CC020") == "not_applicable"


def test_something_is_read_of_a_clean_file(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    assert outcome(check(people), "CC006") == "passed"


def test_a_column_that_the_other_file_lacks_is_named_with_that_file(
    check: Check, people: pd.DataFrame, found: Found, mapped: Mapped
) -> None:
    mapping = mapped(columns={"albumin": {"column": "albumen"}})
    (finding,) = found(check(people, other=people.head(50), other_mapping=mapping), "CC004")
    assert "other.csv does not have" in finding.finding
