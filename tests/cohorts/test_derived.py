"""Derived variables in tables and patients: asked for once, computed, never contradicted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.contract import check_predictors, check_table, make_cohort
from spinecast.cohorts.derived import variables_to_read
from spinecast.cohorts.derived_values import closure
from spinecast.cohorts.patient import check_patient
from spinecast.cohorts.rejections import RejectedTableError
from spinecast.cohorts.rules import ColumnRule, column_rules
from spinecast.cohorts.sources import CsvSource, ParquetSource, build_cohort
from spinecast.errors import ContractError

AsCohort = Callable[..., Cohort]

TUMOURS = "id,primary,hormone,targeted,age\na,lung,,1,60\nb,lung,,,61\nc,breast,1,,62\nd,thyroid,,,63\ne,,,,64\n"
COLUMNS: dict[str, dict[str, Any]] = {
    "primary_tumour": {"column": "primary"},
    "hormone_dependent_tumour": {"column": "hormone"},
    "molecularly_targeted_therapy": {"column": "targeted"},
}


def written(folder: Path, text: str, columns: dict[str, dict[str, Any]] | None = None) -> CsvSource:
    path = folder / "clinic.csv"
    path.write_text(text)
    return CsvSource(path, "id", columns or {})


def test_what_to_read_for_a_derived_variable() -> None:
    assert closure(["sins_total"])[-1] == "spinal_level"
    there = {"albumin", "spinal_level", "sins_pain"}
    assert variables_to_read(["albumin", "sins_total"], there.__contains__) == ("albumin", "spinal_level", "sins_pain")
    assert variables_to_read(["sins_total", "sins_pain"], {"sins_total", *there}.__contains__) == (
        "sins_total",
        "sins_pain",
    )
    assert variables_to_read(["ecog_3_or_4"], there.__contains__) == ("ecog_3_or_4",)


def test_a_study_that_asks_for_the_growth_group_reads_what_it_follows_from(tmp_path: Path) -> None:
    cohort = build_cohort(written(tmp_path, TUMOURS, COLUMNS), ["tumour_growth_group", "age"])
    assert cohort.variables == ("tumour_growth_group", "age")
    assert cohort.frame["tumour_growth_group"].astype(object).fillna("?").tolist() == [
        "moderate",
        "?",
        "slow",
        "slow",
        "?",
    ]
    assert cohort.frame["tumour_growth_group"].cat.ordered
    note = cohort.provenance.notes[-1]
    assert note.startswith("Growth of the primary tumour (Katagiri): computed from Primary tumour")


def test_a_given_column_is_read_and_its_inputs_are_not_needed(tmp_path: Path) -> None:
    source = written(tmp_path, "id,tumour_growth_group,primary_tumour\na,rapid,thyroid\n")
    cohort = build_cohort(source, ["tumour_growth_group"])
    assert cohort.frame["tumour_growth_group"].tolist() == ["rapid"]
    assert not any("computed" in note for note in cohort.provenance.notes)


def test_what_nobody_has_is_said(tmp_path: Path) -> None:
    source = written(tmp_path, "id,diabetes,dementia\na,1,0\nb,0,0\n")
    cohort = build_cohort(source, ["other_charlson_comorbidity"])
    assert cohort.frame["other_charlson_comorbidity"].isna().tolist() == [False, True]
    assert "computed from Dementia, Diabetes. Not recorded: Myocardial infarction" in cohort.provenance.notes[-1]


def test_neither_the_variable_nor_its_inputs_is_an_error_that_names_both(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        build_cohort(written(tmp_path, "id,age\na,60\n"), ["body_mass_index"])
    assert "no column 'body_mass_index'" in str(caught.value)
    assert "follows from body_height, body_weight" in str(caught.value)


def test_a_column_that_the_mapping_names_is_not_replaced_by_a_computation(tmp_path: Path) -> None:
    source = written(tmp_path, "id,body_height,body_weight\na,170,70\n", {"body_mass_index": {"column": "bmi"}})
    with pytest.raises(ContractError, match="no column 'bmi' for body_mass_index"):
        build_cohort(source, ["body_mass_index"])


def test_inputs_that_cannot_suffice_are_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        build_cohort(written(tmp_path, "id,body_height\na,170\n"), ["body_mass_index"])
    assert "no patient has a usable value of body_mass_index" in str(caught.value)
    assert "computed from Height. Not recorded: Weight." in str(caught.value)


def test_a_computed_number_that_cannot_be_is_refused_like_a_given_one(tmp_path: Path) -> None:
    text = "id,body_height,body_weight\na,170,70\nb,90,600\n"
    source = written(tmp_path, text)
    with pytest.raises(RejectedTableError) as caught:
        build_cohort(source, ["body_mass_index"])
    assert "row 2, body_mass_index: 740.741" in str(caught.value)
    assert "computed from body_height, body_weight" in str(caught.value)
    cohort = build_cohort(source, ["body_mass_index"], "set_missing")
    assert cohort.frame["body_mass_index"].isna().tolist() == [False, True]
    assert cohort.rejections.summary()[0]["column"] == "body_mass_index"
    assert len(build_cohort(source, ["body_mass_index"], "exclude_patient")) == 1


def test_a_table_that_contradicts_itself_is_refused() -> None:
    names = ["primary_tumour", "tumour_growth_group", "body_height", "body_weight", "body_mass_index"]
    table = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "primary_tumour": ["liver", "thyroid", "thyroid"],
            "tumour_growth_group": ["rapid", "rapid", ""],
            "body_height": [170, 170, 170],
            "body_weight": [70, 70, 70],
            "body_mass_index": [24, 31, None],
        }
    )
    with pytest.raises(RejectedTableError) as caught:
        check_table(table, column_rules(names), id_column="id", impossible_values="set_missing")
    message = str(caught.value)
    assert "2 values" in message
    assert "row 2, tumour_growth_group: rapid - contradicts slow, which follows from primary_tumour" in message
    assert "row 2, body_mass_index: 31 - contradicts 24.22 kg/m²" in message
    checked = check_table(table.drop(index=1), column_rules(names), id_column="id")
    assert checked.frame["tumour_growth_group"].tolist() == ["rapid", "slow"]
    assert checked.frame["body_mass_index"].tolist() == [24.0, pytest.approx(24.22, abs=0.01)]
    assert "in 1 patients in whom it was not given" in checked.notes[0]


def test_the_cohort_does_not_depend_on_who_computes(as_cohort: AsCohort, tmp_path: Path) -> None:
    given = as_cohort(pd.DataFrame({"id": ["a", "b"], "ecog_3_or_4": ["present", "absent"]}))
    cohort = build_cohort(written(tmp_path, "id,ecog_performance_status\na,3\nb,0\n"), ["ecog_3_or_4"])
    assert cohort.fingerprint == given.fingerprint


ECOG = {
    "text": pd.Series(["2", "2.0", " 2 ", "", "4"]),
    "integers": pd.Series([2, 2, 2, None, 4], dtype="Int64"),
    "floats": pd.Series([2.0, 2.0, 2.0, np.nan, 4.0]),
    "mixed": pd.Series([2, "2", 2.0, None, "4"], dtype=object),
}


@pytest.mark.parametrize("column", ECOG.values(), ids=ECOG.keys())
def test_a_grade_is_read_however_it_is_stored(column: pd.Series) -> None:
    table = pd.DataFrame({"id": range(5), "ecog_performance_status": column})
    checked = check_table(table, column_rules(["ecog_performance_status"]), id_column="id")
    assert checked.frame["ecog_performance_status"].fillna("0").tolist() == ["2", "2", "2", "0", "4"]


@pytest.mark.parametrize("dtype", ["int8", "int64", "float64", "Int64", "str"])
def test_a_grade_in_a_parquet_file(dtype: str, tmp_path: Path) -> None:
    pd.DataFrame({"id": [1, 2], "ecog_performance_status": pd.Series([3, 1]).astype(dtype)}).to_parquet(
        tmp_path / "clinic.parquet"
    )
    cohort = build_cohort(ParquetSource(tmp_path / "clinic.parquet", "id"), ["ecog_3_or_4", "ecog_performance_status"])
    assert cohort.frame["ecog_performance_status"].tolist() == ["3", "1"]
    assert cohort.frame["ecog_3_or_4"].tolist() == ["present", "absent"]


@pytest.mark.parametrize("grade", [2, 2.0, "2", np.int64(2)])
def test_a_grade_of_one_patient(grade: Any) -> None:
    frame, _ = check_patient({"ecog_performance_status": grade}, ["ecog_performance_status", "ecog_3_or_4"])
    assert frame.iloc[0].tolist() == ["2", "absent"]


@pytest.mark.parametrize("grade", [2.5, True, 5, -1, "II"])
def test_what_is_no_grade_is_refused(grade: Any) -> None:
    with pytest.raises(ContractError, match="no level"):
        check_patient({"ecog_performance_status": grade}, ["ecog_performance_status"])


def test_a_patient_may_give_the_variable_or_what_it_follows_from() -> None:
    asked = ["tumour_growth_group", "body_mass_index", "age"]
    inputs = {"primary_tumour": "lung", "molecularly_targeted_therapy": False}
    size = {"body_height": {"value": 1.75, "unit": "m"}, "body_weight": 70}
    frame, warnings = check_patient({"age": 60, **inputs, **size}, asked)
    assert frame.columns.tolist() == asked
    assert frame.iloc[0].tolist() == ["rapid", pytest.approx(22.857142857), 60.0]
    assert warnings == []
    given, _ = check_patient({"age": 60, "tumour_growth_group": "rapid", "body_mass_index": 22.857142857142858}, asked)
    pd.testing.assert_frame_equal(given, frame)
    both, _ = check_patient({"age": 60, **inputs, **size, "tumour_growth_group": "rapid", "body_mass_index": 23}, asked)
    assert both["body_mass_index"][0] == 23


def test_what_an_unknown_input_leaves_open_is_not_known() -> None:
    frame, warnings = check_patient({"primary_tumour": "lung"}, ["tumour_growth_group"])
    assert frame["tumour_growth_group"].isna()[0]
    assert warnings == ["not known: Growth of the primary tumour (Katagiri)"]


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        (
            {"primary_tumour": "liver", "tumour_growth_group": "slow"},
            "tumour_growth_group",
            "slow contradicts rapid, which follows from primary_tumour",
        ),
        (
            {"body_height": 175, "body_weight": 70, "body_mass_index": 31},
            "body_mass_index",
            "31 contradicts 22.86 kg/m², which follows from body_height, body_weight",
        ),
        ({"body_height": 90, "body_weight": 600}, "body_mass_index", "740.741 is impossible: allowed 6 to 260 kg/m²"),
        ({"body_height": 1.75}, "body_mass_index", "possible if the unit were m"),
        ({"primary_tumor": "lung"}, "tumour_growth_group", "did you mean primary_tumour"),
        ({"albumin": 3.7}, "tumour_growth_group", "unknown field 'albumin'"),
    ],
)
def test_a_patient_who_contradicts_is_refused(given: dict[str, Any], asked: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        check_patient(given, [asked])
    assert message in str(caught.value)


def test_an_unusual_computed_number_is_remarked_on() -> None:
    frame, warnings = check_patient({"body_height": 150, "body_weight": 140}, ["body_mass_index"])
    assert frame["body_mass_index"][0] == pytest.approx(62.22, abs=0.01)
    assert warnings == [
        "Body mass index: 62.22 kg/m², computed from body_height, body_weight, is unusual (usual is 14 to 50 kg/m²)"
    ]


def test_patients_to_predict_may_bring_inputs_in_some_rows_and_the_variable_in_others() -> None:
    table = pd.DataFrame(
        {
            "primary_tumour": ["liver", "", "lung"],
            "tumour_growth_group": ["", "slow", ""],
            "ecog_performance_status": [4, 0, None],
        }
    )
    asked = ["ecog_3_or_4", "tumour_growth_group", "albumin"]
    checked = check_predictors(table, asked)
    assert checked.columns.tolist() == asked
    assert checked["tumour_growth_group"].astype(object).fillna("?").tolist() == ["rapid", "slow", "?"]
    assert checked["ecog_3_or_4"].astype(object).fillna("?").tolist() == ["present", "absent", "?"]
    assert checked["albumin"].isna().all()
    rules = [ColumnRule("primary_tumour", "organ", levels={"HCC": "liver"})]
    named = check_predictors(pd.DataFrame({"organ": ["HCC"]}), ["tumour_growth_group"], rules=rules)
    assert named["tumour_growth_group"].tolist() == ["rapid"]
    with pytest.raises(RejectedTableError, match="row 1, tumour_growth_group: slow - contradicts rapid"):
        check_predictors(table.assign(tumour_growth_group="slow"), asked)
    with pytest.raises(RejectedTableError, match="computed from body_height, body_weight"):
        check_predictors(pd.DataFrame({"body_height": [90], "body_weight": [600]}), ["body_mass_index"])


def as_column(values: list[float], **rule: Any) -> Cohort:
    table = pd.DataFrame({"id": range(len(values)), "lymphocyte_count": values})
    return make_cohort(
        table,
        [ColumnRule("lymphocyte_count", "lymphocyte_count", **rule)],
        name="invented",
        kind="synthetic",
        provenance=Provenance("test", "invented"),
        id_column="id",
    )


def test_percentages_of_lymphocytes_are_not_taken_for_counts() -> None:
    percentages = [9.0, 15.0, 21.0] * 7
    with pytest.raises(ContractError) as caught:
        as_column(percentages)
    message = str(caught.value)
    assert "the unit of lymphocyte_count must be named: its middle value would be 15 10^9/L" in message
    assert "0.05 to 8 10^9/L" in message
    # Whoever says that these are counts is believed, and so is a small table of the very ill.
    assert len(as_column(percentages, unit="10^9/L")) == 21
    assert len(as_column(percentages[:19])) == 19
    assert len(as_column([1.2] * 12 + [90.0] * 9)) == 21
