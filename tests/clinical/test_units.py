"""Units: spellings that mean the same, and conversions that lose nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.clinical.conversion import to_canonical
from spinecast.clinical.dictionary import variables
from spinecast.clinical.units import Unit, UnitConversion, normalise_unit
from spinecast.clinical.variable import Variable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("µmol/L", "umol/L"),
        ("μmol/L", "µmol/l"),  # Greek mu and micro sign
        ("10^9/L", "10*9/L"),
        ("×10⁹/L", "10^9/L"),
        ("G/DL", "g/dL"),
        (" mL / 24 h", "mL/24 h"),
    ],
)
def test_usual_spellings_agree(one: str, other: str) -> None:
    assert normalise_unit(one) == normalise_unit(other)


@pytest.mark.parametrize(("one", "other"), [("g/L", "g/dL"), ("mg/dL", "mmol/L"), ("10^9/L", "10^3/L"), ("°C", "°F")])
def test_different_units_differ(one: str, other: str) -> None:
    assert normalise_unit(one) != normalise_unit(other)


def test_a_published_factor_adds_no_rounding() -> None:
    per_litre = UnitConversion(Unit("g/L", "g/L"), 1, 10)
    assert per_litre.to_canonical([37.0, 3.0, 29.0]).tolist() == [3.7, 0.3, 2.9]


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 1), (1, -1), (float("inf"), 1)])
def test_a_senseless_factor_is_refused(numerator: float, denominator: float) -> None:
    with pytest.raises(ValueError, match="finite positive factor"):
        UnitConversion(Unit("x", "x"), numerator, denominator)


def test_a_unit_needs_a_ucum_code() -> None:
    with pytest.raises(ValueError, match="UCUM"):
        Unit("points", "")


CONVERSIONS = [
    pytest.param(conversion, id=f"{entry.name}-{conversion.unit.ucum}")
    for entry in variables().values()
    for conversion in entry.other_units
]


@pytest.mark.parametrize("conversion", CONVERSIONS)
@settings(deadline=None, max_examples=30)
@given(value=st.floats(-1e6, 1e6))
def test_there_and_back_again(conversion: UnitConversion, value: float) -> None:
    back = float(conversion.from_canonical(conversion.to_canonical(value)))
    # A value that the offset swamps keeps only the digits the offset leaves it.
    assert back == pytest.approx(value, rel=1e-12, abs=1e-12 * max(1.0, abs(conversion.offset) / conversion.factor))


@pytest.mark.parametrize("conversion", CONVERSIONS)
def test_every_conversion_keeps_missing_and_names_its_source(conversion: UnitConversion) -> None:
    assert np.isnan(conversion.to_canonical(np.nan))
    assert conversion.source


# The atoms of UCUM that the dictionary uses, and which of them take a prefix (UCUM 2.1, tables 1 to 5 and appendix).
METRIC = {"g", "m", "L", "mol", "eq", "U", "kat", "Pa", "Gy", "m[Hg]", "Cel"}
NOT_METRIC = {
    *("d", "wk", "mo", "a", "min", "h", "%", "[in_i]", "[lb_av]", "[degF]", "[pH]", "[hnsf'U]", "10*", "[IU]"),
}
PREFIXES = {"k", "d", "c", "m", "u"}


def is_ucum(code: str) -> bool:
    """Parse a code by the grammar of UCUM (section 2): terms of atoms, exponents, annotations and brackets."""
    if "(" in code:
        opening, closing = code.index("("), code.rindex(")")
        return is_ucum(code[opening + 1 : closing]) and is_ucum(code[:opening] + "g" + code[closing + 1 :])
    components = re.split(r"[./]", code.removeprefix("/"))
    return all(_is_component(component) for component in components)


def _is_component(text: str) -> bool:
    found = re.fullmatch(r"(?P<unit>[^{}]*)(\{(?P<annotation>[!-z|~]+)\})?", text)
    if not found or not text:
        return False
    unit = found["unit"]
    if not unit or unit.isdigit():
        return bool(unit or found["annotation"])
    atom = unit if unit.startswith("10*") else re.sub(r"[+-]?\d+$", "", unit)
    if atom.startswith("10*"):
        atom = re.sub(r"(?<=\*)[+-]?\d+$", "", atom)
    return atom in METRIC | NOT_METRIC or (atom[:1] in PREFIXES and atom[1:] in METRIC)


@pytest.mark.parametrize("code", ["mg/dL", "10*9/L", "/uL", "kg/m2", "mL/(24.h)", "mm[Hg]", "{score}", "[hnsf'U]", "1"])
def test_valid_codes_are_valid(code: str) -> None:
    assert is_ucum(code)


@pytest.mark.parametrize("code", ["", "mg/", "10^9/L", "sec", "mmHg", "{a b}", "kmin", "mg//dL", "x10*9/L"])
def test_invalid_codes_are_found(code: str) -> None:
    assert not is_ucum(code)


@pytest.mark.parametrize("entry", [pytest.param(e, id=e.name) for e in variables().values() if not e.is_levelled])
def test_every_unit_has_a_valid_ucum_code(entry: Variable) -> None:
    for conversion in entry.conversions():
        assert is_ucum(conversion.unit.ucum), conversion.unit.ucum


@pytest.mark.parametrize("entry", [pytest.param(e, id=e.name) for e in variables().values() if e.other_units])
@settings(deadline=None, max_examples=20)
@given(share=st.floats(0, 1))
def test_a_possible_value_stays_itself_through_every_unit(entry: Variable, share: float) -> None:
    assert entry.possible is not None
    value = entry.possible.lower + share * (entry.possible.upper - entry.possible.lower)
    for conversion in entry.conversions():
        written = float(conversion.from_canonical(value))
        assert float(to_canonical(entry, written, conversion.unit.symbol)) == pytest.approx(value, rel=1e-12, abs=1e-12)
        assert float(to_canonical(entry, written, conversion.unit.ucum)) == pytest.approx(value, rel=1e-12, abs=1e-12)
