"""An evaluation of one model on one cohort, and coded checks. Research use only."""

from __future__ import annotations

from spinecast.validation.checks import (
    Check,
    Checklist,
    check_calibration_slope,
    check_events,
    check_horizon,
    check_missingness,
    check_predictor_roles,
    check_synthetic_cohort,
)
from spinecast.validation.comparing import Comparator, compare
from spinecast.validation.evaluating import evaluate, evaluate_candidate
from spinecast.validation.evaluation import (
    CandidateEvaluation,
    CohortIdentity,
    ComparatorEvaluation,
    Evaluation,
    FoldEvaluation,
    OutcomeLabel,
    RiskHistogram,
    RocPoints,
)
from spinecast.validation.measures import MEASURES
from spinecast.validation.predictions import Basis, Predictions

__all__ = [
    "MEASURES",
    "Basis",
    "CandidateEvaluation",
    "Check",
    "Checklist",
    "CohortIdentity",
    "Comparator",
    "ComparatorEvaluation",
    "Evaluation",
    "FoldEvaluation",
    "OutcomeLabel",
    "Predictions",
    "RiskHistogram",
    "RocPoints",
    "check_calibration_slope",
    "check_events",
    "check_horizon",
    "check_missingness",
    "check_predictor_roles",
    "check_synthetic_cohort",
    "compare",
    "evaluate",
    "evaluate_candidate",
]
