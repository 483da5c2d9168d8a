"""Ordered outcomes: what holds whatever the patients are, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from spinecast.statistics import (
    Absent,
    Estimate,
    ParallelSlopes,
    ProportionalOdds,
    auc,
    brant_test,
    fit_logistic_regression,
    fit_proportional_odds,
    ordinal_concordance,
    ranked_probability_losses,
    ranked_probability_skill,
    somers_dxy,
)
from spinecast.statistics.foundations.logistic_regression import LogisticRegression


def drawn(n: int, seed: int, slopes: tuple[float, ...] = (1.0, 1.0, 1.0)) -> tuple[np.ndarray, np.ndarray]:
    """Levels 0 to 3 of one score, whose slope may differ between thresholds."""
    generator = np.random.default_rng(seed)
    score = generator.normal(size=n)
    reached = expit(np.array([1.0, -0.2, -1.2]) + np.outer(score, slopes))
    return (generator.random(n)[:, None] < np.sort(reached, axis=1)[:, ::-1]).sum(axis=1), score


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_two_levels_are_a_logistic_regression(seed: int) -> None:
    levels, score = drawn(120, seed)
    event = (levels >= 2).astype(float)
    columns = np.column_stack([score, np.random.default_rng(seed + 20_000).normal(size=120)])
    one, other = fit_proportional_odds(event, columns), fit_logistic_regression(event, columns)
    assert isinstance(one, ProportionalOdds)
    assert isinstance(other, LogisticRegression)
    np.testing.assert_allclose([*one.intercepts, *one.coefficients], other.coefficients, atol=1e-6)
    c, area = ordinal_concordance(event, score), auc(event, score)
    assert isinstance(c, Estimate)
    assert isinstance(area, Estimate)
    assert c.estimate == pytest.approx(area.estimate)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_maximum_is_at_least_as_high_as_statsmodels_and_the_gradient_is_nought(seed: int) -> None:
    levels, score = drawn(150, seed)
    found = fit_proportional_odds(levels, score[:, None])
    assert isinstance(found, ProportionalOdds)
    peer = OrderedModel(levels, score[:, None], distr="logit").fit(method="bfgs", disp=0)
    assert found.log_likelihood >= peer.llf - 1e-7
    assert found.coefficients[0] == pytest.approx(peer.params[0], abs=1e-3)
    # Turned round, the same model has the slopes and thresholds with the other sign.
    turned = fit_proportional_odds(3 - levels, score[:, None])
    assert isinstance(turned, ProportionalOdds)
    np.testing.assert_allclose(turned.coefficients, -found.coefficients, atol=1e-7)
    np.testing.assert_allclose(turned.intercepts, -found.intercepts[::-1], atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), penalty=st.floats(0.001, 100))
def test_thresholds_never_cross_and_a_penalty_shrinks(seed: int, penalty: float) -> None:
    levels, score = drawn(80, seed)
    columns = np.column_stack([score, np.ones(80)])
    found = fit_proportional_odds(levels, columns, penalty=penalty)
    free = fit_proportional_odds(levels, columns[:, :1])
    assert isinstance(found, ProportionalOdds)
    assert isinstance(free, ProportionalOdds)
    assert (np.diff(found.log_odds(columns), axis=1) < 0).all()
    assert abs(found.coefficients[0]) <= abs(free.coefficients[0]) + 1e-9
    assert found.coefficients[1] == 0  # what does not vary says nothing
    assert found.log_likelihood <= free.log_likelihood + 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_certain_prediction_costs_its_distance_and_ranking_is_turned_with_the_score(seed: int) -> None:
    generator = np.random.default_rng(seed)
    levels, said = generator.integers(0, 5, 40), generator.integers(0, 5, 40)
    certain = (said[:, None] >= np.arange(1, 5)).astype(float)
    np.testing.assert_allclose(ranked_probability_losses(levels, certain), np.abs(levels - said) / 4)
    score = generator.normal(size=40).round(1)
    one, other = somers_dxy(levels, score), somers_dxy(levels, -score)
    assert isinstance(one, Estimate)
    assert isinstance(other, Estimate)
    assert one.estimate == pytest.approx(-other.estimate)


def test_brant_s_test_finds_a_slope_that_falls_and_holds_its_level_where_none_does() -> None:
    falling = brant_test(*_as_columns(drawn(3000, 1, (1.6, 1.0, 0.5))))
    assert isinstance(falling, ParallelSlopes)
    assert falling.p_value < 1e-6
    assert (np.diff(falling.slopes[:, 0]) < 0).all()
    p_values = [
        one.p_value
        for seed in range(150)
        if isinstance(one := brant_test(*_as_columns(drawn(300, seed))), ParallelSlopes)
    ]
    # 150 tests at the level of 10 %: 15 expected, with a deviation of 3.7.
    assert 4 <= sum(p < 0.1 for p in p_values) <= 27


def _as_columns(data: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return data[0], data[1][:, None]


def test_what_cannot_be_computed_says_why() -> None:
    levels, score = drawn(60, 1)
    separated = fit_proportional_odds(levels, levels[:, None].astype(float))
    assert isinstance(separated, Absent)
    assert "separat" in separated.reason
    assert fit_proportional_odds([0, 2, 2], [[1.0], [2.0], [3.0]]) == Absent("a level does not occur")
    assert fit_proportional_odds([0, 1, 1], np.ones((3, 1))) == Absent("a covariate does not vary")
    assert brant_test(levels > 1, score[:, None]) == Absent("with one threshold there is nothing to compare")
    assert ordinal_concordance([2, 2], [0.1, 0.2]) == Absent("everybody has the same level")
    assert ranked_probability_skill([1, 1], [[0.5, 0.2]] * 2) == Absent("everybody has the same level")


@pytest.mark.parametrize(
    ("levels", "reached", "message"),
    [
        ([0, 1.5], [[0.5], [0.5]], "whole numbers"),
        ([-1, 1], [[0.5], [0.5]], "whole numbers"),
        ([0, 2], [[0.5], [0.5]], "a patient has level 2, and 1 is the highest predicted"),
        ([0, 1], [[0.5, 0.6], [0.5, 0.1]], "rises with the level"),
        ([0, 1], [[0.5], [1.5]], "no probability"),
        ([0, 1], [[0.5]], "shape"),
    ],
)
def test_impossible_input_is_refused(levels: list[float], reached: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ranked_probability_losses(levels, reached)


def test_a_regression_refuses_what_is_no_regression() -> None:
    with pytest.raises(ValueError, match="not negative"):
        fit_proportional_odds([0, 1], [[1.0], [2.0]], penalty=-1)
    with pytest.raises(ValueError, match="finite"):
        fit_proportional_odds([0, 1], [[1.0], [np.nan]])
