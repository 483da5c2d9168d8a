"""Harrell's and Uno's C against counting pairs, scikit-survival, the AUC and finite differences."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from spinecast import statistics as st
from spinecast.statistics.survival_performance.dominance import RankSums

patients = some.lists(
    some.tuples(some.integers(1, 8), some.integers(0, 1), some.integers(0, 5)), min_size=2, max_size=25
)
Trial = tuple[np.ndarray, np.ndarray, np.ndarray]


def columns(rows: list[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


def pairs_by_hand(time: np.ndarray, event: np.ndarray, score: np.ndarray, weights: np.ndarray) -> list[float]:
    """Concordant, discordant and tied weight, pair by pair."""
    counts = [0.0, 0.0, 0.0]
    for i in np.flatnonzero(event == 1):
        for j in range(time.size):
            if time[j] > time[i] or (time[j] == time[i] and event[j] == 0):
                kind = 2 if score[i] == score[j] else int(score[i] < score[j])
                counts[kind] += weights[i] * weights[j]
    return counts


@pytest.fixture(scope="module")
def trial() -> Trial:
    """Time, event and a score that predicts: 250 patients, one in two censored, scores rounded and hence tied."""
    generator = np.random.default_rng(31)
    score = generator.normal(size=250)
    death, censoring = generator.exponential(np.exp(-score)), generator.exponential(1.5, 250)
    return np.minimum(death, censoring), (death <= censoring).astype(float), score.round(1)


@given(patients, some.integers(0, 10**6))
def test_pairs_are_those_counted_one_by_one(rows: list[tuple[int, ...]], seed: int) -> None:
    time, event, score = columns(rows)
    for weights in (np.ones(time.size), np.random.default_rng(seed).uniform(0.1, 3.0, time.size)):
        concordant, discordant, tied = pairs_by_hand(time, event, score, weights)
        result = st.concordance(time, event, score, weights)
        if concordant + discordant + tied == 0:
            assert isinstance(result, st.Absent)
            continue
        assert isinstance(result, st.Concordance)
        assert (result.concordant, result.discordant, result.tied) == pytest.approx((concordant, discordant, tied))
        assert result.concordance == pytest.approx((concordant + tied / 2) / (concordant + discordant + tied))
        assert result.influence.sum() == pytest.approx(0, abs=1e-12)


@given(patients)
def test_monotone_maps_and_the_order_of_rows_change_nothing(rows: list[tuple[int, ...]]) -> None:
    time, event, score = columns(rows)
    one = st.harrell_c(time, event, score)
    order = np.random.default_rng(1).permutation(time.size)
    for other in (
        st.harrell_c(time**2, event, np.exp(score)),
        st.harrell_c(time[order], event[order], score[order]),
    ):
        if isinstance(one, st.Absent):
            assert other == one
        else:
            assert other.estimate == pytest.approx(one.estimate)
            assert (other.lower is None) == (one.lower is None)
    turned = st.harrell_c(time, event, -score)
    if isinstance(one, st.Estimate):
        assert turned.estimate == pytest.approx(1 - one.estimate)


@given(patients, some.lists(some.integers(0, 3), min_size=25, max_size=25))
def test_a_weight_of_two_is_the_patient_twice(rows: list[tuple[int, ...]], drawn: list[int]) -> None:
    time, event, score = columns(rows)
    copies = np.array(drawn[: time.size])
    if not copies.any():
        return
    repeated = [np.repeat(column, copies) for column in (time, event, score)]
    for measure in (st.harrell_c, st.uno_c):
        weighted, twice = measure(time, event, score, weights=copies), measure(*repeated)
        assert isinstance(weighted, st.Absent) == isinstance(twice, st.Absent)
        if isinstance(weighted, st.Estimate):
            assert weighted.estimate == pytest.approx(twice.estimate)
            assert weighted.events == ((event == 1) & (copies > 0)).sum()


def test_agrees_with_scikit_survival(trial: Trial) -> None:
    metrics = pytest.importorskip("sksurv.metrics")
    time, event, score = trial
    result = st.concordance(time, event, score)
    assert isinstance(result, st.Concordance)
    reference = metrics.concordance_index_censored(event == 1, time, score)
    assert (result.concordance, result.concordant, result.discordant, result.tied) == pytest.approx(reference[:4])
    outcome = np.array(list(zip(event == 1, time, strict=True)), dtype=[("event", bool), ("time", float)])
    for horizon in (None, 0.4, 1.0):
        want = metrics.concordance_index_ipcw(outcome, outcome, score, tau=horizon)[0]
        got = st.uno_c(time, event, score, horizon)
        assert isinstance(got, st.Estimate)
        assert got.estimate == pytest.approx(want, abs=1e-12)


def test_uno_without_censoring_is_harrell(trial: Trial) -> None:
    time, _, score = trial
    event = np.ones_like(time)
    uno, harrell = st.uno_c(time, event, score), st.harrell_c(time, event, score)
    assert uno.estimate == pytest.approx(harrell.estimate)
    # But for n / (n - 1) the intervals are the same.
    assert uno.upper - uno.estimate == pytest.approx((harrell.upper - harrell.estimate) * np.sqrt(250 / 249))


def test_two_groups_one_dead_at_once_one_never_is_the_auc(trial: Trial) -> None:
    _, event, score = trial
    time = np.where(event == 1, 1.0, 2.0)
    assert st.harrell_c(time, event, score).estimate == pytest.approx(st.auc(event, score).estimate)


@pytest.mark.parametrize("name", ["harrell_c", "uno_c"])
def test_interval_is_that_of_the_derivatives_by_the_weights(trial: Trial, name: str) -> None:
    """The infinitesimal jackknife, differences taken instead of derivatives: G is estimated anew for each."""
    time, event, score = (column[:60] for column in trial)
    time = np.ceil(time * 4)
    measure, weights = getattr(st, name), np.ones(60)
    derivatives = []
    for patient in range(60):
        moved = [weights + change * (np.arange(60) == patient) for change in (-1e-5, 1e-5)]
        low, high = (measure(time, event, score, weights=each).estimate for each in moved)
        derivatives.append((high - low) / 2e-5)
    variance = np.sum(np.square(derivatives)) * (60 / 59 if name == "uno_c" else 1)
    half = 1.959963984540054 * np.sqrt(variance)
    result = measure(time, event, score)
    assert result.upper - result.estimate == pytest.approx(half, rel=1e-6)


def test_uno_does_not_depend_on_the_censoring() -> None:
    """The interval covers what nobody being censored would show, where Harrell's C has moved away from it."""
    generator = np.random.default_rng(33)
    n = 20_000
    score = generator.normal(size=n)
    death = generator.exponential(np.exp(-2 * score))
    truth = st.uno_c(death, np.ones(n), score, 1.0).estimate
    censoring = generator.exponential(0.7, n)
    time, event = np.minimum(death, censoring), (death <= censoring).astype(float)
    uno, harrell = st.uno_c(time, event, score, 1.0), st.harrell_c(time, event, score)
    assert isinstance(uno, st.Estimate)
    assert uno.lower < truth < uno.upper
    assert abs(harrell.estimate - truth) > 0.01


def test_paired_comparison(trial: Trial) -> None:
    time, event, score = trial
    noise = np.random.default_rng(34).normal(size=score.size)
    result = st.compare_harrell_c(time, event, score, score + noise)
    assert isinstance(result, st.AucComparison)
    apart = [st.concordance(time, event, each) for each in (score, score + noise)]
    assert result.difference.estimate == pytest.approx(apart[0].concordance - apart[1].concordance)
    # Scores that are alike differ by less than independent ones would.
    assert result.standard_error < np.hypot(apart[0].standard_error, apart[1].standard_error)
    assert result.z == pytest.approx(result.difference.estimate / result.standard_error)
    same = st.compare_harrell_c(time, event, score, 2 * score)
    assert isinstance(same, st.AucComparison)
    assert (same.difference.estimate, same.standard_error, same.z) == (0.0, 0.0, None)


def test_a_hundred_thousand_patients_need_no_matrix_of_pairs() -> None:
    generator = np.random.default_rng(35)
    n = 100_000
    score = generator.normal(size=n)
    death, censoring = generator.exponential(np.exp(-score)), generator.exponential(1.5, n)
    tracemalloc.start()
    result = st.harrell_c(np.minimum(death, censoring), death <= censoring, score)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6  # n squared bytes would be 1e10
    assert isinstance(result, st.Estimate)
    # P(the first of two exponentials with rates exp(x1), exp(x2) has the higher x), by simulation without times.
    one, two = generator.normal(size=(2, 1_000_000))
    high, low = np.exp(np.maximum(one, two)), np.exp(np.minimum(one, two))
    uncensored = st.harrell_c(death, np.ones(n), score)
    assert uncensored.estimate == pytest.approx((high / (high + low)).mean(), abs=0.004)


@given(some.lists(some.integers(0, 20), min_size=1, max_size=60), some.integers(0, 10**6))
def test_rank_sums_are_sums(ranks: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    values, weights = np.array(ranks), generator.random(len(ranks))
    start = generator.integers(0, values.size + 1, 20)
    stop = np.array([generator.integers(first, values.size + 1) for first in start])
    below = generator.integers(0, 40, 20)
    want = [weights[a:b][values[a:b] < c].sum() for a, b, c in zip(start, stop, below, strict=True)]
    np.testing.assert_allclose(RankSums(values, weights).below(start, stop, below), want, atol=1e-12)


def test_what_cannot_be_computed_or_makes_no_sense() -> None:
    assert isinstance(st.harrell_c([1, 2], [0, 0], [1, 2]), st.Absent)
    assert isinstance(st.harrell_c([2, 2], [1, 1], [1, 2]), st.Absent)
    assert isinstance(st.uno_c([1, 2, 3], [1, 1, 0], [3, 2, 1], 1), st.Absent)
    assert st.uno_c([1, 2, 3], [1, 1, 0], [3, 2, 1], 4) == st.Absent(
        "the horizon 4 lies beyond the follow-up: the longest is 3"
    )
    perfect = st.harrell_c([1, 2, 3], [1, 1, 0], [3, 2, 1])
    assert isinstance(perfect, st.Estimate)
    assert (perfect.estimate, perfect.lower) == (1.0, None)
    for arguments, words in (
        (([1, 2], [1, 0], [1, 2, 3]), "score has 3 values, time has 2"),
        (([1, 2], [1, 0], [1, np.nan]), "not finite"),
        (([1, 2], [1, 0], [1, 2], [-1, 1]), "weights must not be negative"),
        (([1, 2], [1, 2], [1, 2]), "event must be 0 or 1"),
    ):
        with pytest.raises(ValueError, match=words):
            st.harrell_c(*arguments)
