"""Which missing input, were it known, would narrow the answer most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.ordinal_prediction import threshold_asked
from spinecast.models.loading import AnyModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel

__all__ = ["narrowing"]

FloatArray = NDArray[np.float64]

# Of a quantity: the central interval whose width is looked at, by its lower and upper level.
_CENTRAL = (0.1, 0.9)


def narrowing(model: AnyModel, matrix: FloatArray, level: str | None = None) -> list[dict[str, Any]]:
    """Say for each missing input how wide the limits are expected to be if it alone were known.

    The input takes each of its development quantiles in turn, all else as it is; the widths are averaged. What it will
    turn out to be is not known beforehand, so this is an expectation and no promise.

    Parameters
    ----------
    model : AnyModel
    matrix : ndarray, shape (1, predictors)
    level : str, optional
        Of ordered levels: the one whose reaching is explained.

    Returns
    -------
    list of dict
        ``variable``, ``label``, ``width`` now and ``expected_width``, largest gain first: of the risk (at the explained
        day of a model of times, at the explained threshold of ordered levels), or of the central 80 % interval of a
        quantity in its unit.
    """
    now = float(_widths(model, matrix, level)[0])
    # A text, such as a scanner's name, has no quantiles.
    readable = np.array([not variable(name).is_label for name in model.predictors])
    absent = np.flatnonzero(np.isnan(matrix[0]) & readable)
    if not len(absent):
        return []
    marginals = model.marginals
    tried = np.repeat(matrix, len(absent) * marginals.shape[1], axis=0).reshape(len(absent), marginals.shape[1], -1)
    for place, predictor in enumerate(absent):
        tried[place, :, predictor] = marginals[predictor]
    widths = _widths(model, tried.reshape(-1, matrix.shape[1]), level).reshape(len(absent), -1).mean(axis=1)
    return [
        {
            "variable": model.predictors[absent[place]],
            "label": variable(model.predictors[absent[place]]).label,
            "width": now,
            "expected_width": float(widths[place]),
        }
        for place in np.argsort(widths, kind="stable")
    ]


def _widths(model: AnyModel, matrix: FloatArray, level: str | None) -> FloatArray:
    if isinstance(model, PrognosisModel):
        lower, upper = model.interval(matrix)
        return upper - lower
    if isinstance(model, QuantityModel):
        ends = model.distribution(matrix).quantiles(_CENTRAL)
        return np.asarray(ends[:, 1] - ends[:, 0], dtype=np.float64)
    if isinstance(model, OrdinalModel):
        lower, upper = model.interval(matrix)
        return np.asarray((upper - lower)[:, threshold_asked(model, level)], dtype=np.float64)
    lower, upper = model.interval(matrix, [model.explained_day])
    return np.asarray(upper[:, 0] - lower[:, 0], dtype=np.float64)
