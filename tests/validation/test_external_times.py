"""Curves on other patients: read as the model serves them, and events expected over everybody's own follow-up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from made_models import PREDICTORS
from made_survival import competing_model, followed, survival_model_of

from spinecast.cohorts.outcomes import LabelledTimes
from spinecast.validation.external_plan import ValidationSettings
from spinecast.validation.external_times import PredictedCurves, checked_horizon, judge_curves, judge_of

GRID = np.array([5.0, 15.0, 30.0, 60.0, 90.0, 180.0, 365.0])
HORIZONS = (30.0, 90.0, 365.0)


def labelled(time: np.ndarray, cause: np.ndarray, causes: tuple[str, ...] = ("present",)) -> LabelledTimes:
    return LabelledTimes(
        label="Time to death",
        time=time,
        cause=cause.astype(np.intp),
        causes=causes,
        cause_labels=tuple(one.capitalize() for one in causes),
        rows=np.arange(len(time)),
        attrition=(),
        horizons_days=HORIZONS,
    )


def exponential(count: int, seed: int) -> tuple[LabelledTimes, PredictedCurves]:
    """Two causes of constant hazards, exp(lean) / 200 and 1 / 400 a day, and the curves that say so."""
    draw = np.random.default_rng(seed)
    lean = draw.normal(size=count)
    rates = np.stack([np.exp(lean) / 200, np.full(count, 1 / 400)])
    own = draw.exponential(1 / rates)
    censored = draw.uniform(100, 800, count)
    first = np.argmin(own, axis=0)
    time = np.minimum(own.min(axis=0), censored)
    cause = np.where(censored < own.min(axis=0), 0, first + 1)
    curves = PredictedCurves(GRID, np.log(rates[:, :, None] * GRID))
    return labelled(time, cause, ("relapse", "death")), curves


@pytest.mark.parametrize("causes", [1, 2])
def test_curves_are_those_the_model_serves_and_a_lacking_predictor_is_missing_for_everyone(causes: int) -> None:
    model = survival_model_of("cox") if causes == 1 else competing_model()
    matrix, time, _ = followed(40, 3)
    columns = {name: matrix[:, place] for place, name in enumerate(PREDICTORS) if name != PREDICTORS[2]}
    lacking = matrix.copy()
    lacking[:, 2] = np.nan
    found = PredictedCurves.of(model, columns)
    np.testing.assert_array_equal(found.risk([30.0, 77.0]), model.risk(lacking, [30.0, 77.0]))
    if causes == 1:
        # The cumulative hazard at a day is what the risk by it says: -log(1 - risk).
        until = np.minimum(time, float(model.grid[-1]))
        risk = np.array([model.risk(lacking[[row]], [day])[0, 0] for row, day in enumerate(until)])
        np.testing.assert_allclose(found.own_hazard(until), -np.log1p(-risk), rtol=1e-9)


def test_right_hazards_expect_what_happens_of_each_cause_and_halved_ones_half_of_it() -> None:
    times, curves = exponential(4000, 1)
    judge = judge_of(times, curves, HORIZONS, ValidationSettings(bootstrap=20))
    found = judge_curves(judge, curves, times, label="truth", day=90.0, say=lambda _: None)
    json.dumps(found, allow_nan=False)
    assert [one["label"] for one in found["expected_events"]] == ["Relapse", "Death"]
    for cause in found["expected_events"]:
        for one in cause["horizons"]:
            assert one["ratio"]["lower"] < 1 < one["ratio"]["upper"]
            assert one["ratio"]["events"] == one["observed"]
        assert cause["over_time"]["observed"][-1] == cause["horizons"][-1]["observed"]
        assert (np.diff(cause["over_time"]["expected"]) > 0).all()
    half = PredictedCurves(GRID, curves.log_hazards - np.log(2))
    halved = judge_curves(judge, half, times, label="half", day=90.0, say=lambda _: None)
    ratio = [one["expected_events"][0]["horizons"][-1]["ratio"]["estimate"] for one in (found, halved)]
    assert ratio[1] == pytest.approx(2 * ratio[0], rel=1e-9)


def test_the_expected_number_is_the_sum_of_hazards_over_everybody_s_own_follow_up() -> None:
    times, curves = exponential(50, 2)
    rate = np.exp(curves.log_hazards[0, :, 0]) / GRID[0]
    until = np.clip(np.minimum(times.time, 90.0), 0.5, None)
    assert curves.own_hazard(np.minimum(times.time, 90.0)).sum() == pytest.approx((rate * until).sum(), rel=1e-9)


def test_measures_of_one_risk_are_those_of_the_day_and_say_so() -> None:
    times, curves = exponential(600, 3)
    judge = judge_of(times, curves, HORIZONS, ValidationSettings(bootstrap=20))
    found = judge_curves(judge, curves, times, label="truth", day=90.0, say=lambda _: None)
    own = checked_horizon(found)["measures"]["horizon_auc"]
    assert found["measures"]["auc"]["estimate"] == own["estimate"]
    assert found["measures"]["auc"]["method"].startswith("by day 90: ")
    assert "absent" in found["measures"]["harrell_c"]  # another event competes
    assert found["kind"] == "competing_risks"
    assert found["observed"]["days"][-1] == 365
