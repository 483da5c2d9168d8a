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
    ("hemoglobin", 120, "g/L", 12.0, 1e-12),
    ("hemoglobin", 7.45, "mmol/L", 12.0, 5e-3),
    ("hematocrit", 40, "%", 0.40, 1e-12),
    ("hematocrit", 0.40, "L/L", 0.40, 1e-12),
    ("platelet_count", 100000, "/uL", 100, 1e-9),
    ("platelet_count", 10, "10^4/uL", 100, 1e-12),
    ("lymphocyte_count", 1215, "/mm3", 1.215, 1e-12),
    ("neutrophil_count", 5.8, "10^3/uL", 5.8, 1e-12),
    ("calcium", 2.57, "mmol/L", 10.3, 1e-3),  # Katagiri's limit in both habits
    ("calcium", 1, "mmol/L", 4.01, 3e-3),
    ("calcium", 5, "mEq/L", 10.02, 5e-3),
    ("bilirubin", 24, "umol/L", 1.4, 5e-3),
    ("c_reactive_protein", 4, "mg/L", 0.4, 1e-12),
    ("total_cholesterol", 4.65, "mmol/L", 180, 0.2),  # the limit of CONUT in both habits
    ("total_cholesterol", 1, "mmol/L", 38.67, 1e-12),
    ("lactate_dehydrogenase", 4.17, "ukat/L", 250, 0.3),
    ("alkaline_phosphatase", 105, "IU/L", 105, 1e-12),
    ("potassium", 4.1, "mEq/L", 4.1, 1e-12),
    ("body_height", 1.75, "m", 175, 1e-12),
    ("body_height", 69, "inches", 175.26, 1e-9),
    ("body_weight", 154.3, "lb", 69.99, 5e-3),
    ("prescribed_dose", 3000, "cGy", 30, 1e-12),
    ("operation_time", 5.6, "h", 336, 1e-9),
    ("intraoperative_blood_loss", 2.5, "L", 2500, 1e-9),
    ("local_progression_time", 1, "year", 365.25, 1e-12),
    ("vertebral_collapse_percent", 0.4, "fraction", 40, 1e-12),
    ("gross_tumour_volume", 19300, "mm3", 19.3, 1e-9),
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
        ("hemoglobin", 120, "g/L"),
        ("hematocrit", 40, "%"),
        ("calcium", 2.4, "mmol/L or mEq/L"),
        ("platelet_count", 240000, "cells/µL"),
        ("lymphocyte_count", 1215, "cells/µL"),
        ("total_cholesterol", 5, "mmol/L"),
        ("lactate_dehydrogenase", 4.2, "µkat/L"),
        ("alkaline_phosphatase", 1.7, "µkat/L"),
        ("body_height", 1.75, "m"),
        ("operation_time", 5.6, "h"),
        ("prescribed_dose", 3000, "cGy"),
    ],
)
def test_usual_values_in_the_wrong_unit_are_impossible_and_explained(name: str, value: float, hint: str) -> None:
    entry = variable(name)
    assert entry.possible is not None
    assert not entry.possible.contains(value)
    assert other_units_hint(entry, value) == f"possible if the unit were {hint}"


@pytest.mark.parametrize("name", ["lymphocyte_count", "neutrophil_count"])
def test_a_percentage_of_the_white_cells_is_no_unit_of_a_count(name: str) -> None:
    with pytest.raises(ContractError, match="not measured in '%'"):
        to_canonical(variable(name), [15.0], "%")


def test_an_equal_unit_explains_nothing() -> None:
    assert possible_in_other_units(variable("sodium"), [14.0]) == {}
