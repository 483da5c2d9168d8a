"""Calibration and usefulness of several models, each on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.comparison_record import ComparisonRecord
from spinecast.reporting.document import Block, Callout, Figure, Paragraph, Section, Table
from spinecast.reporting.figures.side_by_side import benefit_difference_plot, calibration_curves_plot
from spinecast.reporting.figures.style import SERIES, numbers
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.sections.common import footnoted, row, unavailable
from spinecast.reporting.sections.comparison_pairs import FIRST_LESS_SECOND, pair_rows

__all__ = ["DRAWN", "calibration_curves_section", "decision_curves_section"]

DRAWN = 1 + len(SERIES)
"""Models that can be told apart in one picture."""
CALIBRATION = ("calibration_in_the_large", "calibration_slope", "observed_expected_ratio", "ici", "e90")
# Predicted risks at which a table gives the observed ones.
STEPS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def calibration_curves_section(record: ComparisonRecord, suffix: str = "") -> Section:
    """Show the calibration curves of all on one axis, and the measures of calibration.

    Parameters
    ----------
    record : ComparisonRecord
    suffix : str
        Of the figures' keys, where a page shows the curves of several levels.
    """
    runs = record.found["runs"]
    title = "Calibration"
    measures = footnoted(
        Table(
            "Calibration of every model",
            ("Model", *(MEASURES[name].short for name in CALIBRATION)),
            tuple(row(one["label"], *(measure_text(one["measures"], name) for name in CALIBRATION)) for one in runs),
            notes=(
                "Estimates with 95% intervals. Ideal: "
                + ", ".join(f"{MEASURES[name].short} {MEASURES[name].ideal}" for name in CALIBRATION)
                + ".",
            ),
            numeric=tuple(range(1, len(CALIBRATION) + 1)),
        )
    )
    drawn = [one for one in runs if fmt.absence(one["calibration_curve"]) is None][:DRAWN]
    if not drawn:
        reason = fmt.absence(runs[0]["calibration_curve"]) or "not recorded"
        return Section("calibration", title, (unavailable("Calibration curves", reason), measures))
    figure = Figure(
        key=f"calibration{suffix}",
        title="Predicted and observed risk",
        svg=calibration_curves_plot(drawn, f"calibration{suffix}"),
        caption=f"Flexible calibration curves with 95% bands, out of fold.{_left_out(drawn, runs)}",
        alternative="Calibration curves. Slopes: "
        + "; ".join(f"{one['label']} {measure_text(one['measures'], 'calibration_slope')}" for one in drawn)
        + ".",
        table=_curve_table(drawn),
    )
    return Section("calibration", title, (figure, measures))


def _left_out(drawn: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]]) -> str:
    return f" The first {len(drawn)} of {len(runs)} models are drawn." if len(drawn) < len(runs) else ""


def _curve_table(drawn: Sequence[Mapping[str, Any]]) -> Table:
    rows = [row(fmt.percentage(step, 0), *(_read(one["calibration_curve"], step) for one in drawn)) for step in STEPS]
    return Table(
        "Observed proportion by predicted risk, read off the curves",
        ("Predicted", *(one["label"] for one in drawn)),
        tuple(rows),
        notes=("–: no patient has a risk near it.",),
        numeric=tuple(range(len(drawn) + 1)),
    )


def _read(curve: Mapping[str, Any], step: float) -> str:
    predicted = numbers(curve["predicted"])
    if not predicted.min() <= step <= predicted.max():
        return "–"
    value, *ends = (
        float(np.interp(step, predicted, numbers(curve[name]))) if curve.get(name) else None
        for name in ("observed", "lower", "upper")
    )
    limits = "" if None in ends else f" ({fmt.percentage(ends[0])} to {fmt.percentage(ends[1])})"
    return f"{fmt.percentage(value)}{limits}"


def decision_curves_section(record: ComparisonRecord, suffix: str = "") -> Section:
    """Show the decision curves of all on one axis, and how much more net benefit the first has than each other.

    Parameters
    ----------
    record, suffix
        As :func:`calibration_curves_section`.
    """
    runs = record.found["runs"]
    title = "Usefulness"
    if not record.found["paired"]:
        text = (
            "Net benefit depends on how many patients have the outcome: curves of different patients do not belong on "
            "one axis. Each run's own report holds its curve."
        )
        return Section("decisions", title, (Callout("note", "Not drawn", text),))
    first, *others = runs[:DRAWN]
    drawn = {
        "label": first["label"],
        "decision_curve": first["decision_curve"],
        "comparators": [{"label": one["label"], "decision_curve": one["decision_curve"]} for one in others],
    }
    curves = Figure(
        key=f"decision-curves{suffix}",
        title="Net benefit of acting on each model",
        svg=figures.decision_curve_plot(drawn, f"decision-curves{suffix}"),
        caption="Out of fold, in the same patients. The band is that of the first model."
        + _left_out(runs[:DRAWN], runs),
        alternative="Decision curves of " + fmt.joined([one["label"] for one in runs[:DRAWN]]) + ".",
        table=_benefit_table(runs),
    )
    labels = record.labels
    gains = [(labels[pair["second"]], pair["net_benefit_curve"]) for pair in record.with_first()][: len(SERIES)]
    known = [(label, curve) for label, curve in gains if None not in curve["lower"]]
    blocks: list[Block] = [curves]
    if known:
        blocks.append(
            Figure(
                key=f"benefit-differences{suffix}",
                title="Difference in net benefit",
                svg=benefit_difference_plot(first["label"], known, f"benefit-differences{suffix}"),
                caption=(
                    f"{first['label']} less each other model, paired by patient, pointwise 95% bands. Above 0 acting "
                    "on the first does more good at that threshold."
                ),
                alternative=f"Differences in net benefit of {first['label']} less "
                + fmt.joined([label for label, _ in known])
                + ".",
                table=_difference_table(record),
            )
        )
    blocks.append(
        Paragraph(
            "Which model to act on at a threshold follows from the net benefits alone (Vickers 2023); the bands say "
            "how far these patients can tell the models apart."
        )
    )
    return Section("decisions", title, tuple(blocks))


def _benefit_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    curve = runs[0]["decision_curve"]
    thresholds = numbers(curve["thresholds"])
    places = sorted({int(np.abs(thresholds - step).argmin()) for step in STEPS})
    return Table(
        "Net benefit per person",
        ("Threshold", *(one["label"] for one in runs), "Treat all"),
        tuple(
            row(
                fmt.percentage(float(thresholds[place]), 0),
                *(fmt.number(one["decision_curve"]["net_benefit"][place]) for one in runs),
                fmt.number(curve["treat_all"][place]),
            )
            for place in places
        ),
        notes=("Treating nobody has net benefit 0.",),
        numeric=tuple(range(len(runs) + 2)),
    )


def _difference_table(record: ComparisonRecord) -> Table:
    thresholds = [one["threshold"] for one in record.found["pairs"][0]["net_benefit"]]
    return Table(
        "Differences in net benefit at the thresholds named, paired by patient",
        (FIRST_LESS_SECOND, *(f"at {fmt.percentage(level, 0)}" for level in thresholds)),
        pair_rows(record, lambda pair: [fmt.estimate(one, 4) for one in pair["net_benefit"]]),
        notes=("95% intervals, not adjusted for their number.",),
        numeric=tuple(range(1, len(thresholds) + 1)),
    )
