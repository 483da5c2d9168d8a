"""Numbers about predictions and survival: arrays in, frozen dataclasses out. Knows no patients, models or files.

Every function takes ``outcome`` (n,) of 0/1, ``risk`` (n,) in [0, 1] and optional ``weights`` (n,), the inverse
probability of censoring. Intervals cover 95 %. What cannot be computed is :class:`Absent` with the reason.
"""

from __future__ import annotations

from spinecast.statistics._accuracy import brier, brier_null, discrimination_slope, log_loss, scaled_brier
from spinecast.statistics._bootstrap import Seed
from spinecast.statistics._calibration import (
    CalibrationFit,
    CalibrationGroup,
    calibration_groups,
    calibration_in_the_large,
    calibration_slope,
    fit_calibration,
    joint_calibration_intercept,
    observed_expected_ratio,
)
from spinecast.statistics._censoring import KaplanMeier, censoring_distribution, ipcw_weights, kaplan_meier
from spinecast.statistics._decision import (
    Classification,
    DecisionCurve,
    classify,
    decision_curve,
    interventions_avoided,
    net_benefit,
    net_benefit_treat_all,
    standardised_net_benefit,
)
from spinecast.statistics._discrimination import (
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
from spinecast.statistics._estimate import Absent, Estimate, Measure, measure_from_dict
from spinecast.statistics._flexible import (
    CalibrationCurve,
    CalibrationErrors,
    calibration_errors,
    flexible_calibration,
)
from spinecast.statistics._inputs import Scored, check_scored
from spinecast.statistics._loess import loess
from spinecast.statistics._logistic import LogisticRecalibration, fit_logistic_recalibration
from spinecast.statistics._proportions import (
    clopper_pearson_interval,
    jeffreys_interval,
    wald_interval,
    wilson_interval,
)

__all__ = [
    "Absent",
    "AucComparison",
    "CalibrationCurve",
    "CalibrationErrors",
    "CalibrationFit",
    "CalibrationGroup",
    "Classification",
    "DeLong",
    "DecisionCurve",
    "Estimate",
    "KaplanMeier",
    "LogisticRecalibration",
    "Measure",
    "RocCurve",
    "Scored",
    "Seed",
    "auc",
    "brier",
    "brier_null",
    "calibration_errors",
    "calibration_groups",
    "calibration_in_the_large",
    "calibration_slope",
    "censoring_distribution",
    "check_scored",
    "classify",
    "clopper_pearson_interval",
    "compare_auc",
    "decision_curve",
    "delong",
    "discrimination_slope",
    "fit_calibration",
    "fit_logistic_recalibration",
    "flexible_calibration",
    "hanley_mcneil_se",
    "interventions_avoided",
    "ipcw_weights",
    "jeffreys_interval",
    "joint_calibration_intercept",
    "kaplan_meier",
    "loess",
    "log_loss",
    "logit_interval",
    "measure_from_dict",
    "net_benefit",
    "net_benefit_treat_all",
    "observed_expected_ratio",
    "roc_curve",
    "scaled_brier",
    "standardised_net_benefit",
    "wald_interval",
    "wilson_interval",
]
