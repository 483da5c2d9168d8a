"""Reading matrix columns: what every score does before it counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores.score import Columns, FloatArray
from spinecast.errors import ContractError

__all__ = ["column", "either_end", "one_patient", "patient_count"]


def patient_count(columns: Columns) -> int:
    """Return the number of patients.

    Raises
    ------
    ValueError
        If there is no column, or they differ in length.
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise ValueError("columns of one length are needed, and at least one" if lengths else "there is no column")
    return lengths.pop()


def column(columns: Columns, name: str) -> FloatArray:
    """Return one variable's column, shape (n,); NaN throughout where it is absent.

    Raises
    ------
    ContractError
        If a value cannot be: a number outside the possible range (an albumin of 37 is in g/L and not in g/dL), or no
        index of a level. Tables are checked cell by cell by the cohort contract before they come here.
    """
    if name not in columns:
        return np.full(patient_count(columns), np.nan)
    values = np.asarray(columns[name], dtype=np.float64)
    entry = variable(name)
    if entry.possible is not None:
        lower, upper, expected = entry.possible.lower, entry.possible.upper, entry.range_text(entry.possible)
        wrong = (values < lower) | (values > upper)
    else:
        highest = len(entry.levels) - 1
        wrong = (values < 0) | (values > highest) | (values != np.rint(values)) & ~np.isnan(values)
        expected = f"the index of a level: 0 to {highest}"
    if wrong.any():
        raise ContractError(f"{name} has {np.count_nonzero(wrong)} values that cannot be", expected=expected)
    return values


def either_end(columns: Columns, name: str) -> tuple[FloatArray, FloatArray]:
    """Return a continuous column twice, shape (n,) each: what is missing at the lower and at the upper possible end."""
    values = column(columns, name)
    possible = variable(name).possible
    if possible is None:
        raise ValueError(f"{name} has levels and no ends")
    missing = np.isnan(values)
    return np.where(missing, possible.lower, values), np.where(missing, possible.upper, values)


def one_patient(given: Mapping[str, str | float | bool]) -> dict[str, FloatArray]:
    """Write one patient in words as matrix columns: levels by name, yes and no by True and False, numbers as they are.

    Raises
    ------
    ContractError
        If a variable or a level does not exist.

    Examples
    --------
    >>> columns = one_patient({"sex": "male", "dementia": False, "age": 63})
    >>> {name: values.tolist() for name, values in columns.items()}
    {'sex': [1.0], 'dementia': [0.0], 'age': [63.0]}
    """
    return {name: np.array([_coded(name, value)]) for name, value in given.items()}


def _coded(name: str, value: str | float | bool) -> float:
    entry = variable(name)
    if isinstance(value, str):
        if value not in entry.level_values:
            raise entry.unknown_level(value)
        return float(entry.level_values.index(value))
    return float(value)
