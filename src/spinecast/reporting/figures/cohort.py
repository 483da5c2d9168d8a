"""Figures of who was studied: how the cohort came about, what was not recorded."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.patches import FancyBboxPatch

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    NO_EVENT,
    Style,
    house_style,
    new_figure,
    percent_axis,
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import integer, percentage, plain, sentence, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["attrition_diagram", "missingness_plot"]

_LINE = 0.185  # inches a line of 9.5-point text takes
_PADDING = 0.13
_GAP = 0.34
_MAIN = (0.1, 3.5)  # left edge and width of the boxes of those who stay, inches
_SIDE = (4.1, 3.0)  # and of those who leave


def attrition_diagram(
    steps: Sequence[Mapping[str, Any]], key: str, *, outcome: tuple[str, int, str, int] | None = None
) -> str:
    """Draw who was left out, at which step, why, as a flow from the source to the people studied.

    Parameters
    ----------
    steps : sequence of mapping
        Each with step, reason, excluded and remaining.
    key : str
        Prefix of the ids.
    outcome : (str, int, str, int), optional
        Name and number of those with and of those without the event, added to the last box.

    Returns
    -------
    str
        SVG element.
    """
    boxes = _flow(steps)
    if outcome is not None:
        name, events, other, rest = outcome
        boxes[-1][1].append(f"{shortened(name, 30)}: n = {integer(events)}")
        boxes[-1][1].append(f"{shortened(other, 30)}: n = {integer(rest)}")
    gaps = [_height(side) + 0.2 if side else _GAP for side, _ in boxes[1:]]
    total = sum(_height(main) for _, main in boxes) + sum(gaps) + 0.2
    with house_style():
        figure = new_figure(7.2, total)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 7.2), ylim=(0, total))
        axes.set_axis_off()
        top = total - 0.1
        centre = _MAIN[0] + _MAIN[1] / 2
        for position, ((side, main), gap) in enumerate(zip(boxes, [0.0, *gaps], strict=True)):
            if position:
                _arrow(axes, (centre, top), (centre, top - gap))
            if side:
                middle = top - gap / 2
                _arrow(axes, (centre, middle), (_SIDE[0], middle))
                _box(axes, _SIDE, middle + _height(side) / 2, side, fill="#f6f3ef", edge=MUTED)
            top -= gap
            last = position == len(boxes) - 1
            _box(axes, _MAIN, top, main, fill="#e3edf6" if last else "white", edge=MODEL if last else INK)
            top -= _height(main)
        return to_svg(figure, key)


def _height(lines: Sequence[str]) -> float:
    return _LINE * len(lines) + 2 * _PADDING


def _flow(steps: Sequence[Mapping[str, Any]]) -> list[tuple[list[str], list[str]]]:
    """Return (lines of who left, lines of who stayed) from the source to the end."""
    boxes: list[tuple[list[str], list[str]]] = []
    first = steps[0]
    if first["excluded"]:
        boxes.append(([], ["In the source", f"n = {integer(first['remaining'] + first['excluded'])}"]))
    for step in steps:
        side: list[str] = []
        if step["excluded"]:
            side = [f"Left out: n = {integer(step['excluded'])}", *_wrapped(sentence(step.get("reason") or ""), 36)]
        boxes.append((side, [*_wrapped(sentence(step["step"]), 42), f"n = {integer(step['remaining'])}"]))
    return boxes


def _wrapped(text: object, width: int) -> list[str]:
    return textwrap.wrap(plain(text), width, max_lines=4, placeholder=" …")


def _box(axes: Axes, place: tuple[float, float], top: float, lines: Sequence[str], *, fill: str, edge: str) -> None:
    left, width = place
    height = _height(lines)
    style = "round,pad=0,rounding_size=0.05"
    patch = FancyBboxPatch((left, top - height), width, height, boxstyle=style, fc=fill, ec=edge, lw=1.0)
    axes.add_patch(patch)
    # One text a line: a reader's font may be narrower than the one laid out with, and lines must stay centred.
    for position, line in enumerate(lines):
        y = top - _PADDING - _LINE * (position + 0.5)
        weight = "bold" if line.startswith(("n = ", "Left out: ")) else "normal"
        axes.text(left + width / 2, y, line, ha="center", va="center_baseline", fontsize=9, color=INK, weight=weight)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style: Style = {
        "arrowstyle": "-|>,head_width=0.22,head_length=0.4",
        "color": MUTED,
        "lw": 1.0,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def missingness_plot(rows: Sequence[Mapping[str, Any]], key: str, *, positive: str, negative: str) -> str:
    """Draw how often each variable was not recorded, overall and by outcome.

    Parameters
    ----------
    rows : sequence of mapping
        Each with label, proportion, proportion_with_event and proportion_without_event, in the order drawn.
    key : str
        Prefix of the ids.
    positive, negative : str
        Names of the two outcomes.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 1.2 + 0.27 * len(rows))
        axes = figure.add_subplot()
        places = list(range(len(rows)))
        overall = [row["proportion"] for row in rows]
        axes.barh(places, overall, height=0.62, color="#c9d3da", label="Everybody")
        for name, colour, marker, label in (
            ("proportion_with_event", EVENT, "o", positive),
            ("proportion_without_event", NO_EVENT, "D", negative),
        ):
            known = [(row[name], place) for row, place in zip(rows, places, strict=True) if row.get(name) is not None]
            if known:
                x, y = zip(*known, strict=True)
                marks: Style = {"ls": "none", "ms": 5.0, "mec": "white", "mew": 0.7}
                axes.plot(x, y, marker=marker, color=colour, label=shortened(label, 40), **marks)
        for place, value in zip(places, overall, strict=True):
            style: Style = {
                "transform": axes.get_yaxis_transform(),
                "va": "center_baseline",
                "fontsize": 8.6,
                "color": INK,
            }
            axes.text(1.02, place, percentage(value), **style)
        row_labels(axes, places, [row["label"] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, min(1.0, max(0.05, 1.12 * max([*overall, *_class_values(rows)]))))
        axes.set_xlabel("Not recorded")
        axes.grid(visible=True, axis="x")
        percent_axis(axes, "x")
        figure.legend(loc="outside upper left", ncols=3, handlelength=1.4)
        return to_svg(figure, key)


def _class_values(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    names = ("proportion_with_event", "proportion_without_event")
    return [row[name] for row in rows for name in names if row.get(name) is not None]
