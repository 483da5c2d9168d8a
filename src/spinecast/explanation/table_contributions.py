"""Contributions as columns of a table, of a model that answers more than one risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.curve_contributions import explain_at
from spinecast.explanation.curve_prediction import asked_days
from spinecast.explanation.ordinal_contributions import explain_threshold
from spinecast.explanation.ordinal_prediction import threshold_asked
from spinecast.explanation.quantity_contributions import explain_median
from spinecast.explanation.table_prediction import Figures, columns_of_contributions
from spinecast.models.loading import TimedModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.quantiles.model import QuantityModel

__all__ = ["contribution_columns"]

FloatArray = NDArray[np.float64]


def contribution_columns(
    model: TimedModel | QuantityModel | OrdinalModel, days: Sequence[float] = (), level: str | None = None
) -> Figures:
    """Return the function that gives contributions as columns: what is served, its base, and each predictor's part.

    Parameters
    ----------
    model : TimeToEventModel, CompetingRisksModel, QuantityModel or OrdinalModel
        One of an event is scored and explained at once (`spinecast.explanation.table_prediction.predict_table`).
    days : sequence of float
        Of a model of times, each explained by itself (``contribution_age_90``); the study's when empty.
    level : str, optional
        Of a model of ordered levels: the one whose reaching is explained.

    Raises
    ------
    ContractError
        If a day cannot be answered.
    QuestionError
        If no such level can be reached.
    """
    names = model.predictors
    if isinstance(model, QuantityModel):

        def of_median(matrix: FloatArray) -> dict[str, FloatArray]:
            found = explain_median(model, matrix)
            # What putting crossing levels in order added is no predictor's: it is left out of what is added up.
            return columns_of_contributions(names, found.served - found.reordered, found.base_value, found.values)

        return of_median
    if isinstance(model, OrdinalModel):
        threshold = threshold_asked(model, level)

        def of_level(matrix: FloatArray) -> dict[str, FloatArray]:
            found = explain_threshold(model, matrix, threshold)
            return columns_of_contributions(names, found.served - found.reordered, found.base_value, found.values)

        return of_level
    asked = asked_days(model, days)

    def of_days(matrix: FloatArray) -> dict[str, FloatArray]:
        added: dict[str, FloatArray] = {}
        for day in asked:
            found = explain_at(model, matrix, day)
            added |= columns_of_contributions(
                names, found.served - found.held, found.base_value, found.values, f"_{day:g}"
            )
        return added

    return of_days
