"""The figure of one patient: how contributions add up to a risk."""

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
    row_labels,
    to_svg,
)
from spinecast.reporting.formatting import number, percentage, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["waterfall_plot", "waterfall_steps"]

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
SHORT_VALUE = 14  # characters that stay on one line


def waterfall_steps(patient: Mapping[str, Any], shown: int = 10) -> list[tuple[str, float]]:
    """Return what is drawn of a patient: the largest contributions, then the sum of the others, then any residual.

    Parameters
    ----------
    patient : mapping
        With log_odds, base_value and contributions.
    shown : int
        How many contributions are drawn one by one.

    Returns
    -------
    list of (str, float)
        Label and contribution; with the base value they add up to the log-odds.
    """
    ordered = sorted(patient["contributions"], key=lambda part: (-abs(part["contribution"]), part["variable"]))
    steps = [
        (f"{plain(part['label'])} {_equals(part['value_text'])}", part["contribution"]) for part in ordered[:shown]
    ]
    rest = ordered[shown:]
    if rest:
        steps.append((f"{len(rest)} other variables", sum(part["contribution"] for part in rest)))
    total = patient["base_value"] + sum(contribution for _, contribution in steps)
    residual = patient["log_odds"] - total
    if abs(residual) >= 0.005:  # below half of the last decimal shown, the bars add up as far as anyone can see
        steps.append(("Not explained (residual)", residual))
    return steps


def _equals(value: object) -> str:
    """Write "= 1 days" so that a line does not break inside it, or "= " and a long value so that it may."""
    shown = plain(value)
    return f"={NO_BREAK_SPACE}{shown.replace(' ', NO_BREAK_SPACE) if len(shown) <= SHORT_VALUE else shown}"


def waterfall_plot(patient: Mapping[str, Any], key: str) -> str:
    """Draw how contributions add up from the average to one patient's log-odds, with risks on the upper axis.

    Parameters
    ----------
    patient : mapping
        One illustrative patient of the explanation record.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    steps = waterfall_steps(patient)
    ends = patient["base_value"] + np.cumsum([contribution for _, contribution in steps])
    starts = np.concatenate([[patient["base_value"]], ends[:-1]])
    with house_style():
        figure = new_figure(7.4, 1.9 + 0.29 * len(steps))
        axes = figure.add_subplot()
        span = max(float(np.ptp(np.concatenate([starts, ends]))), 0.2)
        for place, ((_, contribution), start, end) in enumerate(zip(steps, starts, ends, strict=True)):
            colour = EVENT if contribution > 0 else MODEL
            axes.barh(place, contribution, left=start, height=0.66, color=colour)
            axes.plot([end, end], [place, place + 1], color=MUTED, lw=0.7, zorder=1)
            rightwards = contribution > 0
            axes.annotate(
                number(contribution, 2, signed=True),
                (end, place),
                xytext=(4 if rightwards else -4, 0),
                textcoords="offset points",
                ha="left" if rightwards else "right",
                va="center_baseline",
                fontsize=8.4,
            )
        text = _waterfall_result(axes, patient, len(steps))
        axes.axvline(patient["base_value"], color=MUTED, lw=0.9, ls=(0, (3, 3)), zorder=0)
        labels = [*(label for label, _ in steps), "Predicted risk"]
        row_labels(axes, range(len(labels)), labels, width=44, bold=[len(steps)])
        axes.set_ylim(len(steps) + 1.1, -0.7)
        low, high = axes.get_xlim()
        low, high = low - 0.08 * span, high + 0.08 * span
        axes.set_xlim(low, high)
        # Below the diamond, and never past an end of the axis.
        share = (patient["log_odds"] - low) / (high - low)
        side = "left" if share < 0.25 else "right" if share > 0.75 else "center"
        below: Style = {"xytext": (0, -10), "textcoords": "offset points", "ha": side, "va": "top", "fontsize": 9.2}
        axes.annotate(text, (patient["log_odds"], len(steps)), fontweight="bold", **below)
        axes.set_xlabel("Log-odds of the event")
        axes.spines["left"].set_visible(False)
        axes.grid(visible=True, axis="x")
        _risk_axis(axes)
        return to_svg(figure, key)


def _waterfall_result(axes: Axes, patient: Mapping[str, Any], place: int) -> str:
    """Draw the predicted risk with its interval and return them as text."""
    text = percentage(patient["risk"], 0)
    lower, upper = patient.get("lower"), patient.get("upper")
    if lower is not None and upper is not None and 0 < lower <= upper < 1:
        axes.hlines(place, _logit(lower), _logit(upper), color=INK, lw=1.6, zorder=3)
        text = f"{text} ({percentage(lower, 0)} to {percentage(upper, 0)})"
    axes.plot(patient["log_odds"], place, marker="D", ms=6, color=INK, zorder=4)
    return text


def _risk_axis(axes: Axes) -> None:
    risks = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99])
    above = axes.secondary_xaxis("top")
    low, high = axes.get_xlim()
    inside = [risk for risk in risks if low <= _logit(risk) <= high]
    kept: list[float] = []
    for risk in inside:
        if not kept or _logit(risk) - _logit(kept[-1]) > 0.075 * (high - low):
            kept.append(float(risk))
    above.set_xticks([_logit(risk) for risk in kept], [percentage(risk, 0) for risk in kept])
    above.set_xlabel("Risk")
    above.spines["top"].set_visible(True)


def _logit(risk: float) -> float:
    return float(np.log(risk / (1 - risk)))
