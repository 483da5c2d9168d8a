"""The page of a comparison: from its record to a document."""

from __future__ import annotations

from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.comparison_record import ComparisonRecord
from spinecast.reporting.document import Banner, Document, Facts, Section
from spinecast.reporting.marks import SYNTHETIC_MARK
from spinecast.reporting.sections.comparison_agreement import agreement_section, recorded_section
from spinecast.reporting.sections.comparison_curves import calibration_curves_section, decision_curves_section
from spinecast.reporting.sections.comparison_levels import (
    level_sections,
    levels_summary_section,
    levels_tests_section,
)
from spinecast.reporting.sections.comparison_summary import compared_section, comparison_summary_section
from spinecast.reporting.sections.comparison_tests import measures_section, tests_section

__all__ = ["build_comparison"]

BANNER = Banner(
    RESEARCH_USE,
    "None of the models compared here is a medical device. That one is better than another in these people does not "
    "say that using it helps anyone.",
)


def build_comparison(record: ComparisonRecord) -> Document:
    """Write the page of a comparison.

    The document depends on the record alone: equal records give equal documents.

    Parameters
    ----------
    record : ComparisonRecord

    Returns
    -------
    Document
        Ready for :func:`spinecast.reporting.html.render_html` and :func:`spinecast.reporting.pdf.render_pdf`.
    """
    about = record.about
    sections = _levels_sections(record) if record.of_levels else _risk_sections(record)
    packages = about["environment"].get("packages") or {}
    return Document(
        title=fmt.plain(about["title"]),
        subtitle="Runs side by side",
        banner=BANNER,
        sections=tuple(section for section in sections if section is not None),
        meta=(
            ("Compared", fmt.plural(len(record.found["runs"]), "model")),
            ("Outcome", fmt.plain(about["outcome"])),
            (
                "Cohort",
                f"{fmt.plain(about['cohort']['name'])} ({'synthetic' if record.is_synthetic else 'real patients'})",
            ),
            ("Finished", fmt.moment(about["finished"])),
            ("spinecast", fmt.plain(packages.get("spinecast") or fmt.absent("not recorded"))),
        ),
        mark=SYNTHETIC_MARK if record.is_synthetic else None,
    )


def _risk_sections(record: ComparisonRecord) -> tuple[Section | None, ...]:
    return (
        comparison_summary_section(record),
        compared_section(record),
        measures_section(record),
        tests_section(record),
        calibration_curves_section(record),
        decision_curves_section(record),
        agreement_section(record),
        recorded_section(record),
        _done_section(record),
    )


def _levels_sections(record: ComparisonRecord) -> tuple[Section, ...]:
    return (
        levels_summary_section(record),
        compared_section(record),
        levels_tests_section(record),
        *level_sections(record),
        _done_section(record),
    )


def _done_section(record: ComparisonRecord) -> Section:
    """Say what was computed with, so that it can be computed again."""
    about, settings = record.about, record.about["settings"]
    facts = [
        ("Thresholds", ", ".join(fmt.percentage(one, 0) for one in settings["thresholds"])),
        ("Resamples where there is no formula", fmt.integer(settings["bootstrap"])),
        ("Seed", str(settings["seed"])),
        *((f"Cohort fingerprint, {one['label']}", one["fingerprint"]) for one in about["runs"]),
    ]
    return Section("done", "How it was done", (Facts(tuple(facts)),))
