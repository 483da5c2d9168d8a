"""What a model of ordered levels has learned, for a report: importance, contributions, four composite patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.explanation.ordinal_contributions import explain_threshold, reached_words, scale_of_threshold
from spinecast.explanation.summary import QUARTERS, composites, contribution_rows, learned, quarters
from spinecast.models.ordinal.model import OrdinalModel

__all__ = ["summarise_levels", "threshold_rows"]

FloatArray = NDArray[np.float64]


def summarise_levels(
    model: OrdinalModel,
    matrix: FloatArray,
    score: FloatArray,
    variables: Sequence[Variable],
    *,
    patients: int,
    seed: int,
) -> dict[str, Any]:
    """Summarise a model on its development cohort.

    Parameters
    ----------
    model : OrdinalModel
    matrix, variables, patients, seed
        As :func:`spinecast.explanation.summary.summarise`.
    score : ndarray, shape (n,)
        What out-of-fold predictions rank patients by, which sorts them into quarters.

    Returns
    -------
    dict
        The content of ``explanation.json``.
    """
    threshold = model.explained_threshold
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.choice(len(matrix), size=min(patients, len(matrix)), replace=False))
    found = explain_threshold(model, matrix[drawn], threshold)
    typical = composites(matrix, score, variables)
    shown = explain_threshold(model, typical, threshold)
    residual = max(np.abs(found.residual).max(), np.abs(shown.residual).max())
    chances = model.probabilities(typical)
    rows = threshold_rows(model, typical)
    counts = np.bincount(quarters(score), minlength=len(QUARTERS))
    illustrative = [
        {
            "title": f"Composite of the {name} quarter",
            "description": (
                f"Not a real person: the median or commonest value of each predictor among the {counts[k]} patients in "
                f"the {name} quarter of the out-of-fold ranking; not recorded where most of them have no value."
            ),
            "probabilities": chances[k].tolist(),
            "thresholds": rows[k],
            "served": float(shown.served[k]),
            "base_value": float(shown.base_value[k]),
            "reordered": float(shown.reordered[k]),
            "contributions": contribution_rows(variables, typical[k], shown.values[k]),
        }
        for k, name in enumerate(QUARTERS)
    ]
    return {
        "scale": scale_of_threshold(model, threshold),
        "moves": f"chance of {reached_words(model, threshold)}",
        **learned(found.values, found.methods, found.base_value, float(residual), matrix[drawn], variables, generator),
        "illustrative": illustrative,
    }


def threshold_rows(model: OrdinalModel, matrix: FloatArray) -> list[list[dict[str, Any]]]:
    """For each patient the probability of reaching every level but the lowest, with its 95 % limits: JSON values."""
    reached = model.reached(matrix)
    lower, upper = model.interval(matrix)
    return [
        [
            {
                "level": level["level"],
                "label": level["reached"],
                "probability": float(reached[row, number]),
                "lower": float(lower[row, number]),
                "upper": float(upper[row, number]),
            }
            for number, level in enumerate(model.levels[1:])
        ]
        for row in range(len(matrix))
    ]
