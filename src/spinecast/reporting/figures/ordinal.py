"""Figures of predicted levels: bars that divide 100 % among the levels, lowest to highest."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from spinecast.reporting.figures.style import (
    INK,
    VALUE_COLOUR_RANGE,
    VALUE_COLOURS,
    Style,
    house_style,
    new_figure,
    percent_axis,
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import shortened

__all__ = ["stacked_levels_plot"]

# A segment narrower than this has no room for its figure; the table beside has it.
NARROWEST_LABELLED = 0.06
# Above this lightness (of the relative luminance) a figure in ink is easier to read than one in white.
LIGHT = 0.32
# Letters on one line of the legend.
LINE = 95


def stacked_levels_plot(
    rows: Sequence[tuple[str, Sequence[float]]], levels: Sequence[str], key: str, *, pairs: bool = False
) -> str:
    """Draw one bar a row, divided among the levels.

    Parameters
    ----------
    rows : sequence of (str, sequence of float)
        Name of each row and its shares, lowest level first; they add up to 1.
    levels : sequence of str
        Names of the levels.
    key : str
        Prefix of the ids.
    pairs : bool
        Whether rows stand in pairs, with a gap after every second.

    Returns
    -------
    str
        SVG element.
    """
    places = [number + (0.45 * (number // 2) if pairs else 0.0) for number in range(len(rows))]
    colours = _colours(len(levels))
    with house_style():
        figure = new_figure(7.4, 0.95 + 0.36 * (places[-1] + 1))
        axes = figure.add_subplot()
        for place, (_, shares) in zip(places, rows, strict=True):
            ends = np.concatenate([[0.0], np.cumsum(shares)])
            for number, share in enumerate(shares):
                # A white edge keeps neighbours apart where their colours print alike.
                axes.barh(place, share, left=ends[number], height=0.78, color=colours[number], ec="white", lw=0.8)
                if share >= NARROWEST_LABELLED:
                    middle = ends[number] + share / 2
                    style: Style = {
                        "ha": "center",
                        "va": "center",
                        "fontsize": 8.2,
                        "color": _readable(colours[number]),
                    }
                    axes.text(middle, place, f"{100 * share:.0f}%", **style)
        row_labels(axes, places, [name for name, _ in rows])
        axes.set_ylim(places[-1] + 0.6, -0.6)
        axes.set_xlim(0, 1)
        axes.spines["left"].set_visible(False)
        percent_axis(axes, "x")
        _legend(figure, colours, [shortened(name, 34) for name in levels])
        return to_svg(figure, key)


def _legend(figure: Figure, colours: Sequence[str], names: Sequence[str]) -> None:
    """Name the levels above the bars, from left to right, on one line where they fit on it."""
    columns = len(names) if sum(map(len, names)) + 5 * len(names) <= LINE else 3
    handles = [Patch(color=colour, label=name) for colour, name in zip(colours, names, strict=True)]
    # Matplotlib fills a legend column by column.
    by_column = [handle for column in range(columns) for handle in handles[column::columns]]
    figure.legend(handles=by_column, loc="outside upper left", ncols=columns, handlelength=1.1)


def _colours(count: int) -> list[str]:
    low, high = VALUE_COLOUR_RANGE
    palette = matplotlib.colormaps[VALUE_COLOURS]
    return [to_hex(palette(value)) for value in np.linspace(high, low, count)]


def _readable(colour: str) -> str:
    """Ink or white, whichever stands out on a colour (relative luminance of WCAG 2)."""
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return INK if float(linear @ [0.2126, 0.7152, 0.0722]) > LIGHT else "white"
