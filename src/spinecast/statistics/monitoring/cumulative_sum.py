"""Sums that gather evidence against predicted risks, never below 0, and the limit they cross at a rate set before.

Each step is the logarithm of how much likelier what was seen is under changed risks than as predicted; what was good
long ago does not hide what is bad now (the risk-adjusted cumulative sum of Steiner, Cook, Farewell & Treasure 2000,
Biostatistics 1:441). Two sums look at the level: odds times a ratio, and divided by it. A third looks at the spread:
all risks closer together than predicted, while as many have the event. Level and slope on the log-odds scale are what a
calibration chart looks at (Franck, Driscoll, Szajnfarber & Woodall 2025, arXiv:2510.25573).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import NDArray
from scipy.special import expit, log_expit, logit

from spinecast.statistics.foundations.inputs import Floats

__all__ = [
    "FEWEST_BEYOND",
    "CalibrationCusum",
    "Changes",
    "CusumAlarm",
    "CusumLimits",
    "Direction",
    "changes_for",
    "check_rule",
    "crossed_limits",
    "information_centre",
    "log_odds",
    "run_sums",
]

Direction = Literal["more", "fewer", "flatter"]
"""More or fewer events than predicted; or risks that differ less from each other than predicted."""

FEWEST_BEYOND = 10
"""Simulations that must lie beyond a limit: of fewer its rate is known to no better than a third (binomial)."""
# Of a risk that is 0 or 1, so that it has log-odds.
_LEAST = 1e-9
# Above this share of the highest sums their distribution is taken to fall exponentially.
_TAIL_FROM = 0.9


@dataclass(frozen=True)
class CusumLimits:
    """What the sums must cross: both of the level have one limit, that of the spread its own.

    Parameters
    ----------
    level, spread : float

    Raises
    ------
    ValueError
        If one is not above 0.
    """

    level: float
    spread: float

    def __post_init__(self) -> None:
        if not min(self.level, self.spread) > 0:
            raise ValueError("a limit above 0 is needed")

    def of(self, direction: Direction) -> float:
        """Return the limit of one sum."""
        return self.spread if direction == "flatter" else self.level


@dataclass(frozen=True)
class Changes:
    """The changes of the risks that the sums look for.

    Parameters
    ----------
    odds_ratio : float
        Odds times this, and divided by it.
    slope : float
        Log-odds that differ from `centre` by this times as much as predicted.
    centre : float
        See :func:`changes_for`.
    """

    odds_ratio: float
    slope: float
    centre: float

    def risks(self, risk: Floats) -> dict[Direction, Floats]:
        """Return the risks, of the shape of `risk`, under each change."""
        return {
            "more": _changed_odds(risk, self.odds_ratio),
            "fewer": _changed_odds(risk, 1 / self.odds_ratio),
            "flatter": np.asarray(expit(self._flatter(risk)), dtype=np.float64),
        }

    def of_events(self, risk: Floats) -> dict[Direction, Floats]:
        """Return the logarithm of how many times as likely the event is under each change, at a risk of 0 too."""
        ratio = self.odds_ratio
        return {
            "more": np.log(ratio) - np.log1p((ratio - 1) * risk),
            "fewer": -np.log(ratio) - np.log1p((1 / ratio - 1) * risk),
            "flatter": log_expit(self._flatter(risk)) - log_expit(log_odds(risk)),
        }

    def of_others(self, risk: Floats) -> dict[Direction, Floats]:
        """Return the same of having no event, at a risk of 1 too."""
        ratio = self.odds_ratio
        return {
            "more": -np.log1p((ratio - 1) * risk),
            "fewer": -np.log1p((1 / ratio - 1) * risk),
            "flatter": log_expit(-self._flatter(risk)) - log_expit(-log_odds(risk)),
        }

    def _flatter(self, risk: Floats) -> Floats:
        return np.asarray(self.centre + self.slope * (log_odds(risk) - self.centre), dtype=np.float64)


def changes_for(risk: Floats, odds_ratio: float = 2.0, slope: float = 0.5, weights: Floats | None = None) -> Changes:
    """Return changes of these risks, the one of the slope centred so that as many have the event as predicted.

    Parameters
    ----------
    risk : ndarray of shape (n,)
    odds_ratio : float
        Above 1.
    slope : float
        In [0, 1).
    weights : ndarray of shape (n,), optional

    Raises
    ------
    ValueError
        If the odds ratio or the slope is out of its range.
    """
    if not odds_ratio > 1 or not 0 <= slope < 1:
        raise ValueError("changes are an odds ratio above 1 and a slope from 0 to below 1")
    odds = log_odds(risk)

    def surplus(centre: float) -> float:
        return float(np.average(expit(centre + slope * (odds - centre)) - expit(odds), weights=weights))

    lowest, highest = float(odds.min()), float(odds.max())
    # Where all risks are one, no slope changes them.
    centre = lowest if lowest == highest else float(scipy.optimize.brentq(surplus, lowest, highest, xtol=1e-10))
    return Changes(odds_ratio, slope, centre)


@dataclass(frozen=True)
class CusumAlarm:
    """Where a sum crossed its limit: place of the step, and which sum it was."""

    position: int
    direction: Direction

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"position": self.position, "direction": self.direction}


@dataclass(frozen=True, eq=False)
class CalibrationCusum:
    """The sums after each step, in order; each starts again at 0 after it has crossed its limit.

    Parameters
    ----------
    more, fewer : ndarray of shape (n,)
        Evidence for higher, and for lower odds than predicted, on the scale of a log-likelihood ratio.
    flatter : ndarray of shape (n,)
        Evidence for risks that lie closer together than predicted.
    limits : CusumLimits
    alarms : tuple of CusumAlarm
        In order.
    """

    more: Floats
    fewer: Floats
    flatter: Floats
    limits: CusumLimits
    alarms: tuple[CusumAlarm, ...]

    def path(self, direction: Direction) -> Floats:
        """Return one of the sums."""
        return {"more": self.more, "fewer": self.fewer, "flatter": self.flatter}[direction]


def run_sums(steps: Mapping[Direction, Floats], limits: CusumLimits) -> CalibrationCusum:
    """Add up the steps of all three directions, each array of shape (n,)."""
    sums = dict.fromkeys(steps, 0.0)
    paths: dict[Direction, list[float]] = {name: [] for name in steps}
    alarms: list[CusumAlarm] = []
    for place in range(len(steps["more"])):
        for name in steps:
            sums[name] = max(0.0, sums[name] + float(steps[name][place]))
            paths[name].append(sums[name])
            if sums[name] > limits.of(name):
                alarms.append(CusumAlarm(place, name))
                sums[name] = 0.0
    more, fewer, flatter = (np.array(paths[name]) for name in ("more", "fewer", "flatter"))
    return CalibrationCusum(more, fewer, flatter, limits, tuple(alarms))


def check_rule(false_alarms: float, simulations: int, *, level_error: float, slope_error: float) -> None:
    """Refuse what no limit can be simulated for.

    Raises
    ------
    ValueError
        If a number is out of its range, or fewer than :data:`FEWEST_BEYOND` simulations would lie beyond the limit.
    """
    if not 0 < false_alarms < 1 or simulations < 1:
        raise ValueError("a rule has a rate of false alarms in (0, 1)")
    if false_alarms * simulations < FEWEST_BEYOND * (1 - 1e-9):
        raise ValueError(
            f"a rate of {false_alarms:g} is not found by {simulations:,} simulations: "
            f"at least {FEWEST_BEYOND} must lie beyond the limit"
        )
    if level_error < 0 or slope_error < 0:
        raise ValueError("a standard error is not negative")


def crossed_limits(highest: Floats, false_alarms: float, stretches: float = 1.0) -> CusumLimits:
    """Limits of which any is crossed with a set probability in so many stretches, each as long as the simulated one.

    Level and spread are crossed equally often, each by itself: so rarely that any is crossed in `false_alarms` of the
    runs (the smallest of several p-values, Westfall & Young 1993). Of more stretches each has its part of the
    probability, level and spread half of it (Bonferroni), and the quantile, which lies beyond what was simulated,
    follows from an exponential tail: the highest of a cumulative sum over a long time has one (Iglehart 1972, Ann Math
    Stat 43:627).

    Parameters
    ----------
    highest : ndarray of shape (2, simulations)
        The highest that either sum of the level, and that the sum of the spread stood, in each simulated stretch.
    false_alarms : float
        In all stretches together.
    stretches : float
        At least 1.
    """
    level, spread = highest
    if not spread.any():  # all risks are one: there is no spread, and its sum stays at 0
        alone = _crossed(level, false_alarms, stretches)
        return CusumLimits(alone, alone)
    if stretches > 1:
        return CusumLimits(*(_crossed(one, false_alarms / 2, stretches) for one in highest))
    runs = highest.shape[1]
    ordered = np.sort(highest, axis=1)
    for beyond in range(int(false_alarms * runs + 1e-9), 0, -1):
        limits = ordered[:, runs - 1 - beyond]
        if (highest > limits[:, None]).any(axis=0).mean() <= false_alarms:
            return CusumLimits(*map(float, limits))
    return CusumLimits(*map(float, ordered[:, -1]))


def _crossed(highest: Floats, false_alarms: float, stretches: float) -> float:
    """Return the limit that one highest sum, shape (simulations,), crosses with a set probability."""
    if stretches <= 1:
        return float(np.quantile(highest, 1 - false_alarms, method="higher"))
    start = float(np.quantile(highest, _TAIL_FROM, method="higher"))
    above = highest[highest > start]
    mean_excess = float(np.mean(above - start)) if above.size else 0.0
    return start + mean_excess * math.log((1 - _TAIL_FROM) * stretches / false_alarms)


def _changed_odds(risk: Floats, ratio: float) -> Floats:
    """Return risks whose odds are times `ratio`."""
    return np.asarray(ratio * risk / (1 + (ratio - 1) * risk), dtype=np.float64)


def log_odds(risk: Floats) -> NDArray[np.float64]:
    """Return log-odds, finite at 0 and 1 too."""
    return np.asarray(logit(risk.clip(_LEAST, 1 - _LEAST)), dtype=np.float64)


def information_centre(risk: Floats) -> float:
    """Return the log-odds at which the errors of a logistic model's level and slope are independent of each other.

    That is their mean weighted by ``risk (1 - risk)``, what each patient tells of the level (Cox 1958, Biometrika
    45:562): where the outcome is rare it lies well above the plain mean, at which a slope that is off moves the level.

    Parameters
    ----------
    risk : ndarray of shape (n,)
    """
    odds = log_odds(risk)
    return float(np.average(odds, weights=expit(odds) * expit(-odds)))
