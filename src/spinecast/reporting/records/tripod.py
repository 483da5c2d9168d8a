"""Filling a reporting checklist: what the record holds, the authors' words, and what is still to be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from spinecast.errors import DocumentError, nearest
from spinecast.reporting.records import source_attributes, tripod_analysis, tripod_patients, tripod_results
from spinecast.reporting.records.answers import (
    FILLED,
    NOT_APPLICABLE,
    PARTLY,
    TO_BE_WRITTEN,
    Answer,
    FilledForm,
    Status,
)
from spinecast.reporting.records.form import Form, Item
from spinecast.reporting.records.recorded import Recorded, Said

__all__ = ["FILLERS", "fill_checklist"]

Filler = Callable[[Recorded], Said | None]
FILLERS: Mapping[str, Filler] = {
    name: getattr(module, name)
    for module in (tripod_patients, tripod_analysis, tripod_results, source_attributes)
    for name in module.__all__
}
"""What fills an item, by the name a form gives it."""

DESIGNS = {"development": "development of a model", "evaluation": "evaluation of a model"}


def fill_checklist(form: Form, recorded: Recorded) -> FilledForm:
    """Fill a reporting checklist from a record.

    Parameters
    ----------
    form : Form
        Of kind "reporting".
    recorded : Recorded

    Raises
    ------
    DocumentError
        If the form names a filler there is not.
    """
    return FilledForm.of(form, recorded, tuple(_answer(item, recorded) for item in form.items))


def _answer(item: Item, recorded: Recorded) -> Answer:
    blank = Answer(item.number, item.section, item.topic, item.text, status=NOT_APPLICABLE, text="")
    if recorded.design not in item.applies_to:
        return replace(blank, text=f"Asked of the {DESIGNS[item.applies_to[0]]} only.")
    said = _filler(item)(recorded) if item.filled_by else None
    words = tuple((key, recorded.authors[key]) for key in item.authors if key in recorded.authors)
    wanted = tuple(key for key in item.authors if key not in recorded.authors)
    return replace(
        blank,
        status=_status(item, said, wanted, bool(words)),
        text=said.text if said else "",
        authors=words,
        wanted=wanted,
        stated_by=item.stated_by,
        evidence=said.evidence if said else (),
    )


def _status(item: Item, said: Said | None, wanted: tuple[str, ...], worded: bool) -> Status:
    """Say how far an item is filled: the authors' words complete what the record says, and may stand alone."""
    if said is None and not worded:
        return TO_BE_WRITTEN
    complete = not wanted if item.authors else said is not None and said.whole
    return FILLED if complete else PARTLY


def _filler(item: Item) -> Filler:
    name = str(item.filled_by)
    if name not in FILLERS:
        close = nearest(name, FILLERS)
        raise DocumentError(
            f"item {item.number}: nothing is called {name!r} that fills an item",
            expected="the name of a filler of spinecast",
            remedy=f"did you mean {close}?" if close else None,
        )
    return FILLERS[name]
