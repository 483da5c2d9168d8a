"""Figures of one column of a file: its numbers in bins under the ranges of its units, or its levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import LogLocator

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    NO_EVENT,
    RULE,
    Style,
    house_style,
    new_figure,
    to_svg,
)
from spinecast.reporting.formatting import plain, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from spinecast.cohorts.checking.pictures import Bins, Levels, UnitRange

__all__ = ["levels_plot", "numbers_plot"]

_WIDTH = 6.6
_BAND = 0.25  # inches a unit's band takes


def numbers_plot(bins: Bins, key: str, *, other: str | None) -> str:
    """Draw counts in bins, and above them where the plausible range of each unit lies.

    Parameters
    ----------
    bins : Bins
    key : str
        Prefix of the ids.
    other : str, optional
        Name of the other file, whose counts are drawn as a line scaled to the same number of values.

    Returns
    -------
    str
        SVG element.
    """
    bands = _drawn_ranges(bins)
    with house_style():
        figure = new_figure(_WIDTH, 2.1 + _BAND * len(bands))
        upper, lower = figure.subplots(
            2, 1, sharex=True, height_ratios=[0.05 + _BAND * len(bands), 1.7], gridspec_kw={"hspace": 0.02}
        )
        edges = np.array(bins.edges)
        lower.stairs(bins.counts, edges, fill=True, color="#b9c6cf", label="This file")
        lower.stairs(bins.counts, edges, color=NO_EVENT, linewidth=0.8)
        theirs = np.array(bins.other_counts or (0,))
        highest = float(max(1, *bins.counts))
        if other is not None and theirs.any():
            scaled = theirs * np.sum(bins.counts) / theirs.sum()
            highest = max(highest, float(scaled.max()))
            line: Style = {"color": EVENT, "linewidth": 1.4, "linestyle": (0, (5.0, 1.6))}
            lower.stairs(scaled, edges, label=f"{shortened(other, 34)} (same number of values)", **line)
            lower.legend(loc="upper right", bbox_to_anchor=(1.0, 0.92))
        _bands(upper, bands, edges)
        for limits in bands:
            if limits.declared:
                for end in (limits.lower, limits.upper):
                    lower.axvline(end, color=MODEL, linewidth=0.9, linestyle=(0, (3.0, 2.0)))
        if bins.log:
            lower.set_xscale("log")
            few = np.log10(edges[-1] / edges[0]) < 2.5
            lower.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=16))
            lower.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            lower.xaxis.set_minor_formatter(lambda _value, _: "")
        lower.set_xlim(edges[0], edges[-1])
        lower.set_ylim(0, 1.12 * highest)
        lower.set_xlabel(f"As written{f', declared in {plain(bins.unit)}' if bins.unit else ''}")
        lower.set_ylabel("Values")
        lower.grid(visible=True, axis="y")
        _beyond(lower, bins)
        return to_svg(figure, key)


def _drawn_ranges(bins: Bins) -> list[UnitRange]:
    """Keep the ranges that reach into the drawing, the declared unit's first."""
    inside = [limits for limits in bins.ranges if limits.lower < bins.edges[-1] and limits.upper > bins.edges[0]]
    return sorted(inside, key=lambda limits: not limits.declared)


def _bands(axes: Axes, bands: Sequence[UnitRange], edges: NDArray[np.float64]) -> None:
    axes.set_axis_off()
    axes.set_ylim(len(bands) - 0.4, -0.6)
    for place, limits in enumerate(bands):
        left, right = max(limits.lower, edges[0]), min(limits.upper, edges[-1])
        colour = MODEL if limits.declared else MUTED
        axes.plot([left, right], [place, place], color=colour, linewidth=5 if limits.declared else 3, alpha=0.75)
        share = f"{100 * limits.plausible_share:.3g}% plausible"
        text = f"{plain(limits.symbol) or 'no unit'}{' (declared)' if limits.declared else ''}: {share}"
        style: Style = {"va": "bottom", "ha": "left", "fontsize": 7.8, "color": INK if limits.declared else MUTED}
        axes.annotate(text, (left, place), xytext=(2, 2.6), textcoords="offset points", **style)


def _beyond(axes: Axes, bins: Bins) -> None:
    """Say how many values lie beyond the edges: they would squeeze the others into one bin."""
    for count, place, align, arrow in ((bins.below, 0.008, "left", "← {}"), (bins.above, 0.992, "right", "{} →")):
        if count:
            style: Style = {"transform": axes.transAxes, "va": "top", "fontsize": 8.4, "color": EVENT, "weight": "bold"}
            axes.text(place, 0.97, arrow.format(f"{count:,} beyond"), ha=align, **style)


def levels_plot(levels: Levels, key: str, *, other: str | None) -> str:
    """Draw how often each level stands, as shares of the values that are levels.

    Parameters
    ----------
    levels : Levels
    key : str
        Prefix of the ids.
    other : str, optional
        Name of the other file.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(_WIDTH, 0.9 + 0.26 * len(levels.labels))
        axes = figure.add_subplot()
        places = np.arange(len(levels.labels))
        axes.barh(places, _shares(levels.counts), height=0.62, color="#b9c6cf", label="This file")
        if other is not None and levels.other_counts is not None:
            marks: Style = {"ls": "none", "marker": "D", "ms": 5.0, "mec": "white", "mew": 0.7, "color": EVENT}
            axes.plot(_shares(levels.other_counts), places, label=shortened(other, 40), **marks)
            figure.legend(loc="outside upper left", ncols=2, handlelength=1.4)
        axes.set_yticks(places, [shortened(label, 40) for label in levels.labels])
        axes.set_ylim(len(places) - 0.4, -0.6)
        axes.set_xlabel("Share of the values that are levels (%)")
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=True, axis="x", color=RULE)
        return to_svg(figure, key)


def _shares(counts: Sequence[int]) -> list[float]:
    total = max(1, sum(map(int, counts)))
    return [100 * count / total for count in counts]
