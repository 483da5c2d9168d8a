"""Funnel plot of a meta-analysis: small studies beside large ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from spinecast.reporting.figures.forest import NICE_RATIOS, Axis
from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    NO_EVENT,
    Style,
    house_style,
    new_figure,
    to_svg,
)
from spinecast.reporting.formatting import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FunnelPoint", "funnel_plot"]

_NICE_AUCS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99)


@dataclass(frozen=True)
class FunnelPoint:
    """One study in the plot of effects against standard errors, on the scale of the model."""

    name: str
    effect: float
    standard_error: float


def funnel_plot(
    points: Sequence[FunnelPoint],
    centre: float,
    tau2: float,
    line: tuple[float, float] | None,
    axis: Axis,
    key: str,
    *,
    scale: str,
) -> str:
    """Draw effects against their standard errors, the most precise studies at the top.

    Parameters
    ----------
    points : sequence of FunnelPoint
        Studies, numbered in this order.
    centre, tau2 : float
        Pooled effect and variance between studies, on the scale of the model.
    line : (float, float) or None
        Intercept and slope of the regression of effects on standard errors.
    axis : Axis
        What is drawn; the axis is written in its values though it is even on the scale of the model.
    key : str
        Prefix of the ids.
    scale : {"logit", "raw", "log"}
        Scale of the model.

    Returns
    -------
    str
        SVG element.
    """
    effects = np.array([point.effect for point in points])
    errors = np.array([point.standard_error for point in points])
    deepest = float(errors.max()) * 1.12
    depth = np.linspace(0, deepest, 60)
    with house_style():
        figure = new_figure(6.8, 4.6)
        axes = figure.add_subplot()
        inner, outer = 1.96 * depth, 1.96 * np.sqrt(depth**2 + tau2)
        axes.fill_betweenx(depth, centre - inner, centre + inner, color=NO_EVENT, alpha=0.14, lw=0)
        for side in (-1, 1):
            axes.plot(centre + side * outer, depth, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        axes.axvline(centre, color=MODEL, lw=1.1)
        if line is not None:
            axes.plot(line[0] + line[1] * depth, depth, color=EVENT, lw=1.3, ls=(0, (5.0, 1.6)))
        axes.plot(effects, errors, ls="none", marker="o", ms=6, mfc=INK, mec="white", mew=0.8, zorder=3)
        reach = max(float(np.abs(effects - centre).max()), float(outer[-1])) * 1.08
        axes.set_xlim(centre - reach, centre + reach)
        axes.set_ylim(deepest, 0)
        _number_points(axes, effects, errors, reach, deepest)
        ticks, labels = _scale_ticks(axes.get_xlim(), scale)
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.set_xticklabels(labels)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(axis.label + {"logit": ", on the log-odds scale", "log": ", logarithmic scale"}.get(scale, ""))
        axes.set_ylabel("Standard error")
        axes.grid(visible=True, axis="x")
        return to_svg(figure, key)


def _number_points(axes: Axes, effects: np.ndarray, errors: np.ndarray, reach: float, deepest: float) -> None:
    """Number the points, each on the side where it has no neighbour."""
    taken: list[tuple[float, float]] = []
    spots = ((6, 4, "left"), (-6, 4, "right"), (6, -9, "left"), (-6, -9, "right"), (0, 8, "center"))
    plot = (6.0 * 72, 3.8 * 72)  # points, about
    own = [
        (float(x / (2 * reach) * plot[0]), float(-y / deepest * plot[1])) for x, y in zip(effects, errors, strict=True)
    ]
    for position, (x, y) in enumerate(own):
        others = [*taken, *(one for place, one in enumerate(own) if place != position)]
        best = max(spots, key=lambda spot: _clearance((x + 1.6 * spot[0], y + spot[1] + 3), others))
        taken.append((x + 1.6 * best[0], y + best[1] + 3))
        style: Style = {"textcoords": "offset points", "fontsize": 8.2, "color": INK, "zorder": 4}
        place = (float(effects[position]), float(errors[position]))
        axes.annotate(str(position + 1), place, xytext=best[:2], ha=best[2], **style)


def _clearance(spot: tuple[float, float], others: Sequence[tuple[float, float]]) -> float:
    """Return how far a spot is from the nearest of others; beyond twenty points it does not matter."""
    return min([20.0, *(float(np.hypot(spot[0] - x, spot[1] - y)) for x, y in others)])


def _scale_ticks(limits: tuple[float, float], scale: str) -> tuple[list[float], list[str]]:
    """Return places and labels of round values on the scale of the model, not so many that they touch."""
    if scale == "raw":
        found = MaxNLocator(7).tick_values(*limits)
        return [float(tick) for tick in found if limits[0] <= tick <= limits[1]], [
            number(float(tick), 2) for tick in found if limits[0] <= tick <= limits[1]
        ]
    values = _NICE_AUCS if scale == "logit" else NICE_RATIOS
    places = [float(np.log(value / (1 - value)) if scale == "logit" else np.log(value)) for value in values]
    kept: list[tuple[float, float]] = []
    for place, value in zip(places, values, strict=True):
        if limits[0] <= place <= limits[1] and (not kept or place - kept[-1][0] > 0.075 * (limits[1] - limits[0])):
            kept.append((place, value))
    return [place for place, _ in kept], [f"{value:g}" if scale == "log" else f"{value:.2f}" for _, value in kept]
