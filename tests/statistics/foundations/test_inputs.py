from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spinecast import statistics as st

OUTCOME, RISK = [0, 1, 1, 0], [0.1, 0.6, 0.8, 0.4]
TAKES_RISK: list[Callable[..., Any]] = [
    st.brier,
    st.calibration_errors,
    st.calibration_groups,
    st.calibration_in_the_large,
    st.calibration_slope,
    st.discrimination_slope,
    st.flexible_calibration,
    st.log_loss,
    st.observed_expected_ratio,
    st.scaled_brier,
    lambda *given: st.net_benefit(given[0], given[1], [0.5], *given[2:]),
    lambda *given: st.decision_curve(given[0], given[1], [0.5], *given[2:]),
    lambda *given: st.classify(given[0], given[1], 0.5, *given[2:]),
]
TAKES_SCORE: list[Callable[..., Any]] = [st.auc, st.roc_curve, st.fit_logistic_recalibration]


@pytest.mark.parametrize("function", TAKES_RISK + TAKES_SCORE)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((OUTCOME, RISK[:3]), "has 3 values, outcome has 4"),
        (([0, 1, 2, 0], RISK), "outcome must be 0 or 1, not 2"),
        (([0, 1, np.nan, 0], RISK), "1 values that are not finite"),
        ((OUTCOME, [0.1, 0.6, np.inf, 0.4]), "1 values that are not finite"),
        (([], []), "empty"),
        (([OUTCOME], [RISK]), "one-dimensional"),
        ((OUTCOME, RISK, [1, 1, 1]), "weights has 3 values, outcome has 4"),
        ((OUTCOME, RISK, [1, 1, -1, 1]), "negative"),
        ((OUTCOME, RISK, [0, 0, 0, 0]), "all zero"),
    ],
)
def test_says_what_is_wrong(function: Callable[..., Any], given: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        function(*given)


@pytest.mark.parametrize("function", TAKES_RISK)
def test_refuses_risks_that_are_no_probabilities(function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"risk must lie in \[0, 1\]"):
        function(OUTCOME, [0.1, 0.6, 1.2, 0.4])


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, 30.0])
def test_refuses_thresholds_that_are_no_risks(threshold: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        st.net_benefit(OUTCOME, RISK, [threshold])


NEEDS_BOTH = [
    st.auc,
    st.scaled_brier,
    st.calibration_in_the_large,
    st.calibration_slope,
    st.joint_calibration_intercept,
    st.fit_calibration,
    st.discrimination_slope,
    st.calibration_errors,
    st.flexible_calibration,
    st.roc_curve,
    st.delong,
    lambda y, p: st.compare_auc(y, p, p),
]


@pytest.mark.parametrize("function", NEEDS_BOTH)
@pytest.mark.parametrize(("value", "reason"), [(0, "none of 4 patients"), (1, "all 4 patients")])
def test_one_class_is_absent_with_the_reason(function: Callable[..., Any], value: int, reason: str) -> None:
    result = function([value] * 4, RISK)
    assert isinstance(result, st.Absent)
    assert reason in result.reason


def test_a_class_known_only_through_patients_of_weight_zero_is_missing() -> None:
    assert isinstance(st.auc([1, 0, 1, 1], RISK, [1, 0, 1, 1]), st.Absent)


WEIGHTED: list[Callable[..., Any]] = [
    st.auc,
    st.brier,
    lambda y, _, w, **k: st.brier_null(y, w, **k),
    st.scaled_brier,
    st.log_loss,
    st.discrimination_slope,
    st.calibration_in_the_large,
    st.calibration_slope,
    st.joint_calibration_intercept,
    st.observed_expected_ratio,
    lambda y, p, w, **k: st.calibration_errors(y, p, w, **k).ici,
    lambda y, p, w, **k: st.compare_auc(y, p, 1 - p**2, w, **k).difference,
]


@pytest.mark.parametrize("function", WEIGHTED)
def test_weighted_intervals_are_seeded_bootstraps_around_the_estimate(
    function: Callable[..., Any], patients: tuple[np.ndarray, np.ndarray], weights: np.ndarray
) -> None:
    first = function(*patients, weights, bootstrap=40, seed=3)
    assert first == function(*patients, weights, bootstrap=40, seed=3)
    assert first != function(*patients, weights, bootstrap=40, seed=4)
    assert first.lower < first.upper
    assert "bootstrap" in first.method
    assert function(*patients, weights, bootstrap=0).lower is None


@pytest.mark.parametrize("function", WEIGHTED)
def test_equal_weights_give_the_unweighted_estimate(
    function: Callable[..., Any], patients: tuple[np.ndarray, np.ndarray]
) -> None:
    outcome, risk = patients
    weighted = function(outcome, risk, np.full(outcome.size, 2.5), bootstrap=0)
    assert weighted.estimate == pytest.approx(function(outcome, risk, None).estimate, abs=1e-9)


def test_too_few_usable_resamples_leave_no_interval() -> None:
    # One event among five patients: a third of the resamples has none.
    result = st.auc([1, 0, 0, 0, 0], [0.9, 0.2, 0.95, 0.4, 0.1], np.ones(5), bootstrap=50)
    assert isinstance(result, st.Estimate)
    assert result.lower is None
    assert "of 50 bootstrap resamples could be used" in result.method
