"""The cohort: its fingerprint, its matrix, its subsets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinecast.cohorts.cohort import Cohort, Provenance, frame_matrix
from spinecast.errors import CohortError, ContractError

AsCohort = Callable[..., Cohort]
EVERY_EXAMPLE = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def numbers(values: list[float], identifiers: list[str] | None = None) -> Cohort:
    """A cohort of one number a patient, past the contract so that any value can be tried."""
    return Cohort(
        name="numbers",
        kind="synthetic",
        frame=pd.DataFrame({"sodium": np.array(values, dtype=np.float64)}),
        patient_ids=pd.Series(identifiers or [str(number) for number in range(len(values))]),
        provenance=Provenance("test", "numbers"),
    )


@EVERY_EXAMPLE
@given(value=st.floats(allow_nan=False))
def test_a_missing_value_differs_from_every_value(value: float) -> None:
    assert numbers([140.0, np.nan]).fingerprint != numbers([140.0, value]).fingerprint


@EVERY_EXAMPLE
@given(values=st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=8), data=st.data())
def test_changing_any_cell_changes_the_fingerprint(values: list[float], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.floats(allow_nan=False).filter(lambda number: number != values[position]))
    changed = [*values[:position], other, *values[position + 1 :]]
    assert numbers(values).fingerprint != numbers(changed).fingerprint


@EVERY_EXAMPLE
@given(values=st.lists(st.floats(allow_nan=True), min_size=1, max_size=8), data=st.data())
def test_the_order_of_patients_does_not_change_the_fingerprint(values: list[float], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(values))))
    shuffled = numbers([values[position] for position in order], [str(position) for position in order])
    assert numbers(values).fingerprint == shuffled.fingerprint


def test_equal_values_have_equal_fingerprints_whatever_their_bits() -> None:
    other_nan = np.frombuffer(np.uint64(0x7FF8DEADBEEF0001).tobytes(), dtype=np.float64)[0]
    assert numbers([0.0, np.nan]).fingerprint == numbers([-0.0, float(other_nan)]).fingerprint


def test_exchanging_two_patients_values_changes_the_fingerprint() -> None:
    assert numbers([1.0, 2.0]).fingerprint != numbers([2.0, 1.0]).fingerprint
    assert numbers([1.0, 2.0], ["a", "b"]).fingerprint != numbers([1.0, 2.0], ["a", "c"]).fingerprint
    assert numbers([1.0, 2.0], ["a", "bc"]).fingerprint != numbers([1.0, 2.0], ["ab", "c"]).fingerprint


def test_column_order_does_not_change_the_fingerprint_and_column_name_does(cohort: Cohort) -> None:
    turned = replace(cohort, frame=cohort.frame[list(reversed(cohort.variables))])
    assert turned.fingerprint == cohort.fingerprint
    renamed = replace(cohort, frame=cohort.frame.rename(columns={"albumin": "creatinine"}))
    assert renamed.fingerprint != cohort.fingerprint


@pytest.mark.parametrize(
    ("column", "cell"), [("sex", "male"), ("sex", ""), ("diabetes", "1"), ("age", "61.0001"), ("albumin", "")]
)
def test_changing_a_cell_of_any_kind_changes_the_fingerprint(
    column: str, cell: str, table: pd.DataFrame, as_cohort: AsCohort, cohort: Cohort
) -> None:
    table.loc[0, column] = cell
    assert as_cohort(table).fingerprint != cohort.fingerprint


def test_the_fingerprint_is_stable_across_versions() -> None:
    # Recorded from this code: changing the canonical form would orphan every stored fingerprint.
    recorded = "762d13a4eebc70f5decca4b83acd38c00a57584ffb62e9df61eb28019abee1b4"
    assert numbers([140.0, np.nan]).fingerprint == recorded


def test_the_matrix_holds_levels_by_index_and_missing_as_nan(cohort: Cohort) -> None:
    matrix = cohort.matrix(["sex", "albumin"])
    np.testing.assert_array_equal(matrix[:, 0], [0, 1, 1, 0, np.nan, 1])
    np.testing.assert_array_equal(matrix[:, 1], [3.7, 2.9, 4.1, np.nan, 3.3, 3.0])
    assert matrix.dtype == np.float64


def test_the_matrix_of_a_variable_the_cohort_lacks_names_the_nearest(cohort: Cohort) -> None:
    with pytest.raises(ContractError, match="did you mean albumin"):
        cohort.matrix(["albumine"])


def test_a_canonical_table_without_a_column_is_missing_there(cohort: Cohort) -> None:
    assert np.isnan(frame_matrix(cohort.frame, ["sodium"])).all()
    with pytest.raises(ValueError, match="float64"):
        frame_matrix(pd.DataFrame({"sodium": [140]}), ["sodium"])
    with pytest.raises(ValueError, match="levels in order"):
        frame_matrix(pd.DataFrame({"sex": pd.Categorical(["male"])}), ["sex"])


def test_a_subset_records_its_step(cohort: Cohort) -> None:
    women = cohort.subset(cohort.matrix(["sex"])[:, 0] == 0, step="women", reason="not recorded as women")
    assert women.patient_ids.tolist() == ["p1", "p4"]
    assert women.frame.index.tolist() == [0, 1]
    assert women.attrition[-1].to_dict() == {
        "step": "women",
        "reason": "not recorded as women",
        "excluded": 4,
        "remaining": 2,
    }
    assert women.fingerprint != cohort.fingerprint
    assert cohort.subset([3, 0], step="s", reason="r").patient_ids.tolist() == ["p4", "p1"]


def test_a_subset_of_nobody_is_an_empty_cohort(cohort: Cohort) -> None:
    with pytest.raises(CohortError, match="empty"):
        cohort.subset([], step="nobody", reason="test")


def test_membership_depends_on_who_and_not_on_the_order(cohort: Cohort) -> None:
    assert cohort.membership_hash([0, 2]) == cohort.membership_hash(np.array([2, 0]))
    assert cohort.membership_hash([0, 2]) != cohort.membership_hash([0, 3])
    reordered = cohort.subset([2, 1, 0, 3, 4, 5], step="order", reason="none left out")
    assert reordered.membership_hash([0, 1]) == cohort.membership_hash([2, 1])
    assert cohort.membership_hash([0]) != numbers([1.0], ["p1"]).membership_hash([0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "simulated"}, "real or synthetic"),
        ({"patient_ids": pd.Series(["a"])}, "1 entries for 2"),
        ({"patient_ids": pd.Series(["a", "a"])}, "unique"),
        ({"groups": pd.Series(["a"])}, "1 entries for 2"),
        ({"frame": pd.DataFrame({"sodium": [140, 141]})}, "float64"),
        ({"frame": pd.DataFrame({"sodium": [140.0, 141.0]}, index=[1, 2])}, "numbered from 0"),
    ],
)
def test_a_frame_out_of_form_is_a_mistake_in_the_code(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(numbers([140.0, 141.0]), **changes)  # type: ignore[arg-type]
