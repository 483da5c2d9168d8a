"""Reading a form that was filled in: numbers as people write them, and what is wrong in words beside its field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spinecast.clinical.conversion import other_units_hint
from spinecast.cohorts.patient import FieldError, PatientError, patient_row
from spinecast.errors import ContractError, SpinecastError
from spinecast.serving.bodies import form_pairs
from spinecast.serving.pages.fields import Field, Form
from spinecast.serving.pages.what_if import actionable
from spinecast.serving.problems import Problem

__all__ = ["Filled", "Value", "read_form"]

_OPTIONS = ("ask", "live", "narrow", "only")
# What else a form may hold; the last says that a page of this server made it, where somebody has signed in.
_OTHERS = frozenset({*_OPTIONS, "patient", "minimum_hemoglobin", "form_token"})
_LONGEST = 200
_GROUPED = re.compile(r"[+-]?\d{1,3},\d{3}")


@dataclass(frozen=True)
class Value:
    """What stands in one field.

    Parameters
    ----------
    text : str
        As it was typed or chosen; empty where unknown.
    unit : str
        The chosen unit of a number.
    """

    text: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Filled:
    """A form as it came back.

    Parameters
    ----------
    values, what_if : mapping of str to Value
        By variable; what is unknown is not among them.
    inputs, changed : mapping of str to value
        The patient as models read one, and what would be otherwise.
    errors : mapping of str to str
        What is wrong with a field, by its name in the form.
    patient : str
    minimum_hemoglobin : str
        As typed.
    options : mapping of str to list of str
        Everything else: which models, and whether to look for what would narrow an answer.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    what_if: Mapping[str, Value] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    patient: str = ""
    minimum_hemoglobin: str = ""
    options: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def least(self) -> float | None:
        """Lowest haemoglobin accepted, g/dL, where one was named."""
        return _number(self.minimum_hemoglobin) if self.minimum_hemoglobin else None

    @property
    def wrong(self) -> frozenset[str]:
        """Variables of the patient with something wrong in them."""
        return frozenset(name.removeprefix("v.") for name in self.errors)

    def other(self) -> dict[str, Any]:
        """The inputs of the patient who is otherwise."""
        return {**self.inputs, **self.changed}


def read_form(content: bytes, form: Form) -> Filled:
    """Read what a browser sent.

    Parameters
    ----------
    content : bytes
        ``application/x-www-form-urlencoded``.
    form : Form

    Raises
    ------
    Problem
        400 if it is no form of this page.
    """
    sent: dict[str, list[str]] = {}
    for name, text in form_pairs(content):
        sent.setdefault(name, []).append(text.strip())
    known = form.fields
    may_change = {one.name: one for one in actionable(known.values())}
    _require_known(sent, known, may_change)
    values, what_if = _values(sent, known, "v.", "u."), _values(sent, may_change, "w.", "x.")
    inputs, errors = _inputs(values, known, "v.")
    changed, wrong = _inputs(what_if, known, "w.")
    errors |= wrong
    errors |= _contract(inputs, known, "v.") | _contract(changed, known, "w.")
    if changed and not errors:  # possible each by itself, and not together
        errors |= _contract({**inputs, **changed}, known, "w.")
    patient, least = _one(sent, "patient"), _one(sent, "minimum_hemoglobin")
    if len(patient) > _LONGEST:
        errors["patient"] = f"at most {_LONGEST} characters"
    if least:
        try:
            _number(least)
        except ContractError as error:
            errors["minimum_hemoglobin"] = error.what
    options = {name: texts for name, texts in sent.items() if name in _OPTIONS}
    return Filled(values, what_if, inputs, changed, errors, patient, least, options)


def _one(sent: Mapping[str, list[str]], name: str) -> str:
    texts = sent.get(name, [""])
    if len(texts) > 1:
        raise Problem(400, "malformed", "a field is sent more than once")
    return texts[0]


def _require_known(sent: Iterable[str], known: Mapping[str, Field], may_change: Mapping[str, Field]) -> None:
    """Refuse what this page does not ask: a value that is passed over in silence would seem to have been used."""
    prefixes = {"v.": known, "u.": known, "w.": may_change, "x.": may_change}
    for name in sent:
        if name not in _OTHERS and name[2:] not in prefixes.get(name[:2], {}):
            raise Problem(400, "malformed", "the form has a field that this page does not have: load it again")


def _values(
    sent: Mapping[str, list[str]], known: Mapping[str, Field], prefix: str, unit_prefix: str
) -> dict[str, Value]:
    found = {}
    for name in known:
        value = Value(_one(sent, f"{prefix}{name}"), _one(sent, f"{unit_prefix}{name}"))
        if value.text or value.unit:
            found[name] = value
    return found


def _inputs(
    values: Mapping[str, Value], known: Mapping[str, Field], prefix: str
) -> tuple[dict[str, Any], dict[str, str]]:
    inputs: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in values.items():
        if not value.text:
            continue
        try:
            inputs[name] = _read(known[name], value)
        except ContractError as error:
            errors[f"{prefix}{name}"] = error.what
    return inputs, errors


def _read(asked: Field, value: Value) -> Any:
    if asked.control != "number":
        return value.text
    number = _number(value.text)
    if value.unit not in ("", *(one.symbol for one in asked.units)):
        raise ContractError("this unit is none of those listed")
    return {"value": number, "unit": value.unit} if value.unit else number


def _number(text: str) -> float:
    """Read a number with a point or a comma; where a comma could mean thousands, nothing is guessed."""
    if _GROUPED.fullmatch(text):
        whole, point = text.replace(",", ""), text.replace(",", ".")
        raise ContractError(f"{text} can be read in two ways: write {whole} or {point}")
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", plain) or len(plain) > 30:
        raise ContractError(f"{text[:40]!r} is no number")
    return float(plain)


def _contract(inputs: Mapping[str, Any], known: Mapping[str, Field], prefix: str) -> dict[str, str]:
    """What the contract finds wrong, in words for who filled the form in."""
    try:
        patient_row(inputs, tuple(known))
    except PatientError as error:
        return {f"{prefix}{one.field}": _words(known[one.field], inputs.get(one.field), one) for one in error.fields}
    except FieldError as error:
        return {f"{prefix}{error.field}": _words(known[error.field], inputs.get(error.field), error)}
    return {}


def _words(asked: Field, given: Any, error: SpinecastError) -> str:
    entry = asked.variable
    value, unit = (given["value"], given["unit"]) if isinstance(given, Mapping) else (given, None)
    if isinstance(value, float) and entry.possible is not None:
        conversion = entry.conversion(unit)
        if not entry.possible.contains(conversion.to_canonical(value)):
            hint = other_units_hint(entry, value, unit)
            shown = f"{value:g} {conversion.unit.symbol}".rstrip()
            said = f"{shown} cannot be: {entry.range_text(entry.possible, unit)}."
            return f"{said} It is {hint}: choose the unit." if hint else said
    return error.what.removeprefix(f"{entry.name}: ")
