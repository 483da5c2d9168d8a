"""Figures of how good predictions are: calibration, net benefit, discrimination, candidates side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from spinecast.reporting.figures.style import (
    EVENT,
    INK,
    MODEL,
    MUTED,
    NO_EVENT,
    RULE,
    SERIES,
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
from spinecast.reporting.formatting import absence, estimate, listed, percentage, shortened
from spinecast.reporting.measures import MEASURES, Measure, measure_text, value_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ComparisonRow", "calibration_plot", "comparison_plot", "decision_curve_plot", "roc_plot"]


def calibration_plot(evaluation: Mapping[str, Any], key: str, *, positive: str, negative: str) -> str:
    """Draw observed against predicted risk: flexible curve with band, groups with intervals, histogram by outcome.

    Parameters
    ----------
    evaluation : mapping
        An evaluation record with a calibration curve; groups and histogram are drawn when present.
    key : str
        Prefix of the ids.
    positive, negative : str
        Names of the two outcomes.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        # Laid out by hand, in inches, so that the plot is square and both risk axes end at the same place.
        figure = new_figure(6.0, 7.16)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.72 / 6.0, 1.88 / 7.16, 5.08 / 6.0, 5.08 / 7.16))
        below = figure.add_axes((0.72 / 6.0, 0.58 / 7.16, 5.08 / 6.0, 1.08 / 7.16))
        limit = _calibration_limit(evaluation)
        axes.plot([0, limit], [0, limit], color=MUTED, lw=1.0, ls=(0, (4, 3)), label="Perfect calibration", zorder=1)
        _calibration_curve(axes, evaluation["calibration_curve"])
        _calibration_groups(axes, evaluation.get("calibration_groups"))
        axes.set(xlim=(0, limit), ylim=(0, limit), ylabel="Observed proportion")
        axes.grid(visible=True)
        percent_axis(axes)
        axes.tick_params(labelbottom=False)
        axes.legend(loc="lower right", handlelength=1.9)
        names = ("auc", "calibration_in_the_large", "calibration_slope", "ici")
        for line, name in enumerate(names):
            place: Style = {"y": 0.965 - 0.047 * line, "transform": axes.transAxes, "fontsize": 8.6, "va": "top"}
            axes.text(x=0.03, s=MEASURES[name].short, color=MUTED, **place)
            axes.text(x=0.345, s=shortened(measure_text(evaluation["measures"], name), 34), color=INK, **place)
        _risk_histogram(below, evaluation.get("risk_histogram"), positive, negative)
        below.set(xlim=(0, limit), xlabel="Predicted risk")
        percent_axis(below, "x")
        return to_svg(figure, key)


def _calibration_limit(evaluation: Mapping[str, Any]) -> float:
    curve = evaluation["calibration_curve"]
    groups = listed(evaluation.get("calibration_groups"))
    seen = [numbers(curve["predicted"]), numbers(curve["observed"])]
    seen += [numbers([group["predicted"] for group in groups]), numbers([group["upper"] for group in groups])]
    highest = max((float(np.nanmax(part)) for part in seen if np.isfinite(part).any()), default=1.0)
    return 1.0 if highest > 0.8 else min(1.0, max(0.1, np.ceil(highest * 10 + 0.25) / 10))


def _calibration_curve(axes: Axes, curve: Mapping[str, Any]) -> None:
    predicted, observed = numbers(curve["predicted"]), numbers(curve["observed"])
    lower, upper = numbers(curve.get("lower")), numbers(curve.get("upper"))
    if lower.shape == predicted.shape == upper.shape:
        axes.fill_between(predicted, lower, upper, color=MODEL, alpha=0.16, lw=0, label="95% band", zorder=2)
    axes.plot(predicted, observed, color=MODEL, lw=2.2, label="Flexible calibration curve", zorder=3)


def _calibration_groups(axes: Axes, groups: Sequence[Mapping[str, Any]] | None) -> None:
    if absence(groups) is not None or groups is None:
        return
    predicted, observed, lower, upper = (
        numbers([group[name] for group in groups]) for name in ("predicted", "observed", "lower", "upper")
    )
    axes.vlines(predicted, lower, upper, color=INK, lw=1.0, zorder=4)
    style: Style = {"color": INK, "marker": "o", "ls": "none", "ms": 4.6, "mfc": "white", "mew": 1.2}
    axes.plot(predicted, observed, label="Groups of equal size, 95% interval", zorder=5, **style)


def _risk_histogram(axes: Axes, histogram: Mapping[str, Any] | None, positive: str, negative: str) -> None:
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    if absence(histogram) is not None or histogram is None:
        return
    edges = numbers(histogram["edges"])
    events, others = numbers(histogram["with_event"]), numbers(histogram["without_event"])
    widths = np.diff(edges)
    axes.bar(edges[:-1], events, width=widths * 0.92, align="edge", color=EVENT)
    axes.bar(edges[:-1], -others, width=widths * 0.92, align="edge", color=NO_EVENT)
    axes.axhline(0, color=MUTED, lw=0.8)
    tallest = max(float(np.nanmax(events)), float(np.nanmax(others)), 1.0)
    axes.set_ylim(-1.18 * tallest, 1.18 * tallest)
    place: Style = {"transform": axes.transAxes, "fontsize": 8.6, "ha": "right", "x": 0.995}
    axes.text(y=0.98, s=shortened(positive, 44), color=EVENT, va="top", **place)
    axes.text(y=0.02, s=shortened(negative, 44), color="#4f6573", va="bottom", **place)


def decision_curve_plot(evaluation: Mapping[str, Any], key: str) -> str:
    """Draw net benefit against the threshold risk: the model with its band, comparators, treat all, treat none.

    Other candidates are drawn as thin lines without names: the figure is about the model that is proposed.

    Parameters
    ----------
    evaluation : mapping
        An evaluation record with a decision curve.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    curve = evaluation["decision_curve"]
    with house_style():
        figure = new_figure(7.2, 4.7)
        axes = figure.add_subplot()
        thresholds, benefit = numbers(curve["thresholds"]), numbers(curve["net_benefit"])
        lower, upper = numbers(curve.get("lower")), numbers(curve.get("upper"))
        peak = max(float(np.nanmax(benefit)), float(np.nanmax(numbers(curve["treat_all"]))), 0.01)
        others = [candidate.get("decision_curve") for candidate in listed(evaluation.get("candidates"))]
        label = "Other candidates"
        for other in others:
            if absence(other) is None and other is not None:
                style: Style = {"color": MODEL, "lw": 0.7, "alpha": 0.38}
                axes.plot(numbers(other["thresholds"]), numbers(other["net_benefit"]), label=label, **style)
                label = "_nolegend_"
        axes.plot(thresholds, numbers(curve["treat_all"]), color=INK, lw=1.2, ls=(0, (5, 2)), label="Treat all")
        axes.axhline(0, color=INK, lw=1.0, label="Treat none")
        if lower.shape == thresholds.shape == upper.shape:
            axes.fill_between(thresholds, lower, upper, color=MODEL, alpha=0.16, lw=0, label="95% band of the model")
        # The net benefit of one that some patients lack is that of other patients, and belongs in no common picture.
        drawn = [
            part
            for part in listed(evaluation.get("comparators"))
            if absence(part.get("decision_curve")) is None and part.get("model_decision_curve") is None
        ]
        for (colour, dash), comparator in zip(SERIES, drawn, strict=False):
            other = comparator["decision_curve"]
            points = numbers(other["thresholds"]), numbers(other["net_benefit"])
            axes.plot(*points, color=colour, ls=dash, lw=1.7, label=shortened(comparator["label"], 40))
        axes.plot(thresholds, benefit, color=MODEL, lw=2.4, label=shortened(evaluation["label"], 40), zorder=5)
        axes.set(xlim=(thresholds.min(), thresholds.max()), ylim=(-0.12 * peak, 1.12 * peak))
        axes.set(xlabel="Threshold risk at which one would act", ylabel="Net benefit (per person)")
        axes.grid(visible=True)
        percent_axis(axes, "x")
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], labels[::-1], loc="upper right", handlelength=2.6)
        return to_svg(figure, key)


def roc_plot(evaluation: Mapping[str, Any], key: str) -> str:
    """Draw sensitivity against the false-positive rate, with the study's thresholds marked on the curve.

    Parameters
    ----------
    evaluation : mapping
        An evaluation record with a ROC curve.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    roc = evaluation["roc"]
    with house_style():
        figure = new_figure(5.2, 5.0)
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=MUTED, lw=1.0, ls=(0, (4, 3)))
        axes.plot(numbers(roc["false_positive_rate"]), numbers(roc["sensitivity"]), color=MODEL, lw=2.2)
        for row in listed(evaluation.get("classification")):
            if absence(row.get("sensitivity")) is None and absence(row.get("specificity")) is None:
                x, y = 1 - row["specificity"]["estimate"], row["sensitivity"]["estimate"]
                axes.plot(x, y, marker="o", ms=5.4, mfc="white", mec=INK, mew=1.2, zorder=5)
                # Up and to the left, where a curve that bends the right way never is.
                beside: Style = {"xytext": (-4, 5), "textcoords": "offset points", "ha": "right"}
                axes.annotate(percentage(row["threshold"], 0), (x, y), fontsize=8.6, color=INK, **beside)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.06), xlabel="1 − specificity", ylabel="Sensitivity")
        axes.set_aspect("equal")
        axes.grid(visible=True)
        percent_axis(axes)
        place: Style = {"transform": axes.transAxes, "ha": "right"}
        axes.text(0.97, 0.11, "AUC", fontsize=9, color=MUTED, **place)
        axes.text(0.97, 0.055, measure_text(evaluation["measures"], "auc"), fontsize=9.5, color=INK, **place)
        return to_svg(figure, key)


@dataclass(frozen=True)
class ComparisonRow:
    """One row of the comparison: its name, its measures, what it is to the study, and which rows it stands with."""

    label: str
    measures: Mapping[str, Any]
    role: str  # "final", "candidate" or "comparator"
    block: str = ""


def comparison_plot(
    rows: Sequence[ComparisonRow], names: Sequence[str], key: str, entries: Mapping[str, Measure] = MEASURES
) -> str:
    """Draw measures of several models as dots with intervals, one panel a measure, in the order given.

    Parameters
    ----------
    rows : sequence of ComparisonRow
        Models from top to bottom.
    names : sequence of str
        Measures from left to right; the first row's estimate is carried down as a thin line.
    key : str
        Prefix of the ids.
    entries : mapping of str to Measure
        What the measures are called.

    Returns
    -------
    str
        SVG element.
    """
    places = _row_places(rows)
    with house_style():
        figure = new_figure(8.6, 1.15 + 0.34 * (places[-1] + 1))
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            _comparison_panel(axes, rows, places, name, entries[name])
        bold = [position for position, row in enumerate(rows) if row.role == "final"]
        row_labels(panels[0], places, [row.label for row in rows], bold=bold)
        panels[0].set_ylim(places[-1] + 0.7, -0.7)
        return to_svg(figure, key)


def _row_places(rows: Sequence[ComparisonRow]) -> list[float]:
    """Stack rows with a gap wherever the role or the block changes."""
    places = [0.0]
    for before, row in pairwise(rows):
        together = (row.role, row.block) == (before.role, before.block)
        places.append(places[-1] + (1.0 if together else 1.5))
    return places


def _comparison_panel(
    axes: Axes, rows: Sequence[ComparisonRow], places: Sequence[float], name: str, entry: Measure
) -> None:
    markers = {"final": ("D", MODEL, 5.6), "candidate": ("o", INK, 5.0), "comparator": ("s", EVENT, 5.0)}
    known = [(row, place, value_of(row.measures, name)) for row, place in zip(rows, places, strict=True)]
    limits = [limit for _, _, value in known if value for limit in value if limit is not None]
    if known[0][2] is not None:
        axes.axvline(known[0][2][0], color=MODEL, lw=0.8, ls=(0, (2, 2)), alpha=0.7, zorder=1)
    for row, place, value in known:
        marker, colour, size = markers[row.role]
        text = estimate(row.measures.get(name), entry.decimals) if value else "not available"
        style: Style = {"transform": axes.get_yaxis_transform(), "fontsize": 8.4, "va": "center"}
        axes.text(1.03, place, text, color=INK if value else MUTED, **style)
        if value is None:
            continue
        if value[1] is not None and value[2] is not None:
            axes.hlines(place, value[1], value[2], color=colour, lw=1.5, zorder=2)
        axes.plot(value[0], place, marker=marker, color=colour, ms=size, zorder=3)
    if limits:
        margin = 0.06 * (max(limits) - min(limits) or 0.1)
        axes.set_xlim(min(limits) - margin, max(limits) + margin)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    number_axis(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    for place in places:
        axes.axhline(place, color=RULE, lw=0.5, zorder=0)
    panel_title(axes, entry.label)
