"""A variable that contradicts itself cannot be made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spinecast.clinical.dictionary import variable
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import BINARY_LEVELS, Code, Level, Range
from spinecast.errors import ContractError

ALBUMIN = variable("albumin")
SEX = variable("sex")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Albumin"}, "snake_case"),
        ({"name": "yes"}, "YAML"),
        ({"label": ""}, "label"),
        ({"help": ""}, "help"),
        ({"kind": "numeric"}, "none of"),
        ({"domain": "blood"}, "none of"),
        ({"role": "target"}, "none of"),
        ({"unit": None}, "needs a unit"),
        ({"possible": None}, "possible range"),
        ({"levels": BINARY_LEVELS}, "has no levels"),
        ({"plausible": Range(0, 5)}, "leaves the possible"),
        ({"possible": Range(-1, 7), "skewed": True}, "logarithmic"),
        ({"other_units": (UnitConversion(Unit("G/DL", "g/L"), 1, 10),)}, "share a spelling"),
        ({"derived_from": ("albumin",)}, "derived from itself"),
        ({"derived_from": ("calcium", "calcium")}, "one variable twice"),
    ],
)
def test_a_contradictory_number_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ALBUMIN, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": Unit("g", "g")}, "takes no unit"),
        ({"possible": Range(0, 1)}, "takes no unit"),
        ({"skewed": True}, "takes no unit"),
        ({"levels": (Level("male", "Male"),)}, "two or more"),
        ({"levels": (Level("male", "Male"), Level("male", "M"))}, "different levels"),
        ({"kind": "binary"}, "absent and present"),
        ({"levels": BINARY_LEVELS}, "absent and present"),
    ],
)
def test_contradictory_levels_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SEX, **changes)


@pytest.mark.parametrize("value", ["yes", "no", "on", "true", "Not snake", "", "010", "1_2", "0x1", "1e3", "1ab"])
def test_levels_yaml_would_misread_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="snake_case"):
        Level(value, "x")


@pytest.mark.parametrize(("lower", "upper"), [(1, 1), (2, 1), (float("nan"), 1), (0, float("inf"))])
def test_a_range_has_two_finite_ends_in_order(lower: float, upper: float) -> None:
    with pytest.raises(ValueError, match="lower < upper"):
        Range(lower, upper)


def test_a_range_holds_its_ends_and_no_missing_value() -> None:
    assert Range(1, 2).contains([0.9, 1, 2, 2.1, np.nan]).tolist() == [False, True, True, False, False]


def test_an_unknown_unit_lists_the_accepted_ones_and_the_nearest() -> None:
    with pytest.raises(ContractError) as caught:
        ALBUMIN.conversion("g/dl/L")
    assert "g/dL, g/L" in str(caught.value)
    assert "did you mean g/" in str(caught.value)


def test_a_levelled_variable_takes_no_unit() -> None:
    with pytest.raises(ContractError, match="takes no unit"):
        SEX.conversion("kg")


def test_an_unknown_level_names_the_nearest() -> None:
    with pytest.raises(ContractError, match="did you mean female"):
        SEX.level_label("femal")
    assert SEX.level_label("female") == "Female"


def test_a_range_is_written_in_any_accepted_unit() -> None:
    assert ALBUMIN.possible is not None
    assert ALBUMIN.range_text(ALBUMIN.possible) == "0.5 to 7 g/dL"
    assert ALBUMIN.range_text(ALBUMIN.possible, "G/L") == "5 to 70 g/L"


def test_codes_carry_the_identifier_of_their_system() -> None:
    assert Code("LOINC", "1751-7", "Albumin").uri == "http://loinc.org"
    assert Code("SNOMED CT", "73211009", "Diabetes mellitus").uri == "http://snomed.info/sct"
