"""What is particular to the external validation of curves: first page, and events expected over the follow-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Figure, KeyFigures, Paragraph, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.figures.expected_events import expected_events_plot
from spinecast.reporting.sections.common import footnoted, outcome_label, row, sized
from spinecast.reporting.sections.external_opening import callouts, miscalibrated, rival_verdicts
from spinecast.reporting.sections.timed import measure_tile

__all__ = ["expected_events_section", "external_times_summary", "on_one_day", "what_is_off"]

# Days of which the first page shows ranking and spread.
MOST_DAYS = 3


def external_times_summary(record: ExternalRecord) -> Section:
    """Open the report with what was judged, on whom, the headline numbers and what they mean."""
    run, evaluation = record.as_run_record(), record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    days = fmt.joined([f"{day:g}" for day in evaluation["horizons_days"]])
    lead = (
        f"{fmt.plain(evaluation['label'])} was applied, as it is, to {fmt.integer(evaluation['n'])} {people}, "
        f"{fmt.integer(evaluation['events'])} of whom had the event while they were followed. Outcome: "
        f"{outcome_label(run)}. Its curves are judged as a whole and by day {days}."
    )
    tiles = [measure_tile(run, evaluation["measures"], name) for name in ("harrell_c", "integrated_ipa")]
    shown = [("horizon_auc", "AUC"), ("calibration_slope", "Calibration slope")]
    tiles += [
        measure_tile(run, one["measures"], name, f"{words}, day {one['day']:g}")
        for one in evaluation["horizons"]
        # Of many days one number each is enough for a first page.
        for name, words in shown[: 2 if len(evaluation["horizons"]) <= MOST_DAYS else 1]
    ]
    blocks: list[Block] = [Paragraph(lead, lead=True), KeyFigures(tuple(tiles))]
    said = [*what_is_off(evaluation), *_rivals(evaluation)]
    if said:
        blocks.append(Bullets(tuple(said)))
    return Section("summary", "Summary", (*blocks, *callouts(record)))


def what_is_off(evaluation: Mapping[str, Any]) -> list[str]:
    """Say on which days risks are too low or too high, too extreme or too moderate, beyond chance."""
    places = [(f"{one['day']:g}", one["measures"]) for one in evaluation["horizons"]]
    found = miscalibrated(places, "horizon_observed_expected_ratio")
    if not found:
        return ["Calibration: on no day do these data speak against the level or the spread of the risks."]
    words = "; ".join(f"{verdict} by day {fmt.joined(days)}" for verdict, days in found.items())
    return [f"Calibration: risks are {words} (95% intervals)."]


def _rivals(evaluation: Mapping[str, Any]) -> list[str]:
    """Word the paired differences in AUC at the checked day by their intervals."""
    text = rival_verdicts(
        (one["label"], at["difference"])
        for one in fmt.listed(evaluation.get("comparators"))
        for at in one["horizons"]
        if at["day"] == evaluation["one_day"]
    )
    return [f"Ranking by day {evaluation['one_day']:g}, in the patients who have both: {text}."] if text else []


def expected_events_section(record: ExternalRecord) -> Section:
    """Set the events that were seen beside those the hazards expect during everybody's own follow-up."""
    blocks: list[Block] = [
        Paragraph(
            "Each patient adds the cumulative hazard predicted up to the end of their own follow-up; the sum is how "
            "many events are expected among these patients as they were followed. Nothing is assumed of the censoring."
        )
    ]
    for number, cause in enumerate(record.evaluation["expected_events"], start=1):
        words = fmt.plain(cause["label"])
        table = Table(
            f"{words}: observed and expected",
            ("Followed up to day", "Observed", "Expected", "Observed:expected (95% interval)"),
            tuple(
                row(
                    f"{one['day']:g}",
                    fmt.integer(one["observed"]),
                    fmt.number(one["expected"], 1),
                    fmt.estimate(one["ratio"], 2),
                )
                for one in cause["horizons"]
            ),
            notes=("Above 1 the model expects too few. Exact Poisson interval (Crowson 2016).",),
            numeric=(0, 1, 2, 3),
        )
        blocks.append(
            Figure(
                key=f"expected-events-{number}",
                title=f"{words}: events observed and expected",
                svg=expected_events_plot(cause["over_time"], f"expected-events-{number}"),
                caption=f"External, {sized(record.evaluation['n'], cause['horizons'][-1]['observed'])}.",
                alternative="Number of events observed and expected by each day of the follow-up.",
                table=footnoted(table),
            )
        )
    return Section("expected-events", "Events over the follow-up", tuple(blocks))


def on_one_day(section: Section, words: str) -> Section:
    """Say at the head of a section at which day, or threshold, a model of more than one is looked at there."""
    return Section(section.anchor, section.title, (Paragraph(f"Looked at here: {words}."), *section.blocks))
