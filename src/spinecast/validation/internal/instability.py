"""How far the risk of one patient depends on who happened to be among the development patients.

Models of bootstrap resamples predict all original patients; where their risks for the same patient scatter, the final
model's risk is one draw of many (Riley & Collins 2023, Biom J 65:2200302). What is kept are groups of patients of like
risk, never a patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import Absent, CalibrationCurve, flexible_calibration
from spinecast.validation.internal.optimism import Tuning
from spinecast.validation.predictions import Predictions

__all__ = ["Instability", "InstabilityGroup", "ThresholdInstability", "groups_by_risk", "instability"]

FloatArray = NDArray[np.float64]

GROUPS = 20
"""Groups of patients of like risk at most; each holds at least :data:`FEWEST_TOGETHER`."""
FEWEST_TOGETHER = 10
CURVE_POINTS = 41
CURVES = 100
"""Calibration curves kept at most: more lines are not told apart in a figure."""


@dataclass(frozen=True)
class InstabilityGroup:
    """Patients of like risk.

    Parameters
    ----------
    n : int
        Patients.
    risk : float
        Their mean risk by the final model.
    lower, lower_quartile, median, upper_quartile, upper : float
        Means over the patients of the 2.5, 25, 50, 75 and 97.5 % points of each one's risks by the models of resamples.
    absolute_error : float
        Their mean absolute prediction error.
    changed : tuple of float
        Share of patient and model pairs on the other side of each threshold than the final model.
    """

    n: int
    risk: float
    lower: float
    lower_quartile: float
    median: float
    upper_quartile: float
    upper: float
    absolute_error: float
    changed: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON-ready values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"changed": list(self.changed)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> InstabilityGroup:
        """Rebuild a group from :meth:`to_dict`."""
        return cls(**{**value, "changed": tuple(value["changed"])})


@dataclass(frozen=True)
class ThresholdInstability:
    """How often a model of other patients would decide otherwise at a threshold.

    Parameters
    ----------
    threshold : float
    changed : float
        Mean over patients of the share of models that put them on the other side: the classification instability index.
    often_changed : float
        Share of patients whom more than one model in ten puts on the other side.
    """

    threshold: float
    changed: float
    often_changed: float

    def to_dict(self) -> dict[str, float]:
        """Return the threshold as JSON-ready values."""
        return {"threshold": self.threshold, "changed": self.changed, "often_changed": self.often_changed}


@dataclass(frozen=True)
class Instability:
    """The scatter of risks over models of resamples.

    Parameters
    ----------
    n, models : int
        Patients, and models of resamples.
    tuning : {"fixed", "repeated"}
        Whether the search over parameters was repeated for each model.
    mean_absolute_error : float
        Mean over patients of the mean absolute prediction error: of the distance between a patient's risk by a model
        of a resample and by the final model.
    absolute_error_median, absolute_error_90th : float
        Half, and nine tenths, of the patients have a smaller one.
    groups : tuple of InstabilityGroup
        By risk, ascending.
    thresholds : tuple of ThresholdInstability
    calibration : tuple of CalibrationCurve
        Of the models of resamples in the original patients, without bands. The patients are partly the models' own, so
        that only their scatter tells anything.
    """

    n: int
    models: int
    tuning: Tuning
    mean_absolute_error: float
    absolute_error_median: float
    absolute_error_90th: float
    groups: tuple[InstabilityGroup, ...]
    thresholds: tuple[ThresholdInstability, ...]
    calibration: tuple[CalibrationCurve, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the instability as JSON-ready values: groups, no patients."""
        return {
            "n": self.n,
            "models": self.models,
            "tuning": self.tuning,
            "mean_absolute_error": self.mean_absolute_error,
            "absolute_error_median": self.absolute_error_median,
            "absolute_error_90th": self.absolute_error_90th,
            "groups": [group.to_dict() for group in self.groups],
            "thresholds": [one.to_dict() for one in self.thresholds],
            "calibration": [curve.to_dict() for curve in self.calibration],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Instability:
        """Rebuild an instability from :meth:`to_dict`."""
        return cls(
            n=value["n"],
            models=value["models"],
            tuning=value["tuning"],
            mean_absolute_error=value["mean_absolute_error"],
            absolute_error_median=value["absolute_error_median"],
            absolute_error_90th=value["absolute_error_90th"],
            groups=tuple(InstabilityGroup.from_dict(one) for one in value["groups"]),
            thresholds=tuple(ThresholdInstability(**one) for one in value["thresholds"]),
            calibration=tuple(CalibrationCurve.from_dict(one) for one in value["calibration"]),
        )


def instability(
    final: Predictions, risks: Sequence[FloatArray], thresholds: Sequence[float], *, tuning: Tuning
) -> Instability | Absent:
    """Measure how the risks of the same patients scatter over models of resamples.

    Parameters
    ----------
    final : Predictions
        Of the final model for its own patients.
    risks : sequence of ndarray, shape (n,)
        Of the same patients by the model of each resample.
    thresholds : sequence of float
        Risks at which a plan may change.
    tuning : {"fixed", "repeated"}

    Returns
    -------
    Instability or Absent
        Absent with fewer than two models.
    """
    if len(risks) < 2:
        return Absent("fewer than two models of resamples could be fitted")
    drawn = np.asarray(risks)
    errors = np.abs(drawn - final.risk).mean(axis=0)
    points = np.quantile(drawn, (0.025, 0.25, 0.5, 0.75, 0.975), axis=0)
    at = np.asarray(thresholds, dtype=np.float64)
    changed = np.stack([((drawn >= one) != (final.risk >= one)).mean(axis=0) for one in at])
    groups = []
    for members in groups_by_risk(final.risk):
        lower, lower_quartile, median, upper_quartile, upper = points[:, members].mean(axis=1).tolist()
        groups.append(
            InstabilityGroup(
                n=len(members),
                risk=float(final.risk[members].mean()),
                lower=lower,
                lower_quartile=lower_quartile,
                median=median,
                upper_quartile=upper_quartile,
                upper=upper,
                absolute_error=float(errors[members].mean()),
                changed=tuple(changed[:, members].mean(axis=1).tolist()),
            )
        )
    return Instability(
        n=final.risk.size,
        models=len(drawn),
        tuning=tuning,
        mean_absolute_error=float(errors.mean()),
        absolute_error_median=float(np.quantile(errors, 0.5)),
        absolute_error_90th=float(np.quantile(errors, 0.9)),
        groups=tuple(groups),
        thresholds=tuple(
            ThresholdInstability(float(one), float(shares.mean()), float((shares > 0.1).mean()))
            for one, shares in zip(at, changed, strict=True)
        ),
        calibration=_curves(final, drawn[:CURVES]),
    )


def groups_by_risk(risk: FloatArray) -> list[NDArray[np.intp]]:
    """Part patients into groups of like risk, ascending, as their row numbers: no group is a patient."""
    count = max(1, min(GROUPS, risk.size // FEWEST_TOGETHER))
    return np.array_split(np.argsort(risk, kind="stable"), count)


def _curves(final: Predictions, drawn: FloatArray) -> tuple[CalibrationCurve, ...]:
    curves = (
        flexible_calibration(final.outcome, risk, final.weights, points=CURVE_POINTS, bootstrap=0) for risk in drawn
    )
    # The band is that of one model and says nothing about the scatter over models.
    return tuple(
        CalibrationCurve(curve.predicted, curve.observed, None, None, curve.method.partition(";")[0])
        for curve in curves
        if isinstance(curve, CalibrationCurve)
    )
