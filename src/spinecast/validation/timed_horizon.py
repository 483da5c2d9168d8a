"""Judging risks by one day against follow-up: ranking, calibration and net benefit, weighted for censoring.

No patient stands in the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    Absent,
    CalibrationCurve,
    Measure,
    compare_horizon_auc,
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
    ipcw_weights,
)

__all__ = ["CERTAIN", "HORIZON_MEASURES", "NO_ORDER", "HorizonJudge", "JudgedRisk", "TimedSettings", "one_day_measures"]

FloatArray = NDArray[np.float64]

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
# Why there is no concordance where another event competes.
NO_ORDER = Absent("another event competes: a pair of patients cannot be put in order by one event alone")


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


@dataclass(frozen=True, eq=False)
class HorizonJudge:
    """Follow-up of the patients judged, read at one day.

    Parameters
    ----------
    time : ndarray, shape (n,)
        In days.
    cause : ndarray, shape (n,)
        0 where it was censored, 1 for the cause of interest, above for others.
    day : float
    settings : TimedSettings
    """

    time: FloatArray
    cause: FloatArray
    day: float
    settings: TimedSettings

    @property
    def events(self) -> int:
        """Patients known to have had the event by the day."""
        return int(((self.cause == 1) & (self.time <= self.day)).sum())

    def restricted(self, rows: NDArray[np.bool_]) -> HorizonJudge:
        """The same judge of some of the patients."""
        return replace(self, time=self.time[rows], cause=self.cause[rows])

    def whole(self, judged: JudgedRisk) -> dict[str, Any]:
        """Judge risks by every measure, in the patients who have one: JSON values."""
        has_it = np.isfinite(judged.values)
        if not has_it.any():
            nobody = Absent("nobody has a value").to_dict()
            return {"day": self.day, "n": 0, "measures": dict.fromkeys(HORIZON_MEASURES, nobody)}
        here = self.restricted(has_it)
        values = judged.values[has_it]
        auc = horizon_auc(here.time, here.cause, values, self.day)
        described = {"day": self.day, "n": int(has_it.sum()), "events": here.events}
        if judged.ranks_only:
            rest = dict.fromkeys(HORIZON_MEASURES[1:], Absent(judged.ranks_only))
            return described | {"measures": _as_json({"horizon_auc": auc} | rest)}
        risk = np.clip(values, CERTAIN, 1 - CERTAIN)
        measures = {"horizon_auc": auc} | here._calibration(risk)
        curve = here.calibration_curve(risk)
        groups = horizon_calibration_groups(here.time, here.cause, risk, self.day, groups=GROUPS)
        return described | {
            "measures": _as_json(measures),
            "calibration_curve": curve.to_dict(),
            "calibration_groups": [group.to_dict() for group in groups],
            **here._net_benefit(risk),
        }

    def brief(self, risk: FloatArray) -> dict[str, Any]:
        """Judge risks by the measures that candidates are compared by: JSON values."""
        time, cause, inside = self.time, self.cause, np.clip(risk, CERTAIN, 1 - CERTAIN)
        measures: dict[str, Measure] = {
            "horizon_auc": horizon_auc(time, cause, risk, self.day),
            "ipa": index_of_prediction_accuracy(time, cause, risk, self.day),
            "calibration_slope": horizon_calibration_slope(time, cause, inside, self.day, scale="logit"),
            "horizon_observed_expected_ratio": horizon_observed_expected_ratio(time, cause, risk, self.day),
        }
        return {"day": self.day, "n": len(time), "events": self.events, "measures": _as_json(measures)}

    def beside(self, own: FloatArray, judged: JudgedRisk) -> dict[str, Any]:
        """Judge what is set beside risks `own`, shape (n,): JSON values.

        The measures are those candidates are compared by, in the patients who have a value, and the paired difference
        of AUC.
        """
        has_it = np.isfinite(judged.values)
        difference = self.compare(own, judged.values).to_dict()
        if not has_it.any():
            nobody = Absent("nobody has a value").to_dict()
            return {
                "day": self.day,
                "n": 0,
                "measures": dict.fromkeys(BRIEF_MEASURES, nobody),
                "difference": difference,
            }
        here = self.restricted(has_it)
        found = here.brief(judged.values[has_it]) if not judged.ranks_only else here._ranking(judged, has_it)
        return found | {"difference": difference}

    def group(self, risk: FloatArray, lost: FloatArray) -> dict[str, Measure]:
        """Judge risks, and mean times lost, in a group of patients: the measures of subgroups."""
        time, cause, inside = self.time, self.cause, np.clip(risk, CERTAIN, 1 - CERTAIN)
        return {
            "auc": horizon_auc(time, cause, risk, self.day),
            "scaled_brier": index_of_prediction_accuracy(time, cause, risk, self.day),
            "calibration_in_the_large": horizon_calibration_in_the_large(time, cause, inside, self.day, scale="logit"),
            "calibration_slope": horizon_calibration_slope(time, cause, inside, self.day, scale="logit"),
            "observed_expected_ratio": horizon_observed_expected_ratio(time, cause, risk, self.day),
            "harrell_c": NO_ORDER if (cause > 1).any() else harrell_c(time, cause, lost),
        }

    def compare(self, model: FloatArray, other: FloatArray) -> Measure:
        """Difference of AUC, model less other, paired in the patients who have both."""
        both = np.isfinite(model) & np.isfinite(other)
        if not both.any():
            return Absent("no patient has both")
        here = self.restricted(both)
        found = compare_horizon_auc(here.time, here.cause, model[both], other[both], self.day)
        return found if isinstance(found, Absent) else found.difference

    def calibration_curve(self, risk: FloatArray) -> CalibrationCurve | Absent:
        """Smooth the observed risk over the predicted one."""
        return horizon_calibration_curve(self.time, self.cause, risk, self.day)

    def _calibration(self, risk: FloatArray) -> dict[str, Measure]:
        time, cause = self.time, self.cause
        errors = horizon_calibration_errors(
            time, cause, risk, self.day, bootstrap=self.settings.bootstrap, seed=self.settings.seed
        )
        distances: dict[str, Measure] = (
            dict.fromkeys(("ici", "e50", "e90", "e_max"), errors)
            if isinstance(errors, Absent)
            else {"ici": errors.ici, "e50": errors.e50, "e90": errors.e90, "e_max": errors.e_max}
        )
        return {
            "horizon_brier": horizon_brier(time, cause, risk, self.day),
            "ipa": index_of_prediction_accuracy(time, cause, risk, self.day),
            "calibration_in_the_large": horizon_calibration_in_the_large(time, cause, risk, self.day, scale="logit"),
            "calibration_slope": horizon_calibration_slope(time, cause, risk, self.day, scale="logit"),
            "horizon_observed_expected_ratio": horizon_observed_expected_ratio(time, cause, risk, self.day),
            **distances,
        }

    def _net_benefit(self, risk: FloatArray) -> dict[str, Any]:
        settings = self.settings
        try:
            weights = ipcw_weights(self.time, (self.cause > 0).astype(np.float64), self.day)
        except ValueError as error:
            absent = Absent(str(error)).to_dict()
            return {"decision_curve": absent, "net_benefit": absent}
        outcome = ((self.cause == 1) & (self.time <= self.day)).astype(np.float64)
        weighted = None if np.allclose(weights, 1.0) else weights
        along = np.linspace(*settings.decision_range, CURVE_THRESHOLDS)

        def benefit(thresholds: Sequence[float] | FloatArray) -> dict[str, Any]:
            found = decision_curve(
                outcome, risk, thresholds, weighted, bootstrap=settings.bootstrap, seed=settings.seed
            )
            return found.to_dict()

        return {"decision_curve": benefit(along), "net_benefit": benefit(settings.thresholds)}

    def _ranking(self, judged: JudgedRisk, has_it: NDArray[np.bool_]) -> dict[str, Any]:
        measures: dict[str, Measure] = dict.fromkeys(BRIEF_MEASURES, Absent(judged.ranks_only))
        measures["horizon_auc"] = horizon_auc(self.time, self.cause, judged.values[has_it], self.day)
        return {"day": self.day, "n": len(self.time), "events": self.events, "measures": _as_json(measures)}


def one_day_measures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Measures of one horizon under the names they have where there is one day only, each saying the day.

    Parameters
    ----------
    found : mapping
        Of :meth:`HorizonJudge.whole`.
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
