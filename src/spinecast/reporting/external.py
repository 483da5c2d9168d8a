"""The report of an external validation, or of a file of predictions: from its record to a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from spinecast.notices import RESEARCH_USE
from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Banner, Document, Facts, Figure, Heading, Paragraph, Section, Table
from spinecast.reporting.external_kinds import (
    external_ordinal_sections,
    external_quantity_sections,
    external_times_sections,
)
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.marks import SYNTHETIC_MARK
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.closing import checks_section
from spinecast.reporting.sections.cohort import cohort_section
from spinecast.reporting.sections.common import footnoted, row
from spinecast.reporting.sections.external_case_mix import case_mix_section
from spinecast.reporting.sections.external_closing import done_section, external_glossary_section
from spinecast.reporting.sections.external_follow_up import follow_up_section
from spinecast.reporting.sections.external_groups import strata_section, subgroups_section
from spinecast.reporting.sections.external_summary import external_summary_section, judged_section, not_compared_blocks
from spinecast.reporting.sections.forms import forms_section
from spinecast.reporting.sections.missing_inputs import missing_inputs_section
from spinecast.reporting.sections.performance import (
    calibration_section,
    comparators_section,
    discrimination_section,
)
from spinecast.reporting.sections.sample_size import sample_size_section
from spinecast.reporting.sections.usefulness import classification_section, decision_section

__all__ = ["build_external_report"]

BANNER = Banner(
    RESEARCH_USE,
    "What is judged here is not a medical device. Its risks describe the people studied below, and using them has not "
    "been shown to help anyone.",
)

COMPARED = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope")
# As many lines of comparators as a decision curve has room and colours for.
DRAWN = 5


def build_external_report(record: ExternalRecord) -> Document:
    """Write the report of an external validation.

    The document depends on the record alone: equal records give equal documents.

    Parameters
    ----------
    record : ExternalRecord

    Returns
    -------
    Document
        Ready for :func:`spinecast.reporting.html.render_html` and :func:`spinecast.reporting.pdf.render_pdf`.
    """
    sections = tuple(section for section in _sections(record) if section is not None)
    return Document(
        title=fmt.plain(record.about["title"]),
        subtitle="External validation" if record.is_validation else "Evaluation of predictions made elsewhere",
        banner=BANNER,
        sections=sections,
        meta=_meta(record),
        mark=SYNTHETIC_MARK if record.is_synthetic else None,
    )


def _sections(record: ExternalRecord) -> Iterator[Section | None]:
    kind = record.evaluation.get("kind")
    if kind is None:
        return _risk_sections(record)
    of_kind = {"quantity": external_quantity_sections, "ordinal": external_ordinal_sections}
    return of_kind.get(kind, external_times_sections)(record)


def _risk_sections(record: ExternalRecord) -> Iterator[Section | None]:
    run = record.as_run_record()
    risks = not (record.about.get("source") or {}).get("ranks_only")
    yield external_summary_section(record)
    yield judged_section(record)
    if record.is_validation:
        yield cohort_section(run)
    yield _side_by_side(record, run)
    yield discrimination_section(run)
    if risks:
        yield calibration_section(run)
        yield _usefulness(record, run)
        yield classification_section(run)
    yield follow_up_section(record)
    yield strata_section(record)
    if record.is_validation:
        yield case_mix_section(record)
        yield subgroups_section(record)
        yield missing_inputs_section(record.findings.get("missing_inputs"))
    yield sample_size_section(run)
    yield checks_section(run)
    if record.is_validation:
        yield forms_section(record)
    yield done_section(record)
    yield external_glossary_section(record)


def _meta(record: ExternalRecord) -> tuple[tuple[str, str], ...]:
    about = record.about
    kind = "synthetic" if record.is_synthetic else "real patients"
    packages = (about.get("environment") or {}).get("packages") or {}
    return (
        ("Judged", fmt.plain(record.evaluation["label"])),
        ("Cohort", f"{fmt.plain(about['cohort']['name'])} ({kind})"),
        ("Outcome", fmt.plain(record.evaluation["outcome"]["label"])),
        ("Patients", fmt.integer(record.evaluation["n"])),
        ("Finished", fmt.moment(about.get("finished"))),
        ("spinecast", fmt.plain(packages.get("spinecast") or fmt.absent("not recorded"))),
    )


def _side_by_side(record: ExternalRecord, run: RunRecord) -> Section:
    """Set what is judged beside everything that could be computed from the same patients."""
    evaluation = record.evaluation
    compared = fmt.listed(evaluation.get("comparators"))
    title = "Side by side"
    if not compared:
        words = "Nothing was compared with it: whether it improves on what exists is not known from this report."
        return Section("comparators", title, (Paragraph(words), *not_compared_blocks(record)))
    rows = [figures.ComparisonRow(fmt.plain(evaluation["label"]), evaluation["measures"], "final")]
    rows += [figures.ComparisonRow(fmt.plain(one["label"]), one["measures"], "comparator") for one in compared]
    table = Table(
        "Everything computed from these patients",
        ("Predictions", *(MEASURES[name].short for name in COMPARED)),
        tuple(
            row(one.label, *(measure_text(one.measures, name) for name in COMPARED), strong=one.role == "final")
            for one in rows
        ),
        notes=("Estimates with 95% intervals, each in the patients who have it. Best ranking first.",),
        numeric=tuple(range(1, len(COMPARED) + 1)),
    )
    risks = any(fmt.absence(one.measures.get("scaled_brier")) is None for one in rows)
    figure = Figure(
        key="comparison",
        title="Predictions side by side",
        svg=figures.comparison_plot(rows, ("auc", "scaled_brier") if risks else ("auc",), "comparison"),
        caption="Estimates and 95% intervals. Diamond and dotted line: what is judged; squares: comparators.",
        alternative=(
            f"Dot plot of {fmt.plural(len(rows), 'prediction')}. "
            f"{fmt.plain(evaluation['label'])}: AUC {measure_text(evaluation['measures'], 'auc')}."
        ),
        table=footnoted(table),
    )
    paired = comparators_section(run).blocks
    text = "Intervals that overlap may still differ: all were judged on the same patients. Read the paired differences."
    blocks = (Paragraph(text), figure, *paired, *_published(record), *not_compared_blocks(record))
    return Section("comparators", title, blocks)


def _published(record: ExternalRecord) -> tuple[Heading | Facts, ...]:
    """Say where the published scores and models that are compared come from."""
    shown = {one["name"] for one in fmt.listed(record.evaluation.get("comparators"))}
    found = [
        (fmt.plain(one["label"]), fmt.ended(fmt.plain(one["identity"])))
        for one in fmt.listed(record.about.get("comparators"))
        if one["kind"] != "model" and one["name"] in shown
    ]
    return (Heading("Where they are published"), Facts(tuple(found))) if found else ()


def _usefulness(record: ExternalRecord, run: RunRecord) -> Section:
    """Show the decision curve, with as many comparators as can be told apart in it, and net benefit at thresholds."""
    compared = fmt.listed(run.evaluation.get("comparators"))
    drawn = [one for one in compared if fmt.absence(one.get("decision_curve")) is None][:DRAWN]
    section = decision_section(replace(run, evaluation={**run.evaluation, "comparators": drawn}))
    found = fmt.listed(record.findings.get("net_benefit"))
    return replace(section, blocks=(*section.blocks, _benefit_table(found))) if found else section


def _benefit_table(found: object) -> Table:
    rows = tuple(
        row(
            fmt.percentage(one["threshold"], 0),
            fmt.estimate(one),
            fmt.number(one["treat_all"]),
            fmt.estimate(one["over_treat_all"]),
        )
        for one in fmt.listed(found)
        if isinstance(one, Mapping)
    )
    return Table(
        "Net benefit at the thresholds named, against acting on everybody and on nobody",
        ("Threshold", "Net benefit (95% interval)", "Acting on everybody", "Gain over acting on everybody"),
        rows,
        notes=(
            "Acting on nobody has net benefit 0, so that the first column is the gain over it. The gain over acting on "
            "everybody is paired by patient.",
        ),
        numeric=(0, 1, 2, 3),
    )
