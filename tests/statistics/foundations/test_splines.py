"""Hand values follow Harrell, Regression Modeling Strategies, 2nd ed. 2015, section 2.4.5."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinecast.statistics import KNOT_QUANTILES, knot_positions, restricted_cubic_terms

REFERENCE = Path(__file__).parents[2] / "reference" / "glmnet_rotterdam"


def test_terms_by_hand() -> None:
    """Knots 0, 1, 9: the one term is (x^3 - 9/8 (x-1)^3 + 1/8 (x-9)^3) / 81, positive parts only."""
    found = restricted_cubic_terms(np.array([-2.0, 0.5, 4.0, 11.0]), np.array([0.0, 1.0, 9.0]))
    expected = [0.0, 0.125 / 81, (64 - 27 * 9 / 8) / 81, (1331 - 1000 * 9 / 8 + 8 / 8) / 81]
    assert found.shape == (4, 1)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", ["nodes", "pgr"])
def test_terms_against_rms(name: str) -> None:
    """R's rms::rcspline.eval on survival::rotterdam, norm = 2 (scaled by the squared distance of the outer knots)."""
    expected = json.loads((REFERENCE / "expected.json").read_text())
    with (REFERENCE / "development.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    values = np.array([float(row[name]) for row in rows])
    known = np.array([float(row[f"{name}_s"]) for row in rows])
    found = restricted_cubic_terms(values, np.array(expected["knots"][name], dtype=float))
    np.testing.assert_allclose(found[:, 0], known, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("knots", sorted(KNOT_QUANTILES))
def test_linear_beyond_the_outer_knots_and_bent_between(knots: int) -> None:
    positions = knot_positions(np.random.default_rng(0).normal(size=500), knots)
    assert positions is not None
    beyond = restricted_cubic_terms(positions[-1] + np.arange(6.0), positions)
    before = restricted_cubic_terms(positions[0] - np.arange(6.0), positions)
    between = restricted_cubic_terms(np.linspace(positions[0], positions[-1], 20), positions)
    assert np.diff(beyond, n=2, axis=0) == pytest.approx(0, abs=1e-9)
    assert not before.any()
    assert np.abs(np.diff(between, n=2, axis=0)).max(axis=0).min() > 1e-4


@given(
    st.lists(st.floats(-50, 50), min_size=3, max_size=5, unique=True).filter(lambda k: np.diff(sorted(k)).min() > 0.1)
)
def test_terms_have_no_step_and_no_kink(knots: list[float]) -> None:
    """Value, slope and curvature meet at every knot: differences over a tiny step shrink with it."""
    positions = np.array(sorted(knots))
    step = 1e-4 * (positions[-1] - positions[0])
    for knot in positions:
        around = restricted_cubic_terms(knot + step * np.arange(-2, 3), positions)
        curvature = np.diff(around, n=2, axis=0) / step**2
        assert np.abs(np.diff(curvature, axis=0)).max() < 1e-2 * (1 + np.abs(curvature).max())


def test_knots_stand_at_harrells_quantiles() -> None:
    values = np.arange(1001.0)
    found = {knots: knot_positions(values, knots) for knots in KNOT_QUANTILES}
    assert found[3] == pytest.approx([100, 500, 900])
    assert found[4] == pytest.approx([50, 350, 650, 950])
    assert found[5] == pytest.approx([50, 275, 500, 725, 950])


def test_no_spline_where_knots_coincide() -> None:
    assert knot_positions(np.array([0.0] * 90 + [1.0] * 10), 3) is None
