"""The blocks of a study file that say how missing inputs are met, and when too much is missing to answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from spinecast.documents import Block, Flag, Names, Probability, Real, Whole, named_kind

__all__ = [
    "IMPUTATION",
    "DeclineSpec",
    "ForestImputation",
    "Imputation",
    "MedianImputation",
    "MissingSpec",
    "MultipleImputation",
    "NativeImputation",
    "PatternSubmodels",
    "TreeImputation",
    "with_handling",
]

# The candidate that takes missing values as they are; the others have nothing to choose where a study says native.
_NATIVE = "xgboost"


class MedianImputation(Block):
    """The median or the commonest level, with an indicator that it was missing."""

    kind: Literal["median"]


class NativeImputation(Block):
    """Missing values stay missing; each split of a tree learns which way they go."""

    kind: Literal["native"]


class ForestImputation(Block):
    """Each variable predicted from the others by a forest, in rounds, with an indicator that it was missing."""

    kind: Literal["forest"]
    iterations: Whole = Field(default=3, ge=1, le=20, description="Rounds over all incomplete variables.")
    trees: Whole = Field(default=20, ge=1, le=500, description="Trees of each forest.")


class MultipleImputation(Block):
    """Several draws of the missing values by chained equations, a fit to each, averaged; with indicators."""

    kind: Literal["multiple_imputation"]
    draws: Whole = Field(default=5, ge=2, le=50, description="Draws, each with a fit of its own.")
    iterations: Whole = Field(default=5, ge=1, le=50, description="Rounds of chained equations over all variables.")


class PatternSubmodels(Block):
    """A fit for each of the commonest patterns of missing inputs, and one of everybody for all other patients."""

    kind: Literal["pattern_submodels"]
    patterns: Whole = Field(default=8, ge=1, le=100, description="Most patterns that get a submodel.")
    fewest_patients: Whole = Field(default=100, ge=20, description="A submodel is fitted to at least so many patients.")
    fewest_events: Whole = Field(
        default=20,
        ge=5,
        description="With the event, and without it, at least so many of them each; of ordered levels, at every level. "
        "Of times with the event alone; of a quantity nothing but patients counts.",
    )
    fitted_to: Literal["patients_of_the_pattern", "patients_with_its_inputs"] = Field(
        default="patients_of_the_pattern",
        description="Whom a submodel is fitted to: the patients who lack exactly what the pattern lacks, or all who "
        "have the inputs it uses.",
    )


_Filled = Annotated[
    MedianImputation | ForestImputation | MultipleImputation | PatternSubmodels, Field(discriminator="kind")
]
_FilledOrNative = Annotated[
    MedianImputation | NativeImputation | ForestImputation | MultipleImputation | PatternSubmodels,
    Field(discriminator="kind"),
]
_FilledWords = Literal["median", "forest", "multiple_imputation", "pattern_submodels"]
# `imputation: forest` is short for `imputation: {kind: forest}`.
Imputation = Annotated[_Filled, BeforeValidator(named_kind, json_schema_input_type=_Filled | _FilledWords)]
TreeImputation = Annotated[
    _FilledOrNative,
    BeforeValidator(named_kind, json_schema_input_type=_FilledOrNative | _FilledWords | Literal["native"]),
]
IMPUTATION = "How missing values are met, learned inside the resampling: a kind, or a kind with its settings."


class DeclineSpec(Block):
    """When the model gives no risk and says why, instead of a risk nobody should read."""

    without: Names = Field(default=(), description="Predictors without any one of which no risk is given.")
    missing_share: Probability | None = Field(
        default=None, lt=1, description="No risk is given when more than this share of the model's inputs is missing."
    )
    added_deviation: Real | None = Field(
        default=None,
        gt=0,
        description="No risk is given when what is missing adds more than this standard deviation to the log-odds, as "
        "measured on held-out patients; of times, to the log cumulative hazard at the horizon nearest to the median "
        "event; of a quantity, to its median on the scale.",
    )
    outside_development: Flag = Field(
        default=False, description="Whether no risk is given of patients outside the development range."
    )


class MissingSpec(Block):
    """How missing inputs are met when the model is made and when it is served."""

    handling: TreeImputation | None = Field(
        default=None,
        description="How candidates that do not say so themselves (imputation) meet missing values, a kind or a kind "
        "with its settings: the typical value with an indicator (median), left missing by the trees that can (native), "
        "predicted from the others (forest), drawn several times (multiple_imputation), or a fit for each of the "
        "commonest patterns of what is there (pattern_submodels). Left out, each candidate's own default.",
    )
    decline: DeclineSpec = Field(default=DeclineSpec(), description="When the model gives no risk, and says why.")


def with_handling(candidates: Any, missing: Any) -> Any:
    """Give candidates that say nothing of missing values the study's way, in a study file as it was read."""
    handling = named_kind(missing.get("handling")) if isinstance(missing, dict) else None
    if not isinstance(handling, dict) or not isinstance(candidates, list | tuple) or not _is_handling(handling):
        return candidates
    return [
        {"imputation": handling} | candidate
        if isinstance(candidate, dict) and (handling.get("kind") != "native" or candidate.get("kind") == _NATIVE)
        else candidate
        for candidate in candidates
    ]


def _is_handling(given: dict[str, Any]) -> bool:
    """Whether it is a way to meet missing values: one that is not is refused where it stands, and not by candidate."""
    try:
        TypeAdapter[Any](TreeImputation).validate_python(given)
    except ValidationError:
        return False
    return True
