"""The bootstrap of many logistic regressions at once is that of one after the other, and R's."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from spinecast import statistics as st
from spinecast.statistics.binary.logistic_bootstrap import _Judged, _Sample
from spinecast.statistics.foundations.logistic_resamples import calibration_lines, logistic_regressions

REFERENCE = Path(__file__).parents[2] / "reference"


def one_after_the_other(x: np.ndarray, y: np.ndarray, replicates: int, seed: int) -> dict[str, st.Resampled]:
    """The same by the general function, which calls the public measures on each resample's patients."""

    def estimate(measure: st.Measure) -> float | None:
        return None if isinstance(measure, st.Absent) else measure.estimate

    def index(name: str) -> object:
        def compute(outcome: np.ndarray, risk: np.ndarray) -> float | None:
            found = st.quality_indices(outcome, risk)
            return None if isinstance(found, st.Absent) else getattr(found, name)

        return compute

    def fit(rows: np.ndarray) -> np.ndarray | None:
        found = st.fit_logistic_regression(y, x, np.bincount(rows, minlength=y.size))
        return None if isinstance(found, st.Absent) else expit(found.log_odds(x))

    measures = {
        "auc": lambda outcome, risk: estimate(st.auc(outcome, risk)),
        "calibration_slope": lambda outcome, risk: estimate(st.calibration_slope(outcome, risk)),
        "joint_calibration_intercept": lambda outcome, risk: estimate(st.joint_calibration_intercept(outcome, risk)),
    }
    names = ("recalibrated_nagelkerke_r2", "recalibrated_discrimination", "unreliability", "recalibrated_quality")
    measures |= {name: index(name) for name in names}
    losses = {"brier": lambda outcome, risk: (outcome - risk) ** 2}
    return st.resample_performance(y, fit, measures, losses, replicates=replicates, seed=seed)


def assert_same(x: np.ndarray, y: np.ndarray, replicates: int, seed: int = 5) -> dict[str, st.Resampled]:
    together = st.resample_logistic_regression(y, x, replicates=replicates, seed=seed)
    assert not isinstance(together, st.Absent)
    apart = one_after_the_other(x, y, replicates, seed)
    assert set(together) == set(apart)
    for name, got in together.items():
        want = apart[name]
        for part in ("apparent", "in_resample", "in_original", "out_of_bag"):
            np.testing.assert_allclose(getattr(got, part), getattr(want, part), rtol=0, atol=1e-8, err_msg=name)
        assert (got.n, got.events) == (want.n, want.events)
        assert got.leave_one_out == (None if name != "brier" else pytest.approx(want.leave_one_out, abs=1e-10))
    return together


def test_real_patients_with_and_without_shared_covariates() -> None:
    """Rotterdam's development cohort, every ninth patient: few and many patterns of covariates."""
    with (REFERENCE / "glmnet_rotterdam" / "development.csv").open() as handle:
        rows = list(csv.DictReader(handle))[::9]
    y = np.array([float(row["y5"]) for row in rows])
    for names in (("size1", "grade3"), ("size1", "size2", "nodes", "nodes_s", "grade3", "age", "pgr", "pgr_s")):
        x = np.array([[float(row[name]) for name in names] for row in rows])
        assert_same(x, y, 12)


@settings(max_examples=15)
@given(some.integers(0, 10_000), some.integers(16, 40), some.integers(1, 3))
def test_small_cohorts_in_which_some_resamples_cannot_be_fitted(seed: int, n: int, k: int) -> None:
    generator = np.random.default_rng(seed)
    x = np.round(generator.normal(size=(n, k)), 1)
    y = (generator.random(n) < expit(x[:, 0] - 1)).astype(float)
    if isinstance(st.resample_logistic_regression(y, x, replicates=1), st.Absent):
        assert isinstance(st.fit_logistic_regression(y, x), st.Absent)
        return
    assert_same(x, y, 8, seed)


def test_a_rare_predictor_is_missing_from_some_resamples() -> None:
    """One patient in sixty has it: resamples without that patient have no estimate and are counted as such."""
    generator = np.random.default_rng(3)
    x = np.column_stack((generator.normal(size=60), np.arange(60) < 2))
    y = (generator.random(60) < 0.5).astype(float)
    y[:2] = [0, 1]
    found = assert_same(x, y, 40)
    undefined = np.isnan(found["auc"].in_resample)
    assert 0 < undefined.sum() < 40
    assert isinstance(st.optimism_corrected(found["auc"]), st.Absent)


def test_different_patterns_of_one_risk_are_ties() -> None:
    """As scikit-learn counts them, with the numbers of patients as weights."""
    log_odds = np.array([[0.5, -1.0, 0.5, 2.0, -1.0], [0.0, 1.0, 2.0, 3.0, 4.0]])
    events, others = np.array([[3.0, 0, 1, 5, 2], [1, 2, 0, 1, 3]]), np.array([[1.0, 4, 2, 0, 1], [2, 2, 1, 0, 1]])
    found = _Judged(log_odds).measures(_Sample(events, others))[0]
    for row in range(2):
        weights = np.concatenate((events[row], others[row]))
        want = roc_auc_score(np.repeat([1, 0], 5), np.tile(log_odds[row], 2), sample_weight=weights)
        assert found[row] == pytest.approx(want, abs=1e-12)


def test_same_seed_same_numbers_whatever_is_worked_on_together(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(8)
    x = generator.normal(size=(80, 2))
    y = (generator.random(80) < expit(x[:, 0])).astype(float)
    one, two = (st.resample_logistic_regression(y, x, replicates=30, seed=2)["auc"] for _ in range(2))
    assert one.in_original.tolist() == two.in_original.tolist()
    monkeypatch.setattr("spinecast.statistics.binary.logistic_bootstrap.RESAMPLED_TOGETHER", 7 * 80)
    three = st.resample_logistic_regression(y, x, replicates=30, seed=2)["auc"]
    np.testing.assert_allclose(three.in_original, one.in_original, rtol=0, atol=1e-12)


def test_refusals_and_absence() -> None:
    x, y = np.arange(8.0)[:, None], np.array([0.0, 1, 0, 1, 0, 1, 0, 1])
    for call, message in (
        (lambda: st.resample_logistic_regression(y, x, replicates=0), "at least 1"),
        (lambda: st.resample_logistic_regression(y, x[:7]), "shape"),
        (lambda: st.resample_logistic_regression(y + 1, x), "0 or 1"),
        (lambda: st.resample_logistic_regression(y, x * np.nan), "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    for outcome, covariates, reason in ((y * 0, x, "none"), (y, x * 0, "vary"), ((x[:, 0] > 3) * 1.0, x, "separate")):
        assert reason in st.resample_logistic_regression(outcome, covariates).reason


def test_weights_and_an_offset_reach_the_single_fit() -> None:
    generator = np.random.default_rng(4)
    x, offset = generator.normal(size=(50, 2)), generator.normal(size=50)
    y = (generator.random(50) < expit(offset)).astype(float)
    weights = generator.exponential(size=(3, 50))
    weights[2] *= y  # nobody without the outcome
    found = logistic_regressions(x, weights * y, weights * (1 - y), np.zeros(3), offset=offset)
    for row in range(2):
        single = st.fit_logistic_regression(y, x, weights[row], offset=offset)
        np.testing.assert_allclose(found[row], single.coefficients, rtol=0, atol=1e-9)
    assert np.isnan(found[2]).all()


def test_calibration_lines_and_those_that_do_not_exist() -> None:
    log_odds = np.array([[-1.0, 0, 1, 2], [0, 0, 0, 0], [-1, 0, 1, 2], [-1, 0, 1, np.nan]])
    events = np.array([[1.0, 0, 1, 1], [1, 0, 1, 1], [0, 0, 1, 1], [1, 0, 1, 1]])
    intercept, slope = calibration_lines(log_odds, events, 1 - events)
    line = st.fit_logistic_recalibration(events[0], log_odds[0])
    assert [intercept[0], slope[0]] == pytest.approx([line.intercept, line.slope], abs=1e-9)
    assert np.isnan([intercept[1:], slope[1:]]).all()
