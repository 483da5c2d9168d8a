"""Censored-data statistics against R's survival 3.5-3 and cmprsk; see tests/reference/golden_s4 and golden_s4b.

The values were computed by R 4.2.2 on survival::lung, survival::veteran, survival::mgus2 and riskRegression::Melanoma.
"""

import csv
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinecast import statistics as st

REFERENCE = Path(__file__).parents[1] / "reference"
S4 = json.loads((REFERENCE / "golden_s4" / "expected.json").read_text())["expected"]
S4B = json.loads((REFERENCE / "golden_s4b" / "expected.json").read_text())["expected"]
NORMAL_975 = 1.959963984540054
SCALES = {"plain": "plain", "log": "log", "log-log": "log_log"}
Values = dict[str, Callable[[], Any]]


@cache
def table(folder: str, name: str) -> dict[str, np.ndarray]:
    """Return the columns of a reference table: numbers with NaN where a cell is empty, else words."""
    with (REFERENCE / folder / f"{name}.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    columns = {}
    for name_ in rows[0]:
        cells = [row[name_] for row in rows]
        try:
            columns[name_] = np.array([float(cell) if cell else np.nan for cell in cells])
        except ValueError:
            columns[name_] = np.array(cells)
    return columns


def rows_of(data: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column[rows] for name, column in data.items()}


LUNG, VETERAN = table("golden_s4", "lung"), table("golden_s4", "veteran")
MGUS2, MELANOMA = table("golden_s4b", "mgus2"), table("golden_s4b", "melanoma")
LUNG_KNOWN = rows_of(LUNG, ~np.isnan(LUNG["ph.ecog"]))


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [inner for one in value.values() for inner in flat(one)]
    if isinstance(value, list | tuple | np.ndarray):
        return [inner for one in value for inner in flat(one)]
    return [value]


def assert_golden(got: Any, expected: dict[str, Any]) -> None:
    """Apply the reference's rule, max|got - want| <= max(abs_tol, rel_tol * max|want|)."""
    want, have = np.array(flat(expected["value"]), dtype=float), np.array(flat(got), dtype=float)
    assert want.shape == have.shape
    tolerance = max(expected.get("abs_tol", 0.0), expected.get("rel_tol", 0.0) * np.abs(want).max())
    np.testing.assert_allclose(have, want, rtol=0, atol=tolerance + 1e-14)


def standard_error(measure: Any) -> float:
    return (measure.upper - measure.lower) / (2 * NORMAL_975)


def curves(tag: str, data: dict[str, np.ndarray], times: tuple[int, ...]) -> Iterator[tuple[str, Callable[[], Any]]]:
    time, event = data["time"], data["status"]

    def curve(scale: str = "plain") -> st.SurvivalCurve:
        return st.survival_curve(time, event, interval=SCALES[scale])

    def quantile(share: float, scale: str) -> st.SurvivalQuantile:
        return st.survival_quantile(time, event, share, interval=SCALES[scale])

    yield f"{tag}.times", lambda: list(times)
    yield f"{tag}.surv", lambda: curve().at(times)
    yield f"{tag}.se_greenwood", lambda: curve().standard_error_at(times)
    yield f"{tag}.n_risk", lambda: curve().number_at_risk(times)
    yield f"{tag}.na_cumhaz", lambda: curve().cumulative_hazard_at(times)
    for scale in SCALES:
        yield f"{tag}.ci_lower_{scale}", lambda scale=scale: curve(scale).interval_at(times)[0]
        yield f"{tag}.ci_upper_{scale}", lambda scale=scale: curve(scale).interval_at(times)[1]
        yield (
            f"{tag}_{scale}.quantiles_25_50_75",
            lambda scale=scale: [quantile(share, scale).time for share in (0.25, 0.5, 0.75)],
        )
        yield (
            f"{tag}.median_ci_{scale}",
            lambda scale=scale: [quantile(0.5, scale).lower, quantile(0.5, scale).upper],
        )


def group_tests(
    tag: str, data: dict[str, np.ndarray], group: str, rho: float = 0, order: tuple[str, ...] = ()
) -> Iterator[tuple[str, Callable[[], Any]]]:
    @cache
    def test() -> st.GroupTest:
        result = st.log_rank(data["time"], data["status"], data[group], rho=rho)
        assert isinstance(result, st.GroupTest)
        return result

    def by_group(values: tuple[float, ...]) -> list[float]:
        named = dict(zip(test().groups, values, strict=True))
        return [named[name] for name in order or test().groups]

    yield f"{tag}.chi2", lambda: test().chi2
    yield f"{tag}.df", lambda: test().degrees_of_freedom
    yield f"{tag}.p", lambda: test().p_value
    yield f"{tag}.observed", lambda: by_group(test().observed)
    yield f"{tag}.expected", lambda: by_group(test().expected)


def cox_models() -> dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[list[int]] | None]]:
    cells = VETERAN["celltype"]
    full = {
        "trt2": VETERAN["trt2"],
        "celltypesmallcell": cells == "smallcell",
        "celltypeadeno": cells == "adeno",
        "celltypelarge": cells == "large",
        "karno": VETERAN["karno"],
        "diagtime": VETERAN["diagtime"],
        "age": VETERAN["age"],
        "prior10": VETERAN["prior10"],
    }
    return {
        "lung.age_sex_ecog": (LUNG_KNOWN, {name: LUNG_KNOWN[name] for name in ("age", "male", "ph.ecog")}, None),
        "veteran.full": (VETERAN, full, [[0], [1, 2, 3], [4], [5], [6], [7]]),
        "veteran.age_karno": (VETERAN, {name: VETERAN[name] for name in ("age", "karno")}, None),
    }


def hazard_ratios(coefficients: np.ndarray, errors: np.ndarray) -> np.ndarray:
    half = NORMAL_975 * errors
    return np.exp(np.column_stack((coefficients, coefficients - half, coefficients + half)))


def cox_values(tag: str, ties: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    data, columns, terms = cox_models()[tag]
    x = np.column_stack(list(columns.values())).astype(float)
    time, event = data["time"], data["status"]

    @cache
    def fit() -> st.CoxFit:
        result = st.fit_cox(time, event, x, ties=ties)
        assert isinstance(result, st.CoxFit)
        return result

    @cache
    def concordance() -> st.Concordance:
        # Predictors of equal rows must tie, whatever the order of the additions.
        result = st.concordance(time, event, np.round((x * fit().coefficients).sum(axis=1), 12))
        assert isinstance(result, st.Concordance)
        return result

    @cache
    def drift() -> st.ProportionalHazardsTest:
        result = st.proportional_hazards_test(time, event, x, terms)
        assert isinstance(result, st.ProportionalHazardsTest)
        return result

    key = f"{tag}.{ties}"
    yield f"{key}.coef", lambda: fit().coefficients
    yield f"{key}.se", lambda: fit().standard_errors
    yield f"{key}.loglik_null_fit", lambda: [fit().log_likelihood_null, fit().log_likelihood]
    yield (
        f"{key}.lr_wald_score_chi2",
        lambda: [fit().likelihood_ratio_chi2, fit().wald_chi2, fit().score_chi2],
    )
    yield f"{key}.lr_chi2", lambda: fit().likelihood_ratio_chi2
    yield f"{key}.hr_ci", lambda: hazard_ratios(fit().coefficients, fit().standard_errors)
    yield f"{key}.harrell_c", lambda: concordance().concordance
    yield f"{key}.harrell_c_se", lambda: concordance().standard_error
    yield f"{key}.cumhaz0_100_200_365", lambda: fit().baseline_at([100, 200, 365])
    yield f"{key}.aic", lambda: 2 * x.shape[1] - 2 * fit().log_likelihood
    if ties == "efron":
        yield f"{tag}.coxzph_km_chisq", lambda: [one.chi2 for one in (*drift().terms, drift().overall)]
        yield f"{tag}.coxzph_km_p", lambda: [one.p_value for one in (*drift().terms, drift().overall)]
        yield f"{tag}.robust_se", lambda: fit().robust_standard_errors
        yield f"{tag}.martingale_first5", lambda: fit().martingale_residuals[:5]
        yield f"{tag}.deviance_first5", lambda: fit().deviance_residuals[:5]
        yield f"{tag}.n_events", lambda: [fit().n, fit().events]


def exact_values() -> Iterator[tuple[str, Callable[[], Any]]]:
    @cache
    def fit() -> st.ConditionalFit:
        x = np.column_stack((VETERAN["age"], VETERAN["karno"]))
        result = st.fit_conditional_cox(VETERAN["time"], VETERAN["status"], x)
        assert isinstance(result, st.ConditionalFit)
        return result

    def tests() -> list[float]:
        ratio = 2 * (fit().log_likelihood - fit().log_likelihood_null)
        return [
            ratio,
            fit().coefficients @ np.linalg.solve(fit().covariance, fit().coefficients),
            fit().score_chi2,
        ]

    key = "veteran.age_karno.exact"
    yield f"{key}.coef", lambda: fit().coefficients
    yield f"{key}.se", lambda: fit().standard_errors
    yield f"{key}.loglik_null_fit", lambda: [fit().log_likelihood_null, fit().log_likelihood]
    yield f"{key}.lr_wald_score_chi2", tests
    yield f"{key}.lr_chi2", lambda: tests()[0]
    yield f"{key}.hr_ci", lambda: hazard_ratios(fit().coefficients, fit().standard_errors)


def other_fits() -> Iterator[tuple[str, Callable[[], Any]]]:
    x = np.column_stack([LUNG_KNOWN[name] for name in ("age", "male", "ph.ecog")])
    time, event = LUNG_KNOWN["time"], LUNG_KNOWN["status"]
    few = LUNG_KNOWN["ph.ecog"] < 3

    @cache
    def stratified() -> Any:
        return st.fit_cox(time[few], event[few], x[few, :2], strata=x[few, 2])

    @cache
    def weibull() -> Any:
        return st.fit_weibull(time, event, x)

    yield "lung.stratified_ecog_lt3.coef", lambda: stratified().coefficients
    yield (
        "lung.stratified_ecog_lt3.loglik",
        lambda: [stratified().log_likelihood_null, stratified().log_likelihood],
    )
    yield (
        "lung.age_sex_ecog.pred_surv_age60_male_ecog1_180_365",
        lambda: st.fit_cox(time, event, x).survival([60, 1, 1], [180, 365])[0],
    )
    yield "lung.weibull_aft.coef", lambda: [weibull().intercept, *weibull().coefficients]
    yield "lung.weibull_aft.log_scale", lambda: weibull().log_scale
    yield "lung.weibull_aft.loglik", lambda: weibull().log_likelihood


def restricted_means(horizon: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    time, event, female = LUNG["time"], LUNG["status"], 1 - LUNG["male"]

    @cache
    def compared() -> Any:
        return st.compare_restricted_means(time, event, female, horizon)

    def with_error(measure: Any) -> list[float]:
        return [measure.estimate, standard_error(measure)]

    def of_all() -> list[float]:
        return with_error(st.restricted_mean_survival(time, event, horizon))

    key = f"lung.rmst_tau{horizon}"
    yield f"{key}.all", of_all
    yield f"{key}.male", lambda: with_error(compared().reference)
    yield f"{key}.female", lambda: with_error(compared().compared)
    yield f"{key}.diff_female_minus_male", lambda: compared().difference.estimate
    yield f"{key}.diff_ci", lambda: [compared().difference.lower, compared().difference.upper]
    yield f"{key}.diff_p", lambda: compared().p_value
    yield f"{key}.ratio_female_over_male", lambda: compared().ratio.estimate
    yield f"{key}.ratio_ci", lambda: [compared().ratio.lower, compared().ratio.upper]
    yield f"{key}.rmtl_all", lambda: st.restricted_mean_time_lost(time, event, horizon).estimate
    yield f"{key}.survival_package_rmean_se", of_all


def incidence(
    tag: str, data: dict[str, np.ndarray], time: str, times: tuple[int, ...]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    def curve(cause: int, variance: str = "greenwood") -> st.CumulativeIncidence:
        return st.cumulative_incidence(data[time], data["event"], cause, variance=variance)

    yield f"{tag}.times", lambda: list(times)
    for cause in (1, 2):
        yield f"{tag}.cif_cause{cause}", lambda cause=cause: curve(cause).at(times)
        yield f"{tag}.se_cause{cause}", lambda cause=cause: curve(cause).standard_error_at(times)
    yield f"{tag}.cmprsk_var_cause1", lambda: curve(1, "aalen").standard_error_at(times) ** 2
    yield (
        f"{tag}.naive_1minusKM_cause1",
        lambda: 1 - st.survival_curve(data[time], data["event"] == 1).at(times),
    )


def competing_models(
    tag: str, data: dict[str, np.ndarray], time: str, names: tuple[str, ...], times: tuple[int, ...]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    x = np.column_stack([data[name] for name in names])
    medians = np.median(x, axis=0)

    @cache
    def cox(cause: int) -> Any:
        return st.fit_cox(data[time], data["event"] == cause, x)

    @cache
    def fine_gray(cause: int, ties: str) -> Any:
        return st.fit_fine_gray(data[time], data["event"], x, cause, censoring_ties=ties)

    for cause in (1, 2):
        cs, fg = f"{tag}.cause_specific_cox_cause{cause}", f"{tag}.fine_gray_cause{cause}"
        yield f"{cs}.coef", lambda cause=cause: cox(cause).coefficients
        yield f"{cs}.se", lambda cause=cause: cox(cause).standard_errors
        yield f"{fg}.coef", lambda cause=cause: fine_gray(cause, "with_events").coefficients
        yield f"{fg}.se_crr", lambda cause=cause: fine_gray(cause, "with_events").standard_errors
        yield f"{fg}.loglik", lambda cause=cause: fine_gray(cause, "with_events").log_likelihood
        yield (
            f"{fg}.coef_survival_finegray_breslow",
            lambda cause=cause: fine_gray(cause, "after_events").coefficients,
        )
        yield (
            f"{fg}.pred_cif_at_covariate_medians",
            lambda cause=cause: fine_gray(cause, "with_events").incidence(medians, times)[0],
        )


def gray(tag: str, data: dict[str, np.ndarray], time: str, group: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    def values(cause: int) -> list[float]:
        test = st.gray_test(data[time], data["event"], data[group], cause)
        assert isinstance(test, st.GroupTest)
        return [test.chi2, test.p_value, test.degrees_of_freedom]

    for cause in (1, 2):
        yield f"{tag}.stat_p_df_cause{cause}", lambda cause=cause: values(cause)


def survival_values() -> Values:
    found: Values = {}
    found.update(curves("lung.km", LUNG, (90, 180, 365, 730)))
    for sex in (1, 2):
        found.update(curves(f"lung.km_sex{sex}", rows_of(LUNG, LUNG["sex"] == sex), (90, 180, 365, 730)))
    found.update(curves("veteran.km", VETERAN, (30, 90, 180, 365)))
    found["lung.reverse_km_median_followup"] = lambda: st.median_follow_up(LUNG["time"], LUNG["status"]).time
    found.update(group_tests("lung.logrank_sex", LUNG, "sex"))
    found.update(group_tests("lung.logrank_ecog", LUNG_KNOWN, "ph.ecog"))
    found.update(group_tests("lung.petopeto_sex_rho1", LUNG, "sex", rho=1))
    found.update(group_tests("veteran.logrank_trt", VETERAN, "trt"))
    cells = ("squamous", "smallcell", "adeno", "large")
    found.update(group_tests("veteran.logrank_celltype", VETERAN, "celltype", order=cells))
    found["lung.logrank_sex_stratified_ecog.chi2"] = lambda: (
        st.log_rank(LUNG_KNOWN["time"], LUNG_KNOWN["status"], LUNG_KNOWN["sex"], LUNG_KNOWN["ph.ecog"]).chi2
    )
    for tag in cox_models():
        for ties in ("efron", "breslow"):
            found.update(cox_values(tag, ties))
    found.update(exact_values())
    found.update(other_fits())
    for horizon in (365, 730):
        found.update(restricted_means(horizon))
    return found


def competing_values() -> Values:
    found: Values = {}
    found.update(incidence("mgus2.aj", MGUS2, "etime", (60, 120, 180, 240, 300)))
    found.update(incidence("melanoma.aj", MELANOMA, "time", (1000, 2000, 3000, 4000)))
    for male in (0, 1):
        data = rows_of(MGUS2, MGUS2["male"] == male)
        found.update(incidence(f"mgus2.aj_male{male}", data, "etime", (60, 120, 240)))
    found.update(gray("mgus2.gray_by_sex", MGUS2, "etime", "male"))
    found.update(gray("melanoma.gray_by_ulcer", MELANOMA, "time", "ulc"))
    complete = rows_of(MGUS2, ~(np.isnan(MGUS2["mspike"]) | np.isnan(MGUS2["hgb"])))
    found.update(competing_models("mgus2", complete, "etime", ("age", "male", "mspike", "hgb"), (60, 120, 240)))
    found.update(competing_models("melanoma", MELANOMA, "time", ("male", "age", "logthick", "ulc"), (1000, 2000, 3000)))
    found["mgus2.rmtl_cause1_tau240"] = lambda: (
        st.restricted_mean_time_lost(MGUS2["etime"], MGUS2["event"], 240).estimate
    )
    found["melanoma.rmtl_cause1_tau3000"] = lambda: (
        st.restricted_mean_time_lost(MELANOMA["time"], MELANOMA["event"], 3000).estimate
    )
    found["counts"] = lambda: [
        *np.bincount(MGUS2["event"].astype(int)),
        complete["event"].size,
        *np.bincount(MELANOMA["event"].astype(int)),
    ]
    return found


SURVIVAL, COMPETING = survival_values(), competing_values()
# Names, not numbers: the model formulas and the order of their coefficients.
WORDS = {key for key in S4 if key.endswith((".formula", ".coef_names"))}


def test_every_value_of_the_references_is_met() -> None:
    assert set(SURVIVAL) == set(S4) - WORDS
    assert set(COMPETING) == set(S4B)
    for tag, (_, columns, _) in cox_models().items():
        assert list(columns) == S4[f"{tag}.coef_names"]["value"]


@pytest.mark.parametrize("key", SURVIVAL)
def test_survival_agrees_with_r(key: str) -> None:
    assert_golden(SURVIVAL[key](), S4[key])


@pytest.mark.parametrize("key", COMPETING)
def test_competing_risks_agree_with_r(key: str) -> None:
    assert_golden(COMPETING[key](), S4B[key])
