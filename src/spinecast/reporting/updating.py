"""The report of an update: the model before and after, in patients it was neither developed nor updated on."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Document, Section
from spinecast.reporting.external import BANNER, build_external_report
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.marks import SYNTHETIC_MARK
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.closing import checks_section
from spinecast.reporting.sections.cohort import cohort_section
from spinecast.reporting.sections.external_closing import done_section, external_glossary_section
from spinecast.reporting.sections.external_quantity import quantity_decision_section
from spinecast.reporting.sections.external_times import expected_events_section
from spinecast.reporting.sections.ordinal import (
    ordinal_decision_section,
    ordinal_levels_section,
    ordinal_outcome_section,
)
from spinecast.reporting.sections.quantity import quantity_outcome_section, quantity_thresholds_section
from spinecast.reporting.sections.timed import timed_curve_section, timed_decision_section, timed_outcome_section
from spinecast.reporting.sections.updating import (
    before_after_section,
    pair_section,
    update_section,
    update_summary_section,
    updated_section,
)
from spinecast.reporting.sections.updating_kinds import (
    kind_summary_section,
    quantity_before_after_section,
    quantity_update_section,
    times_before_after_section,
    times_update_section,
)
from spinecast.reporting.sections.updating_ordinal import ordinal_before_after_section, ordinal_update_section
from spinecast.reporting.sections.usefulness import classification_section, decision_section

__all__ = ["build_report_of", "build_update_report"]


def build_report_of(record: ExternalRecord) -> Document:
    """Write the report that belongs to a record: of an update, else of a validation or of a file of predictions."""
    return build_update_report(record) if record.about["kind"] == "update" else build_external_report(record)


def _own_sections(record: ExternalRecord, run: RunRecord) -> tuple[Section, ...]:
    match record.evaluation.get("kind"):
        case None:
            return (
                update_summary_section(record),
                updated_section(record),
                update_section(record),
                cohort_section(run),
                before_after_section(record),
                pair_section(record),
                decision_section(run),
                classification_section(run),
            )
        case "quantity":
            return (
                kind_summary_section(record),
                updated_section(record),
                quantity_update_section(record),
                cohort_section(run),
                quantity_outcome_section(run),
                quantity_before_after_section(record),
                quantity_thresholds_section(run),
                quantity_decision_section(record),
            )
        case "ordinal":
            return (
                kind_summary_section(record),
                updated_section(record),
                ordinal_update_section(record),
                cohort_section(run),
                ordinal_outcome_section(run),
                ordinal_before_after_section(record),
                ordinal_levels_section(run),
                ordinal_decision_section(run),
            )
        case _:
            return (
                kind_summary_section(record),
                updated_section(record),
                times_update_section(record),
                cohort_section(run),
                timed_outcome_section(run),
                times_before_after_section(record),
                timed_curve_section(run),
                expected_events_section(record),
                timed_decision_section(run),
            )


def build_update_report(record: ExternalRecord) -> Document:
    """Write the report of an update.

    The document depends on the record alone: equal records give equal documents.

    Parameters
    ----------
    record : ExternalRecord
        Of kind "update".
    """
    run = record.as_run_record()
    about = record.about
    kind = "synthetic" if record.is_synthetic else "real patients"
    packages = (about.get("environment") or {}).get("packages") or {}
    return Document(
        title=fmt.plain(about["title"]),
        subtitle="Updating of a prognosis model, judged on patients set apart",
        banner=BANNER,
        sections=(
            *_own_sections(record, run),
            checks_section(run),
            done_section(record),
            external_glossary_section(record),
        ),
        meta=(
            ("Updated", fmt.plain(about["update"]["title"])),
            (
                "Cohort",
                f"{fmt.plain(about['cohort']['name'])} ({kind})",
            ),
            ("Outcome", fmt.plain(record.evaluation["outcome"]["label"])),
            ("Judged on", fmt.integer(record.evaluation["n"])),
            ("Finished", fmt.moment(about.get("finished"))),
            ("spinecast", fmt.plain(packages.get("spinecast") or fmt.absent("not recorded"))),
        ),
        mark=SYNTHETIC_MARK if record.is_synthetic else None,
    )
