"""How good predictions of ordered levels are: the ranked probability score, and how well they rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent, Measure
from spinecast.statistics.foundations.inputs import Floats, as_vector
from spinecast.statistics.ordinal.levels import check_levels, check_reached, indicators, without_events
from spinecast.statistics.survival.ipcw import influence_estimate
from spinecast.statistics.survival_performance.concordance import concordance

__all__ = [
    "ordinal_concordance",
    "ranked_probability_losses",
    "ranked_probability_score",
    "ranked_probability_skill",
    "somers_dxy",
]


def ranked_probability_losses(levels: ArrayLike, reached: ArrayLike) -> Floats:
    """Ranked probability score of every patient, shape (n,) (Epstein 1969, J Appl Meteorol 8:985; Murphy 1971, 10:155).

    The mean over thresholds of the squared distance between having reached a level, 0 or 1, and its probability: a miss
    by two levels costs more than one by one. 0 is a certain and right prediction, 1 a certain one of the far end.

    Parameters
    ----------
    levels : array-like of shape (n,)
        Observed, 0 the lowest.
    reached : array-like of shape (n, thresholds)
        Probabilities of reaching each level above the lowest.

    Raises
    ------
    ValueError
        If a level is no whole number, a probability is none or rises with the level, or shapes do not agree.
    """
    observed = check_levels(levels)
    chances = check_reached(observed, reached)
    return np.asarray(((indicators(observed, chances.shape[1]) - chances) ** 2).mean(axis=1), dtype=np.float64)


def ranked_probability_score(levels: ArrayLike, reached: ArrayLike) -> Measure:
    """Mean ranked probability score, with the interval of a mean; smaller is better.

    Parameters
    ----------
    levels, reached
        As :func:`ranked_probability_losses`.

    Raises
    ------
    ValueError
        As :func:`ranked_probability_losses`.
    """
    losses = ranked_probability_losses(levels, reached)
    mean = float(losses.mean())
    influence = (losses - mean) / len(losses)
    return without_events(influence_estimate(mean, influence, events=0, method="mean of patients"))


def ranked_probability_skill(levels: ArrayLike, reached: ArrayLike) -> Measure:
    """Share of the ranked probability score of the sample's own frequencies, given to everybody, that is removed.

    1 less the ratio of the two scores; what the scaled Brier score is for one threshold. The reference knows the
    patients it is judged by, so the share is on the low side.

    Parameters
    ----------
    levels, reached
        As :func:`ranked_probability_losses`.

    Returns
    -------
    Estimate or Absent
        Absent where everybody has the same level.

    Raises
    ------
    ValueError
        As :func:`ranked_probability_losses`.
    """
    observed, losses = check_levels(levels), ranked_probability_losses(levels, reached)
    seen = indicators(observed, np.shape(reached)[1])
    reference = ((seen - seen.mean(axis=0)) ** 2).mean(axis=1)
    if not reference.mean() > 0:
        return Absent("everybody has the same level")
    ratio = float(losses.mean() / reference.mean())
    influence = -(losses - ratio * reference) / (reference.mean() * len(losses))
    return without_events(influence_estimate(1 - ratio, influence, events=0, method="ratio of means"))


def ordinal_concordance(levels: ArrayLike, score: ArrayLike) -> Measure:
    """Share of pairs of patients with different levels in which the one with the higher level has the higher score.

    The C that R's ``rms::lrm`` prints; equal scores count one half, equal levels are no pair. With levels as times at
    which all had the event it is Harrell's C of the score turned round, whose standard error it has.

    Parameters
    ----------
    levels : array-like of shape (n,)
    score : array-like of shape (n,)
        Higher where a higher level is expected.

    Returns
    -------
    Estimate or Absent
        Absent where everybody has the same level.

    Raises
    ------
    ValueError
        If lengths differ, a level is no whole number or a score is not finite.
    """
    return _ranked(levels, score, 1.0, "C of an ordered outcome", (0.0, 1.0))


def somers_dxy(levels: ArrayLike, score: ArrayLike) -> Measure:
    """Somers' Dxy: concordant less discordant pairs over pairs with different levels.

    (Somers 1962, Am Sociol Rev 27:799.) It is twice C less 1; raises and is absent as :func:`ordinal_concordance`.
    """
    return _ranked(levels, score, 2.0, "Somers' Dxy", (-1.0, 1.0))


def _ranked(levels: ArrayLike, score: ArrayLike, scale: float, method: str, bounds: tuple[float, float]) -> Measure:
    observed, values = check_levels(levels), as_vector(score, "score")
    found = concordance(observed, np.ones(len(observed)), -values)
    if isinstance(found, Absent):
        return Absent("everybody has the same level")
    value = scale * found.concordance - (scale - 1)
    influence = scale * found.influence
    return without_events(influence_estimate(value, influence, events=0, method=method, bounds=bounds, corrected=False))
