"""Figures of internal validation: how far risks scatter over models of resamples, and how performance is learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from spinecast.reporting.figures.style import (
    INK,
    MODEL,
    MUTED,
    SERIES,
    house_style,
    new_figure,
    number_axis,
    numbers,
    panel_title,
    percent_axis,
    to_svg,
)
from spinecast.reporting.formatting import absence, percentage
from spinecast.reporting.measures import value_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration_instability_plot", "instability_plot", "learning_curve_plot"]


def instability_plot(instability: Mapping[str, Any], key: str) -> str:
    """Draw risks by models of resamples against the final model's, and how often they cross a threshold.

    Parameters
    ----------
    instability : mapping
        Groups of patients of like risk, and thresholds.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    groups = instability["groups"]
    risk = numbers([group["risk"] for group in groups])
    with house_style():
        figure = new_figure(8.6, 4.3)
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=MUTED, lw=1.0, ls=(0, (4, 3)))
        for low, high, alpha, label in (
            ("lower", "upper", 0.16, "95% of the models"),
            ("lower_quartile", "upper_quartile", 0.32, "Half of the models"),
        ):
            ends = (numbers([group[name] for group in groups]) for name in (low, high))
            left.fill_between(risk, *ends, color=MODEL, alpha=alpha, lw=0, label=label)
        median = numbers([group["median"] for group in groups])
        left.plot(risk, median, color=MODEL, lw=1.6, marker="o", ms=3.2, label="Their median")
        left.set(xlim=(0, 1), ylim=(0, 1), xlabel="Risk by the final model", ylabel="Risk by models of resamples")
        left.set_aspect("equal")
        percent_axis(left)
        left.legend(loc="upper left")
        panel_title(left, "The same patients, other models", width=40)
        for position, one in enumerate(instability["thresholds"]):
            colour, dash = SERIES[position % len(SERIES)]
            changed = numbers([group["changed"][position] for group in groups])
            right.plot(risk, changed, color=colour, ls=dash, lw=1.7, label=f"at {percentage(one['threshold'], 0)}")
        right.set(xlim=(0, 1), xlabel="Risk by the final model", ylabel="Models that decide otherwise")
        right.set_ylim(bottom=0)
        percent_axis(right)
        right.legend(loc="upper right", title="Threshold", title_fontsize=9, handlelength=2.6)
        panel_title(right, "Decisions that hang on the sample", width=40)
        for axes in (left, right):
            axes.grid(visible=True)
        return to_svg(figure, key)


def calibration_instability_plot(instability: Mapping[str, Any], key: str) -> str:
    """Draw the calibration curve of every model of a resample in the original patients.

    Parameters
    ----------
    instability : mapping
        With its calibration curves.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(5.2, 5.0)
        axes = figure.add_subplot()
        for position, curve in enumerate(instability["calibration"]):
            label = "Model of a resample" if position == 0 else "_nolegend_"
            points = numbers(curve["predicted"]), numbers(curve["observed"])
            axes.plot(*points, color=MODEL, lw=0.8, alpha=0.3, label=label)
        axes.plot([0, 1], [0, 1], color=INK, lw=1.1, ls=(0, (4, 3)), label="Perfect calibration")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Predicted risk", ylabel="Observed proportion")
        axes.set_aspect("equal")
        axes.grid(visible=True)
        percent_axis(axes)
        axes.legend(loc="upper left")
        return to_svg(figure, key)


def learning_curve_plot(points: Sequence[Mapping[str, Any]], titles: Mapping[str, str], key: str) -> str:
    """Draw measures against the number of patients trained on, one panel a measure.

    Parameters
    ----------
    points : sequence of mapping
        By share, ascending; those without measures are passed over.
    titles : mapping of str to str
        Measures from left to right, and the title of each one's panel.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(8.6, 3.3)
        panels = figure.subplots(1, len(titles), squeeze=False)[0]
        for axes, (name, title) in zip(panels, titles.items(), strict=True):
            _learning_panel(axes, [point for point in points if absence(point["measures"]) is None], name)
            panel_title(axes, title)
        return to_svg(figure, key)


def _learning_panel(axes: Axes, points: Sequence[Mapping[str, Any]], name: str) -> None:
    known = [(point["n_train"], value) for point in points if (value := value_of(point["measures"], name)) is not None]
    trained = np.array([n for n, _ in known])
    axes.plot(trained, [value[0] for _, value in known], color=MODEL, lw=1.8, marker="o", ms=4.6, zorder=3)
    for n, (_, lower, upper) in known:
        if lower is not None and upper is not None:
            axes.vlines(n, lower, upper, color=MODEL, lw=1.2, alpha=0.6)
    axes.set_xlabel("Patients trained on")
    axes.set_xlim(0, float(trained.max()) * 1.08 if trained.size else 1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    number_axis(axes, "y")
    axes.grid(visible=True)
