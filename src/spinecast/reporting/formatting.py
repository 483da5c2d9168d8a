"""Numbers as text, one way everywhere. What is absent says so and why; nothing is left blank."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from numbers import Real
from typing import Any, TypeGuard

__all__ = [
    "ABSENT",
    "absence",
    "absent",
    "count",
    "duration",
    "ended",
    "estimate",
    "integer",
    "interval",
    "is_absent",
    "joined",
    "kept_together",
    "listed",
    "moment",
    "n_of_n",
    "named",
    "number",
    "p_value",
    "percentage",
    "plain",
    "plural",
    "sentence",
    "setting",
    "shortened",
    "significant",
    "with_unit",
]

ABSENT = "not available"
MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Written out because strftime follows the machine's locale and equal records must give equal reports.
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_PIECE = re.compile(rf"\b{ABSENT} \([a-z]+\)|" r"\([−<\d][^()]{0,38}\)|\[[^\[\]]{1,30}\]|\bn = [\d,]+|[\d,]+ events?\b")
_POWER_OF_TEN = re.compile(r"(?<![\w.])10\^(-?\d{1,2})(?![\w.])")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def absent(reason: str) -> str:
    """Say that something is missing and why: "not available: one outcome class only"."""
    return f"{ABSENT}: {reason}"


def is_absent(text: str) -> bool:
    """Say whether a text is one of :func:`absent`."""
    return text.startswith(ABSENT)


def absence(value: object, *, empty: bool = True) -> str | None:
    """Return why a part of a record is absent, or None when it is there.

    A part is absent when it is None, ``{"absent": reason}`` or, unless ``empty`` is false, an empty collection: nothing
    to list can be a finding, nothing to draw is not.
    """
    if isinstance(value, Mapping) and "absent" in value:
        return str(value["absent"])
    if value is None or (empty and isinstance(value, Mapping | list | tuple) and not value):
        return "not recorded in this run"
    return None


def listed(value: Any) -> Sequence[Any]:
    """Return a list of a record, empty where it is absent."""
    return () if absence(value) is not None else value


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool):  # a truth value counts as a number in Python and nowhere else
        return False
    return isinstance(value, Real) and isfinite(value)


def number(value: float | None, decimals: int = 3, *, signed: bool = False) -> str:
    """Format with fixed decimals, a true minus sign and never a negative zero.

    Examples
    --------
    >>> number(0.7812), number(-0.0001), number(0.25, 2, signed=True)
    ('0.781', '0.000', '+0.25')
    """
    if not _is_number(value):
        return absent("not recorded")
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return text.lstrip("-")
    if value < 0:
        return MINUS + text.lstrip("-")
    return f"+{text}" if signed else text


def significant(value: float | None, digits: int = 3) -> str:
    """Format with significant digits, for values whose size is not known beforehand.

    Examples
    --------
    >>> significant(1234.5), significant(0.0012345), significant(0.0000031, 2)
    ('1,234', '0.00123', '3.1 × 10⁻⁶')
    """
    if not _is_number(value):
        return absent("not recorded")
    if abs(value) >= 10 ** (digits - 1):
        return integer(value)
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    power = f" × 10{str(int(exponent)).translate(_SUPERSCRIPT)}" if exponent else ""
    return mantissa.replace("-", MINUS) + power


def integer(value: float | None) -> str:
    """Format a count with thousands separators: 1,858."""
    if not _is_number(value):
        return absent("not recorded")
    return f"{round(value):,d}".replace("-", MINUS)


def percentage(proportion: float | None, decimals: int = 1) -> str:
    """Format a proportion as a percentage: 0.4523 becomes 45.2%."""
    if not _is_number(proportion):
        return absent("not recorded")
    return f"{number(100 * proportion, decimals)}%"


def n_of_n(part: float | None, whole: float | None) -> str:
    """Format a count with what it is part of: "12 of 1,858 (0.6%)"."""
    if not _is_number(part) or not _is_number(whole):
        return absent("not recorded")
    if whole <= 0:
        return f"{integer(part)} of {integer(whole)}"
    return f"{integer(part)} of {integer(whole)} ({percentage(part / whole)})"


def interval(lower: float | None, upper: float | None, decimals: int = 3) -> str:
    """Format a confidence interval: "0.758 to 0.802"."""
    if not _is_number(lower) or not _is_number(upper):
        return "interval not available"
    return f"{number(lower, decimals)} to {number(upper, decimals)}"


def estimate(measure: Mapping[str, Any] | None, decimals: int = 3) -> str:
    """Format a measure with its interval, "0.781 (0.758 to 0.802)", or say why there is none."""
    reason = absence(measure)
    if reason is not None or measure is None:
        return absent(reason or "not recorded")
    text = number(measure["estimate"], decimals)
    if measure.get("lower") is None or measure.get("upper") is None:
        return text
    return f"{text} ({interval(measure['lower'], measure['upper'], decimals)})"


def p_value(p: float | None) -> str:
    """Format a p-value: three decimals below 0.1, two above, "<0.001" at the small end and ">0.99" at the large."""
    if not _is_number(p):
        return absent("not recorded")
    if p < 0.001:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    return f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


def with_unit(value: str, unit: str | None) -> str:
    """Append a unit, if there is one, with a space that does not break."""
    return f"{value}\N{NO-BREAK SPACE}{unit}" if unit else value


def duration(seconds: float | None) -> str:
    """Format a span of time: "0.84 s", "42 s", "3 min 05 s", "1 h 02 min"."""
    if not _is_number(seconds):
        return absent("not recorded")
    if seconds < 10:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"


def moment(text: object) -> str:
    """Format an ISO 8601 time as "24 November 2026, 14:05 UTC"; what is not one is shown as it is."""
    if not text:
        return absent("not recorded")
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return plain(text)
    zone = f" {when.tzname()}" if when.tzname() else ""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}, {when:%H:%M}{zone}"


def plural(number_of: float, singular: str, several: str | None = None) -> str:
    """Count things in words: "1 patient", "1,858 patients"."""
    return f"{integer(number_of)} {singular if number_of == 1 else several or singular + 's'}"


def joined(names: list[str], last: str = "and") -> str:
    """Join names as prose does: "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def count(value: object) -> str:
    """Format a table cell that a record holds as text, as a number or not at all."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return estimate(value)
    if not _is_number(value):
        return plain(value)
    return integer(value) if float(value).is_integer() else number(value, 3)


def plain(text: object) -> str:
    """Return text without the characters neither XML nor HTML can carry, its line breaks as spaces.

    A power of ten as units write it, 10^9/L, is set as 10⁹/L, after a number as × 10⁹/L.
    """
    whole = re.sub(r"[ \t\r\n\f\v]+", " ", _NOT_TEXT.sub("", str(text))).strip()
    if "10^" not in whole:
        return whole
    whole = re.sub(r"(?<=\d) (?=10\^)", " × ", whole)
    return _POWER_OF_TEN.sub(lambda found: f"10{found[1].translate(_SUPERSCRIPT)}", whole)


def kept_together(text: str, keep: Callable[[str], str]) -> str:
    """Apply ``keep`` to the pieces of a cell that must not be broken: an interval, a count, the whole when short.

    Parameters
    ----------
    text : str
        A table cell.
    keep : callable
        Makes a piece unbreakable in the way of the format it is written in.
    """
    return keep(text) if len(text) <= 14 else _PIECE.sub(lambda found: keep(found[0]), text)


def shortened(text: object, length: int) -> str:
    """Cut text to a length for a figure; its table holds it whole.

    The cut is made inside, because labels that begin alike often end differently.
    """
    whole = plain(text)
    if len(whole) <= length:
        return whole
    end = length // 3
    return f"{whole[: length - 1 - end].rstrip()}…{whole[-end:].lstrip()}"


def sentence(text: object) -> str:
    """Return text beginning with a capital letter."""
    whole = plain(text)
    return whole[:1].upper() + whole[1:]


def ended(text: object) -> str:
    """Return text ending with a full stop, unless it ends a sentence already."""
    whole = plain(text)
    return whole if not whole or whole.endswith((".", "!", "?", "…")) else f"{whole}."


def named(label: object, unit: object) -> str:
    """Name a variable with its unit, unless the label says it: "Age, years", but "Years of education"."""
    name, shown = plain(label), plain(unit) if unit else ""
    said = len(shown) > 3 and re.search(rf"\b{re.escape(shown)}\b", name, re.IGNORECASE)
    return name if not shown or said else f"{name}, {shown}"


def refused_column(entry: Mapping[str, Any]) -> str:
    """Name what refused values were read as, and the table's own column where it is called otherwise."""
    label, column = plain(entry.get("label") or ""), plain(entry["column"])
    if not label:
        return column
    return label if entry["column"] == entry["variable"] else f"{label} (column {column})"


def setting(value: object) -> str:
    """Write a value of a study file or of a search space in a table cell.

    Examples
    --------
    >>> setting(None), setting(True), setting([1, 0.25]), setting({"kind": "winner"})
    ('none', 'true', '1, 0.25', 'kind winner')
    """
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "none"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return significant(value)
    if isinstance(value, Mapping):
        reason = absence(value, empty=False)
        return (
            ", ".join(f"{name} {setting(part)}" for name, part in value.items()) if reason is None else absent(reason)
        )
    if isinstance(value, list | tuple):
        return ", ".join(setting(part) for part in value)
    return plain(value)
