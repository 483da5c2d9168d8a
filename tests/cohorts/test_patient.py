"""One patient: what is accepted, refused and remarked on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spinecast.cohorts.cohort import frame_matrix
from spinecast.cohorts.patient import check_patient
from spinecast.errors import ContractError

VARIABLES = ("age", "albumin", "sex", "diabetes", "income_band")
COMPLETE: dict[str, Any] = {
    "age": 61,
    "albumin": 3.7,
    "sex": "female",
    "diabetes": False,
    "income_band": "under_11k",
}


def test_a_complete_patient_passes_without_remarks() -> None:
    frame, warnings = check_patient(COMPLETE, VARIABLES)
    assert warnings == []
    assert frame_matrix(frame, VARIABLES).tolist() == [[61.0, 3.7, 0.0, 0.0, 0.0]]


def test_a_value_may_bring_its_unit() -> None:
    frame, _ = check_patient({**COMPLETE, "albumin": {"value": 37, "unit": "g/L"}}, VARIABLES)
    assert frame["albumin"][0] == 3.7


@pytest.mark.parametrize(
    ("given", "level"), [(True, "present"), (0, "absent"), ("Present", "present"), ("1", "present")]
)
def test_a_binary_variable_takes_its_usual_codings(given: Any, level: str) -> None:
    frame, _ = check_patient({**COMPLETE, "diabetes": given}, VARIABLES)
    assert frame["diabetes"][0] == level


@pytest.mark.parametrize("nothing", [None, float("nan"), {"value": None, "unit": "g/L"}])
def test_what_is_not_known_is_missing_and_said(nothing: Any) -> None:
    frame, warnings = check_patient({**COMPLETE, "albumin": nothing}, VARIABLES)
    assert np.isnan(frame["albumin"][0])
    assert warnings == ["not known: Albumin"]


def test_all_that_is_not_known_is_one_warning() -> None:
    frame, warnings = check_patient({}, VARIABLES)
    assert frame.isna().all(axis=None)
    assert warnings == ["not known: Age, Albumin, Sex, Diabetes, Yearly household income"]


def test_an_implausible_value_is_used_and_remarked_on() -> None:
    frame, warnings = check_patient({**COMPLETE, "albumin": {"value": 65, "unit": "g/L"}}, VARIABLES)
    assert frame["albumin"][0] == 6.5
    assert warnings == ["Albumin: 65 g/L is unusual (usual is 15 to 55 g/L); check the value and its unit"]


def refusal(field: str, value: Any) -> str:
    with pytest.raises(ContractError) as caught:
        check_patient({**COMPLETE, field: value}, VARIABLES)
    return str(caught.value)


def test_an_impossible_value_is_refused_with_range_unit_and_likely_unit() -> None:
    message = refusal("albumin", 37)
    assert "albumin: 37 g/dL is impossible" in message
    assert "0.5 to 7 g/dL" in message
    assert "possible if the unit were g/L" in message
    assert "5 to 70 g/L" in refusal("albumin", {"value": 3.7, "unit": "g/L"})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("albumin", "3.7", "text in a number ('3.7')"),
        ("albumin", True, "true or false"),
        ("albumin", float("inf"), "impossible"),
        ("age", -40, "0 to 120 years"),
        ("albumin", {"value": 37, "unit": "mg/L"}, "g/dL, g/L"),
        ("albumin", {"value": 37, "units": "g/L"}, "did you mean unit"),
        ("albumin", {"value": 37, "unit": 1}, "the unit must be text"),
        ("sex", {"value": "male", "unit": "g/L"}, "takes no unit"),
        ("sex", "femal", "did you mean female"),
        ("sex", 1, "female, male"),
        ("albumine", 3.7, "did you mean albumin"),
        ("albumin", [3.7], "text in a number"),
    ],
)
def test_what_is_refused(field: str, value: Any, message: str) -> None:
    assert message in refusal(field, value)


def test_all_that_is_wrong_is_reported_together() -> None:
    with pytest.raises(ContractError) as caught:
        check_patient({"albumin": 37, "sex": "x", "weight": 70}, VARIABLES)
    message = str(caught.value)
    assert message.startswith("3 fields")
    assert all(name in message for name in ("albumin", "sex", "weight"))
