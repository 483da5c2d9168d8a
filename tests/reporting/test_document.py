from __future__ import annotations

import pytest

from spinecast.reporting.document import Banner, Document, Figure, Paragraph, Row, Section, Table

TABLE = Table("caption", ("a", "b"), (Row(("1", "2")),))


def figure(key: str = "key", alternative: str = "what it shows") -> Figure:
    return Figure(key, "title", "<svg></svg>", "caption", alternative, TABLE)


def document(*sections: Section) -> Document:
    return Document("title", "subtitle", Banner("for", "research"), sections)


def test_figures_and_tables_are_counted_apart_across_sections() -> None:
    numbered = document(
        Section("one", "One", (figure("a"), Paragraph("text"), TABLE)),
        Section("two", "Two", (TABLE, figure("b"))),
    ).numbered()
    assert [section.number for section in numbered] == [1, 2]
    labels = [[part.label for part in section.blocks] for section in numbered]
    assert labels == [["Figure 1", "", "Table 1"], ["Table 2", "Figure 2"]]


def test_a_figure_without_alternative_text_is_refused() -> None:
    with pytest.raises(ValueError, match="alternative"):
        figure(alternative=" ")


@pytest.mark.parametrize("cells", [("1",), ("1", "2", "3")])
def test_a_row_as_wide_as_its_header_only(cells: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="cells"):
        Table("caption", ("a", "b"), (Row(cells),))


def test_a_heading_row_has_one_cell() -> None:
    Table("caption", ("a", "b"), (Row(("group",), heading=True),))
    with pytest.raises(ValueError, match="cells"):
        Table("caption", ("a", "b"), (Row(("group", "more"), heading=True),))


def test_keys_and_anchors_are_used_once() -> None:
    with pytest.raises(ValueError, match="figure key"):
        document(Section("one", "One", (figure("a"), figure("a"))))
    with pytest.raises(ValueError, match="section anchor"):
        document(Section("one", "One", ()), Section("one", "Again", ()))
