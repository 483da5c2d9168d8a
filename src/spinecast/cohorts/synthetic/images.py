"""Made-up image features of a recipe: what they tell of a patient, and what each scanner makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from spinecast.clinical.features import batch_name, feature_name
from spinecast.cohorts.synthetic.effects import Predictor
from spinecast.cohorts.synthetic.streams import Streams
from spinecast.cohorts.synthetic.variable_blocks import Effect, Positive, Sourced
from spinecast.documents import Block, Number, Probability, Real, Text

__all__ = ["ImageFeatures", "Scanner", "image_columns", "image_names"]

FloatArray = NDArray[np.float64]


class Shift(Effect):
    """What a variable does to a feature."""

    shift: Real = Field(description="Standard deviations of the feature that it moves.")

    @property
    def ratio_given(self) -> float:
        """The shift as a ratio, whose logarithm is taken where effects are added up."""
        return float(np.exp(self.shift))


class ImageFeature(Block):
    """One feature: normal, about what its effects say."""

    mean: Number = Field(description="Mean on a scanner that changes nothing, of a patient without effects.")
    sd: Positive = Field(description="Standard deviation there that the effects do not explain.")
    effects: tuple[Shift, ...] = Field(default=(), description="What of the patient it shows.")


class Scanner(Sourced):
    """What a scanner or protocol does to the features."""

    share: Probability = Field(description="Share of patients; those of all scanners add up to 1.")
    shift: Real = Field(default=0.0, description="Mean shift of the features, in their standard deviations.")
    spread: Annotated[Real, Field(ge=0)] = Field(
        default=0.0, description="Standard deviation of that shift between features."
    )
    stretch: Positive = Field(default=1.0, description="Ratio of the features' standard deviations.")


class ImageFeatures(Sourced):
    """Features computed from one kind of image."""

    scanners: dict[Text, Scanner] = Field(min_length=1, description="{scanner: what it does}.")
    features: dict[Text, ImageFeature] = Field(min_length=1, description="{feature: what it shows}.")
    common: Annotated[Real, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Share of the unexplained variance that all features have in common."
    )
    missing: Annotated[Real, Field(ge=0, lt=1)] = Field(default=0.0, description="Share of patients without an image.")


def image_names(images: Mapping[str, ImageFeatures]) -> tuple[str, ...]:
    """Names of all features and batches, each block's batch first."""
    return tuple(
        name
        for block, content in images.items()
        for name in (batch_name(block), *(feature_name(block, feature) for feature in content.features))
    )


def image_columns(
    images: Mapping[str, ImageFeatures], columns: Mapping[str, FloatArray], streams: Streams
) -> dict[str, NDArray[Any]]:
    """Draw the image features of a chunk of patients, n of them.

    Parameters
    ----------
    images : mapping of block to ImageFeatures
    columns : mapping of variable to ndarray, shape (n,)
        The patients before anything was lost.
    streams : Streams

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Numbers of features, NaN without an image; texts of batches, None without one.
    """
    drawn: dict[str, NDArray[Any]] = {}
    for name, block in images.items():
        lost = streams.uniform(f"image {name}") < block.missing
        edges = np.cumsum([scanner.share for scanner in block.scanners.values()])
        which = np.minimum(np.searchsorted(edges, streams.uniform(f"scanner {name}"), side="right"), len(edges) - 1)
        texts = np.array([*block.scanners], dtype=object)[which]
        texts[lost] = None
        drawn[batch_name(name)] = texts
        shared = streams.normal(f"image {name} in common")
        stretch = np.array([scanner.stretch for scanner in block.scanners.values()])[which]
        for feature, content in block.features.items():
            own = streams.normal(f"feature {name} {feature}")
            told = Predictor.of(content.effects).value(columns)
            score = told + np.sqrt(block.common) * shared + np.sqrt(1 - block.common) * own
            moved = np.array([_shift(name, each, scanner, feature) for each, scanner in block.scanners.items()])[which]
            values = content.mean + content.sd * (moved + stretch * score)
            drawn[feature_name(name, feature)] = np.where(lost, np.nan, values)
    return drawn


def _shift(block: str, name: str, scanner: Scanner, feature: str) -> float:
    """A scanner's shift of one feature: a fact of the scanner, the same in every cohort it serves."""
    facts = Streams(seed=0, cohort=f"scanner {name} of {block}", chunk=0, size=1)
    return float(scanner.shift + scanner.spread * facts.normal(f"shift of {feature}")[0])
