"""Table one in words: the same cells for the page, the terminal and the CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from spinecast.clinical.variable import Variable
from spinecast.cohorts.describing.description import GroupDescription
from spinecast.cohorts.describing.table_one import Count, Numbers, TableEntry

__all__ = ["ShownRow", "column_names", "count_text", "shown_rows", "table_csv", "table_text"]

MEDIAN = "Median (quartiles)"
MEAN = "Mean (SD)"
NOT_RECORDED = "Not recorded"

_LONGEST = 46


@dataclass(frozen=True)
class ShownRow:
    """One row of table one.

    Parameters
    ----------
    variable : str
        Name in the dictionary.
    label : str
        The variable with its unit.
    line : str
        Empty in the first row of a variable, which bears its difference; else the statistic or level.
    cells : tuple of str
        Over all patients and by group; empty strings in a row that only names its variable.
    difference, between : str
        Absolute standardised difference, and which groups of more than two.
    """

    variable: str
    label: str
    line: str
    cells: tuple[str, ...]
    difference: str = ""
    between: str = ""


def column_names(description: GroupDescription) -> tuple[str, ...]:
    """Name the columns of cells with how many patients each is about."""
    groups = zip(description.groups, description.sizes, strict=True)
    return (f"All (n = {description.patients:,})", *(f"{group} (n = {size:,})" for group, size in groups))


def shown_rows(description: GroupDescription) -> tuple[ShownRow, ...]:
    """Write table one, variable by variable."""
    return tuple(row for entry in description.entries for row in _entry_rows(entry, description))


def _entry_rows(entry: TableEntry, description: GroupDescription) -> Iterator[ShownRow]:
    name, label = entry.entry.name, _named(entry.entry)
    difference, between = _difference(entry, description)
    nothing = ("",) * (len(description.groups) + 1)
    if entry.entry.kind == "binary":
        cells = tuple(count_text(cell) for cell in entry.levels[0].cells)
        yield ShownRow(name, label, "", cells, difference, between)
    else:
        yield ShownRow(name, label, "", nothing, difference, between)
        for level in entry.levels:
            yield ShownRow(name, label, level.label, tuple(count_text(cell) for cell in level.cells))
        if entry.numbers:
            yield ShownRow(name, label, MEDIAN, tuple(_median(entry.entry, numbers) for numbers in entry.numbers))
            yield ShownRow(name, label, MEAN, tuple(_mean(entry.entry, numbers) for numbers in entry.numbers))
    if any(cell.hidden or cell.count for cell in entry.missing):
        yield ShownRow(name, label, NOT_RECORDED, tuple(count_text(cell) for cell in entry.missing))


def _named(entry: Variable) -> str:
    """Name a variable with its unit, unless the label says it."""
    unit = entry.unit_symbol
    return entry.label if not unit or unit.casefold() in entry.label.casefold().split() else f"{entry.label}, {unit}"


def _difference(entry: TableEntry, description: GroupDescription) -> tuple[str, str]:
    if entry.difference is None:
        return entry.withheld or "", ""
    between = ""
    if description.compared > 2 and entry.between is not None:
        between = " and ".join(description.groups[position] for position in entry.between)
    return f"{abs(entry.difference):.3f}", between


def count_text(cell: Count) -> str:
    """Write a count with its share: ``12 (30.0%)``."""
    if cell.hidden is not None:
        return cell.hidden
    if cell.proportion is None:
        return f"{cell.count or 0:,}"
    percentage = 100 * cell.proportion
    share = "<0.1" if 0 < percentage < 0.05 else f"{percentage:.1f}"
    return f"{cell.count:,} ({share}%)"


def _median(entry: Variable, numbers: Numbers) -> str:
    if numbers.hidden is not None:
        return numbers.hidden
    median, lower, upper = (_number(value, entry.decimals) for value in (numbers.median, numbers.lower, numbers.upper))
    return f"{median} ({lower}–{upper})"


def _mean(entry: Variable, numbers: Numbers) -> str:
    if numbers.hidden is not None:
        return numbers.hidden
    digits = entry.decimals + 1
    return f"{_number(numbers.mean, digits)} ({_number(numbers.deviation, digits)})"


def _number(value: float | None, decimals: int) -> str:
    if value is None:
        return "–"
    # From ten thousand on: before that a separator helps little, and years have none.
    return f"{value:,.{decimals}f}" if abs(value) >= 10_000 else f"{value:.{decimals}f}"


def table_csv(description: GroupDescription, notice: str) -> str:
    """Write table one as CSV, one row a variable and statistic or level.

    Parameters
    ----------
    description : GroupDescription
    notice : str
        What every row says of itself: research use, and SYNTHETIC where the patients do not exist.
    """
    import pandas as pd

    names = ["All", *description.groups]
    rows = [
        {
            "variable": row.variable,
            "label": row.label,
            "line": row.line,
            **{f"{group} (n = {size})": cell for group, size, cell in zip(names, sizes, row.cells, strict=True)},
            **({"smd": row.difference, "smd_between": row.between} if description.compared > 1 else {}),
            "notice": notice,
        }
        for sizes in [(description.patients, *description.sizes)]
        for row in shown_rows(description)
    ]
    return pd.DataFrame(rows).to_csv(index=False)


def table_text(description: GroupDescription) -> str:
    """Write table one for a terminal, in columns."""
    compared = description.compared > 1
    header = ("", *column_names(description), *(("SMD",) if compared else ()))
    rows = [header]
    for row in shown_rows(description):
        name = f"  {row.line}" if row.line else row.label
        rows.append((_cut(name), *row.cells, *((row.difference,) if compared else ())))
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
