"""Judging what was fitted again of a study of a quantity: quantiles in resamples, other folds and left-out sites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.quantiles.quantile_function import QuantileFunction
from spinecast.statistics import Measure
from spinecast.training.internal_judging import judge_threshold_answers
from spinecast.training.quantity.fitting import TrainedQuantity
from spinecast.validation.internal import InternalValidation
from spinecast.validation.quantity import QuantityJudge

__all__ = ["judge_quantity_internally"]

FloatArray = NDArray[np.float64]


def judge_quantity_internally(trained: TrainedQuantity, model: QuantityModel) -> InternalValidation:
    """Work out the internal validation of a study of a quantity: pinball loss, coverage, and each threshold.

    How single risks scatter is shown of passing the threshold that was checked.

    Parameters
    ----------
    trained : TrainedQuantity
    model : QuantityModel
        The final model, whose performance in its own patients is what optimism is taken off.
    """
    judge = QuantityJudge(trained.labelled.values, trained.thresholds)

    def distribution(quantiles: FloatArray) -> QuantileFunction:
        return QuantileFunction(trained.levels, quantiles, trained.scale)

    def measured(rows: NDArray[np.int64], quantiles: FloatArray) -> dict[str, Measure]:
        return judge.again(rows, distribution(quantiles))

    apparent = model.distribution(trained.cohort.matrix(model.predictors)[trained.labelled.rows]).values
    return judge_threshold_answers(
        trained,
        apparent,
        measured,
        lambda quantiles: distribution(quantiles).exceedance([trained.checked_threshold])[:, 0],
    )
