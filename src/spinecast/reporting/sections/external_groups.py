"""Where and when the predictions hold: subgroups, missing inputs, and the strata of a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Heading, Paragraph, Row, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.figures.external import input_cost_plot, several_missing_plot
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.sections.common import footnoted, row, sized, unavailable

__all__ = ["missing_inputs_section", "strata_section", "subgroups_section"]

COLUMNS = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope", "observed_expected_ratio")
DRAWN = ("auc", "calibration_in_the_large")
MISSING_COLUMNS = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope")


def subgroups_section(record: ExternalRecord) -> Section:
    """Show performance in groups of patients."""
    title = "Subgroups"
    found = fmt.listed(record.findings.get("subgroups"))
    if not found:
        reason = "the cohort holds none of the variables whose groups are looked at, or one group of each"
        return Section("subgroups", title, (unavailable("Subgroups", reason),))
    fewest = record.about["settings"]["fewest"]
    evaluation = record.evaluation
    drawn = [figures.ComparisonRow("All patients", evaluation["measures"], "final")]
    rows: list[Row] = [
        row(
            "All patients",
            fmt.integer(evaluation["n"]),
            fmt.integer(evaluation["events"]),
            *(measure_text(evaluation["measures"], name) for name in COLUMNS),
            strong=True,
        )
    ]
    hidden = 0
    for grouping in found:
        rows.append(Row((fmt.plain(grouping["label"]),), heading=True))
        for group in grouping["groups"]:
            if group["n"] is None:
                hidden += 1
                rows.append(row(group["label"], *["not shown"] * (2 + len(COLUMNS)), level=1))
                continue
            label = f"{fmt.plain(grouping['label'])}: {fmt.plain(group['label'])}"
            drawn.append(figures.ComparisonRow(label, group["measures"], "candidate", grouping["variable"]))
            cells = (measure_text(group["measures"], name) for name in COLUMNS)
            rows.append(row(group["label"], fmt.integer(group["n"]), fmt.integer(group["events"]), *cells, level=1))
    table = Table(
        "Performance by subgroup (95% intervals)",
        ("Group", "n", "Events", *(MEASURES[name].short for name in COLUMNS)),
        tuple(rows),
        notes=(
            f"Not shown: fewer than {fewest} events, or fewer than {fewest} patients without one, and a group from "
            "which the numbers of such a one would follow. This keeps a reader from reading noise, and from "
            "recognising somebody; it is no full disclosure control.",
        ),
        numeric=tuple(range(1, 3 + len(COLUMNS))),
    )
    blocks: list[Block] = [
        Paragraph(
            "With many groups some differ by chance: at 95% one interval in twenty leaves out the truth. A level that "
            "is off in one group only, by more than its interval explains, asks for a reason before the model is used "
            "there."
        )
    ]
    unseen = f" {fmt.plural(hidden, 'group')} not shown." if hidden else ""
    figure = Figure(
        key="subgroups",
        title="Ranking and level of risk by subgroup",
        svg=figures.comparison_plot(drawn, _drawable(drawn), "subgroups"),
        caption=f"Estimates and 95% intervals, external. Diamond and dotted line: all patients.{unseen}",
        alternative=f"Dot plot of {fmt.plural(len(drawn) - 1, 'subgroup')} beside all patients.",
        table=footnoted(table),
    )
    return Section("subgroups", title, (*blocks, figure))


def _drawable(rows: Sequence[figures.ComparisonRow]) -> tuple[str, ...]:
    """Return the measures that anybody has: a score without risks has no level."""
    return tuple(name for name in DRAWN if any(fmt.absence(one.measures.get(name)) is None for one in rows)) or DRAWN


def missing_inputs_section(record: ExternalRecord) -> Section:
    """Show what the model does when inputs are not there."""
    title = "Missing inputs"
    found = record.findings.get("missing_inputs")
    reason = fmt.absence(found)
    if reason is not None or found is None:
        return Section("missing-inputs", title, (unavailable(title, reason or "not recorded"),))
    whole = found["of"] == found["n"]
    people = sized(found["n"], found["events"]) + ("" if whole else f", drawn from {fmt.integer(found['of'])}")
    blocks: list[Block] = [
        Paragraph(
            "Each input was taken away from every patient, and the model asked again: it meets the gap as it was built "
            "to. What was missing anyway stayed missing. An input that costs little when it is missing may still say "
            "much: others can stand in for it."
        ),
        Heading("One input missing"),
        Figure(
            key="input-cost",
            title="What each input costs when it is missing",
            svg=input_cost_plot(found["each"], "input-cost"),
            caption=f"Change of the AUC, paired, with 95% intervals; {people}.",
            alternative="Dot plot of the change in AUC without each input.",
            table=_each_table(found),
        ),
    ]
    if found["several"]:
        draws = found["several"][0]["draws"]
        blocks += [
            Heading("Several inputs missing"),
            Figure(
                key="several-missing",
                title="Ranking as inputs go missing",
                svg=several_missing_plot(found, "several-missing"),
                caption=f"For each number of missing inputs {fmt.plural(draws, 'random choice')} of which; {people}.",
                alternative="AUC against the number of missing inputs.",
                table=_several_table(found["several"], "The model without several inputs"),
            ),
        ]
    if fmt.listed(found.get("sorg")):
        names = fmt.joined([fmt.plain(label) for label in found["sorg_inputs"]])
        blocks += [
            Heading("Inputs of the SORG model missing"),
            Paragraph(
                "These inputs of the model are asked for, like this or less finely, by the SORG model of 90-day and "
                f"one-year mortality: {names}. Here some of them are missing and all others known."
            ),
            _several_table(found["sorg"], "The model without inputs of the SORG model"),
        ]
    return Section("missing-inputs", title, tuple(blocks))


def _each_table(found: Mapping[str, Any]) -> Table:
    rows = [row("None", "–", "–", *(measure_text(found["with_all"], name) for name in MISSING_COLUMNS), strong=True)]
    rows += [
        row(
            _with_following(one),
            fmt.percentage(one["already_missing"]),
            fmt.estimate(one["auc_difference"]),
            *(measure_text(one["measures"], name) for name in MISSING_COLUMNS),
        )
        for one in found["each"]
    ]
    header = (
        "Missing input",
        "Missing anyway",
        "Change of the AUC",
        *(MEASURES[name].short for name in MISSING_COLUMNS),
    )
    numeric = tuple(range(1, len(header)))
    return footnoted(Table("The model without each input (95% intervals)", header, tuple(rows), numeric=numeric))


def _with_following(one: Mapping[str, Any]) -> str:
    also = [fmt.plain(label) for label in fmt.listed(one.get("also"))]
    return f"{fmt.plain(one['label'])} (and with it {fmt.joined(also)})" if also else one["label"]


def _several_table(steps: Sequence[Mapping[str, Any]], what: str) -> Table:
    def cell(measure: Mapping[str, Any], decimals: int) -> str:
        reason = fmt.absence(measure)
        if reason is not None:
            return fmt.absent(reason)
        mean, spread = (fmt.number(measure[name], decimals) for name in ("mean", "standard_deviation"))
        low, high = (fmt.number(measure[name], decimals) for name in ("lowest", "highest"))
        return f"{mean} ± {spread} [{low} to {high}]"

    rows = tuple(
        row(
            fmt.count(one["missing"]),
            *(cell(one["measures"][name], MEASURES[name].decimals) for name in MISSING_COLUMNS),
        )
        for one in steps
    )
    header = ("Inputs missing", *(MEASURES[name].short for name in MISSING_COLUMNS))
    table = Table(
        f"{what}: mean ± standard deviation [range] over random choices",
        header,
        rows,
        notes=("The spread is over which inputs are missing; the sampling of patients comes on top of it.",),
        numeric=tuple(range(len(header))),
    )
    return footnoted(table)


def strata_section(record: ExternalRecord) -> Section | None:
    """Set observed beside published risk in the strata of a score; None where there is no score."""
    found = fmt.listed(record.findings.get("strata"))
    if not found:
        return None
    rows = tuple(
        row(
            one["label"],
            _counted(one["observed"]),
            fmt.estimate(one["observed"]),
            "not published" if one["expected"] is None else fmt.percentage(one["expected"]),
        )
        for one in found
    )
    table = Table(
        "Risk by stratum, found and published (95% intervals)",
        ("Stratum", "Rests on", "Found", "Published"),
        rows,
        notes=("A stratum of which everyone or no one is expected to live is compared here and nowhere else.",),
        numeric=(2, 3),
    )
    return Section("strata", "Strata of the score", (footnoted(table),))


def _counted(measure: Mapping[str, Any]) -> str:
    return "–" if fmt.absence(measure) is not None else sized(measure["n"], measure["events"])
