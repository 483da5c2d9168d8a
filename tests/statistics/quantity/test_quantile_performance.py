"""Predicted quantiles against measured values: equal to scikit-learn and SciPy, and to counts made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import d2_pinball_score, mean_absolute_error, mean_pinball_loss

from spinecast import statistics
from spinecast.statistics import Absent, Estimate

LEVELS = np.array([0.1, 0.5, 0.9])


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    return np.random.default_rng(3).lognormal(6.5, 0.9, 400)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.9])
def test_pinball_loss_is_scikit_learn_s(values: np.ndarray, level: float) -> None:
    predicted = values * np.random.default_rng(4).uniform(0.4, 1.8, len(values))
    found = statistics.pinball_loss(values, predicted, level)
    assert isinstance(found, Estimate)
    assert found.estimate == pytest.approx(mean_pinball_loss(values, predicted, alpha=level), rel=1e-12)
    assert found.lower < found.estimate < found.upper  # type: ignore[operator]


def test_the_skill_of_one_level_is_scikit_learn_s_d2(values: np.ndarray) -> None:
    predicted = values**0.9 * 2
    found = statistics.pinball_skill(values, predicted[:, None], [0.75])
    assert isinstance(found, Estimate)
    assert found.estimate == pytest.approx(d2_pinball_score(values, predicted, alpha=0.75), abs=1e-9)


def test_the_interval_of_the_skill_covers_what_a_larger_sample_says() -> None:
    """The skill of true quantiles in 300 draws of 120 people lies in its own interval about as often as it says."""
    generator = np.random.default_rng(8)

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        mean = generator.normal(0, 1, n)
        return mean + generator.normal(0, 1, n), mean[:, None] + norm.ppf(LEVELS)

    truth = statistics.pinball_skill(*drawn(100_000), LEVELS).estimate  # type: ignore[union-attr]
    inside = 0
    for _ in range(300):
        found = statistics.pinball_skill(*drawn(120), LEVELS)
        assert isinstance(found, Estimate)
        inside += found.lower <= truth <= found.upper  # type: ignore[operator]
    assert 0.89 < inside / 300 < 0.99


def test_coverage_and_shares_are_counts() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    found = statistics.interval_coverage(values, [1, 3, 3, 3], [2, 4, 3, 3.5])
    assert isinstance(found, Estimate)
    assert found.estimate == 0.5
    assert (found.lower, found.upper) == pytest.approx(statistics.wilson_interval(2, 4))
    below = statistics.share_below(values, [1, 1, 9, 9])
    assert isinstance(below, Estimate)
    assert below.estimate == 0.75


def test_error_and_width_are_means(values: np.ndarray) -> None:
    predicted = values[::-1]
    found = statistics.mean_absolute_error(values, predicted)
    assert found.estimate == pytest.approx(mean_absolute_error(values, predicted))  # type: ignore[union-attr]
    width = statistics.mean_interval_width([1.0, 2.0], [3.0, 6.0])
    assert width.estimate == 3.0  # type: ignore[union-attr]


@given(level=st.floats(0.01, 0.99), seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_the_sample_s_own_quantile_has_the_lowest_loss_of_all_constants(level: float, seed: int) -> None:
    drawn = np.random.default_rng(seed).normal(0, 1, 41)
    best = np.quantile(drawn, level, method="inverted_cdf")
    losses = [
        statistics.pinball_losses(drawn, np.full((41, 1), best + step), [level]).mean() for step in (0, -0.2, 0.2)
    ]
    assert losses[0] <= min(losses[1:]) + 1e-12


def test_what_cannot_be_is_refused_or_absent() -> None:
    with pytest.raises(ValueError, match="shape"):
        statistics.pinball_losses([1.0, 2.0], [[1.0]], [0.5])
    with pytest.raises(ValueError, match="between 0 and 1"):
        statistics.pinball_losses([1.0], [[1.0]], [1.5])
    with pytest.raises(ValueError, match="not finite"):
        statistics.pinball_losses([1.0], [[np.nan]], [0.5])
    assert isinstance(statistics.pinball_skill([2.0, 2.0], [[2.0], [2.0]], [0.5]), Absent)
