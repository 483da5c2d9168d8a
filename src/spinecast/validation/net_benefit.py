"""Net benefit at named thresholds, against treating everybody and treating nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spinecast.statistics import DecisionCurve, Estimate, Measure, compare_net_benefit, decision_curve
from spinecast.validation.large_cohorts import in_parts, merge_curve, merge_measure
from spinecast.validation.predictions import Predictions

__all__ = ["ThresholdBenefit", "net_benefit_at"]


@dataclass(frozen=True)
class ThresholdBenefit:
    """Net benefit of acting at one threshold; acting on nobody has net benefit 0.

    Parameters
    ----------
    threshold : float
    net_benefit : Estimate
        Of acting on those at or above the threshold.
    treat_all : float
        Of acting on everybody.
    over_treat_all : Estimate or Absent
        Net benefit less that of acting on everybody, paired by patient.
    """

    threshold: float
    net_benefit: Estimate
    treat_all: float
    over_treat_all: Measure

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "threshold": self.threshold,
            **self.net_benefit.to_dict(),
            "treat_all": self.treat_all,
            "treat_none": 0,
            "over_treat_all": self.over_treat_all.to_dict(),
        }


def net_benefit_at(
    predictions: Predictions, thresholds: Sequence[float], *, bootstrap: int, seed: int
) -> tuple[ThresholdBenefit, ...]:
    """Compute net benefit at some thresholds and its gain over acting on everybody.

    Parameters
    ----------
    predictions : Predictions
        Out-of-sample predictions.
    thresholds : sequence of float
        Strictly between 0 and 1.
    bootstrap, seed : int
        Resamples and their seed, used with weights only.

    Raises
    ------
    ValueError
        If the predictions are apparent or a threshold is none.
    """
    predictions.require_out_of_sample("net benefit")
    if not thresholds:
        return ()

    def compute(these: Predictions, replicates: int) -> DecisionCurve:
        return decision_curve(
            these.outcome, these.risk, tuple(thresholds), these.weights, bootstrap=replicates, seed=seed
        )

    curve = in_parts(compute, merge_curve, predictions, bootstrap=bootstrap, seed=seed)
    lower, upper = curve.lower or [None] * len(thresholds), curve.upper or [None] * len(thresholds)
    return tuple(
        ThresholdBenefit(
            threshold=threshold,
            net_benefit=Estimate(
                curve.net_benefit[place], lower[place], upper[place], predictions.n, predictions.events, curve.method
            ),
            treat_all=curve.treat_all[place],
            over_treat_all=_over_all(predictions, threshold, bootstrap, seed),
        )
        for place, threshold in enumerate(thresholds)
    )


def _over_all(predictions: Predictions, threshold: float, bootstrap: int, seed: int) -> Measure:
    def compute(these: Predictions, replicates: int) -> Measure:
        return compare_net_benefit(
            these.outcome, these.risk, "treat_all", threshold, these.weights, bootstrap=replicates, seed=seed
        )

    return in_parts(compute, merge_measure, predictions, bootstrap=bootstrap, seed=seed)
