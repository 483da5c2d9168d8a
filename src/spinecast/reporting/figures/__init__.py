"""Figures as SVG text: drawn from the record alone, equal for equal records, in one house style."""

from __future__ import annotations

from spinecast.reporting.figures.cohort import attrition_diagram, missingness_plot
from spinecast.reporting.figures.explanation import (
    beeswarm_plot,
    dependence_plot,
    importance_plot,
)
from spinecast.reporting.figures.features import scanner_share_plot
from spinecast.reporting.figures.forest import Axis, ForestRow, forest_plot
from spinecast.reporting.figures.internal_validation import (
    calibration_instability_plot,
    instability_plot,
    learning_curve_plot,
)
from spinecast.reporting.figures.performance import (
    ComparisonRow,
    calibration_plot,
    comparison_plot,
    decision_curve_plot,
    roc_plot,
)
from spinecast.reporting.figures.tuning import ALL_PATIENTS, tuning_history_plot
from spinecast.reporting.figures.waterfall import waterfall_plot, waterfall_steps

__all__ = [
    "ALL_PATIENTS",
    "Axis",
    "ComparisonRow",
    "ForestRow",
    "attrition_diagram",
    "beeswarm_plot",
    "calibration_instability_plot",
    "calibration_plot",
    "comparison_plot",
    "decision_curve_plot",
    "dependence_plot",
    "forest_plot",
    "importance_plot",
    "instability_plot",
    "learning_curve_plot",
    "missingness_plot",
    "roc_plot",
    "scanner_share_plot",
    "tuning_history_plot",
    "waterfall_plot",
    "waterfall_steps",
]
