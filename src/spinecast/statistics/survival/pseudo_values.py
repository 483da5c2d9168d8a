"""Pseudo-values: what stands for a patient's outcome at a horizon when some outcomes are censored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.survival.competing import check_causes
from spinecast.statistics.survival.follow_up import FollowUp, check_horizon

__all__ = ["pseudo_outcomes", "pseudo_values"]


def pseudo_values(time: ArrayLike, event: ArrayLike, horizon: float, cause: int = 1) -> Floats | Absent:
    """Return each patient's jackknife pseudo-value of the risk of the event by the horizon.

    n F - (n - 1) F without the patient, F being the Aalen-Johansen (Kaplan-Meier) risk at the horizon (Andersen, Klein
    & Rosthoj 2003, Biometrika 90:15; Andersen & Perme 2010, Stat Methods Med Res 19:71). Their mean given a patient's
    characteristics is the patient's risk, as that of the outcome itself would be, where censoring does not depend on
    those characteristics; where nobody is censored before the horizon they are the outcomes, 0 or 1. They may lie
    outside [0, 1]. All n leave-one-out estimates are exact and take O(n log n) together: leaving a patient out changes
    the factors up to the end of the patient's follow-up and none after.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, in the unit of ``horizon``, not negative.
    event : array-like of shape (n,)
        0 where follow-up was censored, otherwise the number (1, 2, ...) of the event that ended it.
    horizon : float
        Time at which the outcome is read; that time included.
    cause : int
        The event of interest.

    Returns
    -------
    ndarray of shape (n,) or Absent
        Absent when the horizon lies beyond the follow-up.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is not a code or the horizon is not positive.
    """
    follow_up = check_causes(time, event, cause)
    return follow_up.beyond(check_horizon(horizon)) or pseudo_outcomes(follow_up, cause, horizon)


def pseudo_outcomes(follow_up: FollowUp, cause: int, horizon: float) -> Floats:
    """Return the pseudo-values at a horizon within the follow-up, without regard to case weights.

    They are F - (n - 1) (F without the patient - F). The difference is put together from small terms, not taken between
    two numbers close to each other, whose rounding errors n would multiply.
    """
    n, k = follow_up.n, follow_up.up_to(horizon)
    if k == 0:
        return np.zeros(n)
    counts = _Counts.of(follow_up, cause, k)
    own, any_event, at_risk = counts.own, counts.any_event, counts.at_risk
    free: Floats = np.concatenate(([1.0], np.cumprod(1 - any_event / at_risk)))
    incidence = np.concatenate(([0.0], np.cumsum(free[:-1] * own / at_risk)))
    change = counts.relative_change()
    # Up to a time, the difference made by one patient fewer at risk.
    fewer = np.maximum(at_risk - 1, 1.0)
    before = np.concatenate(([0.0], np.cumsum(free[:-1] * own * (change[:-1] / fewer + 1 / (at_risk * fewer)))))
    difference = np.full(n, before[-1])
    inside = np.flatnonzero(follow_up.position < k)
    at = follow_up.position[inside]
    # The risk of those still free after a patient's last time is the same with and without the patient.
    after = np.divide(incidence[-1] - incidence[at + 1], free[at + 1], out=np.zeros(at.size), where=free[at + 1] > 0)
    y, left = at_risk[at], fewer[at]
    gone, gone_own = 1.0 * (follow_up.event[inside] > 0), 1.0 * (follow_up.event[inside] == cause)
    # Change of the proportions with an event (of the cause, of any) at that time; without the last patient it is to 0.
    own_change = np.where(y > 1, (own[at] - gone_own * y) / (y * left), -own[at])
    any_change = np.where(y > 1, (any_event[at] - gone * y) / (y * left), -any_event[at])
    remaining = (own[at] - gone_own) / left + (1 - (any_event[at] - gone) / left) * after
    difference[inside] = before[at] + free[at] * (change[at] * remaining + own_change - any_change * after)
    return np.asarray(incidence[-1] - (n - 1) * difference, dtype=np.float64)


@dataclass(frozen=True)
class _Counts:
    """Events of the cause, events of any cause and patients at risk at each of the times up to the horizon."""

    own: Floats
    any_event: Floats
    at_risk: Floats

    @classmethod
    def of(cls, follow_up: FollowUp, cause: int, k: int) -> _Counts:
        own = follow_up.total((follow_up.event == cause).astype(np.float64))
        any_event = follow_up.total((follow_up.event > 0).astype(np.float64))
        at_risk = np.cumsum(follow_up.total(np.ones(follow_up.n))[::-1])[::-1]
        return cls(own[:k], any_event[:k], at_risk[:k])

    def relative_change(self) -> Floats:
        """Return S(t-) with one patient fewer at risk, over S(t-), less 1: before each time and after the last.

        (1 - d/(Y - 1)) / (1 - d/Y) is 1 - d/((Y - 1)(Y - d)). Where all at risk have the event nobody stays to be left
        out later, and the factor is of no use.
        """
        staying = (self.at_risk - 1) * (self.at_risk - self.any_event)
        terms = np.divide(self.any_event, staying, out=np.zeros_like(staying), where=staying > 0)
        with np.errstate(divide="ignore"):
            logarithms = np.log1p(-np.minimum(terms, 1.0))
        return np.concatenate(([0.0], np.expm1(np.cumsum(logarithms))))
