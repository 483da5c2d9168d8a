"""A document as a PDF, set by typst: the same content as the HTML page, every figure followed by its numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib
import typst

from spinecast.reporting.document import Block, Document, Figure, Row, Table
from spinecast.reporting.formatting import ABSENT, kept_together, shortened

__all__ = ["render_pdf"]

TEXT_WIDTH = 498.0  # points: A4 less the margins of the template
FIGURE_SCALE = 0.88  # type in figures a little smaller than that of the text
FIGURE_HEIGHT = 600.0  # points: what a page has left beside title and caption
RUNNING = 88  # characters of the title that the head of a page has room for beside the mark
LINE = 104  # characters of table text a line takes
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
JOINER = "\N{WORD JOINER}"
ZERO_WIDTH_SPACE = "\N{ZERO WIDTH SPACE}"


def render_pdf(document: Document) -> bytes:
    """Render a document as a PDF.

    The template reads the content as JSON, so that text is text whatever typst would make of its characters. Only fonts
    that come with typst and matplotlib are used: equal documents give equal bytes on every machine.

    Parameters
    ----------
    document : Document
        What to say.

    Returns
    -------
    bytes
        A tagged PDF.
    """
    with TemporaryDirectory(prefix="spinecast-report-") as name:
        folder = Path(name)
        for figure in document.figures():
            (folder / f"{figure.key}.svg").write_text(figure.svg, encoding="utf-8")
        (folder / "document.json").write_text(json.dumps(_content(document)), encoding="utf-8")
        template = (files("spinecast.reporting") / "templates" / "report.typ").read_text(encoding="utf-8")
        (folder / "report.typ").write_text(template, encoding="utf-8")
        produced = typst.compile(
            str(folder / "report.typ"),
            root=str(folder),
            font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
            format="pdf",
        )
    return bytes(produced)


def _content(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "running": shortened(document.title, RUNNING),
        "subtitle": document.subtitle,
        "banner": vars(document.banner),
        "mark": vars(document.mark) if document.mark else None,
        "meta": [[term, _breakable(text)] for term, text in document.meta],
        "sections": [
            {
                "title": entry.section.title,
                "number": entry.number,
                "blocks": [_block(part.block, part.label) for part in entry.blocks],
            }
            for entry in document.numbered()
        ],
    }


def _block(block: Block, label: str) -> dict[str, Any]:
    if isinstance(block, Table):
        return _table(block, label)
    if isinstance(block, Figure):
        width, height = _size(block)
        return {
            "kind": block.kind,
            "label": label,
            "file": f"{block.key}.svg",
            "width": min(FIGURE_SCALE, FIGURE_HEIGHT / height, TEXT_WIDTH / width) * width,
            "title": block.title,
            "caption": block.caption,
            "alternative": block.alternative,
            "table": _table(block.table, f"Data of {label[:1].lower()}{label[1:]}"),
        }
    values: dict[str, Any] = {"kind": block.kind, **vars(block)}
    if block.kind == "facts":
        values["items"] = [[term, _breakable(text), text.startswith(ABSENT)] for term, text in values["items"]]
    elif block.kind == "entry":
        values["texts"] = [[speaker, _breakable(text)] for speaker, text in values["texts"]]
        values["evidence"] = _breakable(f"Record: {values['evidence']}") if values["evidence"] else ""
    elif block.kind == "key_figures":
        values["items"] = [vars(item) for item in values["items"]]
    return values


def _size(figure: Figure) -> tuple[float, float]:
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', figure.svg)
    if box is None:
        raise ValueError(f"figure {figure.key!r} holds no SVG element with a viewBox")
    return float(box[1]), float(box[2])


def _table(table: Table, label: str) -> dict[str, Any]:
    return {
        "kind": table.kind,
        "label": label,
        "caption": table.caption,
        "header": table.header,
        "numeric": table.numeric,
        "widths": _widths(table.header, table.rows),
        "notes": table.notes,
        "rows": [
            {
                "cells": [[_breakable(_together(cell)), cell.startswith(ABSENT)] for cell in row.cells],
                "heading": row.heading,
                "level": row.level,
                "strong": row.strong,
            }
            for row in table.rows
        ],
    }


def _widths(header: Sequence[str], rows: Sequence[Row]) -> list[float] | None:
    """Share a line between columns that do not fit on it as they are; None where they do."""
    # What is indented takes more of its column.
    cells = [("   " * row.level + row.cells[0], *row.cells[1:]) for row in rows if not row.heading]
    columns = list(zip(header, *cells, strict=True))
    longest = [max(map(len, column)) for column in columns]
    if sum(longest) + 3 * len(longest) <= LINE:
        return None
    # A column needs its longest piece that does not break, and wants its longest text, but not more than half a line.
    needed = [max(len(piece) for text in column for piece in _together(text).split(" ")) for column in columns]
    needed = [min(need, 26) for need in needed]
    needed[0] = max(needed[0], min(longest[0], 18))  # the name of a row should not take many lines
    wanted = [min(length, LINE // 2) for length in longest]
    return [need + 2 + 0.45 * max(0, want - need) for need, want in zip(needed, wanted, strict=True)]


def _together(text: str) -> str:
    if not any(character.isdigit() for character in text):
        return text  # words may break: columns are narrow, and "not shown" would run into its neighbour
    return kept_together(text, lambda piece: piece.replace(" ", NO_BREAK_SPACE).replace("–", f"{JOINER}–{JOINER}"))


def _breakable(text: str) -> str:
    """Let hashes and other unbroken runs of 25 characters or more break anywhere."""
    return re.sub(r"[^\s\u00a0]{25,}", lambda found: ZERO_WIDTH_SPACE.join(found[0]), text)
