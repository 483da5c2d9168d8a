"""Internal validation: what the development patients say about patients like them. Research use only."""

from __future__ import annotations

from spinecast.validation.internal.by_answers import (
    DrawnAnswers,
    Measured,
    answers_by_bootstrap,
    answers_by_share,
    answers_by_site,
    answers_repeatedly,
)
from spinecast.validation.internal.instability import Instability, InstabilityGroup, ThresholdInstability, instability
from spinecast.validation.internal.optimism import (
    BootstrapValidation,
    CorrectedMeasure,
    Drawn,
    validate_by_bootstrap,
)
from spinecast.validation.internal.repeated import (
    LearningCurve,
    LearningPoint,
    RepeatedMeasure,
    RepeatedValidation,
    Spread,
    learning_curve,
    validate_repeatedly,
)
from spinecast.validation.internal.result import InternalValidation
from spinecast.validation.internal.sites import (
    InternalExternal,
    PooledMeasure,
    SiteEvaluation,
    SitePredictions,
    validate_by_site,
)

__all__ = [
    "BootstrapValidation",
    "CorrectedMeasure",
    "Drawn",
    "DrawnAnswers",
    "Instability",
    "InstabilityGroup",
    "InternalExternal",
    "InternalValidation",
    "LearningCurve",
    "LearningPoint",
    "Measured",
    "PooledMeasure",
    "RepeatedMeasure",
    "RepeatedValidation",
    "SiteEvaluation",
    "SitePredictions",
    "Spread",
    "ThresholdInstability",
    "answers_by_bootstrap",
    "answers_by_share",
    "answers_by_site",
    "answers_repeatedly",
    "instability",
    "learning_curve",
    "validate_by_bootstrap",
    "validate_by_site",
    "validate_repeatedly",
]
