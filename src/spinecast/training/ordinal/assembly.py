"""From tuned learners of levels to out-of-fold cumulative log-odds and the final model.

The study's rule chooses in each split: the candidate with the lowest inner ranked probability score, or the named ones
averaged on the cumulative log-odds and recalibrated once more, threshold by threshold. Every line is learned on the
held-out scores of the split's own training patients, never on the patients it is judged by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.models.ordinal.model import OrdinalPart
from spinecast.models.ordinal.thresholds import ThresholdLines, fit_threshold_lines, in_order
from spinecast.models.several_scorers import several_scorers_from_bytes
from spinecast.training.resampling import Split
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate

__all__ = ["LevelChoice", "choose_levels", "ordinal_parts"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LevelChoice:
    """What the rule chose in one split and the lines that recalibrate it.

    Parameters
    ----------
    split : str
    chosen : tuple of str
    loss : mapping of str to float
        Inner ranked probability score of every candidate.
    last : ThresholdLines
        Of the average of the chosen candidates' cumulative log-odds; one that is chosen alone keeps its own lines.
    test : ndarray, shape (len(test), thresholds)
        Cumulative log-odds of the outer test patients, in order.
    """

    split: str
    chosen: tuple[str, ...]
    loss: Mapping[str, float]
    last: ThresholdLines
    test: FloatArray


def choose_levels(
    split: Split,
    tuned: Mapping[str, TunedCandidate],
    ensemble: Sequence[str] | None,
    levels: NDArray[np.intp],
    thresholds: int,
) -> LevelChoice:
    """Apply the study's rule to one split.

    Parameters
    ----------
    split : Split
    tuned : mapping of str to TunedCandidate
        Every candidate in this split.
    ensemble : sequence of str, optional
        The candidates the study averages; None takes the winner.
    levels : ndarray of int, shape (n,)
        Of all patients.
    thresholds : int
    """
    losses = {name: result.best.loss for name, result in tuned.items()}
    chosen = tuple(ensemble) if ensemble else (min(losses, key=lambda name: losses[name]),)
    last = ThresholdLines(np.zeros(thresholds), np.ones(thresholds))
    if len(chosen) > 1:
        held_out = np.mean([tuned[name].held_out for name in chosen], axis=0)
        last = fit_threshold_lines(levels[split.train], held_out, thresholds)
    test = np.mean([tuned[name].test for name in chosen], axis=0)
    return LevelChoice(split=split.name, chosen=chosen, loss=losses, last=last, test=in_order(last.apply(test)))


def ordinal_parts(
    choice: LevelChoice,
    tuned: Mapping[str, TunedCandidate],
    plans: Mapping[str, CandidatePlan],
    predictors: Sequence[str],
) -> tuple[OrdinalPart, ...]:
    """The parts of the final model: the members of each chosen candidate."""
    return tuple(
        OrdinalPart(
            **plans[name].part_fields(predictors),
            lines=tuned[name].line,
            members=tuned[name].members(several_scorers_from_bytes),
        )
        for name in choice.chosen
    )
