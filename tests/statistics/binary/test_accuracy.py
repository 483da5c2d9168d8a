import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from spinecast import statistics as st

Patients = tuple[np.ndarray, np.ndarray]


def test_agrees_with_scikit_learn(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    for cases in (None, weights):
        brier = st.brier(y, risk, cases, bootstrap=0).estimate
        assert brier == pytest.approx(brier_score_loss(y, risk, sample_weight=cases), abs=1e-12)
        loss = st.log_loss(y, risk, cases, bootstrap=0).estimate
        assert loss == pytest.approx(sklearn_log_loss(y, risk, sample_weight=cases), abs=1e-12)


@pytest.mark.parametrize(
    "function",
    [st.brier, st.scaled_brier, st.log_loss, st.discrimination_slope, lambda y, _, *w, **k: st.brier_null(y, *w, **k)],
)
def test_closed_intervals_are_near_the_bootstrap(function: object, patients: Patients) -> None:
    y, risk = patients
    closed = function(y, risk)  # type: ignore[operator]
    resampled = function(y, risk, np.ones(y.size), bootstrap=1500, seed=5)  # type: ignore[operator]
    width = closed.upper - closed.lower
    assert resampled.lower == pytest.approx(closed.lower, abs=0.12 * width)
    assert resampled.upper == pytest.approx(closed.upper, abs=0.12 * width)


def test_null_predictions_have_a_scaled_brier_score_of_zero() -> None:
    y = np.array([1, 0, 0, 1, 0])
    assert st.scaled_brier(y, np.full(5, y.mean())).estimate == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("y", "risk"), [([1, 0], [0.0, 0.5]), ([0, 1], [1.0, 0.5])])
def test_infinite_log_loss_is_absent(y: list[int], risk: list[float]) -> None:
    result = st.log_loss(y, risk)
    assert isinstance(result, st.Absent)
    assert "1 of 2 patients" in result.reason


def test_certain_and_right_predictions_cost_nothing() -> None:
    assert st.log_loss([1, 0], [1.0, 0.0]).estimate == 0


def test_a_patient_of_weight_zero_cannot_make_the_loss_infinite() -> None:
    result = st.log_loss([0, 1, 0], [1.0, 0.5, 0.5], [0, 1, 1], bootstrap=0)
    assert result.estimate == pytest.approx(np.log(2))


def test_one_patient_has_no_interval() -> None:
    result = st.brier([1], [0.7])
    assert (result.estimate, result.lower) == (pytest.approx(0.09), None)


def test_one_event_has_a_discrimination_slope_without_interval() -> None:
    result = st.discrimination_slope([1, 0, 0], [0.7, 0.2, 0.4])
    assert (result.estimate, result.lower) == (pytest.approx(0.4), None)


@pytest.mark.parametrize("loss", ["brier", "log_loss"])
def test_a_difference_in_loss_is_the_paired_mean_by_scipy(loss: str) -> None:
    draw = np.random.default_rng(8)
    risk, other = draw.uniform(0.05, 0.95, (2, 200))
    y = (draw.random(200) < risk).astype(float)
    losses = [(y - p) ** 2 if loss == "brier" else -np.log(np.where(y == 1, p, 1 - p)) for p in (risk, other)]
    difference = losses[0] - losses[1]
    found = st.compare_loss(y, risk, other, loss)
    assert found.estimate == pytest.approx(difference.mean())
    limits = stats.norm.interval(0.95, difference.mean(), stats.sem(difference))
    assert (found.lower, found.upper) == pytest.approx(limits)
    weighted = st.compare_loss(y, risk, other, loss, np.repeat([0.0, 2.0], 100), bootstrap=50)
    assert weighted.estimate == pytest.approx(difference[100:].mean())
    assert st.compare_loss(y, risk, risk, loss).estimate == 0
    assert isinstance(st.compare_loss(y, y, 1 - y, "log_loss"), st.Absent)
