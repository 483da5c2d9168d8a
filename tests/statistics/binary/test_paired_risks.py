import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from spinecast import statistics as st

# Peak expiratory flow by two meters, l/min (Bland & Altman 1986, Lancet 327:307, table 1).
LARGE_METER = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI_METER = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_limits_of_agreement_are_those_of_the_paper() -> None:
    found = st.risk_agreement(np.array(LARGE_METER) / 1000, np.array(MINI_METER) / 1000)
    # Printed: mean difference -2.1 and standard deviation 38.8; the paper takes 2 for 1.96.
    assert 1000 * found.mean_difference.estimate == pytest.approx(-2.1, abs=0.05)
    assert 1000 * found.lower_limit.estimate == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.2)
    assert 1000 * found.upper_limit.estimate == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.2)
    # Standard error of the mean difference 9.4; of a limit about sqrt(3/17) 38.8 = 16.3 (Bland & Altman 1986).
    width = found.mean_difference.upper - found.mean_difference.lower
    assert 1000 * width / (2 * 1.96) == pytest.approx(9.4, abs=0.05)
    assert 1000 * (found.upper_limit.upper - found.upper_limit.estimate) / 1.96 == pytest.approx(16.3, rel=0.02)


def test_limits_cover_their_share_of_patients_and_their_intervals_the_truth() -> None:
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(300):
        other = generator.uniform(0.3, 0.7, 60)
        found = st.risk_agreement(other + generator.normal(0.02, 0.05, 60), other)
        covered += found.upper_limit.lower <= 0.02 + 1.96 * 0.05 <= found.upper_limit.upper
    assert covered / 300 == pytest.approx(0.95, abs=0.04)


pairs = some.lists(some.tuples(some.floats(0, 1), some.floats(0, 1)), min_size=2, max_size=30)


@given(pairs, some.floats(0.01, 0.99))
def test_order_turns_signs_and_changes_nothing_else(values: list[tuple[float, float]], threshold: float) -> None:
    first, second = np.array(values).T
    one, two = st.risk_agreement(first, second), st.risk_agreement(second, first)
    assert one.mean_difference.estimate == pytest.approx(-two.mean_difference.estimate)
    assert one.upper_limit.estimate == pytest.approx(-two.lower_limit.estimate)
    assert one.mean_absolute_difference == two.mean_absolute_difference
    assert abs(one.mean_difference.estimate) <= one.mean_absolute_difference.estimate + 1e-12
    assert st.changed_side(first, second, threshold) == st.changed_side(second, first, threshold)


def test_who_changes_side_is_counted_at_the_threshold_itself() -> None:
    found = st.changed_side([0.1, 0.3, 0.5, 0.29], [0.2, 0.2, 0.6, 0.3], 0.3)
    assert found.estimate == 0.5
    assert (found.lower, found.upper) == pytest.approx(st.wilson_interval(2, 4))


def test_refusals() -> None:
    with pytest.raises(ValueError, match="two patients"):
        st.risk_agreement([0.1], [0.2])
    with pytest.raises(ValueError, match="2 values"):
        st.risk_agreement([0.1, 0.2], [0.2])
    with pytest.raises(ValueError, match="between 0 and 1"):
        st.changed_side([0.1, 1.2], [0.2, 0.3], 0.5)
