"""What a model of times has learned, for a report: importance, contributions, and four composite patients' curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.explanation.curve_contributions import CurveContributions, explain_at
from spinecast.explanation.summary import QUARTERS, composites, contribution_rows, learned, quarters
from spinecast.models.loading import TimedModel
from spinecast.models.survival.competing import CompetingRisksModel

__all__ = ["summarise_curves"]

FloatArray = NDArray[np.float64]


def summarise_curves(
    model: TimedModel,
    matrix: FloatArray,
    risk: FloatArray,
    variables: Sequence[Variable],
    *,
    patients: int,
    seed: int,
) -> dict[str, Any]:
    """Summarise a model on its development cohort, at the horizon nearest to its reference day.

    Parameters
    ----------
    model : TimeToEventModel or CompetingRisksModel
    matrix, risk, variables, patients, seed
        As :func:`spinecast.explanation.summary.summarise`; risks are out-of-fold ones at that horizon.

    Returns
    -------
    dict
        The content of ``explanation.json``.
    """
    day = model.explained_day
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.choice(len(matrix), size=min(patients, len(matrix)), replace=False))
    found = explain_at(model, matrix[drawn], day)
    typical = composites(matrix, risk, variables)
    shown = explain_at(model, typical, day)
    residual = max(np.abs(found.residual).max(), np.abs(shown.residual).max())
    return {
        "scale": found.scale,
        "day": day,
        **learned(found.values, found.methods, found.base_value, float(residual), matrix[drawn], variables, generator),
        "illustrative": _illustrative(model, typical, shown, risk, variables),
    }


def _illustrative(
    model: TimedModel, typical: FloatArray, shown: CurveContributions, risk: FloatArray, variables: Sequence[Variable]
) -> list[dict[str, Any]]:
    days = np.array([day for day in _grid(model) if day <= max(model.horizons_days)])
    curve, limits = model.risk(typical, days), model.interval(typical, days)
    at = model.horizons_days
    risks, (lower, upper) = model.risk(typical, at), model.interval(typical, at)
    counts = np.bincount(quarters(risk), minlength=len(QUARTERS))
    return [
        {
            "title": f"Composite of the {name} quarter of risk",
            "description": (
                f"Not a real person: the median or commonest value of each predictor among the {counts[k]} patients "
                f"in the {name} quarter of out-of-fold risk by day {shown.day:g}; not recorded where most of them "
                "have no value."
            ),
            "curve": {
                "days": days.tolist(),
                "risk": curve[k].tolist(),
                "lower": limits[0][k].tolist(),
                "upper": limits[1][k].tolist(),
            },
            "horizons": [
                {"day": day, "risk": float(risks[k, i]), "lower": float(lower[k, i]), "upper": float(upper[k, i])}
                for i, day in enumerate(at)
            ],
            "median_days": _median(model, typical[k : k + 1]),
            "served": float(shown.served[k]),
            "base_value": float(shown.base_value[k]),
            "contributions": contribution_rows(variables, typical[k], shown.values[k]),
        }
        for k, name in enumerate(QUARTERS)
    ]


def _grid(model: TimedModel) -> FloatArray:
    return model.hazards[0].grid if isinstance(model, CompetingRisksModel) else model.grid


def _median(model: TimedModel, row: FloatArray) -> float | None:
    if isinstance(model, CompetingRisksModel):
        return None
    days = float(model.median_days(row)[0])
    return None if np.isnan(days) else days
