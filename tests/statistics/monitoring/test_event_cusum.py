"""The sum of events as they come: against likelihoods by day, whole patients and simulated hospitals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from spinecast.statistics import (
    Absent,
    CusumLimits,
    EventShape,
    FollowedRisks,
    cusum_limits,
    event_cusum,
    event_limits,
    event_shape,
    event_steps,
)
from spinecast.statistics.monitoring import event_limits as module
from spinecast.statistics.monitoring.cumulative_sum import changes_for

SHAPE = EventShape(np.arange(6.0), np.array([0.0, 0.4, 0.6, 0.6, 0.9, 1.0]))


def _hospital(generator: np.random.Generator, odds: np.ndarray | float = 0.0, count: int = 220) -> FollowedRisks:
    """Patients of 60 days, a sixth of them lost early, whose log-odds are off by so much."""
    risk = generator.choice([0.1, 0.3, 0.5], count)
    dies = generator.random(count) < expit(logit(risk) + odds)
    day = generator.choice(np.arange(1.0, 6.0), count, p=np.diff(SHAPE.reached))
    lost = np.where(generator.random(count) < 0.3, generator.integers(0, 6, count), 9)
    event = dies & (day <= lost)
    followed = np.where(event, day, np.minimum(lost, 5)).astype(np.float64)
    return FollowedRisks(np.sort(generator.integers(0, 60, count)), risk, followed, event, SHAPE)


def test_each_day_adds_the_likelihood_ratio_of_what_was_seen_on_it() -> None:
    patients = _hospital(np.random.default_rng(3), count=80)
    found = event_steps(patients, 3.0)
    more, fewer, flatter, observed, expected = (np.zeros(len(found.more)) for _ in range(5))
    centre = changes_for(patients.risk).centre
    flat = expit(centre + 0.5 * (logit(patients.risk) - centre))
    assert flat.sum() == pytest.approx(patients.risk.sum())
    first = patients.entered.min()
    for begun, risk, followed, event, half in zip(
        patients.entered, patients.risk, patients.followed, patients.event, flat, strict=True
    ):
        for day in range(1, int(followed) + 1):
            chances = []
            for changed in (risk, *(expit(logit(risk) + math.log(ratio)) for ratio in (3.0, 1 / 3)), half):
                left = 1 - changed * SHAPE.reached[day - 1]
                chances.append(changed * (SHAPE.reached[day] - SHAPE.reached[day - 1]) / left)
            came = bool(event) and day == followed
            at = begun - first + day
            observed[at] += came
            expected[at] += chances[0]
            if chances[0] > 0:
                same, up, down, nearer = (one if came else 1 - one for one in chances)
                flatter[at] += math.log(nearer / same)
                more[at] += math.log(up / same)
                fewer[at] += math.log(down / same)
    assert found.more == pytest.approx(more)
    assert found.fewer == pytest.approx(fewer)
    assert found.flatter == pytest.approx(flatter)
    assert found.expected == pytest.approx(expected)
    assert found.observed.tolist() == observed.tolist()


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
@settings(deadline=None, max_examples=40)
def test_whoever_was_followed_to_the_horizon_has_added_what_a_whole_patient_adds(seed: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    risk, event = generator.uniform(0, 1, n), generator.random(n) < 0.4
    followed = np.where(event, generator.integers(0, 6, n), 5 + generator.integers(0, 9, n)).astype(np.float64)
    late = generator.random(n) < 0.2
    event, followed = event | late, np.where(late, 7.0, followed)  # an event after the horizon is none by it
    found = event_steps(FollowedRisks(generator.integers(0, 30, n), risk, followed, event, SHAPE))
    had = (event & (followed <= 5)).astype(float)
    assert found.more.sum() == pytest.approx(np.sum(had * np.log(2) - np.log1p(risk)))
    assert found.fewer.sum() == pytest.approx(np.sum(-had * np.log(2) - np.log1p(-risk / 2)))
    flatter = changes_for(risk).risks(risk)["flatter"]
    whole = np.where(had == 1, np.log(flatter / risk), np.log((1 - flatter) / (1 - risk)))
    assert found.flatter.sum() == pytest.approx(whole.sum())
    assert found.observed.sum() == had.sum()


def test_when_events_come_is_kaplan_meiers_and_a_changed_level_leaves_it_alone() -> None:
    generator = np.random.default_rng(8)
    day = generator.integers(1, 91, 900).astype(np.float64)
    lost = np.ceil(generator.exponential(200, 900))
    chance = generator.random(900)
    shapes = []
    for share in (0.2, 0.5):
        event = (chance < share) & (day <= lost)
        time = np.where(event, day, np.minimum(lost, 120))
        shape = event_shape(time, event, 90.0)
        assert isinstance(shape, EventShape)
        reference = sm.SurvfuncRight(time, event.astype(float))
        survival = np.array([reference.surv_prob[reference.surv_times <= at][-1] for at in (30, 60, 90)])
        assert shape.reached[[30, 60, 90]] == pytest.approx((1 - survival) / (1 - survival[-1]))
        shapes.append(shape.reached)
    assert np.abs(shapes[0] - shapes[1]).max() < 0.1
    few = event_shape(np.full(19, 3.0), np.ones(19), 90.0)
    assert isinstance(few, Absent)
    assert "19 events" in few.reason
    half = event_shape(np.full(40, 0.0), np.ones(40), 0.5)
    assert isinstance(half, EventShape)
    assert half.days.tolist() == [0, 0.5]


def test_the_limit_holds_its_rate_though_the_models_level_is_not_exact() -> None:
    generator = np.random.default_rng(6)
    pattern = _hospital(generator, count=2000)
    error = 0.25
    expected = event_steps(pattern).expected.sum() * 220 / 2000
    how = {"false_alarms": 0.2, "simulations": 1500, "seed": 2}
    exact = event_limits(pattern, expected, **how)  # type: ignore[arg-type]
    limit = event_limits(pattern, expected, level_error=error, slope_error=0.2, **how)  # type: ignore[arg-type]
    right, off = [], []
    for _ in range(300):
        right.append(bool(event_cusum(event_steps(_hospital(generator)), exact).alarms))
        steps = event_steps(_hospital(generator, error * generator.normal()))
        off.append([bool(event_cusum(steps, one).alarms) for one in (limit, exact)])
    # A day's end is looked at, and not each event: a little fewer than were set.
    assert 0.1 < np.mean(right) < 0.26
    held, exceeded = np.mean(off, axis=0)
    assert 0.1 < held < 0.26
    assert exceeded > held + 0.05


def test_of_rare_outcomes_and_an_inexact_model_the_limit_is_that_of_whole_patients() -> None:
    pool, generator = np.tile([0.005, 0.02, 0.1, 0.5], 300), np.random.default_rng(3)
    event = generator.random(1200) < pool
    followed = np.where(event, generator.choice(np.arange(1.0, 6.0), 1200, p=np.diff(SHAPE.reached)), 5.0)
    patients = FollowedRisks(np.sort(generator.integers(0, 60, 1200)), pool, followed, event, SHAPE)
    how = {"false_alarms": 0.1, "level_error": 0.2, "slope_error": 0.2}
    as_they_come = [event_limits(patients, pool.sum(), seed=seed, **how) for seed in range(3)]  # type: ignore[arg-type]
    waited_for = [cusum_limits(pool, 1200, seed=seed, **how) for seed in range(3)]  # type: ignore[arg-type]
    for name in ("level", "spread"):
        whole = np.mean([getattr(one, name) for one in waited_for])
        assert np.mean([getattr(one, name) for one in as_they_come]) == pytest.approx(whole, rel=0.15)


def test_a_limit_for_many_stretches_is_that_of_one_long_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = _hospital(np.random.default_rng(1), count=1000)
    how = {"false_alarms": 0.05, "level_error": 0.05, "simulations": 400}
    whole = event_limits(pattern, 2000.0, **how)  # type: ignore[arg-type]
    one = event_limits(pattern, 250.0, **how)  # type: ignore[arg-type]
    monkeypatch.setattr(module, "_MOST_EXPECTED", 250)
    many = [event_limits(pattern, 2000.0, seed=seed, **how) for seed in range(3)]  # type: ignore[arg-type]
    for name in ("level", "spread"):
        found = np.mean([getattr(each, name) for each in many])
        assert found == pytest.approx(getattr(whole, name), rel=0.12)
        assert getattr(one, name) < 0.85 * getattr(whole, name)


def test_what_makes_no_sense_is_refused() -> None:
    patients = _hospital(np.random.default_rng(2), count=30)
    never = FollowedRisks(patients.entered, np.zeros(30), patients.followed, patients.event, SHAPE)
    for wrong, words in (
        (lambda: EventShape(np.array([0.0, 1.0]), np.array([0.0, 0.9])), "from 0 to 1"),
        (lambda: EventShape(np.array([0.0, 0.0]), np.array([0.0, 1.0])), "rise from 0"),
        (lambda: FollowedRisks(patients.entered, patients.risk[1:], patients.followed, patients.event, SHAPE), "each"),
        (lambda: FollowedRisks(patients.entered, patients.risk + 1, patients.followed, patients.event, SHAPE), "risk"),
        (lambda: FollowedRisks(patients.entered, patients.risk, -patients.followed - 1, patients.event, SHAPE), "time"),
        (lambda: CusumLimits(3.0, 0.0), "limit above 0"),
        (lambda: event_steps(patients, slope=1.0), "a slope from 0"),
        (lambda: event_limits(patients, 0.0, false_alarms=0.1), "events are expected"),
        (lambda: event_limits(never, 10.0, false_alarms=0.1), "no event is expected"),
        (lambda: event_limits(patients, 10.0, false_alarms=0.001), "not found by 2,000"),
        (lambda: event_limits(patients, 10.0, false_alarms=0.1, slope_error=-1), "not negative"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
