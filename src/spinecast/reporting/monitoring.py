"""The report of a model in use: from its record to a document."""

from __future__ import annotations

from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Banner, Document, Facts, Section
from spinecast.reporting.marks import SYNTHETIC_MARK
from spinecast.reporting.measures import FOR_COMPARISON, MEASURES
from spinecast.reporting.monitoring_record import MonitoringRecord
from spinecast.reporting.sections.monitoring_quarters import (
    monitoring_calibration_section,
    monitoring_inputs_section,
)
from spinecast.reporting.sections.monitoring_summary import (
    monitoring_proposal_section,
    monitoring_summary_section,
    monitoring_watched_section,
)

__all__ = ["build_monitoring_report"]

BANNER = Banner(
    RESEARCH_USE,
    "What is watched here is not a medical device. That nothing was raised does not say that using it helps anyone.",
)

_SHOWN = ("observed_expected_ratio", "calibration_in_the_large", "calibration_slope", "auc", "brier")
_TERMS = (
    (
        "Cumulative sum",
        "Evidence that outcomes have other odds than predicted, or that risks differ less from each other, gathered "
        "patient by patient and never below 0 (risk-adjusted CUSUM, Steiner 2000).",
    ),
    (
        "Population stability index",
        "How far the shares of patients in the parts of a distribution are from those of the development: the "
        "symmetric divergence of Kullback and Leibler. Its limit depends on how many patients there are (Yurdakul "
        "and Naranjo 2020).",
    ),
    (
        "Kolmogorov-Smirnov",
        "The largest distance between two cumulative distributions, and its test. Where the model keeps quantiles of "
        "the development alone, the distance is taken at these.",
    ),
    (
        "Control limits",
        "Between which numbers observed over expected, slope and AUC lie in 998 of 1,000 quarters if every predicted "
        "risk is right (of the AUC: van Klaveren 2016). Where a quarter has few events, the slope exceeds its upper "
        "limit more often.",
    ),
    ("False alarm", "Something raised though nothing changed."),
)


def build_monitoring_report(record: MonitoringRecord) -> Document:
    """Write the report of a model in use.

    The document depends on the record alone: equal records give equal documents.

    Parameters
    ----------
    record : MonitoringRecord

    Returns
    -------
    Document
        Ready for :func:`spinecast.reporting.html.render_html` and :func:`spinecast.reporting.pdf.render_pdf`.
    """
    about = record.about
    packages = about["environment"].get("packages") or {}
    return Document(
        title=fmt.plain(about["title"]),
        subtitle="A model in use, by quarter",
        banner=BANNER,
        sections=(
            monitoring_summary_section(record),
            monitoring_watched_section(record),
            monitoring_calibration_section(record),
            monitoring_inputs_section(record),
            monitoring_proposal_section(record),
            _done_section(record),
            _glossary_section(),
        ),
        meta=(
            ("Model", fmt.plain(about["model"]["version"])),
            ("Outcome", fmt.plain(record.found["outcome"]["label"])),
            ("Patients", fmt.integer(record.found["counts"]["patients"])),
            ("Outcomes until", record.found["until"]),
            ("Finished", fmt.moment(about["finished"])),
            ("spinecast", fmt.plain(packages.get("spinecast") or fmt.absent("not recorded"))),
        ),
        mark=SYNTHETIC_MARK if record.is_synthetic else None,
    )


def _done_section(record: MonitoringRecord) -> Section:
    """Say what was computed with, so that it can be computed again."""
    rule, about = record.found["rule"], record.about
    facts = (
        ("Model identity", fmt.plain(about["model"]["identity"])),
        ("False alarms", f"{fmt.percentage(rule['false_alarms'])} over {rule['span_years']} years, two thirds of it "
         "for calibration, a third for all inputs and quarters"),
        ("Looked for", f"odds times and divided by {rule['odds_ratio']:g}; a slope of {rule['slope']:g}"),
        ("Simulations of the limits", fmt.integer(rule["simulations"])),
        ("Resamples where there is no formula", fmt.integer(about["bootstrap"])),
        ("Seed", str(rule["seed"])),
        ("Compared with", fmt.plain(about["reference"])),
        ("Started", fmt.moment(about["started"])),
        ("Finished", fmt.moment(about["finished"])),
    )  # fmt: skip
    return Section("done", "How it was done", (Facts(facts),))


def _glossary_section() -> Section:
    measures = [
        (one.label, f"{one.meaning}{'' if one.ideal == FOR_COMPARISON else f' Ideal: {one.ideal}.'} {one.source}.")
        for one in (MEASURES[name] for name in _SHOWN)
    ]
    return Section(
        "glossary", "Glossary", (Facts(tuple(sorted([*_TERMS, *measures], key=lambda one: one[0].lower()))),)
    )
