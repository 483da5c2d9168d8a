"""Judging predicted distributions of a measured quantity; no patient stands in the result.

Quantiles are judged by pinball loss and by how many values lie below them, intervals by coverage and width, the chance
of passing each threshold as any risk: by ranking, calibration and the Brier score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.quantiles.quantile_function import QuantileFunction
from spinecast.statistics import (
    Absent,
    Measure,
    auc,
    decision_curve,
    interval_coverage,
    mean_absolute_error,
    mean_interval_width,
    mean_with_interval,
    pinball_loss,
    pinball_losses,
    pinball_skill,
    share_below,
)
from spinecast.validation.threshold import CERTAIN, as_json, judge_threshold, threshold_again

__all__ = ["COVERAGES", "QuantityJudge"]

FloatArray = NDArray[np.float64]

COVERAGES = (0.5, 0.8, 0.9)
# Levels at which quantiles are compared with the share of values below them, for the reliability figure.
RELIABILITY_LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
GROUPS = 10


@dataclass(frozen=True, eq=False)
class QuantityJudge:
    """Measured values of the patients judged.

    Parameters
    ----------
    values : ndarray, shape (n,)
        In the canonical unit.
    thresholds : tuple of float
    """

    values: FloatArray
    thresholds: tuple[float, ...]

    def brief(self, found: QuantileFunction) -> dict[str, Any]:
        """Judge by the measures that candidates are compared by: JSON values."""
        measures = self._overall(found)
        measures |= {f"coverage_{100 * share:.0f}": self._coverage(found, share) for share in COVERAGES}
        for threshold in self.thresholds:
            measures[f"auc_at_{threshold:g}"] = self._auc(found, threshold)
        return as_json(measures)

    def whole(self, found: QuantileFunction) -> dict[str, Any]:
        """Judge every quantile, interval and threshold: JSON values."""
        quantiles = found.quantiles()
        return {
            "measures": self.brief(found),
            "quantiles": [
                {
                    "level": float(level),
                    "pinball": pinball_loss(self.values, quantiles[:, at], float(level)).to_dict(),
                    "skill": pinball_skill(self.values, quantiles[:, [at]], [float(level)]).to_dict(),
                    "share_below": share_below(self.values, quantiles[:, at]).to_dict(),
                }
                for at, level in enumerate(found.levels)
            ],
            "intervals": [self._interval(found, share) for share in COVERAGES],
            "reliability": [
                {
                    "level": level,
                    "share_below": share_below(self.values, found.quantiles([level])[:, 0]).to_dict(),
                }
                for level in RELIABILITY_LEVELS
            ],
            "thresholds": [self._threshold(found, threshold) for threshold in self.thresholds],
            "observed_by_predicted": self._by_predicted(found),
        }

    def group(self, found: QuantileFunction) -> dict[str, Measure]:
        """Judge a group of patients: the measures of subgroups."""
        coverage = {f"coverage_{100 * share:.0f}": self._coverage(found, share) for share in COVERAGES}
        return self._overall(found) | coverage

    def again(self, rows: NDArray[np.int64], found: QuantileFunction) -> dict[str, Measure]:
        """Judge what was fitted again, in some patients: of each threshold the measures end in it.

        Parameters
        ----------
        rows : ndarray of int
            Patients, who may stand there twice.
        found : QuantileFunction
            Of these.
        """
        here = replace(self, values=self.values[rows])
        measures = here.group(found)
        for threshold in self.thresholds:
            for name, measure in threshold_again(
                here._happened(threshold), found.exceedance([threshold])[:, 0]
            ).items():
                measures[f"{name}_at_{threshold:g}"] = measure
        return measures

    def usefulness(
        self,
        found: QuantileFunction,
        threshold: float,
        risks: Sequence[float],
        along: Sequence[float],
        *,
        bootstrap: int,
        seed: int,
    ) -> dict[str, Any]:
        """Net benefit of acting on the chance of reaching a threshold: JSON values.

        Parameters
        ----------
        found : QuantileFunction
        threshold : float
        risks : sequence of float
            Chances at which net benefit is given.
        along : sequence of float
            Chances of the decision curve.
        bootstrap, seed : int
            Of intervals without a formula.
        """
        happened = self._happened(threshold)
        if not 0 < happened.sum() < len(happened):
            absent = Absent("nobody reached it" if not happened.any() else "everybody reached it").to_dict()
            return {"decision_curve": absent, "net_benefit": absent}
        risk = np.clip(found.exceedance([threshold])[:, 0], CERTAIN, 1 - CERTAIN)
        curves = [decision_curve(happened, risk, at, bootstrap=bootstrap, seed=seed) for at in (along, risks)]
        return {"decision_curve": curves[0].to_dict(), "net_benefit": curves[1].to_dict()}

    def _overall(self, found: QuantileFunction) -> dict[str, Measure]:
        quantiles = found.quantiles()
        losses = pinball_losses(self.values, quantiles, found.levels).mean(axis=1)
        return {
            "mean_pinball_loss": mean_with_interval(losses),
            "pinball_skill": pinball_skill(self.values, quantiles, found.levels),
            "mean_absolute_error": mean_absolute_error(self.values, found.median()),
        }

    def _coverage(self, found: QuantileFunction, share: float) -> Measure:
        return interval_coverage(self.values, *found.interval(share))

    def _interval(self, found: QuantileFunction, share: float) -> dict[str, Any]:
        lower, upper = found.interval(share)
        measures = {
            "coverage": interval_coverage(self.values, lower, upper),
            "width": mean_interval_width(lower, upper),
        }
        return {"stated": share, **as_json(measures)}

    def _happened(self, threshold: float) -> FloatArray:
        return (self.values >= threshold).astype(np.float64)

    def _auc(self, found: QuantileFunction, threshold: float) -> Measure:
        return auc(self._happened(threshold), found.exceedance([threshold])[:, 0])

    def _threshold(self, found: QuantileFunction, threshold: float) -> dict[str, Any]:
        found_at = judge_threshold(self._happened(threshold), found.exceedance([threshold])[:, 0])
        return {"threshold": threshold, **found_at}

    def _by_predicted(self, found: QuantileFunction) -> list[dict[str, Any]]:
        """Quartiles of the observed values beside the mean predicted ones, by tenth of the predicted median."""
        median, (lower, upper) = found.median(), found.interval(0.5)
        rank = np.argsort(np.argsort(median, kind="stable"), kind="stable")
        group = rank * min(GROUPS, len(median)) // len(median)
        rows = []
        for number in np.unique(group):
            own = group == number
            observed = np.quantile(self.values[own], (0.25, 0.5, 0.75))
            rows.append(
                {
                    "n": int(own.sum()),
                    "predicted_median": float(np.median(median[own])),
                    "predicted_lower": float(np.median(lower[own])),
                    "predicted_upper": float(np.median(upper[own])),
                    "observed_lower": float(observed[0]),
                    "observed_median": float(observed[1]),
                    "observed_upper": float(observed[2]),
                }
            )
        return rows
