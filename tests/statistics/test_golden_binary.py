"""Further measures of binary outcomes against R (rms, pROC, Hmisc) or by hand; see tests/reference/golden_binary."""

import csv
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import chdtrc, expit, logit

from spinecast import statistics as st

REFERENCE = Path(__file__).parents[1] / "reference"
EXPECTED = json.loads((REFERENCE / "golden_binary" / "expected.json").read_text())["expected"]
COVARIATES = {
    "A": ["size1", "size2", "nodes", "nodes_s", "grade3"],
    "B": ["size1", "size2", "nodes", "nodes_s", "grade3", "age", "pgr", "pgr_s"],
}


@cache
def table(name: str) -> dict[str, np.ndarray]:
    with (REFERENCE / name).open() as handle:
        rows = list(csv.DictReader(handle))
    return {column: np.array([float(row[column]) for row in rows]) for column in rows[0]}


@cache
def predictions(tag: str) -> tuple[np.ndarray, np.ndarray]:
    data = table(f"golden_s2/{tag[:3]}.csv")
    return data["y5"], data[f"p{tag[3]}"]


@cache
def design(name: str) -> tuple[np.ndarray, np.ndarray]:
    data = table("glmnet_rotterdam/development.csv")
    return data["y5"], np.column_stack([data[column] for column in COVARIATES[name]])


@cache
def model(name: str) -> st.LogisticRegression:
    fitted = st.fit_logistic_regression(*design(name))
    assert isinstance(fitted, st.LogisticRegression)
    return fitted


def flat(value: Any) -> list[float]:
    if isinstance(value, list | tuple | np.ndarray):
        return [inner for one in value for inner in flat(one)]
    return [float(value)]


def assert_golden(got: Any, key: str) -> None:
    """Apply the reference's rule, max|got - want| <= max(abs_tol, rel_tol * max|want|)."""
    expected = EXPECTED[key]
    want, have = np.array(flat(expected["value"])), np.array(flat(got))
    assert want.shape == have.shape
    # One rounding error more than the reference allows: an abs_tol of 0 or 1e-12 is meant for exact arithmetic.
    tolerance = max(expected.get("abs_tol", 0.0), expected.get("rel_tol", 0.0) * np.abs(want).max()) + 1e-14
    assert np.abs(want - have).max() <= tolerance


def keys(pattern: str) -> list[str]:
    return [key for key in EXPECTED if re.match(pattern, key)]


MODEL: dict[str, Callable[[st.LogisticRegression], Any]] = {
    "coef": lambda m: m.coefficients,
    "se": lambda m: m.standard_errors,
    "loglik": lambda m: m.log_likelihood,
    "r2_cox_snell": lambda m: m.cox_snell_r2,
    "r2_nagelkerke": lambda m: m.nagelkerke_r2,
    "aic": lambda m: m.aic,
    "bic": lambda m: m.bic,
    "lr_chi2": lambda m: m.likelihood_ratio,
    "heuristic_shrinkage": lambda m: m.heuristic_shrinkage,
}


@pytest.mark.parametrize("key", [key for key in keys(r"model[AB]\.") if not key.endswith("coef_names")])
def test_logistic_regression_agrees_with_glm(key: str) -> None:
    name, what = key.split(".", 1)
    assert_golden(MODEL[what](model(name[-1])), key)


def test_likelihood_ratio_of_nested_models_agrees_with_r() -> None:
    ratio = model("B").likelihood_ratio - model("A").likelihood_ratio
    degrees = model("B").coefficients.size - model("A").coefficients.size
    assert_golden([ratio, degrees, chdtrc(degrees, ratio)], "modelA_vs_B.lr_test")


def test_updating_likelihoods_agree_with_r() -> None:
    data = table("golden_binary/validation.csv")
    y, lp = data["y5"], logit(predictions("valA")[1])
    refit = st.fit_logistic_regression(y, np.column_stack([data[column] for column in COVARIATES["A"]]))
    recalibrated = st.fit_logistic_regression(y, lp[:, None])
    assert isinstance(refit, st.LogisticRegression)
    assert isinstance(recalibrated, st.LogisticRegression)
    shift = st.calibration_in_the_large(y, expit(lp)).estimate

    def likelihood(log_odds: np.ndarray) -> float:
        return -st.log_loss(y, expit(log_odds)).estimate * y.size

    got = [likelihood(lp), likelihood(lp + shift), recalibrated.log_likelihood, refit.log_likelihood]
    assert_golden(got, "update.loglik_original_recalint_logistic_refit")
    assert_golden(refit.coefficients, "update.refit_coef")


def spline(y: np.ndarray, p: np.ndarray, knots: int) -> st.SplineCalibration:
    found = st.spline_calibration(y, p, knots=knots, bootstrap=0)
    assert isinstance(found, st.SplineCalibration)
    return found


PERFORMANCE: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "average_precision": lambda y, p: st.average_precision(y, p).estimate,
    "slope_ci_profile": lambda y, p: [
        st.profile_slope_interval(y, p).lower,
        st.profile_slope_interval(y, p).upper,
    ],
    "valprob_R2": lambda y, p: st.quality_indices(y, p).nagelkerke_r2,
    "valprob_D": lambda y, p: st.quality_indices(y, p).discrimination,
    "valprob_D:Chi-sq": lambda y, p: st.quality_indices(y, p).discrimination * y.size + 1,
    "valprob_U": lambda y, p: st.quality_indices(y, p).unreliability,
    "valprob_U:Chi-sq": lambda y, p: st.unreliability(y, p).statistic,
    "valprob_U:p": lambda y, p: st.unreliability(y, p).p_value,
    "valprob_Q": lambda y, p: st.quality_indices(y, p).quality,
    "valprob_Emax": lambda y, p: st.lowess_calibration_errors(y, p).e_max,
    "valprob_E90": lambda y, p: st.lowess_calibration_errors(y, p).e90,
    "valprob_Eavg": lambda y, p: st.lowess_calibration_errors(y, p).e_mean,
    "valprob_S:z": lambda y, p: st.spiegelhalter(y, p).statistic,
    "valprob_S:p": lambda y, p: st.spiegelhalter(y, p).p_value,
    "spiegelhalter_z": lambda y, p: st.spiegelhalter(y, p).statistic,
    "spiegelhalter_p": lambda y, p: st.spiegelhalter(y, p).p_value,
    "hl_chi2": lambda y, p: st.hosmer_lemeshow(y, p).statistic,
    "hl_p_df_g": lambda y, p: st.hosmer_lemeshow(y, p).p_value,
    "hl_p_df_g_minus_2": lambda y, p: st.hosmer_lemeshow(y, p, fitted_here=True).p_value,
    "ece_10_equal_width": lambda y, p: st.expected_calibration_error(y, p, by="width"),
}
for _knots in (3, 5):
    PERFORMANCE[f"rcs{_knots}_knots_logit"] = lambda y, p, k=_knots: spline(y, p, k).knots
    for _name, _field in (("ICI", "ici"), ("E50", "e50"), ("E90", "e90")):
        PERFORMANCE[f"{_name}_rcs{_knots}"] = lambda y, p, k=_knots, f=_field: (
            getattr(spline(y, p, k).errors, f).estimate
        )


@pytest.mark.parametrize("key", keys(r"(dev|val)[ABC]\."))
def test_performance_agrees_with_r(key: str) -> None:
    tag, name = key.split(".", 1)
    assert_golden(PERFORMANCE[name](*predictions(tag)), key)


@pytest.mark.parametrize("tag", ["devA", "valA", "valB", "valC"])
def test_expected_calibration_error_over_tenths_agrees_with_r(tag: str) -> None:
    """The value is golden_s2's, which test_golden.py asks of the calibration groups."""
    expected = json.loads((REFERENCE / "golden_s2" / "expected.json").read_text())["expected"][f"{tag}.ece_decile_bins"]
    assert st.expected_calibration_error(*predictions(tag)) == pytest.approx(
        expected["value"], abs=expected["abs_tol"] + 1e-14
    )


RECLASSIFIED: dict[str, Callable[[st.Reclassification], Any]] = {
    "nri_continuous": lambda r: r.net_reclassification.estimate,
    "nri_continuous_z": lambda r: r.net_reclassification_z,
    "idi": lambda r: r.integrated_discrimination.estimate,
    "idi_z": lambda r: r.integrated_discrimination_z,
}


@pytest.mark.parametrize("key", keys(r"(dev|val)_AvsB\."))
def test_reclassification_agrees_with_hmisc(key: str) -> None:
    tag, name = key.split("_AvsB.")
    y, old = predictions(f"{tag}A")
    assert_golden(RECLASSIFIED[name](st.reclassification(y, predictions(f"{tag}B")[1], old)), key)


def test_unpaired_comparison_agrees_with_proc() -> None:
    found = st.compare_auc_unpaired(*predictions("devA"), *predictions("valA"))
    assert_golden(found.t, "devA_vs_valA.delong_unpaired_D")
    assert_golden(found.p_value, "devA_vs_valA.delong_unpaired_p")
    assert_golden(found.degrees_of_freedom, "devA_vs_valA.delong_unpaired_df")


# What rms::validate calls them. Its Dxy is 2 AUC - 1.
VALIDATED = {
    "R2": "recalibrated_nagelkerke_r2",
    "Intercept": "joint_calibration_intercept",
    "Slope": "calibration_slope",
    "D": "recalibrated_discrimination",
    "Q": "recalibrated_quality",
    "B": "brier",
}


@cache
def resampled(name: str) -> dict[str, st.Resampled]:
    found = st.resample_logistic_regression(*design(name), replicates=200, seed=4)
    assert not isinstance(found, st.Absent)
    auc = found["auc"]
    somers = [2 * values - 1 for values in (auc.in_resample, auc.in_original, auc.out_of_bag)]
    named = {name: found[measure] for name, measure in VALIDATED.items()} | {"auc": auc}
    return named | {"Dxy": st.Resampled(2 * auc.apparent - 1, *somers, None, auc.n, auc.events)}


def corrected(name: str, measure: str) -> float:
    return st.optimism_corrected(resampled(name)[measure]).estimate


def emax(name: str) -> float:
    """Largest distance of the corrected calibration line from the diagonal, as rms::validate reports it."""
    risk = np.linspace(0.001, 0.999, 999)
    line = corrected(name, "Intercept") + corrected(name, "Slope") * logit(risk)
    return float(np.abs(risk - expit(line)).max())


@pytest.mark.parametrize("key", keys(r"boot[AB]\.[a-z]+_"))
def test_optimism_bootstrap_agrees_with_rms_validate(key: str) -> None:
    tag, what = key.split(".", 1)
    kind, measure = what.split("_", 1)
    name = tag[-1]
    if measure.startswith("auc"):
        got = (1 + corrected(name, "Dxy")) / 2
    elif measure == "Emax":
        got = emax(name)
    elif kind == "apparent":
        got = resampled(name)[measure].apparent
    elif kind == "optimism":
        got = st.harrell_optimism(resampled(name)[measure].in_resample, resampled(name)[measure].in_original)
    else:
        got = corrected(name, measure)
    assert_golden(got, key)


@pytest.mark.parametrize("key", keys(r"bootA\.632\."))
def test_632_agrees_with_r(key: str) -> None:
    y, covariates = design("A")
    measure, kind = key.removeprefix("bootA.632.").split("_", 1)
    brier = measure == "brier"
    found = resampled("A")["B" if brier else "auc"]
    nothing = st.brier_no_information(y, expit(model("A").log_odds(covariates))) if brier else st.NO_INFORMATION_AUC
    got = {
        "apparent": lambda: found.apparent,
        "no_information": lambda: nothing,
        "oob": lambda: found.out_of_sample,
        "632": lambda: st.validated_632(found).estimate,
        "632plus": lambda: st.validated_632_plus(found, nothing, higher_is_better=not brier).estimate,
    }[kind]()
    assert_golden(got, key)


def recalibration() -> tuple[np.ndarray, np.ndarray]:
    data = table("golden_s6/recalibration.csv")
    return data["y"], data["lp"]


def beta_calibrated() -> st.LogisticRegression:
    """Beta calibration is a logistic regression on log p and -log(1 - p) (Kull et al. 2017, AISTATS 54:623)."""
    y, lp = recalibration()
    fitted = st.fit_logistic_regression(y, np.column_stack((np.log(expit(lp)), -np.log(expit(-lp)))))
    assert isinstance(fitted, st.LogisticRegression)
    return fitted


def beta_risks() -> np.ndarray:
    lp = recalibration()[1][:5]
    return expit(beta_calibrated().log_odds(np.column_stack((np.log(expit(lp)), -np.log(expit(-lp))))))


def isotonic_brier() -> float:
    y, lp = recalibration()
    scores, fitted = st.isotonic_recalibration(y, lp)
    return float(np.mean((y - fitted[np.searchsorted(scores, lp)]) ** 2))


def murphy() -> list[float]:
    risk = np.repeat([0.1, 0.4, 0.8], [20, 20, 10])
    outcome = np.concatenate([np.arange(size) < events for size, events in ((20, 1), (20, 9), (10, 8))])
    found = st.brier_decomposition(outcome, risk)
    return [found.brier, found.reliability, found.resolution, found.uncertainty]


def population_r2(tag: str) -> float:
    setup = EXPECTED_SETUP[tag]
    generator = np.random.default_rng(20261125)
    log_odds = generator.normal(*setup, 400_000)
    y = (generator.random(log_odds.size) < expit(log_odds)).astype(float)
    share = y.mean()
    null = share * np.log(share) + (1 - share) * np.log(1 - share)
    return st.cox_snell_r2(2 * (-st.log_loss(y, expit(log_odds)).estimate - null), 1)


# Mean and standard deviation of the true log-odds, as in golden_s6.
EXPECTED_SETUP = {"calibrated_A": (-1.0, 1.2), "calibrated_B": (-3.0, 0.8)}


def just_above() -> np.ndarray:
    """Net benefit of treating above 0.3 and not at it: the threshold moved past the patient whose risk is 0.3."""
    data = table("golden_s6/net_benefit.csv")
    return st.net_benefit(data["y"], data["p"], [np.nextafter(0.3, 1)])


def rubin() -> st.PooledImputations:
    given = EXPECTED["rubin.inputs"]["value"]
    return st.pool_imputations(given["q"], given["u"], given["n"] - given["k"])


def rubin_normal() -> list[float]:
    pooled = rubin()
    half = 1.959963984540054 * pooled.total**0.5
    return [pooled.estimate - half, pooled.estimate + half]


def rubin_old_degrees() -> float:
    given = EXPECTED["rubin.inputs"]["value"]
    return st.pool_imputations(given["q"], given["u"]).degrees_of_freedom


def pooled(method: str = "dl", variances: tuple[float, ...] = (0.04, 0.01, 0.04)) -> st.MetaAnalysis:
    found = st.meta_analyse([0.2, 0.5, 0.8], np.sqrt(variances), method=method)
    assert isinstance(found, st.MetaAnalysis)
    return found


def tiny_concordance() -> float:
    data = table("golden_s6/tiny_survival.csv")
    return st.harrell_c(data["time"], data["status"], [2.0, 0.5, 1.5, 1.5, 0.2, 0.1]).estimate


CLOSED_FORM: dict[str, Callable[[], Any]] = {
    "tiny.harrell_c": tiny_concordance,
    "meta3.fe_Q_tau2DL_re_se": lambda: [
        pooled("fixed").estimate,
        pooled().q,
        pooled().tau2,
        pooled().estimate,
        pooled().model_standard_error,
    ],
    "meta3.hk_se": lambda: pooled().standard_error,
    "meta3_equal_var.Q_tau2": lambda: [pooled("reml", (0.01,) * 3).q, pooled("reml", (0.01,) * 3).tau2],
    "se_from_ci_0.74_0.87_raw_logit": lambda: [
        float(st.auc_effects(0.8, 0.74, 0.87, scale=scale)[1]) for scale in ("raw", "logit")
    ],
    "calibrated_A.r2_cox_snell": lambda: population_r2("calibrated_A"),
    "calibrated_B.r2_cox_snell": lambda: population_r2("calibrated_B"),
    "net_benefit.t0.3_gt": just_above,
    "mcnemar.chi2_nocorr_corr_exactp": lambda: [
        st.mcnemar(12, 5).chi2,
        st.mcnemar(12, 5).chi2_corrected,
        st.mcnemar(12, 5).p_value,
    ],
    "kappa.2x2_40_12_5_43": lambda: st.cohen_kappa([[40, 12], [5, 43]]),
    "recal.prior_correction_first5_tau0.10": lambda: st.shift_prevalence(
        expit(recalibration()[1][:5]), recalibration()[0].mean(), 0.10
    ),
    "beta_calibration.abm_unconstrained": lambda: beta_calibrated().coefficients[[1, 2, 0]],
    "beta_calibration.first5": beta_risks,
    "isotonic.unique_lp": lambda: st.isotonic_recalibration(*recalibration())[0],
    "isotonic.fitted": lambda: st.isotonic_recalibration(*recalibration())[1],
    "isotonic.brier": isotonic_brier,
    "isotonic.by_hand": lambda: st.isotonic_recalibration([1, 0, 1, 0, 0, 1, 1], range(7))[1],
    "murphy.brier_rel_res_unc": murphy,
    "max_r2_cox_snell_prev0.050": lambda: st.largest_cox_snell_r2(0.05),
    "max_r2_cox_snell_prev0.174": lambda: st.largest_cox_snell_r2(0.174),
    "max_r2_cox_snell_prev0.500": lambda: st.largest_cox_snell_r2(0.5),
    "rubin.qbar_ubar_b_t": lambda: [rubin().estimate, rubin().within, rubin().between, rubin().total],
    "rubin.lambda_dfold_dfBR": lambda: [rubin().missing_share, rubin_old_degrees(), rubin().degrees_of_freedom],
    "rubin.ci_BR": lambda: [rubin().lower, rubin().upper],
    "rubin.ci_normal": rubin_normal,
}
CLOSED_KEYS = keys(
    r"(calibrated_|net_benefit|mcnemar|kappa|recal|beta|isotonic|murphy|max_r2|rubin|tiny|meta3|se_from)"
)


@pytest.mark.parametrize("key", [key for key in CLOSED_KEYS if key != "rubin.inputs"])
def test_closed_forms(key: str) -> None:
    assert_golden(CLOSED_FORM[key](), key)


def test_every_value_of_the_references_is_asked_for() -> None:
    alone = {
        "modelA_vs_B.lr_test",
        "update.loglik_original_recalint_logistic_refit",
        "update.refit_coef",
        *(f"devA_vs_valA.delong_unpaired_{what}" for what in ("D", "p", "df")),
    }
    families = r"(model[AB]|(dev|val)[ABC]|(dev|val)_AvsB|boot[AB])\."
    assert {key for key in EXPECTED if not re.match(families, key)} - set(CLOSED_KEYS) == alone
    # Inputs and words: the names of coefficients, and what Rubin's rules are applied to.
    assert set(CLOSED_KEYS) - {"rubin.inputs"} == set(CLOSED_FORM)
    assert {key.split(".")[1] for key in keys(r"model[AB]\.")} == {*MODEL, "coef_names"}
    assert {key.split(".", 1)[1] for key in keys(r"(dev|val)[ABC]\.")} == set(PERFORMANCE)
    assert {key.split(".")[1] for key in keys(r"(dev|val)_AvsB\.")} == set(RECLASSIFIED)
    assert set(keys(r"boot[AB]\.")) == {*keys(r"boot[AB]\.[a-z]+_"), *keys(r"bootA\.632\.")}
