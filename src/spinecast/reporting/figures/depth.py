"""Figures of an explanation in depth: values with limits in rows, and curves along an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from spinecast.reporting.figures.style import (
    EVENT,
    MISSING,
    MODEL,
    MUTED,
    RULE,
    SERIES,
    Style,
    house_style,
    new_figure,
    panel_title,
    percent_axis,
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["Curves", "DotSeries", "curves_plot", "dots_plot"]

# More lines than this are a grey surface.
MOST_LINES = 40
# Names of more levels than this would lie across one another: they stand upright.
SLANTED_LEVELS = 8


@dataclass(frozen=True)
class DotSeries:
    """One value with its limits for each row; None where there is none.

    Parameters
    ----------
    label : str
        In the legend; empty for one series alone.
    values : sequence of (float, float, float) or None
        Estimate, lower and upper limit of each row.
    """

    label: str
    values: Sequence[tuple[float, float, float] | None]


def dots_plot(
    labels: Sequence[str],
    series: Sequence[DotSeries],
    axis: str,
    key: str,
    *,
    marked: Sequence[int] = (),
    least: float = 0.0,
) -> str:
    """Draw values with limits, a row each; several series beside one another within a row.

    Parameters
    ----------
    labels : sequence of str
        Of the rows, from top to bottom.
    series : sequence of DotSeries
        At most six.
    axis : str
        What is drawn along the horizontal axis.
    key : str
        Prefix of the ids.
    marked : sequence of int
        Rows whose points are open and of another colour.
    least : float
        What the horizontal axis reaches at least, so that rounding is not drawn as a difference.

    Returns
    -------
    str
        SVG element.
    """
    step = 0.7 / len(series)
    with house_style():
        figure = new_figure(7.4, 0.95 + (0.29 + 0.13 * (len(series) - 1)) * len(labels))
        axes = figure.add_subplot()
        axes.axvline(0, color=MUTED, lw=0.9, zorder=1)
        if len(series) > 1:
            for place in range(len(labels) - 1):
                axes.axhline(place + 0.5, color=RULE, lw=0.6, zorder=0)
        for number, one in enumerate(series):
            colour = MODEL if number == 0 else SERIES[number - 1][0]
            shift = step * (number - (len(series) - 1) / 2)
            _points(axes, one, colour, shift, () if len(series) > 1 else marked)
        row_labels(axes, range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        if least:
            left, right = axes.get_xlim()
            right = max(least, right)
            axes.set_xlim(min(left, -0.04 * right), right)  # points at 0 stand whole
        axes.set_xlabel(axis)
        axes.grid(visible=True, axis="x")
        if len(series) > 1:
            figure.legend(loc="outside upper left", ncols=min(3, len(series)), handletextpad=0.2)
        return to_svg(figure, key)


def _points(axes: Axes, one: DotSeries, colour: str, shift: float, marked: Sequence[int]) -> None:
    label: str | None = one.label or None
    for place, value in enumerate(one.values):
        if value is None:
            continue
        estimate, lower, upper = value
        own = EVENT if place in marked else colour
        style: Style = {"color": own, "zorder": 3}
        axes.plot([lower, upper], [place + shift] * 2, lw=1.5, **style)
        face = "white" if place in marked else own
        axes.plot(estimate, place + shift, "o", ms=5.2, mfc=face, mew=1.4, label=label, **style)
        label = None


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves along one input.

    Parameters
    ----------
    label, unit : str
    levels : sequence of str or None
        Labels of the grid, where it is made of levels.
    ordered : bool
        Whether neighbours on the grid are neighbours in meaning.
    grid : ndarray, shape (points,)
    lines : ndarray, shape (n, points)
        One a patient.
    average : ndarray, shape (points,)
    """

    label: str
    unit: str
    levels: Sequence[str] | None
    ordered: bool
    grid: NDArray[np.float64]
    lines: NDArray[np.float64]
    average: NDArray[np.float64]


def curves_plot(curves: Sequence[Curves], axis: str, key: str, *, percent: bool) -> str:
    """Draw curves of single patients in grey and their average, one panel an input; levels as marks.

    Parameters
    ----------
    curves : sequence of Curves
        At most six read well.
    axis : str
        What the curves are of.
    key : str
        Prefix of the ids.
    percent : bool
        Whether they are risks.

    Returns
    -------
    str
        SVG element.
    """
    columns = min(3, len(curves))
    with house_style():
        figure = new_figure(7.4, 0.35 + 2.5 * ceil(len(curves) / columns))
        panels = figure.subplots(ceil(len(curves) / columns), columns, sharey=True, squeeze=False)
        for axes, one in zip(panels.flat, curves, strict=False):
            _panel(axes, one)
            if percent:
                percent_axis(axes, "y")
            panel_title(axes, one.label, width=27)
        for axes in panels.flat[len(curves) :]:
            axes.set_visible(False)
        figure.supylabel(axis, fontsize=9.5)
        return to_svg(figure, key)


def _panel(axes: Axes, one: Curves) -> None:
    axes.grid(visible=True, axis="y")
    x = np.arange(len(one.grid)) if one.levels is not None else one.grid
    shown = one.lines[:: max(1, ceil(len(one.lines) / MOST_LINES))]
    marker = "o" if one.levels is not None else None
    # Between levels without an order there is nothing for a line to pass through.
    thin: Style = {"lw": 0.7} if one.ordered else {"lw": 0, "marker": "o", "ms": 2.5, "mew": 0}
    axes.plot(x, shown.T, color=MISSING, alpha=0.55, zorder=2, **thin)
    axes.plot(x, one.average, color=MODEL, lw=2.4 if one.ordered else 0, marker=marker, ms=5, zorder=3)
    if one.levels is None:
        axes.set_xlabel(shortened(one.unit, 24))
        return
    many = len(one.levels) > SLANTED_LEVELS
    names = [shortened(level, 18 if many else 20) for level in one.levels]
    slanted = sum(len(name) for name in names) > 20
    axes.set_xticks(x, names)
    axes.set_xlim(-0.3, len(names) - 0.7)
    if many:
        axes.tick_params(axis="x", labelrotation=90, labelsize=6)
        return
    for tick in axes.get_xticklabels():
        tick.set(rotation=35 if slanted else 0, ha="right" if slanted else "center", rotation_mode="anchor", fontsize=8)
