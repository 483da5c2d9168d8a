"""Calibration at a horizon against leave-one-out by hand, binary calibration, statsmodels and the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from spinecast import statistics as st

NORMAL_975 = 1.959963984540054
patients = some.lists(
    some.tuples(some.integers(1, 10), some.integers(0, 2), some.integers(1, 9)), min_size=1, max_size=30
)
Trial = tuple[np.ndarray, np.ndarray, np.ndarray]


def columns(rows: list[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


def cohort(n: int, seed: int, competing: bool = False, slope: float = 1.0, shift: float = 0.0) -> Trial:
    """Time, event and risk by time 1: hazard exp(-.5 + x), of which the predictions know shift + slope x."""
    generator = np.random.default_rng(seed)
    x = generator.normal(scale=0.8, size=n)
    other = 0.4 if competing else 0.0
    rates = np.column_stack((np.exp(-0.5 + x), np.full(n, max(other, 1e-12)), np.full(n, 0.5)))
    latent = generator.exponential(1 / rates)
    rate = np.exp(-0.5 + shift + slope * x)
    risk = rate / (rate + other) * -np.expm1(-(rate + other))
    event = np.array([1, 2, 0])[latent.argmin(axis=1)]
    return latent.min(axis=1), event, risk


@given(patients, some.integers(1, 10))
def test_pseudo_values_are_the_jackknife(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event, _ = columns(rows)
    values, n = st.pseudo_values(time, event, horizon), time.size
    if isinstance(values, st.Absent):
        assert horizon > time.max()
        return

    def incidence(keep: np.ndarray) -> float:
        # With the last patient left out the curve goes on as it ends.
        return float(np.append(0, st.cumulative_incidence(time[keep], event[keep]).estimate[time_up_to(keep)])[-1])

    def time_up_to(keep: np.ndarray) -> np.ndarray:
        return np.unique(time[keep]) <= horizon

    everyone = np.ones(n, dtype=bool)
    if n == 1:
        assert values == pytest.approx([float(event[0] == 1 and time[0] <= horizon)])
        return
    without = [incidence(everyone & (np.arange(n) != patient)) for patient in range(n)]
    want = n * incidence(everyone) - (n - 1) * np.array(without)
    np.testing.assert_allclose(values, want, atol=1e-9)


@given(patients, some.integers(1, 10))
def test_pseudo_values_without_censoring_are_the_outcomes(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event, _ = columns(rows)
    event = np.maximum(event, 1)
    values = st.pseudo_values(time, event, horizon)
    np.testing.assert_allclose(values, (event == 1) & (time <= horizon), atol=1e-12)


def test_pseudo_values_lose_no_digits_in_large_cohorts() -> None:
    time = np.random.default_rng(50).exponential(size=100_000)
    values = st.pseudo_values(time, np.ones(time.size), 0.7)
    np.testing.assert_allclose(values, time <= 0.7, atol=1e-10)
    time, event, _ = cohort(100_000, 51, competing=True)
    incidence = float(st.cumulative_incidence(time, event).at(1.0))
    assert np.mean(st.pseudo_values(time, event, 1.0)) == pytest.approx(incidence, abs=1e-8)


def test_pseudo_values_by_hand() -> None:
    # S(2) is 2/3 * 1; without the first patient 1, without the second 1/2, without the third 1/2.
    assert st.pseudo_values([1, 2, 3], [1, 0, 1], 2) == pytest.approx([3 / 3 - 0, 1 - 2 / 2, 1 - 2 / 2])
    # Censored at 1: S(2) = 1/2; without the first 1/2, without the second 1, without the third 0.
    assert st.pseudo_values([1, 2, 3], [0, 1, 0], 2) == pytest.approx([1.5 - 1, 1.5 - 0, 1.5 - 2])


@given(patients, some.integers(1, 10))
def test_observed_over_expected(rows: list[tuple[int, ...]], horizon: int) -> None:
    time, event, tenths = columns(rows)
    risk = tenths / 10
    ratio = st.horizon_observed_expected_ratio(time, event, risk, horizon)
    if isinstance(ratio, st.Absent):
        assert horizon > time.max() or not ((event == 1) & (time <= horizon)).any()
        return
    observed = st.cumulative_incidence_at(time, event, horizon)
    assert isinstance(observed, st.Estimate)
    assert ratio.estimate == pytest.approx(observed.estimate / risk.mean())
    event = np.maximum(event, 1)
    uncensored = st.horizon_observed_expected_ratio(time, event, risk, horizon)
    binary = st.observed_expected_ratio((event == 1) & (time <= horizon), risk)
    assert uncensored.estimate == pytest.approx(binary.estimate)
    if uncensored.lower is not None:
        assert (uncensored.lower, uncensored.upper) == pytest.approx((binary.lower, binary.upper))


@given(patients, some.lists(some.integers(0, 3), min_size=30, max_size=30), some.integers(1, 9))
def test_a_weight_of_two_is_the_patient_twice(rows: list[tuple[int, ...]], drawn: list[int], horizon: int) -> None:
    time, event, tenths = columns(rows)
    copies = np.array(drawn[: time.size])
    if not copies.any():
        return
    repeated = [np.repeat(column, copies) for column in (time, event, tenths / 10)]
    weighted = st.horizon_observed_expected_ratio(time, event, tenths / 10, horizon, weights=copies)
    twice = st.horizon_observed_expected_ratio(*repeated, horizon)
    assert isinstance(weighted, st.Absent) == isinstance(twice, st.Absent)
    if isinstance(weighted, st.Estimate):
        assert weighted.estimate == pytest.approx(twice.estimate)


def test_without_censoring_calibration_is_that_of_a_binary_outcome() -> None:
    time, event, risk = cohort(800, 52, slope=0.7, shift=0.3)
    event = np.ones_like(event)
    outcome = (time <= 1.0).astype(float)
    for name in ("calibration_in_the_large", "calibration_slope"):
        got = getattr(st, f"horizon_{name}")(time, event, risk, 1.0, scale="logit")
        want = getattr(st, name)(outcome, risk)
        assert got.estimate == pytest.approx(want.estimate, abs=1e-8)
        # Robust and model-based standard errors agree where the model is right.
        assert got.upper - got.lower == pytest.approx(want.upper - want.lower, rel=0.1)
    got, want = (
        st.horizon_calibration_errors(time, event, risk, 1.0, bootstrap=0),
        st.calibration_errors(outcome, risk, bootstrap=0),
    )
    for name in ("ici", "e50", "e90", "e_max"):
        assert getattr(got, name).estimate == pytest.approx(getattr(want, name).estimate, abs=1e-9)
    curve, binary = st.horizon_calibration_curve(time, event, risk, 1.0), st.flexible_calibration(outcome, risk)
    np.testing.assert_allclose(curve.observed, binary.observed, atol=1e-9)
    width, other = np.subtract(curve.upper, curve.lower), np.subtract(binary.upper, binary.lower)
    assert np.median(width / other) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("competing", [False, True])
def test_perfect_predictions_are_found_perfect(competing: bool) -> None:
    time, event, risk = cohort(40_000, 53, competing)
    for measure, truth in (
        (st.horizon_observed_expected_ratio(time, event, risk, 1.0), 1),
        (st.horizon_calibration_in_the_large(time, event, risk, 1.0), 0),
        (st.horizon_calibration_in_the_large(time, event, risk, 1.0, scale="logit"), 0),
        (st.horizon_calibration_slope(time, event, risk, 1.0), 1),
        (st.horizon_calibration_slope(time, event, risk, 1.0, scale="logit"), 1),
    ):
        assert isinstance(measure, st.Estimate)
        error = (measure.upper - measure.lower) / (2 * NORMAL_975)
        assert abs(measure.estimate - truth) < 3 * error
        assert error < 0.05
    errors = st.horizon_calibration_errors(time, event, risk, 1.0, bootstrap=0)
    assert isinstance(errors, st.CalibrationErrors)
    assert errors.ici.estimate < 0.01
    for group in st.horizon_calibration_groups(time, event, risk, 1.0):
        assert abs(group.observed.estimate - group.predicted) < 0.03


def test_wrong_predictions_are_found_wrong_by_as_much() -> None:
    """On the complementary log-log scale a survival model's shift and slope are those of its linear predictor."""
    time, event, risk = cohort(30_000, 54, slope=0.5)
    slope = st.horizon_calibration_slope(time, event, risk, 1.0)
    assert slope.lower < 2 < slope.upper
    predictor = np.log(-np.log1p(-risk))
    cox = st.cox_calibration_slope(time, event, predictor, 1.0)
    assert cox.lower < 2 < cox.upper
    # Cox uses when the events came: no wider.
    assert cox.upper - cox.lower <= slope.upper - slope.lower
    time, event, risk = cohort(30_000, 55, shift=-0.4)
    shift = st.horizon_calibration_in_the_large(time, event, risk, 1.0)
    assert shift.lower < 0.4 < shift.upper
    assert st.horizon_observed_expected_ratio(time, event, risk, 1.0).lower > 1.2


def test_the_curve_finds_what_the_predictions_get_wrong() -> None:
    time, event, risk = cohort(20_000, 59, competing=True)
    wrong = risk**1.5
    curve = st.horizon_calibration_curve(time, event, wrong, 1.0)
    assert isinstance(curve, st.CalibrationCurve)
    at = np.array(curve.predicted)
    middle = (at > np.quantile(wrong, 0.05)) & (at < np.quantile(wrong, 0.95))
    truth = at ** (1 / 1.5)
    np.testing.assert_allclose(np.array(curve.observed)[middle], truth[middle], atol=0.03)
    errors = st.horizon_calibration_errors(time, event, wrong, 1.0, bootstrap=20)
    assert isinstance(errors, st.CalibrationErrors)
    # Three standard errors of a proportion of a third in 20 000 patients, some of them censored.
    assert errors.ici.estimate == pytest.approx(np.abs(risk - wrong).mean(), abs=0.012)
    assert errors.ici.lower < errors.ici.estimate < errors.ici.upper
    assert errors.ici.events == ((event == 1) & (time <= 1)).sum()


def test_the_band_covers_a_straight_curve() -> None:
    covered = []
    for seed in range(20):
        time, event, risk = cohort(500, 600 + seed, competing=True)
        curve = st.horizon_calibration_curve(time, event, risk, 1.0, points=21)
        assert isinstance(curve, st.CalibrationCurve)
        at = np.array(curve.predicted)
        inside = (np.array(curve.lower) <= at) & (at <= np.array(curve.upper))
        covered.append(inside[(at > np.quantile(risk, 0.1)) & (at < np.quantile(risk, 0.9))].mean())
    assert 0.87 < np.mean(covered) < 0.99


def test_slope_agrees_with_statsmodels() -> None:
    """The same estimating equations, solved by its quasi-binomial GEE with the same working variance."""
    smf = pytest.importorskip("statsmodels.api")
    time, event, risk = cohort(400, 57, competing=True)
    outcome = st.pseudo_values(time, event, 1.0)
    for scale, link, transformed in (
        ("cloglog", smf.families.links.CLogLog(), np.log(-np.log1p(-risk))),
        ("logit", smf.families.links.Logit(), np.log(risk / (1 - risk))),
    ):
        model = smf.GEE(outcome, smf.add_constant(transformed), np.arange(400), family=smf.families.Binomial(link=link))
        fitted = model.fit(start_params=[0.0, 1.0], maxiter=200, ctol=1e-10)
        got = st.horizon_calibration_slope(time, event, risk, 1.0, scale=scale)
        assert got.estimate == pytest.approx(fitted.params[1], abs=1e-6)
        assert (got.upper - got.lower) / (2 * NORMAL_975) == pytest.approx(fitted.bse[1], rel=1e-4)


def test_weights_move_the_cohort() -> None:
    """Weighting makes a cohort of the wrong case mix answer for the right one; here one that halves the high risks."""
    time, event, risk = cohort(20_000, 58, slope=0.6)
    keep = np.where(risk > 0.5, 0.5, 1.0)
    drawn = np.random.default_rng(59).random(risk.size) < keep
    for measure in (st.horizon_observed_expected_ratio, st.horizon_calibration_slope):
        weighted = measure(time, event, risk, 1.0, weights=keep)
        sampled = measure(time[drawn], event[drawn], risk[drawn], 1.0)
        assert weighted.estimate == pytest.approx(sampled.estimate, abs=0.04)
    curve = st.horizon_calibration_errors(time, event, risk, 1.0, weights=keep, bootstrap=0)
    other = st.horizon_calibration_errors(time[drawn], event[drawn], risk[drawn], 1.0, bootstrap=0)
    assert curve.ici.estimate == pytest.approx(other.ici.estimate, abs=0.015)


def test_groups_of_risk_hold_everyone() -> None:
    time, event, risk = cohort(503, 60, competing=True)
    groups = st.horizon_calibration_groups(time, event, risk, 1.0, groups=5)
    assert sum(group.n for group in groups) == 503
    assert [group.predicted for group in groups] == sorted(group.predicted for group in groups)
    one = st.horizon_calibration_groups(time, event, risk, 1.0, groups=1)[0]
    assert one.observed == st.cumulative_incidence_at(time, event, 1.0)
    assert one.to_dict()["observed"]["method"].startswith("Aalen-Johansen")
    # The last of the low risks is censored before the horizon: their risk there is not known.
    few = st.horizon_calibration_groups(
        [1, 2, 3, 9, 9, 9], [1, 0, 0, 1, 0, 1], [0.1, 0.1, 0.2, 0.7, 0.8, 0.9], 5, groups=2
    )
    assert isinstance(few[0].observed, st.Absent)
    assert isinstance(few[1].observed, st.Estimate)


def test_what_cannot_be_computed_is_absent() -> None:
    time, event, risk = [1, 2, 3, 4, 5], [1, 0, 2, 1, 0], [0.9, 0.2, 0.4, 0.1, 0.3]
    beyond = st.Absent("the horizon 6 lies beyond the follow-up: the longest is 5")
    for measure in (
        st.horizon_observed_expected_ratio,
        st.horizon_calibration_in_the_large,
        st.horizon_calibration_slope,
        st.horizon_calibration_curve,
        st.horizon_calibration_errors,
    ):
        assert measure(time, event, risk, 6) == beyond
        assert isinstance(measure(time, event, risk, 0.5), st.Absent)
    assert st.pseudo_values(time, event, 6) == beyond
    assert st.cox_calibration_slope(time, np.minimum(event, 1), risk, 6) == beyond
    certain = st.horizon_calibration_slope(time, event, [1.0, 0.2, 0.4, 0.1, 0.3], 4)
    assert certain == st.Absent("1 of 5 predicted risks are exactly 0 or 1: they cannot be carried to the scale")
    assert isinstance(st.horizon_calibration_slope(time, event, [0.3] * 5, 4), st.Absent)
    assert isinstance(st.horizon_calibration_curve(time, event, [0.3] * 5, 4), st.Absent)
    assert isinstance(st.horizon_observed_expected_ratio(time, event, [0.0] * 5, 4), st.Absent)
    assert isinstance(st.cox_calibration_slope(time, [1, 0, 0, 1, 0], [1, 1, 1, 1, 1]), st.Absent)
    perfect = st.cox_calibration_slope([1, 2, 3, 4], [1, 1, 1, 1], [4, 3, 2, 1])
    assert isinstance(perfect, st.Absent)
    assert "without exception" in perfect.reason


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: st.horizon_observed_expected_ratio([1, 2], [1, 0], [0.5, 1.5], 1), r"risk must lie in \[0, 1\]"),
        (lambda: st.horizon_calibration_groups([1, 2], [1, 0], [0.5, 0.5], 1, groups=0), "groups must be at least 1"),
        (lambda: st.horizon_calibration_slope([1, 2], [1, 0], [0.5, 0.6], 1, scale="probit"), "scale must be"),
        (lambda: st.pseudo_values([1, 2], [1, 0], 0), "horizon must be positive"),
    ],
)
def test_says_what_is_wrong(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
