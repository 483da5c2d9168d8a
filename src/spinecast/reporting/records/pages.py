"""Filled forms, methods and cards as documents: the same content for the page and for the PDF."""

from __future__ import annotations

import re
from collections.abc import Mapping

from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Banner,
    Block,
    Callout,
    CalloutKind,
    Code,
    Document,
    Entry,
    Facts,
    Figure,
    Paragraph,
    Section,
    Table,
)
from spinecast.reporting.marks import SYNTHETIC_MARK
from spinecast.reporting.records.answers import (
    FILLED,
    NOT_APPLICABLE,
    PARTLY,
    STATUSES,
    TO_BE_WRITTEN,
    Answer,
    FilledForm,
)
from spinecast.reporting.records.card_parts import CardEntry
from spinecast.reporting.records.card_tables import cohorts_table, group_tables
from spinecast.reporting.records.methods import Methods
from spinecast.reporting.records.model_card import SECTIONS, ModelCard, owed
from spinecast.reporting.records.references import REFERENCES
from spinecast.reporting.sections.common import row
from spinecast.reporting.sections.performance import calibration_figure

__all__ = ["SIGNALS", "card_document", "domain_table", "form_document", "methods_document"]

BANNER = Banner(
    RESEARCH_USE,
    "What this page is about is not a medical device, and using it has not been shown to help anyone. The page is "
    "drawn from the record of a run; nothing is stated that the record or the authors do not say.",
)

SIGNALS: Mapping[str, str] = {
    "Y": "yes",
    "PY": "probably yes",
    "PN": "probably no",
    "N": "no",
    "NI": "no information",
    "NA": "not applicable",
}
TONES: Mapping[str, CalloutKind] = {
    FILLED: "good",
    PARTLY: "warning",
    TO_BE_WRITTEN: "serious",
    NOT_APPLICABLE: "note",
    "Y": "good",
    "PY": "good",
    "PN": "warning",
    "N": "serious",
    "NI": "note",
    "NA": "note",
    "low": "good",
    "unclear": "warning",
    "high": "serious",
    "record": "good",
    "authors": "good",
}
SUBTITLES = {
    "reporting": "Reporting record",
    "risk_of_bias": "Risk of bias, answered from the record",
    "quality": "Concern about quality, answered from the record",
}
JUDGED = {"risk_of_bias": "Risk of bias", "quality": "Concern about quality"}
READER = (
    "Answers are worked out from the record by fixed rules. What needs a human is answered NI, to be judged by a "
    "reader, and counts as unclear: the judgements below are a start for two assessors, not their result. "
    "Applicability, whether these patients, predictors and outcome are those of your question, is for the reader alone."
)


def form_document(filled: FilledForm) -> Document:
    """Set a filled form, a checklist or an instrument, as a document.

    Parameters
    ----------
    filled : FilledForm
    """
    reporting = filled.kind == "reporting"
    glance = _checklist_glance(filled) if reporting else _instrument_glance(filled)
    sections = [Section("glance", "At a glance", tuple(glance))]
    for name in dict.fromkeys(answer.section for answer in filled.answers):
        entries = tuple(_entry(answer) for answer in filled.answers if answer.section == name)
        sections.append(Section(_anchor(name), name, entries))
    owed = _owed(filled)
    if owed:
        sections.append(owed)
    about = [
        ("Form", f"{filled.title} ({filled.version})"),
        ("Published in", REFERENCES[filled.source].cited),
        ("Wording", fmt.ended(fmt.plain(filled.wording))),
        (
            "Record",
            "Each answer names the file of the record, in this folder's parent, and the place in it, that it rests on.",
        ),
    ]
    sections.append(Section("about", "About this form", (Facts(tuple(about)),)))
    return Document(
        title=f"{filled.title}: {filled.about}",
        subtitle=SUBTITLES[filled.kind],
        banner=BANNER,
        sections=tuple(sections),
        meta=(
            ("Form", f"{filled.title} ({filled.version})"),
            (
                "Study",
                "development and internal validation" if filled.design == "development" else "external validation",
            ),
            ("Answers", _counted(filled)),
        ),
        mark=SYNTHETIC_MARK if filled.synthetic else None,
    )


def _counted(filled: FilledForm) -> str:
    return ", ".join(f"{count} {status}" for status, count in filled.counts().items())


def _checklist_glance(filled: FilledForm) -> list[Block]:
    rows = []
    for name in dict.fromkeys(answer.section for answer in filled.answers):
        found = [answer.status for answer in filled.answers if answer.section == name]
        rows.append(row(name, *(found.count(status) for status in STATUSES)))
    rows.append(row("All", *(filled.counts().get(status, 0) for status in STATUSES), strong=True))
    lead = (
        "Filled: the record, or the authors, say all that is asked. Partly filled: the record says part of it, and the "
        "rest is for the authors. To be written by the authors: no record can know it."
    )
    table = Table(
        "Items by section",
        ("Section", *(fmt.sentence(status) for status in STATUSES)),
        tuple(rows),
        numeric=tuple(range(1, len(STATUSES) + 1)),
    )
    return [Paragraph(lead), table]


def _owed(filled: FilledForm) -> Section | None:
    """List the words that only the authors can give, as a file they can fill in."""
    lines = [f"{key}:  # {answer.number} {answer.topic}" for answer in filled.answers for key in answer.wanted]
    if not lines:
        return None
    text = (
        "These words no record can know. They stand in a study file under “reporting:”, or in a file of their own "
        "given with --authors; each is then quoted word for word."
    )
    return Section("owed", "Still to be written", (Paragraph(text), Code("\n".join(lines), caption="authors.yaml")))


def _instrument_glance(filled: FilledForm) -> list[Block]:
    overall = filled.overall
    blocks: list[Block] = [Paragraph(READER)]
    if overall is not None:
        title = f"{JUDGED[filled.kind]}, by the rules alone: {overall.judgement}"
        blocks.append(Callout(TONES[overall.judgement], title, overall.reason))
    blocks.append(domain_table(filled))
    return blocks


def domain_table(filled: FilledForm) -> Table:
    """List the judgement of each domain with the answers behind it."""
    rows = []
    for domain in filled.domains:
        found = [answer.status for answer in filled.answers if answer.section == domain.domain]
        rows.append(row(domain.domain, domain.judgement, ", ".join(found), domain.reason))
    return Table(
        f"{filled.title} ({filled.version}): domains",
        ("Domain", JUDGED[filled.kind], "Answers", "Why"),
        tuple(rows),
        notes=("Y yes, PY probably yes, PN probably no, N no, NI no information, NA not applicable.",),
    )


def _entry(answer: Answer) -> Entry:
    texts = [("", answer.text)] if answer.text else []
    texts += [("The authors", words) for _, words in answer.authors]
    if answer.wanted:
        texts.append(("Still to be written by the authors", f"{', '.join(answer.wanted)}."))
    elif not texts:
        texts.append(("", "Nothing in the record speaks of it."))
    status = f"{answer.status}: {SIGNALS[answer.status]}" if answer.status in SIGNALS else answer.status
    return Entry(
        number=answer.number,
        title=answer.topic,
        status=status,
        tone=TONES[answer.status],
        asked=answer.asked,
        texts=tuple(texts),
        evidence=", ".join(answer.evidence),
    )


def methods_document(methods: Methods, title: str, *, synthetic: bool) -> Document:
    """Set the methods with their references as a document."""
    listed = tuple((str(place), said) for place, said in enumerate(methods.references, start=1))
    return Document(
        title=f"Methods: {title}",
        subtitle="Generated from the record of the run",
        banner=BANNER,
        sections=(
            Section("methods", "Methods", (Facts(methods.paragraphs),)),
            Section("references", "References", (Facts(listed),)),
        ),
        meta=(("Written from", "the record of the run"), ("References", fmt.integer(len(listed)))),
        mark=SYNTHETIC_MARK if synthetic else None,
    )


def card_document(card: ModelCard, *, synthetic: bool, drawn: bool = True) -> Document:
    """Set a model card as a document.

    Parameters
    ----------
    card : ModelCard
    synthetic : bool
        Whether patients who do not exist had a part in the model.
    drawn : bool
        Whether calibration is drawn; a run's own card stands beside its report, which draws it.
    """
    sections = []
    for name in SECTIONS:
        analyses = name == "Quantitative analyses"
        in_table = _names_in_tables(card) if analyses else frozenset()
        held = tuple(
            (entry.name, _said(entry)) for entry in card.entries if entry.section == name and entry.name not in in_table
        )
        tables = (*cohorts_table(card.calibration), *group_tables(card.groups)) if analyses else ()
        figures = _curves(card) if drawn and analyses else ()
        sections.append(Section(_anchor(name), name, (*tables, *figures, Facts(held))))
    lacking = owed(card)
    complete = f"Still to be written: {'; '.join(lacking)}." if lacking else "Nobody owes it a word."
    sources = (
        ("Sections after", REFERENCES["mitchell2019"].cited),
        ("Source attributes", REFERENCES["hti1_2024"].cited),
        ("Complete", complete),
    )
    sections.append(Section("about", "About this card", (Facts(sources),)))
    return Document(
        title=f"Model card: {card.title}",
        subtitle="Who may use it, on what it was made and judged, and how well it did",
        banner=BANNER,
        sections=tuple(sections),
        meta=(
            ("Model", card.model),
            ("Use", "research only"),
            ("Card", f"{fmt.plural(len(lacking), 'statement')} still to be written" if lacking else "complete"),
        ),
        mark=SYNTHETIC_MARK if synthetic else None,
    )


def _names_in_tables(card: ModelCard) -> frozenset[str]:
    """Name the statements that a table says better; the card's own text, without tables, keeps them."""
    cohorts = {one["cohort"] for one in card.groups if list(group_tables([one]))}
    return frozenset(
        f"{fmt.plain(one['label'])}, in {one['cohort']}" for one in card.groups if one["cohort"] in cohorts
    )


def _curves(card: ModelCard) -> tuple[Figure, ...]:
    return tuple(
        calibration_figure(
            one,
            f"calibration_{place}",
            f"Predicted and observed risk in {one['cohort']}",
            one["basis"],
            positive=one["positive_label"],
            negative=one["negative_label"],
        )
        for place, one in enumerate(card.calibration)
    )


def _said(entry: CardEntry) -> str:
    if entry.origin == "authors":
        return f"{entry.text} (The authors.)"
    return fmt.absent(entry.text[:1].lower() + entry.text[1:]) if entry.origin == TO_BE_WRITTEN else entry.text


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
