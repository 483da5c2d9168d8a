"""The outcomes of a study file that a patient has or has not."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from spinecast.documents import Block, Identifier, Names, Number, Text, Whole

__all__ = [
    "BinaryOutcome",
    "BinaryOutcomeSpec",
    "CompetingHorizonOutcome",
    "HorizonOutcome",
    "LandmarkOutcome",
    "ThresholdOutcome",
    "event_field",
    "label_field",
    "time_field",
]


def label_field() -> Any:
    """The key of an outcome's name."""
    return Field(default=None, description="Name of the outcome in the report.")


def time_field() -> Any:
    """The key of an outcome's time."""
    return Field(description="Outcome variable with the days from entry to the event or end of follow-up.")


def event_field() -> Any:
    """The key of an outcome's event."""
    return Field(description="Binary outcome variable: whether follow-up ended with the event.")


def _censored() -> Any:
    return Field(
        default="exclude",
        description="Patients whose follow-up ended before the horizon without the event: leave them out, or weight "
        "the others by the inverse probability of censoring.",
    )


class HorizonOutcome(Block):
    """An event by a fixed day after entry, with follow-up that may end earlier."""

    kind: Literal["horizon"]
    time: Identifier = time_field()
    event: Identifier = event_field()
    horizon_days: Whole = Field(gt=0, description="Day by which the event counts.")
    censored: Literal["exclude", "ipcw"] = _censored()
    label: Text | None = label_field()


class LandmarkOutcome(Block):
    """An event by a fixed day after a landmark, among patients alive and under observation then."""

    kind: Literal["landmark"]
    time: Identifier = time_field()
    event: Identifier = event_field()
    landmark_days: Whole = Field(
        gt=0,
        description="Day after entry at which the prediction is made. Predictors must be known by then; patients whose "
        "event or end of follow-up came by that day are left out.",
    )
    horizon_days: Whole = Field(gt=0, description="Days after the landmark by which the event counts.")
    censored: Literal["exclude", "ipcw"] = _censored()
    label: Text | None = label_field()


class CompetingHorizonOutcome(Block):
    """An event of interest by a fixed day, where death or another event may come first."""

    kind: Literal["competing_horizon"]
    time: Identifier = time_field()
    status: Identifier = Field(
        description="Outcome variable with levels: the event, an event that competes with it, or the end of follow-up."
    )
    event_levels: Names = Field(min_length=1, description="Levels of the status that count as the event.")
    horizon_days: Whole = Field(gt=0, description="Day by which the event counts.")
    competing_levels: Names = Field(
        default=("death",),
        min_length=1,
        description="Levels of the status that compete with the event; all others are the end of follow-up.",
    )
    handling: Literal["competing", "composite", "exclude"] = Field(
        default="competing",
        description="Patients whose competing event came first: they do not have the event (the risk is the cumulative "
        "incidence), they count as having it, or they are left out.",
    )
    censored: Literal["exclude", "ipcw"] = _censored()
    label: Text | None = label_field()


class BinaryOutcome(Block):
    """A state at assessment that is present or not."""

    kind: Literal["binary"]
    variable: Identifier = Field(description="Outcome variable with the state of each patient.")
    event_levels: Names = Field(min_length=1, description="Levels that count as the event.")
    excluded_levels: Names = Field(default=(), description="Levels whose patients are left out of the study.")
    label: Text | None = label_field()


class ThresholdOutcome(Block):
    """A measured outcome that reaches a threshold or not, such as a blood loss of 2500 mL and more."""

    kind: Literal["threshold"]
    variable: Identifier = Field(description="Continuous outcome variable.")
    threshold: Number = Field(description="The threshold, in the unit below.")
    unit: Text | None = Field(
        default=None, description="Unit of the threshold; the dictionary's canonical unit when left out."
    )
    comparison: Literal["at_least", "more_than", "at_most", "less_than"] = Field(
        default="at_least", description="Which side of the threshold is the event."
    )
    label: Text | None = label_field()


BinaryOutcomeSpec = HorizonOutcome | LandmarkOutcome | CompetingHorizonOutcome | BinaryOutcome | ThresholdOutcome
