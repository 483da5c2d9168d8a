"""A model of times or of a quantity before and after its update, in patients of neither development nor update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.loading import TimedModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.statistics import Absent, Measure, compare_loss, compare_pinball, ipcw_weights, measure_from_dict
from spinecast.validation.checks import Checklist, Result, check_worse_after_update
from spinecast.validation.external_plan import QuantityPlan, TimesPlan
from spinecast.validation.external_quantity import checked_chance, judge_quantiles, predicted_quantiles
from spinecast.validation.external_times import (
    PredictedCurves,
    checked_day,
    checked_risk,
    judge_curves,
    judge_of,
)
from spinecast.validation.risk_sources import cohort_columns
from spinecast.validation.scored_patients import Say, ScoredPatients
from spinecast.validation.timed import CERTAIN, TimedJudge

__all__ = ["JudgedUpdate", "judge_quantity_update", "judge_times_update"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JudgedUpdate:
    """Both models in the same patients: JSON values.

    Parameters
    ----------
    before, after : dict
        Evaluations in the form of a validation's.
    differences : list of dict
        After less before, paired by patient: by horizon, or by level.
    checklist : Checklist
    """

    before: dict[str, Any]
    after: dict[str, Any]
    differences: list[dict[str, Any]]
    checklist: Checklist

    def parts(self) -> dict[str, Any]:
        """Return everything but the evaluation after the update."""
        return {
            "before": self.before,
            "differences": self.differences,
            "net_benefit_differences": [],
            "net_benefit": [],
            **self.checklist.to_dict(),
        }


def judge_times_update(
    plan: TimesPlan, before: TimedModel, first: tuple[Result, ...], *, changed: bool, say: Say
) -> JudgedUpdate:
    """Judge curves before and after their update.

    Parameters
    ----------
    plan : TimesPlan
        Of the updated model on the patients set apart.
    before : TimeToEventModel or CompetingRisksModel
    first : tuple of Result
        The checks that need no prediction.
    changed : bool
        Whether the update changed anything.
    say : callable
    """
    at, times = plan.at_day, plan.times
    columns = {name: column[times.rows] for name, column in cohort_columns(at.cohort).items()}
    old, new = PredictedCurves.of(before, columns), PredictedCurves.of(plan.model, columns)
    judge = judge_of(times, new, plan.horizons, at.settings)
    day = checked_day(plan)
    earlier = judge_curves(judge, old, times, label="Before the update", day=day, say=say)
    later = judge_curves(judge, new, times, label=at.source.label, day=day, say=say)
    differences = [_difference(judge, horizon, new, old) for horizon in plan.horizons]
    loss = next(one["log_loss"] for one in differences if one["day"] == day)
    worse = check_worse_after_update(measure_from_dict(loss) if changed else None)
    checklist = ScoredPatients.of(at).checklist(checked_risk(later, judge, new), first, "update", [worse])
    return JudgedUpdate(_identified(earlier, plan), _identified(later, plan), differences, checklist)


def _identified(evaluation: dict[str, Any], plan: TimesPlan | QuantityPlan) -> dict[str, Any]:
    cohort = (plan.at_day if isinstance(plan, TimesPlan) else plan.at_threshold).cohort
    who = {"name": cohort.name, "kind": cohort.kind, "fingerprint": cohort.fingerprint}
    return {**evaluation, "cohort": who, "comparators": []}


def _difference(judge: TimedJudge, day: float, new: PredictedCurves, old: PredictedCurves) -> dict[str, Any]:
    """Paired differences at a horizon, after less before; those of losses with the weights for censoring held fixed."""
    later, earlier = (np.clip(one.risk([day])[:, 0], CERTAIN, 1 - CERTAIN) for one in (new, old))
    found: dict[str, Measure] = {"auc": judge.compare(day, later, earlier)}
    try:
        weights = ipcw_weights(judge.time, (judge.cause > 0).astype(np.float64), day)
    except ValueError as error:
        return {"day": day, **_as_json(found | dict.fromkeys(("brier", "log_loss"), Absent(str(error))))}
    outcome = ((judge.cause == 1) & (judge.time <= day)).astype(np.float64)
    cases = None if np.allclose(weights, 1.0) else weights
    resampled = {"bootstrap": judge.settings.bootstrap, "seed": judge.settings.seed}
    found["brier"] = compare_loss(outcome, later, earlier, "brier", cases, **resampled)
    found["log_loss"] = compare_loss(outcome, later, earlier, "log_loss", cases, **resampled)
    return {"day": day, **_as_json(found)}


def judge_quantity_update(
    plan: QuantityPlan, before: QuantityModel, first: tuple[Result, ...], *, changed: bool
) -> JudgedUpdate:
    """Judge quantiles before and after their update.

    Parameters
    ----------
    plan, before, first, changed
        As :func:`judge_times_update`.
    """
    at, quantity = plan.at_threshold, plan.quantity
    columns = {name: column[quantity.rows] for name, column in cohort_columns(at.cohort).items()}
    old, new = predicted_quantiles(before, columns), predicted_quantiles(plan.model, columns)
    earlier, later = judge_quantiles(plan, old), judge_quantiles(plan, new)
    earlier["label"] = "Before the update"
    values, levels = quantity.values, new.levels
    found = {"pinball": compare_pinball(values, new.quantiles(), old.quantiles(), levels)}
    by_level = [
        {"level": float(level)}
        | _as_json({"pinball": compare_pinball(values, new.quantiles([level]), old.quantiles([level]), [level])})
        for level in levels
    ]
    chance = (values >= plan.checked).astype(np.float64)
    after, ahead = (np.clip(one.exceedance([plan.checked])[:, 0], CERTAIN, 1 - CERTAIN) for one in (new, old))
    worse = check_worse_after_update(compare_loss(chance, after, ahead, "log_loss") if changed else None)
    checklist = ScoredPatients.of(at).checklist(checked_chance(plan, later, new), first, "update", [worse])
    return JudgedUpdate(_identified(earlier, plan), _identified(later, plan), [_as_json(found), *by_level], checklist)


def _as_json(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {name: measure.to_dict() for name, measure in measures.items()}
