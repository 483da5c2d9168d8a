"""Writing everything that is said of a run by published forms: a folder of pages and their JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from spinecast.files import atomic_write, readable_json
from spinecast.reporting.document import Document
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.html import render_html
from spinecast.reporting.pdf import render_pdf
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.answers import FilledForm
from spinecast.reporting.records.form import FORMS, Wording, form_named
from spinecast.reporting.records.methods import write_methods
from spinecast.reporting.records.model_card import make_model_card
from spinecast.reporting.records.pages import card_document, form_document, methods_document
from spinecast.reporting.records.probast import answer_instrument
from spinecast.reporting.records.recorded import Recorded
from spinecast.reporting.records.tripod import fill_checklist

__all__ = ["RECORDS", "fill_forms", "write_records"]

RECORDS = "reporting"
"""Folder inside a record that holds the filled forms."""
DEVELOPMENT_ONLY = ("probast_ai_2025_dev",)


def fill_forms(recorded: Recorded, wordings: Sequence[Wording] = ()) -> list[FilledForm]:
    """Fill every form that asks of this kind of run, in the order of `FORMS`.

    Parameters
    ----------
    recorded : Recorded
    wordings : sequence of Wording
        Other wordings of forms; the answers are the same.
    """
    worded = {wording.form: wording for wording in wordings}
    filled = []
    for name in FORMS:
        if name in DEVELOPMENT_ONLY and recorded.design != "development":
            continue
        form = form_named(name)
        form = form.worded(worded[name]) if name in worded else form
        filled.append((fill_checklist if form.kind == "reporting" else answer_instrument)(form, recorded))
    return filled


def write_records(
    record: RunRecord | ExternalRecord,
    folder: Path,
    *,
    authors: Mapping[str, str | None] | None = None,
    wordings: Sequence[Wording] = (),
    pdf: bool = False,
) -> list[Path]:
    """Write the filled forms, the methods and the model card of a run.

    Nothing is computed again and nothing of one patient is in them. Everything is made before the first file is
    written.

    Parameters
    ----------
    record : RunRecord or ExternalRecord
    folder : pathlib.Path
        Made if need be; files of the same names are replaced.
    authors : mapping of str to str, optional
        The authors' words, put over those of the record.
    wordings : sequence of Wording
    pdf : bool
        Whether each page is written as PDF too.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    recorded = Recorded.of(record, authors)
    made: dict[str, str | bytes] = {}
    for name, document, content in _pages(recorded, wordings):
        if content is not None:
            made[f"{name}.html"] = render_html(document)
            made[f"{name}.json"] = content
        if pdf:
            made[f"{name}.pdf"] = render_pdf(document)
    methods = write_methods(recorded)
    made["methods.md"] = methods.markdown(recorded.title, make_model_card(recorded).notices)
    for name, page in made.items():
        atomic_write(folder / name, page)
    return [folder / name for name in made]


def _pages(recorded: Recorded, wordings: Sequence[Wording]) -> Iterator[tuple[str, Document, str | None]]:
    synthetic = recorded.record.is_synthetic
    for filled in fill_forms(recorded, wordings):
        yield filled.form, form_document(filled), readable_json(filled.to_dict())
    card = make_model_card(recorded)
    yield "model_card", card_document(card, synthetic=synthetic, drawn=False), readable_json(card.to_dict())
    yield "methods", methods_document(write_methods(recorded), recorded.title, synthetic=synthetic), None
