"""CC020 to CC025: cells that cannot be, can hardly be, or cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.conversion import possible_in_other_units
from spinecast.cohorts.checking.fill_ins import missing_codes
from spinecast.cohorts.checking.findings import FileFinding, NotApplicable, Result, Severity, first_rows
from spinecast.cohorts.checking.mixed_units import is_time
from spinecast.cohorts.checking.reading import MappedTable, ReadColumn
from spinecast.cohorts.derived import contradictions, inputs_in
from spinecast.errors import nearest

__all__ = ["negative_times", "value_results"]

# A note up to this share of implausible values, a warning above: this project's own convention.
_MANY = 0.01
_COMMA = r"[-+]?\d+,\d+"
_THOUSANDS = r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"

BoolArray = NDArray[np.bool_]


def value_results(table: MappedTable) -> Iterator[Result]:
    """Check every cell against what its variable can be."""
    measured = [column for column in table.columns.values() if not column.entry.is_levelled]
    levelled = [column for column in table.columns.values() if column.entry.is_levelled]
    if not measured:
        reason = "no measured variable is read"
        yield from (NotApplicable(code, reason) for code in ("CC020", "CC021", "CC022", "CC023"))
    for column in measured:
        yield from _impossible(column)
        yield from _text(column)
    yield from _implausible(measured)
    if not levelled:
        yield NotApplicable("CC024", "no variable with levels is read")
    for column in levelled:
        yield from _unknown_levels(column)
    yield from _contradictions(table)


def negative_times(column: ReadColumn) -> BoolArray:
    """Mark distinct cells, shape (k,), that put an event before the start: negative days to something."""
    if not is_time(column.entry):
        return np.zeros(len(column.cells), dtype=bool)
    return column.impossible & (column.written < 0) & ~missing_codes(column)


def _impossible(column: ReadColumn) -> Iterator[Result]:
    # Codes and negative times are impossible too; they have findings of their own that say what they are.
    marked = column.impossible & ~missing_codes(column) & ~negative_times(column)
    count = column.count(marked)
    entry = column.entry
    if not count or entry.possible is None:
        return
    hints = [
        f"{column.count(marked & possible)} would be possible in {symbol or 'no unit'}"
        for symbol, possible in possible_in_other_units(entry, column.written, column.rule.unit).items()
        if (marked & possible).any()
    ]
    yield FileFinding(
        "CC020",
        "error",
        f"{_of(column, count)} {column.name} {'is' if count == 1 else 'are'} impossible: possible is "
        f"{entry.range_text(entry.possible, column.rule.unit)}" + (f"; {', '.join(hints)}" if hints else ""),
        "correct them in the source, name the unit, or list codes under missing_codes",
        column=column.rule.column,
        variable=column.name,
        count=count,
        of=len(column) - column.missing,
        rows=column.rows(marked),
        examples=column.examples(marked),
    )


def _implausible(measured: list[ReadColumn]) -> Iterator[Result]:
    """Warn of columns with many implausible values; gather those with a few in one note."""
    few: list[tuple[ReadColumn, BoolArray]] = []
    for column in measured:
        marked = _unusual(column)
        if not marked.any():
            continue
        count = column.count(marked)
        if count <= _MANY * column.known.n:
            few.append((column, marked))
            continue
        text = f"{_of(column, count)} {column.name} are unusual: usual is {_usual(column)}"
        yield replace(
            _unusual_finding("warning", text, count, column.known.n, column.examples(marked)),
            column=column.rule.column,
            variable=column.name,
            rows=column.rows(marked),
        )
    if few:
        lines = tuple(
            f"{column.name}: {', '.join(column.examples(marked))} (usual is {_usual(column)}; rows "
            f"{', '.join(map(str, column.rows(marked)))})"
            for column, marked in few
        )
        count = sum(column.count(marked) for column, marked in few)
        total = sum(column.known.n for column, _ in few)
        text = f"{count} values of {len(few)} variables are unusual, of none of them more than 1%"
        yield _unusual_finding("note", text, count, total, lines)


def _unusual(column: ReadColumn) -> BoolArray:
    """Mark distinct cells, shape (k,), that are possible and not plausible, to one digit more than is written."""
    entry = column.entry
    if entry.plausible is None:
        return np.zeros(len(column.cells), dtype=bool)
    outside = ~entry.plausible.contains(np.round(column.distinct, entry.decimals + 1))
    return ~np.isnan(column.distinct) & outside & ~missing_codes(column)


def _unusual_finding(severity: Severity, text: str, count: int, of: int, examples: tuple[str, ...]) -> FileFinding:
    remedy = "look at them: the very ill have such values, and so have slips and other units"
    return FileFinding("CC021", severity, text, remedy, count=count, of=of, examples=examples)


def _usual(column: ReadColumn) -> str:
    limits = column.entry.plausible
    return column.entry.range_text(limits, column.rule.unit) if limits else ""


def _text(column: ReadColumn) -> Iterator[Result]:
    if not column.broken.any():
        return
    texts = column.cells.map(lambda cell: cell.strip() if isinstance(cell, str) else "")
    commas = column.broken & (texts.str.fullmatch(_COMMA) | texts.str.fullmatch(_THOUSANDS)).to_numpy(dtype=bool)
    thousands = commas & texts.str.fullmatch(_THOUSANDS).to_numpy(dtype=bool)
    if commas.any():
        ambiguous = column.count(thousands)
        meaning = (
            "decimal commas"
            if not ambiguous
            else f"decimal commas or thousands ({ambiguous} could be either, such as 1,234)"
        )
        yield _cells(
            column,
            commas,
            "CC023",
            f"{_of(column, column.count(commas))} {column.name} hold a comma: {meaning}",
            "write numbers with a decimal point and without separators of thousands",
        )
    text = column.broken & ~commas
    if text.any():
        yield _cells(
            column,
            text,
            "CC022",
            f"{_of(column, column.count(text))} {column.name} {'is' if column.count(text) == 1 else 'are'} no number",
            "write numbers alone, list texts that mean missing under missing_codes, and decide what a value below or "
            "above a limit (<0.3) becomes",
        )


def _unknown_levels(column: ReadColumn) -> Iterator[Result]:
    if not column.broken.any():
        return
    accepted = [str(text) for text in column.rule.levels] or list(column.entry.level_values)
    first = column.cells[column.broken & ~column.withheld]
    close = nearest(str(first.iloc[0]).strip().casefold(), accepted) if len(first) else None
    yield _cells(
        column,
        column.broken,
        "CC024",
        f"{_of(column, column.count(column.broken))} {column.name} "
        f"{'is' if column.count(column.broken) == 1 else 'are'} none of {', '.join(accepted[:30])}",
        f"map them under levels ({{text in the file: level}}; levels are {', '.join(column.entry.level_values)}), or "
        "list them under missing_codes" + (f"; the nearest to the first is {close}" if close else ""),
    )


def _cells(column: ReadColumn, marked: BoolArray, code: str, text: str, remedy: str) -> FileFinding:
    return FileFinding(
        code,
        "error",
        text,
        remedy,
        column=column.rule.column,
        variable=column.name,
        count=column.count(marked),
        of=len(column) - column.missing,
        rows=column.rows(marked),
        examples=column.examples(marked),
    )


def _contradictions(table: MappedTable) -> Iterator[Result]:
    given = [name for name, column in table.columns.items() if column.entry.is_derived]
    frame = table.frame(tuple(table.columns)) if given else None
    judged = [name for name in given if frame is not None and inputs_in(frame, name)]
    if frame is None or not judged:
        yield NotApplicable("CC025", "no derived variable is read beside what it follows from")
        return
    for name in judged:
        column = table.columns[name]
        wrong = contradictions(frame, name, table.raw[column.rule.column]).positions
        if not len(wrong):
            continue
        marked = np.zeros(len(table), dtype=bool)
        marked[wrong] = True
        yield FileFinding(
            "CC025",
            "error",
            f"{len(wrong)} of {len(table)} rows give a {name} that contradicts "
            f"{', '.join(inputs_in(frame, name))}, from which it follows",
            "find out which is right; leave the derived variable out and it is computed",
            column=column.rule.column,
            variable=name,
            count=len(wrong),
            of=len(table),
            rows=first_rows(marked),
        )


def _of(column: ReadColumn, count: int) -> str:
    return f"{count} of {len(column) - column.missing} values of"
