"""Amounts, and on which side of a threshold they lie: who is counted how, and who is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.contract import make_cohort
from spinecast.cohorts.outcomes import (
    LabelledQuantity,
    QuantityOutcome,
    ThresholdOutcome,
    label_outcome,
)
from spinecast.cohorts.rules import ColumnRule
from spinecast.errors import CohortError, ContractError

AsCohort = Callable[..., Cohort]

with_fixtures = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def of(as_cohort: AsCohort, name: str, values: Any) -> Cohort:
    return as_cohort(pd.DataFrame({"id": range(len(values)), name: values}))


def loss(threshold: float, unit: str | None = None, comparison: str = "at_least") -> ThresholdOutcome:
    return ThresholdOutcome("intraoperative_blood_loss", threshold, unit, comparison)  # type: ignore[arg-type]


def test_massive_blood_loss_is_2500_ml_and_more(as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "intraoperative_blood_loss", [2499, 2500, 2501, np.nan, 300])
    labelled = label_outcome(cohort, loss(2500))
    assert labelled.rows.tolist() == [0, 1, 2, 4]
    assert labelled.values.tolist() == [0, 1, 1, 0]
    assert (labelled.events, len(labelled), labelled.weights) == (2, 4, None)
    assert labelled.label == labelled.positive_label == "Blood loss during surgery at least 2500 mL"
    assert labelled.negative_label == "Blood loss during surgery less than 2500 mL"
    assert [(step.step, step.excluded, step.remaining) for step in labelled.attrition[1:]] == [("outcome", 1, 4)]


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("at_least", [0, 1, 1]),
        ("more_than", [0, 0, 1]),
        ("at_most", [1, 1, 0]),
        ("less_than", [1, 0, 0]),
    ],
)
def test_each_side_of_a_threshold(comparison: str, expected: list[int], as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "intraoperative_blood_loss", [2499, 2500, 2501])
    assert label_outcome(cohort, loss(2500, comparison=comparison)).values.tolist() == expected


@with_fixtures
@given(millilitres=st.integers(1, 49_999))
def test_a_threshold_means_the_same_in_either_unit(millilitres: int, as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "intraoperative_blood_loss", [millilitres - 1, millilitres, millilitres + 1])
    for outcome in (loss(millilitres), loss(millilitres / 1000, "L")):
        assert label_outcome(cohort, outcome).values.tolist() == [0, 1, 1]


def test_a_table_in_litres_meets_a_threshold_in_millilitres() -> None:
    # 1.001 L is 1000.9999999999999 mL in floating-point numbers, and still at least 1001 mL.
    table = pd.DataFrame({"id": [1, 2, 3], "loss": ["1.000", "1.001", "0.3"]})
    rules = [ColumnRule("intraoperative_blood_loss", column="loss", unit="L")]
    cohort = make_cohort(
        table, rules, name="litres", kind="synthetic", provenance=Provenance("test", "invented"), id_column="id"
    )
    labelled = label_outcome(cohort, loss(1001))
    assert cohort.matrix(["intraoperative_blood_loss"])[1, 0] < 1001
    assert labelled.values.tolist() == [0, 1, 0]
    assert label_outcome(cohort, loss(1.001, "L")).positive_label == "Blood loss during surgery at least 1.001 L"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: loss(2500, "L"), r"outcome\.threshold: intraoperative_blood_loss cannot be 2500 L"),
        (lambda: loss(-1), "cannot be -1 mL"),
        (lambda: loss(float("nan")), "cannot be nan mL"),
        (lambda: loss(2500, "gallons"), r"outcome\.unit: intraoperative_blood_loss is not measured in 'gallons'"),
        (lambda: ThresholdOutcome("death", 1), r"outcome\.variable: death has levels"),
    ],
)
def test_a_senseless_threshold_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        make()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([100, 200], r"no patient has the outcome \(Blood loss during surgery at least 2500 mL\)"),
        ([3000, 4000], "every patient has the outcome"),
        ([np.nan, np.nan], "nobody's outcome is known"),
    ],
)
def test_a_threshold_that_separates_nobody_is_refused(values: list[float], message: str, as_cohort: AsCohort) -> None:
    with pytest.raises(CohortError, match=message):
        label_outcome(of(as_cohort, "intraoperative_blood_loss", values), loss(2500))


def test_a_quantity_keeps_its_values_in_the_canonical_unit(as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "intraoperative_blood_loss", [800, np.nan, 2500])
    labelled = label_outcome(cohort, QuantityOutcome("intraoperative_blood_loss"))
    assert isinstance(labelled, LabelledQuantity)
    assert (labelled.label, labelled.unit, len(labelled)) == ("Blood loss during surgery", "mL", 2)
    assert labelled.values.tolist() == [800, 2500]
    assert labelled.rows.tolist() == [0, 2]
    assert labelled.attrition[-1].to_dict() == {
        "step": "outcome",
        "reason": "blood loss during surgery not recorded",
        "excluded": 1,
        "remaining": 2,
    }


@pytest.mark.parametrize(
    ("values", "message"), [([500, 500], "every patient has the same value"), ([np.nan], "nobody's outcome is known")]
)
def test_a_quantity_that_does_not_vary_is_refused(values: list[float], message: str, as_cohort: AsCohort) -> None:
    with pytest.raises(CohortError, match=message):
        label_outcome(of(as_cohort, "intraoperative_blood_loss", values), QuantityOutcome("intraoperative_blood_loss"))


def test_a_quantity_is_measured() -> None:
    with pytest.raises(ContractError, match="death has levels"):
        QuantityOutcome("death")
