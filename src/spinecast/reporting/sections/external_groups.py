"""Where and when the predictions hold: subgroups and the strata of a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Paragraph, Row, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.measures import MEASURES, Measure
from spinecast.reporting.sections.common import footnoted, row, sized, unavailable

__all__ = ["strata_section", "subgroups_section"]

COLUMNS = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope", "observed_expected_ratio")
DRAWN = ("auc", "calibration_in_the_large")


def subgroups_section(
    record: ExternalRecord,
    columns: Sequence[str] = COLUMNS,
    drawn_names: Sequence[str] = DRAWN,
    entries: Mapping[str, Measure] = MEASURES,
    counted: str = "Events",
) -> Section:
    """Show performance in groups of patients.

    Parameters
    ----------
    record : ExternalRecord
    columns, drawn_names : sequence of str
        Measures of the table, and those of the figure.
    entries : mapping of str to Measure
        What the measures are called.
    counted : str
        What the column of those with the event is called.
    """

    def cells_of(measures: Mapping[str, Any]) -> list[str]:
        return [fmt.estimate(measures.get(name), entries[name].decimals) for name in columns]

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
            *cells_of(evaluation["measures"]),
            strong=True,
        )
    ]
    hidden = 0
    for grouping in found:
        rows.append(Row((fmt.plain(grouping["label"]),), heading=True))
        for group in grouping["groups"]:
            if group["n"] is None:
                hidden += 1
                rows.append(row(group["label"], *["not shown"] * (2 + len(columns)), level=1))
                continue
            label = f"{fmt.plain(grouping['label'])}: {fmt.plain(group['label'])}"
            drawn.append(figures.ComparisonRow(label, group["measures"], "candidate", grouping["variable"]))
            cells = cells_of(group["measures"])
            rows.append(row(group["label"], fmt.integer(group["n"]), fmt.integer(group["events"]), *cells, level=1))
    table = Table(
        "Performance by subgroup (95% intervals)",
        ("Group", "n", counted, *(entries[name].short for name in columns)),
        tuple(rows),
        notes=(
            f"Not shown: fewer than {fewest} events, or fewer than {fewest} patients without one, and a group from "
            "which the numbers of such a one would follow. This keeps a reader from reading noise, and from "
            "recognising somebody; it is no full disclosure control.",
        ),
        numeric=tuple(range(1, 3 + len(columns))),
    )
    first, second = (entries[name].label for name in drawn_names)
    title_of_figure = f"{first} and {second[0].lower()}{second[1:]} by subgroup"
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
        title=title_of_figure,
        svg=figures.comparison_plot(drawn, _drawable(drawn, drawn_names), "subgroups", entries),
        caption=f"Estimates and 95% intervals, external. Diamond and dotted line: all patients.{unseen}",
        alternative=f"Dot plot of {fmt.plural(len(drawn) - 1, 'subgroup')} beside all patients.",
        table=footnoted(table),
    )
    return Section("subgroups", title, (*blocks, figure))


def _drawable(rows: Sequence[figures.ComparisonRow], names: Sequence[str]) -> tuple[str, ...]:
    """Return the measures that anybody has: a score without risks has no level."""
    return tuple(name for name in names if any(fmt.absence(one.measures.get(name)) is None for one in rows)) or tuple(
        names
    )


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
