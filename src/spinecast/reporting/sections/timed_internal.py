"""What was fitted again of a model of times: optimism, other folds, left-out sites, fewer patients."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Section
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.answers_internal import AnswerWords, answers_internal_section
from spinecast.reporting.timed_measures import TIMED_MEASURES

__all__ = ["timed_internal_section"]


def timed_internal_section(record: RunRecord) -> Section:
    """Set what the model shows of itself beside what it can be expected to show in patients like these."""
    evaluation = record.evaluation
    day = f"{evaluation['one_day']:g}"
    by_day = {
        f"{name}_{one['day']:g}": measure for one in evaluation["horizons"] for name, measure in one["measures"].items()
    }
    # Of competing causes there is no concordance: the integrated Brier score stands in its place.
    ranking = "integrated_brier" if "causes" in (record.study.get("outcome") or {}) else "harrell_c"
    words = AnswerWords(
        TIMED_MEASURES,
        "day {}".format,
        one_risk=f"the risk by day {day}",
        event=fmt.plain(evaluation["outcome"]["positive_label"]),
        corrected=f"horizon_auc_{day}" if ranking == "integrated_brier" else ranking,
        by_site=(ranking, f"horizon_auc_{day}", f"calibration_slope_{day}"),
        learnt=(ranking, f"horizon_auc_{day}", f"calibration_slope_{day}"),
        nested={**evaluation["measures"], **by_day},
    )
    return answers_internal_section(record, words)
