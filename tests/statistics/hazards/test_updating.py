"""A new level and slope of cumulative hazards and the test between them, against R's glm and statsmodels.

The reference numbers were computed by R 4.2.2 on survival::veteran (tests/reference/golden_s4): a made-up model with
index -0.03 (karno - 60) and the constant hazard exp(-5 + index) a day; ``glm(status ~ index + offset(log(H)),
family = poisson)``, its likelihood ratios and ``poisson.test``.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from spinecast.statistics import (
    Absent,
    Estimate,
    closed_hazard_test,
    closed_test_by_window,
    fit_hazard_update,
    observed_expected_events,
)

VETERAN = Path(__file__).parents[2] / "reference" / "golden_s4" / "veteran.csv"


def veteran() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Event, cumulative hazard and index of the made-up model."""
    with VETERAN.open() as stream:
        rows = list(csv.DictReader(stream))
    index = np.array([-0.03 * (float(row["karno"]) - 60) for row in rows])
    time, event = (np.array([float(row[name]) for row in rows]) for name in ("time", "status"))
    return event, np.exp(-5 + index) * time, index


def test_a_new_level_and_a_new_slope_are_those_of_r() -> None:
    level = fit_hazard_update(*veteran(), "level")
    both = fit_hazard_update(*veteran(), "level-and-slope")
    assert not isinstance(level, Absent)
    assert not isinstance(both, Absent)
    assert level.intercept.estimate == pytest.approx(0.254122836850318, abs=1e-10)
    assert level.intercept.upper == pytest.approx(0.254122836850318 + 1.959963984540054 * 0.0883883475783803, abs=1e-6)
    assert level.slope.estimate == 1
    assert level.slope.lower is None
    assert both.intercept.estimate == pytest.approx(0.247031530418808, abs=1e-8)
    assert both.slope.estimate - 1 == pytest.approx(0.162085726536390, abs=1e-8)
    assert both.slope.lower is not None
    half = 1.959963984540054 * 0.1571060155491601
    assert both.slope.lower == pytest.approx(1.162085726536390 - half, abs=1e-6)


def test_the_closed_test_takes_the_likelihood_ratios_of_r() -> None:
    found = closed_hazard_test(*veteran())
    assert not isinstance(found, Absent)
    first, second = found.steps
    assert (first.smaller, first.degrees_of_freedom) == ("original", 2)
    assert first.statistic == pytest.approx(8.66169938322793, abs=1e-7)
    assert first.p_value == pytest.approx(0.0131563638873805, abs=1e-9)
    assert second.statistic == pytest.approx(1.05354291322772, abs=1e-7)
    assert second.p_value == pytest.approx(0.3046925308740818, abs=1e-8)
    assert found.chosen == "level"


def test_observed_over_expected_has_the_exact_interval_of_r() -> None:
    event, hazard, _ = veteran()
    found = observed_expected_events(event, hazard)
    assert isinstance(found, Estimate)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (1.28933017179824, 1.07565727675946, 1.53301778893608), abs=1e-10
    )
    assert (found.n, found.events) == (137, 128)


@given(st.integers(0, 400), st.floats(0.5, 2), st.floats(-1, 1))
def test_the_slope_is_a_poisson_regression_s(seed: int, spread: float, shift: float) -> None:
    draw = np.random.default_rng(seed)
    index = draw.normal(size=200)
    time, censored = draw.exponential(np.exp(-spread * index)), draw.uniform(0.2, 3, 200)
    event, hazard = (time <= censored).astype(float), np.exp(index + shift) * np.minimum(time, censored)
    found = fit_hazard_update(event, hazard, index, "level-and-slope")
    assert not isinstance(found, Absent)
    reference = sm.GLM(event, sm.add_constant(index), family=sm.families.Poisson(), offset=np.log(hazard)).fit(
        tol=1e-12
    )
    assert found.slope.estimate == pytest.approx(1 + reference.params[1], abs=1e-6)
    assert found.slope.upper == pytest.approx(1 + reference.conf_int()[1, 1], abs=1e-5)


def test_what_cannot_be_told_is_absent_and_what_makes_no_sense_refused() -> None:
    nobody = fit_hazard_update([0, 0], [1, 1], [0, 1], "level")
    assert isinstance(nobody, Absent)
    alike = closed_hazard_test([1, 0], [1, 1], [2, 2])
    assert isinstance(alike, Absent)
    assert "says the same of all" in alike.reason
    assert isinstance(observed_expected_events([0, 0], [0, 0]), Absent)
    none = observed_expected_events([0, 0], [1, 1])
    assert isinstance(none, Estimate)
    assert (none.estimate, none.lower) == (0, 0)
    with pytest.raises(ValueError, match="hazard is negative"):
        fit_hazard_update([1, 0], [-1, 1], [0, 1], "level")
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        observed_expected_events([2, 0], [1, 1])


def test_a_model_that_ranks_the_wrong_way_round_has_its_slope_held_at_0() -> None:
    event, hazard, index = veteran()
    found = fit_hazard_update(event, hazard * np.exp(-3 * index), -2 * index, "level-and-slope")
    assert not isinstance(found, Absent)
    assert found.slope.estimate == 0
    assert found.slope.lower is None


def by_window(ends: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events and hazards of the made-up model in each window of the follow-up, and its index."""
    event, hazard, index = veteran()
    time = hazard / np.exp(-5 + index)
    reached = np.minimum(time[:, None], [*ends, np.inf]) * np.exp(-5 + index)[:, None]
    part = np.searchsorted(ends, time)
    return (part[:, None] == np.arange(len(ends) + 1)) * event[:, None], np.diff(reached, axis=1, prepend=0.0), index


def test_lines_of_each_window_are_tested_by_the_likelihood_ratios_of_statsmodels() -> None:
    events, hazards, index = by_window((50.0, 120.0))
    found = closed_test_by_window(events, hazards, index)
    assert not isinstance(found, Absent)
    at_risk = hazards.ravel() > 0
    window = np.tile(np.arange(3), len(index))[at_risk]
    slope = np.repeat(index, 3)[at_risk]

    def likelihood(design: np.ndarray) -> float:
        offset = np.log(hazards.ravel()[at_risk])
        model = sm.GLM(events.ravel()[at_risk], design, family=sm.families.Poisson(), offset=offset)
        return float(model.fit().llf)

    each = [(window == one).astype(float) for one in range(3)]
    largest = likelihood(np.column_stack([*each, *(one * slope for one in each)]))
    level = likelihood(np.ones((len(slope), 1)))
    expected = {
        "level": (2 * (largest - level), 5),
        "level-and-slope": (2 * (largest - likelihood(np.column_stack([np.ones(len(slope)), slope]))), 4),
    }
    # On the whole follow-up the same changes are those of the test without windows.
    for step in found.steps:
        if step.smaller in expected:
            statistic, degrees = expected[step.smaller]
            assert step.statistic == pytest.approx(statistic, abs=1e-6)
            assert step.degrees_of_freedom == degrees
    assert found.steps[0].degrees_of_freedom == 6
    whole = closed_hazard_test(events.sum(axis=1), hazards.sum(axis=1), index)
    assert not isinstance(whole, Absent)
    assert found.steps[0].statistic > whole.steps[0].statistic
    nobody = events.copy()
    nobody[:, 1] = 0
    absent = closed_test_by_window(nobody, hazards, index)
    assert isinstance(absent, Absent)
    assert "in a part of the follow-up nobody had the event" in absent.reason
