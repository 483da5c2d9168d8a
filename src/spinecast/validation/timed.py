"""Judging curves: one risk for every patient and day, against follow-up with censoring and competing causes.

The whole curve is judged by the concordances, the integrated Brier score and what it removes of a curve that is the
same for everybody; each horizon by ranking, calibration and net benefit, weighted for censoring. No patient stands in
the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    Absent,
    CalibrationCurve,
    Estimate,
    Measure,
    compare_harrell_c,
    compare_horizon_auc,
    cumulative_incidence,
    decision_curve,
    harrell_c,
    horizon_auc,
    horizon_brier,
    horizon_calibration_curve,
    horizon_calibration_errors,
    horizon_calibration_groups,
    horizon_calibration_in_the_large,
    horizon_calibration_slope,
    horizon_observed_expected_ratio,
    index_of_prediction_accuracy,
    integrated_brier,
    ipcw_weights,
    uno_c,
)

__all__ = [
    "HORIZON_MEASURES",
    "JudgedRisk",
    "TimedJudge",
    "TimedSettings",
    "mean_time_lost",
    "one_day_measures",
]

FloatArray = NDArray[np.float64]
RiskAt = Callable[[Sequence[float] | FloatArray], FloatArray]

HORIZON_MEASURES = (
    "horizon_auc",
    "horizon_brier",
    "ipa",
    "calibration_in_the_large",
    "calibration_slope",
    "horizon_observed_expected_ratio",
    "ici",
    "e50",
    "e90",
    "e_max",
)
# What readers of any model's record look for, by the names it has where there is one day only.
_ONE_DAY = {
    "auc": "horizon_auc",
    "calibration_in_the_large": "calibration_in_the_large",
    "calibration_slope": "calibration_slope",
    "observed_expected_ratio": "horizon_observed_expected_ratio",
    "scaled_brier": "ipa",
    "ici": "ici",
    "e50": "e50",
    "e90": "e90",
    "e_max": "e_max",
}
# Measures candidates and comparators are compared by.
BRIEF_MEASURES = ("horizon_auc", "ipa", "calibration_slope", "horizon_observed_expected_ratio")
# Measures on the log-odds need a risk that is no certainty; rounding can make one of a risk this near to it.
CERTAIN = 1e-9
CURVE_THRESHOLDS = 41
GROUPS = 10
DRAWN_DAYS = 201  # days an observed curve is drawn on: steps too fine to see, and nobody's own day among few
# An AUC of fewer events has an interval from chance to certainty: it would fill a figure and say nothing.
FEWEST_EVENTS = 10


@dataclass(frozen=True)
class TimedSettings:
    """What is computed.

    Parameters
    ----------
    horizons : tuple of float
        Days.
    thresholds : tuple of float
        Risks at which net benefit is given.
    decision_range : tuple of float
        Lowest and highest threshold of the decision curves.
    bootstrap, seed : int
    """

    horizons: tuple[float, ...]
    thresholds: tuple[float, ...]
    decision_range: tuple[float, float]
    bootstrap: int
    seed: int


@dataclass(frozen=True, eq=False)
class JudgedRisk:
    """Risks by one horizon of patients with follow-up, or values that rank them.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN for patients without one.
    ranks_only : str
        Why they are no risks by that day, where they are not.
    """

    values: FloatArray
    ranks_only: str = ""


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
        competing = Absent("another event competes: a pair of patients cannot be put in order by one event alone")
        alone = not (self.cause > 1).any()
        return {
            "harrell_c": harrell_c(self.time, self.cause, lost) if alone else competing,
            "uno_c": uno_c(self.time, self.cause, lost, last) if alone else competing,
            "integrated_brier": integrated_brier(self.time, self.cause, risk, self.days),
            "integrated_ipa": self._removed(risk),
        }

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

    def brief(self, day: float, risk: FloatArray) -> dict[str, Any]:
        """Judge risks by one horizon by the measures that candidates are compared by: JSON values."""
        time, cause, inside = self.time, self.cause, np.clip(risk, CERTAIN, 1 - CERTAIN)
        measures: dict[str, Measure] = {
            "horizon_auc": horizon_auc(time, cause, risk, day),
            "ipa": index_of_prediction_accuracy(time, cause, risk, day),
            "calibration_slope": horizon_calibration_slope(time, cause, inside, day, scale="logit"),
            "horizon_observed_expected_ratio": horizon_observed_expected_ratio(time, cause, risk, day),
        }
        return {"day": day, "n": len(time), "events": self._events(day), "measures": _as_json(measures)}

    def horizon(self, day: float, judged: JudgedRisk) -> dict[str, Any]:
        """Judge risks by one horizon, in the patients who have one: JSON values."""
        has_it = np.isfinite(judged.values)
        if not has_it.any():
            nobody = Absent("nobody has a value").to_dict()
            return {"day": day, "n": 0, "measures": dict.fromkeys(HORIZON_MEASURES, nobody)}
        here = self.restricted(has_it)
        values = judged.values[has_it]
        auc = horizon_auc(here.time, here.cause, values, day)
        described = {"day": day, "n": int(has_it.sum()), "events": here._events(day)}
        if judged.ranks_only:
            rest = dict.fromkeys(HORIZON_MEASURES[1:], Absent(judged.ranks_only))
            return described | {"measures": _as_json({"horizon_auc": auc} | rest)}
        risk = np.clip(values, CERTAIN, 1 - CERTAIN)
        measures = {"horizon_auc": auc} | here._calibration(day, risk)
        curve = here.calibration_curve(day, risk)
        groups = horizon_calibration_groups(here.time, here.cause, risk, day, groups=GROUPS)
        return described | {
            "measures": _as_json(measures),
            "calibration_curve": curve.to_dict(),
            "calibration_groups": [group.to_dict() for group in groups],
            **here._net_benefit(day, risk),
        }

    def calibration_curve(self, day: float, risk: FloatArray) -> CalibrationCurve | Absent:
        """Smooth the observed risk by a day over the predicted one."""
        return horizon_calibration_curve(self.time, self.cause, risk, day)

    def auc_over_time(self, risk_at: RiskAt) -> dict[str, Any]:
        """AUC of the risk by each day, at that day, from the day on that enough patients had the event by."""
        risk = risk_at(self.days)
        found = [horizon_auc(self.time, self.cause, risk[:, at], float(day)) for at, day in enumerate(self.days)]
        known = [
            (float(day), one)
            for day, one in zip(self.days, found, strict=True)
            if isinstance(one, Estimate) and self._events(float(day)) >= FEWEST_EVENTS
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

    def compare(self, day: float, model: FloatArray, other: FloatArray) -> Measure:
        """Difference of AUC at a horizon, model less other, paired in the patients who have both."""
        both = np.isfinite(model) & np.isfinite(other)
        if not both.any():
            return Absent("no patient has both")
        here = self.restricted(both)
        found = compare_horizon_auc(here.time, here.cause, model[both], other[both], day)
        return found if isinstance(found, Absent) else found.difference

    def compare_concordance(self, model: FloatArray, other: FloatArray) -> Measure:
        """Difference of Harrell's C, model less other, of values that rank; absent where another event competes."""
        if (self.cause > 1).any():
            return Absent("another event competes: a pair of patients cannot be put in order by one event alone")
        found = compare_harrell_c(self.time, self.cause, model, other)
        return found if isinstance(found, Absent) else found.difference

    def restricted(self, rows: NDArray[np.bool_]) -> TimedJudge:
        """The same judge of some of the patients."""
        return replace(self, time=self.time[rows], cause=self.cause[rows])

    def beside(self, day: float, own: FloatArray, judged: JudgedRisk) -> dict[str, Any]:
        """Judge what is set beside risks `own` by one horizon, shape (n,): JSON values.

        The measures are those candidates are compared by, in the patients who have a value, and the paired difference
        of AUC.
        """
        has_it = np.isfinite(judged.values)
        difference = self.compare(day, own, judged.values).to_dict()
        if not has_it.any():
            nobody = Absent("nobody has a value").to_dict()
            return {"day": day, "n": 0, "measures": dict.fromkeys(BRIEF_MEASURES, nobody), "difference": difference}
        here = self.restricted(has_it)
        found = here.brief(day, judged.values[has_it]) if not judged.ranks_only else here._ranking(day, judged, has_it)
        return found | {"difference": difference}

    def _ranking(self, day: float, judged: JudgedRisk, has_it: NDArray[np.bool_]) -> dict[str, Any]:
        measures: dict[str, Measure] = dict.fromkeys(BRIEF_MEASURES, Absent(judged.ranks_only))
        measures["horizon_auc"] = horizon_auc(self.time, self.cause, judged.values[has_it], day)
        return {"day": day, "n": len(self.time), "events": self._events(day), "measures": _as_json(measures)}

    def group(self, day: float, risk: FloatArray, lost: FloatArray) -> dict[str, Measure]:
        """Judge risks by one horizon, and mean times lost, in a group of patients: the measures of subgroups."""
        time, cause, inside = self.time, self.cause, np.clip(risk, CERTAIN, 1 - CERTAIN)
        competing = Absent("another event competes: a pair of patients cannot be put in order by one event alone")
        return {
            "auc": horizon_auc(time, cause, risk, day),
            "scaled_brier": index_of_prediction_accuracy(time, cause, risk, day),
            "calibration_in_the_large": horizon_calibration_in_the_large(time, cause, inside, day, scale="logit"),
            "calibration_slope": horizon_calibration_slope(time, cause, inside, day, scale="logit"),
            "observed_expected_ratio": horizon_observed_expected_ratio(time, cause, risk, day),
            "harrell_c": competing if (cause > 1).any() else harrell_c(time, cause, lost),
        }

    def _events(self, day: float) -> int:
        return int(((self.cause == 1) & (self.time <= day)).sum())

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

    def _calibration(self, day: float, risk: FloatArray) -> dict[str, Measure]:
        time, cause = self.time, self.cause
        errors = horizon_calibration_errors(
            time, cause, risk, day, bootstrap=self.settings.bootstrap, seed=self.settings.seed
        )
        distances: dict[str, Measure] = (
            dict.fromkeys(("ici", "e50", "e90", "e_max"), errors)
            if isinstance(errors, Absent)
            else {"ici": errors.ici, "e50": errors.e50, "e90": errors.e90, "e_max": errors.e_max}
        )
        return {
            "horizon_brier": horizon_brier(time, cause, risk, day),
            "ipa": index_of_prediction_accuracy(time, cause, risk, day),
            "calibration_in_the_large": horizon_calibration_in_the_large(time, cause, risk, day, scale="logit"),
            "calibration_slope": horizon_calibration_slope(time, cause, risk, day, scale="logit"),
            "horizon_observed_expected_ratio": horizon_observed_expected_ratio(time, cause, risk, day),
            **distances,
        }

    def _net_benefit(self, day: float, risk: FloatArray) -> dict[str, Any]:
        settings = self.settings
        try:
            weights = ipcw_weights(self.time, (self.cause > 0).astype(np.float64), day)
        except ValueError as error:
            absent = Absent(str(error)).to_dict()
            return {"decision_curve": absent, "net_benefit": absent}
        outcome = ((self.cause == 1) & (self.time <= day)).astype(np.float64)
        weighted = None if np.allclose(weights, 1.0) else weights
        along = np.linspace(*settings.decision_range, CURVE_THRESHOLDS)

        def benefit(thresholds: Sequence[float] | FloatArray) -> dict[str, Any]:
            found = decision_curve(
                outcome, risk, thresholds, weighted, bootstrap=settings.bootstrap, seed=settings.seed
            )
            return found.to_dict()

        return {"decision_curve": benefit(along), "net_benefit": benefit(settings.thresholds)}


def one_day_measures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Measures of one horizon under the names they have where there is one day only, each saying the day.

    Parameters
    ----------
    found : mapping
        Of :meth:`TimedJudge.horizon`.
    """
    words, measures = f"by day {found['day']:g}", found["measures"]
    return {
        name: measures[own]
        if "absent" in measures[own]
        else measures[own] | {"method": f"{words}: {measures[own]['method']}"}
        for name, own in _ONE_DAY.items()
    }


def _as_json(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {name: measure.to_dict() for name, measure in measures.items()}
