"""The record, document and renderings the tests of this room share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from made_figures import draw_nothing

from spinecast.reporting import Document, RunRecord, build_report, render_html, render_pdf

from .fixture_record import make_record

_RECORD = make_record()


@pytest.fixture
def record() -> RunRecord:
    """A record of its own for each test, to be changed at will."""
    return copy.deepcopy(_RECORD)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_nothing(monkeypatch)


@pytest.fixture
def altered(record: RunRecord) -> Callable[[str, Any], RunRecord]:
    """Set one value, named as ``part.key.key``, and return the record."""

    def alter(path: str, value: Any) -> RunRecord:
        part, *keys = path.split(".")
        place = getattr(record, part)
        for key in keys[:-1]:
            place = place[int(key) if isinstance(place, list) else key]
        place[keys[-1]] = value
        return record

    return alter


@pytest.fixture(scope="session")
def document() -> Document:
    """The whole report, built once."""
    return build_report(copy.deepcopy(_RECORD))


@pytest.fixture(scope="session")
def page(document: Document) -> str:
    return render_html(document)


@pytest.fixture(scope="session")
def pdf(document: Document) -> bytes:
    return render_pdf(document)
