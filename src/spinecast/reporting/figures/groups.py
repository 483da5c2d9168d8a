"""Figures of groups of patients: how far they differ, what is missing and what is missing together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MISSING,
    MODEL,
    MUTED,
    NO_EVENT,
    RULE,
    SERIES,
    Style,
    house_style,
    new_figure,
    percent_axis,
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import integer, number, percentage, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DifferenceRow", "MissingRow", "PatternColumn", "difference_plot", "missing_plot", "pattern_plot"]

_MARKERS = ("o", "D", "s", "^", "v")
_COLOURS = (NO_EVENT, EVENT, *(colour for colour, _ in SERIES[1:4]))


@dataclass(frozen=True)
class DifferenceRow:
    """Absolute standardised differences of one variable: of one series, or before and after matching."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class MissingRow:
    """Share of patients who lack a variable: of all, and of each group drawn; None where it is not shown."""

    label: str
    overall: float | None
    groups: tuple[float | None, ...]


@dataclass(frozen=True)
class PatternColumn:
    """How many patients lack exactly some variables: positions in the rows of the plot."""

    patients: int
    rows: tuple[int, ...]


def difference_plot(rows: Sequence[DifferenceRow], series: Sequence[str], key: str, *, noticeable: float) -> str:
    """Draw standardised differences as a dot plot, a variable a row (Love plot).

    Parameters
    ----------
    rows : sequence of DifferenceRow
        In the order drawn.
    series : sequence of str
        Name of each value of a row; the last one is drawn strongest.
    key : str
        Prefix of the ids.
    noticeable : float
        Where the reference line stands.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 1.0 + 0.27 * len(rows))
        axes = figure.add_subplot()
        for place in range(len(rows)):
            axes.axhline(place, color=RULE, lw=0.5, zorder=0)
        axes.axvline(noticeable, color=MUTED, lw=0.9, ls=(0, (4.0, 2.0)), zorder=1)
        for position, name in enumerate(series):
            last = position == len(series) - 1
            known = [(value, place) for place, row in enumerate(rows) if (value := row.values[position]) is not None]
            x, y = zip(*known, strict=True) if known else ((), ())
            marks: Style = {"ls": "none", "ms": 6.0 if last else 5.5, "mew": 1.2, "zorder": 3 + last}
            marks |= {"mfc": MODEL, "mec": "white"} if last else {"mfc": "white", "mec": EVENT}
            axes.plot(x, y, marker="o" if last else "D", label=name, **marks)
        every = [value for row in rows for value in row.values if value is not None]
        widest = max([*every, 2 * noticeable])
        axes.set_xlim(-0.02 * widest, 1.08 * widest)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        row_labels(axes, range(len(rows)), [row.label for row in rows])
        axes.set_xlabel(f"Absolute standardised difference (dashed: {number(noticeable, 1)})")
        axes.grid(visible=True, axis="x")
        if len(series) > 1:
            figure.legend(loc="outside upper left", ncols=len(series), handlelength=1.2)
        return to_svg(figure, key)


def missing_plot(rows: Sequence[MissingRow], groups: Sequence[str], key: str) -> str:
    """Draw how often each variable is missing: bars for all patients, marks for at most five groups.

    Parameters
    ----------
    rows : sequence of MissingRow
        In the order drawn.
    groups : sequence of str
        Names of the groups in the rows.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 1.2 + 0.27 * len(rows))
        axes = figure.add_subplot()
        places = range(len(rows))
        axes.barh(places, [row.overall or 0.0 for row in rows], height=0.62, color="#c9d3da", label="All")
        drawn = list(zip(groups, _MARKERS, _COLOURS, strict=False))
        for position, (name, marker, colour) in enumerate(drawn):
            known = [(value, place) for place, row in enumerate(rows) if (value := row.groups[position]) is not None]
            x, y = zip(*known, strict=True) if known else ((), ())
            marks: Style = {"ls": "none", "ms": 5.0, "mec": "white", "mew": 0.7, "color": colour}
            axes.plot(x, y, marker=marker, label=shortened(name, 40), **marks)
        for place, row in zip(places, rows, strict=True):
            text = "few" if row.overall is None else percentage(row.overall)
            style: Style = {"transform": axes.get_yaxis_transform(), "va": "center_baseline", "fontsize": 8.6}
            axes.text(1.02, place, text, color=INK, **style)
        row_labels(axes, places, [row.label for row in rows])
        shares = [value for row in rows for value in (row.overall, *row.groups[: len(drawn)]) if value is not None]
        axes.set_xlim(0, min(1.0, max(0.05, 1.12 * max([*shares, 0.0]))))
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel("Not recorded")
        axes.grid(visible=True, axis="x")
        percent_axis(axes, "x")
        if drawn:
            figure.legend(loc="outside upper left", ncols=3, handlelength=1.4)
        return to_svg(figure, key)


def pattern_plot(labels: Sequence[str], columns: Sequence[PatternColumn], key: str) -> str:
    """Draw which values are missing together: a column a pattern, its patients above and what it lacks below.

    Parameters
    ----------
    labels : sequence of str
        The variables, a row each.
    columns : sequence of PatternColumn
        From left to right.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 2.2 + 0.25 * len(labels))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, max(0.25 * len(labels), 0.3)])
        counts = [column.patients for column in columns]
        above.bar(range(len(columns)), counts, width=0.66, color=MODEL)
        for place, count in enumerate(counts):
            above.annotate(
                integer(count), (place, count), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8.2
            )
        above.set_ylim(0, 1.16 * max(counts))
        above.set_ylabel("Patients")
        above.tick_params(axis="x", length=0, labelbottom=False)
        _dots(below, labels, columns)
        return to_svg(figure, key)


def _dots(axes: Axes, labels: Sequence[str], columns: Sequence[PatternColumn]) -> None:
    for place in range(0, len(labels), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="#f2f5f7", lw=0, zorder=0)
    for place, column in enumerate(columns):
        lacking = set(column.rows)
        others = [row for row in range(len(labels)) if row not in lacking]
        axes.plot([place] * len(others), others, "o", color=RULE, ms=3.4, mew=0, zorder=1)
        axes.plot([place] * len(column.rows), column.rows, "o", color=INK, ms=5.4, mew=0, zorder=3)
        if len(column.rows) > 1:
            axes.plot([place, place], [min(lacking), max(lacking)], color=MISSING, lw=1.2, zorder=2)
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    row_labels(axes, range(len(labels)), labels)
    axes.set_xticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
