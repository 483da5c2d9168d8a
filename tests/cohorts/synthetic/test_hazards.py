"""Competing Weibull hazards against numerical integration, and the expected area against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from spinecast.cohorts.synthetic.hazards import Hazard, cumulative_incidence, expected_auc


def by_quadrature(own: Hazard, other: Hazard, predictors: tuple[float, float], days: float) -> float:
    """The incidence as an integral over the event's own distribution function, adaptively."""
    total, rest = (float(h.cumulative(days, p)) for h, p in zip((own, other), predictors, strict=True))
    power = other.shape / own.shape
    value, _ = integrate.quad(
        lambda u: np.exp(-rest * (-np.log1p(-u) / total) ** power), 0, -np.expm1(-total), limit=500, epsabs=1e-9
    )
    return value


@given(
    shapes=st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)),
    sizes=st.tuples(st.floats(-6, 4), st.floats(-6, 4)),
)
def test_incidence_agrees_with_adaptive_quadrature(shapes: tuple[float, float], sizes: tuple[float, float]) -> None:
    days = 365.0
    own, other = (Hazard(-shape * np.log(days), shape) for shape in shapes)
    hazards = {"own": (own, np.array([sizes[0]])), "other": (other, np.array([sizes[1]]))}
    found = cumulative_incidence("own", days, hazards)[0]
    assert found == pytest.approx(by_quadrature(own, other, sizes, days), abs=1e-5)


@given(sizes=st.lists(st.floats(-5, 3), min_size=2, max_size=4), shape=st.floats(0.5, 2))
def test_incidences_and_event_free_survival_add_up_to_one(sizes: list[float], shape: float) -> None:
    days = 180.0
    hazards = {str(i): (Hazard(-shape * np.log(days), shape), np.array([size])) for i, size in enumerate(sizes)}
    free = np.prod([hazard.survival(days, predictor) for hazard, predictor in hazards.values()], axis=0)
    total = sum(cumulative_incidence(name, days, hazards) for name in hazards)
    np.testing.assert_allclose(total + free, 1.0, atol=1e-6)


def test_without_a_competitor_the_incidence_is_one_minus_survival() -> None:
    hazard, predictor = Hazard(-5.0, 0.9), np.linspace(-3, 6, 50)
    found = cumulative_incidence("death", 365, {"death": (hazard, predictor)})
    np.testing.assert_allclose(found, 1 - hazard.survival(365, predictor), atol=1e-9)


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=30))
def test_the_expected_area_is_its_definition_over_all_pairs(risks: list[float]) -> None:
    r = np.array(risks)
    weight = np.outer(r, 1 - r)
    np.fill_diagonal(weight, 0)
    concordant = (r[:, None] > r[None, :]) + 0.5 * (r[:, None] == r[None, :])
    assert expected_auc(r) == pytest.approx((weight * concordant).sum() / weight.sum())


def test_times_have_the_hazards_distribution() -> None:
    """The 90 % and 50 % points of a Weibull of shape .712 and scale 514.6 days (SORG development, 25.1 and 54.3 %)."""
    hazard = Hazard(-0.712 * np.log(514.6), 0.712)
    exhausted = -np.log([1 - 0.251, 1 - 0.543])
    assert hazard.times(exhausted, 0.0) == pytest.approx([90, 365], rel=5e-3)
