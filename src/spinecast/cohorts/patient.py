"""The contract for one patient whose risk is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.conversion import other_units_hint
from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import batch_code, block_of, features_together
from spinecast.clinical.variable import Variable, format_number
from spinecast.cohorts.derived_values import closure, computed, differ, known_inputs, outside, shown
from spinecast.cohorts.rules import MISSING_TEXT, canonical_key, impossible_rule, level_lookup
from spinecast.errors import ContractError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FieldError", "PatientError", "check_patient", "label_text", "missing_labels", "patient_row"]

_QUANTITY_KEYS = ("value", "unit")
# Of fields that are none, so many are named each with what it may have meant, which takes a while to find.
_MOST_UNKNOWN = 20


class FieldError(ContractError):
    """One field of a patient that breaks the contract.

    Parameters
    ----------
    field : str
        Its name as given.
    what, expected, remedy
        As in `SpinecastError`.
    """

    def __init__(self, field: str, what: str, *, expected: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what, expected=expected, remedy=remedy)
        self.field = field


class PatientError(ContractError):
    """All that is wrong with the fields of one patient.

    Parameters
    ----------
    fields : sequence of FieldError
        Two or more.
    """

    def __init__(self, fields: Sequence[FieldError]) -> None:
        text = "\n".join(f"- {field}" for field in fields)
        super().__init__(f"{len(fields)} fields of the patient break the contract\n{text}")
        self.fields = tuple(fields)


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
    FieldError
        For an unknown field, an impossible value, a wrong unit, an unknown level, text in a number, or a derived
        value that contradicts its inputs.
    PatientError
        If several fields are wrong: all that is wrong is reported together.
    """
    numbers, warnings = _read(values, variables)
    return _frame(numbers, tuple(dict.fromkeys(variables)), values), warnings


def patient_row(values: Mapping[str, Any], variables: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """Check one patient as :func:`check_patient` does, for who needs numbers and no table: in a tenth of its time.

    Returns
    -------
    row : ndarray, shape (1, variables)
        As `spinecast.cohorts.cohort.frame_matrix` gives them: levels by index, NaN where not known.
    warnings : list of str

    Raises
    ------
    FieldError, PatientError
        As :func:`check_patient`.
    """
    numbers, warnings = _read(values, variables)
    return np.array([[numbers[name] for name in variables]], dtype=np.float64), warnings


def _read(values: Mapping[str, Any], variables: Sequence[str]) -> tuple[dict[str, float], list[str]]:
    """Read every field as a number, level index or NaN; derived variables completed."""
    fields = closure(variables)
    problems = _unknown_fields([name for name in values if name not in fields], fields)
    warnings: list[str] = []
    numbers: dict[str, float] = {}
    for name in fields:
        entry = variable(name)
        try:
            if entry.is_levelled:
                numbers[name] = (_label if entry.is_label else _level)(entry, values.get(name))
            else:
                numbers[name], remark = _number(entry, values.get(name))
                warnings.extend(remark)
        except ContractError as error:
            problems.append(_of_field(name, error))
    if problems:
        raise _together(problems)
    # Without any of its inputs a derived variable is as it was given.
    derived = [name for name in variables if variable(name).is_derived and _inputs_known(numbers, name)]
    if derived:
        given = {name: np.array([numbers[name]]) for name in closure(derived)}
        for name in derived:
            try:
                numbers[name], remark = _derived(given, name)
                warnings.extend(remark)
            except ContractError as error:
                problems.append(_of_field(name, error))
    if problems:
        raise _together(problems)
    missing = missing_labels(variables, [name for name in variables if math.isnan(numbers[name])])
    if missing:
        warnings.append(f"not known: {', '.join(missing)}")
    return numbers, warnings


def _inputs_known(numbers: Mapping[str, float], name: str) -> bool:
    return not all(math.isnan(numbers[each]) for each in closure(variable(name).derived_from))


def missing_labels(variables: Sequence[str], missing: Sequence[str]) -> list[str]:
    """Name what is missing of some variables; all features of an image that was not made are one thing that is."""
    whole = features_together(variables)
    gone = {block: own for block, own in whole.items() if len(own) > 1 and set(own) <= set(missing)}
    named = [variable(name).label for name in missing if name not in gone.get(block_of(name) or "", ())]
    return [*named, *(f"all {len(own)} features of {block}" for block, own in gone.items())]


def _frame(numbers: Mapping[str, float], names: Sequence[str], values: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    from spinecast.cohorts.columns import label_series

    columns = {
        name: label_series([label_text(values.get(name))])
        if variable(name).is_label
        else _series(variable(name), numbers[name])
        for name in names
    }
    return pd.DataFrame(columns, columns=pd.Index(list(names)))


def _series(entry: Variable, number: float) -> pd.Series:
    import pandas as pd

    from spinecast.cohorts.columns import level_series

    if not entry.is_levelled:
        return pd.Series([number], dtype=np.float64)
    return level_series(entry, np.array([-1 if math.isnan(number) else int(number)]))


def _derived(columns: Mapping[str, NDArray[np.float64]], name: str) -> tuple[float, list[str]]:
    """Return a derived variable of one patient, as given or computed, and what is unusual about a computed number.

    Parameters
    ----------
    columns : mapping of variable to ndarray, shape (1,)
        The variable and what it follows from, as read.
    name : str
    """
    entry, given, follows = variable(name), columns[name], computed(columns, name, 1)
    sources = ", ".join(known_inputs(columns, name))
    if differ(entry, given, follows)[0]:
        written = entry.level_values[int(given[0])] if entry.is_levelled else format_number(float(given[0]))
        raise _at_odds(f"{name}: {written} contradicts {shown(entry, float(follows[0]))}, which follows from", sources)
    if not math.isnan(given[0]):
        return float(given[0]), []
    number = float(follows[0])
    if outside(entry, follows)[0]:
        rule = impossible_rule(entry, follows, None)[0]
        raise _at_odds(f"{name}: {format_number(number)} is {rule}; computed from", sources)
    if entry.plausible is None or math.isnan(number) or entry.plausible.contains(number):
        return number, []
    usual = entry.range_text(entry.plausible)
    return number, [f"{entry.label}: {shown(entry, number)}, computed from {sources}, is unusual (usual is {usual})"]


def _at_odds(what: str, sources: str) -> ContractError:
    return ContractError(
        f"{what} {sources}",
        expected="the variable itself or what it follows from, or both in agreement",
        remedy=f"correct {sources} or leave unknown ones out",
    )


def _unknown_fields(names: Sequence[str], variables: Sequence[str]) -> list[FieldError]:
    found = [_unknown_field(name, variables) for name in names[:_MOST_UNKNOWN]]
    if len(names) > _MOST_UNKNOWN:
        first, others = str(names[_MOST_UNKNOWN]), len(names) - _MOST_UNKNOWN
        found.append(FieldError(first, f"{others} more unknown fields, {first!r} among them"))
    return found


def _unknown_field(name: str, variables: Sequence[str]) -> FieldError:
    close = nearest(str(name), variables)
    return FieldError(
        str(name),
        f"unknown field {str(name)!r}",
        expected=f"one of {', '.join(variables)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def _of_field(name: str, error: ContractError) -> FieldError:
    return FieldError(name, error.what, expected=error.expected, remedy=error.remedy)


def _together(problems: Sequence[FieldError]) -> ContractError:
    return problems[0] if len(problems) == 1 else PatientError(problems)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def _number(entry: Variable, given: object) -> tuple[float, list[str]]:
    value, unit = _quantity(entry, given)
    if _is_missing(value):
        return math.nan, []
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        what = "true or false" if isinstance(value, bool | np.bool_) else f"text in a number ({value!r})"
        raise ContractError(
            f"{entry.name}: {what}", expected=_allowed(entry, unit), remedy="give a number without quotation marks"
        )
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
            expected=_allowed(entry, unit),
            remedy=f'{hint}; if it is, say so: {{"value": …, "unit": …}}' if hint else "check the value",
        )
    if entry.plausible and not entry.plausible.contains(canonical):
        usual = entry.range_text(entry.plausible, unit)
        return canonical, [f"{entry.label}: {written} is unusual (usual is {usual}); check the value and its unit"]
    return canonical, []


def _allowed(entry: Variable, unit: str | None) -> str:
    return entry.range_text(entry.possible, unit) if entry.possible else "a number"


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


def label_text(given: object) -> str | None:
    """The text of a label as every reader writes it, None where it is not known."""
    if _is_missing(given):
        return None
    text = canonical_key(given)
    return None if text.casefold() in MISSING_TEXT else text


def _label(entry: Variable, given: object) -> float:
    """Read a text of one patient that tells groups apart."""
    if isinstance(given, Mapping | list | tuple):
        raise ContractError(f"{entry.name}: {given!r} is no text", expected="a text, such as the scanner's name")
    text = label_text(given)
    return math.nan if text is None else batch_code(text)


@cache
def _accepted_levels(name: str) -> Mapping[str, int]:
    return level_lookup(variable(name), {})


def _level(entry: Variable, given: object) -> float:
    value = given
    if isinstance(given, Mapping):
        value, _ = _quantity(entry, given)
    if _is_missing(value):
        return math.nan
    key = canonical_key(value).casefold()
    lookup = _accepted_levels(entry.name)
    if key not in lookup:
        raise entry.unknown_level(value)
    return float(lookup[key])
