"""One patient as a row of numbers is the same patient as in a table of one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_models import PREDICTORS

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import frame_matrix
from spinecast.cohorts.patient import FieldError, PatientError, check_patient, patient_row

# Derived ones among them: computed where they are not given.
NAMES = (*PREDICTORS, "prognostic_nutritional_index", "body_mass_index")


def known(name: str) -> st.SearchStrategy[object]:
    entry = variable(name)
    if entry.is_levelled:
        return st.sampled_from(entry.level_values)
    assert entry.plausible is not None
    return st.floats(entry.plausible.lower, entry.plausible.upper)


FIELDS = ("age", "creatinine", "albumin", "sodium", "sex", "diabetes", "lymphocyte_count", "body_height", "body_weight")


@given(st.fixed_dictionaries({}, optional={name: st.none() | known(name) for name in FIELDS}))
def test_a_row_is_what_the_table_of_one_holds(values: dict[str, object]) -> None:
    row, warnings = patient_row(values, NAMES)
    frame, said = check_patient(values, NAMES)
    np.testing.assert_array_equal(row, frame_matrix(frame, NAMES))
    assert warnings == said


def test_each_wrong_field_is_named() -> None:
    with pytest.raises(FieldError) as one:
        patient_row({"albumin": 37}, NAMES)
    assert one.value.field == "albumin"
    with pytest.raises(PatientError) as several:
        patient_row({"albumin": 37, "sex": "neither", "ages": 3}, NAMES)
    assert {field.field for field in several.value.fields} == {"albumin", "sex", "ages"}
