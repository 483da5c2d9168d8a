"""Figures of several models in the same patients: calibration on one axis, gains in net benefit, agreement of risks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    SERIES,
    Style,
    house_style,
    new_figure,
    numbers,
    panel_title,
    percent_axis,
    to_svg,
)
from spinecast.reporting.formatting import absence, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "agreement_plot",
    "benefit_difference_plot",
    "calibration_axes",
    "calibration_curves_plot",
    "draw_calibration_curve",
]

BAND = 0.13
# Two risks that differ by less than this everywhere would fill a picture with rounding.
NARROWEST = 0.02


def calibration_curves_plot(models: Sequence[Mapping[str, Any]], key: str) -> str:
    """Draw the calibration curves of several models on one axis, each with its band.

    Parameters
    ----------
    models : sequence of mapping
        Each with a ``label`` and a ``calibration_curve``; one that is absent is not drawn. As many as there are series
        to tell apart, and one more.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(6.4, 6.4)
        axes = figure.add_subplot()
        calibration_axes(axes, [one["calibration_curve"] for one in models])
        for one, style in zip(models, _series(), strict=False):
            draw_calibration_curve(axes, one["calibration_curve"], shortened(one["label"], 40), style)
        axes.legend(loc="upper left", handlelength=2.6)
        return to_svg(figure, key)


def calibration_axes(axes: Axes, curves: Sequence[Mapping[str, Any]]) -> None:
    """Prepare square axes of predicted and observed risk, as long as the curves are."""
    limit = max(map(_highest, curves))
    limit = 1.0 if limit > 0.8 else float(np.ceil(limit * 10 + 0.25) / 10)
    axes.plot([0, limit], [0, limit], color=MUTED, lw=1.0, ls=(0, (4, 3)), label="Perfect calibration", zorder=1)
    axes.set(xlim=(0, limit), ylim=(0, limit), xlabel="Predicted risk", ylabel="Observed proportion")
    axes.set_aspect("equal")
    axes.grid(visible=True)
    percent_axis(axes)


def _highest(curve: Mapping[str, Any]) -> float:
    if absence(curve) is not None:
        return 0.1
    return float(np.nanmax(np.concatenate([numbers(curve["predicted"]), numbers(curve["observed"])])))


def draw_calibration_curve(axes: Axes, curve: Mapping[str, Any], label: str, style: Style) -> None:
    """Draw one calibration curve with its band; nothing where it is absent."""
    if absence(curve) is not None:
        return
    predicted, observed = numbers(curve["predicted"]), numbers(curve["observed"])
    lower, upper = numbers(curve.get("lower")), numbers(curve.get("upper"))
    if lower.shape == predicted.shape == upper.shape:
        axes.fill_between(predicted, lower, upper, color=style["color"], alpha=BAND, lw=0, zorder=2)
    axes.plot(predicted, observed, label=label, zorder=3, **style)


def benefit_difference_plot(first: str, curves: Sequence[tuple[str, Mapping[str, Any]]], key: str) -> str:
    """Draw how much more net benefit one model has than each other, over thresholds, with bands.

    Parameters
    ----------
    first : str
        Label of the model the others are taken from.
    curves : sequence of (str, mapping)
        Label of each other model, and ``thresholds``, ``difference``, ``lower``, ``upper`` of the first less it.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 4.4)
        axes = figure.add_subplot()
        axes.axhline(0, color=INK, lw=1.0)
        for (label, curve), (colour, dash) in zip(curves, SERIES, strict=False):
            thresholds, lower, upper = (numbers(curve[name]) for name in ("thresholds", "lower", "upper"))
            axes.fill_between(thresholds, lower, upper, color=colour, alpha=BAND, lw=0)
            axes.plot(thresholds, numbers(curve["difference"]), color=colour, ls=dash, label=shortened(label, 40))
        axes.set(xlabel="Threshold risk at which one would act", ylabel="Difference in net benefit (per person)")
        axes.margins(x=0)
        axes.grid(visible=True)
        percent_axis(axes, "x")
        axes.legend(
            loc="best", handlelength=2.6, title=f"{shortened(first, 40)} less", title_fontsize=9, alignment="left"
        )
        return to_svg(figure, key)


def agreement_plot(first: str, second: str, agreement: Mapping[str, Any], key: str) -> str:
    """Draw two risks of the same patients against each other, and their difference against their mean.

    Parameters
    ----------
    first, second : str
        Labels.
    agreement : mapping
        Cells with counts, groups of patients of like risk, and limits of agreement.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(8.6, 4.3)
        left, right = figure.subplots(1, 2)
        _risk_against_risk(left, first, second, agreement["cells"])
        _difference_against_mean(right, agreement)
        for axes in (left, right):
            axes.grid(visible=True)
        return to_svg(figure, key)


def _risk_against_risk(axes: Axes, first: str, second: str, cells: Sequence[Sequence[float]]) -> None:
    across, up, count = (np.array(part, dtype=float) for part in zip(*cells, strict=True))
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1.0, ls=(0, (4, 3)), zorder=1)
    # The area of a dot is the number of patients in its cell.
    axes.scatter(across, up, s=90 * count / count.max(), color=MODEL, alpha=0.75, lw=0, zorder=2)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=shortened(first, 42), ylabel=shortened(second, 42))
    axes.set_aspect("equal")
    percent_axis(axes)
    panel_title(axes, "The same patients by both", width=40)


def _difference_against_mean(axes: Axes, agreement: Mapping[str, Any]) -> None:
    groups = agreement["groups"]
    risk, lower, upper = (numbers([one[name] for one in groups]) for name in ("risk", "lower", "upper"))
    axes.fill_between(risk, lower, upper, color=MODEL, alpha=0.2, lw=0, label="Nine in ten patients")
    axes.plot(risk, numbers([one["difference"] for one in groups]), color=MODEL, marker="o", ms=3.2, label="Mean")
    axes.axhline(0, color=INK, lw=1.0)
    low, high = (agreement[name]["estimate"] for name in ("lower_limit", "upper_limit"))
    for limit, label in ((low, "Limits of agreement"), (high, "_nolegend_")):
        axes.axhline(limit, color=EVENT, lw=1.3, ls=(0, (5, 2)), label=label)
    reach = 1.15 * max(abs(low), abs(high), float(np.abs(lower).max()), float(np.abs(upper).max()), NARROWEST)
    axes.set(xlim=(0, 1), ylim=(-reach, 1.45 * reach), xlabel="Mean of the two risks", ylabel="First less second")
    percent_axis(axes)
    axes.legend(loc="upper left", ncols=2)
    panel_title(axes, "How far apart", width=40)


def _series() -> list[Style]:
    first: Style = {"color": MODEL, "lw": 2.4}
    return [first, *({"color": colour, "ls": dash, "lw": 1.8} for colour, dash in SERIES)]
