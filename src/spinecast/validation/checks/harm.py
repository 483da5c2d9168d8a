"""SC013: a group of patients in whom acting on the model is worse than doing without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from spinecast.statistics import Absent, Estimate, Measure, observed_expected_ratio
from spinecast.validation.checks.performance import RATIO_RANGE
from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result
from spinecast.validation.net_benefit import ThresholdBenefit, net_benefit_at
from spinecast.validation.predictions import Predictions
from spinecast.validation.subgroups import Grouping
from spinecast.validation.survival import FollowedRisk, predictions_at_horizon

__all__ = ["check_subgroup_harm"]

# One-sided, shared between all comparisons made (Bonferroni): many groups are looked at.
LEVEL = 0.025
NAMED = 6

# What was compared, in words, and how many standard errors it lies on the harmful side.
Comparison = tuple[str, float]


def check_subgroup_harm(
    predictions: Predictions,
    groupings: Sequence[Grouping],
    thresholds: Sequence[float],
    *,
    followed: FollowedRisk | None = None,
    ranks_only: str = "",
    nothing: str = "the cohort holds no variable that forms groups",
    fewest: int,
    bootstrap: int,
    seed: int,
) -> Result:
    """SC013: groups in whom the net benefit is below that of acting on everybody or nobody, or the level is far off.

    Relative net benefit, (NB - max(0, NB of all))/(prevalence - max(0, NB of all)), is negative where the net benefit
    is below the better of the two (Baker 2009, J R Stat Soc A 172:729); its sign is judged by the paired difference to
    that better one.

    Parameters
    ----------
    predictions : Predictions
        Out-of-sample.
    groupings : sequence of Grouping
        In the order of the predictions.
    thresholds : sequence of float
    followed : FollowedRisk, optional
        The same patients' follow-up, where they are weighted for its censoring, which is then learned in each group.
    ranks_only : str
        Why the predictions are no risks, where they are not.
    nothing : str
        Why there are no groups, where there are none.
    fewest : int
        Fewest events, and fewest patients without one, of a group that is judged.
    bootstrap, seed : int
        Resamples and their seed, used with weights only.
    """
    if ranks_only:
        return NotApplicable("SC013", f"only the ranking is judged: {ranks_only}")
    if not groupings:
        return NotApplicable("SC013", nothing)
    compared: list[Comparison] = []
    groups = 0
    for grouping in groupings:
        for label, members in grouping.groups:
            part = _part(predictions, members, followed, fewest)
            if part is None:
                continue
            groups += 1
            words = f"{grouping.label}: {label}"
            compared += _benefits(words, net_benefit_at(part, thresholds, bootstrap=bootstrap, seed=seed))
            ratio = observed_expected_ratio(part.outcome, part.risk, part.weights, bootstrap=bootstrap, seed=seed)
            compared += _levels(words, ratio)
    if not compared:
        reason = f"no group has {fewest} events and {fewest} patients without one"
        return NotApplicable("SC013", reason)
    bound = float(norm.isf(LEVEL / len(compared)))
    harmed = sorted((one for one in compared if one[1] > bound), key=lambda one: -one[1])
    made = f"{len(compared)} comparisons in {groups} groups"
    if not harmed:
        return NotFound("SC013", f"none of {made} is beyond chance, the number of comparisons allowed for")
    listed = "; ".join(text for text, _ in harmed[:NAMED])
    more = f"; and {len(harmed) - NAMED} more" if len(harmed) > NAMED else ""
    return Check(
        "SC013",
        "warning",
        f"{listed}{more} (of {made}, the number of comparisons allowed for)",
        "do not act on the risks in these groups; look for what is different in them, and update the model there",
        f"In some groups acting on these risks is worse than treating all alike, or the risks are far from what "
        f"happens: {listed}{more}. People of these groups would be worse off for the model.",
    )


def _part(
    predictions: Predictions, members: NDArray[np.bool_], followed: FollowedRisk | None, fewest: int
) -> Predictions | None:
    """Return the predictions of a group; None where it is too small."""
    weights = predictions.weights
    if not members.any() or (weights is not None and not weights[members].any()):
        return None
    part = predictions.subset(members)
    if min(part.events, part.n - part.events) < fewest:
        return None
    if followed is None:
        return part
    weighed = predictions_at_horizon(followed.subset(members))
    return None if isinstance(weighed, Absent) else weighed


def _benefits(words: str, benefits: Sequence[ThresholdBenefit]) -> Iterator[Comparison]:
    """Compare with the better of acting on everybody and on nobody."""
    for one in benefits:
        everybody = one.treat_all > 0
        gain: Measure = one.over_treat_all if everybody else one.net_benefit
        deviation = _deviation(gain, lambda value: value)
        if isinstance(gain, Absent) or deviation is None:
            continue
        rival = "everybody" if everybody else "nobody"
        yield (
            f"{words}, acting at a risk of {one.threshold:g}: net benefit {gain.estimate:+.3f} against acting on "
            f"{rival} (95 % {gain.lower:+.3f} to {gain.upper:+.3f})",
            -gain.estimate / deviation,
        )


def _levels(words: str, ratio: Measure) -> Iterator[Comparison]:
    """Compare observed over expected events with the nearer bound of what is tolerated."""
    deviation = _deviation(ratio, math.log)
    if isinstance(ratio, Absent) or deviation is None:
        return
    low, high = RATIO_RANGE
    logged = math.log(ratio.estimate)
    yield (
        f"{words}: {ratio.estimate:.2f} events observed for each one expected "
        f"(95 % {ratio.lower:.2f} to {ratio.upper:.2f})",
        max(logged - math.log(high), math.log(low) - logged) / deviation,
    )


def _deviation(measure: Measure, scale: Callable[[float], float]) -> float | None:
    """Return the standard error that a 95 % interval implies on a scale; None where there is none."""
    if not isinstance(measure, Estimate) or measure.lower is None or measure.upper is None or measure.lower <= -np.inf:
        return None
    if scale is math.log and measure.lower <= 0:
        return None
    width = (scale(measure.upper) - scale(measure.lower)) / (2 * norm.isf(LEVEL))
    return width if width > 0 else None
