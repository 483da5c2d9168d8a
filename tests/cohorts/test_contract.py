"""What the contract refuses, and how it says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.contract import check_predictors, check_table, require_columns
from spinecast.cohorts.rejections import RejectedTableError
from spinecast.cohorts.rules import MISSING_TEXT, ColumnRule, column_rules
from spinecast.errors import CohortError, ContractError

AsCohort = Callable[..., Cohort]


def test_a_good_table_becomes_canonical(cohort: Cohort) -> None:
    assert cohort.frame["age"].tolist()[:2] == [61.0, 70.5]
    assert np.isnan(cohort.frame["age"][2])
    assert cohort.frame["sex"].cat.categories.tolist() == ["female", "male"]
    assert cohort.frame["sex"].isna().tolist() == [False, False, False, False, True, False]
    assert cohort.frame["diabetes"].tolist()[:2] == ["absent", "present"]
    assert cohort.patient_ids.tolist() == ["p1", "p2", "p3", "p4", "p5", "p6"]
    assert len(cohort.rejections) == 0
    assert [step.remaining for step in cohort.attrition] == [6]


def test_albumin_37_in_grams_per_decilitre_is_refused_with_the_unit_it_must_be_in(
    table: pd.DataFrame, as_cohort: AsCohort
) -> None:
    table.loc[1, "albumin"] = "37"
    with pytest.raises(RejectedTableError) as caught:
        as_cohort(table)
    message = str(caught.value)
    assert "row 2, albumin: 37" in message
    assert "allowed 0.5 to 7 g/dL" in message
    assert "possible if the unit were g/L" in message
    assert "p2" not in message
    found = caught.value.rejections.table.to_dict("records")
    assert found == [
        {
            "row": 2,
            "patient_id": "p2",
            "column": "albumin",
            "variable": "albumin",
            "value": "37",
            "rule": "impossible: allowed 0.5 to 7 g/dL; possible if the unit were g/L",
        }
    ]


def test_the_declared_unit_is_converted(table: pd.DataFrame) -> None:
    table["alb"] = ["37", "29", "41", "", "33", "30"]
    checked = check_table(table, [ColumnRule("albumin", "alb", "g/L")], id_column="id")
    assert checked.frame["albumin"].tolist()[:3] == [3.7, 2.9, 4.1]


def test_values_in_the_canonical_unit_declared_in_another_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(RejectedTableError, match="allowed 5 to 70 g/L; possible if the unit were g/dL"):
        check_table(table, [ColumnRule("albumin", "albumin", "g/L")], id_column="id")


def test_a_whole_column_in_the_wrong_unit_is_not_quietly_emptied(table: pd.DataFrame) -> None:
    table["albumin"] = ["37", "29", "41", "", "33", "30"]
    with pytest.raises(ContractError, match="no patient has a usable value of albumin") as caught:
        check_table(table, column_rules(["albumin"]), id_column="id", impossible_values="set_missing")
    assert "possible if the unit were g/L" in str(caught.value)


@pytest.mark.parametrize("cell", ["3,7", "<0.5", "low", "3.7 g/dL", "--", "True"])
def test_text_in_a_number_is_refused_whatever_the_policy(cell: str, table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[2, "albumin"] = cell
    with pytest.raises(RejectedTableError, match=r"row 3, albumin: .* - text in a number"):
        as_cohort(table, impossible_values="set_missing")


def test_infinity_is_refused(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[2, "albumin"] = "inf"
    with pytest.raises(RejectedTableError, match="not a finite number"):
        as_cohort(table)


def test_an_unknown_level_is_refused_with_those_expected(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[3, "sex"] = "M"
    with pytest.raises(RejectedTableError, match="row 4, sex: M - unknown level: expected female, male"):
        as_cohort(table)


def test_levels_coded_one_and_two_do_not_pass_for_zero_and_one(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table["diabetes"] = ["1", "2", "1", "1", "2", ""]
    with pytest.raises(RejectedTableError) as caught:
        as_cohort(table)
    assert caught.value.rejections.table["value"].tolist() == ["2", "2"]


def test_a_duplicated_patient_is_refused_without_naming_them(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[4, "id"] = "p2 "
    with pytest.raises(RejectedTableError) as caught:
        as_cohort(table)
    assert "row 5, id: duplicated patient id (first in row 2)" in str(caught.value)
    assert "p2" not in str(caught.value)
    assert caught.value.rejections.table["patient_id"].tolist() == ["p2"]


@pytest.mark.parametrize("identifier", ["", "NA", None])
def test_a_missing_identifier_is_refused(identifier: str | None, table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[4, "id"] = identifier
    with pytest.raises(RejectedTableError, match="row 5, id: missing patient id"):
        as_cohort(table)


def test_everything_wrong_is_reported_in_row_order_and_the_message_stays_short(
    table: pd.DataFrame, as_cohort: AsCohort
) -> None:
    table["age"] = ["old"] * 6
    table.loc[1, "albumin"] = "37"
    with pytest.raises(RejectedTableError) as caught:
        as_cohort(table)
    assert caught.value.rejections.table["row"].tolist() == [1, 2, 2, 3, 4, 5, 6]
    assert "7 values" in str(caught.value)
    assert "and 2 more" in str(caught.value)
    assert "correct them in the source" in str(caught.value)


def test_an_unknown_column_names_the_nearest_real_one(table: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="no column 'albumen' for albumin; did you mean 'albumin'"):
        check_table(table, [ColumnRule("albumin", "albumen")], id_column="id")
    with pytest.raises(ContractError, match="lacks 2 columns"):
        check_table(table, column_rules(["sodium"]), id_column="patient")


def test_a_doubled_column_is_refused() -> None:
    with pytest.raises(ContractError, match="more than one column 'age'"):
        require_columns(["id", "age", "age"], column_rules(["age"]), "id", None)


def test_an_empty_table_is_refused(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    with pytest.raises(CohortError, match="no patients"):
        as_cohort(table.iloc[:0])


def test_a_predictor_without_any_value_is_refused(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table["albumin"] = ""
    with pytest.raises(ContractError, match="no patient has a usable value of albumin"):
        as_cohort(table)


def test_set_missing_counts_what_it_sets(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[1, "albumin"] = "37"
    made = as_cohort(table, impossible_values="set_missing")
    assert np.isnan(made.frame["albumin"][1])
    assert len(made) == 6
    assert made.rejections.summary() == [
        {
            "column": "albumin",
            "variable": "albumin",
            "rule": "impossible: allowed 0.5 to 7 g/dL; possible if the unit were g/L",
            "label": "Albumin",
            "count": 1,
        }
    ]


def test_exclude_patient_leaves_the_patient_out_and_says_so(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[1, "albumin"] = "37"
    made = as_cohort(table, impossible_values="exclude_patient")
    assert made.patient_ids.tolist() == ["p1", "p3", "p4", "p5", "p6"]
    assert (made.attrition[-1].excluded, made.attrition[-1].remaining) == (1, 5)
    assert made.frame.index.tolist() == [0, 1, 2, 3, 4]


def test_excluding_everyone_is_an_empty_cohort(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table["age"] = "999"
    with pytest.raises(CohortError, match="no patient is left"):
        as_cohort(table, impossible_values="exclude_patient")


def test_missing_codes_are_missing_in_the_columns_own_unit(table: pd.DataFrame) -> None:
    table["alb"] = ["-999", "29", "not done", "0", "33", "30"]
    rule = ColumnRule("albumin", "alb", "g/L", missing_codes=(-999, "0", "Not done"))
    checked = check_table(table, [rule], id_column="id")
    assert checked.frame["albumin"].isna().tolist() == [True, False, True, True, False, False]


def test_a_negative_follow_up_time_is_refused(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[0, "follow_up_time"] = "-3"
    with pytest.raises(RejectedTableError, match="row 1, follow_up_time: -3"):
        as_cohort(table)


def test_rows_keep_their_number_in_the_source_after_filtering(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table.loc[5, "albumin"] = "37"
    with pytest.raises(RejectedTableError, match="row 6, albumin"):
        as_cohort(table.iloc[3:])


def test_groups_are_kept_and_required_of_everyone(table: pd.DataFrame, as_cohort: AsCohort) -> None:
    table["site"] = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    made = as_cohort(table, group_column="site")
    assert made.groups is not None
    assert made.groups.tolist() == ["1", "1", "2", "2", "3", "3"]
    table.loc[0, "site"] = np.nan
    with pytest.raises(ContractError, match="1 patients have no group"):
        as_cohort(table, group_column="site")


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        (pd.Series([True, False]), "true or false in a number"),
        (pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"])), "text in a number"),
        (pd.Series([True, 3.1], dtype=object), "true or false in a number"),
    ],
)
def test_typed_columns_that_are_no_numbers_are_refused(column: pd.Series, rule: str) -> None:
    table = pd.DataFrame({"id": [1, 2], "albumin": column})
    with pytest.raises(RejectedTableError, match=rule):
        check_table(table, column_rules(["albumin"]), id_column="id")


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([3.7, None]),
        pd.Series([3.7, None], dtype="Float64"),
        pd.Series([Decimal("3.7"), None], dtype=object),
        pd.Series(["3.7", None], dtype=object),
        pd.Series(["3.7", "n/a"], dtype="string"),
        pd.Series(["3.7", ""], dtype="category"),
    ],
)
def test_every_storage_of_a_number_reads_the_same(column: pd.Series) -> None:
    table = pd.DataFrame({"id": [1, 2], "albumin": column})
    checked = check_table(table, column_rules(["albumin"]), id_column="id")
    assert checked.frame["albumin"][0] == 3.7
    assert np.isnan(checked.frame["albumin"][1])


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 0]),
        pd.Series([1.0, 0.0]),
        pd.Series([True, False]),
        pd.Series(["1", "0.0"]),
        pd.Series(["Present", "ABSENT"]),
        pd.Series(["TRUE", "false"], dtype="category"),
    ],
)
def test_every_usual_coding_of_a_binary_variable_reads_the_same(column: pd.Series) -> None:
    table = pd.DataFrame({"id": [1, 2], "diabetes": column})
    assert check_table(table, column_rules(["diabetes"]), id_column="id").frame["diabetes"].tolist() == [
        "present",
        "absent",
    ]


def test_an_unknown_policy_is_a_mistake_in_the_code(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="impossible_values"):
        check_table(table, column_rules(["age"]), id_column="id", impossible_values="drop")  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(
    cells=st.lists(
        st.one_of(
            st.floats(), st.text("3.7,eE-xNa ", max_size=5), st.integers(-(2**70), 2**70), st.booleans(), st.none()
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_comes_in_what_goes_out_is_possible(cells: list[object]) -> None:
    table = pd.DataFrame({"id": range(len(cells) + 1), "albumin": pd.Series([*cells, 3.5], dtype=object)})
    rules = column_rules(["albumin"])
    if any(_unreadable(cell) for cell in cells):
        with pytest.raises(RejectedTableError):
            check_table(table, rules, id_column="id", impossible_values="set_missing")
        return
    checked = check_table(table, rules, id_column="id", impossible_values="set_missing")
    known = checked.frame["albumin"].dropna()
    possible = variable("albumin").possible
    assert possible is not None
    assert possible.contains(known).all()
    assert len(checked.frame) == len(cells) + 1
    outside = [cell for cell in cells if _finite(cell) and not possible.contains(float(cell))]  # type: ignore[arg-type]
    assert len(checked.rejections) == len(outside)


def _finite(cell: object) -> bool:
    try:
        return not isinstance(cell, bool) and math.isfinite(float(cell))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False


def _unreadable(cell: object) -> bool:
    missing = cell is None or (isinstance(cell, float) and math.isnan(cell))
    missing = missing or (isinstance(cell, str) and cell.strip().casefold() in MISSING_TEXT)
    return not (missing or _finite(cell))


def test_patients_to_predict_may_lack_columns_and_values() -> None:
    table = pd.DataFrame({"albumin": ["3.7", ""], "note": ["x", "y"]}, index=["a", "b"])
    checked = check_predictors(table, ["age", "albumin", "sex"])
    assert checked.columns.tolist() == ["age", "albumin", "sex"]
    assert checked["albumin"][0] == 3.7
    assert checked["age"].isna().all()
    assert checked["sex"].cat.categories.tolist() == ["female", "male"]


def test_patients_to_predict_are_held_to_the_same_rules() -> None:
    with pytest.raises(RejectedTableError, match="row 2, albumin: 37"):
        check_predictors(pd.DataFrame({"albumin": [3.7, 37.0]}), ["age", "albumin"])
    with pytest.raises(ContractError, match="the nearest column is Albumin"):
        check_predictors(pd.DataFrame({"Albumin": [3.7]}), ["age", "albumin"])
    rules = [ColumnRule("albumin", "Alb", "g/L")]
    assert check_predictors(pd.DataFrame({"Alb": [37]}), ["albumin"], rules=rules)["albumin"][0] == 3.7
