"""Times and their causes: against R (survival) and what is refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import CompetingRisksOutcome, TimeToEventOutcome, label_outcome
from spinecast.errors import CohortError, ContractError
from spinecast.statistics import kaplan_meier

REFERENCE = Path(__file__).parents[1] / "reference"

AsCohort = Callable[..., Cohort]
Followed = Callable[[list[float], list[int]], Cohort]

FRACTURE = CompetingRisksOutcome(
    "vertebral_fracture_time", "vertebral_fracture_status", ("vertebral_fracture", "death"), (365,)
)


def fractures(as_cohort: AsCohort, times: list[float], statuses: list[str]) -> Cohort:
    frame = {"id": range(len(times)), "vertebral_fracture_time": times, "vertebral_fracture_status": statuses}
    return as_cohort(pd.DataFrame(frame))


def test_times_and_deaths_are_taken_as_they_are(followed: Followed) -> None:
    labelled = label_outcome(
        followed([30, np.nan, 400, 90], [1, 1, 0, 1]), TimeToEventOutcome("follow_up_time", "death", (90, 400))
    )
    assert labelled.time.tolist() == [30, 400, 90]
    assert labelled.cause.tolist() == [1, 0, 1]
    assert labelled.rows.tolist() == [0, 2, 3]
    assert (labelled.label, labelled.causes, labelled.cause_labels) == ("Time to death", ("present",), ("Dead",))
    assert (labelled.events, len(labelled), labelled.horizons_days) == ((2,), 3, (90, 400))
    assert labelled.uncensored.tolist() == [1, 0, 1]
    assert [(step.step, step.excluded, step.remaining) for step in labelled.attrition[1:]] == [("follow-up", 1, 3)]


def test_survival_of_the_labelled_times_is_r_survival(followed: Followed) -> None:
    with (REFERENCE / "golden_s4" / "lung.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    expected = json.loads((REFERENCE / "golden_s4" / "expected.json").read_text())["expected"]
    cohort = followed([float(row["time"]) for row in rows], [int(row["status"]) for row in rows])
    labelled = label_outcome(cohort, TimeToEventOutcome("follow_up_time", "death"))
    survival = kaplan_meier(labelled.time, labelled.uncensored).at(expected["lung.km.times"]["value"])
    np.testing.assert_allclose(survival, expected["lung.km.surv"]["value"], atol=1e-9)


def test_each_cause_has_its_number_in_the_order_asked_for(as_cohort: AsCohort) -> None:
    cohort = fractures(
        as_cohort, [10, 20, 365, 400, 500], ["death", "vertebral_fracture", "none", "death", "vertebral_fracture"]
    )
    labelled = label_outcome(cohort, FRACTURE)
    assert labelled.cause.tolist() == [2, 1, 0, 2, 1]
    assert labelled.events == (2, 2)
    assert labelled.label == "Time to vertebral fracture"
    assert labelled.cause_labels == ("Vertebral fracture", "Death before it")
    assert labelled.uncensored.tolist() == [1, 1, 0, 1, 1]
    other_way = CompetingRisksOutcome(FRACTURE.time, FRACTURE.status, ("death", "vertebral_fracture"), label="Death")
    reversed_labels = label_outcome(cohort, other_way)
    assert reversed_labels.cause.tolist() == [1, 2, 0, 1, 2]
    assert reversed_labels.label == "Death"


def test_a_cause_that_never_happens_is_refused(as_cohort: AsCohort) -> None:
    cohort = fractures(as_cohort, [10, 20, 400], ["vertebral_fracture", "none", "none"])
    with pytest.raises(CohortError, match="no patient has the event") as caught:
        label_outcome(cohort, FRACTURE)
    assert "death before it" in str(caught.value)


def test_a_horizon_past_the_follow_up_is_refused(followed: Followed) -> None:
    with pytest.raises(CohortError, match="the horizon of 365 days lies past the follow-up"):
        label_outcome(followed([30, 200], [1, 0]), TimeToEventOutcome("follow_up_time", "death", (90, 365)))


def test_a_cohort_without_follow_up_or_with_times_that_run_backwards_is_refused(followed: Followed) -> None:
    with pytest.raises(CohortError, match="nobody's follow-up is known"):
        label_outcome(followed([np.nan], [1]), TimeToEventOutcome("follow_up_time", "death"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"causes": ("death",)}, "need two causes or more"),
        ({"causes": ("death", "death")}, "need two causes or more"),
        ({"causes": ("vertebral_fracture", "death", "none")}, "no level of vertebral_fracture_status is left"),
        ({"causes": ("fracture", "death")}, "did you mean vertebral_fracture"),
        ({"status": "follow_up_time"}, "follow_up_time has no levels"),
        ({"time": "death"}, "death has levels"),
        ({"horizons_days": (0,)}, r"outcome\.horizons_days is 0"),
    ],
)
def test_senseless_competing_risks_are_refused(changes: dict[str, Any], message: str) -> None:
    sensible = {"time": FRACTURE.time, "status": FRACTURE.status, "causes": FRACTURE.causes}
    CompetingRisksOutcome(**sensible)
    with pytest.raises(ContractError, match=message):
        CompetingRisksOutcome(**{**sensible, **changes})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("death", "death"), "death has levels"), (("follow_up_time", "sex"), "sex is not binary")],
)
def test_a_time_to_event_needs_a_time_and_a_binary_event(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        TimeToEventOutcome(*arguments)
