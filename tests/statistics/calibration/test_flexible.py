import time

import numpy as np
import pytest
from scipy.special import expit

from spinecast import statistics as st
from spinecast.statistics.calibration import flexible

Patients = tuple[np.ndarray, np.ndarray]


def by_definition(x: np.ndarray, y: np.ndarray, at: float, weights: np.ndarray) -> float:
    """Local quadratic regression as the textbook writes it: rank the distances, weight, solve least squares."""
    distance = np.abs(x - at)
    bandwidth = np.sort(distance)[int(0.75 * x.size + 1e-5) - 1]
    root = np.sqrt(np.clip(1 - (distance / bandwidth) ** 3, 0, None) ** 3 * weights)
    design = np.vander(x - at, 3, increasing=True)
    return float(np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0][0])


def test_loess_agrees_with_its_definition(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    at = np.linspace(0.02, 0.97, 23)
    for cases in (np.ones(y.size), weights + 0.1):
        expected = [by_definition(risk, y, point, cases) for point in at]
        assert st.loess(risk, y, at, cases) == pytest.approx(expected, abs=1e-9)


def test_loess_returns_a_parabola_as_it_is() -> None:
    x = np.random.default_rng(1).random(60)
    y = 1 - 2 * x + 3 * x**2
    assert st.loess(x, y, x) == pytest.approx(y, abs=1e-10)


def test_loess_of_two_distinct_values_gives_their_means() -> None:
    x, y = np.repeat([0.2, 0.6], 10), np.tile([0.0, 0.0, 1.0, 1.0, 1.0], 4)
    assert st.loess(x, y, [0.2, 0.6]) == pytest.approx([0.6, 0.6], abs=1e-9)


def test_loess_refuses_what_it_cannot_smooth() -> None:
    with pytest.raises(ValueError, match="fewer than three"):
        st.loess([0.1, 0.2, 0.3], [0, 1, 0], [0.2])
    with pytest.raises(ValueError, match="span"):
        st.loess([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], [0.2], span=1.5)
    with pytest.raises(ValueError, match="3, 4 and 3"):
        st.loess([0.1, 0.2, 0.3], [0, 1, 0, 1], [0.2])


def test_grid_is_close_to_the_exact_fit(patients: Patients, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = st.calibration_errors(*patients, bootstrap=0)
    monkeypatch.setattr(flexible, "EXACT_LIMIT", 10)
    gridded = st.calibration_errors(*patients, bootstrap=0)
    assert "grid" in gridded.ici.method
    assert "grid" not in exact.ici.method
    for name in ("ici", "e50", "e90", "e_max"):
        assert getattr(gridded, name).estimate == pytest.approx(getattr(exact, name).estimate, abs=1e-3)


def test_miscalibration_is_measured() -> None:
    risk = np.linspace(0.05, 0.65, 4000)
    y = (np.random.default_rng(4).random(4000) < risk + 0.2).astype(float)
    errors = st.calibration_errors(y, risk, bootstrap=50, seed=1)
    for measure in (errors.ici, errors.e50):
        assert measure.estimate == pytest.approx(0.2, abs=0.03)
        assert 0.14 < measure.lower < measure.estimate < measure.upper < 0.26
    assert errors.ici.estimate <= errors.e90.estimate <= errors.e_max.estimate


def test_bootstrap_draws_whole_patients_and_repeats_with_its_seed(patients: Patients) -> None:
    first = st.calibration_errors(*patients, bootstrap=30, seed=9)
    assert first == st.calibration_errors(*patients, bootstrap=30, seed=np.random.default_rng(9))
    shuffled = np.random.default_rng(0).permutation(patients[0].size)
    again = st.calibration_errors(patients[0][shuffled], patients[1][shuffled], bootstrap=0)
    assert again.ici.estimate == pytest.approx(first.ici.estimate, abs=1e-12)


def test_weighted_errors_smooth_and_average_with_the_weights(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    errors = st.calibration_errors(y, risk, weights, bootstrap=0)
    known = weights > 0
    distance = np.abs([by_definition(risk[known], y[known], p, weights[known]) for p in risk[known]] - risk[known])
    assert errors.ici.estimate == pytest.approx(np.average(distance, weights=weights[known]), abs=1e-9)
    assert errors.e_max.estimate == pytest.approx(distance.max(), abs=1e-9)
    half = weights[known][distance <= errors.e50.estimate].sum() / weights.sum()
    assert half == pytest.approx(0.5, abs=0.01)


def test_band_is_near_the_bootstrap_and_covers_the_curve(patients: Patients) -> None:
    y, risk = patients
    closed = st.flexible_calibration(y, risk, points=21)
    resampled = st.flexible_calibration(y, risk, np.ones(y.size), points=21, bootstrap=400, seed=1)
    assert resampled.observed == pytest.approx(closed.observed, abs=1e-12)
    inner = slice(3, 18)
    widths = [np.subtract(one.upper, one.lower)[inner] for one in (closed, resampled)]
    assert widths[1] == pytest.approx(widths[0], rel=0.35)
    assert np.mean(widths[1] / widths[0]) == pytest.approx(1, abs=0.1)
    assert closed.predicted[0] == risk.min()
    assert closed.predicted[-1] == risk.max()
    assert all(
        0 <= low <= mid <= high <= 1 for low, mid, high in zip(closed.lower, closed.observed, closed.upper, strict=True)
    )


def test_curve_survives_its_dictionary(patients: Patients, weights: np.ndarray) -> None:
    for curve in (st.flexible_calibration(*patients), st.flexible_calibration(*patients, weights, bootstrap=0)):
        assert st.CalibrationCurve.from_dict(curve.to_dict()) == curve


def test_too_few_distinct_risks_have_no_smooth_curve() -> None:
    for function in (st.flexible_calibration, st.calibration_errors):
        result = function([0, 1, 0, 1, 1], [0.2, 0.2, 0.2, 0.4, 0.4])
        assert isinstance(result, st.Absent)
        assert "2 distinct predicted risks" in result.reason


def test_two_hundred_resamples_of_the_support_cohorts_size_are_quick() -> None:
    generator = np.random.default_rng(3)
    risk = expit(generator.normal(-0.5, 1.1, 1858))
    y = (generator.random(1858) < risk).astype(float)
    start = time.process_time()
    st.calibration_errors(y, risk, bootstrap=200, seed=1)
    assert time.process_time() - start < 3
