from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some
from statsmodels.stats.proportion import proportion_confint

from spinecast import statistics as st

counts = some.integers(1, 500).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n)))
INSIDE = [st.wilson_interval, st.clopper_pearson_interval, st.jeffreys_interval]


@pytest.mark.parametrize("function", INSIDE)
@given(counts)
def test_intervals_hold_the_share_inside_the_scale(
    function: Callable[[float, float], tuple[float, float]], given_counts: tuple[int, int]
) -> None:
    successes, n = given_counts
    lower, upper = function(successes, n)
    assert 0 <= lower <= successes / n <= upper <= 1
    assert lower < upper


@given(counts)
def test_exact_interval_contains_jeffreys(given_counts: tuple[int, int]) -> None:
    exact, jeffreys = st.clopper_pearson_interval(*given_counts), st.jeffreys_interval(*given_counts)
    assert exact[0] <= jeffreys[0] + 1e-12
    assert jeffreys[1] <= exact[1] + 1e-12


@pytest.mark.parametrize(
    ("function", "method"),
    [(st.wilson_interval, "wilson"), (st.clopper_pearson_interval, "beta"), (st.jeffreys_interval, "jeffreys")],
)
def test_agrees_with_statsmodels(function: Callable[[float, float], tuple[float, float]], method: str) -> None:
    assert function(7, 23) == pytest.approx(proportion_confint(7, 23, method=method), abs=1e-9)


@pytest.mark.parametrize("function", [*INSIDE, st.wald_interval])
@pytest.mark.parametrize("impossible", [(3, 2), (-1, 2), (0, 0)])
def test_refuses_impossible_counts(
    function: Callable[[float, float], tuple[float, float]], impossible: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="not possible"):
        function(*impossible)
