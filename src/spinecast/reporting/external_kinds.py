"""The order of an external validation's report where the model predicts a time, a quantity or ordered levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from spinecast.reporting.document import Section
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.closing import checks_section
from spinecast.reporting.sections.cohort import cohort_section
from spinecast.reporting.sections.external_case_mix import case_mix_section
from spinecast.reporting.sections.external_closing import done_section, external_glossary_section
from spinecast.reporting.sections.external_groups import subgroups_section
from spinecast.reporting.sections.external_ordinal import external_ordinal_summary, levels_beside_section
from spinecast.reporting.sections.external_quantity import (
    blood_orders_section,
    external_quantity_summary,
    quantities_beside_section,
    quantity_decision_section,
)
from spinecast.reporting.sections.external_summary import judged_section, not_compared_blocks
from spinecast.reporting.sections.external_times import expected_events_section, external_times_summary, on_one_day
from spinecast.reporting.sections.forms import forms_section
from spinecast.reporting.sections.missing_inputs import missing_inputs_section
from spinecast.reporting.sections.ordinal import (
    ordinal_decision_section,
    ordinal_levels_section,
    ordinal_outcome_section,
    ordinal_slopes_section,
    ordinal_thresholds_section,
    within,
)
from spinecast.reporting.sections.quantity import (
    OVERALL,
    amount,
    quantity_accuracy_section,
    quantity_intervals_section,
    quantity_outcome_section,
    quantity_thresholds_section,
)
from spinecast.reporting.sections.sample_size import sample_size_section
from spinecast.reporting.sections.timed import (
    timed_calibration_section,
    timed_curve_section,
    timed_decision_section,
    timed_discrimination_section,
    timed_outcome_section,
)
from spinecast.reporting.sections.timed_beside import timed_comparators_section
from spinecast.reporting.timed_measures import TIMED_MEASURES

__all__ = ["external_ordinal_sections", "external_quantity_sections", "external_times_sections"]

TIMES_GROUPS = (
    "harrell_c",
    "auc",
    "scaled_brier",
    "calibration_in_the_large",
    "calibration_slope",
    "observed_expected_ratio",
)
ORDINAL_GROUPS = (
    "ordinal_concordance",
    "ranked_probability_skill",
    "auc",
    "observed_expected_ratio",
    "calibration_slope",
)


def external_times_sections(record: ExternalRecord) -> Iterator[Section | None]:
    """Yield the sections of a validation of curves."""
    run = record.as_run_record()
    words = f"the risk by day {record.findings['checked_day']:g}"
    yield external_times_summary(record)
    yield judged_section(record)
    yield cohort_section(run)
    yield timed_outcome_section(run)
    yield _with_not_compared(timed_comparators_section(run), record)
    yield timed_curve_section(run)
    yield expected_events_section(record)
    yield timed_discrimination_section(run)
    yield timed_calibration_section(run)
    yield timed_decision_section(run)
    yield on_one_day(case_mix_section(record), words)
    yield on_one_day(
        subgroups_section(record, TIMES_GROUPS, ("auc", "calibration_in_the_large"), TIMED_MEASURES), words
    )
    yield from _closing(record, run, words)


def external_quantity_sections(record: ExternalRecord) -> Iterator[Section | None]:
    """Yield the sections of a validation of quantiles."""
    run = record.as_run_record()
    words = f"the chance of {amount(run, record.findings['checked_threshold'])} and more"
    yield external_quantity_summary(record)
    yield judged_section(record)
    yield cohort_section(run)
    yield quantity_outcome_section(run)
    yield _with_not_compared(quantities_beside_section(record), record)
    yield quantity_accuracy_section(run)
    yield quantity_intervals_section(run)
    yield quantity_thresholds_section(run)
    yield quantity_decision_section(record)
    yield blood_orders_section(record)
    yield on_one_day(case_mix_section(record), words)
    reached = f"{amount(run, record.findings['checked_threshold'])} and more"
    yield subgroups_section(record, OVERALL, ("mean_absolute_error", "coverage_80"), QUANTITY_MEASURES, reached)
    yield from _closing(record, run, words)


def external_ordinal_sections(record: ExternalRecord) -> Iterator[Section | None]:
    """Yield the sections of a validation of ordered levels."""
    run, at = record.as_run_record(), record.evaluation["thresholds"][record.findings["checked_threshold"]]
    words = f"the chance of “{within(at['label'])}”"
    yield external_ordinal_summary(record)
    yield judged_section(record)
    yield cohort_section(run)
    yield ordinal_outcome_section(run)
    yield _with_not_compared(levels_beside_section(record), record)
    yield ordinal_levels_section(run)
    yield ordinal_thresholds_section(run)
    yield ordinal_slopes_section(run)
    yield ordinal_decision_section(run)
    yield on_one_day(case_mix_section(record), words)
    # Groups are judged by all levels together and at the one that is looked at.
    measures = {**record.evaluation["measures"], **at["measures"]}
    yield on_one_day(
        subgroups_section(
            replace(record, evaluation={**record.evaluation, "measures": measures}),
            ORDINAL_GROUPS,
            ("ordinal_concordance", "observed_expected_ratio"),
            ORDINAL_MEASURES,
            at["label"],
        ),
        f"all levels together, and {words} (AUC, observed to expected, slope)",
    )
    yield from _closing(record, run, words)


def _closing(record: ExternalRecord, run: RunRecord, words: str) -> Iterator[Section | None]:
    """Yield what ends a validation of any kind; `words` name the one risk that stands for the model."""
    yield on_one_day(missing_inputs_section(record.findings.get("missing_inputs")), words)
    yield on_one_day(sample_size_section(run), words)
    yield checks_section(run)
    yield forms_section(record)
    yield done_section(record)
    yield external_glossary_section(record)


def _with_not_compared(section: Section, record: ExternalRecord) -> Section:
    return Section(section.anchor, section.title, (*section.blocks, *not_compared_blocks(record)))
