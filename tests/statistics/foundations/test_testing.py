import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from spinecast import statistics as st

probabilities = some.lists(some.floats(0, 1), min_size=1, max_size=12)


@settings(max_examples=8)  # statsmodels takes a fifth of a second a call
@given(probabilities)
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert st.holm_adjusted(p_values) == pytest.approx(expected)


@given(probabilities, some.integers(0, 12))
def test_what_could_not_be_tested_counts_as_no_comparison(p_values: list[float], place: int) -> None:
    at = min(place, len(p_values))
    with_gap = [*p_values[:at], None, *p_values[at:]]
    adjusted = st.holm_adjusted(with_gap)
    assert adjusted[at] is None
    assert (*adjusted[:at], *adjusted[at + 1 :]) == st.holm_adjusted(p_values)


def test_the_p_value_of_a_delong_interval_is_delongs(patients: tuple[np.ndarray, np.ndarray]) -> None:
    outcome, risk = patients
    other = np.clip(risk + np.random.default_rng(3).normal(0, 0.2, risk.size), 0, 1)
    found = st.compare_auc(outcome, risk, other)
    assert st.p_value_of_difference(found.difference) == pytest.approx(found.p_value, rel=1e-12)


def test_the_p_value_of_a_mean_loss_difference_is_that_of_its_z(patients: tuple[np.ndarray, np.ndarray]) -> None:
    outcome, risk = patients
    other = 0.9 * risk + 0.03
    loss = (outcome - risk) ** 2 - (outcome - other) ** 2
    z = loss.mean() / (loss.std(ddof=1) / loss.size**0.5)
    found = st.p_value_of_difference(st.compare_loss(outcome, risk, other, "brier"))
    assert found == pytest.approx(2 * norm.sf(abs(z)))


def test_no_interval_no_p_value() -> None:
    assert st.p_value_of_difference(st.Absent("no events")) is None
    assert st.p_value_of_difference(st.Estimate(0.1, None, None, 9, 3, "")) is None
    assert st.p_value_of_difference(st.Estimate(0.0, 0.0, 0.0, 9, 3, "")) is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        st.holm_adjusted([0.2, 1.1])
