import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from spinecast import statistics as st


def test_difference_is_that_of_two_net_benefits(patients: tuple[np.ndarray, np.ndarray]) -> None:
    y, risk = patients
    other = np.clip(risk[::-1] / 2 + risk / 2, 0.01, 0.99)
    for against, benefit in (
        (other, st.net_benefit(y, other, [0.3])[0]),
        ("treat_all", st.net_benefit_treat_all(y.mean(), [0.3])[0]),
        ("treat_none", 0.0),
    ):
        found = st.compare_net_benefit(y, risk, against, 0.3)
        assert found.estimate == pytest.approx(st.net_benefit(y, risk, [0.3])[0] - benefit)
        assert found.lower < found.estimate < found.upper


def test_against_nobody_the_interval_is_that_of_the_decision_curve(patients: tuple[np.ndarray, np.ndarray]) -> None:
    y, risk = patients
    curve = st.decision_curve(y, risk, [0.4])
    found = st.compare_net_benefit(y, risk, "treat_none", 0.4)
    # The curve divides by n, a mean's standard error by n - 1.
    assert found.upper - found.estimate == pytest.approx((curve.upper[0] - curve.net_benefit[0]) * (400 / 399) ** 0.5)


def test_intervals_agree_with_the_bootstrap(patients: tuple[np.ndarray, np.ndarray]) -> None:
    y, risk = patients
    for function, extra in ((st.compare_net_benefit, ("treat_all",)), (st.standardised_net_benefit_at, ())):
        plain = function(y, risk, *extra, 0.4)
        resampled = function(y, risk, *extra, 0.4, np.ones_like(y), bootstrap=1000)
        assert resampled.estimate == pytest.approx(plain.estimate)
        width, other = plain.upper - plain.lower, resampled.upper - resampled.lower
        assert width == pytest.approx(other, rel=0.1)


def test_standardised_net_benefit_is_a_share_of_the_prevalence(patients: tuple[np.ndarray, np.ndarray]) -> None:
    y, risk = patients
    share = st.standardised_net_benefit(st.net_benefit(y, risk, [0.4]), y.mean())
    assert st.standardised_net_benefit_at(y, risk, 0.4).estimate == pytest.approx(share[0])
    assert isinstance(st.standardised_net_benefit_at([0, 0], [0.1, 0.2], 0.2), st.Absent)


def test_harm_by_hand() -> None:
    # Of 100 patients 20 have the outcome; at 0.2 treating all gives 0.2 - 0.8/4 = 0 and the model 0.1.
    worse, better = st.harm_trade_off([-0.01, 0.1], 0.2, [0.1, 0.2])
    assert better.acceptable_harm == pytest.approx(0.1)
    assert better.tests_per_true_positive == pytest.approx(10)
    assert worse.acceptable_harm == pytest.approx(-0.01 - (0.2 - 0.8 / 9))
    assert worse.tests_per_true_positive is None
    assert st.net_benefit_after_harm([0.1, 0.05], 1 / 50) == pytest.approx([0.08, 0.03])


@given(some.floats(0.01, 0.99), some.floats(-0.5, 0.5))
def test_at_the_acceptable_harm_nothing_is_gained(threshold: float, benefit: float) -> None:
    found = st.harm_trade_off([benefit], 0.3, [threshold])[0]
    best = max(0.0, st.net_benefit_treat_all(0.3, [threshold])[0])
    if found.acceptable_harm >= 0:
        assert st.net_benefit_after_harm([benefit], found.acceptable_harm)[0] == pytest.approx(best, abs=1e-12)


def test_refusals() -> None:
    y, p = [0, 1], [0.2, 0.6]
    for call, message in (
        (lambda: st.compare_net_benefit(y, p, "treat_some", 0.3), "treat_some"),
        (lambda: st.compare_net_benefit(y, p, "treat_all", 1.0), "thresholds"),
        (lambda: st.net_benefit_after_harm([0.1], -0.1), "harm"),
        (lambda: st.harm_trade_off([0.1, 0.2], 0.3, [0.1]), "2 values"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
