"""What is drawn of a column: counts in bins, with the ranges of every unit; counts of levels. No single patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.checking.counted import Counted
from spinecast.cohorts.checking.fill_ins import decimals_written
from spinecast.cohorts.checking.findings import FileFinding
from spinecast.cohorts.checking.reading import MappedTable, ReadColumn
from spinecast.cohorts.checking.unit_shares import unit_shares

__all__ = ["Bins", "Levels", "Picture", "UnitRange", "pictures"]

_BINS = 36
_TAIL = 0.001
# Larger than this ratio of the 99.9 % to the 0.1 % value, a linear scale would show one heap.
_LOG_FROM = 30
_FARTHEST = 1e4

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class UnitRange:
    """The plausible range of one unit, in numbers as the column writes them."""

    symbol: str
    lower: float
    upper: float
    declared: bool
    plausible_share: float


@dataclass(frozen=True)
class Bins:
    """The numbers of a column as written, counted in bins.

    Parameters
    ----------
    edges : tuple of float, length b + 1
    counts : tuple of int, length b
    below, above : int
        Numbers beyond the first and the last edge.
    log : bool
        Whether the edges are even on a logarithmic scale.
    unit : str
        The declared unit.
    ranges : tuple of UnitRange
    other_counts : tuple of int, length b, optional
        The same bins in the other file, as its numbers would be written in this file's unit.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int
    above: int
    log: bool
    unit: str
    ranges: tuple[UnitRange, ...]
    other_counts: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Levels:
    """How often each level stands, and how many cells are none of them."""

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    unknown: int
    other_counts: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Picture:
    """One flagged column.

    Parameters
    ----------
    variable, label, column : str
    known, missing, total : int
    shown : Bins or Levels
    """

    variable: str
    label: str
    column: str
    known: int
    missing: int
    total: int
    shown: Bins | Levels

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        shown = self.shown
        common = {"variable": self.variable, "column": self.column, "known": self.known, "missing": self.missing}
        if isinstance(shown, Levels):
            return {**common, "levels": list(shown.labels), "counts": list(shown.counts), "unknown": shown.unknown}
        return {
            **common,
            "unit": shown.unit,
            "edges": list(shown.edges),
            "counts": list(shown.counts),
            "below": shown.below,
            "above": shown.above,
        }


def pictures(table: MappedTable, other: MappedTable | None, findings: tuple[FileFinding, ...]) -> tuple[Picture, ...]:
    """Return a picture of every column that a finding of error or warning names, in the order of the findings."""
    named = dict.fromkeys(
        finding.variable for finding in findings if finding.variable in table.columns and finding.severity != "note"
    )
    made = []
    for name in named:
        column = table.columns[str(name)]
        theirs = other.columns.get(column.name) if other is not None else None
        shown = _levels(column, theirs) if column.entry.is_levelled else _bins(column, theirs)
        if shown is not None:
            made.append(
                Picture(
                    column.name,
                    column.entry.label,
                    column.rule.column,
                    column.known.n,
                    column.missing,
                    len(column),
                    shown,
                )
            )
    return tuple(made)


def _levels(column: ReadColumn, theirs: ReadColumn | None) -> Levels:
    return Levels(
        tuple(level.label for level in column.entry.levels),
        _level_counts(column),
        column.count(column.broken),
        None if theirs is None else _level_counts(theirs),
    )


def _level_counts(column: ReadColumn) -> tuple[int, ...]:
    counts = np.zeros(len(column.entry.levels), dtype=np.int64)
    counts[column.known.values.astype(np.int64)] = column.known.counts
    return tuple(map(int, counts))


def _bins(column: ReadColumn, theirs: ReadColumn | None) -> Bins | None:
    numbers = column.numbers
    if not numbers.n:
        return None
    ranges = _ranges(column)
    low, high = numbers.quantile(_TAIL), numbers.quantile(1 - _TAIL)
    declared = next(limits for limits in ranges if limits.declared)
    # A value far out is counted beyond the edge rather than left to squeeze all the others into one bin.
    middle, wide = numbers.median, 6 * max(numbers.quantile(0.9) - numbers.quantile(0.1), 1e-9)
    log = low > 0 and declared.lower > 0 and max(high, declared.upper) > _LOG_FROM * min(low, declared.lower)
    if log:
        low, high = max(low, declared.lower / _FARTHEST), min(high, declared.upper * _FARTHEST)
        edges = np.geomspace(min(low, declared.lower), max(high, declared.upper) * 1.0001, _BINS + 1)
    else:
        low, high = max(low, middle - wide), min(high, middle + wide)
        # Where nearly all the values lie well below the end of the range, the drawing ends with them.
        end = high + 0.15 * (high - low) if high < declared.upper / 2 and high > declared.lower else declared.upper
        edges = _even(min(low, declared.lower), max(high, end), numbers)
    return Bins(
        tuple(float(edge) for edge in edges),
        _binned(numbers, edges),
        numbers.count(numbers.values < edges[0]),
        numbers.count(numbers.values > edges[-1]),
        log,
        column.entry.conversion(column.rule.unit).unit.symbol,
        ranges,
        None if theirs is None else _binned(_as_written_here(column, theirs), edges),
    )


def _even(low: float, high: float, numbers: Counted) -> FloatArray:
    """Return even edges, each bin a whole number of last digits wide: others would show peaks that are not there."""
    decimals = decimals_written(numbers)
    step = 0.0 if decimals is None else 10.0**-decimals
    width = (high - low) / _BINS
    if step:
        width = max(1, round(width / step)) * step
        low -= step / 2
    count = min(3 * _BINS, int(np.ceil((high - low) / width + 1e-9)))
    return np.asarray(low + width * np.arange(count + 1), dtype=np.float64)


def _binned(numbers: Counted, edges: FloatArray) -> tuple[int, ...]:
    counts, _ = np.histogram(numbers.values, bins=edges, weights=numbers.counts)
    return tuple(int(count) for count in counts)


def _as_written_here(column: ReadColumn, theirs: ReadColumn) -> Counted:
    canonical = theirs.entry.conversion(theirs.rule.unit).to_canonical(theirs.numbers.values)
    return Counted(column.entry.conversion(column.rule.unit).from_canonical(canonical), theirs.numbers.counts)


def _ranges(column: ReadColumn) -> tuple[UnitRange, ...]:
    entry = column.entry
    limits = entry.plausible or entry.possible
    if limits is None:
        return ()
    declared = entry.conversion(column.rule.unit).unit.symbol
    ranges = []
    for share in unit_shares(entry, column.numbers):
        unit = entry.conversion(share.symbol or None)
        lower, upper = (float(unit.from_canonical(end)) for end in (limits.lower, limits.upper))
        ranges.append(UnitRange(share.symbol, lower, upper, declared in share.spellings, share.plausible))
    return tuple(ranges)
