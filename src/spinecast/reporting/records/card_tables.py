"""Tables of a model card: how well the model does in each cohort, and in each group of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Row, Table
from spinecast.reporting.records.card_parts import measures_shown
from spinecast.reporting.records.known_measures import words_of
from spinecast.reporting.sections.common import row

__all__ = ["cohorts_table", "group_tables"]

_OF_COHORTS = (
    "auc",
    "observed_expected_ratio",
    "calibration_in_the_large",
    "calibration_slope",
)


def cohorts_table(calibration: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    """Set the cohorts a model was judged in side by side, a line each; nothing where none was.

    Parameters
    ----------
    calibration : sequence of mapping
        As a card holds it: of each cohort the basis, the size and the measures of one event.
    """
    words = words_of("event")
    names = [name for name in _OF_COHORTS if any(name in one["measures"] for one in calibration)]
    if not calibration or not names:
        return
    yield Table(
        "Performance in each cohort (95% intervals)",
        ("Cohort", "Predictions", "Patients", "Events", *(words[name].short for name in names)),
        tuple(
            row(one["cohort"], one["basis"], fmt.integer(one["n"]), fmt.integer(one["events"]), *_cells(one, names))
            for one in calibration
        ),
        numeric=tuple(range(2, 4 + len(names))),
    )


def _cells(held: Mapping[str, Any], names: Sequence[str], kind: str = "event") -> Iterator[str]:
    words, measures = words_of(kind), held.get("measures") or {}
    for name in names:
        reason = fmt.absence(measures.get(name))
        yield fmt.absent(fmt.plain(reason)) if reason else fmt.estimate(measures[name], words[name].decimals)


def group_tables(groups: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    """Set the groups of people of each cohort side by side.

    Parameters
    ----------
    groups : sequence of mapping
        As a card holds them: each with its cohort, its kind of model and its groups.
    """
    for cohort in dict.fromkeys(one["cohort"] for one in groups):
        of_cohort = [one for one in groups if one["cohort"] == cohort]
        kind = of_cohort[0]["kind"]
        held = [group for one in of_cohort for group in fmt.listed(one.get("groups"))]
        shown = {name for group in held for name in measures_shown(kind, group.get("measures") or {})}
        names = [name for name in words_of(kind) if name in shown]
        if not names:
            continue
        rows: list[Row] = []
        for one in of_cohort:
            rows.append(Row((fmt.plain(one["label"]),), heading=True))
            for group in fmt.listed(one.get("groups")):
                if group.get("n") is None or not group.get("measures"):
                    rows.append(row(fmt.plain(group["label"]), *["not shown"] * (2 + len(names)), level=1))
                    continue
                counts = (fmt.integer(group["n"]), fmt.integer(group["events"]))
                rows.append(row(fmt.plain(group["label"]), *counts, *_cells(group, names, kind), level=1))
        yield Table(
            f"Performance by group of people in {cohort} (95% intervals)",
            ("Group", "Patients", "Events", *(words_of(kind)[name].short for name in names)),
            tuple(rows),
            notes=("Not shown: groups too small to say anything of, and those from which their numbers would follow.",),
            numeric=tuple(range(1, 3 + len(names))),
        )
