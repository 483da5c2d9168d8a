import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit

from spinecast import statistics as st


def cohort(n: int, seed: int, *, shift: float = 0.0, factor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    log_odds = generator.normal(-0.5, 1.2, n)
    return (generator.random(n) < expit(shift + factor * log_odds)).astype(float), expit(log_odds)


def basis(x: np.ndarray, knots: tuple[float, ...]) -> np.ndarray:
    """Harrell's basis written out for three knots: x and one cubic term."""
    a, b, c = knots

    def cubed(knot: float) -> np.ndarray:
        return np.maximum(x - knot, 0) ** 3

    term = cubed(a) - cubed(b) * (c - a) / (c - b) + cubed(c) * (b - a) / (c - b)
    return np.column_stack((np.ones_like(x), x, term / (c - a) ** 2))


def test_curve_and_band_agree_with_a_logistic_regression_of_statsmodels() -> None:
    y, p = cohort(400, 1)
    found = st.spline_calibration(y, p, knots=3, points=7, bootstrap=0)
    assert found.knots == pytest.approx(np.quantile(logit(p), [0.1, 0.5, 0.9]))
    model = sm.GLM(y, basis(logit(p), found.knots), sm.families.Binomial()).fit(tol=1e-12)
    grid = basis(logit(np.array(found.predicted)), found.knots)
    centre = grid @ model.params
    half = 1.959963984540054 * np.sqrt(np.einsum("ij,jk,ik->i", grid, model.cov_params(), grid))
    assert found.observed == pytest.approx(expit(centre), abs=1e-6)
    assert found.lower == pytest.approx(expit(centre - half), abs=1e-6)
    assert found.upper == pytest.approx(expit(centre + half), abs=1e-6)
    # Wider than pointwise, narrower than Scheffe's with the 95 % point of chi-squared with three degrees.
    factor = (logit(np.array(found.band_upper)) - centre) / (half / 1.959963984540054)
    assert factor == pytest.approx(np.full(7, factor[0]))
    assert 1.96 < factor[0] < 7.814727903251179**0.5


def test_the_simultaneous_band_covers_the_whole_curve() -> None:
    held = [
        not st.spline_calibration(*cohort(400, seed), knots=3, points=41, bootstrap=0).outside_band
        for seed in range(200)
    ]
    assert 0.91 <= np.mean(held) <= 0.99


def test_a_miscalibration_is_found_and_placed() -> None:
    found = st.spline_calibration(*cohort(3000, 4, factor=0.5), bootstrap=0)
    assert found.test.p_value < 1e-6
    low, high = found.outside_band[0], found.outside_band[-1]
    assert low[0] == found.predicted[0]
    assert high[1] == found.predicted[-1]
    assert low[1] < 0.5 < high[0]
    right = st.spline_calibration(*cohort(3000, 5), bootstrap=0)
    assert right.outside_band == ()
    assert right.test.p_value > 0.01
    assert right.errors.ici.estimate < found.errors.ici.estimate


def test_errors_carry_intervals_and_agree_with_loess() -> None:
    y, p = cohort(500, 6, shift=0.6)
    spline, loess = st.spline_calibration(y, p, knots=3, bootstrap=100), st.calibration_errors(y, p, bootstrap=0)
    ici = spline.errors.ici
    assert 0 < ici.lower <= ici.estimate <= ici.upper
    assert ici.estimate == pytest.approx(loess.ici.estimate, abs=0.02)
    again = st.spline_calibration(y, p, knots=3, bootstrap=100)
    assert again == spline


def test_weights_count_patients() -> None:
    y, p = cohort(300, 7)
    weights = np.full(y.size, 2.0)
    weighted = st.spline_calibration(y, p, weights, knots=4, bootstrap=20)
    plain = st.spline_calibration(y, p, knots=4, bootstrap=0)
    assert weighted.observed == pytest.approx(plain.observed, abs=1e-9)
    # The sandwich does not take a weight of two for two patients.
    assert weighted.lower == pytest.approx(plain.lower, abs=0.03)
    assert isinstance(weighted.test, st.Absent)
    assert set(weighted.to_dict()) >= {"band_lower", "ici", "e50", "e90", "e_max", "test", "outside_band"}


@pytest.mark.parametrize(
    ("y", "p", "reason"),
    [
        ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], "none of 4"),
        ([0, 1, 0, 1], [0.0, 0.2, 0.3, 0.4], "exactly 0 or 1"),
        ([0, 1, 0, 1, 1, 0], [0.1, 0.1, 0.1, 0.1, 0.1, 0.4], "too tied"),
        ([0, 0, 0, 1, 1, 1], [0.1, 0.15, 0.2, 0.3, 0.35, 0.4], "separate"),
    ],
)
def test_absent_with_its_reason(y: list[int], p: list[float], reason: str) -> None:
    found = st.spline_calibration(y, p, knots=3, bootstrap=0)
    assert isinstance(found, st.Absent)
    assert reason in found.reason


def test_refuses_another_number_of_knots() -> None:
    with pytest.raises(ValueError, match="knots must be 3, 4 or 5"):
        st.spline_calibration(*cohort(50, 1), knots=6)
