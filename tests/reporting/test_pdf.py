from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import typst

from spinecast.reporting import Document, render_pdf
from spinecast.reporting.document import (
    Banner,
    Bullets,
    Callout,
    Code,
    Facts,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Row,
    Section,
    Table,
)
from spinecast.reporting.pdf import RUNNING, _content, _together, _widths

HOSTILE = '#panic("no") $x^2$ *b* _i_ `r` @ref <label> [c] {d} // /* \\ " ~ = - + #import "x.typ" https://a.example'


def pages(pdf: bytes) -> int:
    counts = [int(found) for found in re.findall(rb"/Type\s*/Pages.*?/Count\s+(\d+)", pdf, flags=re.DOTALL)]
    return max(counts, default=len(re.findall(rb"/Type\s*/Page\b", pdf)))


def full(text: str, *, mark: Banner | None = None) -> Document:
    table = Table(text, (text, "b"), (Row((text, "1")), Row((text,), heading=True)), notes=(text,), numeric=(1,))
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 40"><text x="9" y="9">t</text></svg>'
    blocks = (
        Paragraph(text, lead=True),
        Paragraph(text),
        Heading(text),
        Bullets((text,)),
        Facts(((text, text),)),
        KeyFigures((KeyFigure(text, text, text, text),)),
        table,
        Figure("key", text, svg, text, text or "alternative", table),
        Code(text, text),
        Callout("warning", text, text),
    )
    sections = (Section("one", text, blocks), Section("two", text, ()))
    return Document(text, text, Banner(text, text), sections, meta=((text, text),), mark=mark)


def test_the_report_is_a_pdf_of_many_pages(pdf: bytes) -> None:
    assert pdf.startswith(b"%PDF")
    assert pages(pdf) > 3


def test_hostile_text_is_set_as_text() -> None:
    assert render_pdf(full(HOSTILE)).startswith(b"%PDF")


@pytest.mark.parametrize("text", ["", "\N{GRINNING FACE} 汉字 \u202e", "x" * 400, "9e3779b97f4a7c15" * 20])
def test_any_text_can_be_set(text: str) -> None:
    assert render_pdf(full(text, mark=Banner(text, text))).startswith(b"%PDF")


def test_the_mark_changes_the_pages() -> None:
    assert len(render_pdf(full("text", mark=Banner("SYNTHETIC", "")))) > len(render_pdf(full("text")))


def test_equal_documents_give_equal_bytes() -> None:
    assert render_pdf(full("text")) == render_pdf(full("text"))


def test_the_pages_settle(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    # A layout that depends on itself does not converge, and its page numbers are wrong: typst only warns of it.
    told: list[str] = []

    def compile_and_tell(*arguments: Any, **options: Any) -> bytes:
        produced, warnings = typst.compile_with_warnings(*arguments, **options)
        told.extend(str(warning) for warning in warnings)
        return bytes(produced)

    monkeypatch.setattr(typst, "compile", compile_and_tell)
    assert render_pdf(document).startswith(b"%PDF")
    assert told == []


@pytest.mark.parametrize("rows", [0, 1, 9, 24, 25, 26, 120])
def test_a_table_of_any_length_can_be_set(rows: int) -> None:
    body = tuple(Row((f"{number}", "text")) if number % 7 else Row(("group",), heading=True) for number in range(rows))
    section = Section("one", "One", (Paragraph("text " * 600), Table("caption", ("a", "b"), body)))
    assert render_pdf(Document("t", "s", Banner("b", "b"), (section,))).startswith(b"%PDF")


def test_columns_that_fit_keep_their_own_width() -> None:
    rows = (Row(("a", "b")), Row(("group",), heading=True))
    assert _widths(("one", "two"), rows) is None


def test_columns_that_do_not_fit_share_the_line() -> None:
    rows = (Row(("word " * 40, "0.781 (0.758 to 0.802)", "x")),)
    widths = _widths(("a", "b", "c"), rows)
    assert widths is not None
    assert widths[0] > widths[1] > widths[2]
    # "(0.758 to 0.802)" stays in one piece of 16 characters, and the column gives it room.
    assert widths[1] >= 16


def test_typst_reaches_no_network_and_no_other_folder() -> None:
    with pytest.raises(typst.TypstError):
        typst.compile(b'#read("/etc/hostname")', format="pdf")


def test_the_head_of_each_page_is_one_line(document: Document) -> None:
    """A long title used to wrap there, and only its last words were seen."""
    content = _content(replace(document, title="Death within 90 days " * 9))
    assert len(content["running"]) <= RUNNING
    assert content["running"].startswith("Death within 90 days")


def test_a_narrow_column_may_break_words_but_no_interval() -> None:
    assert _together("not shown") == "not shown"
    assert _together("0.71 (0.66 to 0.76)").count(" ") < 3
