import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.special import expit, logit

from spinecast import statistics as st


def test_without_differences_the_interval_is_normal() -> None:
    found = st.pool_imputations([0.5, 0.5, 0.5], [0.04, 0.04, 0.04])
    assert (found.between, found.missing_share, found.degrees_of_freedom) == (0, 0, math.inf)
    assert found.upper - found.estimate == pytest.approx(1.959963984540054 * 0.2)


def test_few_complete_data_widen_the_interval() -> None:
    given_ = ([0.4, 0.5, 0.7], [0.04, 0.05, 0.04])
    widths = [st.pool_imputations(*given_, degrees).upper for degrees in (10, 100, 1000)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > st.pool_imputations(*given_).upper


@pytest.mark.parametrize(("values", "variances"), [([0.5], [0.1]), ([0.5, 0.6], [0.1]), ([0.5, 0.6], [0.1, 0.0])])
def test_refuses_what_cannot_be_pooled(values: list[float], variances: list[float]) -> None:
    with pytest.raises(ValueError, match="variance"):
        st.pool_imputations(values, variances)


@given(some.floats(0.01, 0.99), some.floats(0.05, 0.95), some.floats(0.05, 0.95))
def test_shifting_there_and_back_changes_nothing(risk: float, sampled: float, target: float) -> None:
    there = st.shift_prevalence([risk], sampled, target)
    assert st.shift_prevalence(there, target, sampled)[0] == pytest.approx(risk, rel=1e-9)


def test_shift_repairs_undersampling() -> None:
    """Dropping nine of ten patients without the outcome moves the log-odds by log 10 and nothing else."""
    generator = np.random.default_rng(9)
    log_odds = generator.normal(-3, 1, 400_000)
    y = generator.random(log_odds.size) < expit(log_odds)
    kept = y | (generator.random(y.size) < 0.1)
    biased = expit(log_odds + np.log(10))
    assert st.calibration_in_the_large(y[kept], biased[kept]).estimate == pytest.approx(0, abs=0.03)
    right = st.shift_prevalence(biased, y[kept].mean(), y.mean())
    assert logit(right) == pytest.approx(log_odds, abs=0.02)


def test_certain_risks_stay_and_others_are_refused() -> None:
    assert st.shift_prevalence([0.0, 1.0], 0.2, 0.5).tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="risk must lie"):
        st.shift_prevalence([1.2], 0.2, 0.5)
    with pytest.raises(ValueError, match="proportions"):
        st.shift_prevalence([0.2], 0.0, 0.5)
