"""Updating cumulative log-odds and paired differences: against statsmodels' GEE, R's survival and by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

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


def smaller_fits(levels: np.ndarray, log_odds: np.ndarray) -> dict[str, np.ndarray]:
    """The log-odds of every smaller change, as statsmodels fits it."""
    size, thresholds = log_odds.shape
    reached = (levels[:, None] > np.arange(thresholds)).astype(float).ravel()
    family, own = sm.families.Binomial(), np.tile(np.eye(thresholds), (size, 1))
    designs = {"common-intercept": np.ones((reached.size, 1)), "intercepts": own}
    fits = {name: sm.GLM(reached, design, family, offset=log_odds.ravel()).fit() for name, design in designs.items()}
    fits["intercepts-and-slope"] = sm.GLM(reached, np.column_stack((own, log_odds.ravel())), family).fit()
    moved = {name: logit(fit.fittedvalues).reshape(log_odds.shape) for name, fit in fits.items()}
    return {"original": log_odds, **moved}


def test_the_steps_of_the_closed_test_are_score_tests_by_hand() -> None:
    levels, log_odds = drawn(shift=(0.3, -0.2, 0.6), slope=0.7)
    tested = closed_threshold_test(levels, log_odds)
    assert isinstance(tested, ClosedTest)
    # What each smaller change leaves free of intercepts and slopes of three thresholds, one a column.
    one, none, free = np.eye(3), np.zeros((3, 3)), np.ones((3, 1))
    nuisance = {
        "original": np.zeros((6, 0)),
        "common-intercept": np.vstack((free, 0 * free)),
        "intercepts": np.vstack((one, none)),
        "intercepts-and-slope": np.block([[one, 0 * free], [none, free]]),
    }
    fitted = smaller_fits(levels, log_odds)
    assert [step.smaller for step in tested.steps] == list(nuisance)
    for step in tested.steps:
        chances = expit(fitted[step.smaller])
        score, information, meat = np.zeros(6), np.zeros((6, 6)), np.zeros((6, 6))
        for level, given_here, chance in zip(levels, log_odds, chances, strict=True):
            columns = np.hstack((one, np.diag(given_here)))
            # Of one level out of four, a multinomial draw, the answers are sums.
            each = -np.diff(np.concatenate(([1.0], chance, [0.0])))
            sums = np.triu(np.ones((3, 4)), 1)
            covariance = sums @ (np.diag(each) - np.outer(each, each)) @ sums.T
            score += columns.T @ ((level > np.arange(3)) - chance)
            information += columns.T @ np.diag(chance * (1 - chance)) @ columns
            meat += columns.T @ covariance @ columns
        # The score less its regression on the part that was estimated, in a basis of what was not (Boos 1992, eq. 7).
        left = nuisance[step.smaller]
        tests = np.linalg.svd(left.T)[2][left.shape[1] :] if left.size else np.eye(6)
        project = tests @ (np.eye(6) - information @ left @ np.linalg.pinv(left.T @ information @ left) @ left.T)
        statistic = (project @ score) @ np.linalg.solve(project @ meat @ project.T, project @ score)
        assert step.degrees_of_freedom == len(tests)
        assert step.statistic == pytest.approx(statistic, rel=1e-6)
        assert step.p_value == pytest.approx(chi2.sf(statistic, len(tests)), rel=1e-4)
    assert tested.chosen == "intercepts-and-slope"


def test_in_many_patients_the_score_test_is_that_of_generalised_estimating_equations() -> None:
    # statsmodels estimates the covariance of the score from the patients, where ours follows from the chances.
    levels, log_odds = drawn(4000, shift=(0.1, 0.0, -0.1), slope=np.array([0.9, 1.0, 1.15]), seed=3)
    tested = closed_threshold_test(levels, log_odds)
    assert isinstance(tested, ClosedTest)
    last = tested.steps[-1]
    assert last.smaller == "intercepts-and-slope"
    groups, own = np.repeat(np.arange(4000), 3), np.tile(np.eye(3), (4000, 1))
    reached = (levels[:, None] > np.arange(3)).astype(float).ravel()
    given_all = log_odds.ravel()[:, None]
    # The slope of all, and what the slopes of two thresholds add.
    larger, smaller = (
        sm.GEE(reached, columns, groups, family=sm.families.Binomial(), cov_struct=Independence())
        for columns in (
            np.column_stack((own, given_all, own[:, 1:] * given_all)),
            np.column_stack((own, given_all)),
        )
    )
    expected = larger.compare_score_test(smaller.fit())
    assert expected["df"] == last.degrees_of_freedom
    assert last.statistic > 5
    assert last.statistic == pytest.approx(expected["statistic"], rel=0.06)


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


@pytest.mark.parametrize(
    ("size", "intercepts"),
    [(28, (0.0,)), (48, (0.8, -0.8)), (70, (1.2, -0.1, -1.5)), (90, (1.5, 0.5, -0.5, -1.5))],
    ids=["one-threshold", "two", "three", "four"],
)
def test_a_model_that_is_right_is_changed_as_seldom_as_it_says_at_the_smallest_sizes(
    size: int, intercepts: tuple[float, ...]
) -> None:
    generator, changed = np.random.default_rng(size), []
    thresholds = len(intercepts)
    while len(changed) < 600:
        truth = np.array(intercepts) + generator.normal(0, 1.2, (size, 1))
        levels = (generator.random((size, 1)) < expit(truth)).sum(axis=1)
        counts = np.bincount(levels, minlength=thresholds + 1)
        higher = counts[::-1].cumsum()[:-1]
        # What `spinecast update` asks for: ten effective patients a coefficient, ten on either side of each level.
        if size - (counts**3).sum() / size**2 < 20 * thresholds or min(higher.min(), size - higher.max()) < 10:
            continue
        tested = closed_threshold_test(levels, truth)
        if isinstance(tested, ClosedTest):
            changed.append(tested.chosen != "original")
    # Three standard errors of 600 draws at 0.05; Wald's test is at 0.08 to 0.15 with two thresholds or more.
    assert 0.01 < np.mean(changed) < 0.077


def test_one_threshold_has_an_intercept_and_a_slope_alone() -> None:
    levels, log_odds = drawn(shift=(0.4, 0, 0), slope=1.3)
    reached, given_here = (levels > 0).astype(float), log_odds[:, 0]
    tested = closed_threshold_test(reached, log_odds[:, :1])
    assert isinstance(tested, ClosedTest)
    assert [(step.smaller, step.degrees_of_freedom) for step in tested.steps] == [
        ("original", 2),
        ("common-intercept", 1),
    ]
    # statsmodels' score test of what one outcome's regression leaves out; the model as it is estimates nothing.
    regression = sm.GLM(reached, np.ones((400, 1)), sm.families.Binomial(), offset=given_here)
    for step, (at, extra) in zip(
        tested.steps,
        [(np.zeros(1), np.column_stack((np.ones(400), given_here))), (regression.fit().params, given_here)],
        strict=True,
    ):
        if step.smaller == "original":
            alone = sm.GLM(reached, np.zeros((400, 0)), sm.families.Binomial(), offset=given_here)
            statistic, p_value, _ = alone.score_test(np.zeros(0), exog_extra=extra)
        else:
            statistic, p_value, _ = regression.score_test(at, exog_extra=extra)
        assert step.statistic == pytest.approx(float(np.squeeze(statistic)), rel=1e-6)
        assert step.p_value == pytest.approx(float(np.squeeze(p_value)), rel=1e-5)


def test_thresholds_that_cross_are_tested_and_such_as_never_part_or_are_certain_are_not() -> None:
    levels, log_odds = drawn()
    crossing = log_odds + np.random.default_rng(1).normal(0, 1, log_odds.shape)
    assert (np.diff(crossing) > 0).any()
    tested = closed_threshold_test(levels, crossing)
    assert isinstance(tested, ClosedTest)
    assert tested.steps[0].statistic > 0
    met = closed_threshold_test(levels, log_odds[:, [0, 1, 1]])
    assert isinstance(met, Absent)
    assert "two levels have the same chance in everybody" in met.reason
    for certain in (
        closed_threshold_test(levels, log_odds * 5000),
        fit_threshold_update(np.tile([0, 1, 0, 1], 10), np.tile([[1e5], [1e5], [-1e5], [-1e5]], (10, 1)), "intercepts"),
    ):
        assert isinstance(certain, Absent)
        assert "certain in nearly everybody" in certain.reason


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


@settings(deadline=None, max_examples=20)
@given(shift=st.floats(-2, 2), slope=st.floats(0.4, 2.5))
@pytest.mark.parametrize("method", get_args(ThresholdMethod))
def test_updating_what_is_already_updated_changes_nothing(method: ThresholdMethod, shift: float, slope: float) -> None:
    levels, log_odds = drawn(shift=(shift, 0.0, -shift), slope=slope)
    found = fit_threshold_update(levels, log_odds, method)
    assert isinstance(found, ThresholdUpdate)
    intercepts, slopes = ([one.estimate for one in part] for part in (found.intercepts, found.slopes))
    again = fit_threshold_update(levels, np.array(intercepts) + np.array(slopes) * log_odds, method)
    assert isinstance(again, ThresholdUpdate)
    np.testing.assert_allclose([one.estimate for one in again.intercepts], 0, atol=1e-8)
    np.testing.assert_allclose([one.estimate for one in again.slopes], 1, atol=1e-8)


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
