"""Exact additive explanations of one threshold of an ordered outcome, on its cumulative log-odds.

Everything up to the ordering of the thresholds is affine, so contributions to the members' scores of the threshold,
scaled by the same numbers, add up with the base value to its log-odds. Where thresholds crossed, putting them in order
may move it: by what is said beside the contributions, 0 in most patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.contributions import Explained, fit_contributions, over_fits, require_additive
from spinecast.explanation.keeping import own_columns, reference_patients
from spinecast.models.ordinal.catalogue import ORDINAL_FAMILIES
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.several_scorers import SeveralScorers

__all__ = ["LevelContributions", "explain_threshold", "reached_words", "scale_of_threshold"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LevelContributions:
    """Contributions of each predictor to the log-odds of reaching one level.

    Parameters
    ----------
    predictors : tuple of str
    threshold : int
        Its position, 0 that of the second level.
    values : ndarray, shape (n, predictors)
        Positive makes reaching the level likelier.
    base_value : ndarray, shape (n,)
        Before any predictor is looked at: the same for all patients whom the same fits answer.
    served : ndarray, shape (n,)
        What the model serves.
    reordered : ndarray, shape (n,)
        What putting crossing thresholds in order added to it.
    residual : ndarray, shape (n,)
        ``served - reordered - base_value - values.sum(axis=1)``; at most RESIDUAL_TOLERANCE.
    methods : tuple of (str, str)
        How each part was taken apart.
    """

    predictors: tuple[str, ...]
    threshold: int
    values: FloatArray
    base_value: FloatArray
    served: FloatArray
    reordered: FloatArray
    residual: FloatArray
    methods: tuple[tuple[str, str], ...]


def scale_of_threshold(model: OrdinalModel, threshold: int) -> str:
    """Name what contributions add up to: the log-odds of reaching a level, in words."""
    return f"log-odds of {reached_words(model, threshold)}"


def reached_words(model: OrdinalModel, threshold: int) -> str:
    """What reaching a level is called within a sentence: “at least 3”."""
    reached = str(model.levels[threshold + 1]["reached"])
    return f"“{reached[0].lower()}{reached[1:]}”"


def explain_threshold(model: OrdinalModel, matrix: FloatArray, threshold: int) -> LevelContributions:
    """Take the log-odds of reaching one level apart.

    Parameters
    ----------
    model : OrdinalModel
    matrix : ndarray, shape (n, predictors)
    threshold : int
        Position of the threshold, from 0.

    Raises
    ------
    AdditivityError
        If contributions and base value miss what is served by more than RESIDUAL_TOLERANCE.
    """
    values = np.zeros((len(matrix), len(model.predictors)))
    base = np.full(len(matrix), model.lines.intercepts[threshold])
    background = reference_patients(model)

    def at_threshold(fit: SeveralScorers, own: FloatArray, references: FloatArray) -> Explained:
        # One scorer serves every threshold, or each has its own.
        return fit_contributions(fit.only(threshold if len(fit.scorers) > 1 else 0), own, references)

    for part in model.parts:
        weight = float(model.lines.slopes[threshold]) / len(model.parts)
        base += weight * float(part.lines.intercepts[threshold])
        own = np.ascontiguousarray(matrix[:, part.positions])
        for member in part.members:
            scale = weight * float(part.lines.slopes[threshold]) / len(part.members)
            found, start, _ = over_fits(member, own, own_columns(background, part.positions), at_threshold)
            values[:, part.positions] += scale * found
            base += scale * start
    unordered = model.unordered(matrix)[:, threshold]
    served = model.log_odds(matrix)[:, threshold]
    residual = unordered - base - values.sum(axis=1)
    require_additive(residual, "cumulative log-odds")
    return LevelContributions(
        predictors=model.predictors,
        threshold=threshold,
        values=values,
        base_value=base,
        served=served,
        reordered=served - unordered,
        residual=residual,
        methods=tuple((part.label, ORDINAL_FAMILIES[part.family].explained_by) for part in model.parts),
    )
