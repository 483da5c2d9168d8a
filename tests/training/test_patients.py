"""The patients of a study, and who of them stays together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated

from spinecast.errors import CohortError
from spinecast.training.patients import patient_groups, study_patients
from spinecast.training.study import Study
from spinecast.training.study.file import load_study


def read(folder: Path, table: pd.DataFrame, *overrides: str) -> Study:
    return load_study(simulated.write_study(folder, table), overrides)


def test_they_are_those_of_the_table_with_a_known_outcome(tmp_path: Path) -> None:
    table = simulated.patients()
    table.loc[:4, "days"] = np.nan
    cohort, labelled = study_patients(read(tmp_path, table))
    assert len(cohort) == 300
    assert labelled.rows.tolist() == list(range(5, 300))
    died = (table["died"] == "present") & (table["days"] <= 90)
    assert labelled.values.tolist() == died[5:].astype(float).tolist()


def test_too_few_events_are_refused_for_the_folds_there_are(tmp_path: Path) -> None:
    table = simulated.patients()
    table["died"] = np.where(table.index < 12, "present", "absent")
    table["days"] = np.where(table.index < 12, 30, 300)
    study_patients(read(tmp_path, table))
    with pytest.raises(CohortError, match="12 patients with the outcome"):
        study_patients(read(tmp_path, table, "resampling.outer_folds=7"))


def test_a_group_is_a_column_or_a_variable(tmp_path: Path) -> None:
    table = simulated.patients()
    table["site"] = np.arange(300) % 7
    for overrides, expected in (
        (("cohort.source.group_column=site",), table["site"]),
        (("resampling.group=tumour_group",), table["tumour_group"]),
        (("cohort.source.group_column=site", "resampling.group=sex"), table["sex"]),
    ):
        study = read(tmp_path, table, *overrides)
        cohort, labelled = study_patients(study)
        codes = patient_groups(study, cohort, labelled)
        assert codes is not None
        pairs = set(zip(codes.tolist(), expected[labelled.rows].tolist(), strict=True))
        assert len(pairs) == expected.nunique() == len(set(codes.tolist()))
    ungrouped = read(tmp_path, table, "cohort.source.group_column=site", "resampling.group=null")
    assert patient_groups(ungrouped, cohort, labelled) is None


def test_a_group_column_is_not_taken_for_the_variable_of_its_name(tmp_path: Path) -> None:
    table = simulated.patients().rename(columns={"sodium": "natrium"})
    table["sodium"] = [f"clinic {number % 5}" for number in range(300)]
    study = read(tmp_path, table, "cohort.source.columns.sodium.column=natrium", "cohort.source.group_column=sodium")
    cohort, labelled = study_patients(study)
    codes = patient_groups(study, cohort, labelled)
    assert codes is not None
    assert len(set(codes.tolist())) == 5


def test_patients_without_a_group_are_not_a_group(tmp_path: Path) -> None:
    table = simulated.patients()
    assert table["albumin"].isna().any()
    study = read(tmp_path, table, "resampling.group=albumin")
    cohort, labelled = study_patients(study)
    with pytest.raises(CohortError, match="of 300 patients have no albumin") as caught:
        patient_groups(study, cohort, labelled)
    assert caught.value.where == "resampling.group"
    assert str(int(table["albumin"].isna().sum())) in caught.value.what
