"""Kaplan-Meier, quantiles, restricted means and log-rank tests against statsmodels, definitions and each other."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as some
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from spinecast import statistics as st

follow_up = some.lists(some.tuples(some.integers(1, 12), some.integers(0, 1)), min_size=1, max_size=40)


def columns(rows: list[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


@pytest.fixture(scope="module")
def trial() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time in whole weeks, event and arm of 300 patients."""
    generator = np.random.default_rng(21)
    arm = generator.integers(0, 2, 300)
    death = generator.exponential(20 + 10 * arm)
    censoring = generator.uniform(5, 60, 300)
    return np.ceil(np.minimum(death, censoring)), (death <= censoring).astype(float), arm


def test_curve_and_greenwood_agree_with_statsmodels(trial: tuple[np.ndarray, ...]) -> None:
    time, event, _ = trial
    reference, curve = SurvfuncRight(time, event), st.survival_curve(time, event)
    at = reference.surv_times
    np.testing.assert_allclose(curve.at(at), reference.surv_prob, atol=1e-12)
    np.testing.assert_allclose(curve.standard_error_at(at), reference.surv_prob_se, atol=1e-12)
    for method, scale in (("cloglog", "log_log"), ("linear", "plain")):
        lower, upper = reference.quantile_ci(0.5, method=method)
        median = st.survival_quantile(time, event, interval=scale)
        assert (median.lower, median.upper) == (lower, upper)
    assert st.survival_quantile(time, event).time == reference.quantile(0.5)


@pytest.mark.parametrize(("rho", "kind"), [(0.0, {}), (1.0, {"weight_type": "fh", "fh_p": 1})])
def test_log_rank_agrees_with_statsmodels(trial: tuple[np.ndarray, ...], rho: float, kind: dict[str, object]) -> None:
    time, event, arm = trial
    strata = np.arange(time.size) % 3
    for labels in (None, strata):
        test = st.log_rank(time, event, arm, labels, rho=rho)
        assert isinstance(test, st.GroupTest)
        chi2, p_value = survdiff(time, event, arm, strata=labels, **kind)
        assert test.chi2 == pytest.approx(chi2, rel=1e-9)
        assert test.p_value == pytest.approx(p_value, rel=1e-8)


@given(follow_up, some.sampled_from(["log_log", "log", "plain"]))
def test_curve_falls_within_its_bounds(rows: list[tuple[int, ...]], scale: str) -> None:
    time, event = columns(rows)
    curve = st.survival_curve(time, event, interval=scale)
    assert (np.diff(np.concatenate(([1.0], curve.estimate))) <= 1e-15).all()
    assert curve.estimate.min() >= 0
    known = ~np.isnan(curve.lower)
    assert (curve.lower[known] <= curve.estimate[known] + 1e-12).all()
    assert (curve.estimate[known] <= curve.upper[known] + 1e-12).all()
    assert curve.lower[known].min(initial=0) >= 0
    assert curve.upper[known].max(initial=1) <= 1
    # Nelson-Aalen: exp(-H) is never below Kaplan-Meier.
    assert (np.exp(-curve.cumulative_hazard) >= curve.estimate - 1e-12).all()
    np.testing.assert_array_equal(curve.estimate, st.kaplan_meier(time, event).survival)


@given(follow_up, some.randoms(use_true_random=False), some.floats(0.3, 3.0))
def test_rows_may_come_in_any_order_and_time_in_any_unit(rows: list[tuple[int, ...]], random, factor: float) -> None:
    time, event = columns(rows)
    shuffled = random.sample(rows, len(rows))
    again, events = columns(shuffled)
    one, two = st.survival_quantile(time, event), st.survival_quantile(again * factor, events)
    assert (one.time is None) == (two.time is None)
    if one.time is not None:
        assert two.time == pytest.approx(one.time * factor)
    mean, other = (
        st.restricted_mean_survival(time, event, 6.0),
        st.restricted_mean_survival(again * factor, events, 6 * factor),
    )
    assert isinstance(mean, st.Absent) == isinstance(other, st.Absent)
    if isinstance(mean, st.Estimate):
        assert other.estimate == pytest.approx(mean.estimate * factor)


@given(follow_up, some.floats(0.05, 0.95))
def test_a_quantile_is_where_the_curve_has_come_down(rows: list[tuple[int, ...]], share: float) -> None:
    time, event = columns(rows)
    curve, quantile = st.survival_curve(time, event), st.survival_quantile(time, event, share)
    # Keep away from levels that only rounding tells apart.
    assume(np.abs(curve.estimate - (1 - share)).min() > 1e-6)
    if quantile.time is None:
        assert curve.estimate[-1] > 1 - share
        assert isinstance(quantile.measure(), st.Absent)
    else:
        assert curve.at(quantile.time) < 1 - share < curve.at(quantile.time - 0.5)


def test_a_level_stretch_gives_its_middle_and_a_limit_may_not_be_reached() -> None:
    # S is 1/2 from 2 to 4: R's quantile(survfit(Surv(c(1, 2, 4, 6), c(1, 1, 1, 1)) ~ 1), .5) is 3.
    assert st.survival_quantile([1, 2, 4, 6], [1, 1, 1, 1]).time == 3
    # Level to the end of follow-up: (2 + 6) / 2.
    assert st.survival_quantile([1, 2, 4, 6], [1, 1, 0, 0]).time == 4
    median = st.survival_quantile([1, 2, 3, 4, 5, 9, 9, 9, 9], [1, 1, 1, 1, 1, 0, 0, 0, 0])
    assert median.time == 5
    assert median.upper is None
    measure = median.measure()
    assert isinstance(measure, st.Estimate)
    assert measure.lower is None
    assert "lower limit 1, upper limit not reached" in measure.method


@given(follow_up, some.integers(1, 12))
def test_restricted_mean_is_the_area_under_the_curve(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event = columns(rows)
    mean = st.restricted_mean_survival(time, event, horizon)
    if isinstance(mean, st.Absent):
        assert horizon > time.max()
        return
    fine = (np.arange(horizon * 10) + 0.5) / 10
    curve = st.kaplan_meier(time, event)
    assert mean.estimate == pytest.approx(curve.at(fine).sum() / 10)
    if not ((event == 0) & (time < horizon)).any():
        assert mean.estimate == pytest.approx(np.minimum(time, horizon).mean())


@given(some.lists(some.integers(1, 12), min_size=3, max_size=30))
def test_without_censoring_the_variance_is_that_of_a_mean(times: list[int]) -> None:
    time, horizon = np.array(times, dtype=float), 9.0
    cut = np.minimum(time, horizon)
    assume(cut.std() > 0)
    mean = st.restricted_mean_survival(time, np.ones_like(time), horizon)
    assert isinstance(mean, st.Estimate)
    assert (mean.upper - mean.estimate) / 1.959963984540054 == pytest.approx(cut.std() / np.sqrt(cut.size))


def test_comparing_restricted_means_by_hand() -> None:
    # Group 0: events at 1 and 3, mean to 4 is (1 + 3 + 4) / 3; group 1: no event, mean 4.
    result = st.compare_restricted_means([1, 3, 5, 5, 6, 7], [1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1], 4)
    assert isinstance(result, st.RestrictedMeanComparison)
    assert result.difference.estimate == pytest.approx(4 - 8 / 3)
    assert result.ratio.estimate == pytest.approx(1.5)
    assert result.compared.lower is None
    assert "variance is 0" in result.compared.method
    absent = st.compare_restricted_means([1, 3, 5, 5], [1, 0, 0, 1], [0, 0, 1, 1], 4)
    assert absent == st.Absent("in group 0, the horizon 4 lies beyond the follow-up: the longest is 3")


@given(follow_up, some.integers(2, 3), some.booleans())
def test_log_rank_scores_sum_to_nothing(rows: list[tuple[int, ...]], groups: int, late: bool) -> None:
    time, event = columns(rows)
    test = st.log_rank(time, event, np.arange(time.size) % groups, rho=0.5, gamma=1.0 if late else 0.0)
    if isinstance(test, st.GroupTest):
        assert sum(test.observed) == pytest.approx(sum(test.expected))
        assert test.chi2 >= 0
        assert 0 <= test.p_value <= 1


def test_log_rank_is_the_score_test_of_cox(trial: tuple[np.ndarray, ...]) -> None:
    _, event, arm = trial
    # Without ties the hypergeometric variance is the information of Cox's model at 0.
    time = np.random.default_rng(3).permutation(event.size).astype(float)
    test, cox = st.log_rank(time, event, arm), st.fit_cox(time, event, arm)
    assert isinstance(test, st.GroupTest)
    assert isinstance(cox, st.CoxFit)
    assert test.chi2 == pytest.approx(cox.score_chi2)


def test_late_weights_find_a_late_difference() -> None:
    generator = np.random.default_rng(4)
    arm = np.repeat([0, 1], 400)
    early, late = generator.exponential(1.0, 800), generator.exponential(np.where(arm == 1, 4.0, 1.0))
    time = np.where(early < 1, early, 1 + late).clip(max=4)
    event = (time < 4).astype(float)
    plain, weighted = st.log_rank(time, event, arm), st.log_rank(time, event, arm, gamma=1.0)
    assert isinstance(plain, st.GroupTest)
    assert isinstance(weighted, st.GroupTest)
    assert weighted.chi2 > plain.chi2
    assert weighted.method == "Fleming-Harrington test, rho 0, gamma 1"


def test_what_cannot_be_tested_is_absent() -> None:
    assert isinstance(st.log_rank([1, 2, 3], [1, 1, 0], ["a", "a", "a"]), st.Absent)
    assert isinstance(st.log_rank([1, 2, 3], [0, 0, 0], ["a", "b", "b"]), st.Absent)
    with pytest.raises(ValueError, match="group holds 1 missing labels"):
        st.log_rank([1, 2, 3], [1, 1, 0], np.array(["a", None, "b"], dtype=object))
    with pytest.raises(ValueError, match="one label for each of 3 patients"):
        st.log_rank([1, 2, 3], [1, 1, 0], ["a", "b"])


def test_survival_at_a_horizon() -> None:
    estimate = st.survival_at([1, 2, 3, 4], [1, 0, 1, 0], 3)
    assert isinstance(estimate, st.Estimate)
    assert estimate.estimate == pytest.approx(0.75 * 0.5)
    assert (estimate.n, estimate.events) == (4, 2)
    nobody = st.survival_at([1, 2, 3, 4], [0, 0, 1, 0], 2)
    assert isinstance(nobody, st.Estimate)
    assert (nobody.estimate, nobody.lower) == (1.0, None)
    assert st.survival_at([1, 2], [1, 0], 3) == st.Absent("the horizon 3 lies beyond the follow-up: the longest is 2")
    # Everybody followed to the end died there: nobody is left, at any later time.
    last = st.survival_at([1, 2], [0, 1], 3)
    assert isinstance(last, st.Estimate)
    assert last.estimate == 0


def test_a_curve_says_nothing_past_the_follow_up() -> None:
    curve = st.survival_curve([1, 2, 3], [1, 1, 0])
    assert np.isnan(curve.at(3.5))
    assert st.survival_curve([1, 2, 3], [1, 1, 1]).at(3.5) == 0
    np.testing.assert_array_equal(curve.number_at_risk([0, 1, 1.5, 3, 4]), [3, 3, 2, 1, 0])


def test_median_follow_up_turns_the_events_round() -> None:
    result = st.median_follow_up([1, 2, 3, 4, 5], [1, 0, 0, 0, 1])
    # G: 3/4, 1/2 at 3, 1/4 at 4.
    assert result.time == 3.5
    assert result.events == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: st.survival_curve([1, 2], [1]), "time has 2 values, event has 1"),
        (lambda: st.survival_curve([1, 2], [1, 2]), "event must be 0 or 1"),
        (lambda: st.survival_quantile([1, 2], [1, 0], 1.0), "strictly between 0 and 1"),
        (lambda: st.survival_at([1, 2], [1, 0], 0), "horizon must be positive"),
        (lambda: st.restricted_mean_survival([-1, 2], [1, 0], 1), "must not be negative"),
        (lambda: st.compare_restricted_means([1, 2], [1, 0], [0, 2], 1), "group must be 0 or 1"),
        (lambda: st.log_rank([1, 2], [1, 0], [0, 1], rho=-1), "must not be negative"),
    ],
)
def test_says_what_is_wrong(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
