"""What the file of a published model holds: one frozen block for each mapping, every key with its description."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from spinecast.documents import Block, Cell, Flag, Identifier, Names, Number, Probability, Text, Whole, named_kind

__all__ = [
    "Baseline",
    "CaseControl",
    "Clip",
    "Codes",
    "CoxLink",
    "Factor",
    "LeftOut",
    "Levels",
    "LinearLink",
    "Link",
    "LogisticLink",
    "OutcomeNamed",
    "Plain",
    "Population",
    "Power",
    "PublishedSource",
    "Spline",
    "Standardise",
    "StatedNumber",
    "Status",
    "Step",
    "Term",
    "Threshold",
    "Worked",
]

Status = Literal["stated", "derived", "reading"]
"""``stated``: printed in the publication. ``derived``: computed from what is printed there. ``reading``: the number is
printed, but what it multiplies is not said beyond doubt; the note says how it is read here."""


class PublishedSource(Block):
    """Where the model is published."""

    citation: Text = Field(description="Authors, journal, year, volume, pages.")
    doi: Text | None = Field(default=None, description="Its digital object identifier.")
    place: Text = Field(description="Where in the publication the numbers stand: table, figure, abstract.")


class Population(Block):
    """Whom the model was fitted on."""

    description: Text = Field(description="Who these patients were, and who was left out.")
    patients: Whole | None = Field(default=None, gt=0, description="How many they were.")
    events: Whole | None = Field(default=None, ge=0, description="How many of them had the event.")


class OutcomeNamed(Block):
    """What the model predicts."""

    label: Text = Field(description="The outcome whose risk, hazard or amount rises with the linear predictor.")
    variables: Names = Field(default=(), description="Dictionary variables that record it.")


class StatedNumber(Block):
    """A number of the formula that belongs to no variable."""

    value: Number = Field(description="The number.")
    status: Status = Field(description="Whether the publication states it.")


class CaseControl(Block):
    """How the sample was drawn by its outcome, so that the intercept can be brought to the population.

    For a sample with a share s of events out of a population with a share p, the population's intercept is the
    sample's less ln(s / (1 - s)) - ln(p / (1 - p)) (Prentice & Pyke 1979, Biometrika 66:403; King & Zeng 2001, Polit
    Anal 9:137).
    """

    sample: Probability = Field(description="Share with the event among the patients the model was fitted on.")
    population: Probability = Field(description="Share with the event among the patients they were drawn from.")
    note: Text = Field(description="Where both shares are stated, and what matching leaves open.")


class LogisticLink(Block):
    """Log-odds of the event: intercept plus linear predictor."""

    kind: Literal["logistic"]
    intercept: StatedNumber | None = Field(description="null where the publication gives none.")
    case_control: CaseControl | None = Field(
        default=None, description="Given where the sample was drawn by its outcome: risks are then the population's."
    )
    ranks_only: Text | None = Field(
        default=None, description="Why the model ranks patients but gives no risk; needed where there is no intercept."
    )


class Baseline(Block):
    """Survival free of the event by a day, of a patient at the mean linear predictor."""

    days: Whole = Field(gt=0, description="The day.")
    survival: Probability = Field(description="Share free of the event by that day.")
    status: Status = Field(description="Whether the publication states it.")


class CoxLink(Block):
    """Log-hazard relative to a baseline: risk by a day = 1 - S0(day) ^ exp(linear predictor - its mean)."""

    kind: Literal["cox"]
    baseline: tuple[Baseline, ...] = Field(description="Baseline survival by day; empty where none is published.")
    mean_linear_predictor: StatedNumber | None = Field(
        default=None, description="Linear predictor at which the baseline holds; 0 when left out."
    )
    ranks_only: Text | None = Field(
        default=None, description="Why the model ranks patients but gives no risk; needed where there is no baseline."
    )


class LinearLink(Block):
    """An amount: intercept plus linear predictor."""

    kind: Literal["linear"]
    intercept: StatedNumber | None = Field(description="null where the publication gives none.")
    unit: Text = Field(description="Unit of the amount.")
    ranks_only: Text | None = Field(
        default=None, description="Why the model ranks patients but gives no amount; needed without an intercept."
    )


Link = Annotated[LogisticLink | CoxLink | LinearLink, Field(discriminator="kind")]


class Plain(Block):
    """A transformation without settings: natural or decimal logarithm, square, square root."""

    kind: Literal["log", "log10", "square", "square_root"]


class Power(Block):
    """A power, as in fractional polynomials."""

    kind: Literal["power"]
    exponent: Number = Field(description="The exponent.")


class Standardise(Block):
    """(value - centre) / scale."""

    kind: Literal["standardise"]
    centre: Number = Field(default=0, description="What is subtracted.")
    scale: Number = Field(default=1, description="What is divided by.")


class Clip(Block):
    """Values beyond an end are taken as that end."""

    kind: Literal["clip"]
    lower: Number | None = Field(default=None, description="Lower end, if any.")
    upper: Number | None = Field(default=None, description="Upper end, if any.")


class Threshold(Block):
    """1 on the named side of a value, 0 on the other."""

    kind: Literal["at_least", "more_than", "at_most", "less_than"]
    value: Number = Field(description="The value, in the unit of the term.")


class Spline(Block):
    """One nonlinear term of a restricted cubic spline; the linear term is a term of its own.

    With knots t1 < ... < tk, the j-th term is [(x - tj)+^3 - (x - t(k-1))+^3 (tk - tj) / (tk - t(k-1)) + (x - tk)+^3
    (t(k-1) - tj) / (tk - t(k-1))] / (tk - t1)^2 (Harrell 2015, Regression Modeling Strategies, 2nd ed., section 2.4.5,
    as R's rms::rcs).
    """

    kind: Literal["spline"]
    knots: tuple[Number, ...] = Field(min_length=3, description="The knots, ascending, in the unit of the term.")
    term: Whole = Field(ge=1, description="Which nonlinear term: 1 to the number of knots less 2.")
    scaled: Flag = Field(
        default=True, description="Whether the coefficient is for the term divided by (last knot - first knot)^2."
    )


class Levels(Block):
    """1 at some levels, 0 at others."""

    kind: Literal["level"]
    levels: tuple[Text, ...] = Field(min_length=1, description="Levels at which it is 1.")
    against: tuple[Text, ...] = Field(
        default=(),
        description="Levels at which it is 0; at any other the model says nothing. All others when left out.",
    )


class Codes(Block):
    """A number for each level, as the publication coded them; at a level without one the model says nothing."""

    kind: Literal["codes"]
    codes: dict[Text, Number] = Field(min_length=2, description="The number of each level.")


_Step = Annotated[
    Plain | Power | Standardise | Clip | Threshold | Spline | Levels | Codes,
    Field(discriminator="kind"),
]
# `log` is short for `{kind: log}`.
_Named = Literal["log", "log10", "square", "square_root"]
Step = Annotated[_Step, BeforeValidator(named_kind, json_schema_input_type=_Step | _Named)]


class Factor(Block):
    """A variable, in the unit of the publication, after its transformations one by one."""

    variable: Identifier = Field(description="Dictionary variable.")
    unit: Text | None = Field(
        default=None, description="Unit of the publication; the dictionary's canonical unit when left out."
    )
    transform: tuple[Step, ...] = Field(default=(), description="What is done to the value, in order.")


class Term(Factor):
    """A coefficient times a factor, or times the product of several: an interaction."""

    times: tuple[Factor, ...] = Field(default=(), description="Further factors that are multiplied in.")
    coefficient: Number | None = Field(default=None, description="The coefficient; or give the ratio.")
    ratio: Number | None = Field(
        default=None, gt=0, description="Odds or hazard ratio, whose natural logarithm is the coefficient."
    )
    interval: tuple[Number, Number] | None = Field(
        default=None, description="95 % confidence interval, on the scale on which the number is given."
    )
    status: Status = Field(description="Whether the publication states the number.")
    note: Text | None = Field(default=None, description="What a reader must know of it.")


class LeftOut(Block):
    """A part of the published model that this file does not hold."""

    what: Text = Field(description="The predictor or the number.")
    reason: Text = Field(description="Why it is not here.")


class Worked(Block):
    """One patient with the result, by which the file is checked whenever it is read."""

    inputs: dict[Identifier, Cell] = Field(min_length=1, description="Value or level of each variable.")
    units: dict[Identifier, Text] = Field(default={}, description="Units of inputs not in their canonical one.")
    linear_predictor: Number | None = Field(default=None, description="Sum of the terms, without intercept or mean.")
    risk: Number | None = Field(default=None, ge=0, le=1, description="Risk of the outcome.")
    amount: Number | None = Field(default=None, description="The amount, for a linear link.")
    horizon_days: Whole | None = Field(default=None, gt=0, description="Day of the risk, where the model has several.")
    within: Number = Field(default=0.0005, gt=0, description="How far the computed number may lie from the one here.")
    basis: Literal["published", "by_hand"] = Field(description="Who worked it out.")
    note: Text | None = Field(default=None, description="How.")
