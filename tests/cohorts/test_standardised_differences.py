"""Standardised differences against R's tableone, and what must not change them.

The reference is the table that the vignette "Introduction to tableone" prints for Mayo Clinic's primary biliary
cirrhosis trial by treatment (tableone 0.12 and later, `print(tab3, smd = TRUE)`): counts, means, standard deviations
and SMD of 158 and 154 patients.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.stats.weightstats import DescrStatsW

from spinecast.cohorts.standardised_differences import effective_size, largest_difference, moments, pooled, standardised

LEVELS = {
    "status": ((83, 10, 65), (85, 9, 60), 0.054),
    "edema": ((132, 16, 10), (131, 13, 10), 0.058),
    "stage": ((12, 35, 56, 55), (4, 32, 64, 54), 0.246),
    "sex": ((21, 137), (15, 139), 0.111),
    "ascites": ((144, 14), (144, 10), 0.089),
    "hepato": ((85, 73), (67, 87), 0.207),
    "spiders": ((113, 45), (109, 45), 0.016),
}
NUMBERS = {
    "time": ((158, 2015.62, 1094.12), (154, 1996.86, 1155.93), 0.017),
    "age": ((158, 51.42, 11.01), (154, 48.58, 9.96), 0.270),
    "platelet": ((158, 258.75, 100.32), (154, 265.20, 90.73), 0.067),
}

Floats = NDArray[np.float64]
values = st.lists(st.floats(-100, 100, allow_nan=False).map(lambda x: round(x, 3)), min_size=2, max_size=20)


def pairs_of_counts(least: int) -> st.SearchStrategy[tuple[list[int], list[int]]]:
    """Patients of two groups by level."""
    return (
        st.lists(st.tuples(st.integers(least, 40), st.integers(least, 40)), min_size=3, max_size=6)
        .map(lambda rows: tuple(list(column) for column in zip(*rows, strict=True)))
        .filter(lambda groups: sum(groups[0]) > 1 and sum(groups[1]) > 1)  # type: ignore[return-value]
    )


def with_counts(numbers: tuple[int, ...] | list[int]) -> Floats:
    return np.repeat(np.arange(len(numbers)), numbers).astype(float)


def with_moments(count: int, mean: float, deviation: float) -> Floats:
    """Values of exactly this mean and sample standard deviation."""
    raw = np.sin(np.arange(count) * 1.7)
    return mean + deviation * (raw - raw.mean()) / raw.std(ddof=1)


def difference(one: Floats, other: Floats, levels: int = 0) -> float | None:
    return standardised(moments(one, levels), moments(other, levels))


@pytest.mark.parametrize("name", LEVELS)
def test_levels_agree_with_tableone(name: str) -> None:
    first, second, reference = LEVELS[name]
    found = difference(with_counts(first), with_counts(second), len(first))
    assert found is not None
    assert round(abs(found), 3) == reference


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_agree_with_tableone(name: str) -> None:
    first, second, reference = NUMBERS[name]
    found = difference(with_moments(*first), with_moments(*second))
    assert found is not None
    assert abs(found) == pytest.approx(reference, abs=6e-4)  # the printed moments are rounded


@given(pairs_of_counts(1))
def test_three_levels_or_more_are_the_mahalanobis_distance_without_any_one_level(
    groups: tuple[list[int], list[int]],
) -> None:
    """Yang and Dalton drop one level and invert; whichever is dropped, the distance is the same."""
    first, second = groups
    found = difference(with_counts(first), with_counts(second), len(first))
    one, other = (np.array(each) / sum(each) for each in (first, second))
    for dropped in range(len(first)):
        p, q = np.delete(one, dropped), np.delete(other, dropped)
        spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
        assert found == pytest.approx(np.sqrt((p - q) @ np.linalg.inv(spread) @ (p - q)), rel=1e-6, abs=1e-9)


@given(values, values)
def test_swapping_the_groups_changes_the_sign_only(first: list[float], second: list[float]) -> None:
    one, other = np.array(first), np.array(second)
    there, back = difference(one, other), difference(other, one)
    assert (there is None) == (back is None)
    assert there is None or there == pytest.approx(-back, abs=1e-12)


@given(pairs_of_counts(0))
def test_swapping_the_groups_leaves_levels_as_far_apart(groups: tuple[list[int], list[int]]) -> None:
    first, second = groups
    one, other = with_counts(first), with_counts(second)
    there, back = (difference(*pair, len(first)) for pair in ((one, other), (other, one)))
    assert there == pytest.approx(back) if there is not None else back is None


@given(values, values, st.sampled_from([0.01, 0.5, 3.0, 88.4]), st.sampled_from([-20.0, 0.0, 32.0]))
def test_the_unit_does_not_matter(first: list[float], second: list[float], scale: float, shift: float) -> None:
    one, other = np.array(first), np.array(second)
    assume(one.std() + other.std() > 1e-2)
    plain, changed = difference(one, other), difference(scale * one + shift, scale * other + shift)
    assert plain is not None
    assert changed == pytest.approx(plain, rel=1e-6, abs=1e-6)
    assert difference(-one, -other) == pytest.approx(-plain, abs=1e-12)


@given(pairs_of_counts(0), st.integers(0, 5))
def test_the_order_of_levels_does_not_matter(groups: tuple[list[int], list[int]], seed: int) -> None:
    first, second = groups
    order = np.random.default_rng(seed).permutation(len(first))
    plain = difference(with_counts(first), with_counts(second), len(first))
    moved = difference(*(with_counts([each[at] for at in order]) for each in (first, second)), len(first))
    assert plain == pytest.approx(moved, rel=1e-6, abs=1e-9) if plain is not None else moved is None


def test_two_levels_are_a_share_whichever_is_counted() -> None:
    # Shares 3/4 and 1/4: 0.5 / sqrt(3/16) (Austin 2009, Stat Med 28:3083, equation for a share).
    high, low = np.array([1.0, 1, 1, 0]), np.array([1.0, 0, 0, 0])
    assert difference(high, low, 2) == pytest.approx(0.5 / np.sqrt(3 / 16))
    assert difference(1 - high, 1 - low, 2) == pytest.approx(-0.5 / np.sqrt(3 / 16))


def test_alike_is_zero_and_different_without_spread_is_not_a_number() -> None:
    same = np.array([2.0, 2.0])
    assert difference(same, same) == 0.0
    assert difference(same, same + 1) is None
    assert difference(with_counts([5, 0, 0]), with_counts([0, 5, 0]), 3) is None
    # Level 2 separates the groups, though the first two levels vary: a pseudo-inverse alone would say 0.
    assert difference(with_counts([5, 5, 0]), with_counts([0, 0, 10]), 3) is None
    # A level that nobody has changes nothing; nor does it with two levels left.
    unused = difference(with_counts([5, 5, 0]), with_counts([6, 4, 0]), 3)
    assert unused == pytest.approx(difference(with_counts([5, 5]), with_counts([6, 4]), 2))


def test_one_known_value_has_no_spread() -> None:
    assert moments(np.array([3.0, np.nan]), 0) is None
    assert moments(np.array([np.nan, 1.0]), 2) is None
    assert standardised(None, moments(np.array([1.0, 2.0]), 0)) is None


@given(values, st.integers(1, 5))
def test_weighted_moments_agree_with_statsmodels(numbers: list[float], seed: int) -> None:
    column = np.array(numbers)
    weights = np.random.default_rng(seed).integers(1, 5, len(column)).astype(float)
    found = moments(column, 0, weights)
    assert found is not None
    assert found.mean[0] == pytest.approx(DescrStatsW(column, weights).mean, abs=1e-9)
    plain = moments(column, 0)
    assert plain is not None
    assert plain.covariance[0, 0] == pytest.approx(np.var(column, ddof=1), abs=1e-9)
    assert found.covariance[0, 0] == pytest.approx(
        np.cov(column, aweights=weights).item() if np.ptp(column) else 0.0, abs=1e-9
    )


def test_the_spread_to_standardise_by_can_be_that_of_other_groups() -> None:
    one, other = np.array([1.0, 3.0]), np.array([2.0, 6.0])
    before = pooled(moments(one, 0), moments(other, 0))  # type: ignore[arg-type]
    assert before[0, 0] == (2 + 8) / 2
    narrow = standardised(moments(np.array([3.0, 3.0]), 0), moments(np.array([4.0, 4.0]), 0), before)
    assert narrow == pytest.approx(-1 / np.sqrt(5))


def test_of_several_groups_the_two_that_differ_most() -> None:
    groups = [moments(np.array([x, x + 2.0]), 0) for x in (1.0, 0.0, 4.0)]
    assert largest_difference(groups) == (pytest.approx(4 / np.sqrt(2)), (1, 2))
    assert largest_difference(groups[:2]) == (pytest.approx(-1 / np.sqrt(2)), (0, 1))
    assert largest_difference([groups[0], None, groups[2]])[1] == (0, 2)
    assert largest_difference([groups[0], None]) == (None, None)
    flat = moments(np.array([9.0, 9.0]), 0), moments(np.array([8.0, 8.0]), 0)
    assert largest_difference([groups[0], *flat]) == (None, None)


def test_the_effective_size_of_equal_weights_is_their_number() -> None:
    assert effective_size(np.full(7, 0.3)) == pytest.approx(7)
    # Kish: (1 + 1 + 2)^2 / (1 + 1 + 4).
    assert effective_size(np.array([1.0, 1, 2])) == pytest.approx(16 / 6)
    assert effective_size(np.array([])) == 0
