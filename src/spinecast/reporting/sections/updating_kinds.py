"""Sections of the report of an update where the model predicts a time, a quantity or ordered levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Block,
    Bullets,
    Callout,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
    Table,
)
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.figures.quantity import quantile_reliability_plot
from spinecast.reporting.figures.updating import calibration_pairs_plot
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.sections.common import footnoted, row, sized
from spinecast.reporting.sections.external_ordinal import ordinal_tiles, what_levels_hold
from spinecast.reporting.sections.external_quantity import what_quantiles_hold
from spinecast.reporting.sections.external_times import what_is_off
from spinecast.reporting.sections.quantity import OVERALL, quantity_tile
from spinecast.reporting.sections.summary import checks_callout
from spinecast.reporting.sections.timed import measure_tile
from spinecast.reporting.sections.updating import closed_test_blocks, lines_table, nothing_changed
from spinecast.reporting.timed_measures import TIMED_MEASURES
from spinecast.validation.update_methods import CHANGES

__all__ = [
    "kind_summary_section",
    "quantity_before_after_section",
    "quantity_update_section",
    "times_before_after_section",
    "times_update_section",
]

OF_DAYS = (
    "horizon_auc",
    "ipa",
    "horizon_observed_expected_ratio",
    "calibration_in_the_large",
    "calibration_slope",
    "ici",
)
TIMES_NOTE = (
    "To the log cumulative hazard of a patient is added, on every day, the intercept plus the slope less 1 times its "
    "value at the reference day: intercept 0 and slope 1 change nothing."
)


def kind_summary_section(record: ExternalRecord) -> Section:
    """Open the report with what was done and how the model does after it."""
    run, update, evaluation = record.as_run_record(), record.about["update"], record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    kind = evaluation["kind"]
    without_event = kind in ("quantity", "ordinal")
    had = "" if without_event else f", of whom {fmt.integer(update['cohort']['events'])} had the event"
    seen = "" if without_event else f", of whom {fmt.integer(evaluation['events'])} had it"
    lead = (
        f"{fmt.plain(update['title'])} was updated on {fmt.integer(update['cohort']['n'])} {people}{had} "
        f"({CHANGES[update['method']]}), and is judged on {fmt.integer(evaluation['n'])} others{seen}. "
        f"Outcome: {fmt.plain(evaluation['outcome']['label'])}."
    )
    tiles: Sequence[KeyFigure]
    said: Callable[[Mapping[str, Any]], list[str]]
    if kind == "ordinal":
        tiles, said = ordinal_tiles(record).items, what_levels_hold
    elif kind == "quantity":
        tiles = [
            quantity_tile(run, QUANTITY_MEASURES[name].label, evaluation["measures"].get(name), name)
            for name in OVERALL
        ]
        said = what_quantiles_hold
    else:
        tiles = [
            measure_tile(run, one["measures"], name, f"{words}, day {one['day']:g}")
            for one in evaluation["horizons"]
            for name, words in (
                ("horizon_observed_expected_ratio", "Observed:expected"),
                ("calibration_slope", "Calibration slope"),
            )
        ]
        said = what_is_off
    moved = [
        *(f"Before. {text}" for text in said(record.findings["before"])),
        *(f"After. {text}" for text in said(evaluation)),
    ]
    blocks: list[Block] = [
        Paragraph(lead, lead=True),
        KeyFigures(tuple(tiles)),
        Bullets(tuple(moved)),
        Callout("note", "Whom this is about", fmt.plain(update["apart"])),
        *nothing_changed(update),
    ]
    notes = [fmt.ended(fmt.plain(note)) for note in fmt.listed(record.about.get("notes"))]
    if notes:
        blocks.append(Callout("note", "About these patients", " ".join(notes)))
    blocks.append(checks_callout(run))
    return Section("summary", "Summary", tuple(blocks))


def times_update_section(record: ExternalRecord) -> Section:
    """Show every change of each cause's hazard that was fitted, and the steps of the choice between them."""
    causes = record.findings["updating"]["causes"]
    blocks: list[Block] = []
    for cause in causes:
        if len(causes) > 1:
            blocks.append(Heading(f"{fmt.plain(cause['label'])}: {fmt.plural(cause['events'], 'event')}"))
        blocks.append(lines_table(cause, TIMES_NOTE))
        blocks += _lines_by_day(cause)
        blocks += closed_test_blocks(cause["closed_test"])
    return Section("update", "The update", tuple(blocks))


def _lines_by_day(cause: Mapping[str, Any]) -> list[Block]:
    """Show the line of each day, where that is what was done; records of before know of none."""
    found = fmt.listed(cause.get("by_day"))
    if not found:
        return []
    rows = tuple(
        row(
            fmt.number(one["day"], 0),
            fmt.number(one["level"], 2, signed=True),
            fmt.number(one["slope"], 2),
        )
        for one in found
    )
    note = (
        "Level: what is added to the mean patient's log cumulative hazard by that day. Slope: what differences between "
        "patients are multiplied by. Between two days both are straight over the logarithm of time."
    )
    return [Table("What was done at each day", ("Day", "Level", "Slope"), rows, notes=(note,), numeric=(0, 1, 2))]


def quantity_update_section(record: ExternalRecord) -> Section:
    """Show every change of the quantiles that was fitted, and the steps of the choice between them."""
    found = record.findings["updating"]
    levels = found["levels"]
    rows = [
        row(
            fmt.sentence(CHANGES[name]),
            *_moved(change, levels),
            "–" if "scale" not in change else fmt.number(change["scale"], 3),
            strong=name == found["method"],
        )
        for name, change in found["changes"].items()
    ]
    header = ("Change", *(f"Shift, level {level:g}" for level in levels), "Spread")
    table = Table(
        "What the updating patients say of the quantiles",
        header,
        tuple(rows),
        notes=(
            "Shifts are on the scale the model learned on; spread is what each level's distance from the median is "
            "multiplied by.",
        ),
        numeric=tuple(range(1, len(header))),
    )
    return Section("update", "The update", (table, *_steps(found)))


def _moved(change: Mapping[str, Any], levels: Sequence[float]) -> list[str]:
    shifts = change.get("shifts") or [change["shift"]] * len(levels)
    return [fmt.number(value, 3, signed=True) for value in shifts]


def _steps(found: Mapping[str, Any]) -> tuple[Block, ...]:
    if found["steps"] is None:
        return ()
    rows = tuple(
        row(
            f"{fmt.sentence(CHANGES[step['larger']])} against {_against(step['smaller'])}",
            fmt.estimate(step["difference"], 4),
            "kept" if step["keeps_smaller"] else "rejected",
        )
        for step in found["steps"]
    )
    text = (
        "Quantiles have no likelihood to test changes by. The largest change is set against smaller ones, the smallest "
        f"first, by the pinball loss in {fmt.count(found['folds'])} parts of the updating patients, each held out of "
        "both; the first that it does not beat beyond chance is taken. With few patients nothing is rejected."
    )
    header = ("Step", "Pinball loss, larger less smaller (95% interval)", "The smaller change is")
    return (Heading("The choice"), Paragraph(text), Table("Steps of the choice", header, rows, numeric=(1,)))


def _against(method: str) -> str:
    return "the model as it is" if method == "original" else CHANGES[method]


def times_before_after_section(record: ExternalRecord) -> Section:
    """Set every measure at each horizon before and after side by side, and the paired differences."""
    before, after = record.findings["before"], record.evaluation
    pairs = list(zip(before["horizons"], after["horizons"], strict=True))
    table = Table(
        "Measures at each horizon before and after the update, in the same patients",
        ("Day", "Measure", "Before (95% interval)", "After (95% interval)", "Ideal"),
        tuple(
            row(
                f"{new['day']:g}",
                TIMED_MEASURES[name].label,
                fmt.estimate(old["measures"].get(name), TIMED_MEASURES[name].decimals),
                fmt.estimate(new["measures"].get(name), TIMED_MEASURES[name].decimals),
                TIMED_MEASURES[name].ideal,
            )
            for old, new in pairs
            for name in OF_DAYS
        ),
        numeric=(0, 2, 3),
    )
    figure = Figure(
        key="calibration-pairs",
        title="Predicted and observed risk at each horizon, before and after",
        svg=calibration_pairs_plot(pairs, "calibration-pairs"),
        caption=(
            f"Loess of pseudo-values with 95% bands, {sized(after['n'], after['events'])}. Dashed: before the update; "
            "thick: after."
        ),
        alternative=f"Calibration curves before and after at {fmt.plural(len(pairs), 'horizon')}.",
        table=footnoted(table),
    )
    rows = tuple(
        row(f"{one['day']:g}", *(fmt.estimate(one[name], 4) for name in ("auc", "brier", "log_loss")))
        for one in record.findings["differences"]
    )
    differences = Table(
        "Differences, after less before, paired by patient",
        ("Day", "AUC", "Brier score", "Logarithmic loss"),
        rows,
        notes=("95% intervals. Above 0 is better for the AUC, below 0 for the others.",),
        numeric=(0, 1, 2, 3),
    )
    return Section("before-after", "Before and after", (figure, footnoted(differences)))


def quantity_before_after_section(record: ExternalRecord) -> Section:
    """Set every measure of the quantiles before and after side by side, and the paired differences."""
    before, after = record.findings["before"], record.evaluation
    rows = [
        row(
            QUANTITY_MEASURES[name].label,
            fmt.estimate(before["measures"].get(name), QUANTITY_MEASURES[name].decimals),
            fmt.estimate(after["measures"].get(name), QUANTITY_MEASURES[name].decimals),
            QUANTITY_MEASURES[name].ideal,
        )
        for name in OVERALL
    ]
    rows += [
        row(
            f"Share below level {new['level']:g}",
            fmt.estimate(old["share_below"]),
            fmt.estimate(new["share_below"]),
            f"{new['level']:g}",
        )
        for old, new in zip(before["quantiles"], after["quantiles"], strict=True)
    ]
    table = Table(
        "Every measure before and after the update, in the same patients",
        ("Measure", "Before (95% interval)", "After (95% interval)", "Ideal"),
        tuple(rows),
        numeric=(1, 2),
    )
    figure = Figure(
        key="reliability-pair",
        title="Calibration of the quantiles, before and after",
        svg=quantile_reliability_plot(after["reliability"], "reliability-pair", before=before["reliability"]),
        caption=f"Share of patients below each predicted quantile, 95% intervals; n = {fmt.integer(after['n'])}.",
        alternative="Share of patients below each predicted quantile against its level, before and after.",
        table=footnoted(table),
    )
    found = record.findings["differences"]
    differences = Table(
        "Pinball loss, after less before, paired by patient",
        ("Level", "Difference (95% interval)"),
        tuple(row(f"{one['level']:g}" if "level" in one else "All", fmt.estimate(one["pinball"], 2)) for one in found),
        notes=("Below 0 is better. In the unit of the quantity.",),
        numeric=(1,),
    )
    return Section("before-after", "Before and after", (figure, differences))
