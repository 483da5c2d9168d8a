"""How a study answers the published forms: the counts, the domains, and where the whole stands."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Paragraph, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.answers import FILLED, NOT_APPLICABLE, PARTLY, TO_BE_WRITTEN
from spinecast.reporting.records.pages import domain_table
from spinecast.reporting.records.recorded import Recorded
from spinecast.reporting.records.writing import RECORDS, fill_forms
from spinecast.reporting.sections.common import row

__all__ = ["forms_section"]


def forms_section(record: RunRecord | ExternalRecord) -> Section:
    """Say how the study answers TRIPOD+AI and PROBAST, and where each answer is."""
    filled = fill_forms(Recorded.of(record))
    instruments = [form for form in filled if form.kind != "reporting"]
    lead = (
        "Every item of these forms is answered from the record of this run, with the place in it named, or is left to "
        f"the authors or to a reader. The filled forms stand in record/{RECORDS}; the command spinecast report with "
        "--records writes them again, with the authors' words."
    )
    blocks: list[Block] = [Paragraph(lead)]
    for form in filled:
        if form.kind == "reporting":
            counts = form.counts()
            items = sum(counts.values())
            blocks.append(
                Table(
                    f"{form.title} ({form.version}): {items} items",
                    tuple(fmt.sentence(status) for status in (FILLED, PARTLY, TO_BE_WRITTEN, NOT_APPLICABLE)),
                    (row(*(counts.get(status, 0) for status in (FILLED, PARTLY, TO_BE_WRITTEN, NOT_APPLICABLE))),),
                    numeric=(0, 1, 2, 3),
                )
            )
    overall = [
        f"{form.title} ({form.version}): {form.overall.judgement}" for form in instruments if form.overall is not None
    ]
    blocks.append(
        Paragraph(
            f"By the rules of each instrument alone: {'; '.join(overall)}. What needs a human counts as unclear; two "
            "assessors have the last word."
        )
    )
    blocks += [domain_table(form) for form in instruments]
    return Section("forms", "TRIPOD+AI and PROBAST", tuple(blocks))
