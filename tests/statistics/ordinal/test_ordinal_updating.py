"""Updating cumulative log-odds and paired differences: against statsmodels' GEE, R's survival and by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import chi2
from statsmodels.genmod.cov_struct import Independence

from spinecast.statistics import (
    Absent,
    ClosedTest,
    Estimate,
    ThresholdMethod,
    ThresholdUpdate,
    closed_threshold_test,
    closed_update_test,
    compare_ordinal_concordance,
    compare_ranked_probability,
    fit_threshold_update,
    fit_update,
)

FOLDER = Path(__file__).parents[2] / "reference" / "ordinal_regression"


def drawn(
    size: int = 400, *, shift: tuple[float, ...] = (0.0, 0.0, 0.0), slope: float | np.ndarray = 1.0, seed: int = 2
):  # type: ignore[no-untyped-def]
    """Levels 0 to 3 of patients, and log-odds of reaching each that are off by shifts and a slope."""
    generator = np.random.default_rng(seed)
    truth = np.array([1.2, -0.1, -1.5]) + generator.normal(0, 1.2, (size, 1))
    levels = (generator.random((size, 1)) < expit(truth)).sum(axis=1)
    return levels, (truth - np.array(shift)) / slope


def by_gee(levels: np.ndarray, log_odds: np.ndarray, *, each: bool) -> tuple[np.ndarray, np.ndarray]:
    """Intercepts and slopes, and their covariance clustered by patient, as statsmodels has them."""
    size, thresholds = log_odds.shape
    reached = (levels[:, None] > np.arange(thresholds)).astype(float).ravel()
    own = np.tile(np.eye(thresholds), (size, 1))
    columns = np.column_stack((own, own * log_odds.ravel()[:, None] if each else log_odds.ravel()))
    groups = np.repeat(np.arange(size), thresholds)
    found = sm.GEE(reached, columns, groups, family=sm.families.Binomial(), cov_struct=Independence()).fit(
        maxiter=200, ctol=1e-12
    )
    return np.asarray(found.params), np.asarray(found.cov_robust)


@pytest.mark.parametrize("method", ["intercepts-and-slope", "lines"])
def test_changes_with_slopes_are_those_of_generalised_estimating_equations(method: ThresholdMethod) -> None:
    levels, log_odds = drawn(shift=(0.3, -0.2, 0.6), slope=0.7)
    found = fit_threshold_update(levels, log_odds, method)
    assert isinstance(found, ThresholdUpdate)
    expected, covariance = by_gee(levels, log_odds, each=method == "lines")
    shown = [*found.intercepts, *(found.slopes if method == "lines" else found.slopes[:1])]
    np.testing.assert_allclose([one.estimate for one in shown], expected, atol=1e-6)
    widths = [one.upper - one.estimate for one in shown if one.upper is not None]
    np.testing.assert_allclose(widths, 1.959963984540054 * np.sqrt(np.diag(covariance)), rtol=1e-5)


def test_the_steps_of_the_closed_test_are_wald_s_by_hand() -> None:
    levels, log_odds = drawn(shift=(0.3, -0.2, 0.6), slope=0.7)
    expected, covariance = by_gee(levels, log_odds, each=True)
    tested = closed_threshold_test(levels, log_odds)
    assert isinstance(tested, ClosedTest)
    one, apart = np.eye(3), np.array([[1, -1, 0], [1, 0, -1]])
    hypotheses = {
        "original": (np.eye(6), [0, 0, 0, 1, 1, 1]),
        "common-intercept": (np.block([[apart, np.zeros((2, 3))], [np.zeros((3, 3)), one]]), [0, 0, 1, 1, 1]),
        "intercepts": (np.hstack((np.zeros((3, 3)), one)), [1, 1, 1]),
        "intercepts-and-slope": (np.hstack((np.zeros((2, 3)), apart)), [0, 0]),
    }
    for step, (name, (contrast, held)) in zip(tested.steps, hypotheses.items(), strict=True):
        distance = contrast @ expected - held
        statistic = distance @ np.linalg.solve(contrast @ covariance @ contrast.T, distance)
        assert step.smaller == name
        assert step.degrees_of_freedom == len(contrast)
        assert step.statistic == pytest.approx(statistic, rel=1e-5)
        assert step.p_value == pytest.approx(chi2.sf(statistic, len(contrast)), rel=1e-4)
    assert tested.chosen == "intercepts-and-slope"


def test_an_intercept_each_brings_every_mean_to_the_observed_share() -> None:
    levels, log_odds = drawn(shift=(0.8, -0.4, 0.1))
    found = fit_threshold_update(levels, log_odds, "intercepts")
    assert isinstance(found, ThresholdUpdate)
    moved = expit(log_odds + [one.estimate for one in found.intercepts]).mean(axis=0)
    np.testing.assert_allclose(moved, [(levels > k).mean() for k in range(3)], atol=1e-9)
    # Each alone is the new intercept of that threshold.
    for k, one in enumerate(found.intercepts):
        alone = fit_update(levels > k, log_odds[:, k], "intercept")
        assert not isinstance(alone, Absent)
        assert one.estimate == pytest.approx(alone.intercept.estimate, abs=1e-8)
    common = fit_threshold_update(levels, log_odds, "common-intercept")
    assert isinstance(common, ThresholdUpdate)
    assert len({one.estimate for one in common.intercepts}) == 1
    total = expit(log_odds + common.intercepts[0].estimate).sum()
    assert total == pytest.approx(levels.sum())


def test_the_closed_test_finds_what_was_done_to_the_log_odds() -> None:
    chosen = {}
    cases: dict[str, dict[str, Any]] = {
        "original": {},
        "common-intercept": {"shift": (0.7, 0.7, 0.7)},
        "intercepts": {"shift": (1.2, 0.0, -0.9)},
        "intercepts-and-slope": {"slope": 0.5},
        "lines": {"slope": np.array([0.5, 1.0, 1.6])},
    }
    for name, off in cases.items():
        tested = closed_threshold_test(*drawn(900, seed=4, **off))
        assert isinstance(tested, ClosedTest)
        chosen[name] = tested.chosen
    assert all(asked == found for asked, found in chosen.items()), chosen


def test_what_the_closed_test_rejects_is_right_as_often_as_it_says() -> None:
    rejected = [
        isinstance(tested := closed_threshold_test(*drawn(300, seed=seed)), ClosedTest) and tested.chosen != "original"
        for seed in range(200)
    ]
    assert 0.01 < np.mean(rejected) < 0.10


def test_one_threshold_has_an_intercept_and_a_slope_alone() -> None:
    levels, log_odds = drawn(shift=(0.9, 0, 0))
    reached = (levels > 0).astype(int)
    tested = closed_threshold_test(reached, log_odds[:, :1])
    assert isinstance(tested, ClosedTest)
    assert [(step.smaller, step.degrees_of_freedom) for step in tested.steps] == [
        ("original", 2),
        ("common-intercept", 1),
    ]
    as_risk = closed_update_test(reached, log_odds[:, 0], np.ones(len(reached)))
    assert isinstance(as_risk, ClosedTest)
    for step, other in zip(tested.steps, as_risk.steps, strict=True):
        assert step.statistic == pytest.approx(other.statistic, rel=1e-6)


@pytest.mark.parametrize("method", ["intercepts", "intercepts-and-slope", "lines"])
def test_a_level_nobody_reached_and_log_odds_that_say_nothing_have_no_change(method: ThresholdMethod) -> None:
    levels, log_odds = drawn()
    assert fit_threshold_update(np.minimum(levels, 2), log_odds, method) == Absent("nobody reached level 3")
    assert isinstance(fit_threshold_update(np.minimum(levels, 2), log_odds, "common-intercept"), ThresholdUpdate)
    flat = np.tile(logit([0.7, 0.5, 0.3]), (len(levels), 1))
    assert isinstance(fit_threshold_update(levels, flat, "intercepts-and-slope"), Absent)
    one_flat = np.column_stack((log_odds[:, 0], np.zeros(len(levels)), log_odds[:, 2]))
    assert isinstance(fit_threshold_update(levels, one_flat, "intercepts-and-slope"), ThresholdUpdate)
    found = fit_threshold_update(levels, one_flat, "lines")
    assert isinstance(found, Absent)
    assert "of reaching level 2 do not vary" in found.reason
    assert isinstance(closed_threshold_test(levels, flat), Absent)
    with pytest.raises(ValueError, match="finite numbers of the shape"):
        fit_threshold_update(levels, log_odds[:-1], method)
    with pytest.raises(ValueError, match="3 is the highest predicted"):
        fit_threshold_update(levels + 1, log_odds, method)


@settings(deadline=None, max_examples=25)
@given(shift=st.floats(-2, 2), slope=st.floats(0.4, 2.5))
def test_updating_what_is_already_updated_changes_nothing(shift: float, slope: float) -> None:
    levels, log_odds = drawn(shift=(shift, 0.0, -shift), slope=slope)
    found = fit_threshold_update(levels, log_odds, "lines")
    assert isinstance(found, ThresholdUpdate)
    intercepts, slopes = ([one.estimate for one in part] for part in (found.intercepts, found.slopes))
    again = fit_threshold_update(levels, np.array(intercepts) + np.array(slopes) * log_odds, "lines")
    assert isinstance(again, ThresholdUpdate)
    np.testing.assert_allclose([one.estimate for one in again.intercepts], 0, atol=1e-6)
    np.testing.assert_allclose([one.estimate for one in again.slopes], 1, atol=1e-6)


def test_paired_differences_are_those_of_survival_and_of_the_losses() -> None:
    expected = json.loads((FOLDER / "paired.json").read_text())
    patients = pd.read_csv(FOLDER / "patients.csv")
    levels, score = patients["level"].to_numpy(), patients["score"].to_numpy(dtype=float)
    found = compare_ordinal_concordance(levels, score, patients["x1"].to_numpy(dtype=float))
    assert isinstance(found, Estimate)
    assert found.upper is not None
    assert found.estimate == pytest.approx(expected["difference"], abs=1e-10)
    assert (found.upper - found.estimate) / 1.959963984540054 == pytest.approx(expected["standard_error"], rel=1e-8)
    assert found.events is None
    same = compare_ordinal_concordance(levels, score, score)
    assert isinstance(same, Estimate)
    assert (same.estimate, same.lower) == (0, None)
    assert isinstance(compare_ordinal_concordance(np.zeros(5), np.arange(5.0), np.arange(5.0)), Absent)

    observed, log_odds = drawn()
    first, second = expit(log_odds), expit(0.3 * log_odds)
    seen = (observed[:, None] > np.arange(3)).astype(float)
    by_hand = ((seen - first) ** 2).mean(axis=1) - ((seen - second) ** 2).mean(axis=1)
    paired = compare_ranked_probability(observed, first, second)
    assert isinstance(paired, Estimate)
    assert paired.upper is not None
    assert paired.estimate == pytest.approx(by_hand.mean())
    error = by_hand.std(ddof=1) / np.sqrt(len(by_hand))
    assert paired.upper - paired.estimate == pytest.approx(1.959963984540054 * error)
    assert paired.upper < 0  # the truth is better than what is drawn in
