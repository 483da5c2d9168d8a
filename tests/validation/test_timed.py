"""Judging curves: each number is the statistic it says, of the patients it says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spinecast.statistics import Estimate, cumulative_incidence, harrell_c, horizon_auc, integrated_brier
from spinecast.validation.timed import TimedJudge, mean_time_lost
from spinecast.validation.timed_horizon import HORIZON_MEASURES, JudgedRisk, TimedSettings

DAYS = np.array([15.0, 30.0, 60.0, 90.0, 180.0, 365.0])


def exponential(count: int = 600, seed: int = 0, competing: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log hazard, follow-up and cause: hazard ``exp(lean) / 200`` a day, censored uniformly."""
    draw = np.random.default_rng(seed)
    lean = draw.normal(size=count)
    own = draw.exponential(200 / np.exp(lean))
    other = draw.exponential(400, count) if competing else np.full(count, np.inf)
    censored = draw.uniform(100, 800, count)
    time = np.minimum(np.minimum(own, other), censored)
    cause = np.where(censored <= np.minimum(own, other), 0.0, np.where(own < other, 1.0, 2.0))
    return lean, time, cause


def judge_of(time: np.ndarray, cause: np.ndarray) -> TimedJudge:
    return TimedJudge(time, cause, DAYS, TimedSettings((30.0, 90.0, 365.0), (0.2, 0.5), (0.05, 0.95), 20, 1))


def true_risk(lean: np.ndarray, days: object) -> np.ndarray:
    return np.asarray(-np.expm1(-np.outer(np.exp(lean) / 200, np.asarray(days, dtype=float))))


def test_true_risks_are_calibrated_at_every_horizon_and_rank_as_the_statistics_say() -> None:
    lean, time, cause = exponential(3000)
    judge = judge_of(time, cause)
    curve = judge.curve(lambda days: true_risk(lean, days))
    lost = mean_time_lost(DAYS, true_risk(lean, DAYS))
    assert curve["harrell_c"] == harrell_c(time, cause, lost)
    assert curve["integrated_brier"] == integrated_brier(time, cause, true_risk(lean, DAYS), DAYS)
    assert 0 < curve["integrated_ipa"].estimate < 1  # type: ignore[union-attr]
    for day in (30.0, 90.0, 365.0):
        found = judge.at(day).whole(JudgedRisk(true_risk(lean, [day])[:, 0]))
        assert set(found["measures"]) == set(HORIZON_MEASURES)
        slope = found["measures"]["calibration_slope"]
        assert slope["lower"] < 1 < slope["upper"]
        ratio = found["measures"]["horizon_observed_expected_ratio"]
        assert ratio["lower"] < 1 < ratio["upper"]
        assert found["measures"]["horizon_auc"]["estimate"] == horizon_auc(time, cause, lean, day).estimate  # type: ignore[union-attr]
        json.dumps(found, allow_nan=False)


def test_the_mean_time_lost_of_a_constant_hazard_is_the_area_under_its_risk() -> None:
    days = np.linspace(0.5, 365, 2000)
    lean = np.array([-1.0, 0.0, 1.0])
    rate = np.exp(lean) / 200
    expected = 365 - -np.expm1(-rate * 365) / rate
    np.testing.assert_allclose(mean_time_lost(days, true_risk(lean, days)), expected, rtol=1e-4)


def test_values_that_rank_only_have_no_calibration_and_people_without_a_value_are_left_out() -> None:
    lean, time, cause = exponential()
    values = lean.copy()
    values[:100] = np.nan
    found = judge_of(time, cause).at(90.0).whole(JudgedRisk(values, "a score and no risk"))
    assert found["n"] == 500
    assert found["measures"]["calibration_slope"] == {"absent": "a score and no risk"}
    assert found["measures"]["horizon_auc"]["n"] == 500
    nobody = judge_of(time, cause).at(90.0).whole(JudgedRisk(np.full(600, np.nan)))
    assert nobody["n"] == 0
    assert all("absent" in measure for measure in nobody["measures"].values())


def test_a_competing_event_is_no_censoring_and_leaves_no_concordance() -> None:
    lean, time, cause = exponential(2000, competing=True)
    judge = judge_of(time, cause)
    # Cumulative incidence of two constant hazards.
    own, other = np.exp(lean) / 200, 1 / 400

    def risk(days: object) -> np.ndarray:
        at = np.asarray(days, dtype=float)
        return np.asarray((own / (own + other))[:, None] * -np.expm1(-np.outer(own + other, at)))

    assert "absent" in judge.curve(risk)["harrell_c"].to_dict()
    found = judge.at(365.0).whole(JudgedRisk(risk([365.0])[:, 0]))
    ratio = found["measures"]["horizon_observed_expected_ratio"]
    assert ratio["lower"] < 1 < ratio["upper"]
    assert found["events"] == int(((cause == 1) & (time <= 365)).sum())
    observed = judge.observed(risk)
    assert np.abs(np.array(observed["observed"]) - np.array(observed["predicted"])).max() < 0.05
    # What is drawn lies on the same curve between the days too.
    drawn = observed["steps"]
    assert len(drawn["days"]) > 3 * len(observed["days"])
    reference = cumulative_incidence(time, cause.astype(int), 1).at(drawn["days"])
    np.testing.assert_allclose(drawn["observed"], reference)


def test_differences_are_paired_and_of_those_who_have_both() -> None:
    lean, time, cause = exponential()
    other = lean + np.random.default_rng(1).normal(size=600)
    other[:50] = np.nan
    found = judge_of(time, cause).at(90.0).compare(lean, other)
    assert isinstance(found, Estimate)
    assert found.n == 550
    expected = (
        horizon_auc(time[50:], cause[50:], lean[50:], 90).estimate
        - horizon_auc(  # type: ignore[union-attr]
            time[50:], cause[50:], other[50:], 90
        ).estimate
    )  # type: ignore[union-attr]
    assert found.estimate == pytest.approx(expected)
