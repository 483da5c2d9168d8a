"""From a run record to a document: the order of a report, and the notices that stand on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    return Document(
        title=fmt.plain(record.study.get("title") or record.study.get("study") or "A prognosis study"),
        subtitle="Development and internal validation of a prognosis model",
        banner=BANNER,
        sections=_sections(record),
        meta=_meta(record),
        mark=SYNTHETIC_MARK if record.is_synthetic else None,
    )


def _sections(record: RunRecord) -> tuple[Section, ...]:
    """The same opening and end for every kind of model, around what its kind is judged by."""
    kind = _kind_of(record)
    every = (
        kind.summary,
        cohort_section,
        features_section,
        kind.outcome,
        study_section,
        tuning_section,
        *kind.judged,
        checks_section,
        limitations_section,
        forms_section,
        reproducibility_section,
    )
    found = (*(section(record) for section in every), glossary_section())
    return tuple(section for section in found if section is not None)


def _missing_inputs(record: RunRecord) -> Section | None:
    return missing_inputs_section(record.evaluation.get("missing_inputs"), held_out=True)


def _missing_inputs_of_quantiles(record: RunRecord) -> Section | None:
    return missing_inputs_section(record.evaluation.get("missing_inputs"), held_out=True, quantiles=True)


@dataclass(frozen=True)
class _Kind:
    """Sections that models of one kind have of their own; one that a record has nothing for is left out."""

    summary: Callable[[RunRecord], Section | None]
    outcome: Callable[[RunRecord], Section | None]
    judged: tuple[Callable[[RunRecord], Section | None], ...]


_EVENT = _Kind(
    summary_section,
    outcome_section,
    (
        comparison_section,
        discrimination_section,
        calibration_section,
        venn_abers_section,
        decision_section,
        classification_section,
        folds_section,
        internal_validation_section,
        comparators_section,
        explanation_section,
        patients_section,
        _missing_inputs,
        sample_size_section,
    ),
)
_TIMES = _Kind(
    timed_summary_section,
    timed_outcome_section,
    (
        timed_candidates_section,
        timed_curve_section,
        timed_discrimination_section,
        timed_calibration_section,
        timed_decision_section,
        timed_internal_section,
        timed_horizon_studies_section,
        timed_comparators_section,
        timed_patients_section,
        explanation_section,
        _missing_inputs,
    ),
)
_QUANTITY = _Kind(
    quantity_summary_section,
    quantity_outcome_section,
    (
        quantity_candidates_section,
        quantity_accuracy_section,
        quantity_intervals_section,
        quantity_thresholds_section,
        quantity_internal_section,
        quantity_patients_section,
        explanation_section,
        _missing_inputs_of_quantiles,
    ),
)
_LEVELS = _Kind(
    ordinal_summary_section,
    ordinal_outcome_section,
    (
        ordinal_candidates_section,
        ordinal_levels_section,
        ordinal_thresholds_section,
        ordinal_slopes_section,
        ordinal_decision_section,
        ordinal_internal_section,
        ordinal_patients_section,
        explanation_section,
        _missing_inputs,
    ),
)


def _kind_of(record: RunRecord) -> _Kind:
    if "horizons" in record.evaluation:
        return _TIMES
    return {"quantity": _QUANTITY, "ordinal": _LEVELS}.get(str(record.evaluation.get("kind")), _EVENT)


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
