"""The house style of figures: colours, type, and SVG text that is the same for the same numbers."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.etree import ElementTree

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from spinecast.reporting.formatting import number, plain, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = [
    "EVENT",
    "FONT_STACK",
    "INK",
    "MISSING",
    "MODEL",
    "MUTED",
    "NO_EVENT",
    "RULE",
    "SERIES",
    "VALUE_COLOURS",
    "VALUE_COLOUR_RANGE",
    "Style",
    "house_style",
    "new_figure",
    "number_axis",
    "numbers",
    "panel_title",
    "percent_axis",
    "row_labels",
    "to_svg",
]

INK = "#1d2830"
MUTED = "#5a6872"
RULE = "#d9dfe3"
MISSING = "#9aa5ad"
MODEL = "#0b4f8a"
EVENT = "#c44e14"
NO_EVENT = "#6f8796"
# Okabe and Ito 2008, "Color Universal Design", without their blue (the model's hue) and their yellow (too light on
# white); every series also has its own dash so that colour is never the only difference.
SERIES: tuple[tuple[str, tuple[int, tuple[float, ...]]], ...] = (
    ("#d55e00", (0, (5.0, 1.6))),
    ("#009e73", (0, (1.4, 1.4))),
    ("#cc79a7", (0, (6.0, 1.6, 1.4, 1.6))),
    ("#e69f00", (0, (3.0, 1.2, 1.2, 1.2, 1.2, 1.2))),
    ("#56b4e9", (0, (8.0, 2.0))),
)
# Plasma without its palest end: even in lightness, safe for colour-blind readers, and still in order when printed grey.
VALUE_COLOURS = "plasma"
VALUE_COLOUR_RANGE = (0.02, 0.80)

Style: TypeAlias = dict[str, Any]
"""Keyword arguments several drawing calls share."""

FONT_STACK = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

_HOUSE: Style = {
    "font.family": "sans-serif",
    # Matplotlib's own font, so that the layout does not depend on the machine; readers see FONT_STACK, no wider.
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.parse_math": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.labelsize": 9.5,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.grid": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
    "svg.fonttype": "none",
    "svg.hashsalt": "spinecast",
}

_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_COORDINATES = frozenset({"d", "x", "y", "width", "height", "points", "transform"})


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style whatever the user's matplotlibrc says, and leave their settings as they were."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_HOUSE)  # type: ignore[arg-type]  # the stubs want literal keys
        yield


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of a size in inches that belongs to no pyplot state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def to_svg(figure: Figure, key: str) -> str:
    """Serialise a figure to an SVG element that can stand beside others in one page.

    Every id begins with ``key``, nothing refers to anything outside, coordinates have two decimals (a hundredth of a
    point), and equal figures give equal text. Call inside :func:`house_style`.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    key : str
        Prefix of the ids, unique in the document.

    Returns
    -------
    str
        ``<svg ...>...</svg>`` with a viewBox in points.
    """
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with warnings.catch_warnings():
        # The reader's font draws the text, not the one it is laid out with: a letter only the former has is no problem.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format="svg", metadata=metadata)
    text = _NOT_XML.sub("", buffer.getvalue().decode("utf-8"))
    root = ElementTree.fromstring(text)
    referenced = {reference.removeprefix("#") for node in root.iter() for reference in _references(node)}
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("}style") or child.tag.endswith("}metadata"):
                parent.remove(child)
    for node in root.iter():
        _clean(node, key, referenced)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {height}",
        "width": f"{width}pt",
        "height": f"{height}pt",
        "font-family": FONT_STACK,
        "stroke-linejoin": "round",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _references(node: ElementTree.Element) -> Iterator[str]:
    for value in node.attrib.values():
        if value.startswith("#") and not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            yield value
        yield from re.findall(r"url\((#[^)]+)\)", value)


def _clean(node: ElementTree.Element, key: str, referenced: set[str]) -> None:
    node.tag = node.tag.rpartition("}")[2]
    attributes = {}
    for name, value in node.attrib.items():
        short = name.rpartition("}")[2]
        cleaned = value
        if short == "id":
            if value not in referenced:
                continue
            cleaned = f"{key}-{value}"
        elif short == "href":
            cleaned = f"#{key}-{value.removeprefix('#')}"
        elif "url(#" in value:
            cleaned = value.replace("url(#", f"url(#{key}-")
        elif short in _COORDINATES:
            cleaned = _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)
            cleaned = " ".join(cleaned.split())
            if short == "transform" and cleaned.startswith("rotate(-0 "):
                continue
        elif short == "style" and node.tag == "text":
            cleaned = re.sub(r"\s*font-family:[^;]*;?", "", value).strip(" ;")
        attributes[short] = cleaned
    node.attrib = attributes
    node.tail = None
    if node.tag != "text":
        node.text = None


def numbers(values: Sequence[float | None] | None) -> NDArray[np.float64]:
    """Turn a list of a record, with None for what is absent, into an array with NaN."""
    return np.array([np.nan if value is None else value for value in values or ()], dtype=float)


class _TickNumbers(Formatter):
    """Writes the ticks of an axis with as many decimals as tell them apart, and at least ``decimals``."""

    def __init__(self, decimals: int, *, signed: bool = False, percent: bool = False) -> None:
        self.decimals, self.signed, self.percent = decimals, signed, percent

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of all ticks."""
        shown = np.asarray(values, dtype=float) * (100 if self.percent else 1)
        decimals = next(
            (some for some in range(self.decimals, 8) if np.allclose(np.round(shown, some), shown, rtol=0, atol=1e-9)),
            8,
        )
        return [self._text(value, decimals) for value in shown]

    def __call__(self, value: float, pos: int | None = None) -> str:  # noqa: ARG002 - the name matplotlib calls it by
        """Return the label of one value, as a coordinate under the pointer."""
        return self._text(value * (100 if self.percent else 1), self.decimals)

    def _text(self, value: float, decimals: int) -> str:
        return number(float(value), decimals, signed=self.signed) + ("%" if self.percent else "")


def percent_axis(axes: Axes, which: str = "xy") -> None:
    """Label an axis of proportions in percent."""
    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        axis.set_major_formatter(_TickNumbers(0, percent=True))


def number_axis(axes: Axes, which: str, *, decimals: int = 2, signed: bool = False) -> None:
    """Label an axis of numbers with at least ``decimals`` decimals, more where two ticks would read alike."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(_TickNumbers(decimals, signed=signed))


def panel_title(axes: Axes, text: str, *, width: int = 60) -> None:
    """Title one of several panels, on two lines where it is longer than ``width`` characters."""
    axes.set_title("\n".join(_lines(text, width)), fontsize=9.5, fontweight="bold", color=INK, loc="left", pad=6)


def row_labels(
    axes: Axes, places: Sequence[float], labels: Sequence[object], *, width: int = 36, bold: Sequence[int] = ()
) -> None:
    """Name the rows of a plot to the left of it, whole: labels longer than ``width`` characters take two lines.

    A label of two lines keeps them, each cut inside where it is too long.

    Each line is a text of its own, set flush right: a reader's font may be narrower than the one laid out with.
    """
    axes.set_yticks(list(places), [""] * len(places))
    axes.tick_params(axis="y", length=0)
    for position, (place, label) in enumerate(zip(places, labels, strict=True)):
        lines = _lines(label, width)
        size = 9.0 if len(lines) == 1 else 8.2
        for line, text in enumerate(lines):
            axes.annotate(
                text,
                (0, place),
                xycoords=axes.get_yaxis_transform(),
                xytext=(-6, (len(lines) - 1 - 2 * line) * 4.6),
                textcoords="offset points",
                ha="right",
                va="center_baseline",
                fontsize=size,
                fontweight="bold" if position in bold else "normal",
                annotation_clip=False,
            )


def _lines(label: object, width: int) -> list[str]:
    parts = str(label).split("\n")
    if len(parts) > 1:
        return [shortened(part, width) for part in parts]
    whole = plain(label)
    lines = textwrap.wrap(whole, width)
    if len(lines) > 2:  # what ends differently should still be told apart: the cut is made inside
        lines = textwrap.wrap(shortened(whole, 2 * width - 8), width, max_lines=2, placeholder="…")
    return lines or [""]
