"""From a run record to a document: the order of a report, and the notices that stand on it."""

from __future__ import annotations

from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Banner, Document, Section
from spinecast.reporting.marks import SYNTHETIC_MARK
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.changes import short_search
from spinecast.reporting.sections.closing import checks_section, glossary_section, reproducibility_section
from spinecast.reporting.sections.cohort import cohort_section
from spinecast.reporting.sections.explanation import explanation_section, patients_section
from spinecast.reporting.sections.features import features_section
from spinecast.reporting.sections.forms import forms_section
from spinecast.reporting.sections.internal_validation import internal_validation_section
from spinecast.reporting.sections.limitations import limitations_section
from spinecast.reporting.sections.missing_inputs import missing_inputs_section
from spinecast.reporting.sections.ordinal import (
    ordinal_candidates_section,
    ordinal_decision_section,
    ordinal_levels_section,
    ordinal_outcome_section,
    ordinal_patients_section,
    ordinal_slopes_section,
    ordinal_summary_section,
    ordinal_thresholds_section,
)
from spinecast.reporting.sections.ordinal_internal import ordinal_internal_section
from spinecast.reporting.sections.outcome import outcome_section
from spinecast.reporting.sections.performance import (
    calibration_section,
    comparators_section,
    comparison_section,
    discrimination_section,
    folds_section,
)
from spinecast.reporting.sections.quantity import (
    quantity_accuracy_section,
    quantity_candidates_section,
    quantity_intervals_section,
    quantity_outcome_section,
    quantity_patients_section,
    quantity_summary_section,
    quantity_thresholds_section,
)
from spinecast.reporting.sections.quantity_internal import quantity_internal_section
from spinecast.reporting.sections.sample_size import sample_size_section
from spinecast.reporting.sections.study import study_section, tuning_section
from spinecast.reporting.sections.summary import summary_section
from spinecast.reporting.sections.timed import (
    timed_calibration_section,
    timed_candidates_section,
    timed_curve_section,
    timed_decision_section,
    timed_discrimination_section,
    timed_outcome_section,
    timed_patients_section,
    timed_summary_section,
)
from spinecast.reporting.sections.timed_beside import timed_comparators_section, timed_horizon_studies_section
from spinecast.reporting.sections.timed_internal import timed_internal_section
from spinecast.reporting.sections.usefulness import classification_section, decision_section
from spinecast.reporting.sections.venn_abers import venn_abers_section

__all__ = ["build_report"]

BANNER = Banner(
    RESEARCH_USE,
    "The model reported here is not a medical device. Its risks describe the people studied below, and using them "
    "has not been "
    "shown to help anyone.",
)


def build_report(record: RunRecord) -> Document:
    """Write the report of a run.

    The document depends on the record alone: equal records give equal documents.

    Parameters
    ----------
    record : RunRecord
        A finished run.

    Returns
    -------
    Document
        Ready for :func:`spinecast.reporting.html.render_html` and :func:`spinecast.reporting.pdf.render_pdf`.
    """
    if record.evaluation.get("kind") == "quantity":
        sections = _quantity_sections(record)
    elif record.evaluation.get("kind") == "ordinal":
        sections = _ordinal_sections(record)
    elif "horizons" in record.evaluation:
        sections = _timed_sections(record)
    else:
        sections = _sections(record)
    return Document(
        title=fmt.plain(record.study.get("title") or record.study.get("study") or "A prognosis study"),
        subtitle="Development and internal validation of a prognosis model",
        banner=BANNER,
        sections=sections,
        meta=_meta(record),
        mark=SYNTHETIC_MARK if record.is_synthetic else None,
    )


def _sections(record: RunRecord) -> tuple[Section, ...]:
    found = (
        summary_section(record),
        cohort_section(record),
        features_section(record),
        outcome_section(record),
        study_section(record),
        tuning_section(record),
        comparison_section(record),
        discrimination_section(record),
        calibration_section(record),
        *_asked_for(venn_abers_section(record)),
        decision_section(record),
        classification_section(record),
        folds_section(record),
        internal_validation_section(record),
        comparators_section(record),
        explanation_section(record),
        patients_section(record),
        missing_inputs_section(record.evaluation.get("missing_inputs"), held_out=True),
        sample_size_section(record),
        checks_section(record),
        limitations_section(record),
        forms_section(record),
        reproducibility_section(record),
        glossary_section(),
    )
    return tuple(section for section in found if section is not None)


def _asked_for(section: Section | None) -> tuple[Section, ...]:
    return () if section is None else (section,)


def _timed_sections(record: RunRecord) -> tuple[Section, ...]:
    found = (
        timed_summary_section(record),
        cohort_section(record),
        features_section(record),
        timed_outcome_section(record),
        study_section(record),
        tuning_section(record),
        timed_candidates_section(record),
        timed_curve_section(record),
        timed_discrimination_section(record),
        timed_calibration_section(record),
        timed_decision_section(record),
        timed_internal_section(record),
        timed_horizon_studies_section(record),
        timed_comparators_section(record),
        timed_patients_section(record),
        explanation_section(record),
        missing_inputs_section(record.evaluation.get("missing_inputs"), held_out=True),
        checks_section(record),
        limitations_section(record),
        forms_section(record),
        reproducibility_section(record),
        glossary_section(),
    )
    return tuple(section for section in found if section is not None)


def _quantity_sections(record: RunRecord) -> tuple[Section, ...]:
    found = (
        quantity_summary_section(record),
        cohort_section(record),
        features_section(record),
        quantity_outcome_section(record),
        study_section(record),
        tuning_section(record),
        quantity_candidates_section(record),
        quantity_accuracy_section(record),
        quantity_intervals_section(record),
        quantity_thresholds_section(record),
        quantity_internal_section(record),
        quantity_patients_section(record),
        explanation_section(record),
        missing_inputs_section(record.evaluation.get("missing_inputs"), held_out=True, quantiles=True),
        checks_section(record),
        limitations_section(record),
        forms_section(record),
        reproducibility_section(record),
        glossary_section(),
    )
    return tuple(section for section in found if section is not None)


def _ordinal_sections(record: RunRecord) -> tuple[Section, ...]:
    return (
        ordinal_summary_section(record),
        cohort_section(record),
        ordinal_outcome_section(record),
        study_section(record),
        tuning_section(record),
        ordinal_candidates_section(record),
        ordinal_levels_section(record),
        ordinal_thresholds_section(record),
        ordinal_slopes_section(record),
        ordinal_decision_section(record),
        ordinal_internal_section(record),
        ordinal_patients_section(record),
        explanation_section(record),
        missing_inputs_section(record.evaluation.get("missing_inputs"), held_out=True),
        checks_section(record),
        limitations_section(record),
        forms_section(record),
        reproducibility_section(record),
        glossary_section(),
    )


def _meta(record: RunRecord) -> tuple[tuple[str, str], ...]:
    run = record.run
    packages = (run.get("environment") or {}).get("packages") or {}
    identity = str((run.get("model") or {}).get("identity") or "")
    kind = "synthetic" if record.is_synthetic else "real patients"
    short = short_search(record)
    return (
        ("Study", fmt.plain(record.study.get("study") or fmt.absent("not recorded"))),
        ("Cohort", f"{fmt.plain(record.cohort['name'])} ({kind})"),
        ("Run", fmt.plain(run["run_key"])[:16]),
        ("Model", fmt.plain(identity)[:16] or fmt.absent("not recorded")),
        *((("Search", short.brief),) if short else ()),
        ("Finished", fmt.moment(run.get("finished"))),
        ("spinecast", fmt.plain(packages.get("spinecast") or fmt.absent("not recorded"))),
    )
