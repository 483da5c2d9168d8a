"""From the effects of a recipe to each patient's log hazard, log odds or log quantity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.synthetic.variable_blocks import DESIGN, Effect

__all__ = ["Predictor", "effect_column"]

FloatArray = NDArray[np.float64]


def effect_column(effect: Effect, values: FloatArray) -> FloatArray:
    """Return what the logarithm of an effect's ratio is multiplied by, shape (n,).

    1 or 0 where the effect holds for levels or beyond a threshold; else how often `per` goes into the value, into
    what exceeds ``above`` or falls short of ``below``, or into the doublings of the value.

    Parameters
    ----------
    effect : Effect
    values : ndarray, shape (n,)
        The variable: numbers in the canonical unit or level indices. What does not apply (NaN) is without effect, and
        so is what has no logarithm.
    """
    if effect.levels is not None:
        indices = [variable(effect.variable).level_values.index(level) for level in effect.levels]
        return np.isin(values, indices).astype(np.float64)
    if effect.at_least is not None:
        return (values >= effect.at_least).astype(np.float64)
    if effect.less_than is not None:
        return (values < effect.less_than).astype(np.float64)
    if effect.per is None:
        raise TypeError(f"the effect of {effect.variable} has no shape")
    amounts = values
    if effect.scale == "log2":
        amounts = np.log2(values, where=values > 0, out=np.full(values.shape, np.nan))
    if effect.above is not None:
        amounts = np.maximum(values - effect.above, 0.0)
    elif effect.below is not None:
        amounts = np.maximum(effect.below - values, 0.0)
    return np.nan_to_num(amounts / effect.per, nan=0.0)


@dataclass(frozen=True, eq=False)
class Predictor:
    """The linear predictor of one event or outcome: the sum of its effects' log ratios.

    Parameters
    ----------
    effects : tuple of Effect
    scale : float
        What the log ratios of source ``design`` are multiplied by; published ones are held.
    """

    effects: tuple[Effect, ...]
    scale: float = 1.0

    @classmethod
    def of(cls, effects: Sequence[Effect], scale: float = 1.0) -> Predictor:
        """Make the predictor of a block's effects."""
        return cls(tuple(effects), scale)

    def parts(self, columns: Mapping[str, FloatArray]) -> tuple[FloatArray | float, FloatArray | float]:
        """Return the published and the design part, each shape (n,) or 0 without such effects, at scale 1."""
        published: FloatArray | float = 0.0
        design: FloatArray | float = 0.0
        for effect in self.effects:
            part = math.log(effect.ratio_given) * effect_column(effect, columns[effect.variable])
            if effect.source == DESIGN:
                design = design + part
            else:
                published = published + part
        return published, design

    def value(self, columns: Mapping[str, FloatArray]) -> FloatArray | float:
        """Return the linear predictor, shape (n,), or 0 without effects."""
        published, design = self.parts(columns)
        return published + self.scale * design
