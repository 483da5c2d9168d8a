"""The report of a model explained on a cohort: from what was stored to a document."""

from __future__ import annotations

from collections.abc import Iterator

from spinecast.explanation.depth.stored import StoredExplanation
from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Banner, Document, Facts, Section
from spinecast.reporting.marks import SYNTHETIC_MARK
from spinecast.reporting.sections.explained_drivers import drivers_section, groups_section, versions_section
from spinecast.reporting.sections.explained_shape import agreement_section, curves_section, interactions_section
from spinecast.reporting.sections.explained_summary import explained_summary_section

__all__ = ["build_explanation"]

BANNER = Banner(
    RESEARCH_USE,
    "What is explained here is what a model does with values. It says neither what causes the outcome nor what would "
    "happen if a value were changed.",
)


def build_explanation(stored: StoredExplanation) -> Document:
    """Write the report of an explanation; equal ones give equal documents.

    Parameters
    ----------
    stored : StoredExplanation

    Returns
    -------
    Document
        Ready for :func:`spinecast.reporting.html.render_html` and :func:`spinecast.reporting.pdf.render_pdf`.
    """
    about = stored.record["about"]
    cohort = about["cohort"]
    packages = about["environment"].get("packages") or {}
    return Document(
        title=fmt.plain(about["title"]),
        subtitle="Explanation in depth",
        banner=BANNER,
        sections=tuple(section for section in _sections(stored) if section is not None),
        meta=(
            ("Model", f"{fmt.plain(about['model'])} ({fmt.plain(about['identity'])[:12]})"),
            ("Answers", fmt.sentence(about["answered"])),
            ("Cohort", f"{fmt.plain(cohort['name'])} ({'synthetic' if about['synthetic'] else 'real patients'})"),
            ("Patients", fmt.integer(cohort["patients"])),
            ("Finished", fmt.moment(about["finished"])),
            ("spinecast", fmt.plain(packages.get("spinecast") or fmt.absent("not recorded"))),
        ),
        mark=SYNTHETIC_MARK if about["synthetic"] else None,
    )


def _sections(stored: StoredExplanation) -> Iterator[Section | None]:
    yield explained_summary_section(stored.record)
    yield drivers_section(stored.record)
    yield versions_section(stored.record)
    yield groups_section(stored.record)
    yield curves_section(stored)
    yield interactions_section(stored.record)
    yield agreement_section(stored.record)
    yield _done_section(stored)


def _done_section(stored: StoredExplanation) -> Section:
    """Say what was computed with, so that it can be computed again."""
    about, found = stored.record["about"], stored.record["found"]
    settings = about["settings"]
    left_out = about["left_out"]
    facts = [
        ("Model", f"{fmt.plain(about['model'])}, identity {fmt.plain(about['identity'])}"),
        ("Scale", fmt.plain(about["scale"])),
        ("Taken apart by", "; ".join(f"{one['name']}: {one['method']}" for one in found["parts"])),
        (
            "Before any input",
            f"{fmt.number(found['base_value'])} on the scale. Parts made of trees start from the patients they were "
            "fitted to, linear ones from the mean patient, all others from reference patients made of development "
            "quantiles; the model's start is theirs together.",
        ),
        ("Largest residual", fmt.significant(found["residual_max"], 2)),
        ("Cohort fingerprint", fmt.plain(about["cohort"]["fingerprint"])),
        ("Patients without an answer, left out", fmt.integer(left_out)),
        ("Resamples of patients", fmt.integer(settings["bootstrap"])),
        ("Seed", str(settings["seed"])),
        *((("Inputs the cohort lacks", ", ".join(map(str, about["lacking"]))),) if about["lacking"] else ()),
        *((("Notes", " ".join(fmt.ended(note) for note in about["notes"])),) if about["notes"] else ()),
    ]
    return Section("done", "How it was done", (Facts(tuple(facts)),))
