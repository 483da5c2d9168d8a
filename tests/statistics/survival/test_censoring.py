import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.special import expit
from statsmodels.duration.survfunc import SurvfuncRight

from spinecast import statistics as st

follow_up = some.lists(some.tuples(some.integers(0, 12), some.integers(0, 1)), min_size=1, max_size=40)


def columns(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    time, event = zip(*rows, strict=True)
    return np.array(time, dtype=float), np.array(event, dtype=float)


def test_survival_agrees_with_statsmodels() -> None:
    generator = np.random.default_rng(5)
    time, event = generator.integers(1, 40, 300).astype(float), generator.integers(0, 2, 300)
    reference = SurvfuncRight(time, event)
    assert st.kaplan_meier(time, event).at(reference.surv_times) == pytest.approx(reference.surv_prob, abs=1e-12)


@given(follow_up)
def test_survival_and_censoring_multiply_to_the_share_still_followed(rows: list[tuple[int, int]]) -> None:
    time, event = columns(rows)
    survival, uncensored = st.kaplan_meier(time, event), st.censoring_distribution(time, event)
    for t in range(13):
        assert survival.at(t) * uncensored.at(t) == pytest.approx((time > t).mean(), abs=1e-12)
        assert survival.before(t) * uncensored.before(t) == pytest.approx((time >= t).mean(), abs=1e-12)


@given(follow_up, some.integers(1, 12))
def test_weights_sum_to_the_patients_and_their_events_to_one_minus_survival(
    rows: list[tuple[int, int]], horizon: int
) -> None:
    time, event = columns([*rows, (12, 0)])
    weights = st.ipcw_weights(time, event, horizon)
    assert weights.sum() == pytest.approx(time.size)
    by_horizon = (event == 1) & (time <= horizon)
    assert weights[by_horizon].sum() / time.size == pytest.approx(1 - st.kaplan_meier(time, event).at(horizon))
    assert (weights[(event == 0) & (time < horizon)] == 0).all()
    assert (weights[by_horizon | (time >= horizon)] >= 1 - 1e-12).all()


def test_a_patient_censored_on_the_day_of_the_horizon_counts_as_free_of_the_event() -> None:
    weights = st.ipcw_weights([1, 2, 3, 3, 5], [1, 0, 0, 1, 0], 3)
    assert weights == pytest.approx([1, 0, 4 / 3, 4 / 3, 4 / 3])


def test_weighting_recovers_what_censoring_hid() -> None:
    generator = np.random.default_rng(6)
    n = 40_000
    risk = expit(generator.normal(-0.5, 1.0, n))
    death = generator.exponential(-1 / np.log1p(-risk))  # dead by time 1 with probability risk
    censoring = generator.exponential(1.5, n)
    time, event = np.minimum(death, censoring).clip(max=2), (death <= censoring) & (np.minimum(death, censoring) < 2)
    weights, by_one = st.ipcw_weights(time, event, 1.0), (event & (time <= 1)).astype(float)
    truth = (death <= 1).astype(float)
    for function in (st.brier, st.auc, st.calibration_slope, st.observed_expected_ratio):
        weighted = function(by_one, risk, weights, bootstrap=0).estimate
        assert weighted == pytest.approx(function(truth, risk).estimate, abs=0.03)
    naive = st.observed_expected_ratio(by_one, risk).estimate
    assert naive < 0.9


def test_horizon_beyond_censored_follow_up_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody was followed up to the horizon 9; the longest follow-up is 5"):
        st.ipcw_weights([1, 2, 5], [1, 0, 0], 9)
    assert st.ipcw_weights([1, 2, 5], [1, 0, 1], 9) == pytest.approx([1, 0, 2])


@pytest.mark.parametrize(
    ("time", "event", "horizon", "words"),
    [
        ([1, 2], [1], 1, "time has 2 values, event has 1"),
        ([-1, 2], [1, 0], 1, "negative"),
        ([1, 2], [1, 2], 1, "event must be 0 or 1"),
        ([1, 2], [1, 0], 0, "horizon must be positive"),
        ([1, np.nan], [1, 0], 1, "not finite"),
    ],
)
def test_says_what_is_wrong(time: list[float], event: list[int], horizon: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        st.ipcw_weights(time, event, horizon)
