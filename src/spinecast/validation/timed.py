"""Judging curves: one risk for every patient and day, against follow-up with censoring and competing causes.

The whole curve is judged by the concordances, the integrated Brier score and what it removes of a curve that is the
same for everybody; each horizon in :mod:`spinecast.validation.timed_horizon`. No patient stands in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    Absent,
    Estimate,
    Measure,
    compare_harrell_c,
    cumulative_incidence,
    harrell_c,
    horizon_auc,
    horizon_calibration_slope,
    integrated_brier,
    uno_c,
)
from spinecast.validation.timed_horizon import CERTAIN, NO_ORDER, HorizonJudge, TimedSettings

__all__ = ["TimedJudge", "mean_time_lost"]

FloatArray = NDArray[np.float64]
RiskAt = Callable[[Sequence[float] | FloatArray], FloatArray]

DRAWN_DAYS = 201  # days an observed curve is drawn on: steps too fine to see, and nobody's own day among few
# An AUC of fewer events has an interval from chance to certainty: it would fill a figure and say nothing.
FEWEST_EVENTS = 10


def mean_time_lost(days: FloatArray, risk: FloatArray) -> FloatArray:
    """Expected time lost to the event up to the last day, shape (n,): the area under each patient's risk.

    One number for a curve, higher for who is expected to have the event earlier: what concordances rank by.

    Parameters
    ----------
    days : ndarray, shape (m,)
        Ascending.
    risk : ndarray, shape (n, m)
    """
    whole = np.concatenate([np.zeros((len(risk), 1)), risk], axis=1)
    return np.asarray(np.trapezoid(whole, np.concatenate([[0.0], days]), axis=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class TimedJudge:
    """Follow-up of the patients judged.

    Parameters
    ----------
    time : ndarray, shape (n,)
        In days.
    cause : ndarray, shape (n,)
        0 where it was censored, 1 for the cause of interest, above for others.
    days : ndarray, shape (m,)
        Days the curves are judged at, up to the last horizon.
    settings : TimedSettings
    """

    time: FloatArray
    cause: FloatArray
    days: FloatArray
    settings: TimedSettings

    def curve(self, risk_at: RiskAt) -> dict[str, Measure]:
        """Judge whole curves."""
        risk = risk_at(self.days)
        lost, last = mean_time_lost(self.days, risk), float(self.days[-1])
        alone = not (self.cause > 1).any()
        return {
            "harrell_c": harrell_c(self.time, self.cause, lost) if alone else NO_ORDER,
            "uno_c": uno_c(self.time, self.cause, lost, last) if alone else NO_ORDER,
            "integrated_brier": integrated_brier(self.time, self.cause, risk, self.days),
            "integrated_ipa": self._removed(risk),
        }

    def at(self, day: float) -> HorizonJudge:
        """The judge of risks by one horizon."""
        return HorizonJudge(self.time, self.cause, day, self.settings)

    def again(self, rows: NDArray[np.int64], risk: FloatArray) -> dict[str, Measure]:
        """Judge what was fitted again, in some patients: of each horizon the measures end in its day.

        Parameters
        ----------
        rows : ndarray of int
            Patients, who may stand there twice.
        risk : ndarray, shape (m, days)
            Of these, on the judged days.
        """
        here = replace(self, time=self.time[rows], cause=self.cause[rows])
        lost = mean_time_lost(self.days, risk)
        found: dict[str, Measure] = {"integrated_brier": integrated_brier(here.time, here.cause, risk, self.days)}
        if not (self.cause > 1).any():
            found = {"harrell_c": harrell_c(here.time, here.cause, lost)} | found
        inside = np.clip(risk, CERTAIN, 1 - CERTAIN)
        for day in self.settings.horizons:
            at = int(np.flatnonzero(self.days == day)[0])
            found[f"horizon_auc_{day:g}"] = horizon_auc(here.time, here.cause, risk[:, at], day)
            found[f"calibration_slope_{day:g}"] = horizon_calibration_slope(
                here.time, here.cause, inside[:, at], day, scale="logit"
            )
        return found

    def auc_over_time(self, risk_at: RiskAt) -> dict[str, Any]:
        """AUC of the risk by each day, at that day, from the day on that enough patients had the event by."""
        risk = risk_at(self.days)
        found = [horizon_auc(self.time, self.cause, risk[:, at], float(day)) for at, day in enumerate(self.days)]
        known = [
            (float(day), one)
            for day, one in zip(self.days, found, strict=True)
            if isinstance(one, Estimate) and self.at(float(day)).events >= FEWEST_EVENTS
        ]
        return {
            "days": [day for day, _ in known],
            "auc": [one.estimate for _, one in known],
            "lower": [one.lower for _, one in known],
            "upper": [one.upper for _, one in known],
        }

    def observed(self, risk_at: RiskAt) -> dict[str, Any]:
        """Observed cumulative incidence beside the mean predicted risk, on the days; ``steps`` is it to be drawn.

        The days stand apart, and a step drawn only at each of them would lie beside the curve it belongs to.
        """
        drawn = np.unique(np.linspace(0, self.days[-1], DRAWN_DAYS).round())
        return self._incidence(self.days) | {
            "predicted": risk_at(self.days).mean(axis=0).tolist(),
            "steps": self._incidence(drawn),
        }

    def _incidence(self, days: FloatArray) -> dict[str, Any]:
        curve = cumulative_incidence(self.time, self.cause.astype(int), 1)
        at = np.searchsorted(curve.times, days, side="right") - 1

        def read(values: FloatArray, before: float) -> list[float | None]:
            found = np.where(at < 0, before, values[np.maximum(at, 0)])
            return [float(value) if np.isfinite(value) else None for value in found]

        return {
            "days": days.tolist(),
            "observed": read(curve.estimate, 0.0),
            "lower": read(curve.lower, np.nan),
            "upper": read(curve.upper, np.nan),
            "at_risk": [int((self.time >= day).sum()) for day in days],
        }

    def compare_concordance(self, model: FloatArray, other: FloatArray) -> Measure:
        """Difference of Harrell's C, model less other, of values that rank; absent where another event competes."""
        if (self.cause > 1).any():
            return NO_ORDER
        found = compare_harrell_c(self.time, self.cause, model, other)
        return found if isinstance(found, Absent) else found.difference

    def restricted(self, rows: NDArray[np.bool_]) -> TimedJudge:
        """The same judge of some of the patients."""
        return replace(self, time=self.time[rows], cause=self.cause[rows])

    def _removed(self, risk: FloatArray) -> Measure:
        """Share of the integrated Brier score of the observed curve, given to everybody, that the model removes."""
        model = integrated_brier(self.time, self.cause, risk, self.days)
        observed = np.asarray(self._incidence(self.days)["observed"], dtype=np.float64)
        null = integrated_brier(self.time, self.cause, np.broadcast_to(observed, risk.shape), self.days)
        if isinstance(model, Absent) or isinstance(null, Absent):
            return model if isinstance(model, Absent) else null
        share = 1 - model.estimate / null.estimate
        method = "1 less the ratio of two integrated Brier scores; no interval computed"
        return Estimate(share, None, None, model.n, model.events, method)
