"""Judging what was fitted again of a study of ordered levels: log-odds in resamples, other folds and left-out sites."""

from __future__ import annotations

from scipy.special import expit

from spinecast.models.ordinal.model import OrdinalModel
from spinecast.training.internal_judging import judge_threshold_answers
from spinecast.training.ordinal.fitting import TrainedLevels
from spinecast.training.ordinal.judging import ordinal_judge
from spinecast.validation.internal import InternalValidation

__all__ = ["judge_levels_internally"]


def judge_levels_internally(trained: TrainedLevels, model: OrdinalModel) -> InternalValidation:
    """Work out the internal validation of a study of ordered levels: ranking, probability scores, each threshold.

    How single risks scatter is shown of reaching the level that was checked.

    Parameters
    ----------
    trained : TrainedLevels
    model : OrdinalModel
        The final model, whose performance in its own patients is what optimism is taken off.
    """
    apparent = model.log_odds(trained.cohort.matrix(model.predictors)[trained.labelled.rows])
    return judge_threshold_answers(
        trained, apparent, ordinal_judge(trained).again, lambda found: expit(found[:, trained.checked_threshold])
    )
