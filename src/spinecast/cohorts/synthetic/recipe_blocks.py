"""The blocks of a recipe beyond its variables: events, outcomes, follow-up, missing values, sites and drift."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spinecast.cohorts.synthetic.images import ImageFeatures
from spinecast.cohorts.synthetic.variable_blocks import (
    Correlation,
    HazardEffect,
    OddsEffect,
    Positive,
    QuantityEffect,
    Sourced,
    VariableSpec,
)
from spinecast.documents import Block, Cell, Identifier, Names, Number, Probability, Real, Text, Whole

__all__ = [
    "Anchor",
    "Coding",
    "CompetingOutcome",
    "DeathBefore",
    "Discrimination",
    "Drift",
    "Event",
    "FollowUp",
    "Loss",
    "MissingRate",
    "Missingness",
    "OrdinalOutcome",
    "OutcomeBlock",
    "QuantityOutcome",
    "Recipe",
    "Site",
    "StateOutcome",
    "SurvivalOutcome",
    "ThresholdRate",
    "Years",
]

Day = Annotated[Whole, Field(gt=0, le=36_525)]
Year = Annotated[Whole, Field(ge=1950, le=2100)]


class Years(Block):
    """Calendar years in which the patients are treated, every day alike."""

    first: Year = Field(description="First calendar year.")
    last: Year = Field(description="Last calendar year.")


class Anchor(Sourced):
    """A published point the event's frequency must go through: exactly one of event_free and cumulative_incidence."""

    days: Day = Field(description="Days from entry.")
    event_free: Probability | None = Field(
        default=None, description="Share without the event by then if nothing else ended follow-up (Kaplan-Meier)."
    )
    cumulative_incidence: Probability | None = Field(
        default=None, description="Share with the event by then, the competing events taking their part."
    )


class Discrimination(Sourced):
    """How well the true risk tells apart who has the event: design effects are scaled to reach it."""

    auc: Annotated[Real, Field(gt=0.5, lt=1)] = Field(description="Area under the ROC curve of the true risk.")
    days: tuple[Day, ...] = Field(min_length=1, description="Days at which the areas are averaged.")


class Event(Block):
    """Something that happens once: a Weibull hazard, proportional in its effects."""

    anchors: tuple[Anchor, ...] = Field(
        min_length=1, max_length=2, description="One published point and a shape, or two points."
    )
    shape: Positive | None = Field(
        default=None, description="Weibull shape when there is one anchor; below 1 the hazard falls with time."
    )
    competing: Names = Field(default=(), description="Events that compete, for anchors of cumulative incidence.")
    discrimination: Discrimination | None = Field(
        default=None,
        description="When given, the log hazard ratios of source `design` are multiplied by one common factor that "
        "brings the true risk to this area; published ones are held.",
    )
    effects: tuple[HazardEffect, ...] = Field(default=(), description="What raises or lowers the hazard.")


class SurvivalOutcome(Block):
    """Time to one event."""

    kind: Literal["survival"]
    time: Identifier = Field(description="Outcome variable with the days to the event or the end of follow-up.")
    status: Identifier = Field(description="Binary outcome variable: whether follow-up ended with the event.")
    event: Identifier = Field(description="The event.")


class CompetingOutcome(Block):
    """Time to the first of several events."""

    kind: Literal["competing"]
    time: Identifier = Field(description="Outcome variable with the days to the first event or end of follow-up.")
    status: Identifier = Field(description="Outcome variable with the event that came first.")
    events: dict[Text, Identifier] = Field(min_length=2, description="{level of the status: event}.")
    none: Text = Field(default="none", description="Level of those whose follow-up ended without an event.")


class DeathBefore(Block):
    """A level of its own for people who do not live to be assessed."""

    event: Identifier = Field(description="The event that prevents the assessment.")
    days: Day = Field(description="Day of the assessment.")
    level: Text = Field(description="Level of people who had the event by then.")


class StateOutcome(Sourced):
    """A state that is present or not: logistic."""

    kind: Literal["state"]
    variable: Identifier = Field(description="Outcome variable with the state.")
    level: Text = Field(description="Level whose odds the effects multiply.")
    otherwise: Text = Field(description="Level of the others.")
    proportion: Probability = Field(description="Share at the level, of the people who could be assessed.")
    draw: Identifier | None = Field(
        default=None,
        description="States with the same draw share each patient's luck: whoever has the less likely one has the "
        "other too, such as a thrombosis within 30 and within 90 days. The variable's own when left out.",
    )
    died: DeathBefore | None = Field(default=None, description="People who did not live to be assessed, if any.")
    effects: tuple[OddsEffect, ...] = Field(default=(), description="What multiplies the odds.")


class OrdinalOutcome(Sourced):
    """A graded state: proportional odds of a higher grade."""

    kind: Literal["ordinal"]
    variable: Identifier = Field(description="Ordinal outcome variable.")
    probabilities: dict[Text, Probability] = Field(
        min_length=2, description="{level: share of the people who could be assessed}; they add up to 1."
    )
    died: DeathBefore | None = Field(default=None, description="People who did not live to be assessed, if any.")
    effects: tuple[OddsEffect, ...] = Field(default=(), description="What multiplies the odds of a higher level.")


class ThresholdRate(Block):
    """How many reach a threshold."""

    value: Positive = Field(description="The threshold, canonical unit.")
    proportion: Probability = Field(description="Share of patients at or above it.")


class QuantityOutcome(Sourced):
    """A log-normal quantity: exactly two of median, residual_log_sd and at_least; the third follows."""

    kind: Literal["quantity"]
    variable: Identifier = Field(description="Measured outcome variable.")
    median: Positive | None = Field(default=None, description="Median over all patients, canonical unit.")
    residual_log_sd: Positive | None = Field(
        default=None, description="Standard deviation of the logarithm that the effects do not explain."
    )
    at_least: ThresholdRate | None = Field(default=None, description="Share of patients who reach a threshold.")
    limits: tuple[Number, Number] | None = Field(
        default=None, description="Lowest and highest recorded value; values beyond are recorded as the limit."
    )
    effects: tuple[QuantityEffect, ...] = Field(default=(), description="What multiplies the quantity.")


OutcomeBlock = Annotated[
    SurvivalOutcome | CompetingOutcome | StateOutcome | OrdinalOutcome | QuantityOutcome, Field(discriminator="kind")
]


class Loss(Sourced):
    """People lost to follow-up at a constant rate."""

    days: Day = Field(description="Days from entry.")
    proportion: Probability = Field(description="Share lost by then, were nobody to die.")


class FollowUp(Block):
    """When follow-up ends for those without the event."""

    years_after_last: Whole = Field(
        default=1, ge=1, le=50, description="The data close at the end of this many calendar years after the last one."
    )
    lost: Loss | None = Field(default=None, description="Loss to follow-up before that; none when left out.")


class MissingRate(Sourced):
    """How often a variable is missing."""

    rate: Probability = Field(description="Share of patients without a value, where the variable applies.")


class Missingness(Block):
    """What is not recorded, more often in some patients: missing at random given what is always recorded."""

    drivers: tuple[OddsEffect, ...] = Field(
        default=(), description="What multiplies the odds that a value is missing; variables that are never missing."
    )
    rates: dict[Identifier, MissingRate] = Field(default={}, description="{variable: how often it is missing}.")


class Coding(Block):
    """How a site writes one variable, where it differs from the dictionary."""

    column: Text | None = Field(default=None, description="Its column; the variable's name when left out.")
    unit: Text | None = Field(default=None, description="Its unit; the dictionary's canonical unit when left out.")
    decimals: Whole | None = Field(default=None, ge=0, le=6, description="Digits after the point in that unit.")
    levels: dict[Text, Text] | None = Field(default=None, description="{level of the dictionary: text in the table}.")
    missing_code: Cell | None = Field(default=None, description="What stands for a missing value; empty if left out.")


class Site(Sourced):
    """Where patients are treated: what differs there from the recipe."""

    description: Text = Field(description="What is particular to the site.")
    variables: dict[Identifier, VariableSpec] = Field(
        default={}, description="Variables distributed differently, in place of the recipe's."
    )
    shifts: dict[Identifier, Number] = Field(
        default={}, description="{variable: how far its normal score moves, in standard deviations}."
    )
    baseline: dict[Identifier, Positive] = Field(
        default={},
        description="{event or outcome variable: ratio by which the hazard, the odds or the quantity differs}.",
    )
    missingness: Positive = Field(default=1.0, description="Ratio by which missing values are commoner.")
    binary_levels: tuple[Text, Text] | None = Field(
        default=None, description="How absent and present are written in every binary variable, such as ['1', '2']."
    )
    coding: dict[Identifier, Coding] = Field(default={}, description="{variable: how the site writes it}.")


class Drift(Sourced):
    """What changes from calendar year to calendar year."""

    reference_year: Year = Field(description="Year in which nothing is changed.")
    shifts: dict[Identifier, Number] = Field(
        default={}, description="{variable: how far its normal score moves a year, in standard deviations}."
    )
    baseline: dict[Identifier, Positive] = Field(
        default={},
        description="{event or outcome variable: ratio by which the hazard, odds or quantity changes a year}.",
    )


class Recipe(Block):
    """A synthetic cohort: what its patients are like, what happens to them, and what is known of it."""

    recipe: Identifier = Field(description="Name of the recipe: snake_case.")
    title: Text = Field(description="One line for people.")
    description: Text = Field(description="What the cohort is like and what it must not be taken for.")
    family: Literal["survival", "ambulation", "blood_loss", "complications", "implants", "radiotherapy"] = Field(
        description="What its outcomes are about."
    )
    sources: dict[Identifier, Text] = Field(default={}, description="{key: reference}, for every `source` below.")
    years: Years = Field(description="When the patients are treated.")
    variables: dict[Identifier, VariableSpec] = Field(
        min_length=1, description="{dictionary variable: how it is distributed}."
    )
    correlation: tuple[Correlation, ...] = Field(default=(), description="How variables go together.")
    events: dict[Identifier, Event] = Field(default={}, description="{event: its frequency and what drives it}.")
    features: dict[Identifier, ImageFeatures] = Field(
        default={}, description="{block: features computed from one kind of image, by scanner}."
    )
    outcomes: tuple[OutcomeBlock, ...] = Field(min_length=1, description="What is recorded of the course.")
    horizons: tuple[Day, ...] = Field(default=(90, 365), min_length=1, description="Days of the true risks.")
    follow_up: FollowUp = Field(default=FollowUp(), description="When follow-up ends.")
    missingness: Missingness = Field(default=Missingness(), description="What is not recorded.")
    drift: Drift | None = Field(default=None, description="What changes over the years.")
    sites: dict[Identifier, Site] = Field(min_length=1, description="{site: what differs}; the first is the default.")
