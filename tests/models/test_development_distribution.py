"""The joint distribution of predictors: distances against SciPy's, who is outside, what is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_models import PREDICTORS, patients, schema
from numpy.typing import NDArray
from scipy.spatial.distance import mahalanobis
from scipy.stats import norm

from spinecast.models.development_distribution import (
    OUTSIDE,
    SMALLEST_EIGENVALUE,
    DevelopmentDistribution,
    learn_development_distribution,
)

FloatArray = NDArray[np.float64]
PAIR = ("age", "albumin")


def learned(matrix: FloatArray, names: tuple[str, ...] = PREDICTORS) -> DevelopmentDistribution:
    return learn_development_distribution(matrix, schema(names), np.arange(len(matrix)) % 5)


def correlated(count: int, seed: int, correlation: float = 0.9) -> FloatArray:
    draw = np.random.default_rng(seed).multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], count)
    return draw * [10, 0.5] + [60, 3.5]


@pytest.fixture(scope="module")
def usual() -> DevelopmentDistribution:
    return learned(patients(count=600)[0])


def test_contributions_add_up_to_the_distance_of_scipy(usual: DevelopmentDistribution) -> None:
    matrix = patients(count=40, seed=3)[0]
    found, scores = usual.distances(matrix), usual.normal_scores(matrix)
    for row in range(len(matrix)):
        known = ~np.isnan(matrix[row])
        inverse = np.linalg.inv(usual.correlation[np.ix_(known, known)])
        by_scipy = mahalanobis(scores[row, known], np.zeros(known.sum()), inverse) ** 2
        assert found.contributions[row].sum() == pytest.approx(by_scipy)
        assert (found.contributions[row, ~known] == 0).all()
    assert (found.contributions >= 0).all()


def test_a_distance_does_not_depend_on_who_is_measured_beside(usual: DevelopmentDistribution) -> None:
    matrix = patients(count=60, seed=3)[0]
    every = usual.distances(matrix)
    for row in range(0, 60, 7):
        alone = usual.distances(matrix[[row]])
        assert np.array_equal(alone.contributions[0], every.contributions[row])
        assert alone.standardised[0] == every.standardised[row]


def test_one_in_a_hundred_like_them_is_outside() -> None:
    known = learn_development_distribution(patients(count=4000)[0], schema(), np.arange(4000) % 5)
    fresh = known.distances(patients(count=20_000, seed=8)[0])
    # 3.3 standard errors of 4,000 patients' own 99th percentile and of 20,000 fresh ones.
    assert known.outside(fresh).mean() == pytest.approx(
        1 - OUTSIDE, abs=3.3 * np.sqrt(0.0099 * (1 / 4000 + 1 / 20_000))
    )
    middle = (fresh.percentile > 0.5).mean()
    assert middle == pytest.approx(0.5, abs=0.04)


def test_values_that_are_ordinary_alone_are_outside_together() -> None:
    known = learned(correlated(2000, 1), PAIR)
    together, apart = np.array([[75.0, 4.25]]), np.array([[75.0, 2.75]])  # 1.5 standard deviations each
    found = known.distances(apart)
    assert not known.outside(known.distances(together))[0]
    assert known.outside(found)[0]
    # With a correlation of .9 an age at +1.5 leads to expect an albumin at +1.35; this one is at -1.5.
    assert found.surprise[0, 1] == pytest.approx(-1.5 - 0.9 * 1.5, abs=0.25)
    assert found.contributions[0] / found.contributions.sum() == pytest.approx([0.5, 0.5], abs=0.05)


def test_scores_are_normal_scores_of_the_development_patients() -> None:
    values = np.random.default_rng(2).normal(60, 10, 50_000)
    known = learned(np.column_stack([values, values]), PAIR)
    asked = np.array([30.0, 45.0, 60.0, 72.0, 90.0])
    scores = known.normal_scores(np.column_stack([asked, asked]))[:, 0]
    assert scores == pytest.approx((asked - 60) / 10, abs=0.12)


def test_levels_without_an_order_are_rarer_the_farther_out() -> None:
    group = np.repeat([0.0, 1.0, 2.0], [100, 880, 20])
    known = learned(np.column_stack([group, np.linspace(30, 90, 1000)]), ("tumour_group", "age"))
    expected = norm.ppf([0.88 / 2, 0.88 + 0.05, 0.98 + 0.01])  # commonest first, the middle of each one's place
    assert known.level_scores[0, [1, 0, 2]] == pytest.approx(expected)


def test_repeated_predictors_are_held_apart() -> None:
    values = np.random.default_rng(2).normal(60, 10, 300)
    known = learned(np.column_stack([values, values]), PAIR)
    assert np.linalg.eigvalsh(known.correlation)[0] >= SMALLEST_EIGENVALUE - 1e-12


def test_who_is_not_known_at_all_is_not_outside(usual: DevelopmentDistribution) -> None:
    nobody = usual.distances(np.full((1, len(PREDICTORS)), np.nan))
    assert not usual.outside(nobody)[0]
    assert nobody.percentile[0] == 0
    assert nobody.contributions.sum() == 0


def test_a_predictor_without_any_value_or_with_one_alone_makes_no_trouble() -> None:
    matrix = correlated(200, 1)
    matrix[:, 0], matrix[:, 1] = np.nan, 3.0
    known = learned(matrix, PAIR)
    assert not known.outside(known.distances(matrix)).any()
    assert known.outside(known.distances(np.array([[np.nan, 4.0]])))[0]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0, 120), min_size=1, max_size=30),
    st.integers(0, 2**32 - 1),
)
def test_scores_rise_with_the_value(ages: list[float], seed: int) -> None:
    values = np.random.default_rng(seed).normal(60, 10, 50).round(-1)  # many ties
    known = learned(np.column_stack([values, values]), PAIR)
    asked = np.sort(np.array(ages))
    scores = known.normal_scores(np.column_stack([asked, asked]))[:, 0]
    assert np.isfinite(scores).all()
    assert (np.diff(scores) >= -1e-12).all()
