"""Files of patients: read as written, or refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.rejections import RejectedTableError
from spinecast.cohorts.sources import CsvSource, ParquetSource, build_cohort, read_csv, read_table
from spinecast.errors import CohortError, ContractError, SpinecastError

NAMES = ("age", "albumin", "sex")
GOOD = "id,age,alb,sx,comment\n007,61,37,F,fine\n008,70,29,M,NA\n"
COLUMNS: dict[str, dict[str, Any]] = {
    "albumin": {"column": "alb", "unit": "g/L"},
    "sex": {"column": "sx", "levels": {"F": "female", "M": "male"}},
}


def source_of(path: Path, text: str | bytes) -> CsvSource:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return CsvSource(path, "id", COLUMNS)


def test_a_csv_file_becomes_a_cohort(tmp_path: Path) -> None:
    cohort = build_cohort(source_of(tmp_path / "clinic.csv", GOOD), NAMES)
    assert cohort.patient_ids.tolist() == ["007", "008"]
    assert cohort.frame["albumin"].tolist() == [3.7, 2.9]
    assert cohort.frame["sex"].tolist() == ["female", "male"]
    assert (cohort.name, cohort.kind) == ("clinic", "real")
    assert cohort.provenance.source == "clinic.csv"
    assert str(tmp_path) not in str(cohort.provenance)
    assert [step.to_dict() for step in cohort.attrition] == [
        {"step": "source", "reason": "patients in clinic.csv", "excluded": 0, "remaining": 2}
    ]


def test_a_parquet_file_gives_the_same_patients(tmp_path: Path) -> None:
    from_csv = build_cohort(source_of(tmp_path / "clinic.csv", GOOD), NAMES)
    frame = pd.DataFrame({"id": ["007", "008"], "age": [61, 70], "alb": [37.0, 29.0], "sx": ["F", "M"]}, index=[5, 6])
    frame.to_parquet(tmp_path / "clinic.parquet")
    from_parquet = build_cohort(ParquetSource(tmp_path / "clinic.parquet", "id", COLUMNS), NAMES)
    assert from_parquet.fingerprint == from_csv.fingerprint


def test_a_declared_synthetic_file_stays_synthetic(tmp_path: Path) -> None:
    (tmp_path / "made.csv").write_text(GOOD)
    cohort = build_cohort(CsvSource(tmp_path / "made.csv", "id", COLUMNS, synthetic=True, name="made up"), NAMES)
    assert (cohort.kind, cohort.name) == ("synthetic", "made up")


def test_a_byte_order_mark_blank_lines_and_another_separator_are_met(tmp_path: Path) -> None:
    path = tmp_path / "clinic.csv"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace(",", ";").replace("\n", "\r\n\r\n").encode())
    assert len(build_cohort(CsvSource(path, "id", COLUMNS, separator=";"), NAMES)) == 2


def test_cells_stay_text_until_the_contract_has_seen_them(tmp_path: Path) -> None:
    raw = read_csv(source_of(tmp_path / "clinic.csv", GOOD), NAMES)
    assert raw.table["alb"].tolist() == ["37", "29"]
    assert raw.table["comment"].tolist() == ["fine", "NA"]


def test_rows_of_a_file_are_counted_below_the_header(tmp_path: Path) -> None:
    with pytest.raises(RejectedTableError, match="row 2, alb: 290"):
        build_cohort(source_of(tmp_path / "clinic.csv", GOOD.replace("29", "290")), NAMES)


BAD_FILES = {
    "empty": ("", "holds no patient"),
    "blank": ("\n\n", "holds no patient"),
    "header only": ("id,age,alb,sx\n", "holds no patient"),
    "semicolons": (GOOD.replace(",", ";"), "not separated by ','"),
    "long row": (GOOD + "009,1,2,F,x,y\n", "row 3 below the header has 6 cells where the header has 5"),
    "short row": (GOOD + "009,1,2\n", "row 3 below the header has 3 cells where the header has 5"),
    "every row long": ("id,age\n1,2,3\n4,5,6\n", "row 1 below the header has 3 cells where the header has 2"),
    "open quote": (GOOD + '009,50,30,F,"he said\n010,50,30,F,x\n', "opened and never closed"),
    "not text": (b"id,age,alb,sx\n1,\xff\xfe\x00,3,F\n", "cannot be read"),
    "doubled column": ("id,age,age,alb,sx\n1,2,3,30,F\n", "more than one column 'age'"),
    "no such column": ("id,age,albumin,sx\n1,2,3,F\n", "no column 'alb' for albumin; did you mean 'albumin'"),
    "no id": ("patient,age,alb,sx\n1,2,30,F\n", "no column 'id' for the patient identifier"),
    "text in a number": (GOOD.replace("37", "3,7").replace("3,7", '"3,7"'), "text in a number"),
    "unknown level": (GOOD.replace(",F,", ",W,"), "unknown level: expected F, M"),
    "same patient": (GOOD.replace("008", "007"), "duplicated patient id"),
}


@pytest.mark.parametrize(("text", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_refused_in_one_message(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpinecastError) as caught:
        build_cohort(source_of(tmp_path / "clinic.csv", text), NAMES)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "clinic.csv"]


def test_an_uneven_row_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        build_cohort(source_of(tmp_path / "clinic.csv", GOOD + "009,Jane Doe,2\n"), NAMES)
    assert "Jane" not in str(caught.value)


def test_albumin_in_the_wrong_unit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clinic.csv").write_text(GOOD)
    source = CsvSource(tmp_path / "clinic.csv", "id", {**COLUMNS, "albumin": {"column": "alb"}})
    with pytest.raises(RejectedTableError, match=r"allowed 0.5 to 7 g/dL; possible if the unit were g/L"):
        build_cohort(source, NAMES)
    source = CsvSource(tmp_path / "clinic.csv", "id", {**COLUMNS, "albumin": {"column": "alb", "unit": "kg"}})
    with pytest.raises(ContractError, match="not measured in 'kg'"):
        build_cohort(source, NAMES)


@pytest.mark.parametrize("kind", [CsvSource, ParquetSource])
def test_a_missing_file_is_an_error_of_its_own(kind: type, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="does not exist"):
        build_cohort(kind(tmp_path / "nowhere.csv", "id"), NAMES)
    with pytest.raises(CohortError, match="is not a file"):
        build_cohort(kind(tmp_path, "id"), NAMES)


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clinic.parquet").write_text(GOOD)
    with pytest.raises(ContractError, match="cannot be read as a Parquet table"):
        build_cohort(ParquetSource(tmp_path / "clinic.parquet", "id"), NAMES)
    pd.DataFrame({"id": pd.Series(dtype=str)}).to_parquet(tmp_path / "clinic.parquet")
    with pytest.raises(CohortError, match="holds no patient"):
        build_cohort(ParquetSource(tmp_path / "clinic.parquet", "id"), NAMES)


def test_a_table_to_predict_is_read_by_its_ending(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [61.0, np.nan]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert read_table(tmp_path / "t.parquet")["age"].tolist()[0] == 61.0
    with pytest.raises(CohortError, match="does not exist"):
        read_table(tmp_path / "t.txt")
    assert read_table(tmp_path / "t.csv")["age"].tolist()[0] == "61.0"
