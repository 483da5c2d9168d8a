"""A file opened by its mapping, or SUPPORT by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.opening import Request, open_patients
from spinecast.cohorts.rejections import RejectedTableError
from spinecast.errors import CohortError, ContractError, DocumentError

MAPPING = """
id_column: who
group_column: clinic
columns:
  albumin: {column: alb, unit: g/L, missing_codes: [-99]}
  sex: {column: gender, levels: {'1': male, '2': female}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    table = pd.DataFrame(
        {
            "who": ["a", "b", "c"],
            "clinic": ["x", "y", "x"],
            "age": [60, 70, 80],
            "alb": [30, -99, 40],
            "gender": [1, 2, 2],
            "note": ["…", "…", "…"],
        }
    )
    table.to_csv(tmp_path / "p.csv", index=False)
    (tmp_path / "map.yaml").write_text(MAPPING)
    return tmp_path / "p.csv"


def test_a_mapped_file(file: Path) -> None:
    opened = open_patients(str(file), file.parent / "map.yaml", Request(site=True))
    assert set(opened.cohort.variables) == {"age", "sex", "albumin"}
    assert opened.cohort.frame["albumin"].tolist() == pytest.approx([3.0, np.nan, 4.0], nan_ok=True)
    assert opened.cohort.frame["sex"].tolist() == ["male", "female", "female"]
    assert opened.cohort.groups is not None
    assert opened.cohort.groups.tolist() == ["x", "y", "x"]
    assert (opened.cohort.kind, opened.mark, opened.notes) == ("real", "", ())
    assert opened.table["note"].tolist() == ["…"] * 3
    assert opened.cohort.provenance.source == "p.csv"


def test_a_file_without_mapping_is_read_by_its_own_names(file: Path) -> None:
    opened = open_patients(str(file), None, Request())
    assert opened.cohort.variables == ("age",)
    assert opened.id_column == "row"
    assert any("every row is taken for one patient" in note for note in opened.notes)


def test_rows_that_are_left_out_are_not_in_the_table(file: Path) -> None:
    table = pd.read_csv(file).assign(age=[60, 700, 80])
    table.to_csv(file, index=False)
    with pytest.raises(RejectedTableError, match="--impossible") as refused:
        open_patients(str(file), None, Request())
    assert "study" not in str(refused.value)
    opened = open_patients(str(file), None, Request(impossible_values="exclude_patient"))
    assert opened.table["who"].tolist() == ["a", "c"]
    assert (
        open_patients(str(file), None, Request(impossible_values="set_missing")).cohort.frame["age"].isna().sum() == 1
    )


def test_derived_variables_follow_from_their_inputs(file: Path) -> None:
    table = pd.read_csv(file).assign(body_height=[170, 180, 160], body_weight=[70, 80, 60])
    table.to_csv(file, index=False)
    opened = open_patients(str(file), None, Request(variables=("body_mass_index",)))
    assert opened.cohort.frame["body_mass_index"].iloc[0] == pytest.approx(70 / 1.7**2)


def test_a_column_without_any_value_is_missing_in_everybody(file: Path) -> None:
    pd.read_csv(file).assign(creatinine="NA", diabetes="").to_csv(file, index=False)
    opened = open_patients(str(file), None, Request())
    assert opened.cohort.variables == ("age", "diabetes", "creatinine")
    assert opened.cohort.frame[["creatinine", "diabetes"]].isna().all(axis=None)
    with pytest.raises(ContractError, match="no column that is read holds a value"):
        open_patients(str(file), None, Request(variables=("creatinine",)))


@pytest.mark.parametrize(
    ("change", "request_", "message"),
    [
        ({}, Request(variables=("albumen",)), "no variable 'albumen'"),
        ({}, Request(variables=("albumin",)), "no column 'albumin'"),
        ({}, Request(site=True), "no column with the site"),
        ({"age": None}, Request(), "no column of the table is read as a variable"),
        ({"age": "age.1"}, Request(variables=("age",)), "no column 'age'"),
        ({"who": "row"}, Request(), "tell patients apart"),
        ({"gender": "age"}, Request(), "more than one column 'age'"),
    ],
)
def test_what_a_table_lacks(file: Path, change: dict[str, str | None], request_: Request, message: str) -> None:
    table = pd.read_csv(file)
    table = table.drop(columns=[name for name, to in change.items() if to is None])
    table.columns = pd.Index([change.get(str(name)) or str(name) for name in table.columns])
    table.to_csv(file, index=False)
    with pytest.raises(ContractError, match=message):
        open_patients(str(file), None, request_)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("id_column: who", "id_column: whom", "did you mean 'who'"),
        ("group_column: clinic", "group_column: clinics", "did you mean 'clinic'"),
        ("column: alb,", "column: albi,", "did you mean 'alb'"),
    ],
)
def test_a_mapping_that_names_no_column(file: Path, right: str, wrong: str, message: str) -> None:
    mapping = file.parent / "map.yaml"
    mapping.write_text(MAPPING.replace(right, wrong))
    with pytest.raises(ContractError, match=message):
        open_patients(str(file), mapping, Request(site=True, variables=("albumin",)))


def test_a_mapping_or_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(DocumentError):
        open_patients(str(file), file.parent / "none.yaml", Request())
    with pytest.raises(CohortError, match="does not exist"):
        open_patients("nowhere.csv", None, Request())


@pytest.mark.parametrize("how", ["column", "identifier", "mapping", "parquet"])
def test_synthetic_patients_are_known_by_any_of_their_marks(file: Path, how: str) -> None:
    table, mapping, path = pd.read_csv(file), file.parent / "map.yaml", file
    if how == "column":
        table["spinecast_synthetic"] = "SYNTHETIC 0123456789ab"
    if how == "identifier":
        table["who"] = [f"SYNTHETIC-{each}" for each in table["who"]]
    if how == "mapping":
        mapping.write_text(f"synthetic: true\n{MAPPING}")
    table.to_csv(file, index=False)
    if how == "parquet":
        import pyarrow
        from pyarrow import parquet

        path = file.with_suffix(".parquet")
        content = pyarrow.Table.from_pandas(table)
        parquet.write_table(content.replace_schema_metadata({b"spinecast.synthetic": b"{}"}), path)
    opened = open_patients(str(path), mapping, Request())
    assert opened.cohort.kind == "synthetic"
    assert opened.mark == ("SYNTHETIC 0123456789ab" if how == "column" else "SYNTHETIC")
    assert f"Mark: {opened.mark}" in opened.cohort.provenance.notes


def test_support_by_name() -> None:
    pytest.importorskip("SurvSet")
    opened = open_patients("support:metastatic", None, Request())
    assert (len(opened.cohort), opened.cohort.kind, len(opened.cohort.rejections)) == (1858, "real", 2)
    assert len(opened.table) == 1858
    with pytest.raises(CohortError, match="one of all, metastatic, lung, colon"):
        open_patients("support:metastasis", None, Request())
    with pytest.raises(ContractError, match="needs no mapping"):
        open_patients("support:all", Path("map.yaml"), Request())
    with pytest.raises(ContractError, match="in which hospital"):
        open_patients("support:all", None, Request(site=True))
    with pytest.raises(ContractError, match="SUPPORT does not record"):
        open_patients("support:all", None, Request(variables=("bilsky_grade",)))
