"""Sums that gather evidence against predicted risks, never below 0, and the limit they cross at a rate set before.

Each step is the logarithm of how much likelier what was seen is under changed odds than as predicted; what was good
long ago does not hide what is bad now (the risk-adjusted cumulative sum of Steiner, Cook, Farewell & Treasure 2000,
Biostatistics 1:441).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from spinecast.statistics.foundations.inputs import Floats

__all__ = [
    "FEWEST_BEYOND",
    "CalibrationCusum",
    "CusumAlarm",
    "Direction",
    "changed_odds",
    "check_rule",
    "crossed_limit",
    "log_odds",
    "run_sums",
]

Direction = Literal["more", "fewer"]
FEWEST_BEYOND = 10
"""Simulations that must lie beyond a limit: of fewer its rate is known to no better than a third (binomial)."""
# Of a risk that is 0 or 1, so that it has log-odds.
_LEAST = 1e-9
# Above this share of the highest sums their distribution is taken to fall exponentially.
_TAIL_FROM = 0.9


@dataclass(frozen=True)
class CusumAlarm:
    """Where a sum crossed its limit: place of the step, and whether events were more or fewer than predicted."""

    position: int
    direction: Direction

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"position": self.position, "direction": self.direction}


@dataclass(frozen=True, eq=False)
class CalibrationCusum:
    """Both sums after each step, in order; each starts again at 0 after it has crossed the limit.

    Parameters
    ----------
    more, fewer : ndarray of shape (n,)
        Evidence for higher, and for lower odds than predicted, on the scale of a log-likelihood ratio.
    limit : float
    alarms : tuple of CusumAlarm
        In order.
    """

    more: Floats
    fewer: Floats
    limit: float
    alarms: tuple[CusumAlarm, ...]


def run_sums(steps: Mapping[Direction, Floats], limit: float) -> CalibrationCusum:
    """Add up the steps of both directions, each array of shape (n,).

    Raises
    ------
    ValueError
        If the limit is not above 0.
    """
    if not limit > 0:
        raise ValueError("a limit above 0 is needed")
    sums = dict.fromkeys(steps, 0.0)
    paths: dict[Direction, list[float]] = {name: [] for name in steps}
    alarms: list[CusumAlarm] = []
    for place in range(len(steps["more"])):
        for name in steps:
            sums[name] = max(0.0, sums[name] + float(steps[name][place]))
            paths[name].append(sums[name])
            if sums[name] > limit:
                alarms.append(CusumAlarm(place, name))
                sums[name] = 0.0
    return CalibrationCusum(np.array(paths["more"]), np.array(paths["fewer"]), limit, tuple(alarms))


def check_rule(
    false_alarms: float, odds_ratio: float, simulations: int, *, level_error: float, slope_error: float
) -> None:
    """Refuse what no limit can be simulated for.

    Raises
    ------
    ValueError
        If a number is out of its range, or fewer than :data:`FEWEST_BEYOND` simulations would lie beyond the limit.
    """
    if not 0 < false_alarms < 1 or simulations < 1 or odds_ratio <= 1:
        raise ValueError("a rule has a rate of false alarms in (0, 1) and an odds ratio above 1")
    if false_alarms * simulations < FEWEST_BEYOND * (1 - 1e-9):
        raise ValueError(
            f"a rate of {false_alarms:g} is not found by {simulations:,} simulations: "
            f"at least {FEWEST_BEYOND} must lie beyond the limit"
        )
    if level_error < 0 or slope_error < 0:
        raise ValueError("a standard error is not negative")


def crossed_limit(highest: Floats, false_alarms: float, stretches: float = 1.0) -> float:
    """Limit that is crossed with a set probability in so many stretches, each as long as the simulated one.

    Of one stretch it is a quantile of the simulated highest sums. Of more, each has its part of the probability
    (Bonferroni), and the quantile, which lies beyond what was simulated, follows from an exponential tail: the highest
    of a cumulative sum over a long time has one (Iglehart 1972, Ann Math Stat 43:627).

    Parameters
    ----------
    highest : ndarray of shape (simulations,)
        The highest that either sum stood, in each simulated stretch.
    false_alarms : float
        In all stretches together.
    stretches : float
        At least 1.
    """
    if stretches <= 1:
        return float(np.quantile(highest, 1 - false_alarms, method="higher"))
    start = float(np.quantile(highest, _TAIL_FROM, method="higher"))
    above = highest[highest > start]
    mean_excess = float(np.mean(above - start)) if above.size else 0.0
    return start + mean_excess * math.log((1 - _TAIL_FROM) * stretches / false_alarms)


def changed_odds(risk: Floats, ratio: float) -> Floats:
    """Return risks whose odds are times `ratio`."""
    return np.asarray(ratio * risk / (1 + (ratio - 1) * risk), dtype=np.float64)


def log_odds(risk: Floats) -> NDArray[np.float64]:
    """Return log-odds, finite at 0 and 1 too."""
    return np.asarray(logit(risk.clip(_LEAST, 1 - _LEAST)), dtype=np.float64)
