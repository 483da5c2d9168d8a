"""The same results pooled in other ways: how much of a pooled value is the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from spinecast.errors import SpinecastError
from spinecast.evidence.pooling import Measured, Pooled, Recipe
from spinecast.statistics import Absent, Range

__all__ = ["METHODS", "Variant", "recipe_text", "variants"]

METHODS = {
    "reml": "REML",
    "ml": "maximum likelihood",
    "dl": "DerSimonian-Laird",
    "pm": "Paule-Mandel",
    "fixed": "common effect",
}
INTERVALS = {
    "hartung-knapp": "Hartung-Knapp",
    "hartung-knapp-truncated": "Hartung-Knapp truncated",
    "wald": "Wald",
}
SCALES = {"logit": "log-odds", "raw": "raw AUC", "log": "logarithm"}
_CHANGES: tuple[dict[str, str], ...] = (
    {},
    {"standard_error": "width"},
    {"interval": "hartung-knapp-truncated"},
    {"interval": "wald"},
    {"method": "dl"},
    {"method": "dl", "interval": "wald"},
    {"method": "pm"},
    {"method": "ml", "interval": "wald"},
    {"scale": "raw"},
    {"method": "fixed", "interval": "wald"},
)


@dataclass(frozen=True)
class Variant:
    """The pooled value by one recipe.

    Parameters
    ----------
    label : str
        Method, interval, scale and source of the standard errors.
    parts : tuple of str
        Method; interval; scale with what the standard errors are taken by.
    pooled : Measured
        Value with its interval.
    prediction : Range or Absent
        Prediction interval, from the standard error of the interval.
    prediction_model_based : Range or Absent
        The same from the model-based standard error, as Higgins, Thompson and Spiegelhalter (2009) have it.
    tau2 : float or None
        On the scale of the recipe; None where one true value is assumed.
    own : bool
        Whether it is the recipe asked for.
    """

    label: str
    parts: tuple[str, str, str]
    pooled: Measured
    prediction: Range | Absent
    prediction_model_based: Range | Absent
    tau2: float | None
    own: bool


def recipe_text(recipe: Recipe) -> str:
    """Say a recipe in a few words: "REML, Hartung-Knapp, log-odds, standard errors from the limits"."""
    parts = [METHODS[recipe.method], INTERVALS[recipe.interval], SCALES[recipe.scale]]
    if recipe.scale == "logit":
        parts.append(f"standard errors from the {recipe.standard_error}")
    return ", ".join(parts)


def _parts(recipe: Recipe) -> tuple[str, str, str]:
    source = f", by {recipe.standard_error}" if recipe.scale == "logit" else ""
    return METHODS[recipe.method], INTERVALS[recipe.interval], SCALES[recipe.scale] + source


def variants(pooled: Pooled) -> tuple[Variant, ...]:
    """Pool the same results by every recipe that can take them, the one asked for first."""
    found: dict[str, Variant] = {}
    for variant in _each(pooled):
        found.setdefault(variant.label, variant)
    return tuple(found.values())


def _each(pooled: Pooled) -> Iterator[Variant]:
    yield _variant(pooled, own=True)
    base = {
        "method": "reml",
        "interval": "hartung-knapp",
        "standard_error": "limits",
        "scale": "logit" if pooled.recipe.quantity == "auc" else "log",
    }
    for changes in _CHANGES:
        if pooled.recipe.quantity != "auc" and ("scale" in changes or "standard_error" in changes):
            continue
        try:
            other = pooled.again(**{**base, **changes})
        except SpinecastError:  # a limit of 1 has no log-odds, or one study is too few: this recipe does not apply
            continue
        yield _variant(other, own=False)


def _variant(pooled: Pooled, *, own: bool) -> Variant:
    return Variant(
        recipe_text(pooled.recipe),
        _parts(pooled.recipe),
        pooled.measured(),
        pooled.predicted(),
        pooled.predicted(model_based=True),
        None if pooled.recipe.method == "fixed" else pooled.fit.tau2,
        own,
    )
