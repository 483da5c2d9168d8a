"""The cumulative sum against a loop by hand and the Markov chain of Brook & Evans, and what always holds of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import binom, poisson_binom
from sklearn.metrics import roc_auc_score

from spinecast.statistics import (
    CusumLimits,
    Follow,
    auc_limits,
    calibration_cusum,
    cusum_limits,
    observed_expected_limits,
    slope_limits,
)
from spinecast.statistics.monitoring import calibration_cusum as module


def _markov_alarms(risk: float, limit: float, patients: int, states: int = 1500) -> float:
    """Chance that the sum for doubled odds crosses its limit, everybody having one risk: a chain of states.

    Brook & Evans 1972, Biometrika 59:539.
    """
    steps = [(risk, math.log(2) - math.log1p(risk)), (1 - risk, -math.log1p(risk))]
    width = limit / states
    place = np.zeros(states + 1)
    place[0] = 1.0
    crossed = 0.0
    values = np.arange(states + 1) * width
    for _ in range(patients):
        after = np.zeros(states + 1)
        for chance, step in steps:
            to = np.maximum(0.0, values + step)
            over = to > limit
            crossed += chance * float(place[over].sum())
            np.add.at(after, np.rint(to[~over] / width).astype(int), chance * place[~over])
        place = after
    return crossed


def test_the_simulated_limit_has_the_false_alarms_of_the_markov_chain() -> None:
    # All risks are one: there is no spread to watch, and the level has the whole rate.
    limit = cusum_limits([0.05], 400, false_alarms=0.1, odds_ratio=2.0, simulations=4000, seed=1).level
    # At a risk of 5 % the sum for halved odds is far below its limit in 400 patients: nearly all alarms are of more.
    assert _markov_alarms(0.05, limit, 400) == pytest.approx(0.1, abs=0.025)


def test_the_sums_are_those_of_a_loop() -> None:
    generator = np.random.default_rng(4)
    risk, weights = generator.uniform(0.05, 0.6, 150), generator.choice([0.0, 1.0, 1.3], 150)
    outcome = (generator.random(150) < 0.6).astype(float)
    found = calibration_cusum(outcome, risk, CusumLimits(3.0, 2.0), weights, slope=0.4)
    more = fewer = flatter = 0.0
    middle = brentq(lambda at: np.dot(weights, expit(at + 0.4 * (logit(risk) - at)) - risk), -5, 5)
    alarms = []
    for i, (y, p, w) in enumerate(zip(outcome, risk, weights, strict=True)):
        doubled, halved = 2 * p / (1 - p + 2 * p), 0.5 * p / (1 - p + 0.5 * p)
        more = max(0.0, more + w * math.log((doubled if y else 1 - doubled) / (p if y else 1 - p)))
        fewer = max(0.0, fewer + w * math.log((halved if y else 1 - halved) / (p if y else 1 - p)))
        half = float(expit(middle + 0.4 * (logit(p) - middle)))
        flatter = max(0.0, flatter + w * math.log((half if y else 1 - half) / (p if y else 1 - p)))
        assert (found.more[i], found.fewer[i], found.flatter[i]) == pytest.approx((more, fewer, flatter))
        for value, direction, limit in ((more, "more", 3.0), (fewer, "fewer", 3.0), (flatter, "flatter", 2.0)):
            if value > limit:
                alarms.append((i, direction))
        more, fewer, flatter = (0.0 if one > at else one for one, at in ((more, 3.0), (fewer, 3.0), (flatter, 2.0)))
    assert [(one.position, one.direction) for one in found.alarms] == alarms
    assert {direction for _, direction in alarms} == {"more", "flatter"}


@given(st.integers(0, 2**32 - 1), st.integers(1, 80))
@settings(deadline=None, max_examples=60)
def test_a_sum_never_falls_below_nothing_and_lost_patients_leave_it_alone(seed: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    risk, outcome = generator.uniform(0, 1, n), generator.integers(0, 2, n).astype(float)
    weights = generator.choice([0.0, 1.0], n)
    weights[0] = 1.0
    found = calibration_cusum(outcome, risk, CusumLimits(2.0, 2.0), weights)
    kept = weights > 0
    alone = calibration_cusum(outcome[kept], risk[kept], CusumLimits(2.0, 2.0))
    for name in ("more", "fewer", "flatter"):
        assert (found.path(name) >= 0).all()
        assert found.path(name)[kept] == pytest.approx(alone.path(name), abs=1e-6)
    assert len(found.alarms) == len(alone.alarms)


def _false_alarms(limit: CusumLimits, follow: Follow, runs: int) -> float:
    generator = np.random.default_rng(6)
    alarms = 0
    for _ in range(runs):
        risk = generator.choice([0.1, 0.3, 0.5], 300)
        outcome = (generator.random(300) < risk).astype(float)
        staying = np.where(outcome == 1, generator.choice(follow.at_events, 300), follow.at_horizon)
        weights = np.where(generator.random(300) < staying, 1 / staying, 0.0)
        alarms += bool(calibration_cusum(outcome, risk, limit, weights).alarms)
    return alarms / runs


def test_the_limit_holds_its_rate_where_patients_are_lost() -> None:
    # Events were at equally likely days, at which .95, .8 and .65 were still followed; those seen are fewer the later.
    true = np.array([0.95, 0.8, 0.65])
    seen = np.repeat(true, (true * 100).round().astype(int))
    limit = cusum_limits([0.1, 0.3, 0.5], 300, false_alarms=0.2, follow=Follow(seen, 0.6), simulations=3000, seed=2)
    assert _false_alarms(limit, Follow(true, 0.6), 400) == pytest.approx(0.2, abs=0.06)


def test_the_limit_holds_its_rate_where_the_models_own_level_is_not_exact() -> None:
    # Rare outcomes, so that the mean log-odds lie far from where level and slope are independent.
    pool, development = np.array([0.005, 0.02, 0.1, 0.5]), 150
    design = sm.add_constant(logit(pool))
    information = development / pool.size * design.T @ (design * (pool * (1 - pool))[:, None])
    errors = np.random.default_rng(9).multivariate_normal([0.0, 0.0], np.linalg.inv(information), 500)
    off = {
        "level_error": float(information[0, 0] ** -0.5),
        "slope_error": float(np.linalg.inv(information)[1, 1] ** 0.5),
    }
    how = {"false_alarms": 0.2, "simulations": 3000, "seed": 5}
    exact = cusum_limits(pool, 600, **how)  # type: ignore[arg-type]
    limit = cusum_limits(pool, 600, **off, **how)  # type: ignore[arg-type]
    generator = np.random.default_rng(10)
    alarms = []
    for level, slope in errors:
        risk = generator.choice(pool, 600)
        outcome = (generator.random(600) < expit(level + (1 + slope) * logit(risk))).astype(float)
        alarms.append([bool(calibration_cusum(outcome, risk, one).alarms) for one in (limit, exact)])
    held, exceeded = np.mean(alarms, axis=0)
    assert held == pytest.approx(0.2, abs=0.05)
    assert exceeded > 0.3


def test_a_limit_for_many_stretches_is_that_of_one_long_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    how = {"false_alarms": 0.05, "level_error": 0.05, "simulations": 400}
    whole = cusum_limits([0.1, 0.3, 0.5], 6000, **how)  # type: ignore[arg-type]
    one = cusum_limits([0.1, 0.3, 0.5], 750, **how)  # type: ignore[arg-type]
    monkeypatch.setattr(module, "_MOST_PATIENTS", 750)
    many = [cusum_limits([0.1, 0.3, 0.5], 6000, seed=seed, **how) for seed in range(3)]  # type: ignore[arg-type]
    for name in ("level", "spread"):
        assert np.mean([getattr(each, name) for each in many]) == pytest.approx(getattr(whole, name), rel=0.12)
        assert getattr(one, name) < 0.85 * getattr(whole, name)


def test_the_same_seed_gives_the_same_limit_and_fewer_alarms_a_higher_one() -> None:
    one = cusum_limits([0.2, 0.4], 200, false_alarms=0.1, simulations=500, seed=3)
    assert one == cusum_limits([0.2, 0.4], 200, false_alarms=0.1, simulations=500, seed=3)
    rarer = cusum_limits([0.2, 0.4], 200, false_alarms=0.02, simulations=500, seed=3)
    assert rarer.level > one.level
    assert rarer.spread > one.spread


def test_control_limits_are_those_of_the_binomial_where_risks_are_equal() -> None:
    lower, upper = observed_expected_limits(np.full(120, 0.25), level=0.01)
    assert lower == pytest.approx(binom(120, 0.25).ppf(0.005) / 30)
    assert upper == pytest.approx(binom(120, 0.25).isf(0.005) / 30)


def test_control_limits_are_those_of_scipy_where_risks_differ() -> None:
    risk = np.random.default_rng(8).uniform(0.05, 0.7, 40)
    reference = poisson_binom(risk)
    limits = observed_expected_limits(risk, level=0.01)
    assert limits == pytest.approx((reference.ppf(0.005) / risk.sum(), reference.ppf(0.995) / risk.sum()))


def test_control_limits_of_weighted_patients_widen_with_the_weights() -> None:
    risk: NDArray[np.float64] = np.random.default_rng(7).uniform(0.1, 0.5, 400)
    exact = observed_expected_limits(risk)
    normal = observed_expected_limits(risk, np.ones(400))
    wider = observed_expected_limits(risk, np.where(np.arange(400) < 200, 2.0, 0.0))
    assert normal == pytest.approx(exact, abs=0.02)
    assert wider[1] > normal[1]


def test_limits_of_slope_and_auc_are_those_of_simulated_quarters() -> None:
    generator = np.random.default_rng(5)
    risk = expit(generator.normal(-1, 1.1, 250))
    weights = np.where(np.arange(250) < 200, 1.25, 0.0)
    design = sm.add_constant(logit(risk))
    slopes, areas = [], []
    for _ in range(300):
        outcome = (generator.random(250) < risk).astype(float)
        family = sm.families.Binomial()
        slopes.append(sm.GLM(outcome, design, family, var_weights=weights).fit().params[1])
        areas.append(roc_auc_score(outcome, risk, sample_weight=weights))
    lower, upper = slope_limits(risk, weights, level=0.1)
    assert np.mean(np.array(slopes) < lower) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.array(slopes) > upper) == pytest.approx(0.05, abs=0.04)
    expected, lower, upper = auc_limits(risk, weights, level=0.1)
    assert expected == pytest.approx(np.mean(areas), abs=0.005)
    assert np.quantile(areas, [0.05, 0.95]) == pytest.approx([lower, upper], abs=0.012)


def test_the_expected_auc_counts_pairs() -> None:
    risk = np.array([0.1, 0.3, 0.3, 0.8])
    pairs = [(p * (1 - q), (p > q) + (p == q) / 2) for i, p in enumerate(risk) for j, q in enumerate(risk) if i != j]
    expected = sum(chance * higher for chance, higher in pairs) / sum(chance for chance, _ in pairs)
    assert auc_limits(risk)[0] == pytest.approx(expected)


def test_limits_of_level_and_spread_hold_their_rate_together() -> None:
    risk, generator = np.array([0.02, 0.1, 0.4, 0.8]), np.random.default_rng(3)
    limits = cusum_limits(risk, 250, false_alarms=0.2, simulations=2000, seed=4)
    raised = []
    for _ in range(400):
        drawn = generator.choice(risk, 250)
        found = calibration_cusum(generator.random(250) < drawn, drawn, limits)
        raised.append([any((one.direction == "flatter") == spread for one in found.alarms) for spread in (False, True)])
    either = np.any(raised, axis=1).mean()
    level, spread = np.mean(raised, axis=0)
    assert either == pytest.approx(0.2, abs=0.06)
    assert level == pytest.approx(spread, abs=0.06)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: CusumLimits(0.0, 1.0), "limit above 0"),
        (lambda: calibration_cusum([1], [0.5], CusumLimits(1.0, 1.0), odds_ratio=1.0), "odds ratio above 1"),
        (lambda: slope_limits([0.5, 0.5]), "no slope"),
        (lambda: slope_limits([0.0, 0.5, 1.0]), "no slope"),
        (lambda: auc_limits([0.0, 0.0]), "needs events"),
        (lambda: cusum_limits([1.2], 10, false_alarms=0.1), "risk lies"),
        (lambda: cusum_limits([0.2], 0, false_alarms=0.1), "runs for patients"),
        (lambda: cusum_limits([0.2], 10, false_alarms=0.004, simulations=2000), "not found by 2,000 simulations"),
        (lambda: cusum_limits([0.2], 10, false_alarms=0.1, level_error=-1.0), "not negative"),
        (lambda: Follow(np.array([0.0]), 0.5), "being followed"),
        (lambda: observed_expected_limits([0.0, 0.0]), "no event"),
        (lambda: observed_expected_limits([0.5], level=1.0), "level lies"),
    ],
)
def test_what_makes_no_rule_is_refused(call: Callable[[], object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        call()
