"""Clinical usefulness: the decision curve and classification at the study's thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Paragraph, Row, Section, Table
from spinecast.reporting.figures.style import numbers
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import (
    comparators,
    footnoted,
    is_external,
    positive_label,
    row,
    sized,
    unavailable,
)

__all__ = ["classification_section", "decision_section", "useful_range"]


def useful_range(curve: Mapping[str, Any] | None) -> str | None:
    """Say in words over which thresholds acting on the model beats treating all and treating none."""
    if fmt.absence(curve) is not None or curve is None:
        return None
    thresholds, benefit = numbers(curve["thresholds"]), numbers(curve["net_benefit"])
    rival = np.maximum(numbers(curve["treat_all"]), 0.0)
    better = _longest_run(benefit > rival)
    if better is None:
        return "at no threshold studied does the model have a higher net benefit than treating all and treating none."
    text = (
        f"between thresholds of {fmt.percentage(thresholds[better[0]], 0)} and "
        f"{fmt.percentage(thresholds[better[1]], 0)} acting on the model has a higher net benefit than treating "
        "everybody and than treating nobody"
    )
    lower = numbers(curve.get("lower"))
    sure = _longest_run(lower > rival) if lower.shape == rival.shape else None
    if sure is None:
        return f"{text}."
    return (
        f"{text}; between {fmt.percentage(thresholds[sure[0]], 0)} and {fmt.percentage(thresholds[sure[1]], 0)} "
        "so does the lower end of its 95% interval."
    )


def _longest_run(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[int, int] | None:
    """Return first and last position of the longest unbroken run of True."""
    best: tuple[int, int] | None = None
    start: int | None = None
    for position, flag in enumerate([*flags.tolist(), False]):
        if flag and start is None:
            start = position
        elif not flag and start is not None:
            if best is None or position - start > best[1] - best[0] + 1:
                best = (start, position - 1)
            start = None
    return best


def decision_section(record: RunRecord) -> Section:
    """Show net benefit over thresholds."""
    evaluation = {**record.evaluation, "comparators": comparators(record)}
    curve = evaluation.get("decision_curve")
    reason = fmt.absence(curve)
    if reason is not None or curve is None:
        return Section("usefulness", "Clinical usefulness", (unavailable("Decision curve", reason or "not recorded"),))
    found = useful_range(curve) or ""
    blocks: tuple[Block, ...] = (
        Paragraph(
            "The threshold is the risk at which one would act: someone who acts at 20% holds missing one event to be "
            "as bad as "
            "acting on four people without one. Net benefit counts people with the event found, less those without it "
            "acted on, weighted by that exchange; 0.05 is worth five events found in 100 people at no cost."
        ),
        Paragraph(found[:1].upper() + found[1:]),
        Figure(
            key="decision-curve",
            title="Decision curve",
            svg=figures.decision_curve_plot(evaluation, "decision-curve"),
            caption=(
                f"Net benefit of acting on the risk, {sized(evaluation['n'], evaluation['events'])}, against acting "
                "on everybody "
                f"and on nobody. Band: 95% interval, point by point.{_others(evaluation)}{_not_drawn(evaluation)}"
            ),
            alternative=f"Decision curve of the {'model' if is_external(record) else 'final model'}: {found}",
            table=_decision_table(evaluation, curve),
        ),
    )
    partly = [rival for rival in _rivals(evaluation) if rival.get("model_decision_curve") is not None]
    beside = tuple(_beside_rival(rival) for rival in partly)
    return Section("usefulness", "Clinical usefulness", (*blocks, *beside))


def _rivals(evaluation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        rival for rival in fmt.listed(evaluation.get("comparators")) if fmt.absence(rival.get("decision_curve")) is None
    ]


def _not_drawn(evaluation: Mapping[str, Any]) -> str:
    partly = [rival["label"] for rival in _rivals(evaluation) if rival.get("model_decision_curve") is not None]
    if not partly:
        return ""
    which = fmt.joined([fmt.plain(label) for label in partly])
    return f" Not drawn, as not all patients have them: {which}; the tables below compare them where they are known."


def _beside_rival(rival: Mapping[str, Any]) -> Table:
    """Set net benefit of model and comparator side by side in the patients who have both."""
    model, other = rival["model_decision_curve"], rival["decision_curve"]
    label = fmt.plain(rival["label"])
    rows = tuple(
        row(
            fmt.percentage(threshold, 0),
            fmt.estimate(_with_limits(model, place)),
            fmt.estimate(_with_limits(other, place)),
            fmt.number(model["treat_all"][place]),
        )
        for place, threshold in _twentieths(model)
    )
    found = rival["measures"].get("auc", {})
    return Table(
        f"Net benefit of the model and of {label} in the patients who have both, "
        f"{sized(found.get('n'), found.get('events'))}; treating nobody is 0 throughout",
        ("Threshold", "The model (95% interval)", f"{label} (95% interval)", "Treat all"),
        rows,
        numeric=(0, 1, 2, 3),
    )


def _twentieths(curve: Mapping[str, Any]) -> list[tuple[int, float]]:
    """Return the thresholds of a curve nearest to 5 %, 10 % and so on, with their places."""
    thresholds = numbers(curve["thresholds"])
    wanted = np.arange(np.ceil(thresholds.min() * 20 - 1e-9), np.floor(thresholds.max() * 20 + 1e-9) + 1) / 20
    places = sorted({int(np.abs(thresholds - threshold).argmin()) for threshold in wanted}) or [0]
    return [(place, float(thresholds[place])) for place in places]


def _with_limits(curve: Mapping[str, Any], place: int) -> dict[str, Any]:
    lower, upper = curve.get("lower"), curve.get("upper")
    return {
        "estimate": curve["net_benefit"][place],
        "lower": lower[place] if lower else None,
        "upper": upper[place] if upper else None,
    }


def _others(evaluation: Mapping[str, Any]) -> str:
    return " Thin lines: the other candidates." if fmt.listed(evaluation.get("candidates")) else ""


def _decision_table(evaluation: Mapping[str, Any], curve: Mapping[str, Any]) -> Table:
    rivals = [rival for rival in _rivals(evaluation) if rival.get("model_decision_curve") is None]
    name = "Final model" if fmt.listed(evaluation.get("candidates")) else "The model"
    header = ("Threshold", f"{name} (95% interval)", "Treat all", *(rival["label"] for rival in rivals))
    rows = []
    for place, threshold in _twentieths(curve):
        others = [rival["decision_curve"] for rival in rivals]
        rows.append(
            row(
                fmt.percentage(threshold, 0),
                fmt.estimate(_with_limits(curve, place)),
                fmt.number(curve["treat_all"][place]),
                *(fmt.number(_at(other, threshold)) for other in others),
            )
        )
    caption = "Net benefit by threshold; treating nobody is 0 throughout"
    return Table(caption, header, tuple(rows), numeric=tuple(range(len(header))))


def _at(curve: Mapping[str, Any], threshold: float) -> float | None:
    place = int(np.abs(numbers(curve["thresholds"]) - threshold).argmin())
    value = curve["net_benefit"][place]
    return None if value is None else float(value)


def classification_section(record: RunRecord) -> Section:
    """Show sensitivity, specificity and predictive values at the thresholds the study names."""
    title = "Classification at thresholds"
    rows = record.evaluation.get("classification")
    reason = fmt.absence(rows)
    if reason is not None or rows is None:
        return Section("classification", title, (unavailable(title, reason or "not recorded"),))
    names = ("sensitivity", "specificity", "positive_predictive_value", "negative_predictive_value")
    header = (
        "Threshold",
        "Sensitivity",
        "Specificity",
        "Positive predictive value",
        "Negative predictive value",
    )
    shown: list[Row] = []
    for entry in rows:
        shown.append(row(fmt.percentage(entry["threshold"], 0), *(fmt.estimate(entry.get(name)) for name in names)))
        counts = [entry.get(name) or {} for name in names]
        shown.append(row("denominator", *(sized(count.get("n"), None) if count else "–" for count in counts), level=1))
    named = "named thresholds" if is_external(record) else "the study's thresholds"
    table = Table(
        f"Classification at {named}, event: {positive_label(record)}; 95% intervals",
        header,
        tuple(shown),
        notes=("A patient is classified as high risk when the predicted risk is at or above the threshold.",),
        numeric=(1, 2, 3, 4),
    )
    whose = "" if is_external(record) else "The thresholds are those the study file names. "
    text = f"{whose}No single threshold is right for every reader: the decision curve shows all of them."
    return Section("classification", title, (Paragraph(text), footnoted(table)))
