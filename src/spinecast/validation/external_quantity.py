"""External validation of quantiles: loss, coverage, calibration, the chance of passing thresholds, blood to order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.blood_order import ORDER_INPUTS, ORDER_RULE, units_to_cross_match
from spinecast.clinical.dictionary import variable
from spinecast.cohorts.outcomes import LabelledQuantity, read_by_threshold
from spinecast.explanation.ordered_blood import ORDER_LEVELS, orders_blood
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.quantiles.quantile_function import QuantileFunction
from spinecast.statistics import (
    Absent,
    Measure,
    compare_pinball,
    flexible_calibration,
    mean_with_interval,
    measure_from_dict,
    proportion,
)
from spinecast.validation.adequacy import judge_validation
from spinecast.validation.external_checks import checked_first
from spinecast.validation.external_plan import QuantityPlan, ValidationSettings
from spinecast.validation.external_result import ExternalJudgement
from spinecast.validation.model_risks import predictor_blocks
from spinecast.validation.quantity import COVERAGES, QuantityJudge
from spinecast.validation.scored_patients import CheckedRisk, Say, ScoredPatients, chosen_patients
from spinecast.validation.subgroups import evaluate_groups
from spinecast.validation.threshold import CERTAIN

__all__ = [
    "checked_chance",
    "checked_threshold",
    "judge_quantiles",
    "predicted_quantiles",
    "units_compared",
    "validate_quantity",
]

FloatArray = NDArray[np.float64]

CURVE_THRESHOLDS = 41
GROUP_MEASURES = ("pinball_skill", "mean_absolute_error", *(f"coverage_{100 * share:.0f}" for share in COVERAGES))


def checked_threshold(quantity: LabelledQuantity, thresholds: Sequence[float], fewest: int) -> float:
    """Return the threshold that divides the patients most evenly; their median where each leaves too few on a side.

    Parameters
    ----------
    quantity : LabelledQuantity
    thresholds : sequence of float
        In the canonical unit.
    fewest : int
        Fewest patients on either side.
    """
    values = quantity.values
    sides = {one: int((values >= one).sum()) for one in thresholds}
    usable = [one for one, reached in sides.items() if min(reached, len(values) - reached) >= fewest]
    if not usable:
        return float(np.median(values))
    return min(usable, key=lambda one: abs(sides[one] / len(values) - 0.5))


def predicted_quantiles(model: QuantityModel, columns: Mapping[str, FloatArray]) -> QuantileFunction:
    """Predict patients given by matrix columns; a predictor without a column is missing for everyone."""
    blocks = [model.distribution(block).values for block in predictor_blocks(model.predictors, columns)]
    return QuantileFunction(model.levels, np.concatenate(blocks), model.scale)


def validate_quantity(plan: QuantityPlan, say: Say = lambda _: None) -> ExternalJudgement:
    """Run an external validation of a model of a quantity.

    Parameters
    ----------
    plan : QuantityPlan
    say : callable
        Told what is going on.

    Raises
    ------
    CohortError
        If the cohort is the development cohort.
    CheckError
        As :func:`spinecast.validation.external.validate_externally`.
    """
    at, everyone = plan.at_threshold, len(plan.quantity)
    overlap, first = checked_first(at)
    say(f"predicting {everyone:,} patients")
    work = ScoredPatients.of(at)
    plan, columns = plan.of_those(work.scored), work.columns
    found = predicted_quantiles(plan.model, columns)
    say("judging the distributions")
    evaluation = judge_quantiles(plan, found)
    checked = checked_chance(plan, evaluation, found)
    say("comparing the patients with those of the development")
    measures = {name: measure_from_dict(one) for name, one in _at_checked(evaluation)["measures"].items()}
    case_mix = work.case_mix(measures)
    missing = work.missing_inputs(say)
    say("judging subgroups")
    return ExternalJudgement(
        evaluation={
            **evaluation,
            "cohort": {"name": at.cohort.name, "kind": at.cohort.kind, "fingerprint": at.cohort.fingerprint},
            "comparators": [_beside(plan, label, model, columns, found) for label, model in plan.others],
        },
        findings={
            "net_benefit": [],
            "checked_threshold": plan.checked,
            "blood_orders": _blood_orders(plan.model, plan.quantity, columns, found),
            "case_mix": case_mix.to_dict(),
            "subgroups": _subgroups(plan, work, found),
            "missing_inputs": missing.to_dict(),
            "strata": [],
            "overlap": overlap.to_dict(),
            "not_compared": [{"label": label, "reason": reason} for label, reason in at.barred],
            **work.left_out(everyone),
            **work.checklist(checked, first).to_dict(),
            "sample_size": judge_validation(work.predictions, at.settings.thresholds),
        },
    )


def judge_quantiles(plan: QuantityPlan, found: QuantileFunction) -> dict[str, Any]:
    """Judge distributions as a training's evaluation does, comparators apart: JSON values."""
    quantity, settings = plan.quantity, plan.at_threshold.settings
    thresholds = tuple(dict.fromkeys((*plan.thresholds, plan.checked)))
    judge = QuantityJudge(quantity.values, thresholds)
    judged = judge.whole(found)
    along = np.linspace(*settings.decision_range, CURVE_THRESHOLDS).tolist()
    for one in judged["thresholds"]:
        one |= judge.usefulness(
            found, one["threshold"], settings.thresholds, along, bootstrap=settings.bootstrap, seed=settings.seed
        )
    passing = read_by_threshold(quantity, plan.checked)
    values = np.quantile(quantity.values, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()
    spread = dict(zip(("p05", "p25", "median", "p75", "p95"), values, strict=True))
    return {
        "kind": "quantity",
        "label": plan.at_threshold.source.label,
        "basis": "external",
        "n": len(quantity),
        "events": passing.events,
        "outcome": {
            "label": quantity.label,
            "positive_label": passing.positive_label,
            "negative_label": passing.negative_label,
            "unit": quantity.unit,
            "observed": spread | {"mean": float(quantity.values.mean())},
        },
        "levels": found.levels.tolist(),
        "scale": found.scale,
        "checked_threshold": plan.checked,
        **judged,
        "candidates": [],
    }


def checked_chance(plan: QuantityPlan, evaluation: Mapping[str, Any], found: QuantileFunction) -> CheckedRisk:
    """Return what the checks read of an evaluation of quantiles: the chance of reaching the checked threshold."""
    at = _at_checked(evaluation)
    passing = read_by_threshold(plan.quantity, plan.checked).values
    return CheckedRisk(
        slope=measure_from_dict(at["measures"]["calibration_slope"]),
        ratio=measure_from_dict(at["measures"]["observed_expected_ratio"]),
        curve=flexible_calibration(passing, np.clip(found.exceedance([plan.checked])[:, 0], CERTAIN, 1 - CERTAIN)),
        basis="external",
        n=evaluation["n"],
        events=evaluation["events"],
    )


def _at_checked(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    return next(one for one in evaluation["thresholds"] if one["threshold"] == evaluation["checked_threshold"])


def _beside(
    plan: QuantityPlan, label: str, model: QuantityModel, columns: Mapping[str, FloatArray], own: QuantileFunction
) -> dict[str, Any]:
    """Judge another model of the same quantity, and the paired difference of the pinball loss at the model's levels."""
    other = predicted_quantiles(model, columns)
    values, levels = plan.quantity.values, own.levels
    return {
        "name": model.name,
        "label": label,
        "kind": "model",
        "measures": QuantityJudge(values, plan.thresholds).brief(other),
        "pinball_difference": compare_pinball(values, own.quantiles(), other.quantiles(levels), levels).to_dict(),
    }


def _subgroups(plan: QuantityPlan, work: ScoredPatients, found: QuantileFunction) -> list[dict[str, Any]]:
    values = plan.quantity.values
    passing = chosen_patients(plan.at_threshold.labelled, work.scored).values

    def measure(members: NDArray[np.bool_]) -> dict[str, Measure]:
        return QuantityJudge(values[members], plan.thresholds).group(found.restricted(members))

    settings: ValidationSettings = plan.at_threshold.settings
    judged = evaluate_groups(
        work.groupings, passing == 1, passing == 0, measure, names=GROUP_MEASURES, fewest=settings.fewest
    )
    return [one.to_dict() for one in judged]


def _blood_orders(
    model: QuantityModel, quantity: LabelledQuantity, columns: Mapping[str, FloatArray], found: QuantileFunction
) -> dict[str, Any] | None:
    """Say what the units suggested would have meant: beside those the same rule asks for at the loss that came.

    None where the quantity is no loss that blood is ordered for.
    """
    if not orders_blood(model):
        return None
    lacking = [variable(name).label for name in ORDER_INPUTS if name not in columns]
    if lacking:
        return {"rule": ORDER_RULE, **Absent(f"the cohort lacks {', '.join(lacking)}").to_dict()}
    sex, height, weight, hemoglobin = (columns[name] for name in ORDER_INPUTS)

    def units(loss: FloatArray) -> FloatArray:
        return units_to_cross_match(sex, height, weight, hemoglobin, loss)

    needed = units(quantity.values)
    rows = []
    for level, predicted in zip(ORDER_LEVELS, found.quantiles(ORDER_LEVELS).T, strict=True):
        ordered = units(predicted)
        known = ~np.isnan(ordered) & ~np.isnan(needed)
        rows.append({"level": level, "n": int(known.sum()), **units_compared(ordered[known], needed[known])})
    beyond = int(np.isnan(needed).sum())
    return {"rule": ORDER_RULE, "n": len(quantity), "not_estimable": beyond, "orders": rows}


def units_compared(ordered: FloatArray, needed: FloatArray) -> dict[str, Any]:
    """Compare units ordered with units needed, shape (n,)."""
    size = len(ordered)
    if not size:
        nobody = Absent("the units of nobody can be estimated").to_dict()
        return dict.fromkeys(("ordered", "needed", "short", "enough_exactly", "unused"), nobody)

    def share(mask: NDArray[np.bool_]) -> dict[str, Any]:
        return proportion(int(mask.sum()), size, events=None, empty="nobody").to_dict()

    return {
        "ordered": mean_with_interval(ordered).to_dict(),
        "needed": mean_with_interval(needed).to_dict(),
        "short": share(ordered < needed),
        "enough_exactly": share(ordered == needed),
        "unused": share(ordered > needed),
    }
