"""Bringing measured values to a variable's canonical unit, and noticing when another unit would explain them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.variable import Variable

__all__ = ["other_units_hint", "possible_in_other_units", "to_canonical"]


def to_canonical(variable: Variable, values: ArrayLike, unit: str | None = None) -> NDArray[np.float64]:
    """Convert values from a named unit to the variable's canonical unit.

    Parameters
    ----------
    variable : Variable
        A continuous variable.
    values : array_like of float, any shape
        In `unit`; NaN is a missing value and stays one.
    unit : str, optional
        Any accepted spelling; None means the canonical unit.

    Returns
    -------
    ndarray of float, same shape
        In the canonical unit.

    Raises
    ------
    ContractError
        If the variable does not accept the unit; lists those it accepts and names the nearest.
    """
    return variable.conversion(unit).to_canonical(values)


def possible_in_other_units(
    variable: Variable, values: ArrayLike, unit: str | None = None
) -> dict[str, NDArray[np.bool_]]:
    """Say, for every other accepted unit, which values would be possible if they were written in it.

    An albumin of 37 is impossible in g/dL and ordinary in g/L: the likeliest explanation of an impossible value is its
    unit, so every refusal names it. The unit is never changed on that ground.

    Parameters
    ----------
    variable : Variable
        A continuous variable.
    values : array_like of float, shape (n,)
        As written, in `unit`.
    unit : str, optional
        The unit they were declared in; None means the canonical unit.

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        Keyed by unit symbol. Units equal in size to the declared one explain nothing and are left out.
    """
    declared = variable.conversion(unit)
    if variable.possible is None:
        return {}
    return {
        other.unit.symbol: variable.possible.contains(other.to_canonical(values))
        for other in variable.conversions()
        if (other.factor, other.offset) != (declared.factor, declared.offset)
    }


def other_units_hint(variable: Variable, value: float, unit: str | None = None) -> str | None:
    """Say in words in which other unit one value would be possible, or None when in none."""
    symbols = [name for name, possible in possible_in_other_units(variable, value, unit).items() if bool(possible)]
    return f"possible if the unit were {' or '.join(symbols)}" if symbols else None
