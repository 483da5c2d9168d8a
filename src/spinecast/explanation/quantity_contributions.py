"""Exact additive explanations of the median of a quantity, on the scale that is learned.

Everything up to the ordering of the levels is affine, so contributions to the members' medians, averaged, add up with
the base value to the shifted median. Where levels crossed, putting them in order may move it: by what is said beside
the contributions, 0 in most patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.contributions import Explained, fit_contributions, over_fits, require_additive
from spinecast.explanation.keeping import own_columns, reference_patients
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.several_scorers import SeveralScorers

__all__ = ["QuantityContributions", "explain_median"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class QuantityContributions:
    """Contributions of each predictor to the served median.

    Parameters
    ----------
    predictors : tuple of str
    scale : str
        What is added up.
    values : ndarray, shape (n, predictors)
        Positive raises the quantity.
    base_value : ndarray, shape (n,)
        Before any predictor is looked at: the same for all patients whom the same fits answer.
    served : ndarray, shape (n,)
        The served median on the scale.
    reordered : ndarray, shape (n,)
        What putting crossing levels in order added to it.
    residual : ndarray, shape (n,)
        ``served - reordered - base_value - values.sum(axis=1)``; at most RESIDUAL_TOLERANCE.
    methods : tuple of (str, str)
        How each part was taken apart.
    """

    predictors: tuple[str, ...]
    scale: str
    values: FloatArray
    base_value: FloatArray
    served: FloatArray
    reordered: FloatArray
    residual: FloatArray
    methods: tuple[tuple[str, str], ...]


def explain_median(model: QuantityModel, matrix: FloatArray) -> QuantityContributions:
    """Take the median of some patients apart.

    Parameters
    ----------
    model : QuantityModel
    matrix : ndarray, shape (n, predictors)

    Raises
    ------
    AdditivityError
        If contributions and base value miss what is served by more than RESIDUAL_TOLERANCE.
    """
    middle = model.middle
    values, base = np.zeros((len(matrix), len(model.predictors))), np.full(len(matrix), model.shifts[middle])
    background = reference_patients(model)

    def at_median(fit: SeveralScorers, own: FloatArray, references: FloatArray) -> Explained:
        return fit_contributions(fit.only(middle), own, references)

    for part in model.parts:
        own = np.ascontiguousarray(matrix[:, part.positions])
        weight = 1 / (len(model.parts) * len(part.members))
        for member in part.members:
            found, start, _ = over_fits(member, own, own_columns(background, part.positions), at_median)
            values[:, part.positions] += weight * found
            base += weight * start
    shifted = model.shifted(matrix)[:, middle]
    served = model.distribution(matrix).scaled(0.5)[:, 0]
    residual = shifted - base - values.sum(axis=1)
    require_additive(residual, model.served_scale)
    return QuantityContributions(
        predictors=model.predictors,
        scale=model.served_scale,
        values=values,
        base_value=base,
        served=served,
        reordered=served - shifted,
        residual=residual,
        methods=tuple((part.label, QUANTILE_FAMILIES[part.family].explained_by) for part in model.parts),
    )
