"""What several sections need: names of the outcomes, of the candidates, and how an absence is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Callout, Row, Table
from spinecast.reporting.external_record import MADE_ELSEWHERE
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.record import RunRecord

__all__ = [
    "SMALLEST_SHOWN",
    "WITHOUT_EVENT",
    "basis",
    "candidate_labels",
    "chosen_for_all_patients",
    "comparators",
    "footnoted",
    "in_words",
    "is_external",
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
# A method of more characters than this stands below the table, once for all measures found that way.
LONG_METHOD = 48
# A reason of more characters than this stands below the table.
LONG_REASON = 30


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


def is_external(record: RunRecord) -> bool:
    """Say whether predictions are judged on patients of another cohort, so that no study and no candidate is behind."""
    stated = str(record.evaluation["basis"])
    return stated == "external" or stated.startswith(MADE_ELSEWHERE)


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


def comparators(record: RunRecord) -> list[dict[str, Any]]:
    """Return the comparators of the evaluation, "1 - survival" of one the study turns into a risk put in words."""
    turned = {one.get("name") for one in fmt.listed(record.study.get("comparators")) if one.get("complement")}
    found = []
    for one in fmt.listed(record.evaluation.get("comparators")):
        label = fmt.plain(one["label"])
        whole = label.removeprefix("1 - ")
        found.append({**one, "label": f"{whole} (as a risk)" if one["name"] in turned and whole != label else label})
    return found


def in_words(record: RunRecord, text: object, variables: Sequence[str] = ()) -> str:
    """Put the labels of variables for their identifiers.

    Identifiers are recognised when they are among ``variables`` or hold an underscore, which no word of prose does.
    """
    listed = [*fmt.listed(record.cohort.get("missingness")), *fmt.listed(record.cohort.get("table_one"))]
    labels = {entry["variable"]: fmt.plain(entry["label"]) for entry in listed}
    known = [name for name in labels if "_" in name or name in variables]
    if not known:
        return fmt.plain(text)
    either = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    return re.sub(rf"\b(?:{either})\b", lambda found: f"“{labels[found[0]]}”", fmt.plain(text))


def footnoted(table: Table) -> Table:
    """Move long reasons for absent values below a table, each once, so that they do not stretch its columns."""
    marks: dict[str, str] = {}

    def cell(text: str) -> str:
        if not text.startswith(f"{fmt.ABSENT}: ") or len(text) <= LONG_REASON:
            return text
        return f"{fmt.ABSENT} ({marks.setdefault(text, _letter(len(marks)))})"

    rows = tuple(one if one.heading else replace(one, cells=tuple(map(cell, one.cells))) for one in table.rows)
    reasons = tuple(f"({mark}) {fmt.ended(text)}" for text, mark in marks.items())
    return replace(table, rows=rows, notes=(*reasons, *table.notes))


def _letter(position: int) -> str:
    """Count in letters: a to z, then aa, ab and so on."""
    before, last = divmod(position, 26)
    return ("" if before == 0 else _letter(before - 1)) + "abcdefghijklmnopqrstuvwxyz"[last]


def run_notes(record: RunRecord) -> list[str]:
    """Return what the run says about itself, such as that its search was a reduced one."""
    notes = fmt.listed(record.run.get("notes"))
    return [fmt.plain(note.get("text", note) if isinstance(note, Mapping) else note) for note in notes]


def measure_table(
    measures: Mapping[str, Any], names: Sequence[str], caption: str, notes: tuple[str, ...] = ()
) -> Table:
    """List measures with interval, ideal value, what they rest on and how the interval was found.

    What all of them rest on, and methods that take many words, are said once, below the table.
    """
    known = {name: found for name in names if fmt.absence(found := measures.get(name)) is None and found is not None}
    rests = {name: sized(found.get("n"), found.get("events")) for name, found in known.items()}
    shared = len(set(rests.values())) == 1
    long: dict[str, int] = {}
    rows = []
    for name in names:
        method = fmt.plain(known.get(name, {}).get("method") or "–")
        if len(method) > LONG_METHOD:
            method = f"note {long.setdefault(method, len(long) + 1)}"
        rest = () if shared else (rests.get(name, "–"),)
        rows.append(row(MEASURES[name].label, measure_text(measures, name), MEASURES[name].ideal, *rest, method))
    header = ("Measure", "Estimate (95% interval)", "Ideal", *(() if shared else ("Rests on",)), "Method")
    below = tuple(f"Note {place}: {fmt.ended(method)}" for method, place in long.items())
    together = (f"All rest on {next(iter(rests.values()))}.",) if shared else ()
    return Table(caption, header, tuple(rows), notes=(*together, *below, *notes), numeric=(1,))
