"""Shifts of a distribution against SciPy's own tests, hand sums, and what holds whatever the numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy, hypergeom, ks_2samp

from spinecast.statistics import (
    Absent,
    DistributionShift,
    level_shift,
    missing_shift,
    population_stability_index,
    quantile_shift,
    sample_shift,
    stability_limit,
)

COUNTS = st.lists(st.integers(1, 400), min_size=2, max_size=8)


def _found(shift: DistributionShift | Absent) -> DistributionShift:
    assert isinstance(shift, DistributionShift)
    return shift


@given(COUNTS, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_the_stability_index_is_both_divergences_of_scipy(counts: list[int], seed: int) -> None:
    before = np.array(counts) / sum(counts)
    after = np.random.default_rng(seed).dirichlet(np.full(len(counts), 5.0)).clip(1e-6)
    after /= after.sum()
    index = population_stability_index(before, after)
    assert index == pytest.approx(entropy(after, before) + entropy(before, after), abs=1e-12)
    assert index == pytest.approx(population_stability_index(after, before))
    assert population_stability_index(before, before) == 0


def test_the_stability_index_is_that_of_a_hand_sum() -> None:
    # (.5 - .4) ln(.5/.4) + (.3 - .3) ln 1 + (.2 - .3) ln(.2/.3)
    expected = 0.1 * math.log(1.25) - 0.1 * math.log(2 / 3)
    assert population_stability_index([0.4, 0.3, 0.3], [0.5, 0.3, 0.2]) == pytest.approx(expected)


def test_the_limit_is_passed_as_often_as_it_says_when_nothing_changed() -> None:
    generator = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    before, after = generator.multinomial(800, shares, 4000), generator.multinomial(200, shares, 4000)
    index = np.array(
        [population_stability_index(a / 800, b / 200) for a, b in zip(before, after, strict=True) if b.all()]
    )
    over = float(np.mean(index > stability_limit(10, 200, 800, 0.05)))
    assert 0.035 < over < 0.07


def test_two_samples_are_compared_as_scipy_does() -> None:
    generator = np.random.default_rng(2)
    before, after = generator.normal(0, 1, 900), generator.normal(0.3, 1, 200)
    found = _found(sample_shift(np.append(before, np.nan), np.append(after, [np.nan, np.nan])))
    reference = ks_2samp(before, after, method="asymp")
    assert (found.distance, found.p_value) == pytest.approx((reference.statistic, reference.pvalue))
    assert (found.n, found.reference_n) == (200, 900)
    cuts = np.quantile(before, np.arange(1, 10) / 10)
    shares = [np.histogram(one, [-np.inf, *cuts, np.inf])[0] / one.size for one in (before, after)]
    assert found.stability_index == pytest.approx(entropy(*shares) + entropy(*shares[::-1]))


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.booleans())
@settings(deadline=None, max_examples=80)
def test_known_quantiles_never_show_more_than_the_sample_they_are_of(seed: int, n: int, whole: bool) -> None:
    generator = np.random.default_rng(seed)
    before, after = generator.normal(60, 10, 500), generator.normal(generator.choice([60, 66]), 10, n)
    if whole:
        before, after = before.round(), after.round()
    probabilities = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    quantiles = np.quantile(before, probabilities, method="inverted_cdf")
    found = _found(quantile_shift(probabilities, quantiles, 500, after))
    full = ks_2samp(before, after, method="asymp")
    assert 0 <= found.distance <= full.statistic + 1 / 500
    assert 0 <= found.p_value <= 1


def test_known_quantiles_show_a_shift_and_none_where_there_is_none() -> None:
    generator = np.random.default_rng(3)
    probabilities = np.array([0.05, 0.15, 0.25, 0.35, 0.5, 0.65, 0.75, 0.85, 0.95])
    quantiles = np.quantile(generator.normal(3.7, 0.6, 1500), probabilities)
    same = [_found(quantile_shift(probabilities, quantiles, 1500, generator.normal(3.7, 0.6, 200))) for _ in range(300)]
    assert np.mean([one.p_value < 0.05 for one in same]) < 0.05
    moved = _found(quantile_shift(probabilities, quantiles, 1500, generator.normal(4.2, 0.6, 200)))
    assert moved.p_value < 1e-12
    assert moved.stability_index is not None
    assert moved.stability_limit is not None
    assert moved.stability_index > moved.stability_limit
    assert np.mean([one.stability_index > one.stability_limit for one in same]) < 0.03  # type: ignore[operator]


def test_a_level_is_tested_exactly() -> None:
    found = _found(level_shift([0.7, 0.3], 100, [20, 20]))
    # Two-sided by probability, from the hypergeometric distribution of the 50 patients with the second level of 140.
    table = hypergeom(140, 50, 40)
    chances = table.pmf(np.arange(41))
    assert found.p_value == pytest.approx(chances[chances <= chances[20] * (1 + 1e-7)].sum())
    assert found.distance == pytest.approx(0.2)
    assert isinstance(level_shift([1.0, 0.0], 100, [40, 0]), Absent)
    rare = _found(level_shift([0.998, 0.002, 0.0], 1000, [198, 1, 1]))
    assert rare.p_value > 0.1


def test_a_share_of_missing_values_is_tested_exactly() -> None:
    assert _found(missing_shift(100, 1000, 20, 200)).p_value == pytest.approx(1)
    found = _found(missing_shift(100, 1000, 60, 200))
    assert found.p_value < 1e-9
    assert found.distance == pytest.approx(0.2)


def test_nobody_gives_no_number() -> None:
    assert isinstance(sample_shift([1.0, 2.0], [np.nan]), Absent)
    assert isinstance(quantile_shift([0.5], [1.0], 10, []), Absent)
    assert isinstance(level_shift([0.5, 0.5], 10, [0, 0]), Absent)
    assert isinstance(missing_shift(0, 10, 0, 0), Absent)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: population_stability_index([0.5, 0.5], [1.0]), "1 shares"),
        (lambda: population_stability_index([0.5, 0.5], [1.0, 0.0]), "above 0"),
        (lambda: stability_limit(1, 10, 10), "two cells"),
        (lambda: quantile_shift([0.5, 0.4], [1.0, 2.0], 10, [1.0]), "quantiles do not"),
        (lambda: quantile_shift([0.4, 0.5], [2.0, 1.0], 10, [1.0]), "quantiles do not"),
        (lambda: level_shift([0.5, 0.4], 10, [1, 1]), "sum to 1"),
        (lambda: missing_shift(11, 10, 1, 2), "no more values"),
    ],
)
def test_what_is_no_distribution_is_refused(call: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        call()
