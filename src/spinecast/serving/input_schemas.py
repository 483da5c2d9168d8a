"""JSON Schema of what a patient may be described by, written from the dictionary: units, ranges, levels, codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.clinical.dictionary import variable
from spinecast.clinical.units import UnitConversion
from spinecast.clinical.variable import Range, Variable
from spinecast.cohorts.derived_values import closure

__all__ = ["inputs_schema", "variable_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def inputs_schema(names: Sequence[str], *, title: str = "") -> dict[str, Any]:
    """Return the schema of a model's inputs; none is required.

    Parameters
    ----------
    names : sequence of str
        The model's inputs; what derived ones follow from may be given in their place.
    title : str
    """
    return {
        "$schema": DIALECT,
        **({"title": title} if title else {}),
        "type": "object",
        "description": "What is known of a patient; anything may be left out, and is then named in the answer.",
        "properties": {name: variable_schema(variable(name)) for name in closure(names)},
        "additionalProperties": False,
    }


def variable_schema(entry: Variable) -> dict[str, Any]:
    """Return the schema of one variable: a level, a text, or a number in any accepted unit; null where not known."""
    said: dict[str, Any] = {"title": entry.label, "description": entry.help}
    if entry.codes:
        said["x-codes"] = [{"system": code.uri, "code": code.code, "display": code.display} for code in entry.codes]
    if entry.is_derived:
        said["x-follows-from"] = list(entry.derived_from)
    if entry.is_label:
        return said | {"type": ["string", "null"], "minLength": 1}
    if entry.is_levelled:
        return said | _levelled(entry)
    assert entry.possible is not None
    plausible = {} if entry.plausible is None else {"x-usual": [entry.plausible.lower, entry.plausible.upper]}
    canonical = entry.conversions()[0]
    forms = [
        {"type": "number", **_limits(entry.possible, canonical), "x-unit": entry.unit_symbol, **plausible},
        *(
            _quantity(entry.possible, conversion, canonical=conversion is canonical)
            for conversion in (canonical, *entry.other_units)
        ),
        {"type": "null"},
    ]
    return said | {"anyOf": forms}


def _levelled(entry: Variable) -> dict[str, Any]:
    values: list[Any] = list(entry.level_values)
    labels = {level.value: level.label for level in entry.levels}
    # As cells of a table: no and yes by 0 and 1 or false and true, grades without quotation marks.
    values += [False, True, 0, 1] if entry.kind == "binary" else [int(value) for value in values if value.isdigit()]
    return {"enum": [*values, None], "x-labels": labels, "x-ordered": entry.kind == "ordinal"}


def _quantity(possible: Range, conversion: UnitConversion, *, canonical: bool) -> Mapping[str, Any]:
    spellings = sorted({conversion.unit.symbol, conversion.unit.ucum, *conversion.unit.spellings} - {""})
    # Left out, or null, the unit is the canonical one.
    unit = {"enum": [*spellings, None] if canonical else spellings}
    return {
        "type": "object",
        "properties": {"value": {"type": ["number", "null"], **_limits(possible, conversion)}, "unit": unit},
        "required": [] if canonical else ["unit"],
        "additionalProperties": False,
    }


def _limits(possible: Range, conversion: UnitConversion) -> dict[str, float]:
    ends = sorted(float(conversion.from_canonical(end)) for end in (possible.lower, possible.upper))
    return {"minimum": ends[0], "maximum": ends[1]}
