"""Headers in the spellings that hospitals use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinecast.clinical.dictionary import variables
from spinecast.cohorts.checking.headers import match_header, nearest_variables, normalise_header

HEADERS = [
    ("albumin", "albumin", None),
    ("Albumin (g/L)", "albumin", "g/L"),
    ("ALBUMIN [g/dL]", "albumin", "g/dL"),
    ("albumin_g_l", "albumin", "g/L"),
    ("Creatinine umol/L", "creatinine", "µmol/L"),
    ("Haemoglobin", "hemoglobin", None),
    ("Platelet count 10^9/L", "platelet_count", "10^9/L"),
    ("ECOG Performance-Status", "ecog_performance_status", None),
    ("primary tumor", "primary_tumour", None),
    ("C-reactive protein, mg/L", "c_reactive_protein", "mg/L"),
    ("Sex (M/F)", "sex", None),
    ("1751-7", "albumin", None),  # its LOINC code
    ("WBC", "white_blood_cell_count", None),
    ("Platelets", "platelet_count", None),  # its label
    ("Haematocrit (%)", "hematocrit", "%"),
    ("hematocrit %", "hematocrit", "%"),
]


@pytest.mark.parametrize(("header", "variable", "unit"), HEADERS)
def test_usual_spellings_are_recognised(header: str, variable: str, unit: str | None) -> None:
    match = match_header(header)
    assert match is not None
    assert (match.variable, match.unit) == (variable, unit)


@pytest.mark.parametrize("header", ["", "Patient ID", "remarks", "albumin ratio", "x", "(g/L)", "_"])
def test_other_headers_are_not(header: str) -> None:
    assert match_header(header) is None


def test_a_unit_that_the_variable_does_not_accept_is_reported_and_not_taken() -> None:
    match = match_header("Albumin (mg/L)")
    assert match is not None
    assert (match.unit, match.unknown_unit) == (None, "mg/L")


def test_near_spellings_are_hints_only() -> None:
    assert match_header("albumine") is None
    assert nearest_variables("albumine")[0] == "albumin"
    assert nearest_variables("zzzz") == ()


@pytest.mark.parametrize("name", list(variables()))
def test_every_variable_is_recognised_by_its_name_in_any_dress(name: str) -> None:
    for dress in (name, name.upper(), name.replace("_", " ").title(), name.replace("_", "-")):
        match = match_header(dress)
        assert match is not None
        assert match.variable == name


@pytest.mark.parametrize("name", [name for name, entry in variables().items() if not entry.is_levelled])
def test_every_unit_is_recognised_behind_the_name(name: str) -> None:
    for conversion in variables()[name].conversions():
        match = match_header(f"{name} ({conversion.unit.symbol})") if conversion.unit.symbol else match_header(name)
        assert match is not None
        assert match.unit == (conversion.unit.symbol or None)


@given(st.text(max_size=40))
def test_no_header_breaks_the_recognition(header: str) -> None:
    match_header(header)
    nearest_variables(header)
    assert normalise_header(normalise_header(header)) == normalise_header(header)
