"""What is particular to the external validation of quantiles: first page, usefulness, blood ordered, others beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Figure, KeyFigures, Paragraph, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.figures.timed import horizon_panels_plot
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.sections.common import footnoted, outcome_label, row, unavailable
from spinecast.reporting.sections.external_opening import callouts
from spinecast.reporting.sections.quantity import amount, quantity_tile

__all__ = [
    "blood_orders_section",
    "external_quantity_summary",
    "quantities_beside_section",
    "quantity_decision_section",
    "what_quantiles_hold",
]

TILES = ("pinball_skill", "mean_absolute_error", "coverage_80", "coverage_90")


def external_quantity_summary(record: ExternalRecord) -> Section:
    """Open the report with what was judged, on whom, the headline numbers and what they mean."""
    run, evaluation = record.as_run_record(), record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    lead = (
        f"{fmt.plain(evaluation['label'])} was applied, as it is, to {fmt.integer(evaluation['n'])} {people}; half of "
        f"them lay below {amount(run, evaluation['outcome']['observed']['median'])}. Outcome: {outcome_label(run)}."
    )
    tiles = [
        quantity_tile(run, QUANTITY_MEASURES[name].label, evaluation["measures"].get(name), name) for name in TILES
    ]
    tiles += [
        quantity_tile(run, f"AUC, {amount(run, one['threshold'])} and more", one["measures"]["auc"], "auc")
        for one in evaluation["thresholds"]
    ]
    blocks: list[Block] = [
        Paragraph(lead, lead=True),
        KeyFigures(tuple(tiles)),
        Bullets(tuple(what_quantiles_hold(evaluation))),
    ]
    return Section("summary", "Summary", (*blocks, *callouts(record)))


def what_quantiles_hold(evaluation: Mapping[str, Any]) -> list[str]:
    """Say whether quantiles and intervals hold what they say, beyond chance."""
    low = [one["level"] for one in evaluation["quantiles"] if _misses(one["share_below"], one["level"]) == "above"]
    high = [one["level"] for one in evaluation["quantiles"] if _misses(one["share_below"], one["level"]) == "below"]
    narrow = [one["stated"] for one in evaluation["intervals"] if _misses(one["coverage"], one["stated"]) == "below"]
    wide = [one["stated"] for one in evaluation["intervals"] if _misses(one["coverage"], one["stated"]) == "above"]
    said = [
        f"too high at level {fmt.joined([f'{level:g}' for level in low])}" if low else "",
        f"too low at level {fmt.joined([f'{level:g}' for level in high])}" if high else "",
    ]
    text = "; ".join(part for part in said if part)
    found = [f"Quantiles are {text}." if text else "Quantiles: at no level do these data speak against what they say."]
    covers = [
        f"too narrow where {fmt.joined([fmt.percentage(one, 0) for one in narrow])} are stated" if narrow else "",
        f"too wide where {fmt.joined([fmt.percentage(one, 0) for one in wide])} are stated" if wide else "",
    ]
    text = "; ".join(part for part in covers if part)
    return [*found, f"Intervals are {text}." if text else "Intervals hold what they say as far as these data can tell."]


def _misses(measure: Mapping[str, Any], ideal: float) -> str:
    if measure.get("lower") is None:
        return ""
    return "above" if measure["lower"] > ideal else "below" if measure["upper"] < ideal else ""


def quantities_beside_section(record: ExternalRecord) -> Section:
    """Set the other models of the same quantity beside it."""
    found = fmt.listed(record.evaluation.get("comparators"))
    title = "Side by side"
    if not found:
        text = "Nothing was compared with it: whether it improves on what exists is not known from this report."
        return Section("comparators", title, (Paragraph(text),))
    columns = ("pinball_skill", "mean_absolute_error", "coverage_80", "coverage_90")

    def cells(measures: Mapping[str, Any]) -> list[str]:
        return [fmt.estimate(measures.get(name), QUANTITY_MEASURES[name].decimals) for name in columns]

    rows = [row(record.evaluation["label"], *cells(record.evaluation["measures"]), "–", strong=True)]
    rows += [row(one["label"], *cells(one["measures"]), fmt.estimate(one["pinball_difference"], 1)) for one in found]
    header = ("Model", *(QUANTITY_MEASURES[name].short for name in columns), "Pinball loss, judged less this")
    table = Table(
        "Models of the same quantity in these patients",
        header,
        tuple(rows),
        notes=("95% intervals. Differences are paired by patient: below 0 the judged model is better.",),
        numeric=tuple(range(1, len(header))),
    )
    return Section("comparators", title, (footnoted(table),))


def quantity_decision_section(record: ExternalRecord) -> Section:
    """Show net benefit of acting on the chance of passing each threshold."""
    run, title = record.as_run_record(), "Clinical usefulness"
    judged = [one for one in record.evaluation["thresholds"] if fmt.absence(one.get("decision_curve")) is None]
    if not judged:
        return Section("usefulness", title, (unavailable(title, "no threshold divides these patients"),))
    rows = tuple(
        row(
            amount(run, one["threshold"]),
            fmt.percentage(chance, 0),
            f"{fmt.number(one['net_benefit']['net_benefit'][at])} ({_limits(one['net_benefit'], at)})",
            fmt.number(one["net_benefit"]["treat_all"][at]),
        )
        for one in judged
        for at, chance in enumerate(one["net_benefit"]["thresholds"])
    )
    table = Table(
        "Net benefit of acting on the chance of passing a threshold",
        ("Threshold", "Acted on from a chance of", "Net benefit (95% interval)", "Acting on everybody"),
        rows,
        notes=("Acting on nobody has net benefit 0.",),
        numeric=(0, 1, 2, 3),
    )
    figure = Figure(
        key="threshold-decision",
        title="Decision curves",
        svg=horizon_panels_plot(
            judged,
            "threshold-decision",
            what="decision",
            titles=[f"{amount(run, one['threshold'])} and more" for one in judged],
        ),
        caption="External. Blue: acting on the model, 95% band; dashed: acting on everybody; black: on nobody.",
        alternative=f"Decision curves at {fmt.plural(len(judged), 'threshold')}.",
        table=footnoted(table),
    )
    return Section("usefulness", title, (figure,))


def _limits(benefit: Mapping[str, Any], at: int) -> str:
    lower, upper = benefit["lower"], benefit["upper"]
    return fmt.interval(lower[at] if lower else None, upper[at] if upper else None)


def blood_orders_section(record: ExternalRecord) -> Section | None:
    """Say what the units suggested would have meant; None where the quantity is no loss blood is ordered for."""
    found, title = record.findings.get("blood_orders"), "Blood to cross-match"
    if found is None:
        return None
    reason = fmt.absence(found)
    if reason is not None:
        return Section("blood-orders", title, (unavailable(title, reason),))
    rows = tuple(
        row(
            fmt.percentage(one["level"], 0),
            fmt.integer(one["n"]),
            fmt.estimate(one["ordered"], 2),
            fmt.estimate(one["needed"], 2),
            fmt.estimate(one["short"], 3),
            fmt.estimate(one["enough_exactly"], 3),
            fmt.estimate(one["unused"], 3),
        )
        for one in found["orders"]
    )
    table = Table(
        "Units suggested beside units the same rule asks for at the loss that came",
        ("Lose less", "n", "Suggested, mean", "Asked for, mean", "Too few", "As many", "Too many"),
        rows,
        notes=(
            f"{fmt.plain(found['rule'])}. Shares of patients with 95% intervals. Not estimable, because an input is "
            f"missing or the loss passed a whole blood volume: {fmt.integer(found['not_estimable'])} of "
            f"{fmt.integer(found['n'])}. The rule is judged by its own measure, not by what was transfused.",
        ),
        numeric=(0, 1, 2, 3, 4, 5, 6),
    )
    text = (
        "Had units been ordered for the loss that the stated share of such patients stay below, this many would have "
        "been cross-matched, and this is how often they would have been too few or more than asked for."
    )
    return Section("blood-orders", title, (Paragraph(text), footnoted(table)))
