"""Cox, Fine-Gray, conditional and Weibull fits against statsmodels, scikit-survival, definitions and each other."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.optimize import minimize
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.duration.hazard_regression import PHReg

from spinecast import statistics as st

Cohort = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    """Time in whole months (hence ties), event (two kinds), three covariates: 240 patients."""
    generator = np.random.default_rng(71)
    x = np.column_stack((generator.normal(size=240), generator.integers(0, 2, 240), generator.normal(60, 10, 240)))
    rate = np.exp(0.6 * x[:, 0] - 0.5 * x[:, 1] + 0.02 * (x[:, 2] - 60))
    latent = generator.exponential(np.column_stack((12 / rate, np.full(240, 20.0), np.full(240, 20.0))))
    return np.ceil(latent.min(axis=1)), np.array([1, 2, 0])[latent.argmin(axis=1)], x


def fitted(result: object) -> st.CoxFit:
    assert isinstance(result, st.CoxFit)
    return result


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_agrees_with_statsmodels(cohort: Cohort, ties: str) -> None:
    time, event, x = cohort
    event = (event == 1).astype(float)
    generator = np.random.default_rng(72)
    entry = np.maximum(np.floor(time * generator.uniform(0, 0.8, time.size)) - 0.5, 0)
    strata = generator.integers(0, 3, time.size)
    # No entry falls on an event's time: who is at risk does not hang on a convention.
    for options in ({}, {"strata": strata}, {"entry": entry}, {"entry": entry, "strata": strata}):
        reference = PHReg(time, x, status=event, ties=ties, **options).fit(disp=False)
        got = fitted(st.fit_cox(time, event, x, ties=ties, **options))
        np.testing.assert_allclose(got.coefficients, reference.params, rtol=2e-5, atol=1e-7)
        np.testing.assert_allclose(got.standard_errors, reference.bse, rtol=2e-5)
        assert got.log_likelihood == pytest.approx(reference.llf, abs=1e-7)


def test_agrees_with_scikit_survival(cohort: Cohort) -> None:
    linear_model = pytest.importorskip("sksurv.linear_model")
    time, event, x = cohort
    outcome = np.array(list(zip(event == 1, time, strict=True)), dtype=[("event", bool), ("time", float)])
    for ties in ("efron", "breslow"):
        reference = linear_model.CoxPHSurvivalAnalysis(ties=ties, tol=1e-12).fit(x, outcome)
        got = fitted(st.fit_cox(time, event == 1, x, ties=ties))
        np.testing.assert_allclose(got.coefficients, reference.coef_, rtol=1e-6)
        if ties == "breslow":
            # Its baseline is Breslow's whatever the ties.
            want = [step(10.0) for step in reference.predict_survival_function(x[:5])]
            np.testing.assert_allclose(got.survival(x[:5], 10.0)[:, 0], want, atol=1e-6)


def test_rows_may_be_cut_at_any_time(cohort: Cohort) -> None:
    time, event, x = cohort
    event = (event == 1).astype(float)
    whole = fitted(st.fit_cox(time, event, x))
    cut = np.minimum(time, 4.0)
    later = time > 4
    start = np.concatenate((np.full(time.size, -1.0), np.full(int(later.sum()), 4.0)))
    parts = fitted(
        st.fit_cox(
            np.concatenate((cut, time[later])),
            np.concatenate((event * ~later, event[later])),
            np.concatenate((x, x[later])),
            entry=start,
            cluster=np.concatenate((np.arange(time.size), np.flatnonzero(later))),
        )
    )
    np.testing.assert_allclose(parts.coefficients, whole.coefficients, rtol=1e-8)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-8)
    np.testing.assert_allclose(parts.robust_covariance, whole.robust_covariance, rtol=1e-8)
    np.testing.assert_allclose(parts.baseline_hazard, whole.baseline_hazard, rtol=1e-8)


@given(some.lists(some.integers(0, 3), min_size=240, max_size=240))
def test_a_weight_of_two_is_the_patient_twice(cohort: Cohort, drawn: list[int]) -> None:
    time, event, x = cohort
    copies = np.append(drawn[1:], 1)
    event = (event == 1).astype(float)
    repeated = st.fit_cox(np.repeat(time, copies), np.repeat(event, copies), np.repeat(x, copies, 0), ties="breslow")
    weighted = st.fit_cox(time, event, x, weights=copies, ties="breslow")
    assert isinstance(weighted, st.Absent) == isinstance(repeated, st.Absent)
    if isinstance(weighted, st.CoxFit):
        assert isinstance(repeated, st.CoxFit)
        np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-6)
        assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood)


def test_units_and_order_change_nothing(cohort: Cohort) -> None:
    time, event, x = cohort
    event = (event == 1).astype(float)
    order = np.random.default_rng(73).permutation(time.size)
    scale = np.array([1000.0, 1.0, 0.01])
    one = fitted(st.fit_cox(time, event, x))
    two = fitted(st.fit_cox(time[order] * 30.4, event[order], x[order] * scale + 7))
    np.testing.assert_allclose(two.coefficients * scale, one.coefficients, rtol=1e-7)
    np.testing.assert_allclose(two.robust_standard_errors * scale, one.robust_standard_errors, rtol=1e-7)
    np.testing.assert_allclose(two.martingale_residuals, one.martingale_residuals[order], atol=1e-9)
    assert one.martingale_residuals.sum() == pytest.approx(0, abs=1e-9)


def test_robust_covariance_is_the_infinitesimal_jackknife(cohort: Cohort) -> None:
    """Differences of the coefficients by each patient's weight, taken instead of derivatives."""
    time, event, x = (column[:60] for column in cohort)
    event, moved = (event == 1).astype(float), []
    for patient in range(60):
        sides = [1 + change * (np.arange(60) == patient) for change in (-1e-4, 1e-4)]
        low, high = (fitted(st.fit_cox(time, event, x, weights=w, ties="breslow")).coefficients for w in sides)
        moved.append((high - low) / 2e-4)
    derivatives = np.array(moved)
    got = fitted(st.fit_cox(time, event, x, ties="breslow"))
    np.testing.assert_allclose(got.robust_covariance, derivatives.T @ derivatives, rtol=1e-5)


def test_proportional_hazards_hold_or_do_not() -> None:
    generator = np.random.default_rng(79)
    x = generator.normal(size=(1500, 2))
    # The second covariate's effect ends at time 1: piecewise exponential by inversion.
    first, second = np.exp(0.5 * x[:, 0] + x[:, 1]), np.exp(0.5 * x[:, 0])
    unit = generator.exponential(size=1500)
    death = np.where(unit < first, unit / first, 1 + (unit - first) / second)
    time, event = np.minimum(death, 4), death < 4
    test = st.proportional_hazards_test(time, event, x)
    assert isinstance(test, st.ProportionalHazardsTest)
    assert test.terms[0].p_value > 0.01
    assert test.terms[1].p_value < 1e-6
    assert test.overall.degrees_of_freedom == 2
    early = test.times < 0.5
    assert test.scaled_residuals[early, 1].mean() > test.scaled_residuals[~early, 1].mean() + 0.3
    for scale in ("identity", "log", "rank"):
        other = st.proportional_hazards_test(time, event, x, [[0, 1]], scale=scale)
        assert isinstance(other, st.ProportionalHazardsTest)
        assert other.terms[0].chi2 == pytest.approx(other.overall.chi2)
        assert other.overall.p_value < 1e-4


def test_scaled_residuals_average_to_the_coefficients(cohort: Cohort) -> None:
    time, event, x = cohort
    fit = fitted(st.fit_cox(time, event == 1, x))
    test = st.proportional_hazards_test(time, event == 1, x, entry=np.full(time.size, -2.0))
    assert isinstance(test, st.ProportionalHazardsTest)
    np.testing.assert_allclose(test.scaled_residuals.mean(axis=0), fit.coefficients, rtol=1e-6)
    # That nobody enters late is nothing to the test.
    same = st.proportional_hazards_test(time, event == 1, x)
    assert isinstance(same, st.ProportionalHazardsTest)
    assert same.overall.chi2 == pytest.approx(test.overall.chi2)


def test_fine_gray_is_cox_on_expanded_follow_up(cohort: Cohort) -> None:
    """Geskus 2011 (Biometrics 67:39): a row an interval after the competing event, weighted by what G has fallen to."""
    time, event, x = cohort
    uncensored = st.censoring_distribution(time, event > 0)
    rows: list[tuple[float, float, float, float, int]] = []
    times = np.unique(time[event == 1])
    for patient in range(time.size):
        rows.append((-1.0, time[patient], event[patient] == 1, 1.0, patient))
        if event[patient] == 2:
            start = time[patient]
            for at in times[times > start]:
                weight = uncensored.before(at) / uncensored.before(time[patient])
                rows.append((start, at, 0.0, float(weight), patient))
                start = at
    entry, until, happened, weights, who = (np.array(column) for column in zip(*rows, strict=True))
    kept = weights > 0
    cox = fitted(
        st.fit_cox(until[kept], happened[kept], x[who[kept]], entry=entry[kept], weights=weights[kept], ties="breslow")
    )
    got = st.fit_fine_gray(time, event, x)
    assert isinstance(got, st.FineGrayFit)
    np.testing.assert_allclose(got.coefficients, cox.coefficients, rtol=1e-7)
    np.testing.assert_allclose(got.baseline_hazard, cox.baseline_hazard, rtol=1e-7)
    assert got.log_likelihood == pytest.approx(cox.log_likelihood)


def test_fine_gray_without_competing_events_is_cox(cohort: Cohort) -> None:
    time, event, x = cohort
    event = (event == 1).astype(int)
    cox, got = fitted(st.fit_cox(time, event, x, ties="breslow")), st.fit_fine_gray(time, event, x)
    assert isinstance(got, st.FineGrayFit)
    np.testing.assert_allclose(got.coefficients, cox.coefficients, rtol=1e-7)
    np.testing.assert_allclose(got.standard_errors, cox.robust_standard_errors, rtol=1e-7)
    np.testing.assert_allclose(got.incidence(x[:3], [3, 9]), 1 - cox.survival(x[:3], [3, 9]), atol=1e-9)


def test_fine_gray_standard_errors_are_what_the_coefficients_vary_by() -> None:
    generator = np.random.default_rng(75)
    found, errors = [], []
    for _ in range(200):
        x = generator.normal(size=(150, 1))
        latent = generator.exponential(np.column_stack((np.exp(-0.5 * x), np.full((150, 2), 1.5))))
        fit = st.fit_fine_gray(latent.min(axis=1), np.array([1, 2, 0])[latent.argmin(axis=1)], x)
        assert isinstance(fit, st.FineGrayFit)
        found.append(fit.coefficients[0])
        errors.append(fit.standard_errors[0])
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.12)


def test_conditional_likelihood_sums_over_all_sets() -> None:
    """Every way to choose the tied events, written out."""
    time, event = np.array([1.0, 1, 1, 2, 2, 3, 3]), np.array([1, 1, 0, 1, 1, 1, 0])
    x = np.array([[0.2, 1], [1.4, 0], [0.3, 0], [-0.5, 1], [0.9, 1], [-0.1, 0], [-1.2, 0]])

    def likelihood(beta: np.ndarray) -> float:
        total = 0.0
        for at in (1, 2, 3):
            risk, own = np.flatnonzero(time >= at), np.flatnonzero((time == at) & (event == 1))
            sets = [np.exp((x[list(each)] @ beta).sum()) for each in combinations(risk, own.size)]
            total += (x[own] @ beta).sum() - np.log(np.sum(sets))
        return -float(total)

    best = minimize(likelihood, np.zeros(2), method="BFGS", options={"gtol": 1e-8})
    got = st.fit_conditional_cox(time, event, x)
    assert isinstance(got, st.ConditionalFit)
    np.testing.assert_allclose(got.coefficients, best.x, atol=1e-5)
    assert got.log_likelihood == pytest.approx(-best.fun)


def test_matched_sets_agree_with_statsmodels() -> None:
    generator = np.random.default_rng(76)
    matched = np.repeat(np.arange(60), 4)
    x = generator.normal(size=(240, 2))
    event = np.zeros(240)
    for each in range(60):
        chance = np.exp(x[matched == each] @ (0.8, -0.4))
        chosen = generator.choice(4, size=1 + each % 2, replace=False, p=chance / chance.sum())
        event[np.flatnonzero(matched == each)[chosen]] = 1
    reference = ConditionalLogit(event, x, groups=matched).fit(disp=False)
    got = st.fit_conditional_cox(np.ones(240), event, x, matched)
    assert isinstance(got, st.ConditionalFit)
    np.testing.assert_allclose(got.coefficients, reference.params, rtol=1e-4)
    np.testing.assert_allclose(got.standard_errors, reference.bse, rtol=1e-4)
    assert got.log_likelihood == pytest.approx(reference.llf)


def test_weibull_maximises_its_likelihood(cohort: Cohort) -> None:
    time, event, x = cohort
    event = (event == 1).astype(float)

    def likelihood(parameters: np.ndarray) -> float:
        scale = np.exp(parameters[-1])
        z = (np.log(time) - parameters[0] - x @ parameters[1:-1]) / scale
        return -float(np.sum(event * (z - np.log(scale) - np.log(time)) - np.exp(z)))

    got = st.fit_weibull(time, event, x)
    assert isinstance(got, st.WeibullFit)
    at = np.array([got.intercept, *got.coefficients, got.log_scale])
    assert got.log_likelihood == pytest.approx(-likelihood(at))
    steps = np.diag(np.array([1e-3, 1e-3, 1e-3, 1e-5, 1e-3]))
    hessian = np.empty((5, 5))
    for row, one in enumerate(steps):
        assert likelihood(at + one) > likelihood(at)
        assert likelihood(at - one) > likelihood(at)
        for column, two in enumerate(steps):
            corners = [likelihood(at + a * one + b * two) * a * b for a in (1, -1) for b in (1, -1)]
            hessian[row, column] = sum(corners) / (4 * one.sum() * two.sum())
    np.testing.assert_allclose(np.sqrt(np.diag(got.covariance)), np.sqrt(np.diag(np.linalg.inv(hessian))), rtol=1e-3)


def test_weibull_finds_what_made_the_data() -> None:
    generator = np.random.default_rng(77)
    x = generator.normal(size=(20_000, 1))
    death = np.exp(1.5 - 0.4 * x[:, 0]) * generator.weibull(2.0, 20_000)
    got = st.fit_weibull(np.minimum(death, 6), death < 6, x)
    assert isinstance(got, st.WeibullFit)
    assert (got.intercept, got.coefficients[0], got.log_scale) == pytest.approx((1.5, -0.4, -np.log(2)), abs=0.02)
    truth = np.exp(-((3 / np.exp(1.5 - 0.4)) ** 2))
    assert got.survival([1.0], 3.0)[0, 0] == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (st.fit_cox, "without exception"),
        (st.fit_fine_gray, "without exception"),
        (st.fit_conditional_cox, "without exception"),
        (st.proportional_hazards_test, "without exception"),
    ],
)
def test_what_has_no_fit_is_absent(fit, words: str) -> None:
    time, event = np.arange(1.0, 9), np.ones(8)
    perfect = fit(time, event, -time)
    assert isinstance(perfect, st.Absent)
    assert words in perfect.reason
    for covariates, event_ in ((time, np.zeros(8)), (np.ones(8), event), (np.column_stack((time, 2 * time)), event)):
        assert isinstance(fit(time, event_, covariates), st.Absent)


def test_an_outlier_does_not_overflow() -> None:
    generator = np.random.default_rng(78)
    x = generator.normal(size=300)
    x[0] = 1e6
    time = generator.exponential(size=300)
    fit = st.fit_cox(time, np.ones(300), x)
    assert isinstance(fit, st.CoxFit)
    assert np.isfinite(fit.coefficients).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: st.fit_cox([1, 2], [1, 0], [[1], [2], [3]]), "one row for each of 2 patients"),
        (lambda: st.fit_cox([1, 2], [1, 0], [1, np.nan]), "not finite"),
        (lambda: st.fit_cox([1, 2], [1, 0], [1, 2], entry=[0, 2]), "entry must come before"),
        (lambda: st.fit_cox([1, 2], [1, 0], [1, 2], ties="exact"), "ties must be efron or breslow"),
        (lambda: st.fit_cox([1, 2], [1, 2], [1, 2]), "event must be 0 or 1"),
        (lambda: st.fit_weibull([0, 2], [1, 0], [1, 2]), "time must be positive"),
        (lambda: st.fit_fine_gray([1, 2], [1, 0], [1, 2], 0), "cause must be the number"),
        (lambda: st.proportional_hazards_test([1, 2, 3], [1, 1, 1], [1, 3, 2], [[1]]), "columns from 0 to 0"),
        (
            lambda: st.proportional_hazards_test([0, 2, 3, 4], [1, 1, 1, 1], [1, 3, 2, 2], scale="log"),
            "time 0 has no logarithm",
        ),
    ],
)
def test_says_what_is_wrong(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
