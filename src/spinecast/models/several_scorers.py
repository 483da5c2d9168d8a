"""One fold fit that gives several numbers: quantiles at several levels, or scores of several thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinecast.models.encoding import Encoder
from spinecast.models.member_arrays import fits_from_bytes, fits_to_bytes, scorer_from_arrays, with_prefix
from spinecast.models.members import DrawnMember, Member, PatternMember
from spinecast.models.scorers import Scorer

__all__ = ["AnySeveralScorers", "SeveralScorers", "several_scorers_from_bytes", "several_scorers_to_bytes"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SeveralScorers:
    """One fold fit: its encoding, and a scorer for each of its numbers."""

    encoder: Encoder
    scorers: tuple[Scorer, ...]

    def score(self, matrix: FloatArray) -> FloatArray:
        """Score rows of predictor values, shape (n, predictors of the part) to shape (n, scorers)."""
        return self.scores(self.encoder.transform(matrix))

    def scores(self, columns: FloatArray) -> FloatArray:
        """One column a scorer, shape (n, scorers), from encoded columns."""
        return np.stack([scorer.score(columns) for scorer in self.scorers], axis=1)

    def only(self, number: int) -> Member:
        """The fit of one of its numbers."""
        return Member(self.encoder, self.scorers[number])


AnySeveralScorers: TypeAlias = SeveralScorers | DrawnMember[SeveralScorers] | PatternMember[SeveralScorers]


def several_scorers_to_bytes(member: AnySeveralScorers) -> bytes:
    """One member as the bytes of an ``.npz``; equal members give equal bytes."""
    return fits_to_bytes(member, _arrays)


def several_scorers_from_bytes(content: bytes) -> AnySeveralScorers:
    """Rebuild a member from :func:`several_scorers_to_bytes`.

    Raises
    ------
    ArtifactError
        If a scorer is of a kind this version does not know.
    """
    return fits_from_bytes(content, _from_arrays)


def _arrays(fit: SeveralScorers) -> dict[str, NDArray[Any]]:
    arrays = {f"encoder.{name}": array for name, array in fit.encoder.to_arrays().items()}
    for number, scorer in enumerate(fit.scorers):
        arrays |= {f"level{number}.scorer.{name}": array for name, array in scorer.to_arrays().items()}
        arrays[f"level{number}.kind"] = np.array(scorer.kind)
    return arrays


def _from_arrays(arrays: Mapping[str, NDArray[Any]]) -> SeveralScorers:
    levels = sum(name.endswith(".kind") for name in arrays)
    return SeveralScorers(
        encoder=Encoder.from_arrays(with_prefix(arrays, "encoder.")),
        scorers=tuple(scorer_from_arrays(with_prefix(arrays, f"level{number}.")) for number in range(levels)),
    )
