"""Runs side by side: each judged in the same patients, every two of them tested in pairs, or each in its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from spinecast.errors import ContractError
from spinecast.statistics import (
    Absent,
    Measure,
    compare_auc_unpaired,
    compare_loss,
    compare_net_benefit,
    holm_adjusted,
    p_value_of_difference,
)
from spinecast.validation.comparing import compare_paired
from spinecast.validation.comparison.agreement import agree
from spinecast.validation.comparison.compared_runs import ComparedPair, ComparedRun, Comparison
from spinecast.validation.comparison.pairing import (
    PairedRisks,
    RunRisks,
    pair,
    require_comparable,
    shares_patients,
)
from spinecast.validation.evaluating import evaluate_candidate
from spinecast.validation.predictions import Predictions
from spinecast.validation.survival import horizon_auc_difference, measures_at_horizon

__all__ = ["TESTED", "ComparisonSettings", "compare_paired_runs", "compare_runs"]

TESTED = ("auc", "log_loss", "brier")
"""Differences that are tested, each adjusted for the number of pairs."""
BENEFIT_POINTS = 41
"""Thresholds of a curve of differences in net benefit."""


@dataclass(frozen=True)
class ComparisonSettings:
    """What is computed.

    Parameters
    ----------
    thresholds : tuple of float
        Risks at which a plan may change.
    decision_range : tuple of float
        Lowest and highest threshold of the decision curves.
    bootstrap, seed : int
        Resamples of what has no formula, and where their draws come from.
    """

    thresholds: tuple[float, ...]
    decision_range: tuple[float, float]
    bootstrap: int
    seed: int


def compare_runs(runs: Sequence[RunRisks], settings: ComparisonSettings, *, unpaired: bool = False) -> Comparison:
    """Judge runs in the patients they share, and test every two of them in pairs.

    Parameters
    ----------
    runs : sequence of RunRisks
        Two or more; curves of differences are of each less the first.
    settings : ComparisonSettings
    unpaired : bool
        Judge each in its own patients instead, for runs that share none. A difference then holds what differs between
        the patients as well as between the models.

    Raises
    ------
    ContractError
        As :func:`spinecast.validation.comparison.pairing.pair`; if fewer than two runs are given, or runs that share
        patients are to be compared unpaired.
    CohortError
        If the patients all had the outcome, or none.
    """
    return _compare_unpaired(runs, settings) if unpaired else compare_paired_runs(pair(runs), settings)


def compare_paired_runs(paired: PairedRisks, settings: ComparisonSettings) -> Comparison:
    """Judge runs in the same patients, and test every two of them in pairs.

    Parameters
    ----------
    paired : PairedRisks
        As :func:`spinecast.validation.comparison.pairing.pair` puts them side by side.
    settings : ComparisonSettings

    Raises
    ------
    CohortError
        If nobody was followed up to the day.
    """
    judged = [one.predictions() for one in paired.runs]
    every = tuple(combinations(range(len(paired.runs)), 2))
    found = [_differences(paired.runs[a], paired.runs[b], judged[a], judged[b], settings) for a, b in every]
    tests = _tested(found)
    pairs = []
    for (a, b), differences, (p_values, adjusted) in zip(every, found, tests, strict=True):
        first, second = judged[a], judged[b]
        pairs.append(
            ComparedPair(
                paired.runs[a].name,
                paired.runs[b].name,
                differences,
                p_values,
                adjusted,
                net_benefit=tuple((level, _benefit(first, second, level, settings)) for level in settings.thresholds),
                net_benefit_curve=_benefit_curve(first, second, settings) if a == 0 else None,
                agreement=agree(first.risk, second.risk, settings.thresholds),
            )
        )
    return Comparison(
        paired=True,
        same_cohort=paired.same_cohort,
        same_folds=paired.same_folds,
        weighted=judged[0].weights is not None,
        runs=tuple(
            _judged(run, one, left, settings)
            for run, one, left in zip(paired.runs, judged, paired.left_out, strict=True)
        ),
        pairs=tuple(pairs),
    )


def _judged(run: RunRisks, predictions: Predictions, left_out: int, settings: ComparisonSettings) -> ComparedRun:
    found = evaluate_candidate(
        predictions,
        name=run.name,
        label=run.label,
        is_final_part=False,
        decision_range=settings.decision_range,
        bootstrap=settings.bootstrap,
        seed=settings.seed,
    )
    followed = run.followed() if predictions.weights is not None else None
    if followed is not None:
        found = replace(found, measures={**found.measures, **measures_at_horizon(followed)})
    return ComparedRun(found, predictions.n, predictions.events, left_out)


def _differences(
    run: RunRisks, other: RunRisks, first: Predictions, second: Predictions, settings: ComparisonSettings
) -> dict[str, Measure]:
    drawn = {"bootstrap": settings.bootstrap, "seed": settings.seed}
    found = compare_paired(first, second, **drawn)
    followed = run.followed() if first.weights is not None else None
    if followed is not None:
        found["auc"] = horizon_auc_difference(followed, other.risk)
    brier = compare_loss(first.outcome, first.risk, second.risk, "brier", first.weights, **drawn)
    return found | {"brier": brier}


def _tested(
    differences: Sequence[dict[str, Measure]],
) -> list[tuple[dict[str, float | None], dict[str, float | None]]]:
    """P-values of every pair, as they are and adjusted for the number of pairs, each measure by itself."""
    plain = {name: [p_value_of_difference(one[name]) for one in differences] for name in TESTED}
    holm = {name: holm_adjusted(values) for name, values in plain.items()}
    return [
        ({name: plain[name][at] for name in TESTED}, {name: holm[name][at] for name in TESTED})
        for at in range(len(differences))
    ]


def _benefit(first: Predictions, second: Predictions, threshold: float, settings: ComparisonSettings) -> Measure:
    return compare_net_benefit(
        first.outcome,
        first.risk,
        second.risk,
        threshold,
        first.weights,
        bootstrap=settings.bootstrap,
        seed=settings.seed,
    )


def _benefit_curve(first: Predictions, second: Predictions, settings: ComparisonSettings) -> dict[str, Any]:
    # Rounded, so that a risk of exactly 0.3 is not below a threshold of 0.30000000000000004.
    thresholds = np.round(np.linspace(*settings.decision_range, BENEFIT_POINTS), 12).tolist()
    found = [_benefit(first, second, level, settings).to_dict() for level in thresholds]
    return {
        "thresholds": thresholds,
        "difference": [one["estimate"] for one in found],
        "lower": [one["lower"] for one in found],
        "upper": [one["upper"] for one in found],
    }


def _compare_unpaired(runs: Sequence[RunRisks], settings: ComparisonSettings) -> Comparison:
    require_comparable(runs)
    if shares_patients(runs):
        raise ContractError(
            "some patients stand in more than one of these runs: they are no independent groups",
            expected="runs that share no patient for --unpaired",
            remedy="leave --unpaired out: what they share is compared in pairs",
        )
    judged = [one.predictions() for one in runs]
    found = [_unpaired_differences(judged[a], judged[b]) for a, b in combinations(range(len(runs)), 2)]
    names = combinations([one.name for one in runs], 2)
    return Comparison(
        paired=False,
        same_cohort=False,
        same_folds=False,
        weighted=any(one.weights is not None for one in judged),
        runs=tuple(_judged(run, one, 0, settings) for run, one in zip(runs, judged, strict=True)),
        pairs=tuple(
            ComparedPair(first, second, differences, p_values, adjusted)
            for (first, second), differences, (p_values, adjusted) in zip(names, found, _tested(found), strict=True)
        ),
    )


def _unpaired_differences(first: Predictions, second: Predictions) -> dict[str, Measure]:
    losses = dict.fromkeys(
        ("log_loss", "brier"), Absent("a loss depends on who the patients are: it is not compared between cohorts")
    )
    if first.weights is not None or second.weights is not None:
        return {"auc": Absent("unpaired AUCs are compared where no patient is weighted for censoring"), **losses}
    auc = compare_auc_unpaired(first.outcome, first.risk, second.outcome, second.risk)
    return {"auc": auc if isinstance(auc, Absent) else auc.difference, **losses}
