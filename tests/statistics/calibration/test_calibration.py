import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as some
from scipy.special import expit, logit

from spinecast import statistics as st

Patients = tuple[np.ndarray, np.ndarray]


def test_logistic_calibration_agrees_with_statsmodels(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    design = sm.add_constant(logit(risk))
    for cases in (None, weights):
        line = sm.GLM(y, design, family=sm.families.Binomial(), freq_weights=cases).fit(tol=1e-12)
        shift = sm.GLM(y, design[:, :1], family=sm.families.Binomial(), freq_weights=cases, offset=logit(risk)).fit(
            tol=1e-12
        )
        got = [
            st.calibration_in_the_large(y, risk, cases, bootstrap=0).estimate,
            st.joint_calibration_intercept(y, risk, cases, bootstrap=0).estimate,
            st.calibration_slope(y, risk, cases, bootstrap=0).estimate,
        ]
        assert got == pytest.approx([shift.params[0], *line.params], abs=1e-8)


def test_weighted_slope_interval_with_equal_weights_is_near_walds(patients: Patients) -> None:
    y, risk = patients
    closed = st.calibration_slope(y, risk)
    resampled = st.calibration_slope(y, risk, np.ones(y.size), bootstrap=600, seed=2)
    width = closed.upper - closed.lower
    assert [resampled.lower, resampled.upper] == pytest.approx([closed.lower, closed.upper], abs=0.15 * width)


def test_certain_risks_have_no_logistic_calibration() -> None:
    for function in (st.calibration_in_the_large, st.calibration_slope, st.fit_calibration):
        result = function([1, 0, 1, 0], [1.0, 0.2, 0.4, 0.5])
        assert isinstance(result, st.Absent)
        assert "1 of 4 predicted risks are exactly 0 or 1" in result.reason


def test_separated_and_equal_risks_have_no_slope() -> None:
    separated = st.calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4])
    assert isinstance(separated, st.Absent)
    assert "infinite" in separated.reason
    equal = st.calibration_slope([0, 0, 1, 1], [0.3, 0.3, 0.3, 0.3])
    assert isinstance(equal, st.Absent)
    assert "equal" in equal.reason
    assert isinstance(st.calibration_in_the_large([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4]), st.Estimate)


def test_observed_expected_ratio_at_the_ends() -> None:
    assert isinstance(st.observed_expected_ratio([0, 0], [0.1, 0.2]), st.Absent)
    assert isinstance(st.observed_expected_ratio([1, 0], [0.0, 0.0]), st.Absent)
    assert st.observed_expected_ratio([1, 0, 1, 0], [0.5, 0.1, 0.3, 0.1]).estimate == pytest.approx(2)


def test_groups_hold_everyone_once_with_their_observed_share(patients: Patients) -> None:
    y, risk = patients
    groups = st.calibration_groups(y, risk)
    assert len(groups) == 10
    assert sum(group.n for group in groups) == y.size
    assert sum(group.events for group in groups) == y.sum()
    assert all(group.observed == group.events / group.n for group in groups)
    assert all((group.lower, group.upper) == st.wilson_interval(group.events, group.n) for group in groups)
    assert [group.predicted for group in groups] == sorted(group.predicted for group in groups)


def test_groups_with_equal_cut_points_merge() -> None:
    groups = st.calibration_groups([0, 1, 1, 0, 1, 0], [0.2, 0.2, 0.2, 0.2, 0.2, 0.8])
    assert [(group.n, group.events) for group in groups] == [(5, 3), (1, 0)]
    assert len(st.calibration_groups([0, 1], [0.4, 0.4])) == 1
    with pytest.raises(ValueError, match="at least 1"):
        st.calibration_groups([0, 1], [0.4, 0.4], groups=0)


def test_weighted_groups_have_weighted_shares(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    groups = st.calibration_groups(y, risk, weights, groups=2)
    low = risk <= np.median(risk)
    assert groups[0].observed == pytest.approx(np.average(y[low], weights=weights[low]))
    assert groups[0].lower < groups[0].observed < groups[0].upper
    same = st.calibration_groups(y, risk, np.full(y.size, 3.0))
    for one, other in zip(same, st.calibration_groups(y, risk), strict=True):
        assert (one.lower, one.upper) == pytest.approx((other.lower, other.upper))


def test_a_weighted_group_of_one_outcome_is_not_sure() -> None:
    """Kish's effective number of patients, (1 + 2 + 3)^2 / (1 + 4 + 9), who all have the outcome."""
    (group,) = st.calibration_groups([1, 1, 1, 0], [0.5] * 4, [1, 2, 3, 0])
    assert (group.observed, group.upper) == (1, 1)
    assert group.lower == pytest.approx(st.wilson_interval(36 / 14, 36 / 14)[0])


def test_a_weighted_group_counts_the_patients_its_variance_is_worth(patients: Patients, weights: np.ndarray) -> None:
    """The variance by the infinitesimal jackknife, each derivative taken numerically."""
    y, _ = patients
    y, weights = y[:60].astype(float), weights[:60]
    (group,) = st.calibration_groups(y, np.full(60, 0.5), weights)
    step = 1e-5
    moved = [
        (np.average(y, weights=weights * (1 + step * (np.arange(60) == i))) - group.observed) / step for i in range(60)
    ]
    effective = group.observed * (1 - group.observed) / np.square(moved).sum()
    assert effective < 60
    limits = st.wilson_interval(group.observed * effective, effective)
    assert (group.lower, group.upper) == pytest.approx(limits, abs=1e-4)


@pytest.mark.parametrize("risk", [0.34, 0.97])
def test_intervals_of_weighted_groups_hold_the_risk_as_often_as_they_say(risk: float) -> None:
    """Patients censored before the horizon count nothing, those known at it the inverse of having stayed so long."""
    draw, rate, censoring, held = np.random.default_rng(5), -np.log(1 - risk), np.log(2), 0
    for _ in range(600):
        time, censored = draw.exponential(1 / rate, 40), draw.exponential(1 / censoring, 40)
        known = np.minimum(time, 1) <= censored
        weights = known * np.exp(censoring * np.minimum(time, 1))
        (group,) = st.calibration_groups((time <= 1) & known, np.full(40, 0.5), weights)
        held += group.lower <= risk <= group.upper
    assert 0.92 <= held / 600 <= 0.985


# Recalibration: any score, any outcome, a finite line.


@given(
    some.lists(some.tuples(some.integers(0, 1), some.floats(-40, 40)), min_size=1, max_size=30),
    some.booleans(),
)
def test_recalibration_is_always_finite(rows: list[tuple[int, float]], smoothed: bool) -> None:
    outcome, score = zip(*rows, strict=True)
    line = st.fit_logistic_recalibration(outcome, score, smoothed_targets=smoothed)
    assert np.isfinite([line.intercept, line.slope]).all()


def test_recalibration_of_separated_classes_uses_platts_targets() -> None:
    line = st.fit_logistic_recalibration([0, 0, 0, 1, 1], [-2, -1, 0, 1, 2])
    smoothed = st.fit_logistic_recalibration([0, 0, 0, 1, 1], [-2, -1, 0, 1, 2], smoothed_targets=True)
    assert line == smoothed
    assert line.method == "Platt's smoothed targets"
    assert 0 < line.slope < 10


def test_recalibration_of_a_constant_score_returns_the_prevalence() -> None:
    line = st.fit_logistic_recalibration([1, 0, 0, 0], [3.0, 3.0, 3.0, 3.0])
    assert line.slope == 1
    assert expit(line.apply([3.0])) == pytest.approx([0.25])


@pytest.mark.parametrize(("value", "share"), [(0, 1 / 5), (1, 4 / 5)])
def test_recalibration_of_one_class_keeps_the_ranking(value: int, share: float) -> None:
    line = st.fit_logistic_recalibration([value] * 3, [-1.0, 0.0, 2.0])
    assert line.slope == 1
    assert expit(line.apply([-1.0, 0.0, 2.0])).mean() == pytest.approx(share)


def test_recalibration_does_not_depend_on_the_unit_of_the_score(patients: Patients) -> None:
    y, risk = patients
    line = st.fit_logistic_recalibration(y, logit(risk))
    stretched = st.fit_logistic_recalibration(y, 1e6 + 1e3 * logit(risk))
    assert stretched.slope * 1e3 == pytest.approx(line.slope, rel=1e-8)
    assert stretched.intercept + stretched.slope * 1e6 == pytest.approx(line.intercept, abs=1e-6)


def test_recalibration_is_weighted(patients: Patients) -> None:
    y, risk = patients
    counts = np.random.default_rng(0).integers(0, 4, y.size)
    weighted = st.fit_logistic_recalibration(y, logit(risk), counts)
    repeated = st.fit_logistic_recalibration(np.repeat(y, counts), np.repeat(logit(risk), counts))
    assert (weighted.intercept, weighted.slope) == pytest.approx((repeated.intercept, repeated.slope), abs=1e-9)


def test_nearly_separated_classes_count_as_separated() -> None:
    # Formally a maximum exists, at a slope near 1e129.
    line = st.fit_logistic_recalibration([0, 1, 1], [0.0, 1.0, -3e-129])
    assert line.method == "Platt's smoothed targets"
    assert np.isfinite([line.intercept, line.slope]).all()


def test_an_outlying_score_does_not_throw_the_fit_off() -> None:
    outcome, score = np.array([0, 1, 0, 1, 0, 1, 1, 1, 0, 0]), np.array([-3, -2, -2, 1, 0, 2, 2, 3, 1, -400.0])
    line = st.fit_logistic_recalibration(outcome, score)
    residual = outcome - expit(line.apply(score))
    assert line.method == "maximum likelihood"
    assert [residual.sum(), (residual * score).sum()] == pytest.approx([0, 0], abs=1e-8)
