"""What a model has learned, for a report: importance, the spread of contributions, four illustrative patients.

The points kept for plots are shuffled separately for each variable, so that no row of them is a patient. The
illustrative patients are composites: the median or commonest value among the patients of one quarter of risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.features import features_together
from spinecast.clinical.variable import Variable, format_number
from spinecast.explanation.contributions import RESIDUAL_TOLERANCE, Contributions, explain
from spinecast.models.prognosis_model import PrognosisModel

__all__ = [
    "QUARTERS",
    "composites",
    "contribution_points",
    "contribution_rows",
    "learned",
    "quarters",
    "summarise",
    "together_rows",
    "value_text",
]

FloatArray = NDArray[np.float64]

QUARTERS = ("lowest", "second", "third", "highest")


def summarise(
    model: PrognosisModel,
    matrix: FloatArray,
    risk: FloatArray,
    variables: Sequence[Variable],
    *,
    patients: int,
    seed: int,
) -> dict[str, Any]:
    """Summarise a model on its development cohort.

    Parameters
    ----------
    model : PrognosisModel
    matrix : ndarray, shape (n, predictors)
    risk : ndarray, shape (n,)
        Out-of-fold risks, which sort patients into quarters.
    variables : sequence of Variable
        In the model's order.
    patients : int
        How many patients, drawn at random, the plots are made from.
    seed : int

    Returns
    -------
    dict
        The content of ``explanation.json``.
    """
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.choice(len(matrix), size=min(patients, len(matrix)), replace=False))
    found = explain(model, matrix[drawn])
    typical = composites(matrix, risk, variables)
    shown = explain(model, typical)
    residual = max(np.abs(found.residual).max(), np.abs(shown.residual).max())
    return {
        "scale": "log-odds",
        **learned(found.values, found.methods, found.base_value, float(residual), matrix[drawn], variables, generator),
        "illustrative": _illustrative(model, typical, shown, risk, variables),
    }


def learned(
    contributions: FloatArray,
    methods: Sequence[tuple[str, str]],
    base_value: FloatArray | float,
    residual: float,
    values: FloatArray,
    variables: Sequence[Variable],
    generator: np.random.Generator,
) -> dict[str, Any]:
    """Importance and spread of contributions of the patients drawn, shape (n, predictors): JSON values."""
    importance = np.abs(contributions).mean(axis=0)
    # What tells scanners apart has no contribution: it has done its work before.
    order = [int(j) for j in np.argsort(-importance, kind="stable") if not variables[j].is_label]
    return {
        "patients": len(values),
        "base_value": float(np.mean(base_value)),  # of patients whom different fits answer, the mean
        "residual_max": residual,
        "residual_tolerance": RESIDUAL_TOLERANCE,
        "parts": [{"name": name, "method": method} for name, method in methods],
        "importance": _importance(contributions, variables, order),
        "beeswarm": [contribution_points(variables[j], values[:, j], contributions[:, j], generator) for j in order],
    }


def _importance(contributions: FloatArray, variables: Sequence[Variable], order: Sequence[int]) -> list[dict[str, Any]]:
    """Mean absolute contribution of each variable in an order, and before them of each block of image features."""
    importance = np.abs(contributions).mean(axis=0)
    return [
        *(
            {
                "variable": block,
                "label": f"{len(own)} image features {block} together",
                "mean_absolute": float(np.abs(contributions[:, own].sum(axis=1)).mean()),
                "together": len(own),
            }
            for block, own in _places_together(variables).items()
        ),
        *(
            {"variable": variables[j].name, "label": variables[j].label, "mean_absolute": float(importance[j])}
            for j in order
        ),
    ]


def _places_together(variables: Sequence[Variable]) -> dict[str, list[int]]:
    """Places of the image features of each block that has several."""
    place = {variable.name: j for j, variable in enumerate(variables)}
    together = features_together(place)
    return {block: [place[name] for name in names] for block, names in together.items() if len(names) > 1}


def together_rows(variables: Sequence[Variable], contributions: FloatArray) -> list[dict[str, Any]]:
    """One patient's contribution of each block of image features as a whole, the sum of its features'."""
    return [
        {
            "block": block,
            "label": f"{len(own)} image features {block} together",
            "contribution": float(contributions[own].sum()),
        }
        for block, own in _places_together(variables).items()
    ]


def value_text(variable: Variable, value: float) -> str:
    """One value as a person would write it, with its unit or level; missing says so."""
    if np.isnan(value):
        return "not recorded"
    if variable.is_label:
        return "known"
    if variable.is_levelled:
        return variable.levels[int(value)].label
    return f"{format_number(round(value, variable.decimals))} {variable.unit_symbol}".rstrip()


def contribution_rows(
    variables: Sequence[Variable], values: FloatArray, contributions: FloatArray
) -> list[dict[str, Any]]:
    """One patient's contributions, largest first, with the values they come from."""
    order = [int(j) for j in np.argsort(-np.abs(contributions), kind="stable") if not variables[j].is_label]
    return [
        {
            "variable": variables[j].name,
            "label": variables[j].label,
            "value_text": value_text(variables[j], values[j]),
            "contribution": float(contributions[j]),
        }
        for j in order
    ]


def contribution_points(
    variable: Variable, values: FloatArray, contributions: FloatArray, generator: np.random.Generator
) -> dict[str, Any]:
    """Values and contributions of one variable, shuffled by itself so that no row of several variables is a patient."""
    shuffled = generator.permutation(len(values))
    return {
        "variable": variable.name,
        "label": variable.label,
        "unit": variable.unit_symbol,
        "levels": [level.label for level in variable.levels] if variable.is_levelled else None,
        "points": [
            {
                "value": None if np.isnan(values[row]) else float(values[row]),
                "contribution": float(contributions[row]),
            }
            for row in shuffled
        ],
    }


def composites(matrix: FloatArray, risk: FloatArray, variables: Sequence[Variable]) -> FloatArray:
    """Typical values of each quarter of risk, shape (4, predictors): the median or commonest; none is a person."""
    quarter = quarters(risk)
    rows = [
        [_composite_value(matrix[quarter == number, j], variable) for j, variable in enumerate(variables)]
        for number in range(len(QUARTERS))
    ]
    return np.array(rows, dtype=np.float64)


def quarters(risk: FloatArray) -> NDArray[np.int64]:
    """Quarter of each patient by rank: equal risks are split by position, so that no quarter is empty."""
    rank = np.empty(len(risk), dtype=np.int64)
    rank[np.argsort(risk, kind="stable")] = np.arange(len(risk))
    return rank * len(QUARTERS) // len(risk)


def _composite_value(column: FloatArray, variable: Variable) -> float:
    """The median or commonest value; missing where most of the quarter's patients have none."""
    observed = column[~np.isnan(column)]
    if observed.size * 2 < column.size:
        return float("nan")
    if variable.is_levelled and not variable.is_label:
        return float(np.bincount(observed.astype(np.int64), minlength=len(variable.levels)).argmax())
    return float(np.median(observed))


def _illustrative(
    model: PrognosisModel,
    composites: FloatArray,
    shown: Contributions,
    risk: FloatArray,
    variables: Sequence[Variable],
) -> list[dict[str, Any]]:
    served = model.predict(composites)
    lower, upper = model.interval(composites)
    counts = np.bincount(quarters(risk), minlength=len(QUARTERS))
    return [
        {
            "title": f"Composite of the {name} quarter of risk",
            "description": (
                f"Not a real person: the median or commonest value of each predictor among the {counts[k]} patients "
                f"in the {name} quarter of out-of-fold risk; not recorded where most of them have no value."
            ),
            "risk": float(served[k]),
            "lower": float(lower[k]),
            "upper": float(upper[k]),
            "log_odds": float(shown.log_odds[k]),
            "base_value": float(shown.base_value[k]),
            "contributions": contribution_rows(variables, composites[k], shown.values[k]),
        }
        for k, name in enumerate(QUARTERS)
    ]
