"""Sample sizes against the published examples and the programs of the criteria's authors.

pmsampsize: Ensor, Martin & Riley, R package, test files of version 1.1.1 and later (tests/testthat/test_bin.R,
test_surv.R, test_cont.R). pmvalsampsize: Ensor, R package 0.1.0 and Python package 0.2.1, the latter run with its
1,000,000 simulated patients. Neither is needed here: the numbers are copied.
"""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as some
from scipy.special import expit

from spinecast import statistics as st


def sizes(found: st.SampleSize) -> dict[str, int | None]:
    return {criterion.name: criterion.n for criterion in found.criteria}


@pytest.mark.parametrize(
    ("parameters", "proportion", "r2", "shrinkage", "difference", "risk"),
    [
        (24, 0.174, 0.288, 623, 662, 221),
        (24, 0.174, 0.55, 255, 532, 221),
        (36, 0.174, 0.288, 934, 992, 221),
        (24, 0.25, 0.288, 623, 590, 289),
    ],
)
def test_binary_development_agrees_with_pmsampsize(
    parameters: int, proportion: float, r2: float, shrinkage: int, difference: int, risk: int
) -> None:
    found = sizes(st.development_size_binary(parameters=parameters, proportion=proportion, cox_snell_r2=r2))
    assert (found["shrinkage"], found["r2_difference"], found["overall_risk"]) == (shrinkage, difference, risk)


def test_binary_development_agrees_with_the_example_of_pre_eclampsia() -> None:
    """Riley et al. 2020, BMJ 368:m441: 30 parameters, 5 % with the outcome, Cox-Snell R2 0.05; 5249 patients."""
    found = st.development_size_binary(parameters=30, proportion=0.05, cox_snell_r2=0.05)
    want = {"overall_risk": 73, "mean_absolute_error": 544, "shrinkage": 5249}
    assert want.items() <= sizes(found).items()
    assert (found.n, found.binding.name, found.events) == (5249, "shrinkage", 263)


@pytest.mark.parametrize(
    ("parameters", "rate", "follow_up", "horizon", "r2", "shrinkage", "difference", "per_parameter"),
    [
        (25, 0.065, 2.07, 2, 0.051, 4286, 866, 23.07),
        (25, 0.065, 2.07, 2, 0.065, 3335, 859, 17.95),
        (50, 0.065, 2.07, 2, 0.051, 8572, 1731, 23.07),
        (25, 0.1, 2.07, 2, 0.051, 4286, 731, 35.49),
        (25, 0.065, 2.07, 4, 0.051, 4286, 866, 23.07),
        (25, 0.065, 4, 2, 0.051, 4286, 679, 44.57),
        (40, 0.08, 5, 3, 0.06, 5798, 969, 57.98),
        (10, 0.09, 3, 3, 0.03, 2950, 272, 79.65),
        (80, 0.03, 5, 1, 0.3, 1974, 2272, 4.26),
    ],
)
def test_survival_development_agrees_with_pmsampsize(
    parameters: int,
    rate: float,
    follow_up: float,
    horizon: float,
    r2: float,
    shrinkage: int,
    difference: int,
    per_parameter: float,
) -> None:
    found = st.development_size_survival(
        parameters=parameters, rate=rate, mean_follow_up=follow_up, horizon=horizon, cox_snell_r2=r2
    )
    assert sizes(found)["shrinkage"] == shrinkage
    # pmsampsize rounds the events of an imagined study of 10,000 up before it takes the largest R2 from them.
    assert sizes(found)["r2_difference"] == pytest.approx(difference, abs=1)
    assert found.n == max(shrinkage, difference)
    assert found.events_per_parameter == pytest.approx(per_parameter, abs=0.006)


@given(some.floats(0.01, 1.5), some.floats(0.1, 3.0), some.floats(0.02, 0.3))
def test_survival_overall_risk_is_known_as_well_as_asked(rate: float, horizon: float, margin: float) -> None:
    follow_up = 0.9 / rate

    def distance(n: int) -> float:
        error = 1.96 * math.sqrt(rate / (n * follow_up))
        limits = [max(0.0, rate - error), rate + error]
        return max(abs(math.exp(-one * horizon) - math.exp(-rate * horizon)) for one in limits)

    found = st.development_size_survival(
        parameters=5, rate=rate, mean_follow_up=follow_up, horizon=horizon, cox_snell_r2=0.1, risk_margin=margin
    )
    n = sizes(found)["overall_risk"]
    assert distance(n) <= margin * (1 + 1e-9)
    assert n == 1 or distance(n - 1) > margin * (1 - 1e-9)


@pytest.mark.parametrize(
    ("parameters", "r2", "mean", "deviation", "shrinkage", "difference", "residual"),
    [
        (25, 0.2, 1.9, 0.6, 918, 401, 259),
        (25, 0.3, 1.9, 0.6, 574, 351, 259),
        (50, 0.2, 1.9, 0.6, 1924, 801, 284),
        (25, 0.2, 10, 0.6, 918, 401, 259),
        (25, 0.2, 1.9, 2, 918, 401, 259),
        (100, 0.5, 1.9, 2, 1264, 1001, 334),
    ],
)
def test_continuous_development_agrees_with_pmsampsize(
    parameters: int, r2: float, mean: float, deviation: float, shrinkage: int, difference: int, residual: int
) -> None:
    found = st.development_size_continuous(parameters=parameters, r2=r2, mean=mean, standard_deviation=deviation)
    got = sizes(found)
    assert (got["shrinkage"], got["r2_difference"], got["residual_deviation"]) == (shrinkage, difference, residual)
    assert found.n == max(shrinkage, difference, residual)


def test_a_shrinkage_reached_by_chance_of_the_formula_does_not_count() -> None:
    """pmsampsize stops at 32 patients, where the formula passes 0.84 before it falls below it again."""
    found = st.development_size_continuous(parameters=30, r2=0.89, mean=3.3, standard_deviation=1.1, shrinkage=0.84)
    assert found.n == 264
    n = sizes(found)["shrinkage"]

    def expected(patients: int) -> float:
        apparent = (0.89 * (patients - 31) + 30) / (patients - 1)
        return 1 + 28 / (patients * math.log(1 - apparent))

    assert expected(32) > 0.84 > expected(n - 1)
    assert all(expected(patients) >= 0.84 for patients in range(n, n + 500))


def test_mean_outcome_of_zero_has_no_relative_error() -> None:
    found = st.development_size_continuous(parameters=5, r2=0.3, mean=0, standard_deviation=1)
    criterion = found.criteria[-1]
    assert (criterion.name, criterion.n) == ("mean_outcome", None)
    assert "mean of 0" in criterion.reason


HEART_VALVE = {"proportion": 0.018, "c_statistic": 0.8, "observed_expected_width": 1.0}


@pytest.mark.parametrize(
    ("linear_predictor", "slope"),
    [
        (st.normal_linear_predictor(-5, 2.5), 4544),
        (st.beta_linear_predictor(0.5, 0.5), 1644),
        (st.binormal_linear_predictor(0.8, 0.018), 17080),
    ],
)
def test_binary_validation_agrees_with_pmvalsampsize(linear_predictor: st.LinearPredictor, slope: int) -> None:
    """The example of mechanical heart valves in pmvalsampsize (Riley et al. 2021, Stat Med 40:4230)."""
    found = sizes(st.validation_size_binary(linear_predictor=linear_predictor, **HEART_VALVE))
    # pmvalsampsize steps the standard error by 0.0001 and stops at the first too wide: 905.
    assert found["observed_expected_ratio"] == 906
    assert found["calibration_slope"] == pytest.approx(slope, rel=0.005)
    assert found["c_statistic"] == 4252


def test_net_benefit_agrees_with_pmvalsampsize() -> None:
    found = st.validation_size_binary(
        linear_predictor=st.normal_linear_predictor(-0.2, 1.2), proportion=0.45, c_statistic=0.78, threshold=0.3
    )
    want = {"observed_expected_ratio": 470, "calibration_slope": 2209, "c_statistic": 331}
    for name, n in want.items():
        assert sizes(found)[name] == pytest.approx(n, rel=0.005)
    # pmvalsampsize rounds sensitivity, specificity and the standard error to three digits.
    assert sizes(found)["standardised_net_benefit"] == pytest.approx(267, abs=2)
    assert found.assumptions["sensitivity"] == pytest.approx(0.883, abs=0.001)
    given_ = st.validation_size_binary(
        linear_predictor=st.normal_linear_predictor(-0.2, 1.2),
        proportion=0.45,
        c_statistic=0.78,
        threshold=0.3,
        sensitivity=0.883,
        specificity=0.447,
    )
    assert sizes(given_)["standardised_net_benefit"] == pytest.approx(267, abs=1)


def test_the_binary_criteria_give_the_widths_they_promise() -> None:
    predictor = st.normal_linear_predictor(-0.8, 1.1)
    found = st.validation_size_binary(
        proportion=predictor.proportion,
        c_statistic=predictor.c_statistic,
        linear_predictor=predictor,
        threshold=0.3,
    )
    generator = np.random.default_rng(20)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        risk = expit(generator.normal(-0.8, 1.1, n))
        return (generator.random(n) < risk).astype(float), risk

    measures: dict[str, Any] = {
        "observed_expected_ratio": st.observed_expected_ratio,
        "calibration_slope": st.calibration_slope,
        "c_statistic": st.auc,
        "standardised_net_benefit": lambda y, p: st.standardised_net_benefit_at(y, p, 0.3),
    }
    for criterion in found.criteria:
        widths = []
        for _ in range(30):
            one = measures[criterion.name](*draw(criterion.n))
            widths.append(one.upper - one.lower)
        assert np.mean(widths) == pytest.approx(criterion.target, rel=0.06)


@pytest.mark.parametrize("censored", [0.0, 0.35])
def test_survival_validation_agrees_with_kaplan_meier(censored: float) -> None:
    found = st.validation_size_survival(risk=0.4, censored=censored, observed_expected_width=0.5)
    generator = np.random.default_rng(21)
    rate, leaving = -math.log(0.6), -math.log1p(-censored)
    logs = []
    for _ in range(1500):
        time = generator.exponential(1 / rate, found.n)
        end = generator.exponential(1 / leaving, found.n) if leaving else np.full(found.n, 9.0)
        observed = 1 - st.kaplan_meier(np.minimum(time, end), time <= end).at([1.0])[0]
        logs.append(math.log(observed / 0.4))
    # Width of the interval of O/E on the log scale with the standard deviation that was drawn.
    assert 2 * math.sinh(1.96 * np.std(logs)) == pytest.approx(0.5, rel=0.08)
    if not censored:
        assert found.n == math.ceil(0.6 / 0.4 / (math.asinh(0.25) / 1.96) ** 2)


def test_continuous_validation_by_its_formulas() -> None:
    """Archer et al. 2021, Stat Med 40:133; the residual criterion asks for 235 with the slope estimated."""
    found = st.validation_size_continuous(r2=0.5, standard_deviation=2.0, mean_width=0.4)
    assert sizes(found) == {
        "r2": math.ceil(4 * 0.5 * 0.25 / (0.1 / 3.92) ** 2),
        "calibration_in_the_large": math.ceil(4 * 0.5 / (0.4 / 3.92) ** 2),
        "calibration_slope": math.ceil(1 + 1 / (0.2 / 3.92) ** 2),
        "residual_deviation": 235,
    }
    generator = np.random.default_rng(22)
    slopes = []
    for _ in range(400):
        predicted = generator.normal(0, math.sqrt(2.0), 386)
        slopes.append(np.polyfit(predicted, predicted + generator.normal(0, math.sqrt(2.0), 386), 1)[0])
    assert 3.92 * np.std(slopes) == pytest.approx(0.2, rel=0.1)


@given(some.floats(0.55, 0.97), some.floats(0.02, 0.98))
def test_c_statistic_and_cox_snell_go_back_and_forth(c_statistic: float, proportion: float) -> None:
    r2 = st.cox_snell_from_c_statistic(c_statistic, proportion)
    assert 0 < r2 < st.largest_cox_snell_r2(proportion)
    assert st.c_statistic_from_cox_snell(r2, proportion) == pytest.approx(c_statistic, abs=1e-6)
    # The formula does not know which of the two outcomes is called the event.
    assert st.cox_snell_from_c_statistic(c_statistic, 1 - proportion) == pytest.approx(r2, rel=1e-9)


def test_cox_snell_of_a_c_statistic_agrees_with_simulated_patients() -> None:
    """Riley, Van Calster & Collins 2021, Stat Med 40:859: simulate two normals and fit a logistic regression."""
    generator = np.random.default_rng(23)
    events, others = 77_000, 23_000
    distance = math.sqrt(2) * 0.8778962950512288  # Phi^-1(0.81)
    y = np.repeat([1.0, 0.0], [events, others])
    x = generator.normal(size=y.size) + distance * y
    model = st.fit_logistic_regression(y, x[:, None])
    assert st.cox_snell_from_c_statistic(0.81, 0.77) == pytest.approx(model.cox_snell_r2, abs=0.004)
    assert st.cox_snell_from_c_statistic(0.81, 0.77) == pytest.approx(0.212, abs=0.001)


@pytest.mark.parametrize(
    "predictor",
    [
        st.normal_linear_predictor(-1, 1.5),
        st.beta_linear_predictor(0.7, 2.5),
        st.binormal_linear_predictor(0.75, 0.3),
        st.empirical_linear_predictor(np.random.default_rng(5).beta(2, 3, 5000)),
    ],
)
def test_linear_predictors_are_what_drawn_patients_show(predictor: st.LinearPredictor) -> None:
    generator = np.random.default_rng(24)
    x = generator.choice(predictor.log_odds, 100_000, p=predictor.shares)
    y = (generator.random(x.size) < expit(x)).astype(float)
    assert predictor.proportion == pytest.approx(y.mean(), abs=0.005)
    assert predictor.c_statistic == pytest.approx(st.auc(y, x).estimate, abs=0.006)
    one = st.classify(y, expit(x), 0.3)
    assert predictor.sensitivity(0.3) == pytest.approx(one.sensitivity.estimate, abs=0.006)
    assert predictor.specificity(0.3) == pytest.approx(one.specificity.estimate, abs=0.006)
    standard_error = 1 / math.sqrt(x.size * predictor.slope_information)
    assert st.fit_calibration(y, expit(x)).slope_se == pytest.approx(standard_error, rel=0.02)


def test_binormal_linear_predictor_has_the_proportion_and_c_statistic_asked_for() -> None:
    predictor = st.binormal_linear_predictor(0.8, 0.018)
    assert predictor.proportion == pytest.approx(0.018, rel=1e-9)
    assert predictor.c_statistic == pytest.approx(0.8, abs=1e-5)


@given(some.integers(1, 30), some.floats(0.05, 0.5), some.floats(0.6, 0.9))
def test_expected_shrinkage_and_error_meet_their_targets_at_n(
    parameters: int, proportion: float, c_statistic: float
) -> None:
    r2 = st.cox_snell_from_c_statistic(c_statistic, proportion)
    found = sizes(st.development_size_binary(parameters=parameters, proportion=proportion, cox_snell_r2=r2))
    assert st.expected_shrinkage(found["shrinkage"], parameters, r2) >= 0.9
    n = found["mean_absolute_error"]
    assert st.expected_mean_absolute_error(n, parameters, proportion) <= 0.05 * (1 + 1e-9)
    assume(n > 1)
    assert st.expected_mean_absolute_error(n - 1, parameters, proportion) > 0.05 * (1 - 1e-9)


def test_expected_mean_absolute_error_is_what_simulated_models_have() -> None:
    """The formula of van Smeden et al. 2019, against models of ten predictors in 500 patients."""
    generator = np.random.default_rng(25)
    effects = np.full(10, 0.25)
    new = generator.normal(size=(4000, 10))
    intercept = -1.55  # one fifth with the outcome
    errors = []
    for _ in range(60):
        x = generator.normal(size=(500, 10))
        y = (generator.random(500) < expit(intercept + x @ effects)).astype(float)
        model = st.fit_logistic_regression(y, x)
        errors.append(np.abs(expit(model.log_odds(new)) - expit(intercept + new @ effects)).mean())
    assert st.expected_mean_absolute_error(500, 10, 0.2) == pytest.approx(np.mean(errors), rel=0.1)
    other = st.expected_mean_absolute_error(500, 10, 0.8)
    assert other == pytest.approx(st.expected_mean_absolute_error(500, 10, 0.2))


@given(some.integers(1, 100_000), some.integers(1, 200), some.floats(0.01, 0.9))
@example(1, 200, 0.3)
def test_expected_shrinkage_solves_its_equation(n: int, parameters: int, r2: float) -> None:
    shrinkage = st.expected_shrinkage(n, parameters, r2)
    assert r2 <= shrinkage <= 1
    assert st.expected_shrinkage(2 * n, parameters, r2) >= shrinkage
    assume(shrinkage - r2 > 1e-6)
    assert parameters / ((shrinkage - 1) * math.log(1 - r2 / shrinkage)) == pytest.approx(n, rel=1e-3)


def test_a_cohort_is_judged_by_every_criterion() -> None:
    found = st.development_size_binary(parameters=24, proportion=0.174, cox_snell_r2=0.288)
    assert found.n == 801  # the mean absolute error binds; pmsampsize does not ask for it
    judged = found.judge(640)
    assert not judged.suffices
    assert [criterion.name for criterion in judged.unmet] == ["mean_absolute_error", "r2_difference"]
    assert "640 patients are fewer than the 801 needed" in judged.statement
    assert found.judge(801).suffices
    assert "meet every criterion" in found.judge(900).statement
    assert json.loads(json.dumps(found.to_dict() | judged.to_dict()))["unmet"] == [
        "mean_absolute_error",
        "r2_difference",
    ]
    with pytest.raises(ValueError, match="at least one patient"):
        found.judge(0)


def test_what_the_criteria_do_not_say_is_said() -> None:
    many = st.development_size_binary(parameters=40, proportion=0.3, cox_snell_r2=0.3)
    criterion = many.criteria[1]
    assert (criterion.n, criterion.reason) == (None, "the formula is for up to 30 parameters, not 40")
    strong = st.development_size_binary(parameters=5, proportion=0.3, cox_snell_r2=0.4)
    weak = st.development_size_binary(parameters=5, proportion=0.3, cox_snell_r2=0.1)
    assert any("above 0.8" in note for note in strong.notes)
    assert not any("above 0.8" in note for note in weak.notes)
    valve = st.validation_size_binary(linear_predictor=st.normal_linear_predictor(-5, 2.5), **HEART_VALVE)
    assert any("implies a proportion of 0.0523" in note for note in valve.notes)


BINARY = {"parameters": 10, "proportion": 0.3, "cox_snell_r2": 0.2}
SURVIVAL = {"parameters": 10, "rate": 0.1, "mean_follow_up": 3, "horizon": 2, "cox_snell_r2": 0.1}
LINEAR = {"parameters": 10, "r2": 0.3, "mean": 5, "standard_deviation": 1}
VALIDATION = {
    "proportion": 0.3,
    "c_statistic": 0.8,
    "linear_predictor": st.normal_linear_predictor(-1, 1),
    "threshold": 0.2,
}


@pytest.mark.parametrize(
    ("function", "base", "wrong", "message"),
    [
        (st.development_size_binary, BINARY, {"parameters": 0}, "at least one parameter"),
        (st.development_size_binary, BINARY, {"proportion": 1.2}, "strictly between 0 and 1, not 1.2"),
        (st.development_size_binary, BINARY, {"cox_snell_r2": 0.8}, "below 0.7053"),
        (st.development_size_binary, BINARY, {"shrinkage": 0.1}, "must be above the R2"),
        (st.development_size_binary, BINARY, {"shrinkage": 1.0}, "shrinkage must lie strictly"),
        (st.development_size_binary, BINARY, {"r2_margin": 1e-18}, "counted"),
        (st.development_size_survival, SURVIVAL, {"rate": 2}, "events a person"),
        (st.development_size_survival, SURVIVAL, {"horizon": math.nan}, "horizon must be above 0"),
        (st.development_size_continuous, LINEAR, {"r2": 1.0}, "R2 must lie strictly"),
        (st.development_size_continuous, LINEAR, {"error_ratio": 1.0}, "factor of error"),
        (st.development_size_continuous, LINEAR, {"error_ratio": 1.0001}, "more than"),
        (st.development_size_continuous, LINEAR, {"r2": 1e-9}, "more than"),
        (st.development_size_continuous, LINEAR, {"mean": math.inf}, "must be numbers"),
        (st.validation_size_binary, VALIDATION, {"c_statistic": 0.5}, "C statistic"),
        (st.validation_size_binary, VALIDATION, {"slope_width": -1}, "above 0"),
        (st.validation_size_binary, VALIDATION, {"sensitivity": 0.5}, "together"),
        (st.validation_size_binary, VALIDATION, {"sensitivity": 0.5, "specificity": 2}, "specificity"),
        (st.validation_size_binary, VALIDATION, {"threshold": None, "sensitivity": 0.5}, "belong to a threshold"),
        (st.validation_size_survival, {"risk": 0.4}, {"censored": 1.0}, "censored"),
        (st.validation_size_continuous, {"standard_deviation": 1, "mean_width": 1}, {"r2": 0}, "R2"),
        (st.normal_linear_predictor, {"mean": 0}, {"standard_deviation": 0}, "positive standard deviation"),
        (st.beta_linear_predictor, {"alpha": 1}, {"beta": -1}, "two positive"),
        (st.binormal_linear_predictor, {"proportion": 0.2}, {"c_statistic": 1}, "C statistic"),
        (st.empirical_linear_predictor, {}, {"risks": [0.0, 0.3]}, "strictly between"),
        (st.empirical_linear_predictor, {}, {"risks": [0.3, 0.3]}, "equal"),
        (st.largest_cox_snell_r2_survival, {}, {"events_per_person": 1.5}, "events a person"),
        (st.cox_snell_from_nagelkerke, {"largest": 0.5}, {"nagelkerke": 1.5}, "Nagelkerke"),
        (st.expected_shrinkage, {"parameters": 3, "cox_snell_r2": 0.2}, {"n": 0}, "at least 1"),
    ],
)
def test_what_is_out_of_range_is_refused(
    function: Any, base: dict[str, Any], wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(**{**base, **wrong})
