"""Recalibration of predicted cumulative hazards: the engine that maps a model's curves to observed events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.survival.follow_up import check_values

__all__ = ["HazardRecalibration", "fit_hazard_recalibration", "fit_recalibration_by_day"]

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
    level, tilt = _maximum(_Poisson(happened, expected, spread), level)
    if tilt < -1:
        tilt = -1.0
        level = float(np.log(happened.sum() / (expected * np.exp(-spread)).sum()))
    return HazardRecalibration(level - tilt * centre, 1 + tilt)


def fit_recalibration_by_day(
    outcome: ArrayLike,
    log_hazard: ArrayLike,
    index: ArrayLike,
    weights: ArrayLike,
    *,
    towards: HazardRecalibration,
    certainty: float,
) -> HazardRecalibration:
    """Fit the correction of log cumulative hazards at one day to who had the event by it.

    A binomial regression with the complementary log-log link and the log cumulative hazard as offset, drawn towards
    another correction as by a normal prior: its penalty is ``certainty / 2`` times the squared distance of intercept
    and slope. Newton's method on a concave function of two numbers. A slope below 0 is held at 0.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        1 for the event by the day, else 0; whatever it is where the weight is 0.
    log_hazard : array-like of shape (n,)
        Predicted log cumulative hazard at the day.
    index : array-like of shape (n,)
        What the slope acts on, centred: the intercept is the shift of a patient at 0.
    weights : array-like of shape (n,)
        Inverse-probability-of-censoring weights at the day; 0 where the outcome is not known.
    towards : HazardRecalibration
        With the same index.
    certainty : float
        Inverse variance of the prior, positive: it keeps the maximum finite where all or none had the event.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a value is not finite or the certainty not positive.
    """
    happened = check_values(outcome, "outcome", np.size(outcome))
    offset = check_values(log_hazard, "log_hazard", happened.size)
    own = check_values(index, "index", happened.size)
    known = check_values(weights, "weights", happened.size)
    if not certainty > 0:
        raise ValueError(f"certainty must be positive, not {certainty:g}")
    prior = np.array([towards.intercept, towards.slope - 1])
    likelihood = _Binomial(happened, offset, own, known, prior, certainty)
    level, tilt = _maximum(likelihood, *prior)
    if tilt < -1:
        tilt = -1.0
        level, _ = _maximum(_Binomial(happened, offset - own, np.zeros_like(own), known, prior, certainty), level)
    return HazardRecalibration(level, 1 + tilt)


class _Likelihood(Protocol):
    """A concave function of a level and a tilt."""

    def value(self, level: float, tilt: float) -> float: ...
    def derivatives(self, level: float, tilt: float) -> tuple[Floats, Floats]:
        """Score, shape (2,), and information, shape (2, 2)."""
        ...


@dataclass(frozen=True)
class _Poisson:
    happened: Floats
    expected: Floats
    spread: Floats

    def value(self, level: float, tilt: float) -> float:
        linear = level + tilt * self.spread
        return float((self.happened * linear).sum() - (self.expected * np.exp(np.minimum(linear, 700.0))).sum())

    def derivatives(self, level: float, tilt: float) -> tuple[Floats, Floats]:
        mean = self.expected * np.exp(level + tilt * self.spread)
        return _of_line(self.happened - mean, mean, self.spread)


@dataclass(frozen=True)
class _Binomial:
    happened: Floats
    offset: Floats
    index: Floats
    weights: Floats
    prior: Floats
    certainty: float

    def value(self, level: float, tilt: float) -> float:
        hazard = self._hazard(level, tilt)
        with_event = np.log(np.maximum(-np.expm1(-hazard), 1e-300))
        said = float((self.weights * (self.happened * with_event - (1 - self.happened) * hazard)).sum())
        return said - self.certainty / 2 * float(((np.array([level, tilt]) - self.prior) ** 2).sum())

    def derivatives(self, level: float, tilt: float) -> tuple[Floats, Floats]:
        hazard = self._hazard(level, tilt)
        # Of log(1 - exp(-hazard)) by the log hazard: near 1 where events are rare, near 0 where they are certain.
        ratio = hazard / np.maximum(np.expm1(np.minimum(hazard, 700.0)), 1e-300)
        first = self.weights * (self.happened * ratio - (1 - self.happened) * hazard)
        second = self.weights * (self.happened * ratio * (hazard + ratio - 1) + (1 - self.happened) * hazard)
        score, information = _of_line(first, second, self.index)
        score = score - self.certainty * (np.array([level, tilt]) - self.prior)
        return score, information + self.certainty * np.eye(2)

    def _hazard(self, level: float, tilt: float) -> Floats:
        return np.asarray(np.exp(np.clip(self.offset + level + tilt * self.index, -700.0, 700.0)), dtype=np.float64)


def _of_line(first: Floats, second: Floats, index: Floats) -> tuple[Floats, Floats]:
    """Score and information of level and tilt, from each patient's derivatives by level + tilt * index."""
    cross = float((second * index).sum())
    information = np.array([[second.sum(), cross], [cross, (second * index**2).sum()]])
    return np.array([first.sum(), (first * index).sum()]), information


def _maximum(likelihood: _Likelihood, level: float, tilt: float = 0.0) -> tuple[float, float]:
    level, tilt = float(level), float(tilt)
    current = likelihood.value(level, tilt)
    for _ in range(MAXIMUM_STEPS):
        score, information = likelihood.derivatives(level, tilt)
        step = np.linalg.solve(information, score)
        size = 1.0
        while (trial := likelihood.value(level + size * step[0], tilt + size * step[1])) < current - 1e-12 * abs(
            current
        ):
            size /= 2
            if size < 1e-8:
                return level, tilt
        level, tilt, current = level + size * float(step[0]), tilt + size * float(step[1]), trial
        if np.abs(step).max() <= STEP_TOLERANCE:
            break
    return level, tilt
