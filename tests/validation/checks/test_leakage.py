"""SC007 and SC008: predictors that know the outcome."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from spinecast.cohorts.checking.findings import FileFinding
from spinecast.cohorts.checking.findings import NotApplicable as FileNotApplicable
from spinecast.validation.checks import Check, NotApplicable, NotFound, check_dates, check_single_predictors

DRAW = np.random.default_rng(7)
OUTCOME = (np.arange(400) % 4 == 0).astype(float)
NOISE = DRAW.normal(size=400)
TIME = np.where(OUTCOME == 1, DRAW.uniform(1, 90, 400), DRAW.uniform(91, 400, 400))


@dataclass(frozen=True)
class Named:
    name: str
    role: str = "predictor"


@pytest.mark.parametrize("sign", [1, -1])
def test_sc007_an_outcome_under_another_name_is_an_error(sign: int) -> None:
    found = check_single_predictors({"noise": NOISE, "other_name": sign * OUTCOME}, {}, OUTCOME)
    assert isinstance(found, Check)
    assert (found.code, found.severity, found.variables) == ("SC007", "error", ("other_name",))
    assert "AUC of 1.000" in found.finding


def test_sc007_a_predictor_that_tells_nearly_all_is_a_warning() -> None:
    strong = OUTCOME * 2.2 + DRAW.normal(size=400)
    expected = roc_auc_score(OUTCOME, strong)
    assert 0.9 < expected < 0.99
    found = check_single_predictors({"strong": strong, "noise": NOISE}, {}, OUTCOME)
    assert isinstance(found, Check)
    assert found.severity == "warning"
    assert f"AUC of {expected:.3f}" in found.finding


def test_sc007_one_level_of_many_may_be_the_outcome() -> None:
    place = np.where(OUTCOME == 1, 1.0, DRAW.choice([0.0, 2.0], 400))  # 1: the mortuary
    assert isinstance(check_single_predictors({"discharged_to": place}, {}, OUTCOME), NotFound)
    found = check_single_predictors({"discharged_to": place}, {"discharged_to": 3}, OUTCOME)
    assert isinstance(found, Check)
    assert found.severity == "error"


def test_sc007_the_time_of_the_event_is_no_predictor() -> None:
    days = np.where(OUTCOME == 1, TIME + DRAW.normal(0, 0.1, 400), DRAW.uniform(1, 90, 400))
    found = check_single_predictors({"days_in_hospital": days}, {}, OUTCOME, TIME)
    assert isinstance(found, Check)
    assert found.severity == "error"
    assert "goes with the time of the event" in found.finding
    assert isinstance(check_single_predictors({"days_in_hospital": days}, {}, OUTCOME), NotFound)


def test_sc007_names_what_tells_most_where_nothing_leaks() -> None:
    found = check_single_predictors({"noise": NOISE, "some": NOISE + 0.7 * OUTCOME}, {}, OUTCOME, TIME)
    assert isinstance(found, NotFound)
    assert "some tells most" in found.reason


def test_sc007_does_not_judge_a_handful() -> None:
    few = np.where(np.arange(400) < 60, OUTCOME, np.nan)  # 15 with the event
    assert isinstance(check_single_predictors({"few": few}, {}, OUTCOME, TIME), NotApplicable)


LATE = FileFinding(
    "CC057", "error", "in 3 of 9 rows albumin was measured after the index date", "r", variable="albumin"
)


def test_sc008_finds_what_is_dated_after_the_prediction() -> None:
    found = check_dates([Named("albumin"), Named("age")], (LATE,), undated="")
    assert isinstance(found, Check)
    assert (found.code, found.severity, found.variables) == ("SC008", "error", ("albumin",))
    assert "3 of 9 rows" in found.finding


def test_sc008_finds_what_is_later_by_definition() -> None:
    found = check_dates([Named("postoperative_radiotherapy", "after_prediction")], None, undated="no days")
    assert isinstance(found, Check)
    assert "postoperative_radiotherapy is recorded after the prediction" in found.finding


def test_sc008_passes_days_before_the_index_date_and_other_peoples_variables() -> None:
    assert isinstance(check_dates([Named("age")], (), undated=""), NotFound)
    assert isinstance(check_dates([Named("age")], (LATE,), undated=""), NotFound)


def test_sc008_does_not_apply_without_days() -> None:
    assert check_dates([Named("age")], None, undated="no days") == NotApplicable("SC008", "no days")
    mute = (FileNotApplicable("CC057", "no patient has both days"),)
    assert check_dates([Named("age")], mute, undated="") == NotApplicable("SC008", "no patient has both days")
