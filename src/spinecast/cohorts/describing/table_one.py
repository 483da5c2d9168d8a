"""Table one: each variable over all patients and by group, how far the groups differ, and small counts hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.cohorts.describing.disclosure import Shown, hidden_text, protected
from spinecast.cohorts.standardised_differences import largest_difference, moments

__all__ = ["WITHHELD", "Count", "LevelRow", "Numbers", "TableEntry", "Withheld", "table_entry"]

Withheld = Literal["withheld", "too few", "infinite"]
WITHHELD: Mapping[Withheld, str] = {
    "withheld": "left out because a small count could be worked out of it",
    "too few": "fewer than two known values in a group",
    "infinite": "the groups differ and do not vary",
}
"""Why there is no standardised difference."""

FloatArray = NDArray[np.float64]
Masks = Sequence[NDArray[np.bool_]]


@dataclass(frozen=True)
class Count:
    """Some patients of a group, or what stands in the place of their number.

    Parameters
    ----------
    count, of : int or None
        None where the count, or what it is part of, is not shown.
    hidden : str or None
        ``<5`` or ``not shown`` in its place.
    """

    count: int | None
    of: int | None
    hidden: str | None = None

    @property
    def proportion(self) -> float | None:
        """The share, None where it is not shown or the group is empty."""
        return self.count / self.of if self.count is not None and self.of else None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        if self.hidden is not None:
            return {"hidden": self.hidden}
        return {"count": self.count, "of": self.of, "proportion": self.proportion}


@dataclass(frozen=True)
class Numbers:
    """A measured variable in one group, in its canonical unit.

    Parameters
    ----------
    median, lower, upper : float or None
        Median and quartiles (NumPy's default, Hyndman and Fan 1996 type 7).
    mean, deviation : float or None
        Mean and sample standard deviation, which one patient does not have.
    hidden : str or None
        What stands in place of all of them: too few patients, or none.
    """

    median: float | None = None
    lower: float | None = None
    upper: float | None = None
    mean: float | None = None
    deviation: float | None = None
    hidden: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        if self.hidden is not None:
            return {"hidden": self.hidden}
        return {name: value for name, value in asdict(self).items() if name != "hidden"}


@dataclass(frozen=True)
class LevelRow:
    """One level of a variable: its share of the known values, over all patients and then by group."""

    value: str
    label: str
    cells: tuple[Count, ...]


@dataclass(frozen=True)
class TableEntry:
    """One variable of table one.

    Parameters
    ----------
    entry : Variable
    levels : tuple of LevelRow
        Every level that somebody has; for a binary variable its presence. Empty for a measured variable.
    numbers : tuple of Numbers
        Over all patients and then by group; empty for a levelled variable.
    missing : tuple of Count
        Patients without a value, over all and then by group.
    difference : float or None
        Standardised difference of two groups, the largest of any two for more; see
        `spinecast.cohorts.standardised_differences`.
    between : (int, int) or None
        Positions of the two groups.
    withheld : str, optional
        Why there is no difference, a key of `WITHHELD`; None where there is one or nothing is compared.
    """

    entry: Variable
    levels: tuple[LevelRow, ...]
    numbers: tuple[Numbers, ...]
    missing: tuple[Count, ...]
    difference: float | None = None
    between: tuple[int, int] | None = None
    withheld: Withheld | None = None

    def to_dict(self, groups: Sequence[str]) -> dict[str, Any]:
        """Return JSON values; ``groups`` names the groups."""
        content: dict[str, Any] = {
            "variable": self.entry.name,
            "label": self.entry.label,
            "unit": self.entry.unit_symbol or None,
            "kind": self.entry.kind,
            "role": self.entry.role,
            "missing": [cell.to_dict() for cell in self.missing],
        }
        if self.numbers:
            content["numbers"] = [numbers.to_dict() for numbers in self.numbers]
        else:
            content["levels"] = [
                {"level": row.value, "label": row.label, "cells": [cell.to_dict() for cell in row.cells]}
                for row in self.levels
            ]
        if groups:
            content["standardised_difference"] = self.difference
            content["between"] = None if self.between is None else [groups[position] for position in self.between]
            content["withheld"] = None if self.withheld is None else WITHHELD[self.withheld]
        return content


def table_entry(entry: Variable, column: FloatArray, groups: Masks, compared: int, smallest: int) -> TableEntry:
    """Describe one variable.

    Parameters
    ----------
    entry : Variable
    column : ndarray, shape (n,)
        In the coding of `Cohort.matrix`.
    groups : sequence of ndarray of bool, shape (n,)
        The patients of each group; every patient is in one, unless there are none.
    compared : int
        How many of the groups are compared, the first ones.
    smallest : int
        The smallest count shown besides 0; below 2 nothing is hidden.

    Returns
    -------
    TableEntry
    """
    columns = [column, *(column[group] for group in groups)]
    parts = _levels(entry, columns, smallest) if entry.is_levelled else _numbers(columns, smallest)
    levels, numbers, missing, small = parts
    if compared < 2 or small:
        return TableEntry(entry, levels, numbers, missing, withheld="withheld" if compared > 1 else None)
    found = [moments(values, len(entry.levels)) for values in columns[1 : compared + 1]]
    difference, between = largest_difference(found)
    why: Withheld = "too few" if sum(group is not None for group in found) < 2 else "infinite"
    return TableEntry(entry, levels, numbers, missing, difference, between, why if difference is None else None)


_Parts = tuple[tuple[LevelRow, ...], tuple[Numbers, ...], tuple[Count, ...], bool]


def _levels(entry: Variable, columns: Sequence[FloatArray], smallest: int) -> _Parts:
    size = len(entry.levels)
    known = [values[~np.isnan(values)].astype(np.intp) for values in columns]
    counts = np.array([np.bincount(values, minlength=size) for values in known], dtype=np.int64).T
    missing = np.array([len(values) for values in columns], dtype=np.int64) - counts.sum(axis=0)
    state = protected(np.vstack([counts, missing]), smallest)
    # A share would give away how many values are known, and so how many are missing.
    totals = [None if hidden else int(total) for hidden, total in zip(state[-1], counts.sum(axis=0), strict=True)]
    shown = [1] if entry.kind == "binary" else [index for index in range(size) if counts[index].any()]
    rows = tuple(
        LevelRow(
            entry.levels[index].value, entry.levels[index].label, _counts(counts[index], totals, state[index], smallest)
        )
        for index in shown
    )
    whole = [len(values) for values in columns]
    # Only a small level is kept from being worked out of the difference. Where levels are hidden to protect the number
    # of missing values, that number alone could be, and it says nothing of a patient's state.
    small = bool((state[:-1] == Shown.SMALL).any())
    return rows, (), _counts(missing, whole, state[-1], smallest), small


def _numbers(columns: Sequence[FloatArray], smallest: int) -> _Parts:
    whole = [len(values) for values in columns]
    known = [values[~np.isnan(values)] for values in columns]
    sizes = np.array([len(values) for values in known], dtype=np.int64)
    state = protected(sizes[np.newaxis], smallest)[0]
    missing = np.array(whole, dtype=np.int64) - sizes
    return (
        (),
        tuple(_summary(values, int(shown), smallest) for values, shown in zip(known, state, strict=True)),
        _counts(missing, whole, protected(missing[np.newaxis], smallest)[0], smallest),
        bool(state[1:].any()),
    )


def _summary(values: FloatArray, state: int, smallest: int) -> Numbers:
    if not len(values):
        return Numbers(hidden="none recorded")
    if state != Shown.YES:
        return Numbers(hidden=f"<{smallest} recorded" if state == Shown.SMALL else "not shown")
    lower, middle, upper = (float(value) for value in np.percentile(values, [25, 50, 75]))
    deviation = float(values.std(ddof=1)) if len(values) > 1 else None
    return Numbers(middle, lower, upper, float(values.mean()), deviation)


def _counts(
    counts: NDArray[np.int64], totals: Sequence[int | None], state: NDArray[np.int8], smallest: int
) -> tuple[Count, ...]:
    return tuple(
        Count(int(count), total) if shown == Shown.YES else Count(None, None, hidden_text(int(shown), smallest))
        for count, total, shown in zip(counts, totals, state, strict=True)
    )
