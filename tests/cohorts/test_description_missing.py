"""What is missing together, against a count in plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from spinecast.cohorts.describing.missing_patterns import missing_patterns

tables = st.tuples(st.integers(1, 60), st.integers(1, 18)).flatmap(lambda shape: arrays(np.bool_, shape))


def counted(missing: NDArray[np.bool_], names: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(name for name, lost in zip(names, row, strict=True) if lost) for row in missing)


@given(tables, st.integers(0, 6), st.integers(1, 12))
def test_the_commonest_patterns_and_the_rest(missing: NDArray[np.bool_], smallest: int, most: int) -> None:
    names = [f"v{place}" for place in range(missing.shape[1])]
    reference = counted(missing, names)
    found = missing_patterns(missing, names, smallest, most)
    assert all(reference[each.variables] == each.patients for each in found.shown)
    sizes = [each.patients for each in found.shown]
    assert sizes == sorted(sizes, reverse=True)
    assert len(found.shown) <= most
    assert sum(sizes) + found.patients_in_others == len(missing)
    assert len(found.shown) + found.others == len(reference)
    assert all(size >= smallest for size in sizes)
    assert found.patients_in_others == 0 or found.patients_in_others >= min(smallest, len(missing))


def test_all_patterns_are_shown_where_there_is_room() -> None:
    missing = np.array([[True, False], [True, False], [False, False], [True, True]])
    found = missing_patterns(missing, ["a", "b"])
    assert [(each.variables, each.patients) for each in found.shown] == [(("a",), 2), ((), 1), (("a", "b"), 1)]
    assert (found.others, found.patients_in_others) == (0, 0)
