"""Units: spellings that mean the same, and conversions that lose nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.clinical.dictionary import variables
from spinecast.clinical.units import Unit, UnitConversion, normalise_unit


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
