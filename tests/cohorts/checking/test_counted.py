"""Distinct numbers with counts give what numpy gives for the numbers themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinecast.cohorts.checking.counted import Counted

NUMBERS = st.lists(st.integers(-50, 50).map(lambda n: n / 4), min_size=2, max_size=60)


@given(NUMBERS, st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]))
def test_quantiles_are_those_of_numpy(numbers: list[float], share: float) -> None:
    expected = np.quantile(numbers, share, method="inverted_cdf")
    assert Counted.of(numbers).quantile(share) == expected


@given(NUMBERS)
def test_mean_and_deviation_are_those_of_numpy(numbers: list[float]) -> None:
    counted = Counted.of(numbers)
    assert counted.n == len(numbers)
    assert counted.mean == pytest.approx(np.mean(numbers))
    assert counted.deviation == pytest.approx(np.std(numbers, ddof=1))


def test_weights_missing_values_and_infinities() -> None:
    counted = Counted.of([3.0, np.nan, 1.0, np.inf, 3.0], [2, 9, 1, 9, 4])
    assert counted.values.tolist() == [1.0, 3.0]
    assert counted.counts.tolist() == [1, 6]
    assert counted.share(counted.values > 2) == pytest.approx(6 / 7)


def test_nothing_has_no_quantile() -> None:
    nothing = Counted.of([])
    assert nothing.n == 0
    assert np.isnan(nothing.median)
    assert np.isnan(nothing.mean)
    assert np.isnan(nothing.deviation)
    assert nothing.share(np.zeros(0, dtype=bool)) == 0
