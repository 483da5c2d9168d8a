"""Outcomes: who has it, for whom it is not known, and the weights of the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.outcomes import BinaryOutcome, HorizonOutcome, label_outcome, require_events
from spinecast.errors import CohortError, ContractError
from spinecast.statistics import ipcw_weights

Followed = Callable[[list[float], list[int]], Cohort]


def horizon(days: float, censored: str = "exclude") -> HorizonOutcome:
    return HorizonOutcome("follow_up_time", "death", days, censored)  # type: ignore[arg-type]


def test_death_on_the_day_counts_and_censoring_on_the_day_is_survival(followed: Followed) -> None:
    labelled = label_outcome(followed([89, 90, 91, 90, 89, 91], [1, 1, 1, 0, 0, 0]), horizon(90))
    assert labelled.rows.tolist() == [0, 1, 2, 3, 5]
    assert labelled.values.tolist() == [1, 1, 0, 0, 0]
    assert labelled.weights is None
    assert labelled.events == 2
    assert labelled.attrition[-1].to_dict() == {
        "step": "censoring",
        "reason": "follow-up ended before day 90 without the event",
        "excluded": 1,
        "remaining": 5,
    }


def test_the_outcome_is_named_from_the_dictionary(followed: Followed) -> None:
    labelled = label_outcome(followed([10, 200], [1, 0]), horizon(90))
    assert (labelled.label, labelled.positive_label, labelled.negative_label) == (
        "Death within 90 days",
        "Dead by day 90",
        "Alive at day 90",
    )


def test_patients_without_follow_up_are_left_out_with_their_step(cohort: Cohort) -> None:
    frame = cohort.frame.copy()
    frame.loc[0, "follow_up_time"] = np.nan
    unknown = Cohort("c", "synthetic", frame, cohort.patient_ids, cohort.provenance)
    labelled = label_outcome(unknown, horizon(90))
    assert labelled.rows.tolist() == [1, 2, 3, 5]
    assert [step.step for step in labelled.attrition] == ["follow-up", "censoring"]


def test_weights_are_those_of_statistics_and_keep_everyone(followed: Followed) -> None:
    times, deaths = [5.0, 20, 30, 40, 50, 100, 100, 7], [1, 0, 1, 0, 1, 0, 0, 0]
    labelled = label_outcome(followed(times, deaths), horizon(60, "ipcw"))
    assert labelled.rows.tolist() == list(range(8))
    assert labelled.known.tolist() == [True, False, True, False, True, True, True, False]
    np.testing.assert_array_equal(labelled.weights, ipcw_weights(times, deaths, 60))
    assert labelled.events == 3


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    patients=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 1)), min_size=3, max_size=30),
    data=st.data(),
)
def test_weights_learned_on_training_rows_are_those_of_a_cohort_of_them(
    patients: list[tuple[int, int]], data: st.DataObject, followed: Followed
) -> None:
    # Two anchors keep both classes and the horizon in every draw.
    times = [1.0, 50.0, *(float(time) for time, _ in patients)]
    deaths = [1, 0, *(death for _, death in patients)]
    labelled = label_outcome(followed(times, deaths), horizon(20, "ipcw"))
    chosen = data.draw(st.sets(st.integers(2, len(times) - 1)))
    train = np.array(sorted({0, 1, *chosen}))
    weights = labelled.ipcw_weights_for(train)
    expected = ipcw_weights(np.array(times)[train], np.array(deaths)[train], 20)
    np.testing.assert_allclose(weights[train], expected, rtol=1e-12)
    assert ((weights == 0) == ~labelled.known).all()
    assert np.isfinite(weights).all()


def test_all_rows_as_training_rows_give_the_stored_weights(followed: Followed) -> None:
    labelled = label_outcome(followed([5, 20, 30, 40, 50, 100], [1, 0, 1, 0, 1, 0]), horizon(60, "ipcw"))
    assert labelled.weights is not None
    np.testing.assert_allclose(labelled.ipcw_weights_for(np.arange(6)), labelled.weights, rtol=1e-14)


def test_training_rows_that_end_before_the_horizon_are_refused(followed: Followed) -> None:
    labelled = label_outcome(followed([5, 20, 30, 40, 50, 100], [1, 0, 1, 0, 1, 0]), horizon(60, "ipcw"))
    with pytest.raises(CohortError, match="no training patient was followed up to day 60"):
        labelled.ipcw_weights_for([0, 1])


def test_an_unweighted_outcome_has_no_weights_to_learn(followed: Followed) -> None:
    labelled = label_outcome(followed([5, 100], [1, 0]), horizon(60))
    with pytest.raises(ValueError, match="not weighted"):
        labelled.ipcw_weights_for([0])


@pytest.mark.parametrize("censored", ["exclude", "ipcw"])
def test_a_horizon_past_the_follow_up_is_refused(censored: str, followed: Followed) -> None:
    with pytest.raises(CohortError, match="lies past the follow-up") as caught:
        label_outcome(followed([10, 20, 89], [1, 0, 0]), horizon(90, censored))
    assert "the longest follow-up is 89 days" in str(caught.value)


@pytest.mark.parametrize(
    ("deaths", "message"), [([1, 1, 1], "every patient has the outcome"), ([0, 0, 0], "no patient has the outcome")]
)
def test_one_class_is_refused(deaths: list[int], message: str, followed: Followed) -> None:
    times = [10.0, 20, 90] if deaths[0] else [100.0, 200, 90]
    with pytest.raises(CohortError, match=message):
        label_outcome(followed(times, deaths), horizon(90))


def test_negative_times_are_refused_even_past_the_contract() -> None:
    frame = pd.DataFrame(
        {"follow_up_time": [-1.0, 100.0], "death": pd.Categorical(["present", "absent"], ["absent", "present"])}
    )
    cohort = Cohort("c", "synthetic", frame, pd.Series(["a", "b"]), Provenance("test", "test"))
    with pytest.raises(CohortError, match="1 follow-up times are negative"):
        label_outcome(cohort, horizon(90))


def test_a_cohort_without_any_follow_up_is_refused(followed: Followed) -> None:
    with pytest.raises(CohortError, match="nobody's follow-up is known"):
        label_outcome(followed([np.nan, np.nan], [1, 0]), horizon(90))


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf")])
def test_a_horizon_is_a_positive_number_of_days(days: float) -> None:
    with pytest.raises(ContractError, match="horizon_days"):
        horizon(days)


def test_a_horizon_outcome_needs_a_time_and_a_binary_event() -> None:
    with pytest.raises(ContractError, match="death has levels"):
        HorizonOutcome("death", "death", 90)
    with pytest.raises(ContractError, match="sex is not binary"):
        HorizonOutcome("follow_up_time", "sex", 90)


def test_a_binary_outcome_leaves_out_what_it_is_told_to(as_cohort: Callable[..., Cohort]) -> None:
    states = ["no_severe_disability", "died_before_2m", "severe_disability_adl", "coma_or_intubated", ""]
    cohort = as_cohort(pd.DataFrame({"id": range(5), "functional_outcome_2m": states}))
    outcome = BinaryOutcome("functional_outcome_2m", ("no_severe_disability",), ("died_before_2m",))
    labelled = label_outcome(cohort, outcome)
    assert labelled.rows.tolist() == [0, 2, 3]
    assert labelled.values.tolist() == [1, 0, 0]
    assert [(step.step, step.excluded, step.remaining) for step in labelled.attrition[1:]] == [
        ("outcome", 1, 4),
        ("excluded outcome", 1, 3),
    ]
    assert labelled.positive_label == "Alive without severe disability"


@pytest.mark.parametrize(
    ("event", "excluded", "message"),
    [
        (("no_severe_disabilty",), (), "did you mean no_severe_disability"),
        (("died_before_2m",), ("died_before_2m",), "both the event and left out"),
        ((), (), "no event level"),
    ],
)
def test_a_senseless_binary_outcome_is_refused(event: tuple[str, ...], excluded: tuple[str, ...], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        BinaryOutcome("functional_outcome_2m", event, excluded)
    with pytest.raises(ContractError, match="albumin has no levels"):
        BinaryOutcome("albumin", ("low",))


def test_a_binary_outcome_of_one_class_or_of_nobody_is_refused(as_cohort: Callable[..., Cohort]) -> None:
    outcome = BinaryOutcome("functional_outcome_2m", ("no_severe_disability",))
    for state, message in (("no_severe_disability", "every patient has"), ("", "nobody's outcome is known")):
        cohort = as_cohort(pd.DataFrame({"id": [1, 2], "functional_outcome_2m": [state, state]}))
        with pytest.raises(CohortError, match=message):
            label_outcome(cohort, outcome)


def test_a_cohort_without_the_outcome_is_refused(cohort: Cohort) -> None:
    with pytest.raises(ContractError, match="no variable 'functional_outcome_2m'"):
        label_outcome(cohort, BinaryOutcome("functional_outcome_2m", ("no_severe_disability",)))


def test_seven_events_are_too_few(followed: Followed) -> None:
    labelled = label_outcome(followed([10.0] * 7 + [100.0] * 60, [1] * 7 + [0] * 60), horizon(90))
    with pytest.raises(CohortError, match="7 patients with the outcome") as caught:
        require_events(labelled, 20)
    assert "7 of 67 patients have it" in str(caught.value)
    require_events(labelled, 7)


def test_seven_survivors_are_too_few(followed: Followed) -> None:
    labelled = label_outcome(followed([10.0] * 60 + [100.0] * 7, [1] * 60 + [0] * 7), horizon(90))
    with pytest.raises(CohortError, match="7 patients without the outcome"):
        require_events(labelled, 20)
