"""Cumulative incidence and Gray's test against definitions, scikit-survival, statsmodels and each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from statsmodels.duration.survfunc import CumIncidenceRight

from spinecast import statistics as st

follow_up = some.lists(some.tuples(some.integers(1, 10), some.integers(0, 3)), min_size=1, max_size=40)


def columns(rows: list[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


@given(follow_up)
def test_incidences_and_survival_sum_to_one(rows: list[tuple[int, ...]]) -> None:
    time, event = columns(rows)
    free = st.kaplan_meier(time, event > 0)
    curves = [st.cumulative_incidence(time, event, cause) for cause in (1, 2, 3)]
    np.testing.assert_allclose(sum(curve.estimate for curve in curves) + free.survival, 1.0, atol=1e-12)
    for curve in curves:
        assert (np.diff(np.concatenate(([0.0], curve.estimate))) >= -1e-15).all()
        known = ~np.isnan(curve.lower)
        assert (curve.lower[known] <= curve.estimate[known] + 1e-12).all()
        assert (curve.upper[known] >= curve.estimate[known] - 1e-12).all()


@given(follow_up)
def test_with_one_kind_of_event_it_is_one_minus_kaplan_meier(rows: list[tuple[int, ...]]) -> None:
    time, event = columns(rows)
    event = (event > 0).astype(float)
    curve, survival = st.cumulative_incidence(time, event), st.survival_curve(time, event)
    np.testing.assert_allclose(curve.estimate, 1 - survival.estimate, atol=1e-12)
    inside = (survival.estimate > 0) & (survival.estimate < 1)
    np.testing.assert_allclose(curve.standard_error[inside], survival.standard_error[inside], atol=1e-10)
    np.testing.assert_allclose(curve.lower[inside], 1 - survival.upper[inside], atol=1e-9)


@given(follow_up)
def test_naive_risk_is_never_below_the_incidence(rows: list[tuple[int, ...]]) -> None:
    time, event = columns(rows)
    naive = 1 - st.kaplan_meier(time, event == 1).survival
    assert (naive >= st.cumulative_incidence(time, event).estimate - 1e-12).all()


def test_agrees_with_scikit_survival() -> None:
    nonparametric = pytest.importorskip("sksurv.nonparametric")
    generator = np.random.default_rng(5)
    time, event = generator.integers(1, 30, 200).astype(float), generator.integers(0, 3, 200)
    at, incidence, _ = nonparametric.cumulative_incidence_competing_risks(event, time, conf_type="log-log")
    for cause in (1, 2):
        np.testing.assert_allclose(st.cumulative_incidence(time, event, cause).at(at), incidence[cause], atol=1e-12)


def test_agrees_with_statsmodels() -> None:
    generator = np.random.default_rng(15)
    time, event = generator.integers(1, 30, 200).astype(float), generator.integers(0, 3, 200)
    theirs = CumIncidenceRight(time, event)
    for cause in (1, 2):
        curve = st.cumulative_incidence(time, event, cause)
        np.testing.assert_allclose(curve.at(theirs.times), theirs.cinc[cause - 1], atol=1e-12)


@given(follow_up, some.integers(1, 9))
def test_times_lost_and_time_free_add_up_to_the_horizon(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event = columns(rows)
    lost = [st.restricted_mean_time_lost(time, event, horizon, cause) for cause in (1, 2, 3)]
    free = st.restricted_mean_survival(time, event > 0, horizon)
    if isinstance(free, st.Absent):
        assert all(measure == free for measure in lost)
        return
    assert sum(measure.estimate for measure in lost) + free.estimate == pytest.approx(horizon)


def test_time_lost_to_the_only_event_has_the_variance_of_the_time_free() -> None:
    generator = np.random.default_rng(6)
    time, event = generator.integers(1, 30, 100).astype(float), generator.integers(0, 2, 100)
    lost, free = (f(time, event, 20) for f in (st.restricted_mean_time_lost, st.restricted_mean_survival))
    assert lost.upper - lost.estimate == pytest.approx(free.upper - free.estimate)


def test_variance_is_what_the_estimate_varies_by() -> None:
    """The spread of F(2) over 600 simulated cohorts of 150 is what Greenwood says."""
    generator = np.random.default_rng(7)
    estimates, errors = [], []
    for _ in range(600):
        latent = generator.exponential((2.0, 3.0, 4.0), (150, 3))  # cause 1, cause 2, censoring
        first = latent.argmin(axis=1)
        curve = st.cumulative_incidence(latent.min(axis=1), np.array([1, 2, 0])[first])
        estimates.append(float(curve.at(1.0)))
        errors.append(float(curve.standard_error_at(1.0)))
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.08)
    rate = 1 / 2 + 1 / 3
    assert np.mean(estimates) == pytest.approx((1 / 2) / rate * (1 - np.exp(-rate)), abs=0.005)


@given(follow_up, some.integers(2, 4))
def test_gray_scores_sum_to_nothing(rows: list[tuple[int, ...]], groups: int) -> None:
    time, event = columns(rows)
    test = st.gray_test(time, event, np.arange(time.size) % groups, rho=1.0)
    if isinstance(test, st.GroupTest):
        assert sum(test.observed) == pytest.approx(sum(test.expected))
        assert test.chi2 >= -1e-9
        assert 0 <= test.p_value <= 1


def test_gray_holds_its_level_and_finds_a_difference() -> None:
    generator = np.random.default_rng(8)
    rejected = 0
    for _ in range(300):
        latent = generator.exponential((2.0, 3.0, 4.0), (120, 3))
        event = np.array([1, 2, 0])[latent.argmin(axis=1)]
        test = st.gray_test(latent.min(axis=1), event, np.arange(120) % 3)
        assert isinstance(test, st.GroupTest)
        assert test.degrees_of_freedom == 2
        rejected += test.p_value < 0.05
    # 300 draws with probability .05: 15, standard deviation 3.8.
    assert 3 < rejected < 28
    group = np.arange(400) % 2
    latent = generator.exponential(np.column_stack((2.0 + 3 * group, np.full(400, 3.0), np.full(400, 4.0))))
    event = np.array([1, 2, 0])[latent.argmin(axis=1)]
    found = st.gray_test(latent.min(axis=1), event, group)
    assert isinstance(found, st.GroupTest)
    assert found.p_value < 1e-3
    assert found.observed[0] > found.expected[0]


def test_gray_in_strata_follows_the_stratum() -> None:
    """Groups that differ only because they are mixed differently of two strata differ no more within them."""
    generator = np.random.default_rng(9)
    stratum = np.repeat([0, 1], 500)
    group = (generator.random(1000) < np.where(stratum == 1, 0.8, 0.2)).astype(int)
    latent = generator.exponential(np.column_stack((np.where(stratum == 1, 0.7, 4.0), np.full(1000, 3.0))))
    time, event = latent.min(axis=1).clip(max=5), latent.argmin(axis=1) + 1
    event[latent.min(axis=1) > 5] = 0
    mixed, within = st.gray_test(time, event, group), st.gray_test(time, event, group, strata=stratum)
    assert isinstance(mixed, st.GroupTest)
    assert isinstance(within, st.GroupTest)
    assert mixed.p_value < 1e-6
    assert within.p_value > 0.01


@given(follow_up, some.integers(1, 14))
def test_a_horizon_past_the_follow_up_is_absent(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event = columns(rows)
    measure = st.cumulative_incidence_at(time, event, horizon)
    beyond = horizon > time.max() and (event[time == time.max()] == 0).any()
    assert isinstance(measure, st.Absent) == beyond
    if beyond:
        assert "lies beyond the follow-up" in measure.reason
    else:
        assert measure.events == ((event == 1) & (time <= horizon)).sum()


def test_what_cannot_be_computed_or_makes_no_sense() -> None:
    assert isinstance(st.gray_test([1, 2, 3], [2, 2, 0], [0, 1, 1]), st.Absent)
    never = st.cumulative_incidence_at([1, 2, 3], [2, 0, 0], 2)
    assert isinstance(never, st.Estimate)
    assert (never.estimate, never.lower) == (0.0, None)
    for call, words in (
        (lambda: st.cumulative_incidence([1, 2], [0, -1]), "event must be 0"),
        (lambda: st.cumulative_incidence([1, 2], [0, 1.5]), "event must be 0"),
        (lambda: st.cumulative_incidence([1, 2], [0, 1], 0), "cause must be the number"),
        (lambda: st.gray_test([1, 2], [0, 1], [0, 1], rho=-0.5), "must not be negative"),
        (lambda: st.restricted_mean_time_lost([1, 2], [0, 1], np.inf), "horizon must be positive and finite"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
