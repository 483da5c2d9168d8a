"""Figures of an update: the calibration curves before and after on one axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    Style,
    house_style,
    new_figure,
    numbers,
    percent_axis,
    to_svg,
)
from spinecast.reporting.formatting import absence, shortened
from spinecast.reporting.measures import MEASURES, measure_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration_pair_plot"]

DASHED = (0, (5.0, 1.6))
WRITTEN = ("calibration_in_the_large", "calibration_slope", "ici")


def calibration_pair_plot(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> str:
    """Draw observed against predicted risk of a model before and after its update, each with its band.

    Parameters
    ----------
    before, after : mapping
        Evaluation records; a curve that is absent is not drawn.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(6.0, 6.0)
        axes = figure.add_subplot()
        limit = max(_highest(before), _highest(after))
        limit = 1.0 if limit > 0.8 else float(np.ceil(limit * 10 + 0.25) / 10)
        axes.plot([0, limit], [0, limit], color=MUTED, lw=1.0, ls=(0, (4, 3)), label="Perfect calibration", zorder=1)
        _curve(axes, before, "Before the update", {"color": EVENT, "ls": DASHED, "lw": 1.8})
        _curve(axes, after, "After the update", {"color": MODEL, "lw": 2.2})
        axes.set(xlim=(0, limit), ylim=(0, limit), xlabel="Predicted risk", ylabel="Observed proportion")
        axes.set_aspect("equal")
        axes.grid(visible=True)
        percent_axis(axes)
        axes.legend(loc="lower right", handlelength=2.4)
        for line, name in enumerate(WRITTEN):
            place: Style = {"transform": axes.transAxes, "fontsize": 8.4, "va": "top"}
            top = 0.97 - 0.125 * line
            axes.text(0.03, top, MEASURES[name].short, color=MUTED, **place)
            axes.text(0.05, top - 0.04, _said(before, name), color=EVENT, **place)
            axes.text(0.05, top - 0.08, _said(after, name), color=INK, **place)
        return to_svg(figure, key)


def _said(evaluation: Mapping[str, Any], name: str) -> str:
    return shortened(measure_text(evaluation["measures"], name), 34)


def _highest(evaluation: Mapping[str, Any]) -> float:
    curve = evaluation["calibration_curve"]
    if absence(curve) is not None:
        return 0.1
    seen = np.concatenate([numbers(curve["predicted"]), numbers(curve["observed"])])
    return float(np.nanmax(seen))


def _curve(axes: Axes, evaluation: Mapping[str, Any], label: str, style: Style) -> None:
    curve = evaluation["calibration_curve"]
    if absence(curve) is not None:
        return
    predicted, observed = numbers(curve["predicted"]), numbers(curve["observed"])
    lower, upper = numbers(curve.get("lower")), numbers(curve.get("upper"))
    if lower.shape == predicted.shape == upper.shape:
        axes.fill_between(predicted, lower, upper, color=style["color"], alpha=0.13, lw=0, zorder=2)
    axes.plot(predicted, observed, label=label, zorder=3, **style)
