"""Parts that the reports of times, of quantities and of ordered levels share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, KeyFigure, KeyFigures, Paragraph, Row, Table
from spinecast.reporting.measures import Measure
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.changes import short_search
from spinecast.reporting.sections.common import basis, row, run_notes, sized
from spinecast.reporting.sections.summary import checks_callout

__all__ = ["contributions_table", "key_figure", "net_benefit_rows", "out_of_fold_blocks"]


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
