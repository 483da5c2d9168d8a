"""Numbers about predictions and survival: arrays in, frozen dataclasses out. Knows no patients, models or files.

Every function takes ``outcome`` (n,) of 0/1, ``risk`` (n,) in [0, 1] and optional ``weights`` (n,), the inverse
probability of censoring. Intervals cover 95 %. What cannot be computed is :class:`Absent` with the reason.

Censored follow-up is ``time`` (n,) and ``event`` (n,), 0 where it was censored, otherwise the number of the event that
ended it; a ``horizon`` is in the unit of ``time``, and past the longest follow-up everything is :class:`Absent`.
"""

from __future__ import annotations

from spinecast.statistics.binary.accuracy import (
    brier,
    brier_null,
    compare_loss,
    discrimination_slope,
    log_loss,
    scaled_brier,
)
from spinecast.statistics.binary.agreement import (
    McNemar,
    UnpairedComparison,
    cohen_kappa,
    compare_auc_unpaired,
    mcnemar,
)
from spinecast.statistics.binary.brier_decomposition import (
    BrierDecomposition,
    CorpDecomposition,
    brier_decomposition,
    corp_decomposition,
    isotonic_recalibration,
)
from spinecast.statistics.binary.decision import (
    Classification,
    DecisionCurve,
    classify,
    decision_curve,
    interventions_avoided,
    net_benefit,
    net_benefit_treat_all,
    standardised_net_benefit,
)
from spinecast.statistics.binary.discrimination import (
    AucComparison,
    DeLong,
    RocCurve,
    auc,
    compare_auc,
    delong,
    hanley_mcneil_se,
    logit_interval,
    roc_curve,
)
from spinecast.statistics.binary.logistic_bootstrap import resample_logistic_regression
from spinecast.statistics.binary.optimism import (
    NO_INFORMATION_AUC,
    brier_no_information,
    harrell_optimism,
    optimism_corrected,
    point_632,
    point_632_plus,
    relative_overfitting,
    validated_632,
    validated_632_plus,
    validated_out_of_bag,
)
from spinecast.statistics.binary.paired_risks import RiskAgreement, changed_side, risk_agreement
from spinecast.statistics.binary.precision_recall import PrecisionRecallCurve, average_precision, precision_recall_curve
from spinecast.statistics.binary.prevalence import shift_prevalence
from spinecast.statistics.binary.reclassification import RECLASSIFICATION_CAVEAT, Reclassification, reclassification
from spinecast.statistics.binary.resampled import Resampled, performance_in_resamples, resample_performance
from spinecast.statistics.binary.utility import (
    HarmTradeOff,
    compare_net_benefit,
    harm_trade_off,
    net_benefit_after_harm,
    standardised_net_benefit_at,
)
from spinecast.statistics.calibration.flexible import (
    CalibrationCurve,
    CalibrationErrors,
    calibration_errors,
    flexible_calibration,
)
from spinecast.statistics.calibration.grouped_errors import (
    LowessErrors,
    expected_calibration_error,
    lowess,
    lowess_calibration_errors,
)
from spinecast.statistics.calibration.likelihood import (
    QualityIndices,
    profile_slope_interval,
    quality_indices,
    unreliability,
)
from spinecast.statistics.calibration.significance import (
    CALIBRATION_TEST_CAVEAT,
    HOSMER_LEMESHOW_CAVEAT,
    CalibrationTest,
    hosmer_lemeshow,
    spiegelhalter,
)
from spinecast.statistics.calibration.spline import SplineCalibration, spline_calibration
from spinecast.statistics.calibration.summary import (
    CalibrationFit,
    CalibrationGroup,
    calibration_groups,
    calibration_in_the_large,
    calibration_slope,
    fit_calibration,
    joint_calibration_intercept,
    observed_expected_ratio,
)
from spinecast.statistics.calibration.updating import (
    CLOSED_TEST_LEVEL,
    ClosedTest,
    UpdateLine,
    UpdateTest,
    closed_update_test,
    fit_update,
)
from spinecast.statistics.calibration.venn_abers import VennAbers, fit_venn_abers
from spinecast.statistics.foundations.bootstrap import Seed
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure, measure_from_dict
from spinecast.statistics.foundations.imputations import PooledImputations, pool_imputations
from spinecast.statistics.foundations.inputs import Scored, check_scored
from spinecast.statistics.foundations.loess import loess
from spinecast.statistics.foundations.logistic import LogisticRecalibration, fit_logistic_recalibration
from spinecast.statistics.foundations.logistic_regression import (
    LogisticRegression,
    cox_snell_r2,
    fit_logistic_regression,
    nagelkerke_r2,
)
from spinecast.statistics.foundations.proportions import (
    clopper_pearson_interval,
    jeffreys_interval,
    proportion,
    wald_interval,
    wilson_interval,
)
from spinecast.statistics.foundations.splines import KNOT_QUANTILES, knot_positions, restricted_cubic_terms
from spinecast.statistics.foundations.testing import holm_adjusted, p_value_of_difference
from spinecast.statistics.hazards.cox import CoxFit, fit_cox
from spinecast.statistics.hazards.exact_ties import ConditionalFit, fit_conditional_cox
from spinecast.statistics.hazards.fine_gray import FineGrayFit, fit_fine_gray
from spinecast.statistics.hazards.proportional_hazards import (
    ProportionalHazardsTest,
    TermTest,
    proportional_hazards_test,
)
from spinecast.statistics.hazards.recalibration import (
    HazardRecalibration,
    fit_hazard_recalibration,
    fit_recalibration_by_day,
)
from spinecast.statistics.hazards.updating import (
    HazardMethod,
    HazardUpdate,
    closed_hazard_test,
    closed_test_by_window,
    fit_hazard_update,
)
from spinecast.statistics.hazards.weibull import WeibullFit, fit_weibull
from spinecast.statistics.meta_analysis.effects import (
    StandardErrorSource,
    auc_effects,
    observed_expected_from_intercept,
    ratio_effects,
    ratio_standard_error,
)
from spinecast.statistics.meta_analysis.pooling import IntervalMethod, MetaAnalysis, Range, meta_analyse
from spinecast.statistics.meta_analysis.studies import (
    Influence,
    SmallStudyTest,
    leave_one_out,
    small_study_test,
    study_influence,
)
from spinecast.statistics.meta_analysis.variance import HeterogeneityMethod
from spinecast.statistics.monitoring.calibration_cusum import Follow, calibration_cusum, cusum_limits
from spinecast.statistics.monitoring.control_limits import auc_limits, observed_expected_limits, slope_limits
from spinecast.statistics.monitoring.cumulative_sum import FEWEST_BEYOND, CalibrationCusum, CusumAlarm, CusumLimits
from spinecast.statistics.monitoring.distribution_shift import (
    DistributionShift,
    level_shift,
    missing_shift,
    population_stability_index,
    quantile_shift,
    sample_shift,
    stability_limit,
)
from spinecast.statistics.monitoring.event_cusum import (
    EventShape,
    EventSteps,
    FollowedRisks,
    event_cusum,
    event_shape,
    event_steps,
)
from spinecast.statistics.monitoring.event_limits import event_limits
from spinecast.statistics.ordinal.paired import compare_ordinal_concordance, compare_ranked_probability
from spinecast.statistics.ordinal.parallel_slopes import ParallelSlopes, brant_test
from spinecast.statistics.ordinal.performance import (
    ordinal_concordance,
    ranked_probability_losses,
    ranked_probability_score,
    ranked_probability_skill,
    somers_dxy,
)
from spinecast.statistics.ordinal.proportional_odds import ProportionalOdds, fit_proportional_odds
from spinecast.statistics.ordinal.updating import (
    ThresholdMethod,
    ThresholdUpdate,
    closed_threshold_test,
    fit_threshold_update,
)
from spinecast.statistics.quantity.quantile_performance import (
    interval_coverage,
    mean_absolute_error,
    mean_interval_width,
    mean_with_interval,
    pinball_loss,
    pinball_losses,
    pinball_skill,
    share_below,
)
from spinecast.statistics.quantity.quantile_updating import (
    QuantileLine,
    compare_pinball,
    fit_quantile_scale,
    fit_quantile_shift,
)
from spinecast.statistics.sample_size.criteria import Adequacy, Criterion, SampleSize
from spinecast.statistics.sample_size.development import (
    development_size_binary,
    development_size_survival,
    expected_mean_absolute_error,
    expected_of_development,
    expected_shrinkage,
)
from spinecast.statistics.sample_size.development_continuous import development_size_continuous
from spinecast.statistics.sample_size.explained_variation import (
    c_statistic_from_cox_snell,
    cox_snell_from_c_statistic,
    cox_snell_from_nagelkerke,
    largest_cox_snell_r2,
    largest_cox_snell_r2_survival,
)
from spinecast.statistics.sample_size.linear_predictor import (
    LinearPredictor,
    beta_linear_predictor,
    binormal_linear_predictor,
    empirical_linear_predictor,
    normal_linear_predictor,
)
from spinecast.statistics.sample_size.validation import (
    validation_size_binary,
    validation_size_continuous,
    validation_size_survival,
)
from spinecast.statistics.survival.censoring import KaplanMeier, censoring_distribution, ipcw_weights, kaplan_meier
from spinecast.statistics.survival.competing import (
    CumulativeIncidence,
    cumulative_incidence,
    cumulative_incidence_at,
    restricted_mean_time_lost,
)
from spinecast.statistics.survival.gray import gray_test
from spinecast.statistics.survival.logrank import GroupTest, log_rank
from spinecast.statistics.survival.pseudo_values import pseudo_values
from spinecast.statistics.survival.restricted_mean import (
    RestrictedMeanComparison,
    compare_restricted_means,
    restricted_mean_survival,
)
from spinecast.statistics.survival.survival_curve import (
    StepCurve,
    SurvivalCurve,
    SurvivalQuantile,
    median_follow_up,
    survival_at,
    survival_curve,
    survival_quantile,
)
from spinecast.statistics.survival_performance.calibration import (
    HorizonCalibrationGroup,
    horizon_calibration_curve,
    horizon_calibration_errors,
    horizon_calibration_groups,
    horizon_observed_expected_ratio,
)
from spinecast.statistics.survival_performance.concordance import (
    Concordance,
    compare_harrell_c,
    concordance,
    harrell_c,
    uno_c,
)
from spinecast.statistics.survival_performance.expected_events import observed_expected_events
from spinecast.statistics.survival_performance.scores import (
    compare_horizon_auc,
    horizon_auc,
    horizon_brier,
    index_of_prediction_accuracy,
    integrated_brier,
)
from spinecast.statistics.survival_performance.slope import (
    cox_calibration_slope,
    horizon_calibration_in_the_large,
    horizon_calibration_slope,
)

__all__ = [
    "CALIBRATION_TEST_CAVEAT",
    "CLOSED_TEST_LEVEL",
    "FEWEST_BEYOND",
    "HOSMER_LEMESHOW_CAVEAT",
    "KNOT_QUANTILES",
    "NO_INFORMATION_AUC",
    "RECLASSIFICATION_CAVEAT",
    "Absent",
    "Adequacy",
    "AucComparison",
    "BrierDecomposition",
    "CalibrationCurve",
    "CalibrationCusum",
    "CalibrationErrors",
    "CalibrationFit",
    "CalibrationGroup",
    "CalibrationTest",
    "Classification",
    "ClosedTest",
    "Concordance",
    "ConditionalFit",
    "CorpDecomposition",
    "CoxFit",
    "Criterion",
    "CumulativeIncidence",
    "CusumAlarm",
    "CusumLimits",
    "DeLong",
    "DecisionCurve",
    "DistributionShift",
    "Estimate",
    "EventShape",
    "EventSteps",
    "FineGrayFit",
    "Follow",
    "FollowedRisks",
    "GroupTest",
    "HarmTradeOff",
    "HazardMethod",
    "HazardRecalibration",
    "HazardUpdate",
    "HeterogeneityMethod",
    "HorizonCalibrationGroup",
    "Influence",
    "IntervalMethod",
    "KaplanMeier",
    "LinearPredictor",
    "LogisticRecalibration",
    "LogisticRegression",
    "LowessErrors",
    "McNemar",
    "Measure",
    "MetaAnalysis",
    "ParallelSlopes",
    "PooledImputations",
    "PrecisionRecallCurve",
    "ProportionalHazardsTest",
    "ProportionalOdds",
    "QualityIndices",
    "QuantileLine",
    "Range",
    "Reclassification",
    "Resampled",
    "RestrictedMeanComparison",
    "RiskAgreement",
    "RocCurve",
    "SampleSize",
    "Scored",
    "Seed",
    "SmallStudyTest",
    "SplineCalibration",
    "StandardErrorSource",
    "StepCurve",
    "SurvivalCurve",
    "SurvivalQuantile",
    "TermTest",
    "ThresholdMethod",
    "ThresholdUpdate",
    "UnpairedComparison",
    "UpdateLine",
    "UpdateTest",
    "VennAbers",
    "WeibullFit",
    "auc",
    "auc_effects",
    "auc_limits",
    "average_precision",
    "beta_linear_predictor",
    "binormal_linear_predictor",
    "brant_test",
    "brier",
    "brier_decomposition",
    "brier_no_information",
    "brier_null",
    "c_statistic_from_cox_snell",
    "calibration_cusum",
    "calibration_errors",
    "calibration_groups",
    "calibration_in_the_large",
    "calibration_slope",
    "censoring_distribution",
    "changed_side",
    "check_scored",
    "classify",
    "clopper_pearson_interval",
    "closed_hazard_test",
    "closed_test_by_window",
    "closed_threshold_test",
    "closed_update_test",
    "cohen_kappa",
    "compare_auc",
    "compare_auc_unpaired",
    "compare_harrell_c",
    "compare_horizon_auc",
    "compare_loss",
    "compare_net_benefit",
    "compare_ordinal_concordance",
    "compare_pinball",
    "compare_ranked_probability",
    "compare_restricted_means",
    "concordance",
    "corp_decomposition",
    "cox_calibration_slope",
    "cox_snell_from_c_statistic",
    "cox_snell_from_nagelkerke",
    "cox_snell_r2",
    "cumulative_incidence",
    "cumulative_incidence_at",
    "cusum_limits",
    "decision_curve",
    "delong",
    "development_size_binary",
    "development_size_continuous",
    "development_size_survival",
    "discrimination_slope",
    "empirical_linear_predictor",
    "event_cusum",
    "event_limits",
    "event_shape",
    "event_steps",
    "expected_calibration_error",
    "expected_mean_absolute_error",
    "expected_of_development",
    "expected_shrinkage",
    "fit_calibration",
    "fit_conditional_cox",
    "fit_cox",
    "fit_fine_gray",
    "fit_hazard_recalibration",
    "fit_hazard_update",
    "fit_logistic_recalibration",
    "fit_logistic_regression",
    "fit_proportional_odds",
    "fit_quantile_scale",
    "fit_quantile_shift",
    "fit_recalibration_by_day",
    "fit_threshold_update",
    "fit_update",
    "fit_venn_abers",
    "fit_weibull",
    "flexible_calibration",
    "gray_test",
    "hanley_mcneil_se",
    "harm_trade_off",
    "harrell_c",
    "harrell_optimism",
    "holm_adjusted",
    "horizon_auc",
    "horizon_brier",
    "horizon_calibration_curve",
    "horizon_calibration_errors",
    "horizon_calibration_groups",
    "horizon_calibration_in_the_large",
    "horizon_calibration_slope",
    "horizon_observed_expected_ratio",
    "hosmer_lemeshow",
    "index_of_prediction_accuracy",
    "integrated_brier",
    "interval_coverage",
    "interventions_avoided",
    "ipcw_weights",
    "isotonic_recalibration",
    "jeffreys_interval",
    "joint_calibration_intercept",
    "kaplan_meier",
    "knot_positions",
    "largest_cox_snell_r2",
    "largest_cox_snell_r2_survival",
    "leave_one_out",
    "level_shift",
    "loess",
    "log_loss",
    "log_rank",
    "logit_interval",
    "lowess",
    "lowess_calibration_errors",
    "mcnemar",
    "mean_absolute_error",
    "mean_interval_width",
    "mean_with_interval",
    "measure_from_dict",
    "median_follow_up",
    "meta_analyse",
    "missing_shift",
    "nagelkerke_r2",
    "net_benefit",
    "net_benefit_after_harm",
    "net_benefit_treat_all",
    "normal_linear_predictor",
    "observed_expected_events",
    "observed_expected_from_intercept",
    "observed_expected_limits",
    "observed_expected_ratio",
    "optimism_corrected",
    "ordinal_concordance",
    "p_value_of_difference",
    "performance_in_resamples",
    "pinball_loss",
    "pinball_losses",
    "pinball_skill",
    "point_632",
    "point_632_plus",
    "pool_imputations",
    "population_stability_index",
    "precision_recall_curve",
    "profile_slope_interval",
    "proportion",
    "proportional_hazards_test",
    "pseudo_values",
    "quality_indices",
    "quantile_shift",
    "ranked_probability_losses",
    "ranked_probability_score",
    "ranked_probability_skill",
    "ratio_effects",
    "ratio_standard_error",
    "reclassification",
    "relative_overfitting",
    "resample_logistic_regression",
    "resample_performance",
    "restricted_cubic_terms",
    "restricted_mean_survival",
    "restricted_mean_time_lost",
    "risk_agreement",
    "roc_curve",
    "sample_shift",
    "scaled_brier",
    "share_below",
    "shift_prevalence",
    "slope_limits",
    "small_study_test",
    "somers_dxy",
    "spiegelhalter",
    "spline_calibration",
    "stability_limit",
    "standardised_net_benefit",
    "standardised_net_benefit_at",
    "study_influence",
    "survival_at",
    "survival_curve",
    "survival_quantile",
    "uno_c",
    "unreliability",
    "validated_632",
    "validated_632_plus",
    "validated_out_of_bag",
    "validation_size_binary",
    "validation_size_continuous",
    "validation_size_survival",
    "wald_interval",
    "wilson_interval",
]
