"""The blocks of a recipe that say how variables are distributed and what they do: one frozen model for each mapping.

Every block that holds numbers names where they come from (`Sourced`): a key of the recipe's ``sources``, or ``design``
for a choice of the recipe itself.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field

from spinecast.documents import Block, Cell, Identifier, Names, Number, Probability, Real, Text, Whole

__all__ = [
    "DESIGN",
    "Bernoulli",
    "Beta",
    "BetaBinomial",
    "ByLevel",
    "Categorical",
    "Constant",
    "Correlation",
    "Counts",
    "Distribution",
    "Effect",
    "Gamma",
    "Group",
    "Grouped",
    "HazardEffect",
    "LogNormal",
    "Normal",
    "OddsEffect",
    "Positive",
    "QuantityEffect",
    "Quartiles",
    "Shape",
    "Sourced",
    "Sum",
    "Uniform",
    "VariableSpec",
]

DESIGN = "design"
"""The source of a number that the recipe chose and nobody published."""

Positive = Annotated[Real, Field(gt=0)]
Share = Annotated[Real, Field(ge=0, le=1)]
Count = Annotated[Whole, Field(ge=0)]


class Sourced(Block):
    """Numbers with the place they come from."""

    source: Identifier = Field(
        description="Where the numbers come from: a key of `sources`, or `design` for a choice of this recipe."
    )
    note: Text | None = Field(default=None, description="What a reader must know about the numbers.")


class Bernoulli(Block):
    """A binary variable."""

    kind: Literal["bernoulli"]
    probability: Probability = Field(description="Share of patients in whom it is present.")


class Categorical(Block):
    """A levelled variable by the probability of each level."""

    kind: Literal["categorical"]
    probabilities: dict[Text, Share] = Field(
        min_length=1, description="{level: probability}; they add up to 1 (within .005 for rounding as printed)."
    )


class Counts(Block):
    """A levelled variable by the number of patients at each level, as a table prints them."""

    kind: Literal["counts"]
    counts: dict[Text, Count] = Field(min_length=1, description="{level: patients}.")


class Constant(Block):
    """The same level or number for everyone."""

    kind: Literal["constant"]
    value: Cell = Field(description="The level (in quotes if it is a digit) or the number.")


class Normal(Block):
    """A normal distribution; with limits, the mean and deviation are those within them."""

    kind: Literal["normal"]
    mean: Number = Field(description="Mean, canonical unit.")
    sd: Positive = Field(description="Standard deviation, canonical unit.")


class LogNormal(Block):
    """A log-normal distribution, by mean and standard deviation or by median and log standard deviation."""

    kind: Literal["lognormal"]
    mean: Positive | None = Field(default=None, description="Mean, canonical unit; together with sd.")
    sd: Positive | None = Field(default=None, description="Standard deviation, canonical unit; together with mean.")
    median: Positive | None = Field(default=None, description="Median, canonical unit; together with log_sd.")
    log_sd: Positive | None = Field(default=None, description="Standard deviation of the natural logarithm.")


class Quartiles(Block):
    """A two-piece normal distribution through three quartiles, on the linear or the logarithmic scale."""

    kind: Literal["quartiles"]
    values: tuple[Number, Number, Number] = Field(description="First quartile, median, third quartile.")
    scale: Literal["linear", "log"] = Field(default="linear", description="Scale on which each half is normal.")


class Gamma(Block):
    """A gamma distribution, shifted."""

    kind: Literal["gamma"]
    shape: Positive = Field(description="Shape.")
    scale: Positive = Field(description="Scale, canonical unit.")
    shift: Number = Field(default=0, description="Added to every value, canonical unit.")


class Beta(Block):
    """A beta distribution stretched between two numbers."""

    kind: Literal["beta"]
    alpha: Positive = Field(description="First shape.")
    beta: Positive = Field(description="Second shape.")
    lowest: Number = Field(default=0, description="Lowest value, canonical unit.")
    highest: Number = Field(default=1, description="Highest value, canonical unit.")


class Uniform(Block):
    """Every value between two numbers alike."""

    kind: Literal["uniform"]
    lowest: Number = Field(description="Lowest value, canonical unit.")
    highest: Number = Field(description="Highest value, canonical unit.")


class BetaBinomial(Block):
    """Whole numbers, or levels that are digits, with a given mean and standard deviation."""

    kind: Literal["beta_binomial"]
    mean: Number = Field(description="Mean.")
    sd: Positive = Field(description="Standard deviation.")
    lowest: Whole = Field(default=0, description="Lowest whole number.")
    highest: Whole = Field(description="Highest whole number.")


class Group(Block):
    """A range of whole numbers and the share of patients in it."""

    lowest: Whole = Field(description="Lowest whole number of the group.")
    highest: Whole = Field(description="Highest whole number of the group.")
    probability: Share = Field(description="Share of patients in the group; alike within it.")


class Grouped(Block):
    """Whole numbers by the share of patients in each group, as a table prints them."""

    kind: Literal["grouped"]
    groups: tuple[Group, ...] = Field(min_length=1, description="Groups in ascending order; shares add up to 1.")
    step: Whole = Field(default=1, ge=1, description="Steps in which the numbers are recorded, such as 10.")


Shape = Annotated[
    Bernoulli
    | Categorical
    | Counts
    | Constant
    | Normal
    | LogNormal
    | Quartiles
    | Gamma
    | Beta
    | Uniform
    | BetaBinomial
    | Grouped,
    Field(discriminator="kind"),
]


class Sum(Block):
    """Other variables added up, and something more: never less than its parts."""

    kind: Literal["sum"]
    of: Names = Field(min_length=1, description="Measured variables of the recipe, all in the same canonical unit.")
    plus: Shape = Field(description="What is added to them; never negative.")


class ByLevel(Block):
    """A distribution for each level of another variable, or for each of its values where it is a whole number."""

    kind: Literal["by_level"]
    variable: Identifier = Field(description="The other variable of the recipe.")
    cases: dict[Text, Shape] = Field(
        min_length=1, description="{level or number (in quotes) of the other variable: distribution}."
    )
    otherwise: Shape | None = Field(
        default=None,
        description="At the levels not listed; when left out the variable does not apply there and stays empty.",
    )


Distribution = Annotated[
    Bernoulli
    | Categorical
    | Counts
    | Constant
    | Normal
    | LogNormal
    | Quartiles
    | Gamma
    | Beta
    | Uniform
    | BetaBinomial
    | Grouped
    | Sum
    | ByLevel,
    Field(discriminator="kind"),
]


class VariableSpec(Sourced):
    """How one dictionary variable is distributed."""

    distribution: Distribution = Field(
        description="Its distribution, in the canonical unit or the dictionary's levels."
    )
    limits: tuple[Number, Number] | None = Field(
        default=None,
        description="Lowest and highest value of a measured variable. The stated mean, deviation or quartiles are "
        "those within the limits.",
    )
    decimals: Whole | None = Field(
        default=None,
        ge=0,
        le=6,
        description="Digits after the decimal point as recorded; the dictionary's if left out.",
    )


class Correlation(Sourced):
    """How two variables go together, on the scale of the Gaussian copula."""

    between: tuple[Identifier, Identifier] = Field(description="Two variables of the recipe.")
    latent: Annotated[Real, Field(gt=-1, lt=1)] = Field(
        description="Correlation of the normal scores behind the two; a higher score means a higher value or level."
    )


class Effect(Sourced):
    """What a variable does to an outcome: exactly one of levels, at_least, less_than and per."""

    variable: Identifier = Field(description="A variable of the recipe, or one derived from its variables.")
    levels: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        default=None, description="The ratio holds at these levels against all others."
    )
    at_least: Number | None = Field(default=None, description="The ratio holds from this value on, canonical unit.")
    less_than: Number | None = Field(default=None, description="The ratio holds below this value, canonical unit.")
    per: Positive | None = Field(
        default=None,
        description="The ratio holds for each so many units more (canonical unit; steps of an ordered variable).",
    )
    above: Number | None = Field(default=None, description="With per: only what exceeds this value counts.")
    below: Number | None = Field(default=None, description="With per: only what falls short of this value counts.")
    scale: Literal["linear", "log2"] = Field(
        default="linear", description="With per: log2 counts doublings of the value instead of units."
    )

    @property
    @abstractmethod
    def ratio_given(self) -> float:
        """The ratio, whatever it is a ratio of."""


class HazardEffect(Effect):
    """What a variable does to a hazard."""

    hazard_ratio: Positive = Field(description="Hazard ratio.")

    @property
    def ratio_given(self) -> float:
        """The hazard ratio."""
        return self.hazard_ratio


class OddsEffect(Effect):
    """What a variable does to odds."""

    odds_ratio: Positive = Field(description="Odds ratio.")

    @property
    def ratio_given(self) -> float:
        """The odds ratio."""
        return self.odds_ratio


class QuantityEffect(Effect):
    """By what a variable multiplies a quantity."""

    ratio: Positive = Field(description="Ratio of the quantity's medians.")

    @property
    def ratio_given(self) -> float:
        """The ratio of medians."""
        return self.ratio
