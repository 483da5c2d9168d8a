"""What a report says, apart from how it looks: one content, rendered as HTML and as PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

__all__ = [
    "Banner",
    "Block",
    "Bullets",
    "Callout",
    "CalloutKind",
    "Code",
    "Document",
    "Entry",
    "Facts",
    "Figure",
    "Heading",
    "KeyFigure",
    "KeyFigures",
    "NumberedBlock",
    "NumberedSection",
    "Paragraph",
    "Row",
    "Section",
    "Table",
]

CalloutKind: TypeAlias = Literal["note", "good", "warning", "serious"]


@dataclass(frozen=True)
class Paragraph:
    """Running text; a lead paragraph opens a section and is set larger."""

    text: str
    lead: bool = False
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Bullets:
    """A list of short statements."""

    items: tuple[str, ...]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Facts:
    """Terms with their values or meanings."""

    items: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class KeyFigure:
    """One headline number with its interval and what it rests on."""

    label: str
    value: str
    interval: str
    note: str


@dataclass(frozen=True)
class KeyFigures:
    """Tiles of headline numbers."""

    items: tuple[KeyFigure, ...]
    kind: ClassVar[str] = "key_figures"


@dataclass(frozen=True)
class Row:
    """One table row.

    Parameters
    ----------
    cells : tuple of str
        As many as the table has columns; a heading row has one cell that spans them all.
    heading : bool
        Whether the row heads a group of rows.
    level : int
        Indentation of the first cell: 1 for the levels of a variable.
    strong : bool
        Whether the row is to stand out, as the final model does among its candidates.
    """

    cells: tuple[str, ...]
    heading: bool = False
    level: int = 0
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    caption : str
        What the table shows.
    header : tuple of str
        Column headings.
    rows : tuple of Row
        Content, already formatted as text.
    notes : tuple of str
        Footnotes.
    numeric : tuple of int
        Positions of the columns set flush right in figures of equal width.

    Raises
    ------
    ValueError
        If a row has another number of cells than the header.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    numeric: tuple[int, ...] = ()
    kind: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        for row in self.rows:
            expected = 1 if row.heading else len(self.header)
            if len(row.cells) != expected:
                raise ValueError(
                    f"table {self.caption!r}: a row of {len(row.cells)} cells under {len(self.header)} columns"
                )


@dataclass(frozen=True)
class Figure:
    """A drawing that always carries its numbers.

    Parameters
    ----------
    key : str
        Identifier unique in the document; also the file name when the figure is stored alone.
    title : str
        One line above the drawing.
    svg : str
        A whole SVG element whose ids all begin with the key.
    caption : str
        How to read it and what it rests on.
    alternative : str
        What a reader who cannot see it should know.
    table : Table
        The numbers drawn.
    """

    key: str
    title: str
    svg: str
    caption: str
    alternative: str
    table: Table
    kind: ClassVar[str] = "figure"

    def __post_init__(self) -> None:
        if not self.alternative.strip():
            raise ValueError(f"figure {self.key!r} has no alternative text")


@dataclass(frozen=True)
class Code:
    """Text shown exactly as it is."""

    text: str
    caption: str = ""
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Callout:
    """A statement set apart: a note, good news, a warning, a serious finding."""

    tone: CalloutKind
    title: str
    text: str
    kind: ClassVar[str] = "callout"


@dataclass(frozen=True)
class Entry:
    """One item of a form with its answer.

    Parameters
    ----------
    number, title : str
        As the form numbers and names it.
    status : str
        How far it is answered, or the answer itself.
    tone : {"note", "good", "warning", "serious"}
    asked : str
        What the form asks; empty where it asks nothing.
    texts : tuple of (str, str)
        Who says it (empty for the record) and what.
    evidence : str
        Where in the record it stands; empty where nothing is pointed at.
    """

    number: str
    title: str
    status: str
    tone: CalloutKind
    asked: str
    texts: tuple[tuple[str, str], ...]
    evidence: str = ""
    kind: ClassVar[str] = "entry"


Block: TypeAlias = Paragraph | Heading | Bullets | Facts | KeyFigures | Figure | Table | Code | Callout | Entry


@dataclass(frozen=True)
class Section:
    """A numbered part of the document with an anchor to link to."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Banner:
    """What every reader must see before anything else."""

    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """A whole report.

    Parameters
    ----------
    title, subtitle : str
        Heading.
    banner : Banner
        The research-use statement.
    sections : tuple of Section
        Content in reading order, each anchor once.
    meta : tuple of (str, str)
        Facts under the heading: run, date, model.
    mark : Banner, optional
        Repeated at the head of every section and page: says that the cohort is synthetic.
    """

    title: str
    subtitle: str
    banner: Banner
    sections: tuple[Section, ...]
    meta: tuple[tuple[str, str], ...] = ()
    mark: Banner | None = None

    def __post_init__(self) -> None:
        for what, names in (
            ("section anchor", [section.anchor for section in self.sections]),
            ("figure key", [figure.key for figure in self.figures()]),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(f"{what} used twice: {', '.join(repeated)}")

    def figures(self) -> Iterator[Figure]:
        """Yield every figure in reading order."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Figure):
                    yield block

    def numbered(self) -> tuple[NumberedSection, ...]:
        """Number sections, figures and tables in reading order, the same for every renderer."""
        counts = {"figure": 0, "table": 0}
        sections = []
        for position, section in enumerate(self.sections, start=1):
            blocks = []
            for block in section.blocks:
                label = ""
                if isinstance(block, Figure | Table):
                    counts[block.kind] += 1
                    label = f"{block.kind.capitalize()} {counts[block.kind]}"
                blocks.append(NumberedBlock(block, label))
            sections.append(NumberedSection(position, section, tuple(blocks)))
        return tuple(sections)


@dataclass(frozen=True)
class NumberedBlock:
    """A block with its label, "Figure 3" or "Table 2"; empty for blocks that are not counted."""

    block: Block
    label: str = ""


@dataclass(frozen=True)
class NumberedSection:
    """A section with its number and its labelled blocks."""

    number: int
    section: Section
    blocks: tuple[NumberedBlock, ...] = field(default=())
