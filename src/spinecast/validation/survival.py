"""Measures of predicted risks by a horizon that read the whole follow-up, the censored patients among it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.statistics import (
    Absent,
    Measure,
    harrell_c,
    horizon_auc,
    horizon_brier,
    horizon_observed_expected_ratio,
    index_of_prediction_accuracy,
    uno_c,
)

__all__ = ["SURVIVAL_MEASURES", "FollowedRisk", "followed_risk", "survival_measures"]

FloatArray = NDArray[np.float64]

SURVIVAL_MEASURES = (
    "harrell_c",
    "uno_c",
    "horizon_auc",
    "horizon_brier",
    "ipa",
    "horizon_observed_expected_ratio",
)
_NEED_RISKS = ("horizon_brier", "ipa", "horizon_observed_expected_ratio")


@dataclass(frozen=True, eq=False)
class FollowedRisk:
    """Patients who have a risk, with their whole follow-up.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up, in the unit of the horizon.
    event : ndarray, shape (n,)
        0 where it was censored, 1 where it ended with the event, 2 where another event came first.
    risk : ndarray, shape (n,)
        Risk by the horizon, or a value higher for patients more likely to have the event.
    horizon : float
    """

    time: FloatArray
    event: FloatArray
    risk: FloatArray
    horizon: float


def followed_risk(labelled: LabelledOutcome, values: FloatArray) -> FollowedRisk | Absent:
    """Gather the follow-up of labelled patients.

    Parameters
    ----------
    labelled : LabelledOutcome
        With the censored patients in it: those whose outcome is not known at the horizon have a follow-up all the same.
    values : ndarray, shape (n,)
        Of the labelled patients; NaN for those without one.
    """
    if labelled.time is None or labelled.event is None or labelled.horizon_days is None:
        return Absent("the outcome is not read from a follow-up")
    ended = labelled.event if labelled.uncensored is None else labelled.uncensored
    cause = np.where(labelled.event == 1, 1.0, np.where(ended == 1, 2.0, 0.0))
    has_it = np.isfinite(values)
    if not has_it.any():
        return Absent("no patient has a predicted value")
    return FollowedRisk(labelled.time[has_it], cause[has_it], values[has_it], labelled.horizon_days)


def survival_measures(followed: FollowedRisk, *, ranks_only: str = "") -> dict[str, Measure]:
    """Compute how risks by a horizon agree with the whole follow-up.

    Parameters
    ----------
    followed : FollowedRisk
    ranks_only : str
        Why the values are no risks, where they are not.

    Returns
    -------
    dict of str to Estimate or Absent
        ``harrell_c`` and ``uno_c`` (events before the horizon) over pairs of patients, absent where another event
        competes; ``horizon_auc``, ``horizon_brier``, ``ipa`` and ``horizon_observed_expected_ratio`` at the horizon,
        with weights for censoring whose own error is in the intervals.
    """
    time, event, risk, horizon = followed.time, followed.event, followed.risk, followed.horizon
    competing = Absent("another event competes: a pair of patients cannot be put in order by one event alone")
    alone = not (event == 2).any()
    found: dict[str, Measure] = {
        "harrell_c": harrell_c(time, event, risk) if alone else competing,
        "uno_c": uno_c(time, event, risk, horizon) if alone else competing,
        "horizon_auc": horizon_auc(time, event, risk, horizon),
    }
    if ranks_only:
        return found | dict.fromkeys(_NEED_RISKS, Absent(ranks_only))
    return found | {
        "horizon_brier": horizon_brier(time, event, risk, horizon),
        "ipa": index_of_prediction_accuracy(time, event, risk, horizon),
        "horizon_observed_expected_ratio": horizon_observed_expected_ratio(time, event, risk, horizon),
    }
