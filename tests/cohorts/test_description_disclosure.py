"""Small counts are hidden, and do not come back by subtraction."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from spinecast.cohorts.describing.disclosure import Shown, hidden_text, protected

tables = st.tuples(st.integers(1, 5), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.sampled_from([0, 0, 1, 2, 4, 5, 6, 30]))
)


def with_totals(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.column_stack([groups.sum(axis=1), groups])


@given(tables)
def test_every_small_count_is_hidden_and_no_line_is_left_with_one(groups: NDArray[np.int64]) -> None:
    counts = with_totals(groups)
    state = protected(counts, 5)
    assert np.array_equal(state == Shown.SMALL, (counts > 0) & (counts < 5))
    for line in (*state, *state.T):
        hidden = int((line != Shown.YES).sum())
        assert hidden != 1 or len(line) == 1


@given(tables)
def test_nothing_is_hidden_without_need(groups: NDArray[np.int64]) -> None:
    counts = with_totals(groups)
    assert not protected(counts, 0).any()
    assert not protected(counts, 1).any()
    if not ((counts > 0) & (counts < 5)).any():
        assert not protected(counts, 5).any()


def test_a_reader_who_knows_all_totals_cannot_tell_a_hidden_count() -> None:
    """Try every table that agrees with what is shown and with the totals: each hidden count has several values."""
    counts = with_totals(np.array([[3, 40], [20, 30], [7, 9]]))
    state = protected(counts, 5)
    hidden = [tuple(place) for place in np.argwhere(state != Shown.YES)]
    found: dict[tuple[int, int], set[int]] = {place: set() for place in hidden}
    for values in product(range(60), repeat=2):
        trial = counts.copy()
        # Two hidden counts of the first group column are free; the others follow from the totals.
        rows = sorted({row for row, _ in hidden})
        trial[rows, 1] = values
        trial[rows, 2] = trial[rows, 0] - trial[rows, 1]
        if (trial >= 0).all() and np.array_equal(trial.sum(axis=0), counts.sum(axis=0)):
            for place in hidden:
                found[place].add(int(trial[place]))
    assert hidden
    assert all(len(values) > 1 for values in found.values())


def test_what_stands_in_a_hidden_cell() -> None:
    assert [hidden_text(state, 5) for state in Shown] == [None, "<5", "not shown"]
