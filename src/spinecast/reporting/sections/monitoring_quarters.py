"""Calibration, performance and inputs over time: every number by quarter, drawn and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Paragraph, Row, Section, Table
from spinecast.reporting.figures.monitoring import (
    DRAWN,
    cumulative_sums_plot,
    input_shifts_plot,
    quarters_plot,
)
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.monitoring_record import MonitoringRecord
from spinecast.reporting.sections.common import footnoted, row, unavailable

__all__ = ["monitoring_calibration_section", "monitoring_inputs_section"]

_MEASURES = ("observed_expected_ratio", "calibration_in_the_large", "calibration_slope", "auc", "brier")


def monitoring_calibration_section(record: MonitoringRecord) -> Section:
    """Show calibration and performance by quarter, and the sums that raise."""
    found = record.found
    absent = fmt.absence(found["calibration"])
    if absent:
        blocks: tuple[Block, ...] = (unavailable("Calibration over time", absent),)
        return Section("calibration", "Calibration and performance over time", blocks)
    rule, sums = found["rule"], found["calibration"]
    quarters = [one for one in found["quarters"] if one["due"]]
    figure = Figure(
        key="quarters",
        title="Calibration and discrimination by quarter",
        svg=quarters_plot(quarters, "quarters"),
        caption="Estimates with 95% intervals; intervals that leave the drawing are in the table. Grey: between which "
        "limits each lies in 998 of 1,000 quarters if every predicted risk is right, and a line at what is then to be "
        "expected. Of an AUC that is no fixed number: of patients who are more alike it is lower.",
        alternative=f"Observed over expected, calibration slope and AUC of {fmt.plural(len(quarters), 'quarter')}.",
        table=_quarter_table(quarters),
    )
    sums_figure = Figure(
        key="sums",
        title="The cumulative sums",
        svg=cumulative_sums_plot(sums, "sums"),
        caption="Highest in each month; a dot: raised. Of the level, sums gather evidence that the odds are "
        f"{rule['odds_ratio']:g} times those predicted, or 1/{rule['odds_ratio']:g} of them; of the spread, that the "
        f"slope is {rule['slope']:g}: low risks are higher and high ones lower than predicted, while as many have the "
        "event. Each begins again at 0 after an alarm. The limits were found by simulation for "
        f"{fmt.integer(round(sums['planned_events']))} expected events, as many as {rule['span_years']} years bring at "
        "the present pace.",
        alternative="Cumulative sums for more and for fewer events than predicted, with the limit "
        f"{fmt.number(sums['limit'], 1)}, and for risks closer together than predicted, with the limit "
        f"{fmt.number(sums['spread_limit'], 1)}.",
        table=_sums_table(sums),
    )
    words = Paragraph(
        "A quarter outside of its limits is one of many quarters looked at. What raises are the cumulative sums: they "
        "see a change that lasts sooner than a quarter does, and their rate of false alarms is set."
    )
    blocks = (words, figure, Paragraph(_counting(sums)), sums_figure)
    return Section("calibration", "Calibration and performance over time", blocks)


def _counting(sums: Mapping[str, Any]) -> str:
    """Say what the sums wait for."""
    if sums["waiting"]:
        return f"The sums wait until a patient's outcome is due: {fmt.plain(sums['waiting'])}."
    return (
        "The sums do not wait for the horizon: an event counts as it comes, and so does each day without it, of "
        "patients whose horizon has not passed too. On which days events come was learned from the patients whose "
        "horizon has passed; how many come is the model's. Enough is known of those under observation until "
        f"{sums['known_to']}: the sums end there."
    )


def _quarter_table(quarters: list[Mapping[str, Any]]) -> Table:
    rows = tuple(
        row(
            one["quarter"] + ("" if one["complete"] else " (goes on)"),
            f"{fmt.integer(one['events'])} of {fmt.integer(one['n'])}",
            fmt.percentage(one["mean_risk"]),
            *(measure_text(one["measures"], name) for name in _MEASURES),
            *(_limits_text(one["limits"].get(name)) for name in DRAWN),
        )
        for one in quarters
    )
    header = (
        "Quarter",
        "Events of judged",
        "Mean risk",
        *(MEASURES[name].short for name in _MEASURES),
        *(f"Limits of {MEASURES[name].short}" for name in DRAWN),
    )
    return footnoted(
        Table("By quarter of the prediction, with 95% intervals", header, rows, numeric=tuple(range(1, len(header))))
    )


def _limits_text(limits: Mapping[str, float] | None) -> str:
    return "–" if limits is None else fmt.interval(limits["lower"], limits["upper"], 2)


def _sums_table(sums: Mapping[str, Any]) -> Table:
    rows = tuple(
        row(
            one["month"],
            fmt.number(one["observed"], 0 if float(one["observed"]).is_integer() else 1),
            fmt.number(one["expected"], 1),
            fmt.number(one["more"], 1),
            fmt.number(one["fewer"], 1),
            fmt.number(one["flatter"], 1),
        )
        for one in sums["months"]
    )
    sums_of = ("More events than predicted", "Fewer events than predicted", "Risks closer together than predicted")
    header = ("Month", "Events", "Expected", *sums_of)
    return Table("Events by month, and the highest of each sum", header, rows, numeric=(1, 2, 3, 4, 5))


def monitoring_inputs_section(record: MonitoringRecord) -> Section:
    """Show how far the inputs are from those of the development."""
    found = record.found
    quarters = [one["quarter"] for one in found["quarters"]]
    raised = frozenset((one["variable"], one["quarter"]) for one in found["alarms"] if one["kind"] == "input")
    last = next((one["quarter"] for one in reversed(found["quarters"]) if one["complete"] and one["patients"]), None)
    figure = Figure(
        key="inputs",
        title="Distance of the inputs from those of the development",
        svg=input_shifts_plot(found["inputs"], raised, quarters, "inputs"),
        caption="Largest distance of two cumulative distributions (Kolmogorov-Smirnov); of levels, the largest "
        "difference of a level's share. A cross: raised.",
        alternative=f"{fmt.plural(len(found['inputs']), 'input')} by {fmt.plural(len(quarters), 'quarter')}; "
        f"{fmt.plural(len(raised), 'cell')} raised.",
        table=_farthest_table(found["inputs"]),
    )
    words = Paragraph(
        "Each quarter is compared with the patients the model was made from. What differs from the first quarter on is "
        "another population; what begins later is a change."
    )
    blocks: list[Block] = [words, figure]
    if last is not None:
        blocks.append(_last_table(found, last))
    return Section("inputs", "Inputs over time", tuple(blocks))


def _farthest_table(inputs: list[Mapping[str, Any]]) -> Table:
    rows = []
    for one in inputs:
        known = [at for at in one["quarters"] if fmt.absence(at["distribution"]) is None]
        if not known:
            rows.append(row(one["label"], "–", "–", "–"))
            continue
        far = max(known, key=lambda at: at["distribution"]["distance"])
        rows.append(
            row(
                one["label"],
                fmt.percentage(far["distribution"]["distance"]),
                far["quarter"],
                fmt.p_value(far["adjusted"]) if far["adjusted"] is not None else "–",
            )
        )
    header = ("Input", "Largest distance", "In", "Adjusted p")
    return Table("Where each input was farthest from the development", header, tuple(rows), numeric=(1, 3))


def _last_table(found: Mapping[str, Any], last: str) -> Table:
    of_last = [next(at for at in one["quarters"] if at["quarter"] == last) for one in found["inputs"]]
    rows = tuple(map(_input_row, found["inputs"], of_last))
    distribution = ("Stability index", "Its limit", "Distance", "Adjusted p")
    header = ("Input", *distribution, "Missing", "In the development", "Adjusted p")
    level = fmt.significant(found["rule"]["quarter_level"], 2)
    notes = (
        "The limit of the population stability index is what it stays below in 99 of 100 quarters if nothing changed, "
        "with so many patients. P-values are adjusted for all tests of the quarter (Holm); raised is what is below "
        f"{level}, so that the rate of false alarms holds over all quarters.",
    )
    caption = f"The inputs in {last}, the last whole quarter"
    return footnoted(Table(caption, header, rows, notes, numeric=tuple(range(1, len(header)))))


def _input_row(one: Mapping[str, Any], at: Mapping[str, Any]) -> Row:
    shift = at["distribution"]
    absent = fmt.absence(shift)
    index = shift.get("stability_index")
    return row(
        one["label"],
        "–" if index is None else fmt.number(index, 2),
        "–" if index is None else fmt.number(shift["stability_limit"], 2),
        fmt.absent(absent) if absent else fmt.percentage(shift["distance"]),
        "–" if at["adjusted"] is None else fmt.p_value(at["adjusted"]),
        "–" if at["missing_share"] is None else fmt.percentage(at["missing_share"]),
        "not recorded" if one["reference_missing"] is None else fmt.percentage(one["reference_missing"]),
        "–" if at["adjusted_missing"] is None else fmt.p_value(at["adjusted_missing"]),
    )
