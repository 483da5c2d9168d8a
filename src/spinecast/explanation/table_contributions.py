"""Contributions as columns of a table, of a model of any kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.contributions import explain
from spinecast.explanation.curve_contributions import explain_at
from spinecast.explanation.curve_prediction import asked_days
from spinecast.explanation.ordinal_contributions import explain_threshold
from spinecast.explanation.ordinal_prediction import threshold_asked
from spinecast.explanation.quantity_contributions import explain_median
from spinecast.explanation.table_prediction import Figures
from spinecast.models.loading import AnyModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel

__all__ = ["contribution_columns"]

FloatArray = NDArray[np.float64]


def contribution_columns(model: AnyModel, days: Sequence[float] = (), level: str | None = None) -> Figures:
    """Return the function that gives contributions as columns: what is served, its base, and each predictor's part.

    Parameters
    ----------
    model : AnyModel
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
    if isinstance(model, PrognosisModel):

        def of_event(matrix: FloatArray) -> dict[str, FloatArray]:
            found = explain(model, matrix)
            return _columns(names, found.log_odds, found.base_value, found.values)

        return of_event
    if isinstance(model, QuantityModel):

        def of_median(matrix: FloatArray) -> dict[str, FloatArray]:
            found = explain_median(model, matrix)
            # What putting crossing levels in order added is no predictor's: it is left out of what is added up.
            return _columns(names, found.served - found.reordered, found.base_value, found.values)

        return of_median
    if isinstance(model, OrdinalModel):
        threshold = threshold_asked(model, level)

        def of_level(matrix: FloatArray) -> dict[str, FloatArray]:
            found = explain_threshold(model, matrix, threshold)
            return _columns(names, found.served - found.reordered, found.base_value, found.values)

        return of_level
    asked = asked_days(model, days)

    def of_days(matrix: FloatArray) -> dict[str, FloatArray]:
        added: dict[str, FloatArray] = {}
        for day in asked:
            found = explain_at(model, matrix, day)
            added |= _columns(names, found.served - found.held, found.base_value, found.values, f"_{day:g}")
        return added

    return of_days


def _columns(
    names: Sequence[str], explained: FloatArray, base: FloatArray | float, values: FloatArray, ending: str = ""
) -> dict[str, FloatArray]:
    own = {
        f"contribution_{name}{ending}": values[:, place]
        for place, name in enumerate(names)
        if not variable(name).is_label  # what tells scanners apart has done its work before
    }
    whole = np.broadcast_to(np.asarray(base, dtype=np.float64), explained.shape)
    return {f"explained{ending}": explained, f"base_value{ending}": whole, **own}
