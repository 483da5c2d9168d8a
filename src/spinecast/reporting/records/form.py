"""Published forms as data: the items a report is held against, and another wording of them.

A form is a YAML file below ``configs/forms``. Its wording is ours; whoever may use the official one gives it as a
second file, and the answers stand under it unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from spinecast.delivered import delivered
from spinecast.documents import (
    Block,
    DocumentKind,
    Flag,
    Identifier,
    Names,
    Problem,
    Text,
    broken_rules,
    did_you_mean,
    problems_error,
    read_document,
)
from spinecast.errors import DocumentError

__all__ = [
    "FORMS",
    "SOURCE_ATTRIBUTES",
    "Design",
    "Form",
    "Item",
    "Wording",
    "form_named",
    "read_form",
    "read_wording",
]

FORM = DocumentKind("reporting form", DocumentError)
WORDING = DocumentKind("form wording", DocumentError)

Design = Literal["development", "evaluation"]
"""What a study did: made a model (and judged it on its own patients), or judged one on others."""
FormKind = Literal["reporting", "risk_of_bias", "quality"]

FORMS = ("tripod_ai", "probast_2019", "probast_ai_2025_dev", "probast_ai_2025_eval")
"""The forms that come with spinecast, in the order they are written."""
SOURCE_ATTRIBUTES = "hti_1_2024"
"""The form that is part of the model card."""


class Item(Block):
    """One item of a checklist, or one signalling question."""

    number: Text = Field(description="As the form numbers it: 12c, or 4.1.")
    section: Text = Field(description="Section or domain it stands in.")
    topic: Text = Field(description="What it is about, in a few words.")
    text: Text = Field(description="What is asked.")
    applies_to: tuple[Design, ...] = Field(
        default=get_args(Design), min_length=1, description="The designs it is asked of."
    )
    filled_by: Identifier | None = Field(default=None, description="What fills a reporting item from the record.")
    answered_by: Identifier | None = Field(default=None, description="What answers a signalling question.")
    authors: Names = Field(default=(), description="The authors' words it needs: keys of a study's `reporting:`.")
    stated_by: Text = Field(default="the authors", description="Who has to say what no record can.")


class Form(Block):
    """A published form: its items in order, where it comes from and whose wording it is."""

    form: Identifier = Field(description="Name of the form: snake_case, and the name of its file.")
    title: Text = Field(description="What readers call it.")
    version: Text = Field(description="Year or number of the form.")
    kind: FormKind = Field(description="A reporting checklist, or what its questions judge.")
    source: Identifier = Field(description="Key of the publication in the register of references.")
    wording: Text = Field(description="Whose words the items are in.")
    downgraded_without_external_validation: Flag = Field(
        default=False, description="Whether a model that was only developed cannot be low overall."
    )
    items: tuple[Item, ...] = Field(min_length=1, description="The items in order.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        numbers = [item.number for item in self.items]
        problems = [
            Problem(("items", i, "number"), f"item {item.number} stands twice")
            for i, item in enumerate(self.items)
            if item.number in numbers[:i]
        ]
        if self.kind != "reporting":
            problems += [
                Problem(("items", i), f"question {item.number} has nothing that answers it", expected="answered_by")
                for i, item in enumerate(self.items)
                if item.answered_by is None
            ]
        if problems:
            raise broken_rules("Form", problems)
        return self

    def sections(self) -> Iterator[tuple[str, tuple[Item, ...]]]:
        """Yield each section, or domain, with its items."""
        for section in dict.fromkeys(item.section for item in self.items):
            yield section, tuple(item for item in self.items if item.section == section)

    def worded(self, wording: Wording) -> Form:
        """Return the form with another wording of its items."""
        items = tuple(
            item.model_copy(update={"text": wording.items.get(item.number, item.text)}) for item in self.items
        )
        left = len(self.items) - len(wording.items)
        own = f" {left} items, not given there, are in the wording of spinecast." if left else ""
        return self.model_copy(update={"items": items, "wording": f"{wording.source}{own}"})


class Wording(Block):
    """Another wording of a form's items, the official one for instance."""

    form: Identifier = Field(description="The form that is worded.")
    source: Text = Field(description="Where the wording is from, and on what terms; shown on the page.")
    items: dict[Text, Text] = Field(min_length=1, description='The words, by number: {"4.1": "..."}.')


@cache
def form_named(name: str) -> Form:
    """Return a form that comes with spinecast, read once a process.

    Raises
    ------
    DocumentError
        If there is none of that name, or its file is wrong.
    """
    known = delivered("forms")
    if name not in known:
        raise DocumentError(
            f"there is no reporting form {name}", expected=", ".join(known), remedy=did_you_mean(name, known)
        )
    return read_form(known[name])


def read_form(path: Path) -> Form:
    """Read a form from its file.

    Raises
    ------
    DocumentError
        If it cannot be read, or is wrong: every problem with its line.
    """
    form, _ = read_document(path, Form, FORM)
    return form


def read_wording(path: Path) -> Wording:
    """Read another wording of a form.

    Raises
    ------
    DocumentError
        If it cannot be read, names a form that there is not, or an item the form does not have.
    """
    wording, origin = read_document(path, Wording, WORDING)
    if wording.form not in FORMS:
        problem = Problem(
            ("form",),
            f"there is no form {wording.form!r}",
            expected=", ".join(FORMS),
            remedy=did_you_mean(wording.form, FORMS),
        )
        raise problems_error([problem], origin)
    known = [item.number for item in form_named(wording.form).items]
    problems = [
        Problem(("items", number), f"{wording.form} has no item {number!r}", expected=f"{known[0]} to {known[-1]}")
        for number in wording.items
        if number not in known
    ]
    if problems:
        raise problems_error(problems, origin)
    return wording
