"""Figures of an update: the calibration curves before and after on one axis, of one risk or by horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from spinecast.reporting.figures.side_by_side import calibration_axes, draw_calibration_curve
from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    Style,
    house_style,
    new_figure,
    panel_title,
    to_svg,
)
from spinecast.reporting.formatting import shortened
from spinecast.reporting.measures import MEASURES, measure_text

__all__ = ["calibration_pair_plot", "calibration_pairs_plot"]

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
        calibration_axes(axes, [before["calibration_curve"], after["calibration_curve"]])
        old: Style = {"color": EVENT, "ls": DASHED, "lw": 1.8}
        draw_calibration_curve(axes, before["calibration_curve"], "Before the update", old)
        draw_calibration_curve(axes, after["calibration_curve"], "After the update", {"color": MODEL, "lw": 2.2})
        axes.legend(loc="lower right", handlelength=2.4)
        for line, name in enumerate(WRITTEN):
            place: Style = {"transform": axes.transAxes, "fontsize": 8.4, "va": "top"}
            top = 0.97 - 0.125 * line
            axes.text(0.03, top, MEASURES[name].short, color=MUTED, **place)
            axes.text(0.05, top - 0.04, _said(before, name), color=EVENT, **place)
            axes.text(0.05, top - 0.08, _said(after, name), color=INK, **place)
        return to_svg(figure, key)


def calibration_pairs_plot(
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], key: str, titles: Sequence[str] = ()
) -> str:
    """Draw the calibration curves before and after an update at each horizon, one panel a horizon.

    Parameters
    ----------
    pairs : sequence of (mapping, mapping)
        What is found at a horizon, or at a level, before and after.
    key : str
        Prefix of the ids.
    titles : sequence of str
        Of the panels; the days if not given.
    """
    columns = min(3, len(pairs))
    lines = ceil(len(pairs) / columns)
    with house_style():
        figure = new_figure(7.4, 0.6 + 2.6 * lines)
        panels = figure.subplots(lines, columns, squeeze=False)
        named = titles or [f"Day {after['day']:g}" for _, after in pairs]
        for axes, (before, after), title in zip(panels.flat, pairs, named, strict=False):
            calibration_axes(axes, [before["calibration_curve"], after["calibration_curve"]])
            old: Style = {"color": EVENT, "ls": DASHED, "lw": 1.5}
            draw_calibration_curve(axes, before["calibration_curve"], "Before the update", old)
            draw_calibration_curve(axes, after["calibration_curve"], "After the update", {"color": MODEL, "lw": 1.9})
            panel_title(axes, title)
            axes.set(xlabel="", ylabel="")
            axes.tick_params(labelsize=8)
        for axes in panels.flat[len(pairs) :]:
            axes.set_visible(False)
        figure.supxlabel("Predicted risk", fontsize=9.5)
        figure.supylabel("Observed", fontsize=9.5)
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=3, handlelength=2.2)
        return to_svg(figure, key)


def _said(evaluation: Mapping[str, Any], name: str) -> str:
    return shortened(measure_text(evaluation["measures"], name), 34)
