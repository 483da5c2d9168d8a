"""Figures of predicted quantities: observed by predicted, calibration of quantiles, a fan for each composite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    house_style,
    new_figure,
    numbers,
    percent_axis,
    to_svg,
)

__all__ = ["fan_plot", "observed_by_predicted_plot", "quantile_reliability_plot"]


def observed_by_predicted_plot(groups: Sequence[Mapping[str, Any]], unit: str, key: str) -> str:
    """Draw the observed median and middle half of each tenth of patients against their predicted median.

    Parameters
    ----------
    groups : sequence of mapping
        ``predicted_median``, ``observed_median``, ``observed_lower``, ``observed_upper``.
    unit, key : str
        Unit of the axes; prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(5.6, 4.6)
        axes = figure.add_subplot()
        predicted, observed = (
            numbers([one[name] for one in groups]) for name in ("predicted_median", "observed_median")
        )
        lower, upper = (numbers([one[name] for one in groups]) for name in ("observed_lower", "observed_upper"))
        top = 1.05 * float(max(upper.max(), predicted.max()))
        axes.plot([0, top], [0, top], color=MUTED, lw=0.9, ls=(0, (4.0, 2.0)), label="Agreement")
        axes.vlines(predicted, lower, upper, color=MODEL, lw=1.4, alpha=0.6, label="Middle half observed")
        axes.plot(predicted, observed, "o", color=INK, ms=4.5, label="Median observed")
        axes.set(xlim=(0, top), ylim=(0, top))
        axes.set_xlabel(f"Predicted median, {unit}".rstrip(", "))
        axes.set_ylabel(f"Observed, {unit}".rstrip(", "))
        axes.grid(visible=True)
        axes.legend(loc="upper left")
        return to_svg(figure, key)


def quantile_reliability_plot(
    reliability: Sequence[Mapping[str, Any]], key: str, before: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Draw the share of patients below each predicted quantile against its level, with 95 % intervals.

    Parameters
    ----------
    reliability : sequence of mapping
        ``level`` and ``share_below``.
    key : str
        Prefix of the ids.
    before : sequence of mapping
        The same before an update, drawn dashed; none where nothing was updated.
    """
    with house_style():
        figure = new_figure(4.8, 4.6)
        axes = figure.add_subplot()
        levels = numbers([one["level"] for one in reliability])
        share = [one["share_below"] for one in reliability]
        found, lower, upper = (numbers([one[name] for one in share]) for name in ("estimate", "lower", "upper"))
        axes.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4.0, 2.0)))
        axes.vlines(levels, lower, upper, color=MODEL, lw=1.2)
        axes.plot(levels, found, "o-", color=MODEL, ms=4.5, lw=1.4, label="After the update")
        if before:
            earlier = numbers([one["share_below"]["estimate"] for one in before])
            axes.plot(levels, earlier, "s--", color=EVENT, ms=4.0, lw=1.3, label="Before the update")
            axes.legend(loc="upper left")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="Level of the quantile", ylabel="Share below it")
        axes.grid(visible=True)
        percent_axis(axes)
        return to_svg(figure, key)


def fan_plot(patients: Sequence[Mapping[str, Any]], thresholds: Sequence[float], unit: str, key: str) -> str:
    """Draw the predicted distribution of each composite patient as nested bands about its median.

    Parameters
    ----------
    patients : sequence of mapping
        Each with a ``fan``: ``levels``, symmetric about the median, and ``values``.
    thresholds : sequence of float
        Drawn as lines.
    unit, key : str
        Unit of the axis; prefix of the ids.
    """
    with house_style():
        figure = new_figure(7.2, 1.1 + 0.75 * len(patients))
        axes = figure.add_subplot()
        for row, patient in enumerate(patients):
            values = numbers(patient["fan"]["values"])
            for at in range(len(values) // 2):
                left, right = values[at], values[-1 - at]
                axes.barh(row, right - left, left=left, height=0.56, color=MODEL, alpha=0.09, lw=0)
            axes.plot([values[len(values) // 2]] * 2, [row - 0.28, row + 0.28], color=INK, lw=2.0)
        for threshold in thresholds:
            axes.axvline(threshold, color=MUTED, lw=0.9, ls=(0, (4.0, 2.0)))
        axes.set_yticks(
            range(len(patients)), [f"{one['title'].split(' quarter')[0].split()[-1]} quarter" for one in patients]
        )
        axes.set_ylim(len(patients) - 0.5, -0.5)
        axes.set_xlim(0, float(np.ceil(max(max(one["fan"]["values"]) for one in patients) / 100) * 105))
        axes.set_xlabel(unit or "Value")
        axes.grid(visible=True, axis="x")
        return to_svg(figure, key)
