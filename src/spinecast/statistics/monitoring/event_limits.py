"""What the sums of events as they come must cross, found by simulation from event to event."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from spinecast.statistics.foundations.bootstrap import Seed
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.monitoring.cumulative_sum import (
    CusumLimits,
    changes_for,
    check_rule,
    crossed_limits,
    information_centre,
    log_odds,
)
from spinecast.statistics.monitoring.event_cusum import FollowedRisks

__all__ = ["event_limits"]

# Expected events of one simulated stretch; at 2,000 simulations it takes a few seconds.
_MOST_EXPECTED = 10_000
_EVENTS_AT_ONCE = 256
# Patients' days that stand for all in a simulation.
_POOL = 256


def event_limits(
    patients: FollowedRisks,
    expected_events: float,
    *,
    false_alarms: float,
    odds_ratio: float = 2.0,
    slope: float = 0.5,
    level_error: float = 0.0,
    slope_error: float = 0.0,
    simulations: int = 2000,
    seed: Seed = 0,
) -> CusumLimits:
    """Limits of which any is crossed, in the time in which so many events are expected, with a set probability.

    Found by simulation from event to event. Between two events as much is expected as an exponential variable says,
    whoever is followed for however long: events counted against what is expected are a Poisson process (Aalen & Hoem
    1978, Scand Actuar J 1978:81). Which patient has one, and on which day, is drawn from the days on which the patients
    were followed. Each run has an error of the model's own level and slope; without them the limit is crossed several
    times as often as it says. Beyond 10,000 expected events see :func:`crossed_limits`.

    Parameters
    ----------
    patients : FollowedRisks
    expected_events : float
        How long the rule is to run.
    false_alarms : float
        Probability of any alarm in that time, in (0, 1).
    odds_ratio, slope : float
        As :func:`event_steps`.
    level_error, slope_error : float
        Standard errors of the model's calibration-in-the-large, and of its slope, in patients like its own; the two
        are independent of each other where log-odds are counted from :func:`information_centre`.
    simulations : int
        At least :data:`FEWEST_BEYOND` over `false_alarms`.
    seed : int or numpy.random.Generator

    Raises
    ------
    ValueError
        If a number is out of its range, or no event is expected.
    """
    check_rule(false_alarms, simulations, level_error=level_error, slope_error=slope_error)
    if not expected_events > 0:
        raise ValueError("a rule runs while events are expected")
    generator = np.random.default_rng(seed)
    risk, before = _pool(patients, generator)
    odds = log_odds(risk)
    off = level_error * generator.standard_normal(simulations)[:, None]
    steeper = slope_error * generator.standard_normal(simulations)[:, None]
    true = expit(odds + off + steeper * (odds - information_centre(patients.risk)))
    # How many times as often each has the event as is expected.
    often = true / (1 - true * before) * (1 - risk * before) / risk
    changes = changes_for(patients.risk, odds_ratio, slope)
    ratios = [changed / (1 - changed * before) * (1 - risk * before) / risk for changed in changes.risks(risk).values()]
    stretch = min(expected_events, float(_MOST_EXPECTED))
    highest = _highest(np.array(ratios), often, stretch, generator)
    return crossed_limits(highest, false_alarms, expected_events / stretch)


def _pool(patients: FollowedRisks, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw patients' days by how many events are expected on them: risks, and the share of events before that day."""
    mass = np.array([part.expected.sum() for part in patients.parts()])
    if not mass.sum() > 0:
        raise ValueError("no event is expected")
    # Evenly through all that is expected: the draw adds little of its own.
    at = (np.arange(_POOL) + generator.random(_POOL)) / _POOL * mass.sum()
    edges = np.concatenate([[0.0], np.cumsum(mass)])
    risk, before = [], []
    for number, part in enumerate(patients.parts()):
        own = at[(at >= edges[number]) & (at < edges[number + 1])] - edges[number]
        if not own.size:
            continue
        flat = np.cumsum(part.expected.ravel())
        row, step = np.divmod(np.searchsorted(flat, own).clip(max=flat.size - 1), len(part.shape.days) - 1)
        risk.append(part.risk[row])
        before.append(part.shape.reached[step])
    return np.concatenate(risk).clip(1e-9, 1 - 1e-9), np.concatenate(before)


def _highest(ratios: Floats, often: Floats, stretch: float, generator: np.random.Generator) -> Floats:
    """Return the highest that either sum of the level, and that of the spread, stood: shape (2, simulations).

    Parameters
    ----------
    ratios : ndarray of shape (3, pool)
        Rate of events under raised and lowered odds, and at a smaller slope, over that predicted.
    often : ndarray of shape (simulations, pool)
        True rate over that predicted.
    stretch : float
        Expected events.
    """
    runs = len(often)
    jumps = np.log(ratios)[:, :, None]
    drifts = ratios.mean(axis=1, keepdims=True) - 1
    rate = often.mean(axis=1)
    shares = np.cumsum(often, axis=1) / often.sum(axis=1, keepdims=True)
    sums, highest, passed = np.zeros((3, runs)), np.zeros((3, runs)), np.zeros(runs)
    while (passed < stretch).any():
        drawn = generator.random((runs, _EVENTS_AT_ONCE))
        who = np.array([np.searchsorted(share, one) for share, one in zip(shares, drawn, strict=True)])
        who = who.clip(max=often.shape[1] - 1).T
        between = (generator.standard_exponential((runs, _EVENTS_AT_ONCE)) / rate[:, None]).T
        for one, gap in zip(who, between, strict=True):
            # Lowered odds: the sum rises until the event. Raised odds: it falls until then, and leaps.
            gap = np.minimum(gap, np.maximum(stretch - passed, 0.0))
            passed += gap
            np.maximum(0.0, sums - drifts * gap, out=sums)
            np.maximum(highest, sums, out=highest)
            np.maximum(0.0, sums + (passed < stretch) * jumps[:, one, 0], out=sums)
            np.maximum(highest, sums, out=highest)
    return np.array([highest[:2].max(axis=0), highest[2]])
