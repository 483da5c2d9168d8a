"""Recalibration of cumulative hazards, against statsmodels' Poisson regression and known distortions."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from spinecast.statistics import fit_hazard_recalibration


def simulated(count: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index, follow-up and event of exponential times with log hazard ``index`` a year, censored at random."""
    draw = np.random.default_rng(seed)
    index = draw.normal(size=count)
    time, censored = draw.exponential(np.exp(-index)), draw.uniform(0.2, 2, count)
    return index, np.minimum(time, censored), (time <= censored).astype(float)


def test_it_is_a_poisson_regression_with_the_cumulative_hazard_as_offset() -> None:
    index, time, event = simulated(500)
    expected = 1.7 * time * np.exp(0.6 * index)
    found = fit_hazard_recalibration(event, expected, 0.6 * index)
    reference = sm.GLM(event, sm.add_constant(0.6 * index), family=sm.families.Poisson(), offset=np.log(expected)).fit(
        tol=1e-12
    )
    assert found.intercept == pytest.approx(reference.params[0], abs=1e-7)
    assert found.slope == pytest.approx(1 + reference.params[1], abs=1e-7)


def test_a_known_distortion_is_undone() -> None:
    index, time, event = simulated(20_000)
    # Twice too high, and spread half as far as it should be.
    found = fit_hazard_recalibration(event, 2 * time * np.exp(0.5 * index), 0.5 * index)
    assert found.intercept == pytest.approx(-np.log(2), abs=0.03)
    assert found.slope == pytest.approx(2.0, abs=0.05)
    corrected = found.apply(np.log(2 * time * np.exp(0.5 * index))[:, None], 0.5 * index)[:, 0]
    assert np.exp(corrected).sum() == pytest.approx(event.sum(), rel=1e-9)


def test_an_index_that_ranks_backwards_is_silenced_and_one_that_does_not_vary_left() -> None:
    index, time, event = simulated()
    backwards = fit_hazard_recalibration(event, time * np.exp(-index), -index)
    assert backwards.slope == 0
    level = fit_hazard_recalibration(event, time, np.zeros(len(time)))
    assert level.slope == 1
    assert level.intercept == pytest.approx(np.log(event.sum() / time.sum()))


def test_what_cannot_be_recalibrated_is_refused() -> None:
    with pytest.raises(ValueError, match="needs events"):
        fit_hazard_recalibration([0, 0], [1, 1], [0, 1])
    with pytest.raises(ValueError, match="needs events"):
        fit_hazard_recalibration([1, 0], [-1, 1], [0, 1])
