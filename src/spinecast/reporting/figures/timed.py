"""Figures of risks over time: curves with bands, the observed curve, ranking by day, calibration at each horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from spinecast.reporting.figures.style import (
    INK,
    MODEL,
    MUTED,
    SERIES,
    house_style,
    new_figure,
    numbers,
    panel_title,
    percent_axis,
    to_svg,
)
from spinecast.reporting.formatting import absence, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["auc_over_time_plot", "horizon_panels_plot", "observed_curve_plot", "patient_curves_plot"]

_COLOURS = (MODEL, *(colour for colour, _ in SERIES))
_DASHES: tuple[Any, ...] = ("-", *(dash for _, dash in SERIES))


def patient_curves_plot(patients: Sequence[Mapping[str, Any]], key: str, *, survival: bool) -> str:
    """Draw the curve of each illustrative patient with its band.

    Parameters
    ----------
    patients : sequence of mapping
        Each with a title and a curve: days, risk, lower, upper.
    key : str
        Prefix of the ids.
    survival : bool
        Whether the probability of no event is drawn, and not that of the event.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 4.3)
        axes = figure.add_subplot()
        for patient, colour, dash in zip(patients, _COLOURS, _DASHES, strict=False):
            curve = patient["curve"]
            days = np.concatenate([[0.0], numbers(curve["days"])])
            risk, lower, upper = (np.concatenate([[0.0], numbers(curve[name])]) for name in ("risk", "lower", "upper"))
            drawn = [1 - values if survival else values for values in (risk, lower, upper)]
            axes.fill_between(days, drawn[1], drawn[2], color=colour, alpha=0.13, lw=0)
            axes.plot(days, drawn[0], color=colour, ls=dash, label=patient["title"])
        axes.set(xlabel="Days", ylim=(0, 1), xlim=(0, None))
        axes.set_ylabel("Probability of no event" if survival else "Cumulative incidence of the event")
        axes.grid(visible=True)
        percent_axis(axes, "y")
        figure.legend(loc="outside upper left", ncols=2, handlelength=2.2)
        return to_svg(figure, key)


def observed_curve_plot(observed: Mapping[str, Any], key: str, *, survival: bool) -> str:
    """Draw the observed curve with its interval and the mean of the predicted curves.

    Parameters
    ----------
    observed : mapping
        Days, observed, lower, upper, predicted: probabilities of the event; ``steps``, the observed ones on days close
        together (earlier records have none).
    key, survival
        As :func:`patient_curves_plot`.
    """
    with house_style():
        figure = new_figure(7.2, 3.8)
        axes = figure.add_subplot()
        seen = observed.get("steps", observed)
        drawn = {name: numbers(seen[name]) for name in ("observed", "lower", "upper")}
        # Everybody is without the event on day 0, and so in the model.
        days = np.concatenate([[0.0], numbers(observed["days"])])
        predicted = np.concatenate([[0.0], numbers(observed["predicted"])])
        if survival:
            drawn, predicted = {name: 1 - values for name, values in drawn.items()}, 1 - predicted
        steps = numbers(seen["days"])
        axes.fill_between(steps, drawn["lower"], drawn["upper"], color=MUTED, alpha=0.2, lw=0, step="post")
        estimator = "Kaplan-Meier" if survival else "Aalen-Johansen"
        axes.step(steps, drawn["observed"], where="post", color=INK, lw=1.4, label=f"Observed ({estimator}), 95% band")
        axes.plot(days, predicted, color=MODEL, ls=(0, (5.0, 1.6)), lw=2.0, label="Mean of the predictions")
        axes.set(xlabel="Days", ylim=(0, 1), xlim=(0, None))
        axes.set_ylabel("Probability of no event" if survival else "Cumulative incidence of the event")
        axes.grid(visible=True)
        percent_axis(axes, "y")
        axes.legend(loc="upper right" if survival else "upper left")
        return to_svg(figure, key)


def auc_over_time_plot(evaluation: Mapping[str, Any], key: str) -> str:
    """Draw the AUC of the risk by each day with its band, and those of what is set beside the model.

    Parameters
    ----------
    evaluation : mapping
        ``auc_over_time``, ``comparators`` and ``horizon_studies`` of a record.
    key : str
        Prefix of the ids.
    """
    with house_style():
        figure = new_figure(7.2, 4.1)
        axes = figure.add_subplot()
        found = evaluation["auc_over_time"]
        days = numbers(found["days"])
        axes.fill_between(days, numbers(found["lower"]), numbers(found["upper"]), color=MODEL, alpha=0.14, lw=0)
        axes.plot(days, numbers(found["auc"]), color=MODEL, lw=2.0, label="This model, 95% band", zorder=4)
        for comparator, (colour, dash) in zip(listed(evaluation.get("comparators")), SERIES, strict=False):
            points = _auc_points(comparator["horizons"])
            if points:
                axes.plot(
                    *zip(*points, strict=True), color=colour, ls=dash, marker="s", ms=4, label=comparator["label"]
                )
        studies = [one for one in listed(evaluation.get("horizon_studies")) if absence(one) is None]
        points = [
            (one["day"], one["study_measures"]["horizon_auc"]["estimate"])
            for one in studies
            if absence(one["study_measures"]["horizon_auc"]) is None
        ]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, ls="none", marker="D", ms=6, mfc="white", mec=INK, label="Studies of one day", zorder=5)
        axes.set_xscale("log")
        ticks = [float(day) for day in evaluation["horizons_days"]]
        axes.set_xticks(ticks, [f"{day:g}" for day in ticks])
        axes.minorticks_off()
        axes.set(xlabel="Day (logarithmic scale)", ylabel="AUC at that day")
        axes.grid(visible=True)
        axes.legend(loc="lower right")
        return to_svg(figure, key)


def _auc_points(horizons: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    found = [(one["day"], one["measures"]["horizon_auc"]) for one in horizons]
    return [(day, measure["estimate"]) for day, measure in found if absence(measure) is None]


def horizon_panels_plot(
    horizons: Sequence[Mapping[str, Any]], key: str, *, what: str, titles: Sequence[str] = ()
) -> str:
    """Draw one panel a horizon: calibration curves with groups, or decision curves.

    Parameters
    ----------
    horizons : sequence of mapping
        Of the evaluation.
    key : str
        Prefix of the ids.
    what : {"calibration", "decision"}
    titles : sequence of str
        Of the panels; the horizons' days when left out.
    """
    columns = min(3, len(horizons))
    lines = ceil(len(horizons) / columns)
    with house_style():
        figure = new_figure(7.4, 0.6 + 2.35 * lines)
        panels = figure.subplots(lines, columns, squeeze=False)
        named = titles or [f"Day {horizon['day']:g}" for horizon in horizons]
        for axes, horizon, title in zip(panels.flat, horizons, named, strict=False):
            panel_title(axes, title)
            if what == "calibration":
                _calibration(axes, horizon)
            else:
                _decision(axes, horizon)
            axes.grid(visible=True)
            axes.tick_params(labelsize=8)
        for axes in panels.flat[len(horizons) :]:
            axes.set_visible(False)
        figure.supxlabel("Predicted risk" if what == "calibration" else "Threshold risk", fontsize=9.5)
        figure.supylabel("Observed" if what == "calibration" else "Net benefit", fontsize=9.5)
        return to_svg(figure, key)


def _calibration(axes: Axes, horizon: Mapping[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4.0, 2.0)))
    curve = horizon["calibration_curve"]
    if absence(curve) is None:
        predicted = numbers(curve["predicted"])
        if curve.get("lower"):
            axes.fill_between(
                predicted, numbers(curve["lower"]), numbers(curve["upper"]), color=MODEL, alpha=0.16, lw=0
            )
        axes.plot(predicted, numbers(curve["observed"]), color=MODEL, lw=1.8)
    for group in listed(horizon["calibration_groups"]):
        observed = group["observed"]
        if absence(observed) is None:
            if observed["lower"] is not None:
                axes.plot([group["predicted"]] * 2, [observed["lower"], observed["upper"]], color=INK, lw=0.8)
            axes.plot(group["predicted"], observed["estimate"], "o", color=INK, ms=3.2)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    percent_axis(axes)


def _decision(axes: Axes, horizon: Mapping[str, Any]) -> None:
    curve = horizon["decision_curve"]
    if absence(curve) is not None:
        axes.text(0.5, 0.5, "not available", ha="center", va="center", transform=axes.transAxes, color=MUTED)
        return
    thresholds, benefit = numbers(curve["thresholds"]), numbers(curve["net_benefit"])
    if curve.get("lower"):
        axes.fill_between(thresholds, numbers(curve["lower"]), numbers(curve["upper"]), color=MODEL, alpha=0.16, lw=0)
    axes.plot(thresholds, benefit, color=MODEL, lw=1.8)
    axes.plot(thresholds, numbers(curve["treat_all"]), color=MUTED, lw=1.1, ls=(0, (4.0, 2.0)))
    axes.axhline(0, color=INK, lw=0.8)
    top = max(float(np.nanmax(benefit)), 0.05)
    axes.set(xlim=(thresholds[0], thresholds[-1]), ylim=(-0.15 * top, 1.15 * top))
    percent_axis(axes, "x")
