"""Recalibration of predicted cumulative hazards: the engine that maps a model's curves to observed events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.survival.follow_up import check_values

__all__ = ["HazardRecalibration", "fit_hazard_recalibration"]

MAXIMUM_STEPS = 100
STEP_TOLERANCE = 1e-10


@dataclass(frozen=True)
class HazardRecalibration:
    """What a log cumulative hazard is corrected by: ``intercept + (slope - 1) * index``.

    Parameters
    ----------
    intercept : float
        0 where as many events happened as were expected.
    slope : float
        1 where the index separates people as much as it says; not negative.
    """

    intercept: float
    slope: float

    def apply(self, log_hazard: ArrayLike, index: ArrayLike) -> Floats:
        """Return corrected log cumulative hazards, shape (n, k), of patients with an index, shape (n,)."""
        own = np.asarray(index, dtype=np.float64)[..., None]
        return np.asarray(log_hazard, dtype=np.float64) + self.intercept + (self.slope - 1) * own


def fit_hazard_recalibration(event: ArrayLike, cumulative_hazard: ArrayLike, index: ArrayLike) -> HazardRecalibration:
    """Fit the correction by maximum likelihood.

    Events are Poisson counts with the predicted cumulative hazard of each patient's own follow-up as the offset, which
    is the likelihood of the censored times (Crowson, Atkinson & Therneau 2016, Stat Methods Med Res 25:1692). Newton's
    method on a concave function of two numbers. A slope below 0 would turn the model's order around: it is held at 0.

    Parameters
    ----------
    event : array-like of shape (n,)
        1 where the event ended the follow-up, else 0.
    cumulative_hazard : array-like of shape (n,)
        Predicted for each patient's own follow-up; not negative.
    index : array-like of shape (n,)
        One number a patient: what the model says of them, whatever the time.

    Returns
    -------
    HazardRecalibration
        Slope 1 where the index does not vary.

    Raises
    ------
    ValueError
        If nobody had the event, nobody was expected to, or the arrays do not fit each other.
    """
    happened = np.asarray(event, dtype=np.float64)
    expected = check_values(cumulative_hazard, "cumulative_hazard", happened.size)
    own = check_values(index, "index", happened.size)
    if not (happened.sum() > 0 and expected.min() >= 0 and expected.sum() > 0):
        raise ValueError("recalibration needs events, and cumulative hazards that are not negative nor all 0")
    centre = float(np.average(own, weights=expected))
    spread = own - centre
    level = float(np.log(happened.sum() / expected.sum()))
    if not float((expected * spread**2).sum()) > 1e-12 * expected.sum():
        return HazardRecalibration(level, 1.0)
    level, tilt = _maximum(happened, expected, spread, level)
    if tilt < -1:
        tilt = -1.0
        level = float(np.log(happened.sum() / (expected * np.exp(-spread)).sum()))
    return HazardRecalibration(level - tilt * centre, 1 + tilt)


def _maximum(happened: Floats, expected: Floats, spread: Floats, level: float) -> tuple[float, float]:
    tilt = 0.0

    def likelihood(a: float, b: float) -> float:
        linear = a + b * spread
        return float((happened * linear).sum() - (expected * np.exp(np.minimum(linear, 700.0))).sum())

    current = likelihood(level, tilt)
    for _ in range(MAXIMUM_STEPS):
        mean = expected * np.exp(level + tilt * spread)
        score = np.array([(happened - mean).sum(), ((happened - mean) * spread).sum()])
        cross = float((mean * spread).sum())
        information = np.array([[mean.sum(), cross], [cross, (mean * spread**2).sum()]])
        step = np.linalg.solve(information, score)
        size = 1.0
        while (trial := likelihood(level + size * step[0], tilt + size * step[1])) < current - 1e-12 * abs(current):
            size /= 2
            if size < 1e-8:
                return level, tilt
        level, tilt, current = level + size * float(step[0]), tilt + size * float(step[1]), trial
        if np.abs(step).max() <= STEP_TOLERANCE:
            break
    return level, tilt
