"""Linkage finds the same people under noise and claims nobody by chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spinecast.cohorts.checking.linkage import AGREEMENT, Evidence, evidence_of, find_links, needed_bits


def strangers(rng: np.random.Generator, count: int, columns: int = 12, values: int = 60) -> NDArray[np.float64]:
    return rng.integers(0, values, (count, columns)).astype(float)


def evidence(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[Evidence]:
    return [evidence_of(f"v{place}", left[:, place], right[:, place], (1, 1)) for place in range(left.shape[1])]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(5, 12))
def test_strangers_are_not_linked(seed: int, values: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = strangers(rng, 400, columns, values), strangers(rng, 300, columns, values)
    links = find_links(evidence(left, right))
    assert links is None or len(links) == 0


def test_strangers_of_correlated_columns_are_not_linked() -> None:
    """Columns that say the same add up as if they were independent; the margin stands against that."""
    rng = np.random.default_rng(1)

    def made(count: int) -> NDArray[np.float64]:
        mild = rng.normal(size=(count, 1))
        return np.round(10 * (0.8 * mild + 0.6 * rng.normal(size=(count, 12))))

    links = find_links(evidence(made(2000), made(2000)))
    assert links is not None
    assert len(links) == 0


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_the_same_people_are_found_though_some_values_changed(changed: int) -> None:
    rng = np.random.default_rng(2)
    left, right = strangers(rng, 500), strangers(rng, 400)
    right[:60] = left[100:160]
    for row in range(60):
        places = rng.choice(12, changed, replace=False)
        right[row, places] = rng.integers(0, 60, changed)
    links = find_links(evidence(left, right))
    assert links is not None
    pairs = set(zip(links.left.tolist(), links.right.tolist(), strict=True))
    truth = set(zip(range(100, 160), range(60), strict=True))
    assert pairs <= truth
    assert len(pairs) >= 0.95 * len(truth)


def test_missing_values_are_neither_for_nor_against() -> None:
    rng = np.random.default_rng(3)
    left, right = strangers(rng, 300, 16), strangers(rng, 300, 16)
    right[:40] = left[:40]
    right[rng.random(right.shape) < 0.2] = np.nan
    links = find_links(evidence(left, right))
    assert links is not None
    assert np.array_equal(links.left, links.right)
    assert len(links) >= 36
    assert links.differing.max() == 0


def test_a_value_rounded_away_still_agrees() -> None:
    rng = np.random.default_rng(4)
    left = rng.normal(50, 10, (300, 10)).round(1)
    right = np.concatenate([(left[:30] / 88.42).round(4) * 88.42, rng.normal(50, 10, (200, 10)).round(1)])
    columns = [evidence_of(f"v{place}", left[:, place], right[:, place], (0.1, 0.01)) for place in range(10)]
    links = find_links(columns)
    assert links is not None
    assert links.left.tolist() == links.right.tolist() == list(range(30))


def test_within_a_table_each_pair_is_found_once_and_nobody_is_their_own_twin() -> None:
    rng = np.random.default_rng(5)
    table = np.concatenate([people := strangers(rng, 200), people[:5]])
    links = find_links(evidence(table, table), within=True, most_differing=0.0)
    assert links is not None
    assert links.left.tolist() == list(range(5))
    assert links.right.tolist() == list(range(200, 205))


def test_columns_that_tell_too_little_give_no_answer() -> None:
    rng = np.random.default_rng(6)
    assert find_links(evidence(strangers(rng, 300, 6, 2), strangers(rng, 300, 6, 2))) is None
    assert find_links(evidence(strangers(rng, 300, 4), strangers(rng, 300, 4))) is None  # fewer than five columns
    assert find_links([]) is None


def test_the_bound_on_chance_is_that_of_markov() -> None:
    """A million pairs need log2(10^6) + 10 bits; the expected number by chance is then 2^-10."""
    assert needed_bits(1e6) == pytest.approx(np.log2(1e6) + 10)
    rng = np.random.default_rng(7)
    links = find_links(evidence(strangers(rng, 1000), strangers(rng, 1000)))
    assert links is not None
    assert links.by_chance == pytest.approx(2**-10)


def test_bits_of_a_column_are_its_chance_of_agreement() -> None:
    """Two equally frequent values agree by chance every second time: one bit; half of them missing: half of it."""
    values = np.tile([0.0, 1.0], 50)
    assert Evidence("v", values, values).bits() == pytest.approx(1)
    half = np.where(np.arange(100) < 50, values, np.nan)
    assert Evidence("v", half, values).bits() == pytest.approx(0.5)
    assert 0 < AGREEMENT < 1
