"""From tuned learners of quantiles to out-of-fold distributions and the final model.

The study's rule chooses in each split: the candidate with the lowest inner pinball loss, or the named ones averaged on
the scale. What was chosen is then shifted, level by level, on the same held-out predictions: never on the patients it
is judged by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.models.quantiles.model import QuantilePart, conformal_shifts
from spinecast.models.several_scorers import several_scorers_from_bytes
from spinecast.training.resampling import Split
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate

__all__ = ["QuantileChoice", "choose_quantiles", "quantile_parts", "shifted_test"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class QuantileChoice:
    """What the rule chose in one split and how it is shifted.

    Parameters
    ----------
    split : str
    chosen : tuple of str
    loss : mapping of str to float
        Inner pinball loss of every candidate.
    shifts : ndarray, shape (levels,)
    test : ndarray, shape (len(test), levels)
        Quantiles of the outer test patients on the scale, in order.
    """

    split: str
    chosen: tuple[str, ...]
    loss: Mapping[str, float]
    shifts: FloatArray
    test: FloatArray


def choose_quantiles(
    split: Split,
    tuned: Mapping[str, TunedCandidate],
    ensemble: Sequence[str] | None,
    values: FloatArray,
    levels: FloatArray,
) -> QuantileChoice:
    """Apply the study's rule to one split.

    Parameters
    ----------
    split : Split
    tuned : mapping of str to TunedCandidate
        Every candidate in this split.
    ensemble : sequence of str, optional
        The candidates the study averages; None takes the winner.
    values : ndarray, shape (n,)
        Of all patients, on the scale.
    levels : ndarray, shape (m,)
    """
    losses = {name: result.best.loss for name, result in tuned.items()}
    chosen = tuple(ensemble) if ensemble else (min(losses, key=lambda name: losses[name]),)
    held_out = np.mean([tuned[name].held_out for name in chosen], axis=0)
    shifts = conformal_shifts(levels, values[split.train], held_out)
    test = np.sort(np.mean([tuned[name].test for name in chosen], axis=0) + shifts, axis=1)
    return QuantileChoice(split=split.name, chosen=chosen, loss=losses, shifts=shifts, test=test)


def shifted_test(split: Split, tuned: TunedCandidate, values: FloatArray, levels: FloatArray) -> FloatArray:
    """Quantiles of the outer test patients by one candidate alone, shifted on its own held-out predictions."""
    return choose_quantiles(split, {tuned.candidate: tuned}, None, values, levels).test


def quantile_parts(
    choice: QuantileChoice,
    tuned: Mapping[str, TunedCandidate],
    plans: Mapping[str, CandidatePlan],
    predictors: Sequence[str],
) -> tuple[QuantilePart, ...]:
    """The parts of the final model: the members of each chosen candidate."""
    return tuple(
        QuantilePart(
            **plans[name].part_fields(predictors),
            members=tuned[name].members(several_scorers_from_bytes),
        )
        for name in choice.chosen
    )
