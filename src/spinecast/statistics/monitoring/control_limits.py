"""Between which numbers observed over expected stays, in a period, if every predicted risk is right."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from spinecast.statistics.foundations.inputs import Floats, check_scored

__all__ = ["observed_expected_limits"]

# The number of events has this distribution exactly; beyond so many patients its normal approximation is as good.
_MOST_EXACT = 2000


def observed_expected_limits(
    risk: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.002
) -> tuple[float, float]:
    """Limits of observed over expected events, outside of which it lies with probability `level` at most.

    The number of events is a sum of independent draws, each with its own risk (Poisson binomial). The usual level is
    that of three standard deviations, 0.002 (Spiegelhalter 2005, Stat Med 24:1185). Of weighted patients the limits are
    normal.

    Parameters
    ----------
    risk, weights : array-like of shape (n,)
        Of patients whose outcome is known.
    level : float
        In (0, 1).

    Returns
    -------
    lower, upper : float
        The lower one at least 0.

    Raises
    ------
    ValueError
        As `check_scored`, or if no event is expected.
    """
    scored = check_scored(np.zeros(np.shape(risk)), risk, weights)
    if not 0 < level < 1:
        raise ValueError("a level lies between 0 and 1")
    expected = float(np.sum(scored.case_weights * scored.score))
    if expected <= 0:
        raise ValueError("no event is expected")
    if scored.weights is None and scored.n <= _MOST_EXACT:
        reached = np.cumsum(_number_of_events(scored.score))
        lower, upper = np.searchsorted(reached, level / 2), np.searchsorted(reached, 1 - level / 2)
        return float(lower) / expected, min(float(upper), scored.n) / expected
    variance = float(np.sum(scored.case_weights**2 * scored.score * (1 - scored.score)))
    half = -float(ndtri(level / 2)) * math.sqrt(variance)
    return max(0.0, expected - half) / expected, (expected + half) / expected


def _number_of_events(risk: Floats) -> Floats:
    """Return the probability of each number of events, shape (n + 1,); SciPy's own takes 62 patients at most."""
    chances = np.zeros(risk.size + 1)
    chances[0] = 1.0
    for one in risk:
        chances[1:] = chances[1:] * (1 - one) + chances[:-1] * one
        chances[0] *= 1 - one
    return chances
