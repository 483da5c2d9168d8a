"""CC010 to CC013: in which unit a column is, asked wherever the values leave room for two answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spinecast.cohorts.checking.findings import FileFinding, NotApplicable, Result
from spinecast.cohorts.checking.mixed_units import mixed_units
from spinecast.cohorts.checking.reading import MappedTable, ReadColumn
from spinecast.cohorts.checking.unit_shares import FEWEST_TO_JUDGE, UnitShare, unit_shares

__all__ = ["unit_results"]

_CODES = ("CC010", "CC011", "CC012")


def unit_results(table: MappedTable) -> Iterator[Result]:
    """Check the unit of every measured column against the dictionary's ranges."""
    measured = [column for column in table.columns.values() if not column.entry.is_levelled]
    # Without a plausible range every unit that is possible would do, and nothing could be told.
    several = [column for column in measured if len(column.entry.conversions()) > 1 and column.entry.plausible]
    judged = [column for column in several if column.numbers.n >= FEWEST_TO_JUDGE]
    if not judged:
        reason = f"no column of a variable with several units has {FEWEST_TO_JUDGE} or more numbers"
        yield from (NotApplicable(code, reason) for code in _CODES)
    for column in judged:
        yield from _judge(column)
    if not any(column.numbers.n >= FEWEST_TO_JUDGE for column in measured):
        yield NotApplicable("CC013", f"no measured column has {FEWEST_TO_JUDGE} or more numbers")
    for column in measured:
        yield from _mixed(column)


def _judge(column: ReadColumn) -> Iterator[Result]:
    shares = unit_shares(column.entry, column.numbers)
    declared = next(share for share in shares if _is_declared(column, share))
    fitting = [share for share in shares if share.fits]
    others = [share for share in fitting if share is not declared]
    named = column.rule.unit is not None
    if declared.fits and not others:
        return
    if declared.fits:
        yield _finding(
            column,
            "CC011",
            "note" if named else "warning",
            f"{column.name} could be in {_any_of(fitting)}: the values fit {'both' if len(fitting) == 2 else 'all'}"
            + (f"; the mapping says {column.rule.unit}" if named else ", and the mapping names none"),
            shares,
            "confirm it with those who made the file" if named else _ask(column, fitting),
        )
    elif others:
        unit = column.rule.unit or column.entry.unit_symbol or "a pure number"
        yield _finding(
            column,
            "CC010",
            "error",
            f"{column.name} does not look like {unit} ({_percent(declared.plausible)} of the values would be usual), "
            f"but like {_any_of(others)}",
            shares,
            _ask(column, others),
        )
    else:
        plausible = column.entry.plausible
        middle = column.entry.conversion(column.rule.unit).to_canonical(column.numbers.median)
        # The contract refuses a column whose middle value is unusual in a unit that nobody named.
        refused = not named and plausible is not None and not bool(plausible.contains(middle))
        yield _finding(
            column,
            "CC012",
            "error" if refused else "warning",
            f"{column.name}: in none of its units would most values be usual; in {_symbol(declared)} "
            f"{_percent(declared.plausible)} would",
            shares,
            f"ask what was measured and in which unit; {column.entry.name} takes {_any_of(shares)}",
        )


def _is_declared(column: ReadColumn, share: UnitShare) -> bool:
    return column.entry.conversion(column.rule.unit).unit.symbol in share.spellings


def _finding(
    column: ReadColumn, code: str, severity: str, text: str, shares: tuple[UnitShare, ...], remedy: str
) -> FileFinding:
    return FileFinding(
        code,
        "error" if severity == "error" else "warning" if severity == "warning" else "note",
        text,
        remedy,
        column=column.rule.column,
        variable=column.name,
        count=column.numbers.n,
        of=len(column),
        examples=tuple(
            f"in {_symbol(share)}: {_percent(share.plausible)} plausible, {_percent(share.possible)} possible"
            for share in shares
        ),
    )


def _mixed(column: ReadColumn) -> Iterator[Result]:
    if column.numbers.n < FEWEST_TO_JUDGE:
        return
    slip = mixed_units(column.entry, column.numbers, column.rule.unit)
    if slip is None:
        return
    marked = np.isin(column.written, slip.values)
    count = column.count(marked)
    yield FileFinding(
        "CC013",
        "error",
        f"{count} of {column.numbers.n} values of {column.name} look as if {slip.words}: they lie at its exact factor "
        "from the others",
        "convert them in the source, or set them to missing; never all of the column",
        column=column.rule.column,
        variable=column.name,
        count=count,
        of=column.numbers.n,
        rows=column.rows(marked),
        examples=column.examples(marked),
    )


def _ask(column: ReadColumn, shares: list[UnitShare]) -> str:
    units = (column.entry.conversion(share.symbol or None).unit for share in shares)
    choices = " or ".join(f"unit: {unit.symbol}" if unit.symbol else f'unit: "{unit.ucum}"' for unit in units)
    return f"ask in which unit it was recorded, then write it in the mapping of {column.name}: {choices}"


def _any_of(shares: list[UnitShare] | tuple[UnitShare, ...]) -> str:
    return " or ".join(map(_symbol, shares))


def _symbol(share: UnitShare) -> str:
    return share.symbol or "a pure number"


def _percent(share: float) -> str:
    if 0 < share < 0.001 or 0.999 < share < 1:
        return "less than 0.1%" if share < 0.5 else "more than 99.9%"
    return f"{100 * share:.3g}%"
