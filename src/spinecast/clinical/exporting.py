"""The dictionary as text for people and other programs: a page, a table, a document of its own.

Every form is written from the entries alone, in their order, so that the same dictionary always gives the same text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from types import MappingProxyType
from typing import Any

from spinecast.clinical.dictionary import variables
from spinecast.clinical.redcap import to_redcap
from spinecast.clinical.units import UnitConversion
from spinecast.clinical.variable import Code, Condition, Level, Range, Variable, format_number
from spinecast.files import readable_json
from spinecast.notices import RESEARCH_USE

__all__ = ["FORMATS", "conversion_text", "to_csv", "to_dict", "to_json", "to_markdown", "to_text"]

_FORMAT = "spinecast dictionary 1"
_WIDTH = 100
_INDENT = 14


def to_dict(entry: Variable) -> dict[str, Any]:
    """Return one entry as JSON values; what it does not have is None or an empty list."""
    return {
        "name": entry.name,
        "label": entry.label,
        "help": entry.help,
        "kind": entry.kind,
        "domain": entry.domain,
        "role": entry.role,
        "unit": _unit(entry.conversions()[0]) if entry.unit else None,
        "other_units": [_unit(conversion) for conversion in entry.other_units],
        "possible": _limits(entry.possible),
        "plausible": _limits(entry.plausible),
        "levels": [_level(level) for level in entry.levels],
        "codes": _code_parts(entry.codes),
        "logarithmic": entry.skewed,
        "decimals": None if entry.is_levelled else entry.decimals,
        "derived_from": list(entry.derived_from),
        "asked_if": _condition(entry.asked_if),
        "source": entry.source,
    }


def to_json(entries: Iterable[Variable]) -> str:
    """Return entries as one JSON document."""
    return readable_json(
        {"format": _FORMAT, "notice": RESEARCH_USE, "variables": [to_dict(entry) for entry in entries]}
    )


def to_csv(entries: Iterable[Variable]) -> str:
    """Return entries as a table, one row each; lists stand in one cell, divided by ``|``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(_CELLS), lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: cell(entry) for column, cell in _CELLS.items()} for entry in entries)
    return text.getvalue()


def to_markdown(entries: Iterable[Variable]) -> str:
    """Return entries as a page, one table a domain."""
    listed = list(entries)
    parts = [f"# The dictionary of variables\n\n{len(listed)} variables. {RESEARCH_USE}\n"]
    # Sorting is stable: a domain keeps its own order, and domains come as they first appear.
    order = list(dict.fromkeys(entry.domain for entry in listed))
    for domain, members in groupby(sorted(listed, key=lambda entry: order.index(entry.domain)), lambda e: e.domain):
        parts.append(f"## {domain.replace('_', ' ').capitalize()}\n")
        parts.append("| variable | what it is | values | possible (usual) | codes |\n| --- | --- | --- | --- | --- |")
        parts += [_markdown_row(entry) for entry in members]
        parts[-1] += "\n"
    return "\n".join(parts)


def to_text(entry: Variable) -> str:
    """Return all that is known of one entry, to read in a terminal."""
    lines = [f"{entry.name}: {entry.label}", *wrap(entry.help, _WIDTH), ""]
    for title, texts in _facts(entry):
        for position, text in enumerate(texts):
            heading = title if position == 0 else ""
            wrapped = wrap(text, _WIDTH - _INDENT) or [""]
            lines.append(f"{heading:<{_INDENT}}{wrapped[0]}")
            lines += [" " * _INDENT + more for more in wrapped[1:]]
    return "\n".join(lines) + "\n"


def _facts(entry: Variable) -> list[tuple[str, list[str]]]:
    followers = [other.name for other in variables().values() if entry.name in other.derived_from]
    condition = entry.asked_if
    return [
        ("kind", [f"{entry.kind}; domain {entry.domain}; role {entry.role}"]),
        ("unit", [_unit_text(conversion) for conversion in entry.conversions()[:1]]),
        ("also taken", [_other_unit_text(entry, conversion) for conversion in entry.other_units]),
        ("possible", _range_text(entry, entry.possible, "anything else is refused")),
        ("plausible", _range_text(entry, entry.plausible, "anything else is remarked on")),
        ("levels", [f"{level.value:<{_level_width(entry)}}  {level.label}" for level in entry.levels]),
        ("scale", ["linear models see its logarithm"] if entry.skewed else []),
        ("asked if", [f"{condition.variable} is {' or '.join(condition.levels)}"] if condition else []),
        ("follows from", [", ".join(entry.derived_from)] if entry.is_derived else []),
        ("needed for", [", ".join(followers)] if followers else []),
        ("codes", [f"{code.system} {code.code} {code.display}" for code in entry.codes]),
        ("source", [entry.source] if entry.source else []),
    ]


def _unit_text(conversion: UnitConversion) -> str:
    unit = conversion.unit
    spelled = f"; also written {', '.join(unit.spellings)}" if unit.spellings else ""
    return f"{unit.symbol or 'a number without a unit'} (UCUM {unit.ucum}{spelled})"


def _other_unit_text(entry: Variable, conversion: UnitConversion) -> str:
    return f"{_unit_text(conversion)}: {conversion_text(entry, conversion)}, {conversion.source}"


def _range_text(entry: Variable, limits: Range | None, otherwise: str) -> list[str]:
    if limits is None:
        return []
    others = [_rounded_range(conversion, limits) for conversion in entry.other_units]
    elsewhere = f" ({'; '.join(others)})" if others else ""
    return [f"{entry.range_text(limits)}{elsewhere}; {otherwise}"]


def _rounded_range(conversion: UnitConversion, limits: Range) -> str:
    ends = (float(conversion.from_canonical(end)) for end in (limits.lower, limits.upper))
    return f"{' to '.join(format_number(float(f'{end:.3g}')) for end in ends)} {conversion.unit.symbol}".rstrip()


def _level(level: Level) -> dict[str, Any]:
    died = {"died_before": True} if level.died_before else {}
    codes = {"codes": _code_parts(level.codes)} if level.codes else {}
    return {"value": level.value, "label": level.label, **died, **codes}


def _code_parts(codes: Sequence[Code]) -> list[dict[str, str]]:
    return [{"system": code.system, "code": code.code, "display": code.display} for code in codes]


def _level_width(entry: Variable) -> int:
    return max(len(value) for value in entry.level_values)


def conversion_text(entry: Variable, conversion: UnitConversion) -> str:
    """Write a conversion as arithmetic, such as ``g/dL = g/L ÷ 10``."""
    target, source = entry.unit_symbol or "number", conversion.unit.symbol or "number"
    number = f" × {conversion.numerator:.10g}" if conversion.numerator != 1 else ""
    number += f" ÷ {conversion.denominator:.10g}" if conversion.denominator != 1 else ""
    if conversion.offset:
        number += f" {'+' if conversion.offset > 0 else '-'} {abs(conversion.offset):.10g}"
    return f"{target} = {source}{number}"


def _unit(conversion: UnitConversion) -> dict[str, Any]:
    return {
        "symbol": conversion.unit.symbol,
        "ucum": conversion.unit.ucum,
        "spellings": list(conversion.unit.spellings),
        "numerator": conversion.numerator,
        "denominator": conversion.denominator,
        "offset": conversion.offset,
        "source": conversion.source,
    }


def _limits(limits: Range | None) -> dict[str, float] | None:
    return None if limits is None else {"lower": limits.lower, "upper": limits.upper}


def _condition(condition: Condition | None) -> dict[str, Any] | None:
    return None if condition is None else {"variable": condition.variable, "levels": list(condition.levels)}


def _listed(parts: Iterable[str]) -> str:
    return " | ".join(parts)


def _end(limits: Range | None, which: str) -> str:
    return "" if limits is None else format_number(getattr(limits, which))


_CELLS: Mapping[str, Callable[[Variable], str]] = MappingProxyType(
    {
        "name": lambda entry: entry.name,
        "label": lambda entry: entry.label,
        "domain": lambda entry: entry.domain,
        "role": lambda entry: entry.role,
        "kind": lambda entry: entry.kind,
        "unit": lambda entry: entry.unit_symbol,
        "ucum": lambda entry: entry.unit.ucum if entry.unit else "",
        "other_units": lambda entry: _listed(conversion_text(entry, other) for other in entry.other_units),
        "possible_lower": lambda entry: _end(entry.possible, "lower"),
        "possible_upper": lambda entry: _end(entry.possible, "upper"),
        "plausible_lower": lambda entry: _end(entry.plausible, "lower"),
        "plausible_upper": lambda entry: _end(entry.plausible, "upper"),
        "levels": lambda entry: _listed(f"{level.value}={level.label}" for level in entry.levels),
        "codes": lambda entry: _listed(f"{code.system} {code.code} {code.display}" for code in entry.codes),
        "derived_from": lambda entry: _listed(entry.derived_from),
        "asked_if": lambda entry: (
            f"{entry.asked_if.variable} is {' or '.join(entry.asked_if.levels)}" if entry.asked_if else ""
        ),
        "source": lambda entry: entry.source,
        "help": lambda entry: entry.help,
    }
)


def _markdown_row(entry: Variable) -> str:
    what = f"**{entry.label}.** {entry.help}"
    if entry.is_derived:
        what += f" Follows from {', '.join(f'`{each}`' for each in entry.derived_from)}."
    if entry.role not in ("predictor", "outcome"):
        what += f" Role: {entry.role.replace('_', ' ')}."
    cells = (f"`{entry.name}`", what, _values(entry), _ranges(entry), _codes(entry))
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _values(entry: Variable) -> str:
    if entry.is_levelled:
        joint = " < " if entry.kind == "ordinal" else ", "
        return joint.join(f"`{value}`" for value in entry.level_values)
    units = [conversion.unit.symbol or "a number" for conversion in entry.conversions()]
    return units[0] + (f" (also {', '.join(units[1:])})" if len(units) > 1 else "")


def _ranges(entry: Variable) -> str:
    if entry.possible is None:
        return ""
    usual = f" ({entry.range_text(entry.plausible)})" if entry.plausible else ""
    return entry.range_text(entry.possible) + usual


def _codes(entry: Variable) -> str:
    return ", ".join(f"{code.system} {code.code}" for code in entry.codes)


FORMATS: Mapping[str, Callable[[Sequence[Variable]], str]] = MappingProxyType(
    {"markdown": to_markdown, "json": to_json, "csv": to_csv, "redcap": to_redcap}
)
"""Every form of the dictionary by the name it is asked for."""
