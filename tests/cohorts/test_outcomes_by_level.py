"""States and ordered levels: who is counted how, and who is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import (
    BinaryOutcome,
    LabelledLevels,
    OrdinalOutcome,
    label_outcome,
    read_by_level,
)
from spinecast.errors import CohortError, ContractError

AsCohort = Callable[..., Cohort]

with_fixtures = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def of(as_cohort: AsCohort, name: str, values: Any) -> Cohort:
    return as_cohort(pd.DataFrame({"id": range(len(values)), name: values}))


# ---- a state that is present or not -------------------------------------------------------------------------------

GRADES = ("none", "grade_1", "grade_2", "grade_3a", "grade_3b", "grade_4a", "grade_4b", "grade_5")


@pytest.mark.parametrize(
    ("event_levels", "label", "positive", "negative"),
    [
        (GRADES[1:], "Any complication", "Any complication", "No complication"),
        (GRADES[2:], "A severe one", "A severe one", "Without the event"),
        (GRADES[6:], "Named", "IVb: life-threatening, several organs fail or V: death", "Not "),
    ],
)
def test_many_levels_go_by_the_name_of_the_outcome(
    as_cohort: AsCohort, event_levels: tuple[str, ...], label: str, positive: str, negative: str
) -> None:
    cohort = of(as_cohort, "complication_grade", [*GRADES, "none"])
    labelled = label_outcome(cohort, BinaryOutcome("complication_grade", event_levels, label=label))
    assert labelled.positive_label == positive
    assert labelled.negative_label.startswith(negative)
    assert labelled.events == len(event_levels)


# ---- ordinal ----------------------------------------------------------------------------------------------------


def test_levels_keep_their_order_and_their_words(as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "ecog_30d", ["4", "0", "", "5", "2", "0"])
    labelled = label_outcome(cohort, OrdinalOutcome("ecog_30d", death="worst_level"))
    assert isinstance(labelled, LabelledLevels)
    assert labelled.rows.tolist() == [0, 1, 3, 4, 5]
    assert labelled.values.tolist() == [4, 0, 5, 2, 0]
    assert labelled.levels == ("0", "1", "2", "3", "4", "5")
    assert labelled.level_labels[5] == "5: dead"
    assert labelled.counts == (2, 0, 1, 0, 1, 1)
    assert len(labelled) == sum(labelled.counts)
    assert [(step.reason, step.excluded) for step in labelled.attrition[1:]] == [
        ("ecog performance status after 30 days not recorded", 1)
    ]


def test_levels_left_out_leave_no_gap(as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "ecog_30d", ["4", "0", "", "5", "2", "5"])
    labelled = label_outcome(cohort, OrdinalOutcome("ecog_30d", ("5", "1"), "Function"))
    assert labelled.label == "Function"
    assert labelled.levels == ("0", "2", "3", "4")
    assert labelled.values.tolist() == [3, 0, 1]
    assert [(step.step, step.excluded, step.remaining) for step in labelled.attrition[1:]] == [
        ("outcome", 1, 5),
        ("excluded outcome", 2, 3),
    ]


def ecog(*groups: tuple[str, ...], death: Any = "excluded") -> OrdinalOutcome:
    return OrdinalOutcome("ecog_30d", death=death, combined_levels=groups)


def test_death_is_a_level_or_left_out_with_a_step_of_its_own(as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "ecog_30d", ["4", "0", "", "5", "2", "5"])
    kept = label_outcome(cohort, ecog(("0", "1"), death="worst_level"))
    assert kept.levels == ("0_to_1", "2", "3", "4", "5")
    assert kept.values.tolist() == [3, 0, 4, 1, 4]
    assert kept.short_labels == ("0 to 1", "2", "3", "4", "5")
    assert kept.reached_labels == ("At least 2", "At least 3", "At least 4", "At least 5")
    left_out = label_outcome(cohort, ecog(("0", "1")))
    assert left_out.levels == ("0_to_1", "2", "3", "4")
    assert left_out.values.tolist() == [3, 0, 1]
    step = left_out.attrition[-1]
    assert (step.step, step.reason, step.excluded) == ("died before the assessment", "5: dead", 2)


def test_where_death_is_the_lowest_level_to_reach_the_next_is_to_live(as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "frankel_grade_30d", ["a", "e", "died_before_assessment", "c"])
    labelled = label_outcome(cohort, OrdinalOutcome("frankel_grade_30d", death="worst_level"))
    assert labelled.values.tolist() == [1, 5, 0, 3]
    assert labelled.reached_labels == ("Alive", "At least B", "At least C", "At least D", "At least E")
    alive = read_by_level(labelled, 1)
    assert (alive.positive_label, alive.negative_label) == ("Alive", "Died before the assessment")
    assert alive.values.tolist() == [1, 1, 0, 1]
    useful = read_by_level(labelled, 4)
    assert (useful.positive_label, useful.negative_label, useful.events) == ("At least D", "Below D", 1)


def test_levels_without_a_grade_are_reached_by_their_words(as_cohort: AsCohort) -> None:
    cohort = of(as_cohort, "pain_response", ["stable", "complete", "progressive", "partial"])
    labelled = label_outcome(cohort, OrdinalOutcome("pain_response"))
    assert labelled.reached_labels == ("At least “Unchanged”", "At least “Less”", "None left")
    nurick = label_outcome(
        of(as_cohort, "nurick_grade_30d", ["0", "died_before_assessment"]),
        OrdinalOutcome("nurick_grade_30d", death="worst_level"),
    )
    assert nurick.reached_labels[-2:] == ("At least 5", "Died before the assessment")


@with_fixtures
@given(codes=st.lists(st.integers(0, 5), min_size=2, max_size=30), left_out=st.sets(st.integers(0, 5), max_size=4))
def test_the_order_of_patients_survives_leaving_levels_out(
    codes: list[int], left_out: set[int], as_cohort: AsCohort
) -> None:
    kept = [code for code in codes if code not in left_out]
    death = None if 5 in left_out else "worst_level"
    outcome = OrdinalOutcome("ecog_30d", tuple(str(level) for level in sorted(left_out)), death=death)
    cohort = of(as_cohort, "ecog_30d", [str(code) for code in codes])
    if len(set(kept)) < 2:
        with pytest.raises(CohortError, match="same level" if kept else "nobody's outcome is known"):
            label_outcome(cohort, outcome)
        return
    labelled = label_outcome(cohort, outcome)
    assert [int(labelled.levels[value]) for value in labelled.values] == kept
    assert (np.diff(labelled.values)[np.diff(kept) > 0] > 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OrdinalOutcome("ambulation_90d"), "ambulation_90d is nominal, its levels have no order"),
        (lambda: OrdinalOutcome("albumin"), "albumin has no levels"),
        (lambda: OrdinalOutcome("ecog_30d", ("6",)), "ecog_30d has no level '6'"),
        (
            lambda: OrdinalOutcome("ecog_30d", ("0", "1", "2", "3", "4"), death="worst_level"),
            "fewer than two levels are left",
        ),
        (lambda: OrdinalOutcome("ecog_30d"), "does not say what becomes of them"),
        (lambda: OrdinalOutcome("complication_grade", death="excluded"), "has no level for people who died"),
        (lambda: OrdinalOutcome("ecog_30d", ("5",), death="worst_level"), "a level of its own and left out at once"),
        (lambda: ecog(("0", "2")), r"combined_levels\.0: 0, 2 do not follow each other"),
        (lambda: ecog(("0",)), "no two or more levels"),
        (lambda: ecog(("0", "1"), ("1", "2")), r"combined_levels\.1: 1, 2 are no two or more levels"),
        (lambda: ecog(("4", "5")), "no two or more levels that are kept"),
        (lambda: ecog(("0", "9")), "ecog_30d has no level '9'"),
        (lambda: ecog(("0", "1", "2", "3", "4")), "one level is left"),
    ],
)
def test_a_senseless_ordinal_outcome_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        make()
