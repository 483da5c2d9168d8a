"""AUC, Brier score and IPA at a horizon against scikit-survival, definitions, binary measures and the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from spinecast import statistics as st

NORMAL_975 = 1.959963984540054
patients = some.lists(
    some.tuples(some.integers(1, 10), some.integers(0, 2), some.integers(0, 10)), min_size=2, max_size=30
)
Trial = tuple[np.ndarray, np.ndarray, np.ndarray]


def columns(rows: list[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


@pytest.fixture(scope="module")
def trial() -> Trial:
    """Time, event (two kinds) and a linear predictor of the first kind: 300 patients."""
    generator = np.random.default_rng(41)
    predictor = generator.normal(size=300)
    latent = generator.exponential(np.column_stack((np.exp(-predictor), np.full(300, 2.0), np.full(300, 2.0))))
    return latent.min(axis=1), np.array([1, 2, 0])[latent.argmin(axis=1)], predictor


def risk_of(predictor: np.ndarray, horizon: float) -> np.ndarray:
    """Risk by the horizon of the first kind of event where a second competes at rate 1/2."""
    rate = np.exp(predictor)
    return rate / (rate + 0.5) * -np.expm1(-(rate + 0.5) * horizon)


def test_agrees_with_scikit_survival(trial: Trial) -> None:
    metrics = pytest.importorskip("sksurv.metrics")
    time, event, predictor = trial
    event = (event == 1).astype(int)
    outcome = np.array(list(zip(event == 1, time, strict=True)), dtype=[("event", bool), ("time", float)])
    times = np.array([0.2, 0.5, 0.9])
    risk = -np.expm1(-np.exp(predictor)[:, None] * times)
    areas, _ = metrics.cumulative_dynamic_auc(outcome, outcome, predictor, times)
    _, scores = metrics.brier_score(outcome, outcome, 1 - risk, times)
    for column, horizon in enumerate(times):
        assert st.horizon_auc(time, event, predictor, horizon).estimate == pytest.approx(areas[column], abs=1e-10)
        brier = st.horizon_brier(time, event, risk[:, column], horizon)
        assert brier.estimate == pytest.approx(scores[column], abs=1e-12)
    integrated = st.integrated_brier(time, event, risk, times)
    assert integrated.estimate == pytest.approx(metrics.integrated_brier_score(outcome, outcome, 1 - risk, times))


def test_definition_with_competing_events_by_hand() -> None:
    """Blanche et al. 2013: one dead of the cause at 1, one of the other at 2, one censored at 2, two followed to 4."""
    time, event = np.array([1.0, 2, 2, 4, 4]), np.array([1, 2, 0, 0, 1])
    score = np.array([0.9, 0.95, 0.1, 0.5, 0.2])
    # G(1-) = G(2-) = 1; one of the 3 who can be is censored at 2: G(3-) = 2/3.
    weights = np.array([1, 1, 0, 1.5, 1.5])
    area = (0.0 * 1 + 1.0 * 1.5 + 1.0 * 1.5) / 4
    assert st.horizon_auc(time, event, score, 3).estimate == pytest.approx(area)
    brier = (0.1**2 + 1.5 * 0.5**2 + 1.5 * 0.2**2 + 0.95**2) / 5
    assert weights.sum() == 5
    assert st.horizon_brier(time, event, score, 3).estimate == pytest.approx(brier)
    null = 0.2 * 0.8
    assert st.index_of_prediction_accuracy(time, event, score, 3).estimate == pytest.approx(1 - brier / null)


@given(patients, some.integers(1, 10))
def test_without_censoring_they_are_the_binary_measures(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event, tenths = columns(rows)
    event = np.maximum(event, 1)
    outcome, risk = ((event == 1) & (time <= horizon)).astype(float), tenths / 10
    area, binary = st.horizon_auc(time, event, risk, horizon), st.auc(outcome, risk)
    assert isinstance(area, st.Absent) == isinstance(binary, st.Absent)
    pairs = [
        (st.horizon_brier(time, event, risk, horizon), st.brier(outcome, risk)),
        (st.index_of_prediction_accuracy(time, event, risk, horizon), st.scaled_brier(outcome, risk)),
    ]
    if isinstance(area, st.Estimate):
        assert area.estimate == pytest.approx(binary.estimate)
    for got, want in pairs:
        assert isinstance(got, st.Absent) == isinstance(want, st.Absent)
        if isinstance(got, st.Estimate):
            assert got.estimate == pytest.approx(want.estimate, abs=1e-12)
            if got.lower is not None:
                assert (got.lower, got.upper) == pytest.approx((want.lower, want.upper), abs=1e-9)


@given(patients, some.integers(1, 10))
def test_weighted_scores_are_those_of_the_weights(rows: list[tuple[int, ...]], horizon: int) -> None:
    """The same weights as ipcw_weights, which are checked against R elsewhere."""
    time, event, tenths = columns([*rows, (10, 0, 3)])
    weights = st.ipcw_weights(time, event > 0, horizon)
    outcome, risk = ((event == 1) & (time <= horizon)).astype(float), tenths / 10
    brier = st.horizon_brier(time, event, risk, horizon)
    assert brier.estimate == pytest.approx(st.brier(outcome, risk, weights, bootstrap=0).estimate)
    area = st.horizon_auc(time, event, risk, horizon)
    if isinstance(area, st.Estimate):
        assert area.estimate == pytest.approx(st.auc(outcome, risk, weights, bootstrap=0).estimate)
        accuracy = st.index_of_prediction_accuracy(time, event, risk, horizon)
        incidence = float(st.cumulative_incidence(time, event).at(horizon))
        assert accuracy.estimate == pytest.approx(1 - brier.estimate / (incidence * (1 - incidence)))


@given(patients, some.integers(1, 9))
def test_monotone_maps_and_the_order_of_rows_change_nothing(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event, score = columns(rows)
    one = st.horizon_auc(time, event, score, horizon)
    order = np.random.default_rng(1).permutation(time.size)
    for other in (
        st.horizon_auc(time, event, np.exp(score), horizon),
        st.horizon_auc(time[order] * 2, event[order], score[order], horizon * 2),
    ):
        assert isinstance(other, st.Absent) == isinstance(one, st.Absent)
        if isinstance(one, st.Estimate):
            assert other.estimate == pytest.approx(one.estimate)


@given(patients, some.lists(some.integers(0, 3), min_size=30, max_size=30), some.integers(1, 9))
def test_a_weight_of_two_is_the_patient_twice(rows: list[tuple[int, ...]], drawn: list[int], horizon: int) -> None:
    time, event, tenths = columns(rows)
    copies = np.array(drawn[: time.size])
    if not copies.any():
        return
    risk = tenths / 10
    repeated = [np.repeat(column, copies) for column in (time, event, risk)]
    for measure in (st.horizon_auc, st.horizon_brier, st.index_of_prediction_accuracy):
        weighted, twice = measure(time, event, risk, horizon, weights=copies), measure(*repeated, horizon)
        assert isinstance(weighted, st.Absent) == isinstance(twice, st.Absent)
        if isinstance(weighted, st.Estimate):
            assert weighted.estimate == pytest.approx(twice.estimate)


@pytest.mark.parametrize("name", ["horizon_auc", "horizon_brier", "index_of_prediction_accuracy", "integrated_brier"])
def test_interval_is_that_of_the_derivatives_by_the_weights(trial: Trial, name: str) -> None:
    """The infinitesimal jackknife, differences taken instead of derivatives: G and F are estimated anew for each."""
    time, event, predictor = (column[:60] for column in trial)
    time = np.ceil(time * 5)
    measure, at = getattr(st, name), 3.0
    risk: np.ndarray = risk_of(predictor, 0.6).round(2)
    if name == "integrated_brier":
        risk, at = np.column_stack([risk_of(predictor, when / 5) for when in (1, 2, 4)]), [1.0, 2.0, 4.0]
    derivatives = []
    for patient in range(60):
        moved = [1 + change * (np.arange(60) == patient) for change in (-1e-5, 1e-5)]
        low, high = (measure(time, event, risk, at, weights=each).estimate for each in moved)
        derivatives.append((high - low) / 2e-5)
    half = NORMAL_975 * np.sqrt(np.sum(np.square(derivatives)) * 60 / 59)
    result = measure(time, event, risk, at)
    assert result.estimate - result.lower == pytest.approx(half, rel=1e-6)


def test_intervals_cover_the_truth() -> None:
    """Of 300 cohorts of 200, 95 % of the intervals hold the population's value (400 000 patients, none censored)."""
    generator = np.random.default_rng(43)

    def cohort(n: int, censored: bool) -> list[np.ndarray]:
        predictor = generator.normal(size=n)
        latent = generator.exponential(np.column_stack((np.exp(-predictor), np.full(n, 2.0), np.full(n, 1.5))))
        kinds = latent if censored else latent[:, :2]
        return [kinds.min(axis=1), np.array([1, 2, 0])[kinds.argmin(axis=1)], risk_of(predictor, 0.7)]

    measures = (st.horizon_auc, st.horizon_brier, st.index_of_prediction_accuracy)
    truth = [measure(*cohort(400_000, censored=False), 0.7).estimate for measure in measures]
    covered = np.zeros(3)
    for _ in range(300):
        drawn = cohort(200, censored=True)
        for position, measure in enumerate(measures):
            result = measure(*drawn, 0.7)
            assert isinstance(result, st.Estimate)
            covered[position] += result.lower <= truth[position] <= result.upper
    assert (covered / 300 > 0.91).all()
    assert (covered / 300 < 0.985).all()


def test_paired_comparison_and_logit_interval(trial: Trial) -> None:
    time, event, predictor = trial
    noisy = predictor + np.random.default_rng(44).normal(size=300)
    result = st.compare_horizon_auc(time, event, predictor, noisy, 0.5)
    assert isinstance(result, st.AucComparison)
    one, two = (st.horizon_auc(time, event, each, 0.5) for each in (predictor, noisy))
    assert result.difference.estimate == pytest.approx(one.estimate - two.estimate)
    apart = [(each.upper - each.estimate) / NORMAL_975 for each in (one, two)]
    assert result.standard_error < np.hypot(*apart)
    logit = st.horizon_auc(time, event, predictor, 0.5, interval="logit")
    assert (logit.lower, logit.upper) == pytest.approx(st.logit_interval(one.estimate, apart[0]))


def test_a_useless_and_a_perfect_prediction() -> None:
    time, event = np.array([1.0, 2, 3, 4, 5, 6]), np.array([1, 1, 1, 0, 0, 0])
    incidence = float(st.cumulative_incidence(time, event).at(3.5))
    useless = st.index_of_prediction_accuracy(time, event, np.full(6, incidence), 3.5)
    assert useless.estimate == pytest.approx(0)
    perfect = st.index_of_prediction_accuracy(time, event, event.astype(float), 3.5)
    assert (perfect.estimate, perfect.lower) == (1.0, None)


def test_a_horizon_past_the_follow_up_is_absent_everywhere() -> None:
    time, event, risk = [1, 2, 3, 4], [1, 0, 2, 0], [0.9, 0.2, 0.4, 0.1]
    absent = st.Absent("the horizon 5 lies beyond the follow-up: the longest is 4")
    for measure in (st.horizon_auc, st.horizon_brier, st.index_of_prediction_accuracy):
        assert measure(time, event, risk, 5) == absent
    assert st.compare_horizon_auc(time, event, risk, risk, 5) == absent
    assert st.integrated_brier(time, event, np.tile(risk, (2, 1)).T, [1, 5]) == absent
    assert st.horizon_auc(time, event, risk, 0.5) == st.Absent("none of 4 patients had the outcome by the horizon")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: st.horizon_brier([1, 2], [1, 0], [0.5, 1.5], 1), r"risk must lie in \[0, 1\]"),
        (lambda: st.horizon_auc([1, 2], [1, 0], [1], 1), "score has 1 values, time has 2"),
        (lambda: st.horizon_auc([1, 2], [1, 0], [1, 2], -1), "horizon must be positive"),
        (lambda: st.integrated_brier([1, 2], [1, 0], [[0.1], [0.2]], [1]), "two or more"),
        (lambda: st.integrated_brier([1, 2], [1, 0], [[0.1], [0.2]], [1, 2]), r"shape \(2, 2\)"),
        (lambda: st.integrated_brier([1, 2], [1, 0], [[0.1, 0.2], [0.2, 0.3]], [2, 1]), "ascend"),
    ],
)
def test_says_what_is_wrong(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
