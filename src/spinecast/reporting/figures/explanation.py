"""Figures of why: which variables move the risk, and contributions by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D

from spinecast.reporting.figures.style import (
    EVENT,
    MISSING,
    MODEL,
    MUTED,
    RULE,
    VALUE_COLOUR_RANGE,
    VALUE_COLOURS,
    Style,
    house_style,
    new_figure,
    numbers,
    panel_title,
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import number, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["beeswarm_plot", "dependence_plot", "importance_plot"]

CONTRIBUTION = "Contribution to the {}"
_STEPS = np.linspace(0, 1, 33)  # of the colour bar: few enough for matplotlib to draw it without a bitmap


def importance_plot(rows: Sequence[Mapping[str, Any]], key: str, scale: str = "log-odds") -> str:
    """Draw the mean absolute contribution of each variable, in the order given.

    Parameters
    ----------
    rows : sequence of mapping
        Each with label and mean_absolute.
    key : str
        Prefix of the ids.
    scale : str
        What contributions add up to.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 0.75 + 0.265 * len(rows))
        axes = figure.add_subplot()
        places = range(len(rows))
        values = [row["mean_absolute"] for row in rows]
        # A block of image features as a whole is told from its features, which follow one by one.
        hatch = ["//" if row.get("together") else "" for row in rows]
        axes.barh(places, values, height=0.66, color=MODEL, hatch=hatch, edgecolor="white", linewidth=0)
        for place, value in zip(places, values, strict=True):
            axes.annotate(
                number(value, 3),
                (value, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center_baseline",
                fontsize=8.4,
            )
        row_labels(axes, places, [row["label"] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, 1.1 * max([*values, 1e-9]))
        axes.set_xlabel(f"Mean absolute contribution to the {scale}")
        axes.grid(visible=True, axis="x")
        return to_svg(figure, key)


def beeswarm_plot(variables: Sequence[Mapping[str, Any]], key: str, scale: str = "log-odds of the event") -> str:
    """Draw every explained patient's contribution of each variable, coloured by the variable's value, missing in grey.

    Colour runs from a variable's 5th to its 95th centile, or from its first level to its last. Points that would
    cover each other are stacked upwards and downwards in the order of the record: nothing is random.

    Parameters
    ----------
    variables : sequence of mapping
        Each with label, levels and points, from top to bottom.
    key : str
        Prefix of the ids.
    scale : str
        What contributions add up to.

    Returns
    -------
    str
        SVG element.
    """
    colours = _value_colours()
    with house_style():
        figure = new_figure(7.4, 1.1 + 0.37 * len(variables))
        axes = figure.add_subplot()
        axes.axvline(0, color=MUTED, lw=0.9, zorder=1)
        every = [point["contribution"] for row in variables for point in row["points"]]
        span = (max(every) - min(every)) or 1.0 if every else 1.0
        for place, row in enumerate(variables):
            axes.axhline(place, color=RULE, lw=0.5, zorder=0)
            contributions = numbers([point["contribution"] for point in row["points"]])
            values = numbers([point["value"] for point in row["points"]])
            y = place + _stacked(contributions, span)
            known = np.isfinite(values)
            style: Style = {"s": 9, "lw": 0, "clip_on": False}
            axes.scatter(contributions[~known], y[~known], color=MISSING, zorder=2, **style)
            shade = _shades(values[known], row.get("levels"))
            axes.scatter(contributions[known], y[known], c=colours(shade), zorder=3, **style)
        row_labels(axes, range(len(variables)), [row["label"] for row in variables])
        axes.set_ylim(len(variables) - 0.4, -0.6)
        axes.set_xlabel(CONTRIBUTION.format(scale))
        axes.spines["left"].set_visible(False)
        axes.grid(visible=True, axis="x")
        bar = figure.colorbar(
            ScalarMappable(Normalize(0, 1), colours), ax=axes, aspect=42, pad=0.02, fraction=0.03, boundaries=_STEPS
        )
        bar.set_ticks([0.02, 0.98], labels=["Low", "High"])
        if bar.solids is not None:
            bar.solids.set_edgecolor("face")
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0)
        bar.set_label("Value of the variable", labelpad=-14)
        grey = Line2D([], [], color=MISSING, marker="o", ls="none", ms=4, label="Value not recorded")
        figure.legend(handles=[grey], loc="outside upper right", handletextpad=0.2)
        return to_svg(figure, key)


def _value_colours() -> Colormap:
    low, high = VALUE_COLOUR_RANGE
    shades = matplotlib.colormaps[VALUE_COLOURS](np.linspace(low, high, 64))
    return LinearSegmentedColormap.from_list("value", shades.tolist())


def _shades(values: NDArray[np.float64], levels: Sequence[str] | None) -> NDArray[np.float64]:
    if values.size == 0:
        return values
    if levels is not None:
        return values / max(1, len(levels) - 1)
    low, high = np.quantile(values, [0.05, 0.95])
    if high <= low:
        low, high = values.min(), values.max()
    return np.asarray(np.clip((values - low) / ((high - low) or 1.0), 0, 1), dtype=np.float64)


def _stacked(contributions: NDArray[np.float64], span: float) -> NDArray[np.float64]:
    """Return vertical offsets that stack neighbours: 0, +1, -1, +2, -2 steps within a bin, at most 0.4 rows."""
    bins = np.round(contributions / span * 130).astype(int)
    seen: dict[int, int] = {}
    order = np.empty(bins.size)
    for position, place in enumerate(bins):
        rank = seen.get(int(place), 0)
        seen[int(place)] = rank + 1
        order[position] = (rank + 1) // 2 * (1 if rank % 2 else -1)
    furthest = max(seen.values(), default=1) / 2
    return order * min(0.085, 0.4 / max(furthest, 1.0))


def dependence_plot(variables: Sequence[Mapping[str, Any]], key: str, scale: str = "log-odds of the event") -> str:
    """Draw contribution against value, one panel a variable: points with a running median, or a strip a level.

    Parameters
    ----------
    variables : sequence of mapping
        Each with label, unit, levels and points; at most six read well.
    key : str
        Prefix of the ids.
    scale : str
        What contributions add up to.

    Returns
    -------
    str
        SVG element.
    """
    columns = min(3, len(variables))
    lines = ceil(len(variables) / columns)
    with house_style():
        figure = new_figure(7.4, 0.35 + 2.55 * lines)
        panels = figure.subplots(lines, columns, sharey=True, squeeze=False)
        for axes, row in zip(panels.flat, variables, strict=False):
            axes.axhline(0, color=MUTED, lw=0.9, zorder=1)
            axes.grid(visible=True, axis="y")
            contributions = numbers([point["contribution"] for point in row["points"]])
            values = numbers([point["value"] for point in row["points"]])
            if row.get("levels") is None:
                _continuous_panel(axes, values, contributions)
                axes.set_xlabel(shortened(row.get("unit") or "", 24))
            else:
                _levelled_panel(axes, values, contributions, row["levels"])
            panel_title(axes, row["label"], width=27)
        for axes in panels.flat[len(variables) :]:
            axes.set_visible(False)
        figure.supylabel(CONTRIBUTION.format(scale), fontsize=9.5)
        return to_svg(figure, key)


def _continuous_panel(axes: Axes, values: NDArray[np.float64], contributions: NDArray[np.float64]) -> None:
    known = np.isfinite(values)
    _dots(axes, values[known], contributions[known], MODEL)
    if known.any():
        middle, median = _running_median(values[known], contributions[known])
        axes.plot(middle, median, color=EVENT, lw=2.0, zorder=4)
    if (~known).any():
        low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 1.0)
        width = (high - low) or 1.0
        y = contributions[~known]
        x = high + width * (0.13 + 0.05 * _spread(y.size))
        _dots(axes, x, y, MISSING)
        axes.axvline(high + 0.05 * width, color=RULE, lw=0.8)
        axes.set_xlim(right=high + 0.2 * width)
        style: Style = {
            "transform": axes.get_xaxis_transform(),
            "fontsize": 8,
            "color": MUTED,
            "ha": "right",
            "va": "top",
        }
        axes.text(high + 0.2 * width, 0.995, "not recorded", **style)


def _dots(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], colour: str) -> None:
    """Draw points of one colour: as a line without a line, which is a quarter of a scatter's SVG."""
    if x.size:  # an unclipped line without points has no extent and breaks the layout
        axes.plot(x, y, marker="o", ls="none", ms=3.0, mew=0, color=colour, alpha=0.5, zorder=2, clip_on=False)


def _running_median(
    values: NDArray[np.float64], contributions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return medians of value and contribution: by value where there are few values, else in groups of equal size."""
    distinct = np.unique(values)
    if distinct.size <= 12:
        parts = [np.flatnonzero(values == value) for value in distinct]
    else:
        order = np.argsort(values, kind="stable")
        parts = np.array_split(order, min(9, max(1, order.size // 8)))
    middle = np.array([np.median(values[part]) for part in parts])
    return middle, np.array([np.median(contributions[part]) for part in parts])


def _levelled_panel(
    axes: Axes, values: NDArray[np.float64], contributions: NDArray[np.float64], levels: Sequence[str]
) -> None:
    names = [shortened(level, 22) for level in levels]
    codes = np.where(np.isfinite(values), values, len(levels))
    if (codes == len(levels)).any():
        names.append("not recorded")
    for code in range(len(names)):
        y = contributions[codes == code]
        if y.size == 0:
            continue
        colour = MODEL if code < len(levels) else MISSING
        _dots(axes, code + 0.26 * _spread(y.size), y, colour)
        axes.hlines(np.median(y), code - 0.36, code + 0.36, color=EVENT, lw=2.0, zorder=4)
    slanted = sum(len(name) for name in names) > 24
    axes.set_xticks(range(len(names)), names)
    for tick in axes.get_xticklabels():
        tick.set(rotation=35 if slanted else 0, ha="right" if slanted else "center", rotation_mode="anchor", fontsize=8)
    axes.set_xlim(-0.6, len(names) - 0.4)


def _spread(size: int) -> NDArray[np.float64]:
    """Return evenly scattered offsets in [-1, 1] without chance: multiples of the golden ratio, modulo one."""
    golden = (5**0.5 - 1) / 2
    return np.asarray(2 * np.mod(np.arange(1, size + 1) * golden, 1.0) - 1, dtype=np.float64)
