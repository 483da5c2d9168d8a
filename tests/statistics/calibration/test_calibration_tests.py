import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import kstest

from spinecast import statistics as st


def calibrated(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    risk = expit(generator.normal(-0.5, 1, n))
    return (generator.random(n) < risk).astype(float), risk


@pytest.mark.parametrize("test", [st.spiegelhalter, st.unreliability, st.hosmer_lemeshow])
def test_p_values_of_right_risks_are_uniform(test: object) -> None:
    values = [test(*calibrated(400, seed)).p_value for seed in range(250)]
    assert kstest(values, "uniform").pvalue > 0.01


def test_spiegelhalter_by_hand() -> None:
    # (0.8 * 0.6 - 0.4 * 0.2) / sqrt(0.36 * 0.16 + 0.04 * 0.24), risks 0.2 with and 0.4 without the outcome.
    found = st.spiegelhalter([1, 0], [0.2, 0.4])
    assert found.statistic == pytest.approx((0.8 * 0.6 - 0.4 * 0.2) / np.sqrt(0.36 * 0.16 + 0.04 * 0.24))


def test_extreme_risks_fail_every_test() -> None:
    y, risk = calibrated(2000, 1)
    extreme = expit(2 * logit(risk))
    for test in (st.spiegelhalter, st.unreliability, st.hosmer_lemeshow):
        assert test(y, extreme).p_value < 1e-6


def test_the_caveat_goes_wherever_the_p_value_goes() -> None:
    y, risk = calibrated(200, 2)
    assert st.spiegelhalter(y, risk).to_dict()["caveat"] == st.CALIBRATION_TEST_CAVEAT
    assert st.hosmer_lemeshow(y, risk).to_dict()["caveat"] == st.HOSMER_LEMESHOW_CAVEAT


def test_profile_interval_ends_where_the_likelihood_has_fallen_enough() -> None:
    y, risk = calibrated(80, 3)
    found = st.profile_slope_interval(y, risk)

    def likelihood(slope: float | None) -> float:
        x = logit(risk)
        if slope is None:
            return st.fit_logistic_regression(y, x[:, None]).log_likelihood
        shift = st.calibration_in_the_large(y, expit(slope * x)).estimate
        return -st.log_loss(y, expit(shift + slope * x)).estimate * y.size

    for end in (found.lower, found.upper):
        assert 2 * (likelihood(None) - likelihood(end)) == pytest.approx(3.841458820694124, abs=1e-6)
    wald = st.calibration_slope(y, risk)
    assert found.estimate == pytest.approx(wald.estimate)
    # The likelihood of a slope falls more slowly above than below.
    assert found.upper - found.estimate > found.estimate - found.lower
    assert found.upper == pytest.approx(wald.upper, rel=0.2)


@pytest.mark.parametrize(
    ("y", "risk", "reason"),
    [
        ([1, 1, 1], [0.2, 0.4, 0.6], "all 3 patients"),
        ([0, 1, 1], [0.2, 1.0, 0.6], "exactly 0 or 1"),
        ([0, 1, 1], [0.5, 0.5, 0.5], "equal"),
        ([0, 0, 1], [0.2, 0.4, 0.6], "separate"),
    ],
)
def test_absent_with_its_reason(y: list[int], risk: list[float], reason: str) -> None:
    for function in (st.unreliability, st.quality_indices, st.profile_slope_interval):
        found = function(y, risk)
        assert isinstance(found, st.Absent)
        assert reason in found.reason


def test_tests_without_variance_are_absent() -> None:
    assert isinstance(st.spiegelhalter([0, 1], [0.5, 1.0]), st.Absent)
    assert isinstance(st.hosmer_lemeshow([0, 1, 0, 1], [0.0, 0.0, 0.5, 0.6], groups=2), st.Absent)
    assert isinstance(st.hosmer_lemeshow([0, 1, 1], [0.1, 0.2, 0.6], groups=2, fitted_here=True), st.Absent)
