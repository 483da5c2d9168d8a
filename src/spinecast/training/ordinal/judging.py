"""Judging a run of ordered levels by the probabilities of patients its models never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from spinecast.statistics import measure_from_dict
from spinecast.training.ordinal.fitting import TrainedLevels
from spinecast.training.plan import ordinal_definition
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.threshold_training import checklist_at_threshold
from spinecast.validation.checks import Checklist
from spinecast.validation.ordinal import OrdinalJudge, described_levels
from spinecast.validation.threshold import CERTAIN

__all__ = ["judge_levels", "ordinal_judge"]


def judge_levels(trained: TrainedLevels) -> tuple[dict[str, Any], Checklist]:
    """Evaluate the final procedure and its candidates.

    Returns
    -------
    evaluation : dict
        JSON values: the content of ``evaluation.json``.
    checklist : Checklist
    """
    labelled, judge = trained.labelled, ordinal_judge(trained)
    chosen = trained.choices[ALL_PATIENTS].chosen
    labels = {plan.name: plan.label for plan in trained.plans}
    judged = judge.whole(trained.final)
    evaluation = {
        "kind": "ordinal",
        "label": labels[chosen[0]] if len(chosen) == 1 else f"Ensemble of {len(chosen)} candidates",
        "basis": "out-of-fold",
        "n": len(labelled),
        "events": trained.passing.events,
        "outcome": {
            "label": labelled.label,
            "positive_label": trained.passing.positive_label,
            "negative_label": trained.passing.negative_label,
            "levels": described_levels(labelled, ordinal_definition(trained.study).variable),
        },
        "checked_threshold": trained.checked_threshold,
        **judged,
        "candidates": [
            {
                "name": plan.name,
                "label": plan.label,
                "is_final_part": plan.name in chosen,
                "measures": judge.brief(trained.candidates[plan.name]),
            }
            for plan in trained.plans
        ],
    }
    number = trained.checked_threshold
    risk = np.clip(expit(trained.final[:, number]), CERTAIN, 1 - CERTAIN)
    slope = measure_from_dict(judged["thresholds"][number]["measures"]["calibration_slope"])
    return evaluation, checklist_at_threshold(trained, risk, slope)


def ordinal_judge(trained: TrainedLevels) -> OrdinalJudge:
    """What judges probabilities of the study's patients."""
    labelled, asked = trained.labelled, trained.study.evaluation
    return OrdinalJudge(labelled.values, labelled.reached_labels, asked.thresholds, asked.decision_range)
