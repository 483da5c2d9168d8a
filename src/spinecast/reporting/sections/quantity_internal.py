"""What was fitted again of a model of a quantity: optimism, other folds, left-out sites, fewer patients."""

from __future__ import annotations

from spinecast.reporting.document import Section
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.answers_internal import AnswerWords, answers_internal_section
from spinecast.reporting.sections.quantity import amount

__all__ = ["quantity_internal_section"]


def quantity_internal_section(record: RunRecord) -> Section:
    """Set what the model shows of itself beside what it can be expected to show in patients like these."""
    evaluation = record.evaluation
    checked = f"{evaluation['checked_threshold']:g}"
    by_threshold = {
        f"{name}_at_{one['threshold']:g}": measure
        for one in evaluation["thresholds"]
        for name, measure in one["measures"].items()
    }

    def at(threshold: str) -> str:
        return f"{amount(record, float(threshold))} and more"

    words = AnswerWords(
        QUANTITY_MEASURES,
        at,
        one_risk=f"the probability of {at(checked)}",
        event=at(checked),
        corrected="pinball_skill",
        by_site=("pinball_skill", "coverage_80", f"auc_at_{checked}", f"calibration_slope_at_{checked}"),
        learnt=("mean_pinball_loss", f"auc_at_{checked}", "coverage_80", "coverage_90"),
        nested={**by_threshold, **evaluation["measures"]},
    )
    return answers_internal_section(record, words)
