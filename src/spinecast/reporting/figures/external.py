"""Figures of an external validation: risks in two cohorts, and what missing inputs cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
    percent_axis,
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import absence, listed

__all__ = ["input_cost_plot", "risk_distribution_plot", "several_missing_plot"]


def risk_distribution_plot(distribution: Mapping[str, Any], key: str) -> str:
    """Draw how the predicted risks of two cohorts are distributed, as outlines over each other.

    Parameters
    ----------
    distribution : mapping
        ``edges``, and shares in ``development`` (or its absence) and ``validation``.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    edges, here = numbers(distribution["edges"]), numbers(distribution["validation"])
    with house_style():
        figure = new_figure(7.2, 3.1)
        axes = figure.add_subplot()
        axes.stairs(here, edges, fill=True, color=MODEL, alpha=0.22)
        axes.stairs(here, edges, color=MODEL, linewidth=1.8, label="Validation cohort")
        highest = float(here.max())
        if absence(distribution["development"]) is None:
            there = numbers(distribution["development"])
            highest = max(highest, float(there.max()))
            dashed: Style = {"color": EVENT, "linewidth": 1.6, "linestyle": (0, (5.0, 1.6))}
            axes.stairs(there, edges, label="Development cohort, out of fold", **dashed)
        axes.set(xlim=(0, 1), ylim=(0, 1.1 * highest), xlabel="Predicted risk", ylabel="Share of patients")
        axes.grid(visible=True, axis="y")
        percent_axis(axes)
        figure.legend(loc="outside upper left", ncols=2, handlelength=2.2)
        return to_svg(figure, key)


def input_cost_plot(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    """Draw what each input costs in AUC when it is missing, as dots with intervals.

    Parameters
    ----------
    rows : sequence of mapping
        ``label`` and ``auc_difference`` of each input, in the order drawn.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 0.95 + 0.27 * len(rows))
        axes = figure.add_subplot()
        axes.axvline(0, color=MUTED, lw=1.0, ls=(0, (4, 3)), zorder=1)
        for place, row in enumerate(rows):
            axes.axhline(place, color=RULE, lw=0.5, zorder=0)
            difference = row["auc_difference"]
            if absence(difference) is not None:
                continue
            if difference.get("lower") is not None:
                axes.hlines(place, difference["lower"], difference["upper"], color=MODEL, lw=1.5, zorder=2)
            axes.plot(difference["estimate"], place, marker="o", ms=5.2, color=MODEL, zorder=3)
        row_labels(axes, range(len(rows)), [row["label"] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel("Change of the AUC without it")
        number_axis(axes, "x", signed=True)
        axes.grid(visible=True, axis="x")
        return to_svg(figure, key)


def several_missing_plot(found: Mapping[str, Any], key: str) -> str:
    """Draw the AUC against the number of missing inputs: the mean of random choices, their spread and their range.

    Parameters
    ----------
    found : mapping
        ``with_all`` and ``several`` of a record of missing inputs.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    steps = [one for one in listed(found.get("several")) if absence(one["measures"]["auc"]) is None]
    count = np.array([one["missing"] for one in steps], dtype=float)
    mean, spread, low, high = (
        np.array([one["measures"]["auc"][name] for one in steps], dtype=float)  # None, of one choice, becomes NaN
        for name in ("mean", "standard_deviation", "lowest", "highest")
    )
    with house_style():
        figure = new_figure(7.2, 3.4)
        axes = figure.add_subplot()
        full = found["with_all"].get("auc")
        if absence(full) is None and full is not None:
            dotted: Style = {"color": INK, "lw": 1.0, "ls": (0, (4, 3)), "zorder": 1}
            axes.axhline(full["estimate"], label="With every input that is known", **dotted)
        axes.vlines(count, low, high, color=MODEL, lw=1.0, alpha=0.6, label="Range of the choices")
        axes.vlines(count, mean - spread, mean + spread, color=MODEL, lw=4.0, alpha=0.35, label="Mean ± 1 SD")
        axes.plot(count, mean, color=MODEL, marker="o", ms=5.2, lw=1.8, zorder=3)
        axes.set(xlabel="Inputs missing for everyone, chosen at random", ylabel="AUC")
        axes.set_xlim(0, float(count.max()) + 1)
        axes.set_xticks(count)
        axes.grid(visible=True, axis="y")
        figure.legend(loc="outside upper left", ncols=3, handlelength=1.8)
        return to_svg(figure, key)
