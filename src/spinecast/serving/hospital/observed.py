"""A variable's newest value among observations: its unit converted by the dictionary, contradictions said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spinecast.clinical.units import UnitConversion, normalise_unit
from spinecast.clinical.variable import Variable, format_number
from spinecast.serving.hospital.charts import Placed
from spinecast.serving.hospital.moments import Moment, newest_of, read_moment
from spinecast.serving.hospital.resources import CodeableConcept, Coded, Observation, Quantity

__all__ = ["FINAL", "MODIFIED", "VOID", "UnusableError", "Value", "about_another", "has_code", "read_observation"]

FINAL = ("final", "amended", "corrected")
"""Statuses of an observation that somebody stands for (FHIR R4, ObservationStatus)."""

VOID = ("cancelled", "entered-in-error")
"""Statuses of one that nobody stands for any more: it is as if it were not there."""

MODIFIED = "marked to mean something else than it says (modifierExtension or implicitRules), in a way not known here"
"""Why an element is not read that whoever does not know its mark must not use (FHIR R4, 2.4.1.3)."""

_UCUM = "http://unitsofmeasure.org"
_ANNOTATION = re.compile(r"\{[^{}]*\}")
# What may be repeated on a card, where texts are read as Markdown.
_PLAIN_UNIT = re.compile(r"[A-Za-z0-9µ%/.^{}()]{1,20}")
_COMPARATORS = ("<", "<=", ">=", ">")
# A number that needs no unit: its variable is a share, a score or an index.
_UNITLESS = ("1", "%", "[pH]")


class UnusableError(Exception):
    """What stands in the record cannot be used; its text says why."""


@dataclass(frozen=True)
class Value:
    """One value of the record.

    Parameters
    ----------
    given : value
        As the contract takes it.
    text : str
        As a person would write it.
    moment : Moment or None
        When it was so.
    reference : str or None
        Of the resource it stands in.
    """

    given: Any
    text: str
    moment: Moment | None
    reference: str | None


def read_observation(entry: Variable, observations: Sequence[Placed], now: datetime) -> Value | None:
    """Return the newest value of a variable; None where the record has none.

    Parameters
    ----------
    entry : Variable
    observations : sequence of Placed
    now : datetime
        UTC.

    Raises
    ------
    UnusableError
        If the newest cannot be read, is still to come, or is contradicted by another of the same time.
    MalformedError
        If a time is none.
    """
    found = list(_carriers(entry, observations))
    if not found:
        return None
    if any(moment is None for moment, _, _ in found):
        # Which is the newest nobody can tell any more, whatever the others' dates.
        several = "one of its values" if len(found) > 1 else "it"
        raise UnusableError(f"the record does not say when {several} was measured")
    dated = [(moment, placed, carrier) for moment, placed, carrier in found if moment is not None]
    newest = newest_of([moment for moment, _, _ in dated])
    if newest.is_ahead_of(now):
        raise UnusableError(f"its newest value is dated {newest.text()}, which is still to come")
    values = [_value(entry, carrier, moment, placed) for moment, placed, carrier in dated if moment.is_same_as(newest)]
    first = values[0]
    for other in values[1:]:
        if not _agree(entry, first.given, other.given):
            raise UnusableError(f"two values of the same time, {first.text} and {other.text} ({newest.text()})")
    return first


def about_another(observation: Observation) -> bool:
    """Say whether what was observed is not the patient of the record: a fetus, a donor, an implant (R4, ``focus``)."""
    return any(one.reference is None or one.reference != _subject(observation) for one in observation.focus)


def _subject(observation: Observation) -> str | None:
    return None if observation.subject is None else observation.subject.reference


def has_code(entry: Variable, concept: CodeableConcept | None) -> bool:
    """Say whether a concept has one of a variable's codes."""
    return concept is not None and any(code.code in concept.codes(code.uri) for code in entry.codes)


def _carriers(entry: Variable, observations: Sequence[Placed]) -> Iterator[tuple[Moment | None, Placed, Coded]]:
    """Yield what holds a value of the variable, or says why there is none: what somebody stands for, of the patient."""
    for placed in observations:
        resource = placed.resource
        if resource.status not in FINAL or about_another(resource):
            continue
        for carrier in (resource, *resource.component):
            if has_code(entry, carrier.code) and carrier.says_something:
                text = resource.moment
                yield (None if text is None else read_moment(text, placed.pointer)), placed, carrier


def _value(entry: Variable, carrier: Coded, moment: Moment, placed: Placed) -> Value:
    if carrier.is_modified or placed.resource.is_modified:
        raise UnusableError(f"its newest value is {MODIFIED}")
    if carrier.dataAbsentReason is not None:
        raise UnusableError(f"the newest time ({moment.text()}) the record says that there is no value")
    given, text = _level(entry, carrier) if entry.is_levelled else _number(entry, carrier)
    return Value(given, text, moment, placed.reference)


def _number(entry: Variable, carrier: Coded) -> tuple[Any, str]:
    if carrier.valueInteger is not None:
        quantity = Quantity(value=float(carrier.valueInteger))
    elif carrier.valueQuantity is not None:
        quantity = carrier.valueQuantity
    else:
        raise UnusableError("its newest value is no number")
    if quantity.value is None:
        raise UnusableError("its newest value is no number")
    if quantity.comparator is not None:
        sign = quantity.comparator if quantity.comparator in _COMPARATORS else "not exactly"
        raise UnusableError(f"its newest value is a limit ({sign} {format_number(quantity.value)}), not a value")
    conversion = _conversion(entry, quantity)
    _require_one_unit(entry, quantity, conversion)
    if not _goes_with_code(entry, carrier, conversion):
        raise UnusableError(
            f"its newest value is in {conversion.unit.symbol}, and its code is of an amount of substance"
        )
    text = f"{format_number(quantity.value)} {conversion.unit.symbol}".rstrip()
    return {"value": quantity.value, "unit": conversion.unit.ucum}, text


def _conversion(entry: Variable, quantity: Quantity) -> UnitConversion:
    said = quantity.code if quantity.system == _UCUM and quantity.code else quantity.unit
    if not said:
        canonical = entry.conversions()[0]
        if _without_annotations(canonical.unit.ucum) in _UNITLESS:
            return canonical
        raise UnusableError(f"{format_number(quantity.value or 0)} without a unit")
    plain = normalise_unit(_without_annotations(said))
    for conversion in entry.conversions():
        if conversion.unit.matches(said) or plain in (
            *conversion.unit.known_as(),
            normalise_unit(_without_annotations(conversion.unit.ucum)),
        ):
            return conversion
    shown = said if _PLAIN_UNIT.fullmatch(said) else "a unit that is unknown here"
    known = ", ".join(conversion.unit.symbol or "none" for conversion in entry.conversions())
    raise UnusableError(f"its newest value is in {shown} (known are {known})")


def _require_one_unit(entry: Variable, quantity: Quantity, read_as: UnitConversion) -> None:
    """Refuse a unit whose code says one thing and whose words, which are what people read, another that is known."""
    if not quantity.unit or read_as.unit.matches(quantity.unit):
        return
    for other in entry.conversions():
        if other is not read_as and other.unit.matches(quantity.unit):
            raise UnusableError(
                f"its newest value is in {other.unit.symbol} by its words and {read_as.unit.symbol} by its code"
            )


def _goes_with_code(entry: Variable, carrier: Coded, conversion: UnitConversion) -> bool:
    """Say whether a unit is of the kind that the code says: urea by mass is no urea nitrogen, and reads like it.

    LOINC names the property in brackets; what is counted in moles, or in equivalents of them, has these in its unit.
    """
    concept = getattr(carrier, "code", None)
    molar = [code for code in entry.codes if "[Moles/" in code.display]
    if concept is None or not any(code.code in concept.codes(code.uri) for code in molar):
        return True
    return "mol" in conversion.unit.ucum or "eq" in conversion.unit.ucum


def _without_annotations(ucum: str) -> str:
    """Return a unit without what stands in braces, which means nothing in UCUM; nothing left is the unity."""
    return _ANNOTATION.sub("", ucum) or "1"


def _level(entry: Variable, carrier: Coded) -> tuple[Any, str]:
    concept = carrier.valueCodeableConcept
    if concept is not None:
        for level in entry.levels:
            if any(code.code in concept.codes(code.uri) for code in level.codes):
                return level.value, level.short
        raise UnusableError("its newest value has no code of a level that is known here")
    number = carrier.valueInteger
    if number is None and carrier.valueQuantity is not None and carrier.valueQuantity.comparator is None:
        value = carrier.valueQuantity.value
        number = int(value) if value is not None and value.is_integer() else None
    for level in entry.levels:
        if number is not None and level.value == str(number):
            return level.value, level.short
        if carrier.valueBoolean is not None and level.value == ("present" if carrier.valueBoolean else "absent"):
            return level.value, level.short
    raise UnusableError("its newest value is no level that is known here")


def _agree(entry: Variable, one: Any, other: Any) -> bool:
    """Say whether two values are the same one, written in two units or to different digits."""
    if entry.is_levelled:
        return bool(one == other)
    first, second = (float(entry.conversion(each["unit"]).to_canonical(each["value"])) for each in (one, other))
    return abs(first - second) <= 0.5 * 10.0**-entry.decimals
