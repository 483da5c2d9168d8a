"""Every statistic against values computed by R (rms, pROC, loess) or by hand; see tests/reference/golden_*."""

import csv
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from spinecast import statistics as st

REFERENCE = Path(__file__).parents[1] / "reference"
S2 = json.loads((REFERENCE / "golden_s2" / "expected.json").read_text())["expected"]
S6 = json.loads((REFERENCE / "golden_s6" / "expected.json").read_text())["expected"]
SIMULATED = 1_000_000


@cache
def table(folder: str, name: str) -> dict[str, np.ndarray]:
    with (REFERENCE / folder / f"{name}.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    return {column: np.array([float(row[column]) for row in rows]) for column in rows[0]}


@cache
def predictions(tag: str) -> tuple[np.ndarray, np.ndarray]:
    data = table("golden_s2", tag[:3])
    return data["y5"], data[f"p{tag[3]}"]


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [inner for one in value.values() for inner in flat(one)]
    if isinstance(value, list | tuple | np.ndarray):
        return [inner for one in value for inner in flat(one)]
    return [value]


def assert_golden(got: Any, expected: dict[str, Any]) -> None:
    """Apply the reference's rule, max|got - want| <= max(abs_tol, rel_tol * max|want|); None stands for undefined."""
    want, have = flat(expected["value"]), flat(got)
    assert [value is None for value in have] == [value is None for value in want]
    numbers = [(float(w), float(h)) for w, h in zip(want, have, strict=True) if w is not None]
    scale = max(abs(w) for w, _ in numbers)
    # One rounding error more than the reference allows: an abs_tol of 0 or 1e-12 is meant for exact arithmetic.
    tolerance = max(expected.get("abs_tol", 0.0), expected.get("rel_tol", 0.0) * scale) + 1e-14
    assert max(abs(w - h) for w, h in numbers) <= tolerance


def interval(measure: Any) -> list[float]:
    return [measure.lower, measure.upper]


def standard_error(measure: Any) -> float:
    return (measure.upper - measure.lower) / (2 * 1.959963984540054)


def delong_se(y: np.ndarray, p: np.ndarray) -> float:
    result = st.delong(y, p)
    assert isinstance(result, st.DeLong)
    return result.variance**0.5


def errors(y: np.ndarray, p: np.ndarray) -> st.CalibrationErrors:
    result = st.calibration_errors(y, p, bootstrap=0)
    assert isinstance(result, st.CalibrationErrors)
    return result


def decile_error(y: np.ndarray, p: np.ndarray) -> float:
    groups = st.calibration_groups(y, p)
    return sum(group.n * abs(group.observed - group.predicted) for group in groups) / len(y)


def proportions(y: np.ndarray, p: np.ndarray, t: float) -> list[float | None]:
    one = st.classify(y, p, t)
    measures = (one.sensitivity, one.specificity, one.positive_predictive_value, one.negative_predictive_value)
    return [None if isinstance(measure, st.Absent) else measure.estimate for measure in measures]


STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "n": lambda y, p: st.auc(y, p).n,
    "events": lambda y, p: st.auc(y, p).events,
    "prevalence": lambda y, p: st.check_scored(y, p).prevalence,
    "mean_pred": lambda y, p: y.mean() / st.observed_expected_ratio(y, p).estimate,
    "auc": lambda y, p: st.auc(y, p).estimate,
    "auc_se_delong": delong_se,
    "auc_ci_delong": lambda y, p: interval(st.auc(y, p)),
    "auc_ci_logit_delong": lambda y, p: interval(st.auc(y, p, interval="logit")),
    "auc_se_hanley_mcneil": lambda y, p: st.hanley_mcneil_se(st.auc(y, p).estimate, int(y.sum()), int((1 - y).sum())),
    "somers_dxy": lambda y, p: 2 * st.auc(y, p).estimate - 1,
    "brier": lambda y, p: st.brier(y, p).estimate,
    "brier_null": lambda y, _: st.brier_null(y).estimate,
    "scaled_brier": lambda y, p: st.scaled_brier(y, p).estimate,
    "log_loss": lambda y, p: st.log_loss(y, p).estimate,
    "discrimination_slope": lambda y, p: st.discrimination_slope(y, p).estimate,
    "citl": lambda y, p: st.calibration_in_the_large(y, p).estimate,
    "citl_se": lambda y, p: st.fit_calibration(y, p).in_the_large_se,
    "citl_ci": lambda y, p: interval(st.calibration_in_the_large(y, p)),
    "slope": lambda y, p: st.calibration_slope(y, p).estimate,
    "slope_se": lambda y, p: st.fit_calibration(y, p).slope_se,
    "slope_ci": lambda y, p: interval(st.calibration_slope(y, p)),
    "intercept_joint": lambda y, p: st.joint_calibration_intercept(y, p).estimate,
    "intercept_joint_se": lambda y, p: standard_error(st.joint_calibration_intercept(y, p)),
    "oe": lambda y, p: st.observed_expected_ratio(y, p).estimate,
    "oe_ci_log": lambda y, p: interval(st.observed_expected_ratio(y, p)),
    "hl_groups": lambda y, p: len(st.calibration_groups(y, p)),
    "ece_decile_bins": decile_error,
}
for _name, _field in (("ICI", "ici"), ("E50", "e50"), ("E90", "e90"), ("Emax", "e_max")):
    for _surface in ("direct", "interpolate"):
        STATISTICS[f"{_name}_loess_{_surface}"] = lambda y, p, field=_field: getattr(errors(y, p), field).estimate

AT_THRESHOLD: dict[str, Callable[[np.ndarray, np.ndarray, float], Any]] = {
    "nb": lambda y, p, t: st.net_benefit(y, p, [t]),
    "nb_all": lambda y, _, t: st.net_benefit_treat_all(y.mean(), [t]),
    "snb": lambda y, p, t: st.standardised_net_benefit(st.net_benefit(y, p, [t]), y.mean()),
    "interventions_avoided_per100": lambda y, p, t: st.interventions_avoided(st.net_benefit(y, p, [t]), y.mean(), [t]),
    "sens_spec_ppv_npv": proportions,
}


@pytest.mark.parametrize("key", [key for key in S2 if re.match(r"(dev|val)[ABC]\.", key)])
def test_performance_agrees_with_r(key: str) -> None:
    tag, name = key.split(".", 1)
    y, p = predictions(tag)
    threshold = re.fullmatch(r"(.+)_(0\.\d\d)", name)
    got = AT_THRESHOLD[threshold[1]](y, p, float(threshold[2])) if threshold else STATISTICS[name](y, p)
    assert_golden(got, S2[key])


COMPARISON: dict[str, Callable[[st.AucComparison], Any]] = {
    "auc_diff_2minus1": lambda c: c.difference.estimate,
    "delong_z_1minus2": lambda c: -c.z,
    "delong_p": lambda c: c.p_value,
    "auc_diff_se": lambda c: c.standard_error,
    "auc_diff_ci": lambda c: interval(c.difference),
}


@pytest.mark.parametrize("key", [key for key in S2 if "_AvsB." in key])
def test_comparison_of_two_models_agrees_with_proc(key: str) -> None:
    tag, name = key.split("_AvsB.")
    y, first = predictions(f"{tag}A")
    second = predictions(f"{tag}B")[1]
    if name == "brier_diff_2minus1":
        got = st.brier(y, second).estimate - st.brier(y, first).estimate
    else:
        got = COMPARISON[name](st.compare_auc(y, second, first))
    assert_golden(got, S2[key])


def test_brier_score_after_logistic_recalibration_agrees_with_r() -> None:
    y, p = predictions("valA")
    risk = expit(st.fit_logistic_recalibration(y, logit(p)).apply(logit(p)))
    assert_golden(st.brier(y, risk).estimate, S2["update.brier_after_logistic_recal"])


def ties(column: str) -> st.DeLong:
    data = table("golden_s6", "delong_ties")
    result = st.delong(data["y"], data[column])
    assert isinstance(result, st.DeLong)
    return result


def tied_comparison() -> st.AucComparison:
    data = table("golden_s6", "delong_ties")
    return st.compare_auc(data["y"], data["s1"], data["s2"])


def auc_and_variance(score: list[float]) -> list[float]:
    result = st.delong([0, 0, 1, 1], score)
    return [result.auc, result.variance]


def hand(function: Callable[..., Any], *arguments: Any) -> Any:
    data = table("golden_s6", "net_benefit")
    return function(data["y"], data["p"], *arguments)


def threshold_table() -> dict[str, float]:
    one = hand(st.classify, 0.5)
    sens, spec = one.sensitivity, one.specificity
    ppv, npv = one.positive_predictive_value, one.negative_predictive_value
    tp, fp = ppv.estimate * ppv.n, (1 - ppv.estimate) * ppv.n
    tn, fn = npv.estimate * npv.n, (1 - npv.estimate) * npv.n
    a, b = sens.estimate, spec.estimate
    mcc = (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    shares = {"sens": a, "spec": b, "ppv": ppv.estimate, "npv": npv.estimate}
    derived = {"lr_pos": a / (1 - b), "lr_neg": (1 - a) / b, "youden": a + b - 1, "f1": 2 * tp / (2 * tp + fp + fn)}
    return {"tp": tp, "fp": fp, "fn": fn, "tn": tn} | shares | derived | {"mcc": mcc}


def small(smoothed: bool = False) -> st.LogisticRecalibration:
    data = table("golden_s6", "recalibration")
    return st.fit_logistic_recalibration(data["y"], data["lp"], smoothed_targets=smoothed)


def shifted() -> np.ndarray:
    data = table("golden_s6", "recalibration")
    return expit(data["lp"] + st.calibration_in_the_large(data["y"], expit(data["lp"])).estimate)


def survival() -> tuple[np.ndarray, np.ndarray]:
    data = table("golden_s6", "tiny_survival")
    return data["time"], data["status"]


def tiny_ipcw_brier() -> float:
    time, event = survival()
    by_horizon = ((event == 1) & (time <= 4)).astype(float)
    return st.brier(by_horizon, [0.9, 0.4, 0.7, 0.6, 0.2, 0.1], st.ipcw_weights(time, event, 4), bootstrap=0).estimate


CLOSED_FORM: dict[str, Callable[[], Any]] = {
    "delong_ties.auc1": lambda: ties("s1").auc,
    "delong_ties.auc2": lambda: ties("s2").auc,
    "delong_ties.var1": lambda: ties("s1").variance,
    "delong_ties.var2": lambda: ties("s2").variance,
    "delong_ties.cov12": lambda: (
        (ties("s1").variance + ties("s2").variance - tied_comparison().standard_error ** 2) / 2
    ),
    "delong_ties.z_1minus2": lambda: tied_comparison().z,
    "delong_ties.p": lambda: tied_comparison().p_value,
    "delong_ties.V10_1": lambda: ties("s1").event_placements,
    "delong_ties.V01_1": lambda: ties("s1").non_event_placements,
    "delong_edge.perfect_auc_var": lambda: auc_and_variance([1, 2, 3, 4]),
    "delong_edge.all_tied_auc_var": lambda: auc_and_variance([1, 1, 1, 1]),
    "net_benefit.t0.2": lambda: hand(st.net_benefit, [0.2]),
    "net_benefit.t0.5": lambda: hand(st.net_benefit, [0.5]),
    "net_benefit.all_t0.2": lambda: st.net_benefit_treat_all(0.4, [0.2]),
    "net_benefit.all_t0.5": lambda: st.net_benefit_treat_all(0.4, [0.5]),
    "net_benefit.t0.3_ge": lambda: hand(st.net_benefit, [0.3]),
    "net_benefit.interventions_avoided_per100_t0.2": lambda: st.interventions_avoided(
        hand(st.net_benefit, [0.2]), 0.4, [0.2]
    ),
    "net_benefit.standardised_t0.2": lambda: st.standardised_net_benefit(hand(st.net_benefit, [0.2]), 0.4),
    "net_benefit.threshold_table_t0.5": threshold_table,
    "net_benefit.brier": lambda: hand(st.brier).estimate,
    "net_benefit.auc": lambda: hand(st.auc).estimate,
    "recal.citl": lambda: logit(shifted()[0]) - table("golden_s6", "recalibration")["lp"][0],
    "recal.logistic_intercept_slope": lambda: [small().intercept, small().slope],
    "recal.mean_after_citl_equals_prevalence": lambda: [
        shifted().mean(),
        table("golden_s6", "recalibration")["y"].mean(),
    ],
    "recal.first5_after_citl": lambda: shifted()[:5],
    "recal.first5_after_logistic": lambda: expit(small().apply(table("golden_s6", "recalibration")["lp"][:5])),
    "platt.smoothed_intercept_slope": lambda: [small(smoothed=True).intercept, small(smoothed=True).slope],
    "platt.unsmoothed_intercept_slope": lambda: [small().intercept, small().slope],
    "hanley_mcneil_se_auc0.8_n50_100": lambda: st.hanley_mcneil_se(0.8, 50, 100),
    "logit_ci_auc0.8_se0.03": lambda: st.logit_interval(0.8, 0.03),
    "tiny.km_S_at_2_3_5_8": lambda: st.kaplan_meier(*survival()).at([2, 3, 5, 8]),
    "tiny.censoring_G_after_3_and_7": lambda: st.censoring_distribution(*survival()).at([3, 7]),
    "tiny.brier_ipcw_t4_risk": tiny_ipcw_brier,
}
for _count, _total in ((15, 20), (0, 12), (98, 120)):
    for _kind in ("wilson", "clopper_pearson", "wald", "jeffreys"):
        CLOSED_FORM[f"prop_{_count}_of_{_total}.{_kind}"] = lambda kind=_kind, x=_count, n=_total: getattr(
            st, f"{kind}_interval"
        )(x, n)


@pytest.mark.parametrize("key", [key for key in S6 if not key.startswith(("calibrated_", "distorted."))])
def test_closed_forms(key: str) -> None:
    assert_golden(CLOSED_FORM[key](), S6[key])


@cache
def calibrated(tag: str) -> tuple[np.ndarray, np.ndarray]:
    setup = S6[f"{tag}.setup"]["value"]
    generator = np.random.default_rng(20261124)
    log_odds = generator.normal(setup["mu"], setup["sd"], SIMULATED)
    return (generator.random(SIMULATED) < expit(log_odds)).astype(float), log_odds


POPULATION: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    name: STATISTICS[name] for name in ("prevalence", "auc", "brier", "scaled_brier", "log_loss")
} | {"ici_upper_bound": lambda y, p: errors(y, p).ici.estimate}


@pytest.mark.parametrize("tag", ["calibrated_A", "calibrated_B"])
def test_population_values_of_a_perfectly_calibrated_model(tag: str) -> None:
    y, log_odds = calibrated(tag)
    p = expit(log_odds)
    fit = st.fit_calibration(y, p)
    logistic = {
        "citl": fit.in_the_large,
        "slope": fit.slope,
        "intercept_joint": fit.joint_intercept,
        "slope_se_n1e6": fit.slope_se,
    }
    for key in (key for key in S6 if key.startswith(f"{tag}.") and not key.endswith("setup")):
        name = key.removeprefix(f"{tag}.")
        if name in logistic:
            got = logistic[name]
        elif name.startswith("nb_"):
            got = st.net_benefit(y, p, [float(name[3:])])
        else:
            got = POPULATION[name](y, p)
        assert_golden(got, S6[key])


@pytest.mark.parametrize("key", [key for key in S6 if key.startswith("distorted.")])
def test_distorted_log_odds_are_recovered(key: str) -> None:
    a, b = (float(number) for number in re.findall(r"[ab](-?[\d.]+)", key.removeprefix("distorted.")))
    y, log_odds = calibrated("calibrated_A")
    fit = st.fit_calibration(y, expit(a + b * log_odds))
    assert_golden([fit.slope, fit.joint_intercept], S6[key])


def test_every_value_of_the_references_is_asked_for() -> None:
    assert {key for key in S2 if not re.match(r"(dev|val)([ABC]|_AvsB)\.", key)} == {
        "update.brier_after_logistic_recal"
    }
    assert {key for key in S6 if not key.startswith(("calibrated_", "distorted."))} == set(CLOSED_FORM)
    assert {key.split(".")[1] for key in S6 if key.startswith("calibrated_")} == {
        *("setup", "citl", "slope", "intercept_joint", "slope_se_n1e6", "nb_0", *POPULATION)
    }
