"""What each fold's fits of a model say alone: a model's reasons stand in them, so that they are taken apart once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.contributions import require_additive
from spinecast.explanation.depth.views import Explained, View
from spinecast.models.loading import AnyModel
from spinecast.models.prognosis_model import mean_in_order
from spinecast.models.survival.competing import CompetingRisksModel

__all__ = ["each_fold", "explained_by_folds"]

FloatArray = NDArray[np.float64]
ViewT = TypeVar("ViewT", bound=View)


def each_fold(view: ViewT) -> tuple[ViewT, ...]:
    """Return the view of each fold's fits alone: the mean of them, on the scale of the members, is what is served.

    Folds were fitted without one another's patients, so that what they agree on does not hang on single patients.
    """
    changed: Any = view
    return tuple(replace(changed, model=_alone(view.model, fold)) for fold in range(_folds(view.model)))


def _folds(model: AnyModel) -> int:
    parts = model.hazards[0].parts if isinstance(model, CompetingRisksModel) else model.parts
    return len(parts[0].members)


def _alone(model: Any, fold: int) -> Any:
    if isinstance(model, CompetingRisksModel):
        return replace(model, hazards=tuple(_alone(hazard, fold) for hazard in model.hazards))
    return replace(model, parts=tuple(replace(part, members=(part.members[fold],)) for part in model.parts))


def explained_by_folds(view: View, rows: FloatArray) -> tuple[Explained, FloatArray]:
    """Take what is served apart, and what each fold's fits alone would serve.

    Up to the ordering of curves and levels a model is the mean of its folds, and so are its contributions. Only the
    incidence of one of several competing causes is no mean: it is taken apart for itself.

    Parameters
    ----------
    view : View
    rows : ndarray, shape (n, predictors)

    Returns
    -------
    explained : Explained
    folds : ndarray, shape (folds, n, predictors)
        Contributions by each fold's fits.

    Raises
    ------
    AdditivityError
        If contributions do not add up.
    """
    alone = [one.explained(rows) for one in each_fold(view)]
    folds = np.stack([one.values for one in alone])
    if isinstance(view.model, CompetingRisksModel):
        return view.explained(rows), folds
    served, summed = view.on_scale(rows), view.summed(rows)
    base = mean_in_order(np.stack([one.base for one in alone]))
    found = Explained(mean_in_order(folds), base, served, served - summed, alone[0].methods)
    require_additive(found.residual, view.scale)
    return found, folds
