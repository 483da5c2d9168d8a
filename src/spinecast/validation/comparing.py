"""Setting another prediction of the same patients beside the model: each judged where both are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics import Absent, AucComparison, DecisionCurve, Measure, compare_auc, compare_loss
from spinecast.validation.evaluation import ComparatorEvaluation, Measures
from spinecast.validation.large_cohorts import Part, merge_comparison, resampled_rows
from spinecast.validation.measures import absent_measures, all_measures, net_benefit_curve, ranking_measures
from spinecast.validation.predictions import Predictions, as_ranks
from spinecast.validation.survival import FollowedRisk, horizon_auc_difference, measures_at_horizon

__all__ = ["Comparator", "compare", "compare_paired"]


@dataclass(frozen=True, eq=False)
class Comparator:
    """A published prediction of the study's patients.

    Parameters
    ----------
    name, label : str
        Identifier, and words.
    risk : array-like of shape (n,)
        Its predicted probability of the study's outcome, NaN for patients without one.
    horizon_days : float or None
        The horizon it predicts; None when it has none.
    note : str
        Anything a reader must know about it.
    ranks_only : str
        Why its values are no risks of the outcome, where they are not; they may then be any numbers, higher for
        patients more likely to have it, and only their ranking is compared.
    """

    name: str
    label: str
    risk: ArrayLike
    horizon_days: float | None = None
    note: str = ""
    ranks_only: str = ""


def compare(
    predictions: Predictions,
    comparator: Comparator,
    *,
    horizon_days: float | None,
    decision_range: tuple[float, float],
    bootstrap: int,
    seed: int,
    followed: FollowedRisk | None = None,
    model_ranks_only: str = "",
) -> ComparatorEvaluation:
    """Evaluate a comparator in the patients who have it, and the model beside it there.

    A comparator of another horizon is compared by its ranking alone: its risks are of another event, so that distances
    to the study's outcome (calibration, Brier score, logarithmic loss, net benefit) would say nothing about it.

    Parameters
    ----------
    predictions : Predictions
        The model's out-of-sample predictions.
    comparator : Comparator
        What to compare with, in the order of the predictions.
    horizon_days : float or None
        The study's horizon; None when the outcome has none.
    decision_range, bootstrap, seed, followed
        As :func:`evaluate`.
    model_ranks_only : str
        Why the model's own values are no risks, where they are ranks.

    Raises
    ------
    ValueError
        If the model's predictions are apparent, lengths differ, or the comparator's values are not risks.
    """
    predictions.require_out_of_sample("a comparison")
    risk = np.asarray(comparator.risk, dtype=np.float64)
    if risk.shape != predictions.risk.shape:
        raise ValueError(f"{comparator.name} has shape {risk.shape}, the predictions {predictions.risk.shape}")
    has_it = ~np.isnan(risk)
    mismatch = comparator.ranks_only or _horizon_mismatch(comparator, horizon_days)
    # Weights of zero alone tell nothing either: nobody's outcome is known.
    known = np.ones_like(has_it) if predictions.weights is None else predictions.weights > 0
    usable = has_it & known
    available = _availability(int(usable.sum()), predictions.n)
    note = " ".join(_sentence(part) for part in (comparator.note, mismatch, available) if part.strip())
    if not usable.any():
        reason = "no patient with a known outcome has the comparator"
        return ComparatorEvaluation(
            comparator.name, comparator.label, note, absent_measures(reason), None, Absent(reason)
        )
    model = predictions.subset(has_it)
    values = as_ranks(risk[has_it]) if comparator.ranks_only else risk[has_it]
    other = Predictions(values, model.outcome, model.weights, None, "external")
    here = None if followed is None else followed.subset(has_it)
    difference = _difference(model, other, bootstrap, seed) if here is None else horizon_auc_difference(here, values)

    def judge(one: Predictions, ranks_only: str) -> tuple[Measures, DecisionCurve | None]:
        at_horizon = {} if here is None else measures_at_horizon(here.with_risk(one.risk), ranks_only=ranks_only)
        if ranks_only:
            return ranking_measures(one, ranks_only, bootstrap=bootstrap, seed=seed) | at_horizon, None
        curve = net_benefit_curve(one, decision_range, bootstrap=bootstrap, seed=seed)
        return all_measures(one, bootstrap=bootstrap, seed=seed) | at_horizon, curve

    measures, curve = judge(other, mismatch)
    # Performance in some of the patients cannot be set beside performance in all of them.
    model_there, model_curve = (None, None) if usable.sum() == predictions.n else judge(model, model_ranks_only)
    return ComparatorEvaluation(
        comparator.name, comparator.label, note, measures, curve, difference, model_there, model_curve
    )


def compare_paired(final: Predictions, other: Predictions, *, bootstrap: int, seed: int) -> dict[str, Measure]:
    """Differences in AUC and in logarithmic loss of two predictions of the same patients, the first less the second.

    Parameters
    ----------
    final, other : Predictions
        Of the same patients in the same order.
    bootstrap, seed
        As :func:`evaluate`.

    Returns
    -------
    dict of str to Estimate or Absent
        ``auc``, above 0 where the first ranks better, and ``log_loss``, below 0 where it fits better.

    Raises
    ------
    ValueError
        If either is apparent, or they are of different patients.
    """
    for one in (final, other):
        one.require_out_of_sample("a comparison")
    if not np.array_equal(final.outcome, other.outcome):
        raise ValueError("the two predictions are of different patients")
    return {
        "auc": _difference(final, other, bootstrap, seed),
        "log_loss": compare_loss(
            final.outcome, final.risk, other.risk, "log_loss", final.weights, bootstrap=bootstrap, seed=seed
        ),
    }


def _difference(model: Predictions, other: Predictions, bootstrap: int, seed: int) -> Measure:
    def compute(one: Predictions, two: Predictions, replicates: int) -> AucComparison | Absent:
        return compare_auc(one.outcome, one.risk, two.risk, one.weights, bootstrap=replicates, seed=seed)

    rows = resampled_rows(model.risk.size, seed) if model.weights is not None else None
    if rows is None:
        found = compute(model, other, bootstrap)
    else:
        part = Part(rows.size, model.risk.size)
        drawn = compute(model.subset(rows), other.subset(rows), bootstrap)
        found = merge_comparison(compute(model, other, 0), drawn, part)
    return found if isinstance(found, Absent) else found.difference


def _sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, so that parts written apart read as sentences side by side."""
    whole = text.strip()
    ended = whole.endswith((".", "!", "?"))
    return f"{whole[0].upper()}{whole[1:]}{'' if ended else '.'}"


def _horizon_mismatch(comparator: Comparator, horizon_days: float | None) -> str:
    theirs = comparator.horizon_days
    if theirs is None or theirs == horizon_days:
        return ""
    if horizon_days is None:
        return f"the comparator predicts an event by day {theirs:g}, the study another outcome"
    return f"the comparator predicts {theirs:g} days, the study {horizon_days:g}"


def _availability(have_it: int, of: int) -> str:
    return "" if have_it == of else f"compared in the {have_it:,} of {of:,} patients who have it"
