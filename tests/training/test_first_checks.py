"""Checks before anything is fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.errors import ContractError, StudyError
from spinecast.training.first_checks import first_checks
from spinecast.training.patients import patient_groups, study_patients
from spinecast.training.resampling import Split, nested_splits
from spinecast.training.study import Study
from spinecast.training.study.file import check_study, load_study
from spinecast.validation.checks import Check, NotApplicable, NotFound, Result

DATED = simulated.STUDY.replace(
    "    synthetic: true\n",
    "    synthetic: true\n    date_columns: {index: surgery}\n    measured_on: {albumin: albumin_day}\n",
)


def prepared(
    folder: Path, table: pd.DataFrame, text: str = simulated.STUDY, *overrides: str
) -> tuple[Study, Cohort, LabelledOutcome, list[Split]]:
    study = load_study(simulated.write_study(folder, table, text), overrides)
    check_study(study)
    cohort, labelled = study_patients(study)
    splits = nested_splits(
        labelled.values,
        patient_groups(study, cohort, labelled),
        known=labelled.known,
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=study.seed,
    )
    return study, cohort, labelled, splits


def checked(folder: Path, table: pd.DataFrame, text: str = simulated.STUDY, *overrides: str) -> dict[str, Result]:
    return {result.code: result for result in first_checks(*prepared(folder, table, text, *overrides))}


def test_nothing_is_wrong_with_the_simulated_study(tmp_path: Path) -> None:
    found = checked(tmp_path, simulated.patients())
    assert {code for code, result in found.items() if isinstance(result, Check)} == {"SC005"}
    assert {code for code, result in found.items() if isinstance(result, NotApplicable)} == {
        "SC008",
        "SC009",
        "SC010",
        "SC050",
        "SC051",
    }
    assert "catalogue" in found["SC010"].reason


@pytest.mark.parametrize(("late", "becomes"), [(0, NotFound), (1, Check)])
def test_days_are_set_beside_the_index_date(late: int, becomes: type, tmp_path: Path) -> None:
    table = simulated.patients().assign(surgery="2020-03-10", albumin_day="2020-03-09")
    table.loc[: late - 1, "albumin_day"] = "2020-03-11"
    assert isinstance(checked(tmp_path, table, DATED)["SC008"], becomes)


def test_days_that_nobody_can_read_are_no_reassurance(tmp_path: Path) -> None:
    table = simulated.patients().assign(surgery="2020-03-10", albumin_day="in spring")
    assert isinstance(checked(tmp_path, table, DATED)["SC008"], NotApplicable)


def test_days_that_the_table_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="has no column 'albumin_day' with days"):
        checked(tmp_path, simulated.patients().assign(surgery="2020-03-10"), DATED)


def test_days_of_a_variable_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"measured_on\.albumine: the dictionary has no variable 'albumine'"):
        checked(tmp_path, simulated.patients(), DATED.replace("{albumin: albumin_day}", "{albumine: albumin_day}"))


def test_a_declared_choice_is_heard(tmp_path: Path) -> None:
    found = checked(tmp_path, simulated.patients(), simulated.STUDY, "predictor_choice=stepwise")
    assert isinstance(found["SC009"], Check)


def test_a_fold_with_one_event_is_an_error_before_it_is_fitted(tmp_path: Path) -> None:
    study, cohort, labelled, splits = prepared(tmp_path, simulated.patients())
    events, others = np.flatnonzero(labelled.values == 1), np.flatnonzero(labelled.values == 0)
    poor = replace(splits[0], test=np.concatenate([events[:1], others[:40]]))
    found = next(one for one in first_checks(study, cohort, labelled, [poor, *splits[1:]]) if one.code == "SC002")
    assert isinstance(found, Check)
    assert found.severity == "error"
    assert "an outer fold holds 1 events" in found.finding


def test_the_anticipated_performance_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="the anticipated performance is given twice"):
        checked(
            tmp_path,
            simulated.patients(),
            simulated.STUDY,
            "sample_size={c_statistic: 0.8, r2_nagelkerke: 0.2}",
        )
