from __future__ import annotations

from html.parser import HTMLParser

import pytest

from spinecast.notices import RESEARCH_USE
from spinecast.reporting import Document, RunRecord, build_report, render_html
from spinecast.reporting.document import Banner, Callout, Code, Facts, Figure, Paragraph, Row, Section, Table

VOID = {"meta", "link", "br", "img", "hr", "input"}
HOSTILE = '<script>alert("1")</script>\'"><img src=https://example.org onerror=x>&amp;{{ 7 * 7 }}'


class Page(HTMLParser):
    """Collects elements with their attributes and checks that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def parsed(page: str) -> Page:
    return Page(page)


def hostile_document() -> Document:
    table = Table(HOSTILE, (HOSTILE, "b"), (Row((HOSTILE, "1")),), notes=(HOSTILE,))
    figure = Figure("key", HOSTILE, '<svg viewBox="0 0 10 10" width="10pt"></svg>', HOSTILE, HOSTILE, table)
    blocks = (
        Paragraph(HOSTILE),
        table,
        figure,
        Code(HOSTILE),
        Facts(((HOSTILE, HOSTILE),)),
        Callout("note", HOSTILE, ""),
    )
    return Document(HOSTILE, HOSTILE, Banner("for", "research"), (Section("one", HOSTILE, blocks),))


def test_nothing_is_loaded_and_nothing_runs(page: str, parsed: Page) -> None:
    assert "<script" not in page.lower()
    assert "@import" not in page
    assert "javascript:" not in page.lower()
    for tag, attributes in parsed.elements:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "image", "base", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in {"href", "src", "xlink:href", "srcset", "data", "action"}:
                assert value is not None
                assert value.startswith("#"), (tag, value)
            assert "url(" not in (value or "") or "url(#" in (value or "")


def test_the_browser_is_told_to_load_nothing(parsed: Page) -> None:
    policy = [one["content"] for one in parsed.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_no_address_outside_appears_at_all(page: str) -> None:
    assert "http://" not in page
    assert "https://" not in page


def test_every_drawing_is_named_and_carries_its_table(parsed: Page, document: Document) -> None:
    drawings = parsed.all("svg")
    assert [one["aria-label"] for one in drawings] == [figure.alternative for figure in document.figures()]
    assert all(one["role"] == "img" for one in drawings)
    assert len(parsed.all("details")) == len(drawings)
    tables = sum(isinstance(block, Table) for section in document.sections for block in section.blocks)
    assert len(parsed.all("table")) == len(drawings) + tables


def test_every_figure_has_a_title_a_caption_and_a_reading(document: Document, page: str) -> None:
    for figure in document.figures():
        assert figure.title.strip(), figure.key
        assert len(figure.caption) > 20, figure.key
    captions = page.split("<figcaption>")[1:]
    drawn = [caption for caption in captions if "<summary>" in caption.partition("</figure>")[0]]
    assert len(drawn) == len(list(document.figures()))


def test_a_narrow_screen_is_told_that_a_figure_goes_on(page: str) -> None:
    narrow = page[page.index("@media (max-width: 40rem)") : page.index("@media (max-width: 23rem)")]
    assert ".drawing::before" in narrow
    assert "position: sticky" in narrow


def test_ids_are_unique_and_every_link_leads_somewhere(parsed: Page) -> None:
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes in parsed.all("a")]
    assert {(link or "").removeprefix("#") for link in links} <= set(ids)


def test_the_page_can_be_walked_by_keyboard(parsed: Page) -> None:
    anchors = parsed.all("a")
    assert anchors[0]["href"] == "#content"
    assert parsed.all("main")[0]["tabindex"] == "-1"
    regions = [one for one in parsed.all("div") if "scroll" in (one.get("class") or "")]
    assert regions
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)


def test_headings_and_landmarks(parsed: Page, document: Document) -> None:
    assert len(parsed.all("h1")) == 1
    assert len(parsed.all("h2")) == len(document.sections)
    assert parsed.all("html")[0]["lang"] == "en"
    assert len(parsed.all("main")) == len(parsed.all("nav")) == 1


def test_research_use_stands_first_and_last(page: str) -> None:
    assert page.count(RESEARCH_USE) == 2
    assert page.index(RESEARCH_USE) < page.index("<h1>")


def test_a_real_cohort_has_no_synthetic_mark(page: str) -> None:
    assert "synthetic" not in page.lower()


def test_a_synthetic_cohort_is_marked_on_every_section_head(record: RunRecord) -> None:
    record.cohort["kind"] = "synthetic"
    made = build_report(record)
    page = render_html(made)
    assert made.mark is not None
    for part in page.split("<section ")[1:]:
        head = part[part.index("</h2>") : part.index("</h2>") + 200]
        assert made.mark.title in head
    assert page.count(made.mark.title) == len(made.sections) + 3  # in the window title, under the banner, at the foot


def test_hostile_text_is_shown_not_obeyed() -> None:
    page = render_html(hostile_document())
    parsed = Page(page)
    assert "<script" not in page.lower()
    assert not parsed.all("img")
    assert "49" not in page.replace("&#34;", "")[page.index("<body>") :]
    assert parsed.all("svg")[0]["aria-label"] == HOSTILE
    assert sum(HOSTILE in text for text in parsed.text) >= 10


def test_characters_html_cannot_carry_are_left_out() -> None:
    page = render_html(Document("a\x00b", "", Banner("", ""), (Section("one", "c\x0bd", ()),)))
    assert "ab" in page
    assert "cd" in page


def test_a_figure_without_a_drawing_is_refused() -> None:
    table = Table("caption", ("a",), (Row(("1",)),))
    figure = Figure("key", "title", "<p>", "caption", "alternative", table)
    with pytest.raises(ValueError, match="viewBox"):
        render_html(Document("", "", Banner("", ""), (Section("one", "One", (figure,)),)))


def test_details_are_opened_in_print_by_style(page: str) -> None:
    printed = page[page.index("@media print") :]
    assert "details::details-content" in printed
    assert "@page" in page
