import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as some
from scipy.special import expit, logit

from spinecast import statistics as st


def cohort(n: int = 300, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    covariates = generator.normal(size=(n, 3)) * [1.0, 40.0, 0.01] + [0.0, 300.0, 5.0]
    log_odds = -0.5 + 0.8 * covariates[:, 0] + 0.02 * (covariates[:, 1] - 300)
    return (generator.random(n) < expit(log_odds)).astype(float), covariates


def test_agrees_with_statsmodels_with_weights_and_offset() -> None:
    y, x = cohort()
    generator = np.random.default_rng(5)
    weights, offset = generator.integers(0, 4, y.size).astype(float), generator.normal(size=y.size)
    ours = st.fit_logistic_regression(y, x, weights, offset=offset)
    theirs = sm.GLM(y, sm.add_constant(x), sm.families.Binomial(), freq_weights=weights, offset=offset).fit(tol=1e-12)
    assert isinstance(ours, st.LogisticRegression)
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-6)
    assert ours.standard_errors == pytest.approx(theirs.bse, rel=1e-6)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)
    assert ours.log_odds(x) + offset == pytest.approx(logit(theirs.mu), abs=1e-6)


def test_counts_of_a_resample_are_patients_repeated() -> None:
    y, x = cohort()
    rows = np.random.default_rng(1).integers(0, y.size, y.size)
    counted = st.fit_logistic_regression(y, x, np.bincount(rows, minlength=y.size))
    repeated = st.fit_logistic_regression(y[rows], x[rows])
    assert counted.coefficients == pytest.approx(repeated.coefficients, rel=1e-7)
    assert counted.nagelkerke_r2 == pytest.approx(repeated.nagelkerke_r2, rel=1e-9)


@given(some.floats(-3, 3))
def test_the_start_does_not_matter(first: float) -> None:
    y, x = cohort()
    plain = st.fit_logistic_regression(y, x)
    started = st.fit_logistic_regression(y, x, start=[first, first, first / 40, first])
    assert started.coefficients == pytest.approx(plain.coefficients, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda y, x: (np.zeros_like(y), x), "none of 300 patients"),
        (lambda y, x: (y, np.column_stack((x, np.ones(y.size)))), "does not vary"),
        (lambda y, x: (y, np.column_stack((x, x[:, 0] + 2 * x[:, 1]))), "combination of the others"),
        (lambda y, x: (y, np.column_stack((x, y + 0.1 * x[:, 0]))), "separate"),
    ],
)
def test_what_cannot_be_estimated_says_why(change: object, reason: str) -> None:
    fitted = st.fit_logistic_regression(*change(*cohort()))
    assert isinstance(fitted, st.Absent)
    assert reason in fitted.reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1, 1], [1, 2, 3]), "shape"),
        (([0, 1, 1], [[1.0], [2.0]]), "shape"),
        (([0, 1, 1], [[1.0], [np.nan], [2.0]]), "not finite"),
        (([0, 2, 1], [[1.0], [3.0], [2.0]]), "outcome must be 0 or 1"),
    ],
)
def test_refuses_what_is_no_regression(arguments: tuple[object, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        st.fit_logistic_regression(*arguments)
    with pytest.raises(ValueError, match="start must hold 4"):
        st.fit_logistic_regression(*cohort(), start=[1.0])


def test_a_predictor_of_one_drawn_patient_separates_whatever_rounding_says() -> None:
    """Found in a resample: Newton's steps for that patient's log-odds shrank by rounding and ended at -38."""
    generator = np.random.default_rng(3)
    x = np.column_stack((generator.normal(size=60), np.arange(60) < 2))
    y = (generator.random(60) < 0.5).astype(float)
    y[:2] = [0, 1]
    draws = np.random.default_rng(5)
    for _ in range(40):
        counts = np.bincount(draws.integers(0, 60, 60), minlength=60)
        found = st.fit_logistic_regression(y, x, counts)
        assert isinstance(found, st.Absent) == (counts[:2].min() == 0)
