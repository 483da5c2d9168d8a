"""Forest plots: the studies of a meta-analysis with their pool, and the pool without each study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Polygon
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    Style,
    house_style,
    new_figure,
    number_axis,
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import number, percentage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Axis", "ForestRow", "forest_plot", "leave_one_out_plot"]

_WIDTH = 8.6
_ROW = 0.29  # inches a row takes
NICE_RATIOS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """What is drawn along the horizontal axis.

    Parameters
    ----------
    label : str
        Such as "AUC".
    ratio : bool
        Whether values are ratios, on a logarithmic axis with a line at one, or proportions.
    """

    label: str
    ratio: bool = False


@dataclass(frozen=True)
class ForestRow:
    """One value with its interval.

    Parameters
    ----------
    label : str
        At the left.
    estimate, lower, upper : float
        Value and 95 % interval.
    weight : float or None
        Share of the pool, drawn as the size of the square and written at the right.
    assumed : bool
        Whether the interval was assumed: it is drawn dotted.
    marked : bool
        Whether the row stands out, as an influential study does.
    text : str
        Value and interval at the right, where they are to stand as printed.
    """

    label: str
    estimate: float
    lower: float
    upper: float
    weight: float | None = None
    assumed: bool = False
    marked: bool = False
    text: str = ""


def forest_plot(
    rows: Sequence[ForestRow], pooled: ForestRow, prediction: tuple[float, float] | None, axis: Axis, key: str
) -> str:
    """Draw studies as squares with intervals, the pooled value as a diamond and the prediction interval as a bar.

    Parameters
    ----------
    rows : sequence of ForestRow
        Studies from top to bottom.
    pooled : ForestRow
        The pooled value.
    prediction : (float, float) or None
        Ends of the prediction interval.
    axis : Axis
        What is drawn.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    places = [float(place) for place in range(len(rows))]
    below = len(rows) + 0.35
    labels = [*(row.label for row in rows), pooled.label]
    every = [*places, below]
    if prediction is not None:
        labels.append("Prediction interval")
        every.append(below + 1)
    with house_style():
        figure, axes = _drawn(every)
        ends = [limit for row in rows for limit in (row.lower, row.upper)] + list(prediction or ())
        largest = max((row.weight or 0.0 for row in rows), default=0.0)
        _horizontal(axes, axis, [*ends, pooled.lower, pooled.upper])
        axes.axvline(pooled.estimate, color=MODEL, lw=0.9, ls=(0, (2, 2)), alpha=0.75, zorder=1)
        for place, row in zip(places, rows, strict=True):
            _study(axes, place, row, largest)
        _texts(axes, -0.85, f"{axis.label} (95% interval)", "Weight", colour=MUTED)
        _diamond(axes, below, pooled)
        _texts(axes, below, _interval(pooled.estimate, pooled.lower, pooled.upper), "", bold=True)
        if prediction is not None:
            axes.plot(prediction, [below + 1] * 2, color=MODEL, lw=4.5, alpha=0.45, solid_capstyle="butt", zorder=2)
            _texts(axes, below + 1, f"{number(prediction[0])} to {number(prediction[1])}", "")
        axes.axhline(len(rows) - 0.35, color=MUTED, lw=0.7)
        row_labels(axes, every, labels, width=30, bold=[len(rows)])
        return to_svg(figure, key)


def leave_one_out_plot(rows: Sequence[ForestRow], pooled: ForestRow, axis: Axis, key: str) -> str:
    """Draw the pooled value without each study in turn, before the band of the whole pool's interval.

    Parameters
    ----------
    rows : sequence of ForestRow
        The pool without the study named, from top to bottom.
    pooled : ForestRow
        The whole pool.
    axis : Axis
        What is drawn.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    places = [float(place) for place in range(len(rows))]
    below = len(rows) + 0.35
    with house_style():
        figure, axes = _drawn([*places, below])
        _horizontal(axes, axis, [limit for row in (*rows, pooled) for limit in (row.lower, row.upper)], margin=0.25)
        axes.axvspan(pooled.lower, pooled.upper, color=MODEL, alpha=0.08, lw=0, zorder=0)
        axes.axvline(pooled.estimate, color=MODEL, lw=0.9, ls=(0, (2, 2)), alpha=0.75, zorder=1)
        for place, row in zip(places, rows, strict=True):
            colour = EVENT if row.marked else INK
            axes.hlines(place, row.lower, row.upper, color=colour, lw=1.4, zorder=2)
            axes.plot(row.estimate, place, marker="D" if row.marked else "o", color=colour, ms=5.0, zorder=3)
            _texts(axes, place, _interval(row.estimate, row.lower, row.upper), "")
        _texts(axes, -0.85, f"{axis.label} without it (95% interval)", "", colour=MUTED)
        _diamond(axes, below, pooled)
        _texts(axes, below, _interval(pooled.estimate, pooled.lower, pooled.upper), "", bold=True)
        axes.axhline(len(rows) - 0.35, color=MUTED, lw=0.7)
        row_labels(axes, [*places, below], [*(row.label for row in rows), pooled.label], width=30, bold=[len(rows)])
        return to_svg(figure, key)


def _drawn(places: Sequence[float]) -> tuple[Figure, Axes]:
    height = 0.95 + _ROW * (places[-1] + 1.6)
    figure = new_figure(_WIDTH, height)
    axes = figure.add_subplot()
    axes.set_ylim(places[-1] + 0.7, -1.3)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    return figure, axes


def _horizontal(axes: Axes, axis: Axis, ends: Sequence[float], *, margin: float = 0.04) -> None:
    low, high = min(ends), max(ends)
    if axis.ratio:
        low, high = min(low, 0.95), max(high, 1.05)
        axes.set_xscale("log")
        reach = (high / low) ** margin
        axes.set_xlim(low / reach, high * reach)
        ticks = [tick for tick in NICE_RATIOS if low / reach <= tick <= high * reach]
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.axvline(1.0, color=INK, lw=0.8, zorder=1)
    else:
        gap = margin * (high - low or 0.1)
        axes.set_xlim(max(0.0, low - gap), min(1.0, high + gap))
        axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
        number_axis(axes, "x")
        if low - gap < 0.5:
            axes.axvline(0.5, color=INK, lw=0.8, zorder=1)
    axes.set_xlabel(axis.label)


def _study(axes: Axes, place: float, row: ForestRow, largest: float) -> None:
    colour = EVENT if row.marked else INK
    axes.hlines(place, row.lower, row.upper, color=colour, lw=1.2, ls=(0, (1.2, 1.4)) if row.assumed else "-", zorder=2)
    # The area of a square is its share of the pool; the smallest stay visible.
    size = max(2.6, 9.5 * np.sqrt((row.weight or 0.0) / largest)) if largest > 0 else 5.0
    style: Style = {"mfc": "white" if row.assumed else colour, "mec": colour, "zorder": 3}
    axes.plot(row.estimate, place, marker="s", ms=size, **style)
    weight = "" if row.weight is None else percentage(row.weight)
    _texts(axes, place, row.text or _interval(row.estimate, row.lower, row.upper), weight)


def _diamond(axes: Axes, place: float, pooled: ForestRow) -> None:
    corners = [
        (pooled.lower, place),
        (pooled.estimate, place - 0.3),
        (pooled.upper, place),
        (pooled.estimate, place + 0.3),
    ]
    axes.add_patch(Polygon(corners, closed=True, facecolor=MODEL, edgecolor=MODEL, zorder=3))


def _texts(axes: Axes, place: float, value: str, weight: str, *, colour: str = INK, bold: bool = False) -> None:
    """Write the columns to the right of the plot: at distances in points, whatever the width of the plot."""
    style: Style = {
        "xycoords": axes.get_yaxis_transform(),
        "textcoords": "offset points",
        "va": "center_baseline",
        "fontsize": 8.6,
        "color": colour,
        "fontweight": "bold" if bold else "normal",
        "annotation_clip": False,
    }
    axes.annotate(value, (1, place), xytext=(10, 0), ha="left", **style)
    if weight:
        axes.annotate(weight, (1, place), xytext=(178, 0), ha="right", **style)


def _interval(estimate: float, lower: float, upper: float) -> str:
    return f"{number(estimate)} ({number(lower)} to {number(upper)})"
