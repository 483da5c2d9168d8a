"""How good the predictions are: candidates compared, discrimination, calibration, folds, comparators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Facts, Figure, Heading, Paragraph, Section, Table
from spinecast.reporting.figures.style import numbers
from spinecast.reporting.measures import MEASURES, measure_text, value_of
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import (
    basis,
    comparators,
    footnoted,
    is_external,
    measure_table,
    negative_label,
    positive_label,
    row,
    sized,
    unavailable,
)
from spinecast.reporting.sections.model_parts import FINAL_PART, FINAL_PART_NOTE

__all__ = [
    "calibration_section",
    "comparators_section",
    "comparison_section",
    "discrimination_section",
    "folds_section",
]

BY_FOLD = ("auc", "log_loss", "calibration_in_the_large", "calibration_slope")
COMPARED = ("auc", "scaled_brier", "log_loss", "calibration_in_the_large", "calibration_slope")


def comparison_section(record: RunRecord) -> Section:
    """Set the final model, its candidates and its comparators side by side."""
    evaluation = record.evaluation
    candidates = sorted(fmt.listed(evaluation.get("candidates")), key=_by_log_loss)
    rows = [figures.ComparisonRow(fmt.plain(evaluation["label"]), evaluation["measures"], "final")]
    rows += [figures.ComparisonRow(fmt.plain(one["label"]), one["measures"], "candidate") for one in candidates]
    rows += [
        figures.ComparisonRow(fmt.plain(one["label"]), one["measures"], "comparator") for one in comparators(record)
    ]
    overall = "scaled_brier" if any(value_of(one.measures, "scaled_brier") for one in rows) else "log_loss"
    parts = {fmt.plain(one["label"]) for one in candidates if one.get("is_final_part")}
    table = footnoted(
        Table(
            "Final model, candidates and comparators",
            ("Model", *(MEASURES[name].short for name in COMPARED)),
            tuple(
                row(
                    f"{one.label}{FINAL_PART}" if one.label in parts else one.label,
                    *(measure_text(one.measures, name) for name in COMPARED),
                    strong=one.role == "final",
                )
                for one in rows
            ),
            notes=(
                f"Estimates with 95% intervals. {FINAL_PART_NOTE}",
                "The final model is judged with the choice of candidate repeated in every outer fold, so it can differ "
                "from the "
                "candidate it is made of.",
            ),
            numeric=tuple(range(1, len(COMPARED) + 1)),
        )
    )
    figure = Figure(
        key="comparison",
        title="Models side by side",
        svg=figures.comparison_plot(rows, ("auc", overall), "comparison"),
        caption=(
            f"Estimates and 95% intervals, {basis(record)}, {sized(evaluation['n'], evaluation['events'])} unless a "
            "comparator "
            "was recorded for fewer. Diamond and dotted line: the final model; circles: candidates, best log-loss "
            "first; "
            "squares: comparators."
        ),
        alternative=(
            f"Dot plot of {fmt.plural(len(rows), 'model')}. Final model: AUC "
            f"{measure_text(evaluation['measures'], 'auc')}."
        ),
        table=table,
    )
    text = (
        "Intervals of two models that overlap may still differ: they were judged on the same patients. Differences "
        "between "
        "candidates smaller than the spread between folds are best read as none."
    )
    return Section("comparison", "Model comparison", (Paragraph(text), figure))


def _by_log_loss(candidate: Mapping[str, Any]) -> tuple[float, str]:
    value = value_of(candidate["measures"], "log_loss")
    return (value[0] if value else float("inf"), str(candidate["name"]))


def discrimination_section(record: RunRecord) -> Section:
    """Show the ROC curve and the overall measures."""
    evaluation = record.evaluation
    blocks: list[Block] = []
    roc = evaluation.get("roc")
    reason = fmt.absence(roc)
    if reason is not None or roc is None:
        blocks.append(unavailable("ROC curve", reason or "not recorded"))
    else:
        auc = measure_text(evaluation["measures"], "auc")
        blocks.append(
            Figure(
                key="roc",
                title="Receiver operating characteristic",
                svg=figures.roc_plot(evaluation, "roc"),
                caption=(
                    f"{basis(record).capitalize()}, {sized(evaluation['n'], evaluation['events'])}. {_circles(record)}"
                ).rstrip(),
                alternative=f"ROC curve, area {auc}.",
                table=_roc_table(roc),
            )
        )
    names = ("auc", "scaled_brier", "brier", "brier_null", "log_loss")
    blocks.append(measure_table(evaluation["measures"], names, "Discrimination and overall performance"))
    return Section("discrimination", "Discrimination", tuple(blocks))


def _circles(record: RunRecord) -> str:
    if not fmt.listed(record.evaluation.get("classification")):
        return ""
    whose = "the thresholds named" if is_external(record) else "the study's thresholds"
    return f"Circles: {whose}."


def _roc_table(roc: Mapping[str, Any]) -> Table:
    rates, sensitivity = numbers(roc["false_positive_rate"]), numbers(roc["sensitivity"])
    places = sorted({int(np.abs(rates - wanted).argmin()) for wanted in np.linspace(0, 1, 21)})
    rows = tuple(row(fmt.percentage(1 - rates[place]), fmt.percentage(sensitivity[place])) for place in places)
    return Table("Points of the ROC curve", ("Specificity", "Sensitivity"), rows, numeric=(0, 1))


def calibration_section(record: RunRecord) -> Section:
    """Show whether risks mean what they say."""
    evaluation = record.evaluation
    blocks: list[Block] = []
    curve = evaluation.get("calibration_curve")
    reason = fmt.absence(curve)
    if reason is not None or curve is None:
        blocks.append(unavailable("Calibration curve", reason or "not recorded"))
    else:
        blocks.append(
            calibration_figure(
                evaluation,
                "calibration",
                "Predicted and observed risk",
                basis(record),
                positive=positive_label(record),
                negative=negative_label(record),
            )
        )
    names = (
        "calibration_in_the_large",
        "calibration_slope",
        "observed_expected_ratio",
        "ici",
        "e50",
        "e90",
        "e_max",
    )
    notes = (
        "The last four are distances: never below 0, and by chance above it even for a perfectly calibrated model. An "
        "interval that begins at 0 says that chance alone may have given the estimate.",
    )
    blocks.append(measure_table(evaluation["measures"], names, "Calibration", notes))
    return Section("calibration", "Calibration", tuple(blocks))


def calibration_figure(
    evaluation: Mapping[str, Any], key: str, title: str, basis: str, *, positive: str, negative: str
) -> Figure:
    """Draw observed over predicted risk, with its numbers.

    Parameters
    ----------
    evaluation : mapping
        With a calibration curve, the measures and the size; groups and histogram where it has them.
    key, title : str
        Of the figure.
    basis : str
        How the predictions came about.
    positive, negative : str
        Names of the two outcomes.
    """
    measures, curve = evaluation["measures"], evaluation["calibration_curve"]
    slope, level = (measure_text(measures, name) for name in ("calibration_slope", "calibration_in_the_large"))
    return Figure(
        key=key,
        title=title,
        svg=figures.calibration_plot(evaluation, key, positive=positive, negative=negative),
        caption=(
            f"{basis.capitalize()}, {sized(evaluation['n'], evaluation['events'])}. Curve: "
            f"{fmt.plain(curve.get('method') or 'method not recorded')}. Below: how predicted risks are "
            "distributed in each outcome group."
        ),
        alternative=f"Calibration plot: slope {slope}, calibration-in-the-large {level}.",
        table=_groups_table(evaluation, curve),
    )


def _groups_table(evaluation: Mapping[str, Any], curve: Mapping[str, Any]) -> Table:
    groups = evaluation.get("calibration_groups")
    if fmt.absence(groups) is None and groups:
        rows = tuple(
            row(
                str(position),
                fmt.percentage(group["predicted"]),
                f"{fmt.percentage(group['observed'])} "
                f"({fmt.percentage(group['lower'])} to {fmt.percentage(group['upper'])})",
                fmt.n_of_n(group["events"], group["n"]).partition(" (")[0],
            )
            for position, group in enumerate(groups, start=1)
        )
        header = ("Group", "Mean predicted risk", "Observed (95% interval)", "Events")
        counted = all(np.isclose(group["observed"] * group["n"], group["events"]) for group in groups)
        notes = () if counted else ("Observed is weighted for censoring; events and patients are counted as they are.",)
        title = "Observed and predicted risk in groups of equal size"
        return Table(title, header, rows, notes=notes, numeric=(0, 1, 2, 3))
    predicted, observed = numbers(curve["predicted"]), numbers(curve["observed"])
    places = sorted({int(place) for place in np.linspace(0, predicted.size - 1, min(21, predicted.size)).round()})
    points = tuple(row(fmt.percentage(predicted[place]), fmt.percentage(observed[place])) for place in places)
    return Table("Points of the calibration curve", ("Predicted", "Observed"), points, numeric=(0, 1))


def folds_section(record: RunRecord) -> Section:
    """Show performance fold by fold."""
    folds = record.evaluation.get("by_fold")
    reason = fmt.absence(folds)
    title = "Performance by fold"
    if reason is not None or folds is None:
        return Section("folds", title, (unavailable(title, reason or "not recorded"),))
    rows = [
        row(
            f"Fold {entry['fold']}" if isinstance(entry["fold"], int) else entry["fold"],
            fmt.integer(entry["n"]),
            fmt.integer(entry["events"]),
            *(measure_text(entry["measures"], name) for name in BY_FOLD),
        )
        for entry in folds
    ]
    whole = record.evaluation
    cells = (measure_text(whole["measures"], name) for name in BY_FOLD)
    rows.append(row("Pooled", fmt.integer(whole["n"]), fmt.integer(whole["events"]), *cells, strong=True))
    header = ("Fold", "n", "Events", *(MEASURES[name].short for name in BY_FOLD))
    table = Table(
        "The final model in each outer fold and pooled, 95% intervals",
        header,
        tuple(rows),
        numeric=tuple(range(1, len(header))),
    )
    return Section("folds", title, (footnoted(table),))


def comparators_section(record: RunRecord) -> Section:
    """Compare with models that already exist, on the same patients."""
    found = comparators(record)
    reason = fmt.absence(record.evaluation.get("comparators"), empty=False)
    if reason is not None:
        return Section("comparators", "Comparators", (unavailable("Comparators", reason),))
    if not found:
        text = "The study names no comparator: whether the model improves on what exists is not known from this report."
        return Section("comparators", "Comparators", (Paragraph(text),))
    rows = [
        row(
            one["label"],
            _rests_on(one["measures"]),
            measure_text(one["measures"], "auc"),
            measure_text(one.get("model_measures") or record.evaluation["measures"], "auc"),
            fmt.estimate(one.get("auc_difference")),
            measure_text(one["measures"], "calibration_in_the_large"),
            measure_text(one["measures"], "calibration_slope"),
        )
        for one in found
    ]
    label = fmt.plain(record.evaluation["label"])
    header = ("Comparator", "Rests on", "AUC", "The model there", "AUC difference", "Calibration-in-the-large", "Slope")
    table = Table(
        f"Comparators and the paired difference in AUC: {label} less comparator",
        header,
        tuple(rows),
        notes=(
            "95% intervals. The model there: its AUC in the patients who have the comparator. Differences are paired: "
            "both models on the patients who have both predictions.",
        ),
        numeric=(2, 3, 4, 5, 6),
    )
    none = "" if is_external(record) else fmt.absent("no note in the study")
    noted = [(fmt.plain(one["label"]), fmt.sentence(one.get("note") or none)) for one in found]
    notes = tuple((label, note) for label, note in noted if note)
    said = (Heading("What to know before comparing"), Facts(notes)) if notes else ()
    return Section("comparators", "Comparators", (footnoted(table), *said))


def _rests_on(measures: Mapping[str, Any]) -> str:
    for name in ("auc", "log_loss", "brier"):
        found = measures.get(name)
        if found is not None and fmt.absence(found) is None:
            return sized(found.get("n"), found.get("events"))
    return "–"
