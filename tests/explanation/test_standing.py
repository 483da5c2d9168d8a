"""Who is called outside the development range and why, and when no risk is given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_models import PREDICTORS, model_of, patients, schema
from made_survival import survival_model_of

from spinecast.cohorts.contract import check_predictors
from spinecast.errors import DeclinedError
from spinecast.explanation.curve_prediction import predict_curve, predict_curve_table
from spinecast.explanation.prediction import predict_patient
from spinecast.explanation.standing import (
    decline_reasons,
    declined_limits,
    given_only,
    outside_rows,
    patient_standing,
)
from spinecast.explanation.table_prediction import predict_table
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.loading import TimedModel
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.prognosis_model import PrognosisModel

USUAL: dict[str, Any] = {"age": 62, "sex": "male", "albumin": 3.3, "creatinine": 1.1, "sodium": 137}
UNLIKE = USUAL | {"age": 25, "creatinine": 9.0, "sodium": 118}


# Six missing, .09 each before the last line: sqrt(6 * .09) times that line's slope.
def served(**decline: Any) -> PrognosisModel:
    matrix = patients(count=600)[0]
    size = len(PREDICTORS)
    return replace(
        model_of("elastic_net"),
        development=learn_development_distribution(matrix, schema(), np.arange(len(matrix)) % 5),
        missing=MissingLoss(np.full(size, 0.09), np.zeros((size, size), bool), np.array([1.0]), np.array([1.0])),
        about=dict(model_of("elastic_net").about) | {"decline": decline},
    )


def test_an_unusual_patient_is_answered_with_the_variables_that_make_it_so() -> None:
    usual, unlike = (predict_patient(served(), "0" * 64, given) for given in (USUAL, UNLIKE))
    assert usual.development is not None
    assert not usual.development.outside
    assert "outside" not in usual.to_text()
    found = unlike.to_dict()["development"]
    assert found["outside"]
    assert {one["variable"] for one in found["reasons"]} <= {"age", "creatinine", "sodium"}
    assert found["reasons"][0]["share"] == max(one["share"] for one in found["reasons"])
    assert 0.5 <= sum(one["share"] for one in found["reasons"]) <= 1
    assert "outside the development range" in unlike.to_text()
    assert "than the other values lead to expect" in unlike.warnings[-1]


def test_a_model_that_keeps_no_distribution_says_nothing_of_it() -> None:
    plain = model_of("elastic_net")
    assert patient_standing(plain, patients()[0][:1]) is None
    assert predict_patient(plain, "0" * 64, USUAL).to_dict()["development"] is None


@pytest.mark.parametrize(
    ("decline", "given", "reason"),
    [
        ({"without": ["albumin"]}, {"age": 62, "sex": "male"}, "is not known"),
        ({"missing_share": 0.5}, {"age": 62, "sex": "male"}, "6 of 8 inputs are not known, more than 50%"),
        (
            {"added_deviation": 0.7},
            {"age": 62, "sex": "male"},
            r"deviation of 0\.71 to the log-odds, more than 0\.7",
        ),
        ({"outside_development": True}, UNLIKE, "outside the development range, mostly by"),
    ],
)
def test_no_risk_is_given_beyond_a_limit_and_the_reason_is(
    decline: dict[str, Any], given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DeclinedError, match=reason):
        predict_patient(served(**decline), "0" * 64, given)
    assert predict_patient(served(**decline), "0" * 64, USUAL | {"tumour_group": "lung"}).risk > 0


def test_limits_are_named_alike_for_all_who_pass_them() -> None:
    model = served(without=["albumin"], missing_share=0.3, added_deviation=0.5)
    matrix = patients(count=200)[0]
    matrix[:40, 2:] = np.nan
    limits, reasons = declined_limits(model, matrix), decline_reasons(model, matrix)
    assert [bool(passed) for passed in limits] == [bool(reason) for reason in reasons]
    assert len({limit for passed in limits for limit in passed}) == 3
    assert len(set(reasons)) > 3
    assert all(len(passed) == 3 for passed in limits[:40])


def test_a_table_is_answered_row_by_row() -> None:
    model = served(without=["albumin"])
    table = pd.DataFrame([USUAL, UNLIKE, {**USUAL, "albumin": None}])
    found = predict_table(model, "0" * 64, table)
    assert list(found.table["risk"].isna()) == [False, False, True]
    assert found.table["lower"].isna()[2]
    assert list(found.table["declined"] != "") == [False, False, True]
    assert found.table["outside_development"][0] == ""
    assert set(found.table["outside_development"][1].split("; ")) <= {"age", "creatinine", "sodium"}
    assert (found.outside, found.declined) == (1, 1)
    matrix = model.matrix(check_predictors(table, model.predictors))
    assert outside_rows(model, matrix) == list(found.table["outside_development"])
    assert decline_reasons(model, matrix) == list(found.table["declined"])
    assert np.array_equal(
        given_only(model, matrix, {"risk": model.predict(matrix)})["risk"], found.table["risk"], equal_nan=True
    )


def timed(**decline: Any) -> TimedModel:
    plain = survival_model_of("cox")
    days, known = len(plain.grid), served(**decline)
    missing = replace(known.missing, variance=np.full((len(PREDICTORS), days), 0.09))  # type: ignore[type-var]
    return replace(plain, development=known.development, missing=missing, about={**plain.about, "decline": decline})


def test_a_model_of_times_says_who_is_unlike_its_patients_and_declines_as_one_of_an_event_does() -> None:
    unlike = predict_curve(timed(), "0" * 64, UNLIKE)
    found = unlike.to_dict()["development"]
    assert found["outside"]
    assert found["reasons"] == predict_patient(served(), "0" * 64, UNLIKE).to_dict()["development"]["reasons"]
    assert "outside the development range" in unlike.to_text()
    assert predict_curve(survival_model_of("cox"), "0" * 64, USUAL).to_dict()["development"] is None
    with pytest.raises(DeclinedError, match=r"deviation of \d\.\d+ to the log cumulative hazard, more than 0\.5"):
        predict_curve(timed(added_deviation=0.5), "0" * 64, {"age": 62, "sex": "male"})
    with pytest.raises(DeclinedError, match="Albumin is not known"):
        predict_curve(timed(without=["albumin"]), "0" * 64, {"age": 62, "sex": "male"})


def test_a_table_of_times_is_blank_where_no_risk_is_given() -> None:
    model = timed(without=["albumin"])
    found = predict_curve_table(model, "0" * 64, pd.DataFrame([USUAL, UNLIKE, {**USUAL, "albumin": None}]), [30, 90])
    for column in ("risk_30", "upper_90", "median_days"):
        assert np.isnan(found.table[column][2])
    assert found.table["risk_90"].notna().tolist() == [True, True, False]
    assert (found.outside, found.declined) == (1, 1)


def test_a_loss_by_day_widens_the_curve_on_each_day_by_what_was_measured_there() -> None:
    """Three days of one input, and two at once that together change less than each by itself adds up to."""
    loss = MissingLoss(
        variance=np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [np.nan] * 3]),
        follows=np.zeros((3, 3), bool),
        missing=np.array([1.0, 2.0]),
        joint=np.array([1.0, 0.5]),
    )
    missing = np.array([[True, False, False], [True, True, False], [False, False, True]])
    np.testing.assert_allclose(loss.added_variance(missing), [[0.1, 0.2, 0.3], [0.25, 0.35, 0.45], [0.0, 0.0, 0.0]])
    assert loss.measured.tolist() == [True, True, False]
