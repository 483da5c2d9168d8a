"""At which days, thresholds or levels a model of several is judged, and the development read there too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spinecast.cli.validation_cohort import Asked
    from spinecast.cohorts.cohort import Cohort
    from spinecast.cohorts.outcomes import LabelledLevels, LabelledQuantity, LabelledTimes, Outcome
    from spinecast.validation.cohort_file import OpenedCohort
    from spinecast.validation.development import Development

__all__ = [
    "checked_day",
    "development_at_day",
    "development_at_level",
    "development_at_threshold",
    "kept_horizons",
    "levels_of",
    "quantity_of",
    "times_of",
]


def times_of(asked: Asked, opened: OpenedCohort) -> tuple[LabelledTimes, tuple[str, ...]]:
    """Read times at the days that were named; else at those of the study, as far as these patients were followed.

    Raises
    ------
    CohortError
        If a day that was named, or every day of the study, lies past the follow-up.
    """
    from spinecast.cohorts.outcomes import CompetingRisksOutcome, TimeToEventOutcome, label_outcome

    if not asked.horizons:
        return kept_horizons(asked.outcome, opened.cohort)
    assert isinstance(asked.outcome, TimeToEventOutcome | CompetingRisksOutcome)  # asked_outcome_of has read it as one
    return label_outcome(opened.cohort, asked.outcome), ()


def kept_horizons(outcome: Outcome, cohort: Cohort) -> tuple[LabelledTimes, tuple[str, ...]]:
    """Read times, and say which of the study's days these patients were not followed to.

    Raises
    ------
    CohortError
        If every day of the study lies past the follow-up.
    """
    from spinecast.cohorts.outcomes import CompetingRisksOutcome, TimeToEventOutcome, label_outcome

    assert isinstance(outcome, TimeToEventOutcome | CompetingRisksOutcome)  # asked_outcome_of has read it as one
    longest = float(label_outcome(cohort, replace(outcome, horizons_days=())).time.max())
    kept = tuple(day for day in outcome.horizons_days if day <= longest)
    if not kept or len(kept) == len(outcome.horizons_days):
        return label_outcome(cohort, outcome), ()
    gone = ", ".join(f"{day:g}" for day in outcome.horizons_days if day not in kept)
    note = f"Not judged: day {gone}, past the longest follow-up of these patients ({longest:g} days)"
    return label_outcome(cohort, replace(outcome, horizons_days=kept)), (note,)


def checked_day(times: LabelledTimes, development: Development) -> float:
    """Choose the day that case mix, missing inputs, subgroups and checks are looked at.

    It is the day at which the development was checked, where that is judged here too, so that both can be compared;
    else the horizon nearest to the median event time.
    """
    import numpy as np

    recorded = (development.evaluation or {}).get("one_day")
    if recorded in times.horizons_days:
        return float(recorded)
    middle = max(float(np.median(times.time[times.cause == 1])), 1.0)
    return float(min(times.horizons_days, key=lambda one: abs(np.log(one / middle))))


def development_at_day(outcome: Outcome, day: float, development: Development) -> Development:
    """Return the development with its outcome read on a day; without its record where that is of another day."""
    from spinecast.cohorts.outcomes import CompetingRisksOutcome, TimeToEventOutcome, label_outcome, read_by_day

    assert isinstance(outcome, TimeToEventOutcome | CompetingRisksOutcome)  # asked_outcome_of has read it as one
    recorded = development.evaluation
    found = replace(development, evaluation=recorded if recorded and recorded.get("one_day") == day else None)
    if development.cohort is None:
        return found
    own = label_outcome(development.cohort, replace(outcome, horizons_days=()))
    if day > float(own.time.max()):
        return replace(found, cohort=None, unreadable=f"nobody of the development was followed to day {day:g}")
    return replace(found, labelled=read_by_day(own, day))


def quantity_of(asked: Asked, opened: OpenedCohort) -> LabelledQuantity:
    """Read what was measured; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    from spinecast.cohorts.outcomes import QuantityOutcome, label_outcome

    assert isinstance(asked.outcome, QuantityOutcome)  # asked_outcome_of has read it as one
    return label_outcome(opened.cohort, asked.outcome)


def development_at_threshold(outcome: Outcome, checked: float, development: Development) -> Development:
    """Return the development with its outcome read at a threshold; its record of that threshold, where it holds one."""
    from spinecast.cohorts.outcomes import QuantityOutcome, label_outcome, read_by_threshold

    assert isinstance(outcome, QuantityOutcome)  # asked_outcome_of has read it as one
    recorded = development.evaluation or {}
    at = next((one for one in recorded.get("thresholds", ()) if one["threshold"] == checked), None)
    same = recorded.get("checked_threshold") == checked
    evaluation = None if at is None else {**(recorded if same else {}), **at, "basis": recorded["basis"]}
    found = replace(development, evaluation=evaluation)
    if development.cohort is None:
        return found
    values = label_outcome(development.cohort, outcome)
    return replace(found, labelled=read_by_threshold(values, checked))


def levels_of(asked: Asked, opened: OpenedCohort) -> LabelledLevels:
    """Read ordered levels; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    from spinecast.cohorts.outcomes import OrdinalOutcome, label_outcome

    assert isinstance(asked.outcome, OrdinalOutcome)  # asked_outcome_of has read it as one
    return label_outcome(opened.cohort, asked.outcome)


def development_at_level(outcome: Outcome, number: int, development: Development) -> Development:
    """Return the development with its outcome read as having reached a level; its record of that, where it holds one.

    ``number`` is the position of the threshold, from 0.
    """
    from spinecast.cohorts.outcomes import OrdinalOutcome, label_outcome, read_by_level

    assert isinstance(outcome, OrdinalOutcome)  # asked_outcome_of has read it as one
    recorded = development.evaluation or {}
    at = dict(enumerate(recorded.get("thresholds", ()))).get(number)
    same = recorded.get("checked_threshold") == number
    evaluation = None if at is None else {**(recorded if same else {}), **at, "basis": recorded["basis"]}
    found = replace(development, evaluation=evaluation)
    if development.cohort is None:
        return found
    return replace(found, labelled=read_by_level(label_outcome(development.cohort, outcome), number + 1))
