"""Judging what was fitted again of a study of times: curves in resamples, other folds and left-out sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import read_by_day
from spinecast.models.loading import TimedModel
from spinecast.models.survival.competing import risk_by_days
from spinecast.statistics import Absent
from spinecast.training.internal_judging import judge_answers
from spinecast.training.refitting import Refitted, RefittedSplits
from spinecast.training.study.judging import TuningMode
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.training.survival.judging import timed_judge
from spinecast.validation.internal import Instability, InternalValidation, instability
from spinecast.validation.predictions import Predictions

__all__ = ["judge_times_internally"]

FloatArray = NDArray[np.float64]


def judge_times_internally(trained: TrainedTimes, model: TimedModel) -> InternalValidation:
    """Work out the internal validation of a study of times: concordance, Brier score, AUC and slope at each horizon.

    How single risks scatter is shown at the day that was checked.

    Parameters
    ----------
    trained : TrainedTimes
    model : TimeToEventModel or CompetingRisksModel
        The final model, whose performance in its own patients is what optimism is taken off.
    """
    judge, day = timed_judge(trained), trained.checked_day
    apparent = model.risk(trained.cohort.matrix(model.predictors)[trained.labelled.rows], judge.days)
    labelled, at = read_by_day(trained.labelled, day), int(np.flatnonzero(judge.days == day)[0])

    def scatter(risks: Sequence[FloatArray], tuning: TuningMode) -> Instability | Absent:
        final = Predictions(apparent[:, at], labelled.values, labelled.weights, None, "apparent")
        return instability(final, [risk[:, at] for risk in risks], trained.study.evaluation.thresholds, tuning=tuning)

    event = (trained.labelled.cause == 1).astype(np.float64)
    return judge_answers(_risks(trained, judge.days), trained.study, apparent, judge.again, event, scatter)


def _risks(trained: TrainedTimes, days: FloatArray) -> Refitted:
    """Turn the curves of all causes into risks of the one of interest on the judged days."""

    def of(name: str) -> RefittedSplits | None:
        causes: list[RefittedSplits] = [part for one in trained.refitted if (part := getattr(one, name)) is not None]
        if not causes:
            return None
        risk: Mapping[str, FloatArray] = {
            split.name: risk_by_days(trained.grid, np.stack([cause.risk[split.name] for cause in causes]), days)
            for split in causes[0].splits
        }
        return replace(causes[0], risk=risk)

    return replace(
        trained.refitted[0],
        bootstrap=of("bootstrap"),
        repeated_cross_validation=of("repeated_cross_validation"),
        internal_external=of("internal_external"),
        learning_curve=of("learning_curve"),
    )
