"""How the columns of a table map to the variables of the dictionary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.conversion import possible_in_other_units
from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable
from spinecast.errors import ContractError, nearest

__all__ = ["MISSING_TEXT", "ColumnRule", "canonical_key", "column_rules", "impossible_rule", "level_lookup"]

# What spreadsheets, R and pandas write for nothing. "none" is not among them: it is a level of some variables.
MISSING_TEXT = frozenset({"", "na", "n/a", "nan", "null", "<na>"})
_MAPPING_KEYS = ("column", "unit", "levels", "missing_codes")


@dataclass(frozen=True)
class ColumnRule:
    """Where one variable stands in a table and how it is written there.

    Parameters
    ----------
    variable : str
        Its name in the dictionary.
    column : str
        The column of the table.
    unit : str, optional
        The unit of a continuous variable; None means the dictionary's canonical unit.
    levels : mapping of raw value to level
        How the table writes the levels, such as ``{"M": "male", "F": "female"}``. Empty means as the dictionary does;
        a binary variable may then also be written 0 and 1 or true and false.
    missing_codes : tuple
        Raw values that stand for a missing one, such as -999, in the unit of the column.

    Raises
    ------
    ContractError
        If the variable, unit or a level does not exist; names the nearest.
    """

    variable: str
    column: str
    unit: str | None = None
    levels: Mapping[Any, str] = field(default_factory=dict)
    missing_codes: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        entry = variable(self.variable)
        if not entry.is_levelled:
            if self.levels:
                raise ContractError(
                    f"{self.variable} is a number and has no levels to map",
                    where=f"column {self.column}",
                    expected=f"a unit, one of {', '.join(c.unit.symbol for c in entry.conversions())}",
                )
            entry.conversion(self.unit)
        elif self.unit is not None:
            raise ContractError(
                f"{self.variable} has levels and takes no unit, but {self.unit!r} was given",
                where=f"column {self.column}",
                expected=f"a mapping to its levels: {', '.join(entry.level_values)}",
            )
        for level in self.levels.values():
            if level not in entry.level_values:
                raise entry.unknown_level(level)

    @property
    def entry(self) -> Variable:
        """The variable's entry in the dictionary."""
        return variable(self.variable)


def column_rules(
    variables: Sequence[str], columns: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[ColumnRule, ...]:
    """Make a rule for every variable: as mapped, else the column that bears the variable's own name.

    Parameters
    ----------
    variables : sequence of str
        What the study needs, in order; repeats count once.
    columns : mapping of variable to {column, unit, levels, missing_codes}, optional
        The mapping of a study file. What it says of further variables is checked and otherwise unused.

    Raises
    ------
    ContractError
        For an unknown variable, key, unit or level; names the nearest known one.
    """
    mapped = {name: _mapped_rule(name, mapping) for name, mapping in (columns or {}).items()}
    return tuple(mapped.get(name) or ColumnRule(name, name) for name in dict.fromkeys(variables))


def _mapped_rule(name: str, mapping: Mapping[str, Any]) -> ColumnRule:
    for key in mapping:
        if key not in _MAPPING_KEYS:
            close = nearest(key, _MAPPING_KEYS)
            raise ContractError(
                f"the mapping of {name} has no key {key!r}",
                expected=f"one of {', '.join(_MAPPING_KEYS)}",
                remedy=f"did you mean {close}?" if close else None,
            )
    return ColumnRule(
        name,
        mapping.get("column") or name,
        mapping.get("unit"),
        dict(mapping.get("levels") or {}),
        tuple(mapping.get("missing_codes") or ()),
    )


def canonical_key(value: object) -> str:
    """Write a raw cell so that 1, 1.0 and "1" agree, and True and "True"."""
    if isinstance(value, str):
        text = value.strip()
        if text.casefold() in ("true", "false"):
            return text.casefold()
        try:
            return _number_key(float(text))
        except ValueError:
            return text
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return str(bool(value)).lower()
    try:
        return _number_key(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)


def _number_key(number: float) -> str:
    return str(int(number)) if math.isfinite(number) and number.is_integer() else repr(number)


def level_lookup(entry: Variable, levels: Mapping[Any, str]) -> dict[str, int]:
    """Return the level index of every accepted raw text, keyed by `canonical_key`.

    With a mapping only what it names is accepted. Without one the dictionary's own values are, in any case, and for a
    binary variable 0 and 1 and true and false.
    """
    index = {value: position for position, value in enumerate(entry.level_values)}
    if not levels:
        known: dict[str, int] = dict(index)
        if entry.kind == "binary":
            known |= {"0": 0, "1": 1, "false": 0, "true": 1}
        return known
    lookup: dict[str, int] = {}
    for raw, level in levels.items():
        keys: Iterable[str] = (canonical_key(raw),)
        if isinstance(raw, bool):
            # A YAML file that says {yes: present} means the word the table holds, but YAML 1.1 has read a boolean.
            keys = ("true", "yes", "Yes", "YES") if raw else ("false", "no", "No", "NO")
        lookup |= dict.fromkeys(keys, index[level])
    return lookup


def impossible_rule(entry: Variable, values: NDArray[np.float64], unit: str | None) -> NDArray[np.object_]:
    """Say of impossible values, shape (k,), what is allowed and in which other unit each would be possible."""
    if entry.possible is None or not len(values):
        return np.empty(0, dtype=object)
    rules = np.full(len(values), f"impossible: allowed {entry.range_text(entry.possible, unit)}", dtype=object)
    joint = "; possible if the unit were "
    for symbol, mask in possible_in_other_units(entry, values, unit).items():
        hinted = np.array([joint in text for text in rules], dtype=bool)
        rules[mask & ~hinted] += joint + symbol
        rules[mask & hinted] += f" or {symbol}"
    return rules
