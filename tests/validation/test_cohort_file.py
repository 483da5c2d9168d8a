"""Opening the cohort of a validation: what it must have, what is read when it is there, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from validation.made_validation import INPUTS, table

from spinecast.cohorts.sources import CsvSource, ParquetSource
from spinecast.errors import CohortError, ContractError
from spinecast.validation.cohort_file import Wanted, open_cohort, open_like_study

WANTED = Wanted(predictors=INPUTS, outcome=("follow_up_time", "death"), useful=("race", "sodium", "treatment_year"))


def write(folder: Path, frame: pd.DataFrame, name: str = "there.csv") -> str:
    path = folder / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("name", ["there.csv", "there.parquet"])
def test_what_is_useful_is_read_where_it_is(tmp_path: Path, name: str) -> None:
    frame = table(50, seed=1).assign(sodium=137.0, site=["a", "b"] * 25, nothing="x")
    opened = open_cohort(write(tmp_path, frame, name), None, WANTED)
    assert set(opened.cohort.variables) == {*INPUTS, "follow_up_time", "death", "sodium"}
    assert opened.cohort.groups is not None
    assert opened.lacking == ()
    assert "Every row is taken" not in opened.cohort.provenance.notes


def test_a_predictor_that_is_not_there_is_refused_with_the_nearest_column(tmp_path: Path) -> None:
    frame = table(50, seed=1).rename(columns={"albumin": "albumine", "creatinine": "krea"})
    with pytest.raises(ContractError) as refused:
        open_cohort(write(tmp_path, frame), None, WANTED)
    message = str(refused.value)
    assert "no value of 2 predictors" in message
    assert "albumin; the nearest column is 'albumine'" in message
    assert "--allow-missing-predictors" in message


def test_a_predictor_without_any_value_is_lacking_too(tmp_path: Path) -> None:
    path = write(tmp_path, table(50, seed=1).assign(albumin=np.nan))
    with pytest.raises(ContractError, match="no value of 1 predictor of the model"):
        open_cohort(path, None, WANTED)
    opened = open_cohort(path, None, replace(WANTED, allow_lacking=True))
    assert opened.lacking == ("albumin",)


def test_another_unit_is_refused_by_the_contract(tmp_path: Path) -> None:
    frame = table(50, seed=1)
    with pytest.raises(ContractError, match="albumin") as refused:
        open_cohort(write(tmp_path, frame.assign(albumin=10 * frame["albumin"])), None, WANTED)
    assert "g/dL" in str(refused.value)


def test_a_mapping_says_how_columns_are_written(tmp_path: Path) -> None:
    frame = table(50, seed=1)
    there = frame.assign(alb=10 * frame["albumin"]).drop(columns="albumin")
    mapping = tmp_path / "map.yaml"
    mapping.write_text("id_column: patient\ncolumns:\n  albumin: {column: alb, unit: g/L}\n", encoding="utf-8")
    opened = open_cohort(write(tmp_path, there), mapping, WANTED)
    assert opened.cohort.matrix(["albumin"])[:, 0] == pytest.approx(frame["albumin"].to_numpy())


def test_a_mapping_says_what_parts_the_cells(tmp_path: Path) -> None:
    path = tmp_path / "there.csv"
    table(50, seed=1).to_csv(path, index=False, sep=";", decimal=",")
    mapping = tmp_path / "map.yaml"
    mapping.write_text('separator: ";"\ndecimal: ","\n', encoding="utf-8")
    opened = open_cohort(str(path), mapping, WANTED)
    assert opened.lacking == ()
    assert opened.cohort.frame["albumin"].median() == pytest.approx(table(50, seed=1)["albumin"].median())


def test_a_study_says_it_too(tmp_path: Path) -> None:
    frame = table(50, seed=1)
    there = frame.assign(alb=10 * frame["albumin"]).drop(columns="albumin")
    columns = {"albumin": {"column": "alb", "unit": "g/L"}}
    comma = tmp_path / "there.csv"
    there.to_csv(comma, index=False, sep=";")
    opened = open_like_study(CsvSource(comma, "patient", columns, "site", separator=";"), WANTED)
    assert opened.cohort.matrix(["albumin"])[:, 0] == pytest.approx(frame["albumin"].to_numpy())
    assert opened.cohort.groups is None  # this file has no such column
    parquet = tmp_path / "there.parquet"
    there.assign(site="a").to_parquet(parquet)
    opened = open_like_study(ParquetSource(parquet, "patient", columns, "site"), WANTED)
    assert opened.cohort.groups is not None


def test_what_a_study_maps_may_be_lacking_when_that_is_allowed(tmp_path: Path) -> None:
    frame = table(50, seed=1).assign(creatinine="").drop(columns="albumin")
    path = tmp_path / "there.csv"
    frame.to_csv(path, index=False)
    source = CsvSource(path, "patient")
    with pytest.raises(ContractError, match="albumin"):
        open_like_study(source, WANTED)
    opened = open_like_study(source, replace(WANTED, allow_lacking=True))
    assert opened.lacking == ("albumin", "creatinine")
    assert set(opened.cohort.variables) == {"age", "sex", "follow_up_time", "death"}


def test_nothing_known_of_anybody_is_refused_even_when_allowed(tmp_path: Path) -> None:
    frame = table(50, seed=1)[["patient", "follow_up_time", "death"]]
    with pytest.raises(ContractError, match="no value of 4 predictors"):
        open_cohort(write(tmp_path, frame), None, replace(WANTED, allow_lacking=True))


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="does not exist"):
        open_cohort(str(tmp_path / "no.csv"), None, WANTED)
    with pytest.raises(CohortError, match="does not exist"):
        open_like_study(CsvSource(tmp_path / "no.csv", "patient"), WANTED)


def test_an_outcome_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="death"):
        open_cohort(write(tmp_path, table(50, seed=1).drop(columns="death")), None, WANTED)
