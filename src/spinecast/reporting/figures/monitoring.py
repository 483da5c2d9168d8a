"""A model in use over time: calibration and performance by quarter, the cumulative sums, how far inputs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedLocator, NullLocator

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    RULE,
    Style,
    house_style,
    new_figure,
    number_axis,
    numbers,
    panel_title,
    percent_axis,
    row_labels,
    to_svg,
)
from spinecast.reporting.measures import MEASURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DRAWN", "cumulative_sums_plot", "input_shifts_plot", "quarters_plot"]

DRAWN = ("observed_expected_ratio", "calibration_slope", "auc")
"""Measures that are drawn by quarter, from the top."""

_MOST_TICKS = 12
# A bar of so few shades is drawn as shapes; of more, Matplotlib draws an image, which no PDF of ours holds.
_SHADES = 20
# Beyond these an axis would show nothing but the widest interval.
_RATIO_LIMITS, _SLOPE_LIMITS = (0.2, 5.0), (-1.0, 3.0)
_DASHED = (0, (5.0, 1.6))
_PANELS = ("Level", "Spread")
_SUMS = (
    (("more", "More events than predicted", EVENT, "-"), ("fewer", "Fewer events than predicted", MODEL, _DASHED)),
    (("flatter", "Risks closer together than predicted", EVENT, "-"),),
)


def quarters_plot(quarters: Sequence[Mapping[str, Any]], key: str) -> str:
    """Draw observed over expected, the calibration slope and the AUC of each quarter with their intervals.

    Parameters
    ----------
    quarters : sequence of mapping
        Of a monitoring record: label, measures and control limits.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    places = np.arange(len(quarters))
    with house_style():
        figure = new_figure(7.4, 7.2)
        panels = figure.subplots(len(DRAWN), 1, sharex=True)
        for axes, name in zip(panels, DRAWN, strict=True):
            found = [one["measures"][name] for one in quarters]
            middle, lower, upper = (
                numbers([one.get(part) for one in found]) for part in ("estimate", "lower", "upper")
            )
            _limits(axes, places, [one["limits"].get(name) or {} for one in quarters], log=name == DRAWN[0])
            if name == "observed_expected_ratio":
                axes.set_yscale("log")
                axes.set_ylim(*_shown(_RATIO_LIMITS, lower, upper))
                axes.yaxis.set_major_locator(FixedLocator([0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5]))
                axes.yaxis.set_minor_locator(NullLocator())
            elif name == "calibration_slope":
                axes.set_ylim(*_shown(_SLOPE_LIMITS, lower, upper))
            number_axis(axes, "y", decimals=1)
            axes.vlines(places, lower, upper, color=MODEL, lw=1.3)
            axes.plot(places, middle, "o", color=MODEL, ms=4.2)
            panel_title(axes, MEASURES[name].label)
            axes.grid(visible=True, axis="y")
        _quarter_axis(panels[-1], [one["quarter"] for one in quarters])
        return to_svg(figure, key)


def cumulative_sums_plot(calibration: Mapping[str, Any], key: str) -> str:
    """Draw the highest that each cumulative sum stood in each month, of level and spread, and the limits.

    Parameters
    ----------
    calibration : mapping
        ``months``, ``limit`` and ``spread_limit`` of a monitoring record.
    key : str
        Prefix of the ids.
    """
    months = calibration["months"]
    days = np.array([one["month"] for one in months], dtype="datetime64[M]").astype("datetime64[D]").astype(object)
    with house_style():
        figure = new_figure(7.4, 5.2)
        panels = figure.subplots(2, 1, sharex=True)
        for axes, title, limit, sums in zip(panels, _PANELS, ("limit", "spread_limit"), _SUMS, strict=True):
            for name, label, colour, dash in sums:
                values = numbers([one[name] for one in months])
                axes.plot(days, values, color=colour, ls=dash, label=label)
                raised = values > calibration[limit]
                axes.plot(days[raised], values[raised], "o", color=colour, ms=4.2)
            axes.axhline(calibration[limit], color=INK, lw=1.0, ls=(0, (1.4, 1.4)), label="Limit")
            axes.set(ylabel="Cumulative sum", ylim=(0, None))
            axes.grid(visible=True, axis="y")
            panel_title(axes, title)
            # Beside the title: within the axes it would hide a sum that stands at its limit.
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, ncols=3, handlelength=2.4)
        panels[-1].set_xlabel("Month in which it was known")
        return to_svg(figure, key)


def input_shifts_plot(
    inputs: Sequence[Mapping[str, Any]], raised: frozenset[tuple[str, str]], quarters: Sequence[str], key: str
) -> str:
    """Draw how far each input is from its reference in each quarter; what was raised is framed.

    Parameters
    ----------
    inputs : sequence of mapping
        Of a monitoring record.
    raised : frozenset of (str, str)
        Variable and quarter.
    quarters : sequence of str
        Labels, in order.
    key : str
        Prefix of the ids.
    """
    distances = np.array([numbers([one["distribution"].get("distance") for one in row["quarters"]]) for row in inputs])
    with house_style():
        figure = new_figure(7.4, 1.5 + 0.27 * len(inputs))
        axes = figure.add_subplot()
        highest = max(0.3, float(np.nanmax(distances)) if np.isfinite(distances).any() else 0.3)
        shades = LinearSegmentedColormap.from_list("distance", ["white", MODEL], N=_SHADES)
        edges = np.arange(len(quarters) + 1), np.arange(len(inputs) + 1)
        drawn: Style = {"cmap": shades, "vmin": 0, "vmax": highest, "edgecolors": RULE, "linewidth": 0.4}
        mesh = axes.pcolormesh(*edges, distances, **drawn)
        for place, row in enumerate(inputs):
            for number, quarter in enumerate(quarters):
                if (row["variable"], quarter) in raised:
                    axes.plot(number + 0.5, place + 0.5, "x", color="white", ms=5.0, mew=1.6)
        row_labels(axes, list(np.arange(len(inputs)) + 0.5), [row["label"] for row in inputs], width=26)
        axes.invert_yaxis()
        _quarter_axis(axes, quarters, shift=0.5)
        for side in axes.spines.values():
            side.set_color(RULE)
        bar = figure.colorbar(mesh, ax=axes, fraction=0.03, pad=0.02)
        percent_axis(bar.ax, "y")
        bar.set_label("Largest distance of the distributions", fontsize=8.5)
        return to_svg(figure, key)


def _limits(axes: Axes, places: Any, limits: Sequence[Mapping[str, float]], *, log: bool) -> None:
    lower, upper = (numbers([one.get(side) for one in limits]) for side in ("lower", "upper"))
    # Half a quarter to each side: the limits are those of the quarter, and not of the days between two.
    for place, low, high, one in zip(places, lower, upper, limits, strict=True):
        axes.fill_between([place - 0.5, place + 0.5], max(low, 1e-3) if log else low, high, color=RULE, lw=0, zorder=0)
        if one:
            axes.hlines(one["expected"], place - 0.5, place + 0.5, color=MUTED, lw=0.9)


def _shown(widest: tuple[float, float], lower: Any, upper: Any) -> tuple[float, float]:
    low = np.nanmin(lower) if np.isfinite(lower).any() else widest[0]
    high = np.nanmax(upper) if np.isfinite(upper).any() else widest[1]
    return max(widest[0], min(0.45, float(low) * 0.95)), min(widest[1], max(2.1, float(high) * 1.05))


def _quarter_axis(axes: Axes, labels: Sequence[str], *, shift: float = 0.0) -> None:
    step = max(1, -(-len(labels) // _MOST_TICKS))
    chosen = list(range(0, len(labels), step))
    axes.set_xticks([place + shift for place in chosen], [labels[place] for place in chosen], rotation=45, ha="right")
    axes.set_xlabel("Quarter of the prediction")
