"""Shifts and spreads of quantiles, against quantile regression of statsmodels and a linear programme of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from spinecast.statistics import (
    Absent,
    Estimate,
    compare_pinball,
    fit_quantile_scale,
    fit_quantile_shift,
    pinball_losses,
)

LEVELS = np.array([0.1, 0.5, 0.9])


def drawn(seed: int, count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Values and quantiles that lie too low and too close together."""
    draw = np.random.default_rng(seed)
    median = draw.normal(6, 0.6, count)
    values = median + 0.4 + draw.normal(0, 0.9, count)
    return values, median[:, None] + 0.5 * np.array([-1.28, 0, 1.28])


def loss(values: np.ndarray, quantiles: np.ndarray) -> float:
    return float(pinball_losses(values, quantiles, LEVELS).sum())


def best(values: np.ndarray, quantiles: np.ndarray) -> float:
    """Lowest summed loss over shift and spread: composite quantile regression as a linear programme."""
    apart = (quantiles - quantiles[:, [1]]).ravel()
    target = np.repeat(values - quantiles[:, 1], 3)
    levels, size = np.tile(LEVELS, len(values)), 3 * len(values)
    # target = shift + scale * apart + above - below
    constraint = np.column_stack([np.ones(size), apart, np.eye(size), -np.eye(size)])
    cost = np.concatenate([[0, 0], levels, 1 - levels])
    bounds = [(None, None), (0.01, 100)] + [(0, None)] * (2 * size)
    return float(linprog(cost, A_eq=constraint, b_eq=target, bounds=bounds, method="highs").fun)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shift_and_spread_reach_the_lowest_loss_there_is(seed: int) -> None:
    values, quantiles = drawn(seed)
    found = fit_quantile_scale(values, quantiles, LEVELS, 1)
    assert not isinstance(found, Absent)
    assert loss(values, found.apply(quantiles, 1)) == pytest.approx(best(values, quantiles), rel=1e-6)
    assert found.scale > 1.3  # they were too close together
    assert found.shift == pytest.approx(0.4, abs=0.25)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_one_level_is_shifted_as_a_quantile_regression_on_a_constant(level: float) -> None:
    values, quantiles = drawn(4)
    found = fit_quantile_shift(values, quantiles[:, [1]], [level])
    reference = sm.QuantReg(values - quantiles[:, 1], np.ones(len(values))).fit(q=level)
    ours, theirs = (
        float(pinball_losses(values, quantiles[:, [1]] + shift, [level]).sum())
        for shift in (found.shift, reference.params[0])
    )
    assert ours <= theirs + 1e-9
    assert found.shift == pytest.approx(reference.params[0], abs=0.05)


@given(st.integers(0, 500), st.floats(-0.5, 0.5))
def test_no_other_shift_loses_less(seed: int, away: float) -> None:
    values, quantiles = drawn(seed, 40)
    found = fit_quantile_shift(values, quantiles, LEVELS)
    assert loss(values, found.apply(quantiles, 1)) <= loss(values, quantiles + found.shift + away) + 1e-9


def test_paired_differences_are_below_0_for_the_better_one() -> None:
    values, quantiles = drawn(7, 400)
    shifted = fit_quantile_shift(values, quantiles, LEVELS).apply(quantiles, 1)
    found = compare_pinball(values, shifted, quantiles, LEVELS)
    assert isinstance(found, Estimate)
    assert found.upper is not None
    assert found.upper < 0
    assert found.estimate == pytest.approx((loss(values, shifted) - loss(values, quantiles)) / (3 * 400))


def test_quantiles_that_do_not_differ_have_no_spread() -> None:
    found = fit_quantile_scale([1.0, 2.0], np.full((2, 3), 4.0), LEVELS, 1)
    assert isinstance(found, Absent)
    with pytest.raises(ValueError, match="shape"):
        fit_quantile_shift([1.0, 2.0], np.zeros((2, 2)), LEVELS)
