"""A file is read by its distinct cells as the contract reads every cell, and identifiers stay off every surface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from checked_files import Read

from spinecast.cohorts.checking import FileMapping, check_table, check_text
from spinecast.cohorts.checking.mapping import ColumnMapping, load_mapping
from spinecast.cohorts.checking.privacy import WITHHELD
from spinecast.cohorts.checking.reading import map_table, read_file
from spinecast.cohorts.columns import read_column
from spinecast.cohorts.opening import Request, open_patients
from spinecast.cohorts.rules import ColumnRule
from spinecast.errors import CohortError, ContractError
from spinecast.reporting.cohort_check import write_page


@pytest.mark.parametrize("name", ["age", "albumin", "sex", "ecog_performance_status", "diabetes"])
def test_values_are_those_of_the_contract(read: Read, people: pd.DataFrame, name: str) -> None:
    table = people.astype({name: object})
    table.loc[3, name] = "?"
    table.loc[4, name] = ""
    column = read(table).columns[name]
    expected = read_column(table[name].map(str), ColumnRule(name, name)).values
    codes = expected.cat.codes.where(expected.notna()) if expected.dtype == "category" else expected
    np.testing.assert_array_equal(column.values, codes.to_numpy(dtype=float))
    assert column.missing == 1
    assert column.count(column.broken) == 1


def test_the_canonical_table_is_that_of_the_contract(read: Read, people: pd.DataFrame) -> None:
    table = read(people)
    frame = table.frame(("albumin", "sex"))
    expected = [read_column(people[name].map(str), ColumnRule(name, name)).values for name in ("albumin", "sex")]
    pd.testing.assert_frame_equal(frame, pd.concat(expected, axis=1))


SECRETS = [f"MRN-{number:04d}-XQ" for number in range(400)]


def surfaces(table: pd.DataFrame, columns: dict[str, Any], other: pd.DataFrame | None = None) -> str:
    """Return everything a user can see of a check."""
    mapping = FileMapping(ColumnMapping.model_validate({"id_column": "patient", "columns": columns}), True)
    against = None if other is None else map_table(other.astype(str), mapping, name="other.csv")
    checked = check_table(map_table(table.astype(str), mapping, name="this.csv"), against)
    return check_text(checked) + json.dumps(checked.to_dict()) + write_page(checked)


def test_no_identifier_stands_on_any_surface(people: pd.DataFrame) -> None:
    """Identifiers doubled, missing, copied into variables, shared with another file: they are shown nowhere."""
    table = people.assign(patient=SECRETS)
    table["hemoglobin"] = table["hemoglobin"].astype(object)
    table["sex"] = table["sex"].astype(object)
    table.loc[:3, "hemoglobin"] = SECRETS[:4]
    table.loc[5:8, "sex"] = SECRETS[100:104]
    table = table.assign(sodium=SECRETS, platelet_count=table["patient"])
    table = pd.concat([table, table.iloc[:3], table.iloc[[9]].assign(patient="MRN-9999-XQ")], ignore_index=True)
    shown = surfaces(table, {"follow_up_time": {"unit": "days"}}, table.sample(200, random_state=1))
    assert "XQ" not in shown
    assert WITHHELD in shown
    assert "CC005" in shown
    assert "CC041" in shown


def test_text_that_is_no_identifier_is_shown(people: pd.DataFrame) -> None:
    table = people.assign(patient=SECRETS, sex=["femal"] * 3 + ["male"] * 397)
    assert "femal" in surfaces(table, {})


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"])
def test_dates_read_by_mistake_are_not_shown(people: pd.DataFrame, form: str) -> None:
    """A date of birth is no identifier, but next to one."""
    days = pd.date_range("1941-03-17", periods=400)
    assert "1941" not in surfaces(people.assign(age=days.strftime(form)), {})
    typed = map_table(people.assign(age=days), FileMapping(), name="t.parquet")
    assert "1941" not in check_text(check_table(typed))


def test_paths_are_not_shown(tmp_path: Path, people: pd.DataFrame) -> None:
    folder = tmp_path / "Dr Smith"
    folder.mkdir()
    people.to_csv(folder / "cohort.csv", index=False)
    checked = check_table(read_file(folder / "cohort.csv", FileMapping()))
    assert checked.name == "cohort.csv"
    assert "Smith" not in check_text(checked) + json.dumps(checked.to_dict()) + write_page(checked)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_both_kinds_of_file_give_the_same_findings(tmp_path: Path, people: pd.DataFrame, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    table = people.assign(albumin=people["albumin"] * 10)
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    checked = check_table(read_file(path, FileMapping()))
    assert [(f.code, f.variable, f.count) for f in checked.findings if f.severity == "error"] == [
        ("CC010", "albumin", 400),
        ("CC020", "albumin", 400),
    ]


def test_what_marks_a_synthetic_file(tmp_path: Path, people: pd.DataFrame) -> None:
    real = map_table(people.astype(str), FileMapping(), name="t")
    assert not real.synthetic
    by_column = map_table(people.assign(spinecast_synthetic="SYNTHETIC abc").astype(str), FileMapping(), name="t")
    by_identifier = map_table(
        people.assign(patient=people["patient"].where(people.index > 0, "SYNTHETIC-1")).astype(str),
        FileMapping(ColumnMapping(id_column="patient")),
        name="t",
    )
    by_mapping = map_table(people.astype(str), FileMapping(ColumnMapping(synthetic=True)), name="t")
    assert by_column.synthetic
    assert by_identifier.synthetic
    assert by_mapping.synthetic
    import pyarrow
    from pyarrow import parquet

    stored = pyarrow.Table.from_pandas(people)
    parquet.write_table(stored.replace_schema_metadata({b"spinecast.synthetic": b"x"}), tmp_path / "t.parquet")
    assert read_file(tmp_path / "t.parquet", FileMapping()).synthetic


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("a,b\n")
    (tmp_path / "semicolons.csv").write_text("a;b\n1;2\n")
    with pytest.raises(CohortError, match="no patient"):
        read_file(tmp_path / "empty.csv", FileMapping())
    with pytest.raises(ContractError, match="not separated by"):
        read_file(tmp_path / "semicolons.csv", FileMapping())
    with pytest.raises(CohortError, match="does not exist"):
        read_file(tmp_path / "nowhere.csv", FileMapping())


def test_a_file_with_decimal_commas_is_read_as_its_mapping_says(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("patient;sex;albumin\na;male;3,7\nb;female;4,05\n")
    with pytest.raises(ContractError, match="not separated by") as caught:
        read_file(path, FileMapping())
    assert caught.value.remedy == 'write separator: ";" in the mapping, and name it with --mapping'
    (tmp_path / "map.yaml").write_text('id_column: patient\nseparator: ";"\ndecimal: ","\n')
    mapping = load_mapping(tmp_path / "map.yaml")
    assert read_file(path, mapping).columns["albumin"].values.tolist() == [3.7, 4.05]
    assert open_patients(str(path), tmp_path / "map.yaml", Request()).cohort.matrix(["albumin"])[:, 0].tolist() == [
        3.7,
        4.05,
    ]
    path.write_text("patient;sex;albumin\na;male;3.7\nb;female;4,05\n")
    with pytest.raises(ContractError, match=r"1 numbers in the column albumin have a point"):
        read_file(path, mapping)


def test_another_encoding_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("age,clinic\n61,K\xf6ln\n".encode("latin-1"))
    with pytest.raises(ContractError, match="UTF-8") as caught:
        read_file(tmp_path / "latin.csv", FileMapping())
    assert caught.value.remedy == "save it in UTF-8; Excel calls that CSV UTF-8"
