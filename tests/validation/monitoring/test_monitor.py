"""What is measured of watched patients, against the statistics it rests on; what raises, and what waits."""

from __future__ import annotations

import json
from dataclasses import replace

import made_models
import numpy as np
import pytest
from made_watched import a_model, some_watched

from spinecast.models.development_distribution import learn_development_distribution
from spinecast.statistics import Absent, ipcw_weights, observed_expected_ratio
from spinecast.validation.monitoring.alarms import AlarmRule
from spinecast.validation.monitoring.measured import doubts_of, measures_of
from spinecast.validation.monitoring.monitor import monitor
from spinecast.validation.monitoring.one_risk import one_risk
from spinecast.validation.monitoring.periods import Quarter, quarters_of
from spinecast.validation.monitoring.reference import reference_of_model, reference_of_patients
from spinecast.validation.monitoring.watched import follow
from spinecast.validation.predictions import Predictions

UNTIL = np.datetime64("2025-12-31", "D")
RULE = AlarmRule(simulations=700, span_years=2)


def test_quarters_are_those_of_the_calendar() -> None:
    quarters, place = quarters_of(np.array(["2024-12-31", "2025-01-01", "2025-06-30"], dtype="datetime64[D]"))
    assert [one.label for one in quarters] == ["2024 Q4", "2025 Q1", "2025 Q2"]
    assert place.tolist() == [0, 1, 2]
    assert (str(quarters[2].start), str(quarters[2].last)) == ("2025-04-01", "2025-06-30")
    assert Quarter(-1).label == "1969 Q4"


def test_who_is_not_due_is_waited_for_though_the_event_came() -> None:
    watched, risk = some_watched(), one_risk(a_model())
    found = follow(watched, risk, UNTIL)
    late = watched.predicted_on > UNTIL - np.timedelta64(90, "D")
    assert late.any()
    assert (watched.state[late] == 1).any()
    assert np.array_equal(found.due, ~late)
    assert found.rows.max() < np.flatnonzero(late).min()


def test_who_was_lost_is_weighted_for_and_who_never_came_back_too() -> None:
    watched, risk = some_watched(), one_risk(a_model())
    silent = np.arange(len(watched)) % 10 == 0
    watched = replace(
        watched, time=np.where(silent, np.nan, watched.time), state=np.where(silent, np.nan, watched.state)
    )
    found = follow(watched, risk, UNTIL)
    assert not isinstance(found.predictions, Absent)
    time = np.where(silent, 0.0, watched.time)[found.due]
    event = np.where(silent, 0.0, watched.state)[found.due]
    assert found.predictions.weights == pytest.approx(ipcw_weights(time, event, 90.0))
    assert found.predictions.n < found.due.sum()
    assert found.follow is not None
    assert 0.4 < found.follow.at_horizon < 0.8


def test_quarters_measure_what_the_statistics_do() -> None:
    watched, model = some_watched(lost=1e-9), a_model()
    risk = one_risk(model)
    reference = reference_of_model(model)
    found = monitor(watched, risk, reference, watched.inputs, until=UNTIL, rule=RULE).to_dict()
    assert [one["quarter"] for one in found["quarters"]][:2] == ["2024 Q1", "2024 Q2"]
    first = watched.predicted_on < np.datetime64("2024-04-01", "D")
    died = (watched.state == 1) & (watched.time <= 90)
    expected = observed_expected_ratio(died[first].astype(float), watched.risk[first])
    measured = found["quarters"][0]
    assert measured["measures"]["observed_expected_ratio"] == expected.to_dict()
    assert measured["events"] == died[first].sum()
    for name, limits in measured["limits"].items():
        assert limits["lower"] < limits["expected"] < limits["upper"]
        assert (limits["expected"] == 1) is (name != "auc")
    assert list(measured["limits"]) == ["observed_expected_ratio", "calibration_slope", "auc"]
    assert found["overall"]["limits"]["auc"]["expected"] == pytest.approx(
        found["overall"]["measures"]["auc"]["estimate"], abs=0.05
    )
    assert found["doubts"] == []
    assert found["counts"]["waiting"] == (watched.predicted_on > UNTIL - np.timedelta64(90, "D")).sum()
    assert not found["quarters"][-1]["due"] or found["quarters"][-1]["due"] < found["quarters"][-1]["patients"]
    text = json.dumps(found, allow_nan=False)
    assert "secret" not in text
    assert found == monitor(watched, risk, reference, watched.inputs, until=UNTIL, rule=RULE).to_dict()


def test_a_change_of_the_level_is_raised_with_its_direction_and_an_update_is_tested() -> None:
    watched, model = some_watched(1500, shift=1.2), a_model()
    same = reference_of_patients(watched.predictors, watched.inputs)
    found = monitor(watched, one_risk(model), same, watched.inputs, until=UNTIL, rule=RULE, measure=False)
    raised = found.alarms
    # Odds more than three times those predicted raise the spread in the end: no risk exceeds 1.
    early = [one for one in raised if one.known_on < "2025-07-01"]
    assert {(one.kind, one.direction) for one in early} == {("calibration", "more")}
    assert raised[0].quarter == "2025 Q1"
    update = found.to_dict()["update"]
    assert update["since"] >= "2024-12-01"
    assert update["test"]["chosen"] in ("intercept", "logistic")
    fewer = some_watched(1500, shift=-1.6)
    below = monitor(fewer, one_risk(model), same, fewer.inputs, until=UNTIL, rule=RULE, measure=False)
    assert {one.direction for one in below.alarms} == {"fewer"}


def test_ranking_that_is_lost_is_raised_though_the_level_is_right() -> None:
    watched, model = some_watched(1500, slope=-0.2), a_model()
    same = reference_of_patients(watched.predictors, watched.inputs)
    found = monitor(watched, one_risk(model), same, watched.inputs, until=UNTIL, rule=RULE, bootstrap=20).to_dict()
    assert {(one["kind"], one["direction"]) for one in found["alarms"]} == {("calibration", "flatter")}
    assert "2025-01-01" < found["alarms"][0]["known_on"] < "2025-12-31"
    assert found["update"]["since"] >= "2024-11-01"
    assert found["update"]["test"]["chosen"] in ("logistic", "refit")
    # Nobody who did not look at the sums would miss it either.
    assert [one["measure"] for one in found["doubts"]] == ["calibration_slope", "auc"]
    for one in found["doubts"]:
        assert one["upper"] < one["expected"]


def test_an_auc_without_an_interval_is_held_against_its_limits() -> None:
    risk = np.linspace(0.02, 0.98, 24)
    right, reversed_ = ((risk > 0.5) == side for side in (True, False))
    doubts = []
    for outcome in (right, reversed_):
        found = measures_of(Predictions(risk, outcome.astype(float), None, None, "external"), 20, 1)
        assert found["measures"]["auc"]["lower"] is None
        doubts.append({one["measure"] for one in doubts_of(found)})
    assert doubts == [set(), {"auc"}]


def test_risks_that_are_all_0_or_1_and_right_leave_no_doubt() -> None:
    risk, weights = np.repeat([0.0, 1.0], 20), np.where(np.arange(40) % 5 == 0, 0.0, 1.3)
    found = measures_of(Predictions(risk, risk, weights, None, "external"), 20, 1)
    assert found["limits"]["auc"]["expected"] == 1.0
    assert doubts_of(found) == []


def test_inputs_are_raised_once_their_quarter_is_over() -> None:
    watched, model = some_watched(), a_model()
    reference = reference_of_patients(watched.predictors, made_models.patients(800, seed=9)[0])
    late = watched.predicted_on >= np.datetime64("2025-07-01", "D")
    inputs = watched.inputs.copy()
    inputs[late, watched.predictors.index("albumin")] += 1.0
    inputs[late, watched.predictors.index("sodium")] = np.nan
    inputs[late, watched.predictors.index("sex")] = 1.0
    until = np.datetime64("2025-12-30", "D")  # the last quarter goes on
    found = monitor(watched, one_risk(model), reference, inputs, until=until, rule=RULE, measure=False)
    raised = {(one.kind, one.variable, one.quarter) for one in found.alarms if one.kind != "calibration"}
    assert raised == {
        ("input", "albumin", "2025 Q3"),
        ("missing", "sodium", "2025 Q3"),
        ("input", "sex", "2025 Q3"),
    }
    assert {one.known_on for one in found.alarms if one.kind != "calibration"} == {"2025-10-01"}


def test_a_quarter_is_not_over_on_its_last_day() -> None:
    watched, model = some_watched(), a_model()
    reference = reference_of_patients(watched.predictors, watched.inputs)
    last = np.datetime64("2025-12-31", "D")
    assert str(watched.predicted_on[-1]) > "2025-10-01"

    def over(today: np.datetime64) -> list[bool]:
        how = {"until": last, "today": today, "rule": RULE, "measure": False}
        found = monitor(watched, one_risk(model), reference, watched.inputs, **how)  # type: ignore[arg-type]
        return [one["complete"] for one in found.measured]

    assert over(last) == [True] * 7 + [False]
    assert over(last + np.timedelta64(1, "D")) == [True] * 8


def test_a_model_keeps_enough_of_its_patients_to_compare_with() -> None:
    matrix, _ = made_models.patients(900, seed=3, missing=0.0)
    schema = made_models.schema()
    kept = learn_development_distribution(matrix, schema, np.arange(900) % 5)
    model = replace(a_model(), marginals=made_models.development_marginals(matrix, schema.levels), development=kept)
    model = replace(model, about={**model.about, "cohort": {"kind": "synthetic", "n": 900}})
    groups = model.predictors.index("tumour_group")
    shares = np.bincount(matrix[:, groups].astype(int)) / 900
    assert kept.level_shares(groups) == pytest.approx(shares, abs=2 / 900)
    described = {"patients": 900, "missingness": [{"variable": "albumin", "missing": 90}]}
    reference = {one.name: one for one in reference_of_model(model, described)}
    assert reference["albumin"].missing == (90, 900)
    assert reference["albumin"].kept == "quantiles"
    assert reference["tumour_group"].kept == "levels"
    albumin = model.predictors.index("albumin")
    same, moved = matrix[:200, albumin], matrix[:200, albumin] + 0.6
    assert reference["albumin"].shift(same).p_value > 0.05  # type: ignore[union-attr]
    assert reference["albumin"].shift(moved).p_value < 1e-6  # type: ignore[union-attr]
    assert isinstance(reference["sodium"].missing_shift(same), Absent)
    # Of how many patients its quantiles are is not known: no p-value, whatever is seen.
    assert isinstance(reference["sodium"].shift(moved), Absent)
    assert not any(one.n for one in reference_of_model(model))


def test_without_any_outcome_the_inputs_are_watched_all_the_same() -> None:
    watched, model = some_watched(), a_model()
    nothing = np.full(len(watched), np.nan)
    watched = replace(watched, time=nothing, state=nothing)
    same = reference_of_patients(watched.predictors, watched.inputs)
    found = monitor(watched, one_risk(model), same, watched.inputs, until=UNTIL, rule=RULE).to_dict()
    assert "absent" in found["calibration"]
    assert all("absent" in one["measures"]["auc"] for one in found["quarters"])
    assert any("p_value" in at["distribution"] for one in found["inputs"] for at in one["quarters"])
    json.dumps(found, allow_nan=False)
