"""A file as its mapping reads it: every column by its distinct cells, so that a million rows cost little more than one.

What a cell means is decided by the contract's own reading of columns (`spinecast.cohorts.columns`): the check refuses
what the contract would refuse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.cohorts.checking.counted import Counted
from spinecast.cohorts.checking.findings import SHOWN, first_rows
from spinecast.cohorts.checking.mapped_file import read_mapped
from spinecast.cohorts.checking.mapping import FileMapping
from spinecast.cohorts.checking.privacy import WITHHELD, Identifiers, shown_cell, withheld
from spinecast.cohorts.columns import ColumnReading, read_column
from spinecast.cohorts.identifiers import patient_identifiers, source_rows
from spinecast.cohorts.rules import MISSING_TEXT, ColumnRule
from spinecast.cohorts.synthetic.marks import MARK_COLUMN, PARQUET_KEY, is_marked

__all__ = ["MappedTable", "ReadColumn", "map_table", "read_file"]

_NO_MEASUREMENT = 1e30

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ReadColumn:
    """One column read as one variable; k distinct cells in n rows.

    Parameters
    ----------
    rule : ColumnRule
    cells : Series, shape (k,)
        Distinct raw cells.
    place : ndarray of int, shape (n,)
        Which of them each row holds; -1 for an empty cell.
    counts : ndarray of int, shape (k,)
        In how many rows each stands.
    reading : ColumnReading
        What the contract makes of the distinct cells.
    written : ndarray, shape (k,)
        Numbers as written, in the declared unit; NaN for what is missing, text, a level or too large to measure
        anything.
    withheld : ndarray of bool, shape (k,)
        Cells that are identifiers of patients and are never shown.
    """

    rule: ColumnRule
    cells: pd.Series
    place: NDArray[np.int32]
    counts: NDArray[np.int64]
    reading: ColumnReading
    written: FloatArray
    withheld: BoolArray

    @property
    def entry(self) -> Variable:
        """The variable."""
        return self.rule.entry

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.rule.variable

    def __len__(self) -> int:
        return len(self.place)

    @cached_property
    def distinct(self) -> FloatArray:
        """The distinct cells in the coding of `Cohort.matrix`, shape (k,)."""
        values = self.reading.values
        if values.dtype == "category":
            codes = values.cat.codes.to_numpy()
            return np.where(codes < 0, np.nan, codes).astype(np.float64)
        return values.to_numpy(dtype=np.float64)

    @property
    def values(self) -> FloatArray:
        """Every row in the coding of `Cohort.matrix`, shape (n,): NaN where missing, broken or impossible."""
        return np.append(self.distinct, np.nan)[self.place]

    @cached_property
    def broken(self) -> BoolArray:
        """Distinct cells that cannot be read at all, shape (k,)."""
        marked = np.zeros(len(self.cells), dtype=bool)
        for finding in self.reading.broken:
            marked[finding.positions] = True
        return marked

    @property
    def impossible(self) -> BoolArray:
        """Distinct cells outside the possible range, shape (k,)."""
        return self.reading.impossible_mask

    @cached_property
    def absent(self) -> BoolArray:
        """Distinct cells that mean missing, shape (k,)."""
        return np.isnan(self.distinct) & ~self.broken & ~self.impossible

    @cached_property
    def known(self) -> Counted:
        """Readable values in the coding of `Cohort.matrix`."""
        return Counted.of(self.distinct, self.counts)

    @cached_property
    def numbers(self) -> Counted:
        """Numbers as written, impossible ones among them."""
        return Counted.of(self.written, self.counts)

    @property
    def missing(self) -> int:
        """How many cells are empty or mean missing."""
        return len(self) - self.count(~self.absent)

    def count(self, marked: BoolArray) -> int:
        """Count the rows whose distinct cell is marked; shape (k,)."""
        return int(self.counts[marked].sum())

    def marked_rows(self, marked: BoolArray) -> BoolArray:
        """Mark the rows, shape (n,), whose distinct cell is marked, shape (k,)."""
        return np.append(marked, False)[self.place]

    def rows(self, marked: BoolArray) -> tuple[int, ...]:
        """Return the numbers of the first few rows whose distinct cell is marked; shape (k,)."""
        return first_rows(self.marked_rows(marked))

    def examples(self, marked: BoolArray, limit: int = SHOWN) -> tuple[str, ...]:
        """Show the commonest marked cells with their counts; identifiers are withheld."""
        positions = np.flatnonzero(marked)
        commonest = positions[np.argsort(-self.counts[positions], kind="stable")][:limit]
        shown = [
            f"{WITHHELD if self.withheld[position] else shown_cell(self.cells.iloc[position])}"
            f"{f' (×{self.counts[position]})' if self.counts[position] > 1 else ''}"
            for position in commonest
        ]
        return tuple(dict.fromkeys(shown))


@dataclass(frozen=True, eq=False)
class MappedTable:
    """A file as its mapping reads it.

    Parameters
    ----------
    name : str
        The file's name, never its path: paths can name people.
    raw : DataFrame, n rows
        As read.
    mapping : FileMapping
    columns : mapping of variable to ReadColumn
        What could be read: one column each, which the file has once and which does not repeat the identifiers.
    repeating : tuple of ColumnRule
        Rules whose column repeats the patient identifiers.
    identifiers : Series of str, shape (n,), optional
        None without an ``id_column``, or where the file lacks it.
    synthetic : bool
    """

    name: str
    raw: pd.DataFrame
    mapping: FileMapping
    columns: Mapping[str, ReadColumn]
    repeating: tuple[ColumnRule, ...] = ()
    identifiers: pd.Series | None = None
    synthetic: bool = False
    headers: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.raw)

    @cached_property
    def once(self) -> frozenset[str]:
        """Headers that no other column bears."""
        return _once(self.headers)

    @cached_property
    def known_identifiers(self) -> frozenset[str]:
        """Every identifier once; empty where none are read."""
        return frozenset() if self.identifiers is None else frozenset(self.identifiers) - MISSING_TEXT

    def withholding(self, identifiers: frozenset[str]) -> MappedTable:
        """Return the table with further identifiers, those of another file, kept off every surface."""
        columns = {
            name: replace(column, withheld=column.withheld | withheld(column.cells, identifiers))
            if column.broken.any()  # other cells are numbers and levels
            else column
            for name, column in self.columns.items()
        }
        return replace(self, columns=columns)

    def has(self, *names: str) -> bool:
        """Say whether all of some variables are read."""
        return all(name in self.columns for name in names)

    def frame(self, names: tuple[str, ...]) -> pd.DataFrame:
        """Return variables in the contract's canonical form, n rows."""
        read = {}
        for name in names:
            column = self.columns[name]
            place = np.where(column.place < 0, len(column.cells), column.place)
            read[name] = column.reading.values.reindex(pd.RangeIndex(len(column.cells) + 1)).iloc[place]
        return pd.DataFrame({name: values.reset_index(drop=True) for name, values in read.items()})


def read_file(path: Path, mapping: FileMapping, progress: Callable[[str], None] = lambda _said: None) -> MappedTable:
    """Read a CSV or Parquet file by a mapping.

    Parameters
    ----------
    path : Path
    mapping : FileMapping
    progress : callable, optional
        Told what is being done.

    Raises
    ------
    CohortError, ContractError
        If the file cannot be read as a table or holds no patient.
    """
    progress(f"reading {path.name}")
    raw = read_mapped(path, mapping)
    table = map_table(raw, mapping, name=path.name, synthetic=_marked_in_parquet(path))
    progress(f"{path.name}: {len(table):,} rows, {len(table.columns)} columns read as variables")
    return table


def map_table(raw: pd.DataFrame, mapping: FileMapping, *, name: str, synthetic: bool = False) -> MappedTable:
    """Read a table of raw cells by a mapping.

    Parameters
    ----------
    raw : DataFrame, n rows
    mapping : FileMapping
    name : str
        What the table is called.
    synthetic : bool
        Whether it is already known to hold made-up patients; what the table and the mapping say is added.
    """
    raw = raw.set_axis(pd.Index([str(header) for header in raw.columns]), axis=1)
    headers = tuple(raw.columns)
    once = _once(headers)
    id_column = mapping.content.id_column
    identifiers = None
    if id_column in once:
        identifiers, _ = patient_identifiers(raw[id_column], source_rows(raw))
    known = None if identifiers is None else Identifiers(identifiers)
    columns, repeating = {}, []
    for rule in mapping.rules(headers):
        if rule.column not in once:
            continue
        column = _read(raw[rule.column], rule, known)
        if known is not None and known.repeated_by(column.cells, column.place):
            repeating.append(rule)
        else:
            columns[rule.variable] = column
    marked = is_marked(
        [h for h in headers if h.strip().casefold() == MARK_COLUMN], () if known is None else known.known
    )
    return MappedTable(
        name,
        raw,
        mapping,
        columns,
        tuple(repeating),
        identifiers,
        synthetic or marked or mapping.content.synthetic,
        headers,
    )


def _once(headers: Sequence[str]) -> frozenset[str]:
    return frozenset(header for header, count in Counter(headers).items() if count == 1)


def _read(raw: pd.Series, rule: ColumnRule, known: Identifiers | None) -> ReadColumn:
    cells = raw.astype(object) if raw.dtype == "category" else raw
    place, uniques = pd.factorize(cells, use_na_sentinel=True)
    distinct = pd.Series(uniques, name=raw.name)
    counts = np.bincount(place[place >= 0], minlength=len(distinct)).astype(np.int64)
    with np.errstate(over="ignore"):  # 1e305 in another unit is infinite, and no more possible
        reading = read_column(distinct, rule)
    return ReadColumn(
        rule=rule,
        cells=distinct,
        place=place.astype(np.int32),
        counts=counts,
        reading=reading,
        written=_written(distinct, rule, reading),
        withheld=np.zeros(len(distinct), dtype=bool) if known is None else withheld(distinct, known.known),
    )


def _written(cells: pd.Series, rule: ColumnRule, reading: ColumnReading) -> FloatArray:
    """Return the numbers of distinct cells as written, shape (k,): what was read, and what is impossible."""
    if rule.entry.is_levelled:
        return np.full(len(cells), np.nan)
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    usable = reading.values.notna().to_numpy() | reading.impossible_mask
    # No number of this size measures anything; it would only overflow what is computed of the others.
    return np.where(usable & (np.abs(numbers) < _NO_MEASUREMENT), numbers, np.nan)


def _marked_in_parquet(path: Path) -> bool:
    if path.suffix.casefold() not in (".parquet", ".pq"):
        return False
    from pyarrow import parquet

    return PARQUET_KEY in (parquet.read_schema(path).metadata or {})
