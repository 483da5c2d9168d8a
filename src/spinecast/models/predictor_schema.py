"""What an encoding must know of each predictor before it sees a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.models.feature_blocks import FeatureBlock, Harmoniser, fit_harmoniser

__all__ = ["PredictorSchema", "applied", "typical_values"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PredictorSchema:
    """What the encoder must know of each predictor.

    Parameters
    ----------
    names : tuple of str
        Dictionary names, in matrix order.
    levels : ndarray of int64, shape (variables,)
        Number of levels, 0 for a continuous variable.
    nominal : ndarray of bool, shape (variables,)
        True where more than two levels have no order: each becomes a column of its own.
    skewed : ndarray of bool, shape (variables,)
        True where linear parts see the logarithm.
    labels : ndarray of bool, shape (variables,), optional
        True where the value is a code of what tells scanners apart, which gets no column; nowhere when left out.
    blocks : tuple of FeatureBlock
        The image features among them.
    """

    names: tuple[str, ...]
    levels: NDArray[np.int64]
    nominal: NDArray[np.bool_]
    skewed: NDArray[np.bool_]
    labels: NDArray[np.bool_] | None = None
    blocks: tuple[FeatureBlock, ...] = ()

    @classmethod
    def from_variables(cls, variables: Sequence[Variable], blocks: Sequence[FeatureBlock] = ()) -> PredictorSchema:
        """Read the schema off the dictionary; of blocks, what is among the variables."""
        names = [variable.name for variable in variables]
        return cls(
            names=tuple(variable.name for variable in variables),
            levels=np.array([len(variable.levels) for variable in variables], dtype=np.int64),
            nominal=np.array([variable.kind == "nominal" and len(variable.levels) > 2 for variable in variables]),
            skewed=np.array([variable.skewed for variable in variables]),
            labels=np.array([variable.is_label for variable in variables], dtype=bool),
            blocks=tuple(own for block in blocks if (own := block.select(names)) is not None),
        )

    def select(self, names: Sequence[str]) -> tuple[PredictorSchema, NDArray[np.int64]]:
        """Return the schema of some predictors and their positions in this one."""
        positions = np.array([self.names.index(name) for name in names], dtype=np.int64)
        chosen = PredictorSchema(
            names=tuple(names),
            levels=self.levels[positions],
            nominal=self.nominal[positions],
            skewed=self.skewed[positions],
            labels=None if self.labels is None else self.labels[positions],
            blocks=tuple(own for block in self.blocks if (own := block.select(names)) is not None),
        )
        return chosen, positions

    def fit_harmonisers(self, matrix: FloatArray) -> tuple[Harmoniser, ...]:
        """Learn how each harmonised block is brought onto one scale, from training rows, shape (n, variables)."""
        harmonised = [block for block in self.blocks if block.batch is not None]
        if not harmonised:
            return ()
        typical = typical_values(matrix, self)
        nominal_levels = np.where(self.nominal, self.levels, 0)
        return tuple(fit_harmoniser(matrix, block, self.names, nominal_levels, typical) for block in harmonised)

    def on_common_scale(self, matrix: FloatArray) -> FloatArray:
        """Rows with every harmonised block brought onto one scale by what these rows themselves teach."""
        return applied(self.fit_harmonisers(matrix), matrix)


def applied(harmonisers: Sequence[Harmoniser], matrix: FloatArray) -> FloatArray:
    """Rows after every harmoniser; the same array where there is none."""
    for harmoniser in harmonisers:
        matrix = harmoniser.apply(matrix)
    return matrix


def typical_values(matrix: FloatArray, schema: PredictorSchema) -> FloatArray:
    """The median or commonest level of each variable among those who have it, shape (variables,)."""
    return np.array([_typical(matrix[:, j], int(levels)) for j, levels in enumerate(schema.levels)])


def _typical(column: FloatArray, levels: int) -> float:
    observed = column[~np.isnan(column)]
    if observed.size == 0:
        return 0.0
    if levels:
        return float(np.bincount(observed.astype(np.int64), minlength=levels).argmax())
    return float(np.median(observed))
