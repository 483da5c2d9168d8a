"""Derived variables in matrix columns, of one patient or many: what they follow from, and what of that contradicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.derivations import derive
from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable, format_number

__all__ = ["closure", "computed", "differ", "known_inputs", "outside", "shown"]

FloatArray = NDArray[np.float64]

# A value given beside its inputs may be rounded, or rest on slightly other ones; beyond this share it is another value.
_TOLERANCE = 0.05


def closure(names: Sequence[str]) -> tuple[str, ...]:
    """Return variables and all that derived ones among them follow from, each once, as asked and then their inputs."""
    found = dict.fromkeys(names)
    for name in names:
        found |= dict.fromkeys(closure(variable(name).derived_from))
    return tuple(found)


def known_inputs(columns: Mapping[str, FloatArray], name: str) -> tuple[str, ...]:
    """Name the columns with a value that a derived variable follows from, directly or by another one.

    Parameters
    ----------
    columns : mapping of variable to ndarray, shape (n,)
        As `spinecast.cohorts.cohort.frame_matrix` gives them.
    name : str
        A derived variable.
    """
    sources = closure(variable(name).derived_from)
    return tuple(each for each in sources if each in columns and not np.isnan(columns[each]).all())


def computed(columns: Mapping[str, FloatArray], name: str, count: int) -> FloatArray:
    """Compute a derived variable of so many patients from what is known of them, shape (n,)."""
    sources = known_inputs(columns, name)
    return derive(name, {each: columns[each] for each in sources}) if sources else np.full(count, np.nan)


def outside(entry: Variable, values: FloatArray) -> NDArray[np.bool_]:
    """Say which values, shape (n,), cannot be; a missing one can."""
    if entry.possible is None:
        return np.zeros(values.shape, dtype=bool)
    return ~np.isnan(values) & ~entry.possible.contains(values)


def differ(entry: Variable, given: FloatArray, derived: FloatArray) -> NDArray[np.bool_]:
    """Say where both are known and are two values; a comparison with a missing one is false."""
    if entry.is_levelled:
        unequal: NDArray[np.bool_] = (given != derived) & ~np.isnan(given) & ~np.isnan(derived)
        return unequal
    rounding = 0.5 * 10.0**-entry.decimals
    allowed = np.maximum(_TOLERANCE * np.abs(derived), rounding) * (1 + 1e-9)
    different: NDArray[np.bool_] = np.abs(given - derived) > allowed
    return different


def shown(entry: Variable, value: float) -> str:
    """Write a value in the coding of the matrix as a person would: a level's name, or a number with its unit."""
    if entry.is_levelled:
        return entry.level_values[int(value)]
    return f"{format_number(round(value, entry.decimals + 1))} {entry.unit_symbol}".rstrip()
