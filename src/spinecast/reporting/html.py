"""A document as one HTML file: styles and drawings inside it, no script, nothing loaded from anywhere."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from spinecast.reporting.document import Document, Figure, Table
from spinecast.reporting.formatting import is_absent, kept_together

__all__ = ["render_html"]

# A page is 96 points of CSS pixels to 72 points of drawing; figures are shown a little larger than on paper.
PIXELS_A_POINT = 96 / 72 * 1.08
# Text smaller than this share of its size is not legible: narrower screens scroll the figure instead.
NARROWEST = 0.74
LINE = 118  # characters of table text, with two between columns, that a line of a wide screen takes
_NOT_HTML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def render_html(document: Document) -> str:
    """Render a document as one self-contained HTML page.

    Parameters
    ----------
    document : Document
        What to say.

    Returns
    -------
    str
        The page; equal documents give equal pages.
    """
    environment = _environment()
    page = environment.get_template("report.html.jinja").render(
        document=document,
        numbered=document.numbered(),
        style=Markup(_style()),
    )
    return _NOT_HTML.sub("", page)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("spinecast.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["drawing"] = _drawing
    environment.filters["fits"] = _fits
    environment.filters["is_absent"] = is_absent
    environment.filters["together"] = _together
    return environment


@cache
def _style() -> str:
    return (files("spinecast.reporting") / "templates" / "report.css").read_text(encoding="utf-8")


def _fits(table: Table) -> bool:
    """Whether a wide screen shows the table with every number on one line."""
    columns = zip(table.header, *(row.cells for row in table.rows if not row.heading), strict=True)
    # Names may take two lines, and so may column headings; what is absent may take several.
    longest = [max([12, *(len(text) for text in column[1:] if not is_absent(text))]) for column in columns]
    longest[0] = min(longest[0], 24)
    return sum(longest) + 2 * len(longest) <= LINE


def _together(text: str) -> Markup:
    def keep(piece: str) -> str:
        return f'<span class="whole">{piece}</span>' if " " in piece or "–" in piece else piece

    return Markup(kept_together(str(escape(text)), keep))  # escaped before the spans are added


def _drawing(figure: Figure) -> Markup:
    """Put a figure's SVG into the page: named for those who cannot see it, sized in pixels, at most its own width.

    The SVG comes from our own drawing code, which escapes the text it holds; only what is added here needs escaping.
    """
    found = re.match(r"<svg [^>]*>", figure.svg)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', figure.svg)
    if found is None or box is None:
        raise ValueError(f"figure {figure.key!r} holds no SVG element with a viewBox")
    width = float(box[1]) * PIXELS_A_POINT
    size = f"width:100%;max-width:{width:.0f}px;min-width:{min(width, width * NARROWEST):.0f}px;height:auto"
    opening = re.sub(r' (?:width|height|xmlns)="[^"]*"', "", found[0])[:-1]
    named = f' role="img" aria-label="{escape(figure.alternative)}" focusable="false" style="{size}">'
    return Markup(opening + named + figure.svg[found.end() :])
