"""Coded checks: what is wrong with a study, its model or its validation, how grave it is and what to do.

The register says what each looks for; each is one function that returns `Check` (found), `NotFound` or `NotApplicable`.
"""

from __future__ import annotations

from spinecast.validation.checks.copies import check_coding, check_made_from
from spinecast.validation.checks.declared import (
    Declared,
    check_apparent,
    check_classes,
    check_predictor_choice,
)
from spinecast.validation.checks.design import (
    PredictorLike,
    check_events,
    check_horizon,
    check_missingness,
    check_predictor_roles,
    check_synthetic_cohort,
)
from spinecast.validation.checks.harm import check_subgroup_harm
from spinecast.validation.checks.kinds import CheckKind, Place, Severity
from spinecast.validation.checks.leakage import check_dates, check_single_predictors
from spinecast.validation.checks.people import (
    check_development_kind,
    check_lacking_predictors,
    check_shared_patients,
    check_without_value,
)
from spinecast.validation.checks.performance import (
    check_calibration_slope,
    check_level,
    check_rising_calibration,
    check_validation_size,
    check_worse_after_update,
)
from spinecast.validation.checks.register import CHECKS, PLACES, check_kind, register_page
from spinecast.validation.checks.results import Check, Checklist, NotApplicable, NotFound, Result, stop_at_errors
from spinecast.validation.checks.scanners import check_scanner_outcomes, check_scanner_patients

__all__ = [
    "CHECKS",
    "PLACES",
    "Check",
    "CheckKind",
    "Checklist",
    "Declared",
    "NotApplicable",
    "NotFound",
    "Place",
    "PredictorLike",
    "Result",
    "Severity",
    "check_apparent",
    "check_calibration_slope",
    "check_classes",
    "check_coding",
    "check_dates",
    "check_development_kind",
    "check_events",
    "check_horizon",
    "check_kind",
    "check_lacking_predictors",
    "check_level",
    "check_made_from",
    "check_missingness",
    "check_predictor_choice",
    "check_predictor_roles",
    "check_rising_calibration",
    "check_scanner_outcomes",
    "check_scanner_patients",
    "check_shared_patients",
    "check_single_predictors",
    "check_subgroup_harm",
    "check_synthetic_cohort",
    "check_validation_size",
    "check_without_value",
    "check_worse_after_update",
    "register_page",
    "stop_at_errors",
]
