"""The table of rejected values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.rejections import Finding, RejectedTableError, Rejections
from spinecast.errors import ContractError, OutputError


@pytest.fixture
def rejections() -> Rejections:
    raw = pd.Series([37.0, 3.0, 41.0], name="alb")
    finding = Finding.of(raw, np.array([True, False, True]), "impossible", variable="albumin")
    text = Finding("age", np.array([0]), ["old, very"], ["text in a number"])
    identifiers = pd.Series(["a", "b", "c"])
    return Rejections.gather([finding, text], rows=np.array([5, 6, 7]), patient_ids=identifiers)


def test_rows_are_those_of_the_source(rejections: Rejections) -> None:
    assert rejections.table["row"].tolist() == [5, 5, 7]
    assert rejections.table["value"].tolist() == ["37", "old, very", "41"]


def test_the_summary_names_no_patient_row_or_value(rejections: Rejections) -> None:
    assert rejections.summary() == [
        {"column": "alb", "variable": "albumin", "rule": "impossible", "label": "Albumin", "count": 2},
        {"column": "age", "variable": "", "rule": "text in a number", "label": "", "count": 1},
    ]


def test_the_file_holds_all_of_them(rejections: Rejections, tmp_path: Path) -> None:
    path = tmp_path / "rejections.csv"
    rejections.write(path)
    written = pd.read_csv(path, dtype=str)
    assert written.columns.tolist() == ["row", "patient_id", "column", "variable", "value", "rule"]
    assert written["patient_id"].tolist() == ["a", "a", "c"]


def test_an_unwritable_place_is_an_error_of_its_own(rejections: Rejections, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(OutputError):
        rejections.write(blocker / "rejections.csv")


def test_nothing_rejected_is_an_empty_table() -> None:
    nothing = Rejections.gather([], rows=np.array([], dtype=np.int64), patient_ids=pd.Series(dtype=object))
    assert (len(nothing), nothing.summary(), nothing.lines()) == (0, [], [])


def test_the_error_carries_them_and_is_a_contract_error(rejections: Rejections) -> None:
    error = RejectedTableError(rejections, remedy="correct them")
    assert isinstance(error, ContractError)
    assert error.rejections is rejections
    assert str(error).splitlines()[0] == "3 values in the table break the cohort contract"
    assert "to do:    correct them" in str(error)
