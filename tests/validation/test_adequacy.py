"""Whether a run has patients enough: Riley's criteria at its own numbers."""

import numpy as np
import pytest
from scipy.special import expit

from spinecast import statistics as st
from spinecast.statistics import Absent, Estimate
from spinecast.validation import Predictions
from spinecast.validation.adequacy import Anticipated, judge_development, judge_validation

REACHED = Estimate(0.78, 0.75, 0.81, 1000, 300, "DeLong")


def test_a_development_is_judged_by_what_was_declared_before() -> None:
    found = judge_development(1000, 300, 0.3, 20, Anticipated(c_statistic=0.75), REACHED)
    size = st.development_size_binary(
        parameters=20, proportion=0.3, cox_snell_r2=st.cox_snell_from_c_statistic(0.75, 0.3)
    )
    assert found["required"] == size.to_dict()
    assert found["adequacy"] == size.judge(1000).to_dict()
    assert found["at_hand"] == {"n": 1000, "events": 300, "parameters": 20, "events_per_parameter": 15.0}
    assert found["expected"]["shrinkage"] == pytest.approx(
        st.expected_shrinkage(1000, 20, float(size.assumptions["cox_snell_r2"]))
    )
    assert "0.75, as the study declares" in found["assumed"]


def test_a_development_that_declares_nothing_is_judged_by_custom_and_not_by_its_own_result() -> None:
    silent = judge_development(1000, 300, 0.3, 20, Anticipated(), REACHED)
    other = judge_development(1000, 300, 0.3, 20, Anticipated(), Estimate(0.95, 0.94, 0.96, 1000, 300, "DeLong"))
    assert silent["required"] == other["required"]
    assert silent["required"]["assumptions"]["nagelkerke_r2"] == pytest.approx(0.15)
    assert "the study declares nothing" in silent["assumed"]
    asked = [found["as_reached"]["required"]["criteria"][2] for found in (silent, other)]
    assert [one["name"] for one in asked] == ["shrinkage", "shrinkage"]
    assert asked[0]["n"] > asked[1]["n"]
    assert "0.950, which this run reached itself" in other["as_reached"]["assumed"]


@pytest.mark.parametrize("reached", [Absent("one class"), Estimate(0.48, 0.4, 0.56, 90, 30, "m")])
def test_what_was_not_reached_is_absent_with_its_reason(reached: Estimate | Absent) -> None:
    found = judge_development(90, 30, 1 / 3, 9, Anticipated(r2_nagelkerke=0.2), reached)
    assert not found["adequacy"]["suffices"]
    assert found["as_reached"]["absent"]


def predictions(count: int) -> Predictions:
    draw = np.random.default_rng(4)
    risk = expit(draw.normal(-0.7, 1.1, count))
    return Predictions(risk, (draw.random(count) < risk).astype(float), None, None, "external")


def test_a_validation_is_judged_by_its_risks_and_by_no_outcome() -> None:
    made = predictions(800)
    found = judge_validation(made, (0.2, 0.4))
    turned = judge_validation(Predictions(made.risk, 1 - made.outcome, None, None, "external"), (0.2, 0.4))
    assert found["required"] == turned["required"]
    risks = st.empirical_linear_predictor(made.risk)
    for threshold in (0.2, 0.4):
        size = st.validation_size_binary(
            proportion=risks.proportion, c_statistic=risks.c_statistic, linear_predictor=risks, threshold=threshold
        )
        names = [one["name"] for one in found["required"]["criteria"]]
        place = names.index(f"standardised_net_benefit_{threshold:g}")
        assert found["required"]["criteria"][place]["n"] == size.criteria[-1].n
    assert names[:3] == ["observed_expected_ratio", "calibration_slope", "c_statistic"]
    assert found["adequacy"]["n"] == 800


def test_a_large_validation_suffices() -> None:
    assert judge_validation(predictions(8000), (0.3,))["adequacy"]["suffices"]


@pytest.mark.parametrize("risk", [[0.0, 0.4, 0.6, 0.9], [0.3, 0.3, 0.3, 0.3]])
def test_risks_without_log_odds_or_spread_have_no_criteria(risk: list[float]) -> None:
    found = judge_validation(Predictions(np.array(risk), np.array([0, 1, 0, 1]), None, None, "external"), (0.3,))
    assert "adequacy" not in found
    assert found["absent"]


def test_ranks_have_no_criteria() -> None:
    assert "no level" in judge_validation(predictions(100), (0.3,), ranks_only="no level")["absent"]
