"""Venn-Abers probabilities of a study: learned on held-out log-odds, and judged out of fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import VennAbers, brier, calibration_groups, fit_venn_abers
from spinecast.training.assembly import held_out_log_odds
from spinecast.training.fitting import Trained
from spinecast.training.resampling import ALL_PATIENTS, Split

__all__ = ["judge_venn_abers", "study_venn_abers"]

FloatArray = NDArray[np.float64]

# Held-out patients of the smallest group: below it a step would be that of a few people.
FEWEST_PATIENTS = 10

GROUPS = 5


def study_venn_abers(trained: Trained) -> VennAbers | None:
    """Learn the probabilities the study's model carries; None where the study does not ask for them."""
    if not trained.study.uncertainty.venn_abers:
        return None
    return _learn(trained, next(split for split in trained.splits if split.name == ALL_PATIENTS))


def judge_venn_abers(trained: Trained) -> dict[str, Any]:
    """Judge the probabilities of patients no fit has seen: JSON values for the record.

    In each outer fold they are learned on the inner held-out log-odds of its training patients and read for its test
    patients. Patients are set in fifths of their out-of-fold risk, as equally large as ties allow: in each, what was
    observed should lie between the mean of the one probability and the mean of the other, but for chance.

    Parameters
    ----------
    trained : Trained
        Of a study that asks for them.
    """
    count = len(trained.labelled.values)
    lower, upper = np.empty(count), np.empty(count)
    for split in trained.splits:
        if split.test.size:
            served = trained.choices[split.name].test
            lower[split.test], upper[split.test] = _learn(trained, split).interval(served)
    outcome, risk = trained.labelled.values, trained.out_of_fold.final
    # The one probability with the least regret in log loss (Vovk, Petej and Fedorova 2015, section 4).
    single = upper / (1 - lower + upper)
    width = upper - lower
    return {
        "n": count,
        "events": int(outcome.sum()),
        "fewest_patients": FEWEST_PATIENTS,
        "width": {
            "mean": float(width.mean()),
            "median": float(np.median(width)),
            "largest": float(width.max()),
        },
        "brier": {
            "venn_abers": brier(outcome, single).to_dict(),
            "risk": brier(outcome, risk).to_dict(),
        },
        "groups": _groups(outcome, risk, lower, upper),
    }


def _groups(outcome: FloatArray, risk: FloatArray, lower: FloatArray, upper: FloatArray) -> list[dict[str, Any]]:
    described = calibration_groups(outcome, risk, groups=GROUPS)
    position = np.repeat(np.arange(len(described)), [group.n for group in described])[np.argsort(np.argsort(risk))]
    return [
        {
            "n": group.n,
            "events": group.events,
            "risk": group.predicted,
            "lower": float(lower[position == number].mean()),
            "upper": float(upper[position == number].mean()),
            "observed": {"estimate": group.observed, "lower": group.lower, "upper": group.upper},
        }
        for number, group in enumerate(described)
    ]


def _learn(trained: Trained, split: Split) -> VennAbers:
    held_out = held_out_log_odds(
        trained.choices[split.name],
        {plan.name: trained.found.tuned[split.name, plan.name] for plan in trained.plans},
    )
    return fit_venn_abers(trained.labelled.values[split.train], held_out, fewest=FEWEST_PATIENTS)
