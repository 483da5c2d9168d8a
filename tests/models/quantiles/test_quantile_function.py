"""A distribution read from a few quantiles: in order, exact where it must be, and one with its own probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import lognorm, norm

from spinecast.models.quantiles.quantile_function import QuantileFunction, from_scale, to_scale

LEVELS = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
crossing = arrays.arrays(np.float64, (3, 5), elements=st.floats(-2, 9))


@given(values=crossing)
@settings(deadline=None)
def test_quantiles_never_cross_and_probabilities_never_rise(values: np.ndarray) -> None:
    found = QuantileFunction.rearranged(LEVELS, values, "logarithm")
    asked = found.quantiles(np.linspace(0.01, 0.99, 33))
    assert (np.diff(asked, axis=1) >= -1e-9 * asked[:, 1:]).all()
    assert (asked >= 0).all()
    passing = found.exceedance(np.linspace(0, 9000, 50))
    assert (np.diff(passing, axis=1) <= 1e-12).all()
    assert ((passing >= 0) & (passing <= 1)).all()


@given(values=crossing, variance=st.floats(0, 4))
@settings(deadline=None)
def test_more_variance_keeps_the_order_and_the_median_and_widens(values: np.ndarray, variance: float) -> None:
    found = QuantileFunction.rearranged(LEVELS, values, "as_measured")
    wider = found.widened(np.full(3, variance))
    assert (np.diff(wider.values, axis=1) >= -1e-9).all()
    np.testing.assert_allclose(wider.values[:, 2], found.values[:, 2], atol=1e-12)
    for share in (0.5, 0.8):  # between the outermost levels
        lower, upper = found.interval(share)
        lowest, highest = wider.interval(share)
        assert (highest - lowest >= upper - lower - 1e-9).all()


@pytest.mark.parametrize("level", [0.02, 0.1, 0.4, 0.5, 0.66, 0.97])
def test_a_log_normal_quantity_is_read_exactly_at_every_level(level: float) -> None:
    """SciPy's log-normal, shifted by 1 mL as the scale is: five quantiles give every other and every probability."""
    truth = lognorm(s=0.8, loc=-1, scale=900)
    values = to_scale(truth.ppf(LEVELS), "logarithm")[None, :]
    found = QuantileFunction(LEVELS, values, "logarithm")
    assert found.quantiles([level])[0, 0] == pytest.approx(truth.ppf(level), rel=1e-9)
    for threshold in (5.0, 500.0, 2500.0, 20000.0):
        assert found.exceedance([threshold])[0, 0] == pytest.approx(truth.sf(threshold), rel=1e-6)


def test_widening_a_normal_quantity_adds_variances() -> None:
    found = QuantileFunction(LEVELS, norm(3, 0.6).ppf(LEVELS)[None, :], "as_measured").widened(np.array([0.64]))
    np.testing.assert_allclose(found.values[0], norm(3, 1.0).ppf(LEVELS), rtol=1e-12)


def test_no_variance_changes_no_bit() -> None:
    values = np.sort(np.random.default_rng(1).normal(6, 1, (4, 5)), axis=1)
    found = QuantileFunction(LEVELS, values, "logarithm")
    assert found.widened(np.zeros(4)).values.tobytes() == values.tobytes()


def test_scales_are_each_other_s_inverse_and_nothing_is_below_nothing() -> None:
    values = np.array([0.0, 3.0, 2500.0])
    np.testing.assert_allclose(from_scale(to_scale(values, "logarithm"), "logarithm"), values, rtol=1e-12)
    assert from_scale(np.array([-3.0]), "logarithm")[0] == 0


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        QuantileFunction(LEVELS, np.zeros((1, 5)), "as_measured").quantiles([level])
