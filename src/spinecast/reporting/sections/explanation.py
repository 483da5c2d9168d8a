"""What the model has learned, and how it adds up for four composite patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Heading, Paragraph, Row, Section, Table
from spinecast.reporting.figures.style import numbers
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import SMALLEST_SHOWN, row, unavailable
from spinecast.reporting.sections.explanation_stability import stability_blocks
from spinecast.reporting.sections.model_parts import composites_note

__all__ = ["explanation_section", "patients_section"]

FloatArray: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

IN_IMPORTANCE = 25
IN_BEESWARM = 15
IN_DEPENDENCE = 6
FEW_VALUES = 12
LOG_ODDS = "log-odds"


def explanation_section(record: RunRecord) -> Section:
    """Show which variables move the risk, by how much and in which direction."""
    title = "Explanation"
    explanation = record.explanation
    importance = explanation.get("importance")
    reason = fmt.absence(explanation) or fmt.absence(importance)
    if reason is not None or importance is None:
        return Section("explanation", title, (unavailable(title, reason or "not recorded"),))
    order = {entry["variable"]: place for place, entry in enumerate(_by_importance(importance))}
    swarm = sorted(fmt.listed(explanation.get("beeswarm")), key=lambda entry: order.get(entry["variable"], len(order)))
    swarm = [entry for entry in swarm if entry["points"]]
    scale = fmt.plain(explanation.get("scale") or LOG_ODDS)
    moved = fmt.plain(explanation.get("moves") or "risk")
    of_what = f"{scale} of the event" if moved == "risk" else scale
    blocks: list[Block] = [Paragraph(_method(explanation)), _importance(_by_importance(importance), scale, moved)]
    blocks += stability_blocks(explanation.get("stability"), scale)
    if swarm:
        blocks += [_beeswarm(swarm[:IN_BEESWARM], scale, of_what), _dependence(swarm[:IN_DEPENDENCE], of_what)]
    else:
        blocks.append(unavailable("Contributions by value", "not recorded in this run"))
    return Section("explanation", title, tuple(blocks))


def _by_importance(importance: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(importance, key=lambda entry: (-entry["mean_absolute"], str(entry["variable"])))


def _method(explanation: Mapping[str, Any]) -> str:
    parts = [
        f"{fmt.plain(part['name'])} ({fmt.plain(part['method'])})" for part in fmt.listed(explanation.get("parts"))
    ]
    patients = explanation.get("patients")
    drawn = f", for {fmt.plural(patients, 'patient')} drawn at random" if patients else ""
    by = (
        f"Contributions (SHAP values) were computed for each part of the final model: {fmt.joined(parts)}"
        if parts
        else ""
    )
    residual, tolerance = explanation.get("residual_max"), explanation.get("residual_tolerance")
    exact = ""
    if residual is not None and tolerance is not None:
        verdict = "within" if residual <= tolerance else "NOT within"
        exact = (
            f" They add up to the {explanation.get('scale', LOG_ODDS)} the model gives with a largest "
            f"residual of {fmt.significant(residual, 2)}, "
            f"{verdict} "
            f"the tolerance of {fmt.significant(tolerance, 2)}."
        )
    moved = fmt.plain(explanation.get("moves") or "risk of the event")
    return (
        f"{by}{drawn}.{exact} A contribution above 0 raises the {moved}, one below 0 lowers it, against the "
        "average "
        "patient. Contributions describe what the model does with a value; they do not say what causes the outcome, "
        "nor what "
        "would happen if the value were changed."
    ).lstrip(". ")


def _importance(importance: Sequence[Mapping[str, Any]], scale: str, moved: str) -> Figure:
    top = importance[0]
    rows = tuple(
        row(str(place), entry["label"], fmt.number(entry["mean_absolute"], 4))
        for place, entry in enumerate(importance, 1)
    )
    return Figure(
        key="importance",
        title=f"Which variables move the {moved} most",
        svg=figures.importance_plot(importance[:IN_IMPORTANCE], "importance", scale),
        caption=(
            f"Mean absolute contribution to the {scale}; all levels and indicators of a variable taken together."
            + (
                " Hatched: all features of an image as one, by the sum of their contributions; each follows by itself."
                if any(entry.get("together") for entry in importance)
                else ""
            )
        ),
        alternative=(
            f"Bar chart of {fmt.plural(len(importance), 'variable')}; the largest is {fmt.plain(top['label'])}, "
            f"{fmt.number(top['mean_absolute'])} on the scale of the {scale}."
        ),
        table=Table("Mean absolute contribution", ("Rank", "Variable", fmt.sentence(scale)), rows, numeric=(0, 2)),
    )


def _beeswarm(variables: Sequence[Mapping[str, Any]], scale: str, of_what: str) -> Figure:
    rows = []
    for entry in variables:
        contributions = numbers([point["contribution"] for point in entry["points"]])
        missing = sum(point["value"] is None for point in entry["points"])
        low, middle, high = np.quantile(contributions, [0.05, 0.5, 0.95])
        cells = (fmt.number(float(value), 3, signed=True) for value in (low, middle, high))
        rows.append(row(entry["label"], *cells, f"{_patients(missing)} of {fmt.integer(contributions.size)}"))
    return Figure(
        key="beeswarm",
        title="Contribution of each variable in each patient explained",
        svg=figures.beeswarm_plot(variables, "beeswarm", of_what),
        caption=(
            f"The {len(variables)} most important variables. One point is one patient; points are shuffled separately "
            "for each "
            "variable, so no row of them is a person. Colour: the variable's value from low to high, or its levels "
            "in the order "
            "of the dictionary; grey: not recorded."
        ),
        alternative=(
            f"Beeswarm of contributions of {fmt.plural(len(variables), 'variable')}, widest for "
            f"{fmt.plain(variables[0]['label'])}."
        ),
        table=Table(
            f"Spread of contributions to the {scale}",
            ("Variable", "5th centile", "Median", "95th centile", "Not recorded"),
            tuple(rows),
            numeric=(1, 2, 3, 4),
        ),
    )


def _dependence(variables: Sequence[Mapping[str, Any]], of_what: str) -> Figure:
    rows: list[Row] = []
    for entry in variables:
        rows.append(Row((fmt.named(entry["label"], entry.get("unit")),), heading=True))
        rows += _dependence_rows(entry)
    names = fmt.joined([fmt.plain(entry["label"]) for entry in variables])
    return Figure(
        key="dependence",
        title="Contribution by value",
        svg=figures.dependence_plot(variables, "dependence", of_what),
        caption=(
            f"The {len(variables)} most important variables. Points: patients explained; orange: the running median, "
            "or the "
            "median of a level; grey: not recorded."
        ),
        alternative=f"Contribution against value for {names}.",
        table=Table(
            "Median contribution by value",
            ("Value", "Patients", "Median contribution"),
            tuple(rows),
            numeric=(1, 2),
        ),
    )


def _dependence_rows(entry: Mapping[str, Any]) -> list[Row]:
    """Split a variable into its levels, or its values into fifths; those not recorded come last."""
    values = numbers([point["value"] for point in entry["points"]])
    contributions = numbers([point["contribution"] for point in entry["points"]])
    known = np.isfinite(values)
    levels = entry.get("levels")
    groups: list[tuple[str, Flags]] = []
    if levels is not None:
        groups = [(fmt.plain(level), values == code) for code, level in enumerate(levels)]
    elif known.any():
        groups = _groups(values, known)
    groups.append(("Not recorded", ~known))
    return [
        row(
            name,
            _patients(int(inside.sum())),
            fmt.number(float(np.median(contributions[inside])), 3, signed=True),
            level=1,
        )
        for name, inside in groups
        if inside.any()
    ]


def _groups(values: FloatArray, known: Flags) -> list[tuple[str, Flags]]:
    """Split values into fifths, open at both ends because the lowest and the highest value are somebody's.

    A variable of few values is split by value instead.
    """
    distinct = np.unique(values[known])
    if distinct.size <= FEW_VALUES:
        return [(fmt.significant(float(value)), values == value) for value in distinct]
    edges = np.unique(np.quantile(values[known], [0.2, 0.4, 0.6, 0.8]))
    bounds = [-np.inf, *edges, np.inf]
    groups = []
    for low, high in pairwise(bounds):
        lowest, highest = fmt.significant(float(low)), fmt.significant(float(high))
        if np.isinf(low):
            name = f"below {highest}"
        else:
            name = f"{lowest} and above" if np.isinf(high) else f"{lowest} to below {highest}"
        groups.append((name, known & (values >= low) & (values < high)))
    return groups


def _patients(number: int) -> str:
    return f"<{SMALLEST_SHOWN}" if 0 < number < SMALLEST_SHOWN else fmt.integer(number)


def patients_section(record: RunRecord) -> Section:
    """Show how the risk adds up in four patients made for the purpose."""
    title = "Illustrative patients"
    patients = record.explanation.get("illustrative")
    reason = fmt.absence(record.explanation) or fmt.absence(patients)
    if reason is not None or patients is None:
        return Section("patients", title, (unavailable(title, reason or "not recorded"),))
    blocks: list[Block] = [composites_note("one part")]
    for position, patient in enumerate(patients, start=1):
        blocks += [Heading(fmt.plain(patient["title"])), _patient(patient, f"patient-{position}")]
    return Section("patients", title, tuple(blocks))


def _patient(patient: Mapping[str, Any], key: str) -> Figure:
    steps = figures.waterfall_steps(patient)
    risk = fmt.percentage(patient["risk"])
    if patient.get("lower") is not None and patient.get("upper") is not None:
        risk += f" ({fmt.percentage(patient['lower'])} to {fmt.percentage(patient['upper'])})"
    ordered = sorted(patient["contributions"], key=lambda part: (-abs(part["contribution"]), part["variable"]))
    rows = [row("Average patient", "–", fmt.number(patient["base_value"], 3, signed=True))]
    rows += [
        row(part["label"], part["value_text"], fmt.number(part["contribution"], 3, signed=True)) for part in ordered
    ]
    total = patient["base_value"] + sum(part["contribution"] for part in ordered)
    residual = patient["log_odds"] - total
    rows.append(row("Residual", "–", fmt.number(residual, 3, signed=True)))
    rows.append(row("Log-odds of the event", f"risk {risk}", fmt.number(patient["log_odds"], 3), strong=True))
    strongest = fmt.joined([label for label, _ in steps[:3]])
    return Figure(
        key=key,
        title=f"Composite patient: predicted risk {risk}",
        svg=figures.waterfall_plot(patient, key),
        caption=(
            f"{fmt.plain(patient['description'])} Bars lead from the average patient (dashed) to the predicted risk "
            "(diamond, with "
            "its interval); orange raises the risk, blue lowers it."
        ),
        alternative=f"Waterfall of contributions to a predicted risk of {risk}; the largest come from {strongest}.",
        table=Table(
            "Every contribution, on the log-odds scale",
            ("Variable", "Value", "Contribution"),
            tuple(rows),
            numeric=(2,),
        ),
    )
