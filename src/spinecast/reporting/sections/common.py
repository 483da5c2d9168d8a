"""What several sections need: names of the outcomes, of the candidates, and how an absence is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Callout, Row, Table
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.record import RunRecord

__all__ = [
    "SMALLEST_SHOWN",
    "WITHOUT_EVENT",
    "basis",
    "candidate_labels",
    "chosen_for_all_patients",
    "measure_table",
    "negative_label",
    "outcome_label",
    "positive_label",
    "row",
    "run_notes",
    "sized",
    "unavailable",
]

# The cohort room leaves counts below this out of table one; the other tables follow. A test holds this
# equal to that room's SMALLEST_SHOWN: importing it would load pandas to write a report.
SMALLEST_SHOWN = 5
WITHOUT_EVENT = "Without the event"


def row(*cells: object, level: int = 0, strong: bool = False) -> Row:
    """Make a table row, its cells as plain text."""
    return Row(tuple(fmt.plain(cell) for cell in cells), level=level, strong=strong)


def unavailable(what: str, reason: str) -> Callout:
    """Stand in for a part the record does not hold."""
    return Callout("note", what, fmt.absent(fmt.plain(reason)))


def outcome_label(record: RunRecord) -> str:
    """Name the outcome as the evaluation does, or as the study does."""
    outcome = record.evaluation.get("outcome") or {}
    return fmt.plain(outcome.get("label") or record.study.get("title") or "The outcome")


def positive_label(record: RunRecord) -> str:
    """Name those with the event."""
    outcome = record.evaluation.get("outcome") or {}
    return fmt.plain(outcome.get("positive_label") or "With the event")


def negative_label(record: RunRecord) -> str:
    """Name those without the event."""
    outcome = record.evaluation.get("outcome") or {}
    return fmt.plain(outcome.get("negative_label") or WITHOUT_EVENT)


def basis(record: RunRecord) -> str:
    """Say how the predictions that are judged came about: "out-of-fold, nested"."""
    stated = fmt.plain(record.evaluation["basis"])
    inner = (record.study.get("resampling") or {}).get("inner_folds")
    return f"{stated}, nested" if stated == "out-of-fold" and inner else stated


def sized(n: float | None, events: float | None) -> str:
    """Say what a number rests on: "n = 1,858; 840 events"."""
    if n is None:
        return fmt.absent("number of patients not recorded")
    return f"n = {fmt.integer(n)}" + ("" if events is None else f"; {fmt.plural(events, 'event')}")


def candidate_labels(record: RunRecord) -> dict[str, str]:
    """Return the label of every candidate by name."""
    every = [*fmt.listed(record.tuning.get("candidates")), *fmt.listed(record.evaluation.get("candidates"))]
    return {candidate["name"]: fmt.plain(candidate.get("label") or candidate["name"]) for candidate in every}


def chosen_for_all_patients(record: RunRecord) -> list[str]:
    """Return the labels of the candidates the final model is made of."""
    labels = candidate_labels(record)
    candidates = fmt.listed(record.evaluation.get("candidates"))
    return [labels[candidate["name"]] for candidate in candidates if candidate.get("is_final_part")]


def run_notes(record: RunRecord) -> list[str]:
    """Return what the run says about itself, such as that its search was a reduced one."""
    notes = fmt.listed(record.run.get("notes"))
    return [fmt.plain(note.get("text", note) if isinstance(note, Mapping) else note) for note in notes]


def measure_table(measures: Mapping[str, Any], names: Sequence[str], caption: str) -> Table:
    """List measures with interval, ideal value, what they rest on and how the interval was found."""
    rows = []
    for name in names:
        found = measures.get(name)
        known = found if found is not None and fmt.absence(found) is None else {}
        rows.append(
            row(
                MEASURES[name].label,
                measure_text(measures, name),
                MEASURES[name].ideal,
                sized(known.get("n"), known.get("events")) if known else "–",
                known.get("method") or "–",
            )
        )
    header = ("Measure", "Estimate (95% interval)", "Ideal", "Rests on", "Method")
    return Table(caption, header, tuple(rows), numeric=(1,))
