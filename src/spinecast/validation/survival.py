"""Predicted risks by a horizon beside the whole follow-up, the censored patients among it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.statistics import (
    Absent,
    Measure,
    compare_horizon_auc,
    harrell_c,
    horizon_auc,
    horizon_brier,
    horizon_observed_expected_ratio,
    index_of_prediction_accuracy,
    ipcw_weights,
    uno_c,
)
from spinecast.validation.predictions import Predictions
from spinecast.validation.timed_horizon import NO_ORDER

__all__ = [
    "FollowedRisk",
    "followed_risk",
    "horizon_auc_difference",
    "measures_at_horizon",
    "predictions_at_horizon",
    "survival_measures",
]

FloatArray = NDArray[np.float64]

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

    def subset(self, rows: NDArray[np.bool_]) -> FollowedRisk:
        """Return some of the patients."""
        return FollowedRisk(self.time[rows], self.event[rows], self.risk[rows], self.horizon)

    def with_risk(self, risk: FloatArray) -> FollowedRisk:
        """Return the same patients with other risks."""
        return FollowedRisk(self.time, self.event, risk, self.horizon)


def predictions_at_horizon(followed: FollowedRisk) -> Predictions | Absent:
    """Read the outcome of every patient at the horizon, the censoring learned on these very patients.

    Parameters
    ----------
    followed : FollowedRisk
        Whose values are risks, or ranks between 0 and 1.

    Returns
    -------
    Predictions or Absent
        All n patients: 0 weighs who was censored before the horizon (`spinecast.statistics.ipcw_weights`); without
        weights where nobody was. Absent where nobody was followed up to the horizon.
    """
    time, event = followed.time, followed.event
    longest = float(time.max())
    if longest < followed.horizon and (event[time == longest] == 0).any():
        return Absent(f"the longest follow-up is {longest:g}, short of the horizon of {followed.horizon:g}")
    weights = ipcw_weights(time, (event > 0).astype(np.float64), followed.horizon)
    outcome = ((event == 1) & (time <= followed.horizon)).astype(np.float64)
    # Any event by the horizon and any follow-up to it weighs 1 when nobody was censored before.
    kept = None if np.isclose(weights, 1.0).all() else weights
    return Predictions(followed.risk, outcome, kept, None, "external")


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
    alone = not (event == 2).any()
    found: dict[str, Measure] = {
        "harrell_c": harrell_c(time, event, risk) if alone else NO_ORDER,
        "uno_c": uno_c(time, event, risk, horizon) if alone else NO_ORDER,
        "horizon_auc": horizon_auc(time, event, risk, horizon),
    }
    if ranks_only:
        return found | dict.fromkeys(_NEED_RISKS, Absent(ranks_only))
    return found | {
        "horizon_brier": horizon_brier(time, event, risk, horizon),
        "ipa": index_of_prediction_accuracy(time, event, risk, horizon),
        "horizon_observed_expected_ratio": horizon_observed_expected_ratio(time, event, risk, horizon),
    }


def measures_at_horizon(followed: FollowedRisk, *, ranks_only: str = "") -> dict[str, Measure]:
    """Compute the measures at the horizon that have a formula under censoring, by their names without it.

    A bootstrap that holds the weights for censoring fixed takes them for known; these formulas include that they are
    estimated (Blanche et al. 2013, Stat Med 32:5381).

    Parameters
    ----------
    followed : FollowedRisk
    ranks_only : str
        Why the values are no risks, where they are not: then the AUC alone.

    Returns
    -------
    dict of str to Estimate or Absent
        ``auc``, ``brier``, ``scaled_brier`` (which at a horizon is the index of prediction accuracy) and
        ``observed_expected_ratio`` (Kaplan-Meier or Aalen-Johansen risk over mean predicted risk).
    """
    time, event, risk, horizon = followed.time, followed.event, followed.risk, followed.horizon
    found: dict[str, Measure] = {"auc": horizon_auc(time, event, risk, horizon)}
    if ranks_only:
        return found
    return found | {
        "brier": horizon_brier(time, event, risk, horizon),
        "scaled_brier": index_of_prediction_accuracy(time, event, risk, horizon),
        "observed_expected_ratio": horizon_observed_expected_ratio(time, event, risk, horizon),
    }


def horizon_auc_difference(followed: FollowedRisk, other: FloatArray) -> Measure:
    """Compute the AUC at the horizon less that of other values of the same patients, shape (n,), paired."""
    found = compare_horizon_auc(followed.time, followed.event, followed.risk, other, followed.horizon)
    return found if isinstance(found, Absent) else found.difference
