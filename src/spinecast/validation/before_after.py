"""A model before and after its update, in patients it was neither developed nor updated on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from spinecast.statistics import Measure, compare_loss, compare_net_benefit
from spinecast.validation.comparing import Comparator, compare
from spinecast.validation.evaluating import evaluate
from spinecast.validation.evaluation import CohortIdentity, Evaluation, OutcomeLabel
from spinecast.validation.net_benefit import ThresholdBenefit, net_benefit_at
from spinecast.validation.predictions import Predictions
from spinecast.validation.survival import FollowedRisk

__all__ = ["BeforeAfter", "judge_update"]


class _Resampling(TypedDict):
    bootstrap: int
    seed: int


class _Settings(_Resampling):
    decision_range: tuple[float, float]


@dataclass(frozen=True, eq=False)
class BeforeAfter:
    """Both models in the same patients.

    Parameters
    ----------
    before, after : Evaluation
        After has before among its comparators.
    differences : dict of str to Estimate or Absent
        After less before, paired by patient: ``auc``, ``brier``, ``log_loss``.
    net_benefit_differences : tuple of (float, Estimate or Absent)
        The same of net benefit, by threshold.
    net_benefit : tuple of ThresholdBenefit
        After the update.
    """

    before: Evaluation
    after: Evaluation
    differences: dict[str, Measure]
    net_benefit_differences: tuple[tuple[float, Measure], ...]
    net_benefit: tuple[ThresholdBenefit, ...]

    def parts(self) -> dict[str, Any]:
        """Return everything but the evaluation after the update as JSON values."""
        return {
            "before": self.before.to_dict(),
            "differences": {name: measure.to_dict() for name, measure in self.differences.items()},
            "net_benefit_differences": [
                {"threshold": threshold, **measure.to_dict()} for threshold, measure in self.net_benefit_differences
            ],
            "net_benefit": [one.to_dict() for one in self.net_benefit],
        }


def judge_update(
    before: Predictions,
    after: Predictions,
    *,
    names: tuple[str, str],
    labels: tuple[str, str],
    outcome: OutcomeLabel,
    cohort: CohortIdentity,
    thresholds: Sequence[float],
    decision_range: tuple[float, float],
    bootstrap: int,
    seed: int,
    horizon_days: float | None,
    followed: FollowedRisk | None = None,
) -> BeforeAfter:
    """Evaluate a model before and after its update in the same patients, and the paired differences.

    Parameters
    ----------
    before, after : Predictions
        Of the same patients in the same order.
    names, labels : (str, str)
        Identifiers and words, before and after.
    outcome : OutcomeLabel
    cohort : CohortIdentity
        The patients set apart.
    thresholds : sequence of float
        Risks at which one might act.
    decision_range : tuple of float
        Ends of the decision curve.
    bootstrap, seed : int
        Resamples of intervals without a formula, and their seed.
    horizon_days : float or None
    followed : FollowedRisk, optional
        The patients' follow-up with the risks after the update, where they are weighted for its censoring.

    Raises
    ------
    ValueError
        If the predictions are apparent, or not of the same patients.
    """
    settings = _Settings(decision_range=decision_range, bootstrap=bootstrap, seed=seed)
    each = [
        evaluate(
            predictions,
            model=name,
            label=label,
            outcome=outcome,
            cohort=cohort,
            thresholds=thresholds,
            followed=None if followed is None else followed.with_risk(predictions.risk),
            **settings,
        )
        for predictions, name, label in zip((before, after), names, labels, strict=True)
    ]
    rival = compare(
        after,
        Comparator(names[0], labels[0], before.risk, horizon_days),
        horizon_days=horizon_days,
        followed=followed,
        **settings,
    )
    resampled = _Resampling(bootstrap=bootstrap, seed=seed)
    pair = (after.outcome, after.risk, before.risk)
    return BeforeAfter(
        before=each[0],
        after=each[1].attach(comparators=(rival,)),
        differences={
            "auc": rival.auc_difference,
            "brier": compare_loss(*pair, "brier", after.weights, **resampled),
            "log_loss": compare_loss(*pair, "log_loss", after.weights, **resampled),
        },
        net_benefit_differences=tuple(
            (threshold, compare_net_benefit(*pair, threshold, after.weights, **resampled)) for threshold in thresholds
        ),
        net_benefit=net_benefit_at(after, thresholds, **resampled),
    )
