"""What a model of a quantity has learned, for a report: importance, contributions, four composite patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.blood_order import ORDER_INPUTS
from spinecast.clinical.variable import Variable
from spinecast.explanation.ordered_blood import blood_order, orders_blood
from spinecast.explanation.quantity_contributions import explain_median
from spinecast.explanation.quantity_prediction import intervals_of
from spinecast.explanation.summary import QUARTERS, composites, contribution_rows, learned, quarters
from spinecast.models.quantiles.model import QuantityModel

__all__ = ["summarise_quantity"]

FloatArray = NDArray[np.float64]

FAN_LEVELS = tuple(np.round(np.linspace(0.05, 0.95, 19), 2).tolist())


def summarise_quantity(
    model: QuantityModel,
    matrix: FloatArray,
    median: FloatArray,
    variables: Sequence[Variable],
    *,
    patients: int,
    seed: int,
) -> dict[str, Any]:
    """Summarise a model on its development cohort.

    Parameters
    ----------
    model : QuantityModel
    matrix, variables, patients, seed
        As :func:`spinecast.explanation.summary.summarise`.
    median : ndarray, shape (n,)
        Out-of-fold medians, which sort patients into quarters.

    Returns
    -------
    dict
        The content of ``explanation.json``.
    """
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.choice(len(matrix), size=min(patients, len(matrix)), replace=False))
    found = explain_median(model, matrix[drawn])
    typical = composites(matrix, median, variables)
    shown = explain_median(model, typical)
    residual = max(np.abs(found.residual).max(), np.abs(shown.residual).max())
    served = model.distribution(typical)
    counts = np.bincount(quarters(median), minlength=len(QUARTERS))
    position = {entry.name: j for j, entry in enumerate(variables)}
    order = orders_blood(model)
    illustrative = [
        {
            "title": f"Composite of the {name} quarter of the predicted median",
            "description": (
                f"Not a real person: the median or commonest value of each predictor among the {counts[k]} patients in "
                f"the {name} quarter of the out-of-fold median; not recorded where most of them have no value."
            ),
            "median": float(served.median()[k]),
            "fan": {"levels": list(FAN_LEVELS), "values": served.quantiles(FAN_LEVELS)[k].tolist()},
            "intervals": list(intervals_of(served, k)),
            "at_least": [
                {"threshold": threshold, "probability": float(chance)}
                for threshold, chance in zip(model.thresholds, served.exceedance(model.thresholds)[k], strict=True)
            ],
            **(
                {
                    "blood_order": blood_order(
                        served.restricted(np.array([k])),
                        {
                            one: float(typical[k, position[one]]) if one in position else float("nan")
                            for one in ORDER_INPUTS
                        },
                    )
                }
                if order
                else {}
            ),
            "served": float(shown.served[k]),
            "base_value": float(shown.base_value[k]),
            "reordered": float(shown.reordered[k]),
            "contributions": contribution_rows(variables, typical[k], shown.values[k]),
        }
        for k, name in enumerate(QUARTERS)
    ]
    return {
        "scale": found.scale,
        "moves": "median",
        **learned(found.values, found.methods, found.base_value, float(residual), matrix[drawn], variables, generator),
        "illustrative": illustrative,
    }
