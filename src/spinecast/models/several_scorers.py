"""One fold fit that gives several numbers: quantiles at several levels, or scores of several thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.models.artifact import arrays_from_bytes, arrays_to_bytes, scorer_from_arrays, with_prefix
from spinecast.models.encoding import Encoder
from spinecast.models.scorers import Scorer

__all__ = ["SeveralScorers", "several_scorers_from_bytes", "several_scorers_to_bytes"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SeveralScorers:
    """One fold fit: its encoding, and a scorer for each of its numbers."""

    encoder: Encoder
    scorers: tuple[Scorer, ...]

    def scores(self, columns: FloatArray) -> FloatArray:
        """One column a scorer, shape (n, scorers), from encoded columns."""
        return np.stack([scorer.score(columns) for scorer in self.scorers], axis=1)


def several_scorers_to_bytes(member: SeveralScorers) -> bytes:
    """One member as the bytes of an ``.npz``; equal members give equal bytes."""
    arrays = {f"encoder.{name}": array for name, array in member.encoder.to_arrays().items()}
    for number, scorer in enumerate(member.scorers):
        arrays |= {f"level{number}.scorer.{name}": array for name, array in scorer.to_arrays().items()}
        arrays[f"level{number}.kind"] = np.array(scorer.kind)
    return arrays_to_bytes(arrays)


def several_scorers_from_bytes(content: bytes) -> SeveralScorers:
    """Rebuild a member from :func:`several_scorers_to_bytes`.

    Raises
    ------
    ArtifactError
        If a scorer is of a kind this version does not know.
    """
    arrays = arrays_from_bytes(content)
    levels = sum(name.endswith(".kind") for name in arrays)
    return SeveralScorers(
        encoder=Encoder.from_arrays(with_prefix(arrays, "encoder.")),
        scorers=tuple(scorer_from_arrays(with_prefix(arrays, f"level{number}.")) for number in range(levels)),
    )
