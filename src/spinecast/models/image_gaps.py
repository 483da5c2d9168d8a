"""Image features of models that keep no harmonisation of their own: by what the members of their parts know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spinecast.models.feature_blocks import Harmoniser
from spinecast.models.predictor_schema import applied

__all__ = ["PartOfMembers", "first_common_scale", "gaps_of_parts"]

FloatArray = NDArray[np.float64]


class PartOfMembers(Protocol):
    """A part of a model: its name in the study, which predictors it uses, and its fold fits."""

    @property
    def name(self) -> str:
        """The candidate's name in the study."""

    @property
    def positions(self) -> NDArray[np.int64]:
        """Which of the model's predictors the part uses."""

    @property
    def members(self) -> tuple[Any, ...]:
        """Its fold fits."""


def gaps_of_parts(parts: Sequence[PartOfMembers], matrix: FloatArray) -> FloatArray:
    """Rows, shape (n, predictors), with image features that cannot be brought onto the common scale missing.

    Every member of a final model knows the same scanners: the first of each part is asked.
    """
    for part in parts:
        for harmoniser in _first_harmonisers(part):
            found = matrix.copy()
            found[:, part.positions] = harmoniser.with_gaps(matrix[:, part.positions])
            matrix = found
    return matrix


def first_common_scale(parts: Sequence[PartOfMembers], matrix: FloatArray) -> FloatArray:
    """Rows with their image features on the scale of the first member that uses them."""
    for part in parts:
        if harmonisers := _first_harmonisers(part):
            found = matrix.copy()
            found[:, part.positions] = applied(harmonisers, matrix[:, part.positions])
            matrix = found
    return matrix


def _first_harmonisers(part: PartOfMembers) -> tuple[Harmoniser, ...]:
    """Those of the part's first fit; fits of several draws or of patterns of inputs hold no image features."""
    encoder = getattr(part.members[0], "encoder", None)
    return () if encoder is None else encoder.harmonisers
