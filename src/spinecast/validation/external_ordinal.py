"""External validation of ordered levels: all of them together, and reaching each as any risk is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.cohorts.outcomes import OrdinalOutcome
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.statistics import (
    Measure,
    compare_ordinal_concordance,
    compare_ranked_probability,
    flexible_calibration,
    measure_from_dict,
)
from spinecast.validation.adequacy import judge_validation
from spinecast.validation.external_checks import checked_first
from spinecast.validation.external_plan import OrdinalPlan
from spinecast.validation.external_result import ExternalJudgement
from spinecast.validation.model_risks import predictor_blocks
from spinecast.validation.ordinal import OrdinalJudge, described_levels, rank_score
from spinecast.validation.scored_patients import CheckedRisk, Say, ScoredPatients
from spinecast.validation.subgroups import evaluate_groups
from spinecast.validation.threshold import CERTAIN

__all__ = ["checked_reaching", "judge_levels_externally", "predicted_levels", "validate_levels"]

FloatArray = NDArray[np.float64]
ALL = slice(None)

GROUP_MEASURES = (
    "ordinal_concordance",
    "ranked_probability_skill",
    "auc",
    "observed_expected_ratio",
    "calibration_slope",
)


def predicted_levels(model: OrdinalModel, columns: Mapping[str, FloatArray]) -> FloatArray:
    """Predict patients given by matrix columns: log-odds of reaching each level, shape (n, thresholds)."""
    return np.concatenate([model.log_odds(block) for block in predictor_blocks(model.predictors, columns)])


def validate_levels(plan: OrdinalPlan, say: Say = lambda _: None) -> ExternalJudgement:
    """Run an external validation of a model of ordered levels.

    Parameters
    ----------
    plan : OrdinalPlan
    say : callable
        Told what is going on.

    Raises
    ------
    CohortError
        If the cohort is the development cohort.
    CheckError
        As :func:`spinecast.validation.external.validate_externally`.
    """
    at, everyone = plan.at_level, len(plan.levels)
    overlap, first = checked_first(at)
    say(f"predicting {everyone:,} patients")
    work = ScoredPatients.of(at)
    plan = plan.of_those(work.scored)
    found = predicted_levels(plan.model, work.columns)
    say("judging the levels")
    evaluation = judge_levels_externally(plan, found)
    measures = evaluation["thresholds"][plan.checked]["measures"]
    say("comparing the patients with those of the development")
    case_mix = work.case_mix({name: measure_from_dict(one) for name, one in measures.items()})
    missing = work.missing_inputs(say)
    say("judging subgroups")
    return ExternalJudgement(
        evaluation={
            **evaluation,
            "cohort": {"name": at.cohort.name, "kind": at.cohort.kind, "fingerprint": at.cohort.fingerprint},
            "comparators": [_beside(plan, label, model, work, found) for label, model in plan.others],
        },
        findings={
            "net_benefit": [],
            "checked_threshold": plan.checked,
            "case_mix": case_mix.to_dict(),
            "subgroups": _subgroups(plan, work, found),
            "missing_inputs": missing.to_dict(),
            "strata": [],
            "overlap": overlap.to_dict(),
            "not_compared": [{"label": label, "reason": reason} for label, reason in at.barred],
            **work.left_out(everyone),
            **work.checklist(checked_reaching(plan, evaluation, found), first).to_dict(),
            "sample_size": judge_validation(work.predictions, at.settings.thresholds),
        },
    )


def judge_levels_externally(plan: OrdinalPlan, found: FloatArray) -> dict[str, Any]:
    """Judge levels as a training's evaluation does, comparators apart: JSON values.

    Parameters
    ----------
    plan : OrdinalPlan
    found : ndarray, shape (n, thresholds)
        Log-odds of reaching each level above it.
    """
    at, levels, values = plan.at_level, plan.levels, plan.levels.values
    assert isinstance(at.outcome, OrdinalOutcome)  # the outcome is the model's own
    return {
        "kind": "ordinal",
        "label": at.source.label,
        "basis": "external",
        "n": len(values),
        "events": int((values > plan.checked).sum()),
        "outcome": {
            "label": levels.label,
            "positive_label": at.labelled.positive_label,
            "negative_label": at.labelled.negative_label,
            "levels": described_levels(levels, at.outcome.variable),
        },
        "checked_threshold": plan.checked,
        **_judge(plan).whole(found),
        "candidates": [],
    }


def checked_reaching(plan: OrdinalPlan, evaluation: Mapping[str, Any], found: FloatArray) -> CheckedRisk:
    """Return what the checks read of an evaluation of levels: the chance of reaching the checked one."""
    at = evaluation["thresholds"][plan.checked]
    chance = np.clip(expit(found[:, plan.checked]), CERTAIN, 1 - CERTAIN)
    return CheckedRisk(
        slope=measure_from_dict(at["measures"]["calibration_slope"]),
        ratio=measure_from_dict(at["measures"]["observed_expected_ratio"]),
        curve=flexible_calibration((plan.levels.values > plan.checked).astype(np.float64), chance),
        basis="external",
        n=evaluation["n"],
        events=evaluation["events"],
    )


def _judge(plan: OrdinalPlan, members: NDArray[np.bool_] | slice = ALL) -> OrdinalJudge:
    settings = plan.at_level.settings
    return OrdinalJudge(
        plan.levels.values[members], plan.levels.reached_labels, settings.thresholds, settings.decision_range
    )


def _beside(
    plan: OrdinalPlan,
    label: str,
    model: OrdinalModel,
    work: ScoredPatients,
    own: FloatArray,
) -> dict[str, Any]:
    """Judge another model of the same levels, and what the judged one has more or less, paired by patient."""
    other, values = predicted_levels(model, work.columns), plan.levels.values
    return {
        "name": model.name,
        "label": label,
        "kind": "model",
        "measures": _judge(plan).brief(other),
        "ranked_probability_difference": compare_ranked_probability(values, expit(own), expit(other)).to_dict(),
        "concordance_difference": compare_ordinal_concordance(values, rank_score(own), rank_score(other)).to_dict(),
    }


def _subgroups(plan: OrdinalPlan, work: ScoredPatients, found: FloatArray) -> list[dict[str, Any]]:
    reached = plan.levels.values > plan.checked

    def measure(members: NDArray[np.bool_]) -> dict[str, Measure]:
        return _judge(plan, members).group(found[members], plan.checked)

    judged = evaluate_groups(
        work.groupings, reached, ~reached, measure, names=GROUP_MEASURES, fewest=plan.at_level.settings.fewest
    )
    return [one.to_dict() for one in judged]
