"""A model of several answers before and after its update, in patients of neither development nor update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.models.loading import TimedModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.statistics import (
    Absent,
    Measure,
    compare_auc,
    compare_loss,
    compare_ordinal_concordance,
    compare_pinball,
    compare_ranked_probability,
    ipcw_weights,
    measure_from_dict,
)
from spinecast.validation.checks import Checklist, Result, check_worse_after_update
from spinecast.validation.external_ordinal import checked_reaching, judge_levels_externally, predicted_levels
from spinecast.validation.external_plan import OrdinalPlan, QuantityPlan, TimesPlan
from spinecast.validation.external_quantity import checked_chance, judge_quantiles, predicted_quantiles
from spinecast.validation.external_times import (
    PredictedCurves,
    checked_day,
    checked_risk,
    judge_curves,
    judge_of,
)
from spinecast.validation.ordinal import rank_score
from spinecast.validation.scored_patients import Say, ScoredPatients
from spinecast.validation.timed import TimedJudge
from spinecast.validation.timed_horizon import CERTAIN

__all__ = ["JudgedUpdate", "judge_levels_update", "judge_quantity_update", "judge_times_update"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JudgedUpdate:
    """Both models in the same patients: JSON values.

    Parameters
    ----------
    before, after : dict
        Evaluations in the form of a validation's.
    differences : list of dict
        After less before, paired by patient: by horizon, by level of a quantile, or by level that is reached.
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
    at, work = plan.at_day, ScoredPatients.of(plan.at_day)
    plan, columns = plan.of_those(work.scored), work.columns
    times = plan.times
    old, new = PredictedCurves.of(before, columns), PredictedCurves.of(plan.model, columns)
    judge = judge_of(times, new, plan.horizons, at.settings)
    day = checked_day(plan)
    earlier = judge_curves(judge, old, times, label="Before the update", day=day, say=say)
    later = judge_curves(judge, new, times, label=at.source.label, day=day, say=say)
    differences = [_difference(judge, horizon, new, old) for horizon in plan.horizons]
    loss = next(one["log_loss"] for one in differences if one["day"] == day)
    worse = check_worse_after_update(measure_from_dict(loss) if changed else None)
    checklist = work.checklist(checked_risk(later, judge, new), first, "update", [worse])
    return JudgedUpdate(_identified(earlier, plan), _identified(later, plan), differences, checklist)


def _identified(evaluation: dict[str, Any], plan: TimesPlan | QuantityPlan | OrdinalPlan) -> dict[str, Any]:
    match plan:
        case TimesPlan():
            cohort = plan.at_day.cohort
        case QuantityPlan():
            cohort = plan.at_threshold.cohort
        case OrdinalPlan():
            cohort = plan.at_level.cohort
    who = {"name": cohort.name, "kind": cohort.kind, "fingerprint": cohort.fingerprint}
    return {**evaluation, "cohort": who, "comparators": []}


def _difference(judge: TimedJudge, day: float, new: PredictedCurves, old: PredictedCurves) -> dict[str, Any]:
    """Paired differences at a horizon, after less before; those of losses with the weights for censoring held fixed."""
    later, earlier = (np.clip(one.risk([day])[:, 0], CERTAIN, 1 - CERTAIN) for one in (new, old))
    found: dict[str, Measure] = {"auc": judge.at(day).compare(later, earlier)}
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
    work = ScoredPatients.of(plan.at_threshold)
    plan, columns = plan.of_those(work.scored), work.columns
    old, new = predicted_quantiles(before, columns), predicted_quantiles(plan.model, columns)
    earlier, later = judge_quantiles(plan, old), judge_quantiles(plan, new)
    earlier["label"] = "Before the update"
    values, levels = plan.quantity.values, new.levels
    found = {"pinball": compare_pinball(values, new.quantiles(), old.quantiles(), levels)}
    by_level = [
        {"level": float(level)}
        | _as_json({"pinball": compare_pinball(values, new.quantiles([level]), old.quantiles([level]), [level])})
        for level in levels
    ]
    chance = (values >= plan.checked).astype(np.float64)
    after, ahead = (np.clip(one.exceedance([plan.checked])[:, 0], CERTAIN, 1 - CERTAIN) for one in (new, old))
    worse = check_worse_after_update(compare_loss(chance, after, ahead, "log_loss") if changed else None)
    checklist = work.checklist(checked_chance(plan, later, new), first, "update", [worse])
    return JudgedUpdate(_identified(earlier, plan), _identified(later, plan), [_as_json(found), *by_level], checklist)


def judge_levels_update(
    plan: OrdinalPlan, before: OrdinalModel, first: tuple[Result, ...], *, changed: bool
) -> JudgedUpdate:
    """Judge ordered levels before and after their update.

    Parameters
    ----------
    plan, before, first, changed
        As :func:`judge_times_update`.
    """
    work = ScoredPatients.of(plan.at_level)
    plan = plan.of_those(work.scored)
    old, new = predicted_levels(before, work.columns), predicted_levels(plan.model, work.columns)
    values = plan.levels.values
    earlier, later = judge_levels_externally(plan, old), judge_levels_externally(plan, new)
    earlier["label"] = "Before the update"
    together = {
        "ranked_probability": compare_ranked_probability(values, expit(new), expit(old)),
        "concordance": compare_ordinal_concordance(values, rank_score(new), rank_score(old)),
    }
    by_level = [
        {"reached": level} | _as_json(_of_level(values > number, new[:, number], old[:, number]))
        for number, level in enumerate(plan.levels.levels[1:])
    ]
    loss = by_level[plan.checked]["log_loss"]
    worse = check_worse_after_update(measure_from_dict(loss) if changed else None)
    checklist = work.checklist(checked_reaching(plan, later, new), first, "update", [worse])
    differences = [_as_json(together), *by_level]
    return JudgedUpdate(_identified(earlier, plan), _identified(later, plan), differences, checklist)


def _of_level(reached: NDArray[np.bool_], new: FloatArray, old: FloatArray) -> dict[str, Measure]:
    """Paired differences of the chances of reaching one level, given as log-odds, after less before."""
    happened = reached.astype(np.float64)
    if not 0 < happened.sum() < len(happened):
        absent = Absent("nobody reached it" if not happened.any() else "everybody reached it")
        return dict.fromkeys(("auc", "brier", "log_loss"), absent)
    later, earlier = (np.clip(expit(one), CERTAIN, 1 - CERTAIN) for one in (new, old))
    ranked = compare_auc(happened, later, earlier)
    return {
        "auc": ranked if isinstance(ranked, Absent) else ranked.difference,
        "brier": compare_loss(happened, later, earlier, "brier"),
        "log_loss": compare_loss(happened, later, earlier, "log_loss"),
    }


def _as_json(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {name: measure.to_dict() for name, measure in measures.items()}
