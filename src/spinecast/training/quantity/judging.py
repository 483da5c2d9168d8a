"""Judging a run of a quantity by the distributions of patients its models never saw."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinecast.statistics import measure_from_dict
from spinecast.training.quantity.fitting import TrainedQuantity
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.threshold_training import checklist_at_threshold
from spinecast.validation.checks import Checklist
from spinecast.validation.quantity import QuantityJudge
from spinecast.validation.threshold import CERTAIN

__all__ = ["judge_quantity"]


def judge_quantity(trained: TrainedQuantity) -> tuple[dict[str, Any], Checklist]:
    """Evaluate the final procedure and its candidates.

    Returns
    -------
    evaluation : dict
        JSON values: the content of ``evaluation.json``.
    checklist : Checklist
    """
    labelled = trained.labelled
    judge = QuantityJudge(labelled.values, trained.thresholds)
    chosen = trained.choices[ALL_PATIENTS].chosen
    labels = {plan.name: plan.label for plan in trained.plans}
    judged = judge.whole(trained.distribution())
    evaluation = {
        "kind": "quantity",
        "label": labels[chosen[0]] if len(chosen) == 1 else f"Ensemble of {len(chosen)} candidates",
        "basis": "out-of-fold",
        "n": len(labelled),
        "events": trained.passing.events,
        "outcome": {
            "label": labelled.label,
            "positive_label": trained.passing.positive_label,
            "negative_label": trained.passing.negative_label,
            "unit": labelled.unit,
            "observed": _spread(trained),
        },
        "levels": trained.levels.tolist(),
        "scale": trained.scale,
        "checked_threshold": trained.checked_threshold,
        **judged,
        "candidates": [
            {
                "name": plan.name,
                "label": plan.label,
                "is_final_part": plan.name in chosen,
                "measures": judge.brief(trained.distribution(plan.name)),
            }
            for plan in trained.plans
        ],
    }
    return evaluation, _checklist(trained, judged)


def _spread(trained: TrainedQuantity) -> dict[str, float]:
    values = trained.labelled.values
    found = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
    return dict(zip(("p05", "p25", "median", "p75", "p95"), found.tolist(), strict=True)) | {
        "mean": float(values.mean())
    }


def _checklist(trained: TrainedQuantity, judged: dict[str, Any]) -> Checklist:
    risk = np.clip(trained.distribution().exceedance([trained.checked_threshold])[:, 0], CERTAIN, 1 - CERTAIN)
    found = next(one for one in judged["thresholds"] if one["threshold"] == trained.checked_threshold)
    return checklist_at_threshold(trained, risk, measure_from_dict(found["measures"]["calibration_slope"]))
