"""What is predicted: the outcome of each patient, whom it is known for, and how censored patients are met.

Each kind of outcome is a frozen definition that refuses what makes no sense, and a function that reads it from a
cohort; both stand in one module: `by_horizon` (an event by a fixed day), `by_level` and `by_amount` (what one
assessment found) and `by_time` (times and causes). A new kind is added there, to its union here and to `label_outcome`.
"""

from __future__ import annotations

from typing import overload

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes.by_amount import (
    QuantityOutcome,
    ThresholdOutcome,
    label_quantity,
    label_threshold,
    read_by_threshold,
)
from spinecast.cohorts.outcomes.by_horizon import (
    CompetingHorizonOutcome,
    HorizonOutcome,
    LandmarkOutcome,
    label_competing,
    label_horizon,
    label_landmark,
)
from spinecast.cohorts.outcomes.by_level import (
    BinaryOutcome,
    OrdinalOutcome,
    label_binary,
    label_ordinal,
    most_even_level,
    read_by_level,
)
from spinecast.cohorts.outcomes.by_time import (
    CompetingRisksOutcome,
    TimeToEventOutcome,
    label_competing_risks,
    label_time_to_event,
    read_as_seen,
    read_by_day,
)
from spinecast.cohorts.outcomes.labelled import (
    LabelledLevels,
    LabelledOutcome,
    LabelledQuantity,
    LabelledTimes,
    require_events,
)

__all__ = [
    "BinaryOutcome",
    "BinaryRisk",
    "CompetingHorizonOutcome",
    "CompetingRisksOutcome",
    "HorizonOutcome",
    "Labelled",
    "LabelledLevels",
    "LabelledOutcome",
    "LabelledQuantity",
    "LabelledTimes",
    "LandmarkOutcome",
    "OrdinalOutcome",
    "Outcome",
    "QuantityOutcome",
    "ThresholdOutcome",
    "TimeToEventOutcome",
    "TimedOutcome",
    "label_outcome",
    "most_even_level",
    "read_as_seen",
    "read_by_day",
    "read_by_level",
    "read_by_threshold",
    "require_events",
]

BinaryRisk = HorizonOutcome | LandmarkOutcome | CompetingHorizonOutcome | BinaryOutcome | ThresholdOutcome
"""Outcomes that a patient has or does not have: what a risk is predicted for."""

TimedOutcome = TimeToEventOutcome | CompetingRisksOutcome

Outcome = BinaryRisk | OrdinalOutcome | QuantityOutcome | TimedOutcome

Labelled = LabelledOutcome | LabelledLevels | LabelledQuantity | LabelledTimes


@overload
def label_outcome(cohort: Cohort, outcome: BinaryRisk) -> LabelledOutcome: ...
@overload
def label_outcome(cohort: Cohort, outcome: OrdinalOutcome) -> LabelledLevels: ...
@overload
def label_outcome(cohort: Cohort, outcome: QuantityOutcome) -> LabelledQuantity: ...
@overload
def label_outcome(cohort: Cohort, outcome: TimedOutcome) -> LabelledTimes: ...
def label_outcome(cohort: Cohort, outcome: Outcome) -> Labelled:
    """Read the outcome of every patient of a cohort.

    Parameters
    ----------
    cohort : Cohort
    outcome : Outcome
        Any of the kinds above.

    Returns
    -------
    LabelledOutcome, LabelledLevels, LabelledQuantity or LabelledTimes
        Who is left out stands in its attrition, with the reason.

    Raises
    ------
    CohortError
        If nobody's outcome is known; all have it or none, or it does not vary; an event of several never happens; a
        time is negative; or nobody is followed to the horizon.
    ContractError
        If the cohort lacks the outcome's variables.
    """
    match outcome:
        case HorizonOutcome():
            return label_horizon(cohort, outcome)
        case LandmarkOutcome():
            return label_landmark(cohort, outcome)
        case CompetingHorizonOutcome():
            return label_competing(cohort, outcome)
        case BinaryOutcome():
            return label_binary(cohort, outcome)
        case ThresholdOutcome():
            return label_threshold(cohort, outcome)
        case OrdinalOutcome():
            return label_ordinal(cohort, outcome)
        case QuantityOutcome():
            return label_quantity(cohort, outcome)
        case TimeToEventOutcome():
            return label_time_to_event(cohort, outcome)
        case CompetingRisksOutcome():
            return label_competing_risks(cohort, outcome)
