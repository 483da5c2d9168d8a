"""Tables as Europe writes them: a semicolon between cells, a comma before decimals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinecast.cohorts.contract import RejectedTableError
from spinecast.cohorts.sources import CsvSource, build_cohort, read_table
from spinecast.errors import ContractError

PATIENTS = """\
id;age;albumin;sex
a;61,5;3,4;male
b;70;-9,0;female
c;48,25; 2,9 ;female
d;55;;male
"""


def source(path: Path, **changes: object) -> CsvSource:
    given = {"separator": ";", "decimal": ",", "columns": {"albumin": {"missing_codes": (-9,)}}}
    return CsvSource(path, "id", **(given | changes))  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_text(PATIENTS)
    return path


def test_commas_are_read_as_the_points_they_mean(file: Path) -> None:
    cohort = build_cohort(source(file), ["age", "albumin", "sex"])
    found = cohort.matrix(["age", "albumin"])
    np.testing.assert_array_equal(found[:, 0], [61.5, 70, 48.25, 55])
    np.testing.assert_array_equal(found[:, 1], [3.4, np.nan, 2.9, np.nan])


def test_without_being_told_a_comma_is_text_in_a_number(file: Path) -> None:
    with pytest.raises(RejectedTableError, match="text in a number"):
        build_cohort(source(file, decimal="."), ["age", "albumin"])


@pytest.mark.parametrize("written", ["1.234", "1.234,5", "61.5", "1.", "-.5"])
def test_a_point_where_commas_are_said_to_be_is_refused(file: Path, written: str) -> None:
    file.write_text(PATIENTS.replace("48,25", written))
    with pytest.raises(ContractError, match="1 numbers in the column age have a point") as caught:
        build_cohort(source(file), ["age", "albumin"])
    assert caught.value.where == f"row 3, age: {written}"


@pytest.mark.parametrize("written", ["1,2,3", "four", "."])
def test_what_is_no_number_either_way_is_left_to_the_contract(file: Path, written: str) -> None:
    file.write_text(PATIENTS.replace("48,25", written))
    with pytest.raises(RejectedTableError, match="text in a number") as caught:
        build_cohort(source(file), ["age", "albumin"])
    assert caught.value.rejections.table["value"].tolist() == [written]


@pytest.mark.parametrize(("separator", "named"), [(";", '";"'), ("|", '"|"'), ("\t", r'"\t"')])
def test_another_separator_is_refused_with_the_key_to_set(tmp_path: Path, separator: str, named: str) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("id,age,sex\na,61,male\n".replace(",", separator))
    with pytest.raises(ContractError, match="is not separated by ','") as caught:
        build_cohort(CsvSource(path, "id"), ["age"])
    assert caught.value.remedy == f"set cohort.source.separator: {named} in the study"
    assert len(build_cohort(CsvSource(path, "id", separator=separator), ["age"])) == 1
    with pytest.raises(ContractError, match="is not separated by ','") as caught:
        read_table(path)  # no study is there to say so
    assert caught.value.remedy == "save it separated by commas"


def test_a_separator_said_by_mistake_is_refused_likewise(tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("id,age\na,61\n")
    with pytest.raises(ContractError, match="is not separated by ';'") as caught:
        build_cohort(CsvSource(path, "id", separator=";"), ["age"])
    assert caught.value.remedy == 'set cohort.source.separator: "," in the study'
