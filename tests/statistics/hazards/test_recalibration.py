"""Recalibration of cumulative hazards, against statsmodels' Poisson regression and known distortions."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from spinecast.statistics import HazardRecalibration, fit_hazard_recalibration, fit_recalibration_by_day


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


def by_a_day(count: int = 800) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Who had the event by day 1, log cumulative hazards that are too flat and too low, their index, and weights."""
    index, time, event = simulated(count, seed=4)
    flat = 0.6 * index - 0.5
    weights = np.where((event == 1) | (time >= 1), 1.0 + (time > 0.5), 0.0)
    return (event == 1) & (time <= 1), flat, flat - flat.mean(), weights


def test_of_one_day_it_is_a_weighted_binomial_regression_on_the_complementary_log_log() -> None:
    outcome, flat, index, weights = by_a_day()
    found = fit_recalibration_by_day(
        outcome, flat, index, weights, towards=HazardRecalibration(0.0, 1.0), certainty=1e-9
    )
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    reference = sm.GLM(outcome, sm.add_constant(index), family=family, offset=flat, freq_weights=weights).fit(tol=1e-12)
    assert found.intercept == pytest.approx(reference.params[0], abs=1e-6)
    assert found.slope == pytest.approx(1 + reference.params[1], abs=1e-6)


def test_a_prior_draws_it_as_a_direct_maximisation_does() -> None:
    outcome, flat, index, weights = by_a_day()
    towards = HazardRecalibration(-0.4, 0.3)

    def objective(line: np.ndarray) -> float:
        hazard = np.exp(flat + line[0] + line[1] * index)
        said = weights * np.where(outcome, np.log(-np.expm1(-hazard)), -hazard)
        return -float(said.sum()) + 50 / 2 * float(((line - [-0.4, 0.3 - 1]) ** 2).sum())

    reference = minimize(objective, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    found = fit_recalibration_by_day(outcome, flat, index, weights, towards=towards, certainty=50.0)
    assert (found.intercept, found.slope - 1) == pytest.approx(reference.x, abs=1e-5)
    # Nobody known: the prior is all there is.
    nobody = fit_recalibration_by_day(outcome, flat, index, 0 * weights, towards=towards, certainty=50.0)
    assert (nobody.intercept, nobody.slope) == pytest.approx((-0.4, 0.3))


def test_of_one_day_an_order_that_is_backwards_is_silenced_and_nobody_or_everybody_is_finite() -> None:
    outcome, flat, index, weights = by_a_day()
    whole = HazardRecalibration(0.0, 1.0)
    backwards = fit_recalibration_by_day(outcome, -flat, -index, weights, towards=whole, certainty=0.1)
    assert backwards.slope == 0
    level = fit_recalibration_by_day(
        outcome, np.zeros(len(flat)), np.zeros(len(flat)), weights, towards=whole, certainty=1e-9
    )
    assert backwards.intercept - flat.mean() * 1 == pytest.approx(level.intercept, abs=0.01)
    for same in (np.zeros(len(flat)), np.ones(len(flat))):
        found = fit_recalibration_by_day(same, flat, index, weights, towards=whole, certainty=10.0)
        assert np.isfinite([found.intercept, found.slope]).all()
    with pytest.raises(ValueError, match="certainty must be positive"):
        fit_recalibration_by_day(outcome, flat, index, weights, towards=whole, certainty=0.0)
