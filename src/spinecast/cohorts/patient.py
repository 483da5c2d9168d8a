"""The contract for one patient whose risk is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spinecast.clinical.conversion import other_units_hint
from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable, format_number
from spinecast.cohorts.columns import level_series
from spinecast.cohorts.derived import closure, complete, contradictions, inputs_in, shown
from spinecast.cohorts.rules import canonical_key, level_lookup
from spinecast.errors import ContractError, nearest

__all__ = ["check_patient"]

_QUANTITY_KEYS = ("value", "unit")


def check_patient(values: Mapping[str, Any], variables: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Check what is known of one patient and bring it to canonical form.

    Parameters
    ----------
    values : mapping of variable to value
        A number in the canonical unit, ``{"value": 37, "unit": "g/L"}``, a level, or true and false for a binary
        variable. None, NaN or absent means not known. A derived variable may be given, or what it follows from, or
        both if they agree.
    variables : sequence of str
        The model's predictors.

    Returns
    -------
    frame : DataFrame, 1 row
        One canonical column a variable, in the order of `variables`.
    warnings : list of str
        What is implausible, and what is not known.

    Raises
    ------
    ContractError
        For an unknown field, an impossible value, a wrong unit, an unknown level, text in a number, or a derived
        value that contradicts its inputs. All that is wrong is reported together.
    """
    fields = closure(variables)
    problems = [_unknown_field(name, fields) for name in values if name not in fields]
    warnings: list[str] = []
    columns: dict[str, pd.Series] = {}
    for name in fields:
        entry = variable(name)
        try:
            if entry.is_levelled:
                columns[name] = _level(entry, values.get(name))
            else:
                number, remark = _number(entry, values.get(name))
                columns[name] = pd.Series([number], dtype=np.float64)
                warnings.extend(remark)
        except ContractError as error:
            problems.append(error)
    if problems:
        raise _together(problems)
    given = pd.DataFrame(columns, columns=pd.Index(list(fields)))
    frame = given[list(dict.fromkeys(variables))].copy()
    for name in variables:
        if variable(name).is_derived:
            try:
                frame[name], remark = _derived(given, name)
                warnings.extend(remark)
            except ContractError as error:
                problems.append(error)
    if problems:
        raise _together(problems)
    missing = [variable(name).label for name in variables if frame[name].isna().iloc[0]]
    if missing:
        warnings.append(f"not known: {', '.join(missing)}")
    return frame, warnings


def _derived(given: pd.DataFrame, name: str) -> tuple[pd.Series, list[str]]:
    """Return a derived variable of one patient, as given or computed, and what is unusual about a computed number."""
    entry, reading = variable(name), complete(given, name)
    for finding, link in ((contradictions(given, name, given[name]), ""), (reading.impossible, "is ")):
        for value, rule in zip(finding.values, finding.rules, strict=True):
            raise ContractError(
                f"{name}: {value} {link}{rule}",
                expected="the variable itself or what it follows from, or both in agreement",
                remedy=f"correct {', '.join(inputs_in(given, name))} or leave unknown ones out",
            )
    if entry.plausible is None or not math.isnan(given[name].iloc[0]) or math.isnan(reading.values.iloc[0]):
        return reading.values, []
    number = float(reading.values.iloc[0])
    if entry.plausible.contains(number):
        return reading.values, []
    usual, sources = entry.range_text(entry.plausible), ", ".join(inputs_in(given, name))
    return reading.values, [
        f"{entry.label}: {shown(entry, number)}, computed from {sources}, is unusual (usual is {usual})"
    ]


def _unknown_field(name: str, variables: Sequence[str]) -> ContractError:
    close = nearest(str(name), variables)
    return ContractError(
        f"unknown field {str(name)!r}",
        expected=f"one of {', '.join(variables)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def _together(problems: Sequence[ContractError]) -> ContractError:
    if len(problems) == 1:
        return problems[0]
    text = "\n".join(f"- {problem}" for problem in problems)
    return ContractError(f"{len(problems)} fields of the patient break the contract\n{text}")


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def _number(entry: Variable, given: object) -> tuple[float, list[str]]:
    value, unit = _quantity(entry, given)
    if _is_missing(value):
        return math.nan, []
    allowed = entry.range_text(entry.possible, unit) if entry.possible else "a number"
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        what = "true or false" if isinstance(value, bool | np.bool_) else f"text in a number ({value!r})"
        raise ContractError(f"{entry.name}: {what}", expected=allowed, remedy="give a number without quotation marks")
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond what any unit could mean
        number = math.inf
    conversion = entry.conversion(unit)
    written = f"{format_number(number)} {conversion.unit.symbol}".rstrip()
    canonical = float(conversion.to_canonical(number))
    if not math.isfinite(canonical) or (entry.possible and not entry.possible.contains(canonical)):
        hint = other_units_hint(entry, number, unit) if math.isfinite(canonical) else None
        raise ContractError(
            f"{entry.name}: {written} is impossible",
            expected=allowed,
            remedy=f'{hint}; if it is, say so: {{"value": …, "unit": …}}' if hint else "check the value",
        )
    if entry.plausible and not entry.plausible.contains(canonical):
        usual = entry.range_text(entry.plausible, unit)
        return canonical, [f"{entry.label}: {written} is unusual (usual is {usual}); check the value and its unit"]
    return canonical, []


def _quantity(entry: Variable, given: object) -> tuple[object, str | None]:
    if not isinstance(given, Mapping):
        return given, None
    for key in given:
        if key not in _QUANTITY_KEYS:
            close = nearest(str(key), _QUANTITY_KEYS)
            raise ContractError(
                f"{entry.name}: unknown key {str(key)!r}",
                expected='{"value": number, "unit": text}',
                remedy=f"did you mean {close}?" if close else None,
            )
    unit = given.get("unit")
    if unit is not None and not isinstance(unit, str):
        raise ContractError(f"{entry.name}: the unit must be text, not {unit!r}")
    entry.conversion(unit)
    return given.get("value"), unit


def _level(entry: Variable, given: object) -> pd.Series:
    value = given
    if isinstance(given, Mapping):
        value, _ = _quantity(entry, given)
    code = -1
    if not _is_missing(value):
        lookup = level_lookup(entry, {})
        key = canonical_key(value).casefold()
        if key not in lookup:
            raise entry.unknown_level(value)
        code = lookup[key]
    return level_series(entry, np.array([code]))
