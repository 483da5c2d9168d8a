"""Parts that reports share, whatever kind of model they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, KeyFigure, KeyFigures, Paragraph, Row, Section, Table
from spinecast.reporting.measures import Measure
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.changes import short_search
from spinecast.reporting.sections.common import basis, footnoted, row, run_notes, sized
from spinecast.reporting.sections.summary import checks_callout

__all__ = [
    "FINAL_PART",
    "FINAL_PART_NOTE",
    "candidates_section",
    "composites_note",
    "contributions_table",
    "key_figure",
    "net_benefit_rows",
    "out_of_fold_blocks",
]

FINAL_PART = "\N{NO-BREAK SPACE}†"
"""Mark behind the name of a candidate that the final model is made of."""
FINAL_PART_NOTE = "† part of the final model as fitted on all patients."


def key_figure(record: RunRecord, title: str, found: Mapping[str, Any] | None, measure: Measure) -> KeyFigure:
    """Show one measure large, with its interval and what it rests on, or why there is none."""
    reason = fmt.absence(found)
    if reason is not None or found is None:
        return KeyFigure(title, fmt.ABSENT, fmt.plain(reason), basis(record))
    note = f"{sized(found.get('n'), found.get('events'))}. {basis(record).capitalize()}. Ideal: {measure.ideal}."
    limits = fmt.interval(found["lower"], found["upper"], measure.decimals)
    shown = f"95% interval {limits}" if found["lower"] is not None else limits
    return KeyFigure(title, fmt.number(found["estimate"], measure.decimals), shown, note)


def out_of_fold_blocks(record: RunRecord, tiles: KeyFigures, judged: str) -> tuple[Block, ...]:
    """Follow the lead of a summary: was the search short, the headline numbers, their basis, notes and checks.

    Parameters
    ----------
    record : RunRecord
    tiles : KeyFigures
    judged : str
        What was computed without the patients it is judged by, as the rest of a sentence.
    """
    blocks: list[Block] = []
    short = short_search(record)
    if short:
        blocks.append(Callout("warning", short.title, short.text))
    blocks += [
        tiles,
        Paragraph(f"Every figure in this report is {basis(record)}, unless it says otherwise: {judged}."),
    ]
    notes = run_notes(record)
    if notes:
        blocks.append(Callout("note", "About this run", " ".join(notes)))
    return (*blocks, checks_callout(record))


def candidates_section(
    record: RunRecord,
    header: Sequence[str],
    cells: Callable[[Mapping[str, Any]], Sequence[str]],
    *,
    note: str,
    repeated: str = "recalibration",
) -> Section:
    """Set the final model and its candidates side by side.

    Parameters
    ----------
    record : RunRecord
    header : sequence of str
        Of the columns behind the name of the model.
    cells : callable
        Maps the evaluation of the final model, or of a candidate, to these columns.
    note : str
        What the table's note goes on with.
    repeated : str
        What was learned again in every outer fold, beside the tuning.
    """
    rows = [row(fmt.plain(record.evaluation["label"]), *cells(record.evaluation), strong=True)]
    for one in fmt.listed(record.evaluation.get("candidates")):
        mark = FINAL_PART if one["is_final_part"] else ""
        rows.append(row(f"{fmt.plain(one['label'])}{mark}", *cells(one)))
    table = Table(
        "Final model and candidates",
        ("Model", *header),
        tuple(rows),
        notes=(f"{FINAL_PART_NOTE} {note}",),
        numeric=tuple(range(1, len(header) + 1)),
    )
    text = f"All were judged on the same patients, each with its tuning and {repeated} repeated in every outer fold."
    return Section("comparison", "Model comparison", (Paragraph(text), footnoted(table)))


def composites_note(part: str = "one quarter") -> Callout:
    """Say of patients made for the purpose, each typical of a part of the cohort, that they are nobody."""
    return Callout(
        "note",
        "These are composites, not real people",
        f"Each is put together from typical values of {part} of the cohort. None of them exists, and nothing that is "
        "predicted of them is about anyone.",
    )


def net_benefit_rows(named: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Row, ...]:
    """List net benefit at each threshold of each thing judged: its name, and ``net_benefit`` of its evaluation."""
    rows = []
    for name, one in named:
        benefit = one["net_benefit"]
        if fmt.absence(benefit) is not None:
            rows.append(row(name, "–", fmt.absent(fmt.plain(fmt.absence(benefit))), "–"))
            continue
        for at, threshold in enumerate(benefit["thresholds"]):
            limits = (benefit["lower"] or [None] * (at + 1))[at], (benefit["upper"] or [None] * (at + 1))[at]
            shown = f"{fmt.number(benefit['net_benefit'][at])} ({fmt.interval(*limits)})"
            rows.append(row(name, fmt.percentage(threshold, 0), shown, fmt.number(benefit["treat_all"][at])))
    return tuple(rows)


def contributions_table(patient: Mapping[str, Any], served: str, reordered: str = "") -> Table:
    """List what every input of a composite patient contributes, down to what is served.

    Parameters
    ----------
    patient : mapping
        ``base_value``, ``contributions``, ``served`` and, where ``reordered`` names it, ``reordered``.
    served : str
        What they add up to.
    reordered : str
        What putting in order is called.
    """
    parts = [row("Before any input is known", "–", fmt.number(patient["base_value"], 3, signed=True))]
    parts += [
        row(part["label"], part["value_text"], fmt.number(part["contribution"], 3, signed=True))
        for part in patient["contributions"]
    ]
    if reordered and patient["reordered"]:
        parts.append(row(reordered, "–", fmt.number(patient["reordered"], 3, signed=True)))
    parts.append(row(served, "–", fmt.number(patient["served"]), strong=True))
    return Table("Every contribution", ("Variable", "Value", "Contribution"), tuple(parts), numeric=(2,))
