"""Values in other units, against published equivalents."""

from __future__ import annotations

import numpy as np
import pytest

from spinecast.clinical.conversion import other_units_hint, possible_in_other_units, to_canonical
from spinecast.clinical.dictionary import variable
from spinecast.errors import ContractError

# Equivalents as laboratories and textbooks print them, to the digits printed.
PUBLISHED = [
    ("albumin", 37, "g/L", 3.7, 1e-12),
    ("creatinine", 88.42, "µmol/L", 1.0, 1e-12),
    ("creatinine", 177, "umol/L", 2.0, 5e-3),
    ("bilirubin", 17.104, "µmol/L", 1.0, 1e-12),
    ("bilirubin", 34, "umol/L", 2.0, 2e-2),
    ("glucose", 7.0, "mmol/L", 126, 0.2),  # the diabetes threshold
    ("glucose", 1.0, "mmol/L", 18.016, 1e-12),
    ("blood_urea_nitrogen", 7.1, "mmol/L", 20, 0.2),
    ("body_temperature", 98.6, "°F", 37.0, 1e-9),
    ("body_temperature", 32, "degF", 0.0, 1e-9),
    ("white_blood_cell_count", 8000, "/mm3", 8.0, 1e-12),
    ("white_blood_cell_count", 8, "K/uL", 8.0, 1e-12),
    ("sodium", 140, "mEq/L", 140, 1e-12),
    ("mean_arterial_pressure", 12, "kPa", 90.0, 0.02),
    ("urine_output", 1.5, "L/day", 1500, 1e-9),
    ("follow_up_time", 12, "months", 365.25, 1e-9),
    ("follow_up_time", 2, "weeks", 14, 1e-12),
    ("support_survival_2m", 64, "%", 0.64, 1e-12),
    ("age", 30, "months", 2.5, 1e-12),
]


@pytest.mark.parametrize(("name", "value", "unit", "expected", "tolerance"), PUBLISHED)
def test_published_equivalents(name: str, value: float, unit: str, expected: float, tolerance: float) -> None:
    assert float(to_canonical(variable(name), value, unit)) == pytest.approx(expected, abs=tolerance)


def test_missing_values_and_shape_survive() -> None:
    converted = to_canonical(variable("albumin"), [[30.0, np.nan]], "g/L")
    assert converted.shape == (1, 2)
    assert converted[0, 0] == 3.0
    assert np.isnan(converted[0, 1])


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ContractError, match="not measured in 'mg/dL'"):
        to_canonical(variable("albumin"), [3.0], "mg/dL")


def test_an_impossible_value_is_explained_by_the_unit_it_must_be_in() -> None:
    albumin = variable("albumin")
    assert other_units_hint(albumin, 37) == "possible if the unit were g/L"
    assert other_units_hint(albumin, 3.7, "g/L") == "possible if the unit were g/dL"
    assert other_units_hint(albumin, 3700) is None


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("creatinine", 80, "µmol/L"),
        ("glucose", 6, "mmol/L"),
        ("body_temperature", 98.6, "°F"),
        ("white_blood_cell_count", 8000, "cells/µL"),
        ("mean_arterial_pressure", 12, "kPa"),
        ("support_survival_2m", 64, "%"),
    ],
)
def test_usual_values_in_the_wrong_unit_are_impossible_and_explained(name: str, value: float, hint: str) -> None:
    entry = variable(name)
    assert entry.possible is not None
    assert not entry.possible.contains(value)
    assert other_units_hint(entry, value) == f"possible if the unit were {hint}"


def test_an_equal_unit_explains_nothing() -> None:
    assert possible_in_other_units(variable("sodium"), [14.0]) == {}
