"""Landmarks and competing events: against R (survival, cmprsk), scikit-survival and what must hold by definition."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import CompetingHorizonOutcome, HorizonOutcome, LandmarkOutcome, label_outcome
from spinecast.errors import CohortError, ContractError
from spinecast.statistics import ipcw_weights, kaplan_meier

REFERENCE = Path(__file__).parents[1] / "reference"
S4 = json.loads((REFERENCE / "golden_s4" / "expected.json").read_text())["expected"]
S4B = json.loads((REFERENCE / "golden_s4b" / "expected.json").read_text())["expected"]
STATUS = np.array(["none", "local_progression", "death"])

AsCohort = Callable[..., Cohort]
Followed = Callable[[list[float], list[int]], Cohort]

# Time and cause: 0 none, 1 local progression, 2 death before it.
some_courses = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2)), min_size=3, max_size=30)
with_fixtures = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def table(folder: str, name: str) -> dict[str, np.ndarray]:
    with (REFERENCE / folder / f"{name}.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    return {column: np.array([float(row[column] or "nan") for row in rows]) for column in rows[0]}


def course(as_cohort: AsCohort, time: Any, cause: Any) -> Cohort:
    status = STATUS[np.asarray(cause, dtype=int)]
    frame = {"id": np.arange(len(status)), "local_progression_time": time, "local_progression_status": status}
    return as_cohort(pd.DataFrame(frame))


def progression(days: float, handling: str = "competing", censored: str = "exclude") -> CompetingHorizonOutcome:
    return CompetingHorizonOutcome(
        "local_progression_time",
        "local_progression_status",
        ("local_progression",),
        days,
        handling=handling,  # type: ignore[arg-type]
        censored=censored,  # type: ignore[arg-type]
    )


def after(landmark: float, days: float, censored: str = "exclude") -> LandmarkOutcome:
    return LandmarkOutcome("follow_up_time", "death", landmark, days, censored)  # type: ignore[arg-type]


def steps(labelled: Any) -> list[tuple[str, str, int, int]]:
    return [(step.step, step.reason, step.excluded, step.remaining) for step in labelled.attrition[1:]]


# ---- landmark ---------------------------------------------------------------------------------------------------


def test_only_who_is_alive_and_observed_after_the_landmark_enters(followed: Followed) -> None:
    times, deaths = [29, 30, 30, 31, 60, 90, 120, 121, 10], [1, 1, 0, 1, 0, 1, 1, 1, 0]
    labelled = label_outcome(followed(times, deaths), after(30, 90))
    assert labelled.rows.tolist() == [3, 5, 6, 7]
    assert labelled.time is not None
    assert labelled.time.tolist() == [1, 60, 90, 91]
    assert labelled.values.tolist() == [1, 1, 1, 0]
    assert labelled.horizon_days == 90
    assert steps(labelled) == [
        ("landmark", "dead by day 30", 2, 7),
        ("landmark", "follow-up ended by day 30", 2, 5),
        ("censoring", "follow-up ended before 90 days after day 30 without the event", 1, 4),
    ]
    assert (labelled.label, labelled.positive_label, labelled.negative_label) == (
        "Death within 90 days after day 30",
        "Dead by 90 days after day 30",
        "Alive 90 days after day 30",
    )


@with_fixtures
@given(patients=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1)), min_size=3, max_size=30))
def test_a_landmark_is_a_horizon_among_those_at_risk_counted_from_it(
    patients: list[tuple[int, int]], followed: Followed
) -> None:
    # Two anchors keep both classes and the horizon in every draw.
    times = np.array([6.0, 50.0, *(float(time) for time, _ in patients)])
    deaths = np.array([1, 0, *(death for _, death in patients)])
    at_risk = times > 5
    for censored in ("exclude", "ipcw"):
        labelled = label_outcome(followed(list(times), list(deaths)), after(5, 20, censored))
        horizon = HorizonOutcome("follow_up_time", "death", 20, censored)  # type: ignore[arg-type]
        expected = label_outcome(followed(list(times[at_risk] - 5), list(deaths[at_risk])), horizon)
        np.testing.assert_array_equal(labelled.rows, np.flatnonzero(at_risk)[expected.rows])
        np.testing.assert_array_equal(labelled.values, expected.values)
        np.testing.assert_array_equal(labelled.known, expected.known)
        if expected.weights is not None:
            np.testing.assert_array_equal(labelled.weights, expected.weights)


def test_weighted_landmark_risk_is_r_survival_conditional_on_the_landmark(followed: Followed) -> None:
    # R: S(180)/S(90) and S(365)/S(90) of survival::lung, from lung.km.surv at 90, 180, 365, 730 days.
    lung, survival = table("golden_s4", "lung"), S4["lung.km.surv"]["value"]
    cohort = followed(list(lung["time"]), list(lung["status"].astype(int)))
    for later, day in ((1, 180), (2, 365)):
        labelled = label_outcome(cohort, after(90, day - 90, "ipcw"))
        assert labelled.weights is not None
        risk = np.average(labelled.values, weights=labelled.weights)
        assert risk == pytest.approx(1 - survival[later] / survival[0], abs=1e-9)


def test_a_landmark_and_horizon_past_the_follow_up_are_refused(followed: Followed) -> None:
    with pytest.raises(CohortError, match="the horizon of 90 days after day 30 lies past the follow-up") as caught:
        label_outcome(followed([10, 20, 119], [1, 0, 0]), after(30, 90))
    assert "the longest follow-up is 119 days" in str(caught.value)


def test_a_landmark_that_nobody_dies_after_is_refused(followed: Followed) -> None:
    with pytest.raises(CohortError, match="no patient has the outcome"):
        label_outcome(followed([10, 200, 300], [1, 0, 0]), after(30, 90))


@pytest.mark.parametrize(("landmark", "days", "key"), [(0, 90, "landmark_days"), (30, 0, "horizon_days")])
def test_landmark_and_horizon_are_positive(landmark: float, days: float, key: str) -> None:
    with pytest.raises(ContractError, match=rf"outcome\.{key} is 0"):
        after(landmark, days)


def test_a_duration_that_is_not_in_days_is_no_follow_up() -> None:
    with pytest.raises(ContractError, match=r"outcome\.time: operation_time is measured in min"):
        LandmarkOutcome("operation_time", "death", 30, 90)


# ---- competing events -------------------------------------------------------------------------------------------

TIMES = [100, 100, 365, 400, 300, 365, 200]
CAUSES = [1, 2, 1, 2, 0, 0, 2]


def test_who_dies_first_is_known_not_to_have_the_event(as_cohort: AsCohort) -> None:
    labelled = label_outcome(course(as_cohort, TIMES, CAUSES), progression(365))
    assert labelled.rows.tolist() == [0, 1, 2, 3, 5, 6]
    assert labelled.values.tolist() == [1, 0, 1, 0, 0, 0]
    assert labelled.known.all()
    assert labelled.uncensored is not None
    assert labelled.event is not None
    assert labelled.event.tolist() == [1, 0, 1, 0, 0, 0]
    assert labelled.uncensored.tolist() == [1, 1, 1, 1, 0, 1]
    assert steps(labelled) == [("censoring", "follow-up ended before day 365 without the event", 1, 6)]
    assert (labelled.label, labelled.positive_label, labelled.negative_label) == (
        "Local progression within 365 days",
        "Local progression by day 365",
        "No local progression by day 365",
    )


def test_composite_counts_death_as_the_event(as_cohort: AsCohort) -> None:
    labelled = label_outcome(course(as_cohort, TIMES, CAUSES), progression(365, "composite"))
    assert labelled.values.tolist() == [1, 1, 1, 0, 0, 1]
    assert labelled.positive_label == "Local progression or death before it by day 365"


def test_exclude_leaves_out_who_dies_first_by_the_horizon_and_says_so(as_cohort: AsCohort) -> None:
    labelled = label_outcome(course(as_cohort, TIMES, CAUSES), progression(365, "exclude"))
    assert labelled.rows.tolist() == [0, 2, 3, 5]
    assert labelled.values.tolist() == [1, 1, 0, 0]
    assert steps(labelled) == [
        ("competing event", "death before it by day 365", 2, 5),
        ("censoring", "follow-up ended before day 365 without the event", 1, 4),
    ]


@with_fixtures
@given(courses=some_courses)
def test_handlings_differ_only_in_who_died_first(courses: list[tuple[int, int]], as_cohort: AsCohort) -> None:
    # Three anchors: both causes and the horizon are in every draw.
    time, cause = zip((3, 1), (4, 2), (50, 0), *courses, strict=True)
    cohort = course(as_cohort, [float(each) for each in time], cause)
    labelled = {handling: label_outcome(cohort, progression(20, handling)) for handling in ("competing", "composite")}
    died_first = (np.array(cause) == 2) & (np.array(time) <= 20)
    rows = labelled["competing"].rows
    np.testing.assert_array_equal(rows, labelled["composite"].rows)
    differ = labelled["composite"].values - labelled["competing"].values
    np.testing.assert_array_equal(differ, died_first[rows])
    excluded = label_outcome(cohort, progression(20, "exclude"))
    np.testing.assert_array_equal(excluded.rows, rows[~died_first[rows]])
    np.testing.assert_array_equal(excluded.values, labelled["competing"].values[~died_first[rows]])


@with_fixtures
@given(courses=some_courses, data=st.data())
def test_only_the_end_of_follow_up_is_censoring(
    courses: list[tuple[int, int]], data: st.DataObject, as_cohort: AsCohort
) -> None:
    time, cause = (np.array(each, dtype=float) for each in zip((3, 1), (4, 2), (50, 0), *courses, strict=True))
    labelled = label_outcome(course(as_cohort, time, cause), progression(20, "competing", "ipcw"))
    np.testing.assert_array_equal(labelled.weights, ipcw_weights(time, cause > 0, 20))
    assert labelled.weights is not None
    assert ((labelled.weights == 0) == ~labelled.known).all()
    assert labelled.weights.sum() == pytest.approx(len(time))
    # Learned on some patients only, the weights are those of a cohort of them.
    chosen = data.draw(st.sets(st.integers(3, len(time) - 1)))
    train = np.array(sorted({0, 1, 2, *chosen}))
    learned = labelled.ipcw_weights_for(train)
    np.testing.assert_allclose(learned[train], ipcw_weights(time[train], cause[train] > 0, 20), rtol=1e-12)


@pytest.mark.parametrize(("name", "column"), [("mgus2", "etime"), ("melanoma", "time")])
def test_weighted_risk_is_r_cumulative_incidence(name: str, column: str, as_cohort: AsCohort) -> None:
    """R survival 3.5.3 survfit (Aalen-Johansen): the weighted share with the event is the cumulative incidence."""
    data = table("golden_s4b", name)
    cohort = course(as_cohort, data[column], data["event"])
    for position, day in enumerate(S4B[f"{name}.aj.times"]["value"]):
        first, second = (S4B[f"{name}.aj.cif_cause{cause}"]["value"][position] for cause in (1, 2))
        for handling, expected in (("competing", first), ("composite", first + second)):
            labelled = label_outcome(cohort, progression(day, handling, "ipcw"))
            assert labelled.weights is not None
            assert np.average(labelled.values, weights=labelled.weights) == pytest.approx(expected, abs=1e-9)
        # The mistake this guards against: death taken for censoring gives one minus Kaplan-Meier, which is higher.
        naive = S4B[f"{name}.aj.naive_1minusKM_cause1"]["value"][position]
        assert 1 - kaplan_meier(data[column], data["event"] == 1).at(day) == pytest.approx(naive, abs=1e-9)
        assert naive > first + 1e-4


def test_weights_and_incidence_are_those_of_scikit_survival(as_cohort: AsCohort) -> None:
    nonparametric = pytest.importorskip("sksurv.nonparametric")
    generator = np.random.default_rng(4)
    # Continuous times: scikit-survival weighs by G(t), the definition here is G(t-); they differ at tied times only.
    time, cause = generator.exponential(300, 400), generator.integers(0, 3, 400)
    labelled = label_outcome(course(as_cohort, time, cause), progression(250, "competing", "ipcw"))
    assert labelled.weights is not None
    by_then = (cause > 0) & (time <= 250)
    theirs = nonparametric.ipc_weights(cause > 0, time)
    np.testing.assert_allclose(labelled.weights[by_then], theirs[by_then], rtol=1e-10)
    times, incidence = nonparametric.cumulative_incidence_competing_risks(cause, time)
    at_horizon = incidence[1, np.searchsorted(times, 250, side="right") - 1]
    assert np.average(labelled.values, weights=labelled.weights) == pytest.approx(at_horizon, rel=1e-10)


def test_patients_without_a_status_are_left_out(as_cohort: AsCohort) -> None:
    cohort = course(as_cohort, [10.0, 400, 500, np.nan], [1, 0, 0, 1])
    labelled = label_outcome(cohort, progression(365))
    assert labelled.rows.tolist() == [0, 1, 2]
    assert steps(labelled) == [("follow-up", "local_progression_time or local_progression_status not recorded", 1, 3)]


@pytest.mark.parametrize("handling", ["competing", "exclude"])
def test_zero_events_of_interest_are_refused_however_many_die(handling: str, as_cohort: AsCohort) -> None:
    with pytest.raises(CohortError, match=r"no patient has the outcome \(Local progression within 365 days\)"):
        label_outcome(course(as_cohort, [10, 20, 400, 500], [2, 2, 0, 2]), progression(365, handling))


@pytest.mark.parametrize("censored", ["exclude", "ipcw"])
def test_a_horizon_past_the_follow_up_is_refused_beside_a_competing_event(censored: str, as_cohort: AsCohort) -> None:
    with pytest.raises(CohortError, match="lies past the follow-up"):
        label_outcome(course(as_cohort, [10, 20, 300], [1, 2, 0]), progression(365, "competing", censored))


def test_leaving_out_the_dead_and_weighting_for_the_censored_do_not_go_together() -> None:
    with pytest.raises(ContractError, match="cannot be left out while censoring is weighted for") as caught:
        progression(365, "exclude", "ipcw")
    assert "choose handling competing or composite" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": "follow_up_time"}, "follow_up_time has no levels"),
        ({"event_levels": ("local_progresion",)}, "did you mean local_progression"),
        ({"event_levels": ()}, "no event level"),
        ({"event_levels": ("death",)}, "death is both the event and what competes with it"),
        ({"competing_levels": ()}, "nothing competes with the event"),
        ({"event_levels": ("local_progression", "none")}, "no level of local_progression_status is left"),
        ({"time": "albumin"}, "albumin is measured in g/dL"),
    ],
)
def test_a_senseless_competing_outcome_is_refused(changes: dict[str, Any], message: str) -> None:
    sensible = {
        "time": "local_progression_time",
        "status": "local_progression_status",
        "event_levels": ("local_progression",),
        "horizon_days": 365,
    }
    CompetingHorizonOutcome(**sensible)
    with pytest.raises(ContractError, match=message):
        CompetingHorizonOutcome(**{**sensible, **changes})
