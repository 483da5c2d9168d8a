"""The arithmetic of a published model: from matrix columns to the sum of its terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.derivations import derive
from spinecast.clinical.dictionary import variable
from spinecast.clinical.published_blocks import (
    Clip,
    Codes,
    Factor,
    Levels,
    Plain,
    Power,
    Spline,
    Standardise,
    Step,
    Term,
    Threshold,
)
from spinecast.clinical.scores.columns import column
from spinecast.clinical.variable import Variable

__all__ = ["coefficient", "factor_values", "sum_of_terms", "unknown_factors"]

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]


def coefficient(term: Term) -> float:
    """Return a term's coefficient: as given, or the natural logarithm of its ratio."""
    return math.log(term.ratio) if term.ratio is not None else float(term.coefficient or 0.0)


def sum_of_terms(terms: Iterable[Term], columns: Columns) -> FloatArray:
    """Return the linear predictor without intercept, shape (n,); NaN where a factor is not known.

    Raises
    ------
    ContractError
        If a value cannot be: outside the possible range, or no index of a level.
    ValueError
        If there is no column, or they differ in length.
    """
    total: FloatArray | float = 0.0
    for term in terms:
        product = coefficient(term) * factor_values(term, columns)
        for factor in term.times:
            product = product * factor_values(factor, columns)
        total = total + product
    return np.asarray(total, dtype=np.float64)


def unknown_factors(terms: Iterable[Term], columns: Columns) -> dict[str, NDArray[np.bool_]]:
    """Return, by variable, for whom the model cannot use it: it is missing, or the model says nothing at its value."""
    unknown: dict[str, NDArray[np.bool_]] = {}
    for term in terms:
        for factor in (term, *term.times):
            here = np.isnan(factor_values(factor, columns))
            unknown[factor.variable] = unknown[factor.variable] | here if factor.variable in unknown else here
    return {name: mask for name, mask in unknown.items() if mask.any()}


def factor_values(factor: Factor, columns: Columns) -> FloatArray:
    """Return a factor's values, shape (n,): in the publication's unit and transformed; NaN where not known."""
    entry = variable(factor.variable)
    values = _given_or_derived(entry, columns)
    if not entry.is_levelled:
        values = entry.conversion(factor.unit).from_canonical(values)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for step in factor.transform:
            values = _APPLY[type(step)](step, values, entry)
    # The logarithm of 0 and the root of a negative number are no values.
    return values if np.isfinite(values).all() else np.where(np.isfinite(values), values, np.nan)


def _given_or_derived(entry: Variable, columns: Columns) -> FloatArray:
    values = column(columns, entry.name)
    missing = np.isnan(values)
    if entry.is_derived and missing.any():
        return np.where(missing, derive(entry.name, columns), values)
    return values


def _plain(step: Plain, values: FloatArray, _entry: Variable) -> FloatArray:
    functions: dict[str, Callable[[FloatArray], FloatArray]] = {
        "log": np.log,
        "log10": np.log10,
        "square": np.square,
        "square_root": np.sqrt,
    }
    return functions[step.kind](values)


def _power(step: Power, values: FloatArray, _entry: Variable) -> FloatArray:
    return np.power(values, float(step.exponent))


def _standardise(step: Standardise, values: FloatArray, _entry: Variable) -> FloatArray:
    standardised: FloatArray = (values - step.centre) / step.scale
    return standardised


def _clip(step: Clip, values: FloatArray, _entry: Variable) -> FloatArray:
    return np.clip(values, step.lower, step.upper)


def _threshold(step: Threshold, values: FloatArray, _entry: Variable) -> FloatArray:
    # A value that only rounding keeps from the threshold (0.1 + 0.2 from 0.3) lies on it.
    on_it = np.isclose(values, step.value, rtol=1e-9, atol=0.0)
    beyond = (values > step.value) & ~on_it
    reached = {
        "at_least": beyond | on_it,
        "more_than": beyond,
        "at_most": ~beyond,
        "less_than": ~beyond & ~on_it,
    }[step.kind]
    return np.where(np.isnan(values), np.nan, reached)


def _spline(step: Spline, values: FloatArray, _entry: Variable) -> FloatArray:
    knot, before, last = step.knots[step.term - 1], step.knots[-2], step.knots[-1]

    def cubed(start: float) -> FloatArray:
        return np.maximum(values - start, 0.0) ** 3

    width = last - before
    term: FloatArray = cubed(knot) - cubed(before) * (last - knot) / width + cubed(last) * (before - knot) / width
    return term / (last - step.knots[0]) ** 2 if step.scaled else term


def _levels(step: Levels, values: FloatArray, entry: Variable) -> FloatArray:
    against = step.against or tuple(level for level in entry.level_values if level not in step.levels)
    return _look_up(values, entry, dict.fromkeys(against, 0.0) | dict.fromkeys(step.levels, 1.0))


def _codes(step: Codes, values: FloatArray, entry: Variable) -> FloatArray:
    return _look_up(values, entry, step.codes)


def _look_up(values: FloatArray, entry: Variable, numbers: Mapping[str, float]) -> FloatArray:
    """Return the number of each level; NaN for a level without one and for a missing value."""
    table = np.array([*(numbers.get(level, math.nan) for level in entry.level_values), math.nan])
    return table[np.where(np.isnan(values), len(table) - 1, values).astype(np.intp)]


_APPLY: Mapping[type[Step], Callable[[Any, FloatArray, Variable], FloatArray]] = {
    Plain: _plain,
    Power: _power,
    Standardise: _standardise,
    Clip: _clip,
    Threshold: _threshold,
    Spline: _spline,
    Levels: _levels,
    Codes: _codes,
}
