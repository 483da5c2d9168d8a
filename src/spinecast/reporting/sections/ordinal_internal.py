"""What was fitted again of a model of ordered levels: optimism, other folds, left-out sites, fewer patients."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Section
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.answers_internal import AnswerWords, answers_internal_section

__all__ = ["ordinal_internal_section"]


def ordinal_internal_section(record: RunRecord) -> Section:
    """Set what the model shows of itself beside what it can be expected to show in patients like these."""
    evaluation = record.evaluation
    reached = [fmt.plain(one["reached"]) for one in evaluation["outcome"]["levels"]]
    checked = str(evaluation["checked_threshold"] + 1)  # levels are counted from the lowest, 0
    by_threshold = {
        f"{name}_at_{number}": measure
        for number, one in enumerate(evaluation["thresholds"], start=1)
        for name, measure in one["measures"].items()
    }

    def at(level: str) -> str:
        return reached[int(level)]

    words = AnswerWords(
        ORDINAL_MEASURES,
        at,
        one_risk=f"the probability of “{at(checked)}”",
        event=at(checked),
        corrected="ordinal_concordance",
        by_site=("ordinal_concordance", "ranked_probability_skill", f"calibration_slope_at_{checked}"),
        learnt=("ordinal_concordance", "ranked_probability_score", f"auc_at_{checked}"),
        nested={**by_threshold, **evaluation["measures"]},
    )
    return answers_internal_section(record, words)
