"""Follow-up as it comes: who counts for how long, and that deaths told at once raise nothing by themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from made_watched import a_model, some_watched

from spinecast.cohorts.outcomes import CompetingHorizonOutcome
from spinecast.statistics import Absent, calibration_cusum, event_steps
from spinecast.validation.monitoring.alarms import AlarmRule
from spinecast.validation.monitoring.as_they_come import Coming, as_they_come
from spinecast.validation.monitoring.calibration_watch import CalibrationWatch, watch_calibration
from spinecast.validation.monitoring.one_risk import OneRisk, one_risk
from spinecast.validation.monitoring.watched import Watched, follow

UNTIL = np.datetime64("2025-12-31", "D")
RULE = AlarmRule(simulations=500, span_years=2)


def coming(watched: Watched, until: np.datetime64 = UNTIL) -> Coming:
    risk = one_risk(a_model())
    found = as_they_come(watched, follow(watched, risk, until), risk, until)
    assert isinstance(found, Coming)
    return found


def watch(watched: Watched, until: np.datetime64 = UNTIL, rule: AlarmRule = RULE) -> CalibrationWatch:
    risk = one_risk(a_model())
    found = watch_calibration(watched, follow(watched, risk, until), risk, until, rule)
    assert isinstance(found, CalibrationWatch)
    return found


def told(watched: Watched, known_to: np.datetime64, *, deaths_at_once: bool) -> Watched:
    """What would have come back by `UNTIL` if visits were reported to `known_to`, and deaths to that day or at once."""
    ends = watched.predicted_on + watched.time.astype("timedelta64[D]")
    dead = watched.state == 1
    known = ends <= (UNTIL if deaths_at_once else known_to)
    so_far = np.maximum((known_to - watched.predicted_on).astype(float), 0.0)
    time = np.where(dead & known, watched.time, np.minimum(watched.time, so_far))
    silent = ~(dead & known) & (so_far == 0)
    return replace(
        watched, time=np.where(silent, np.nan, time), state=np.where(silent, np.nan, (dead & known).astype(float))
    )


def test_a_change_is_raised_before_the_first_horizon_after_it_has_passed() -> None:
    watched = some_watched(2400, shift=1.6)
    found = watch(watched)
    assert found.waiting == ""
    first = found.alarms[0]
    assert first.direction == "more"
    assert "2025-01-01" < first.known_on < "2025-04-01"
    assert first.quarter == "2025 Q1"
    assert found.since is not None
    assert "2024-12-01" < str(found.since) < first.known_on
    # As much is known on that very day, of nobody else and nothing later.
    then = np.datetime64(first.known_on, "D")
    seen = watched.predicted_on <= then
    part = replace(
        watched,
        **{name: getattr(watched, name)[seen] for name in ("predicted_on", "risk", "inputs", "time", "state")},
        subjects=tuple(np.array(watched.subjects)[seen]),
    )
    at_the_time = watch(part, then)
    assert {one.direction for one in at_the_time.alarms} == {"more"}
    assert at_the_time.alarms[0].known_on > "2025-01-01"


def test_what_comes_later_than_the_last_day_does_not_count() -> None:
    watched, until = some_watched(900), np.datetime64("2025-06-30", "D")
    watched = replace(watched, predicted_on=np.minimum(watched.predicted_on, until))
    found = watch(watched, until)
    assert found.known_on[-1] == until
    ends = watched.predicted_on + watched.time.astype("timedelta64[D]")
    died = (watched.state == 1) & (watched.time <= 90) & (ends <= until)
    assert found.observed.sum() == died.sum()


def test_the_sums_end_where_the_living_have_not_been_heard_of() -> None:
    watched = some_watched(900)
    assert coming(watched).last == UNTIL
    visits = np.datetime64("2025-10-31", "D")
    for deaths_at_once in (False, True):
        late = told(watched, visits, deaths_at_once=deaths_at_once)
        found = coming(late)
        assert abs((found.last - visits).astype(int)) <= 10
        assert not watch(late).alarms
    # A few of whom nothing is known hold nothing up.
    few = np.arange(len(watched)) % 40 == 0
    silent = replace(watched, time=np.where(few, np.nan, watched.time), state=np.where(few, np.nan, watched.state))
    assert coming(silent).last == UNTIL


def test_deaths_of_whom_the_horizon_has_passed_are_told_sooner_too() -> None:
    """Everybody who lived on is silent, of those predicted in the last five months: 60 days of them are due."""
    watched = some_watched(900)
    recent = (watched.predicted_on > np.datetime64("2025-07-31", "D")) & ~((watched.state == 1) & (watched.time <= 90))
    silent = replace(
        watched, time=np.where(recent, np.nan, watched.time), state=np.where(recent, np.nan, watched.state)
    )
    found = coming(silent)
    assert "2025-07-31" <= str(found.last) < "2025-09-01"
    assert not watch(silent).alarms


def test_deaths_that_are_told_at_once_would_raise_without_that() -> None:
    late = told(some_watched(900), np.datetime64("2025-10-31", "D"), deaths_at_once=True)
    found = coming(late)
    steps = event_steps(found.followed)
    known = int((found.last - found.first).astype(int)) + 1
    until = int((UNTIL - found.first).astype(int)) + 1
    after = slice(known, until)
    assert steps.observed[after].sum() > 3 * steps.expected[after].sum()
    assert abs(steps.observed[:known].sum() / steps.expected[:known].sum() - 1) < 0.2


def test_few_events_and_outcomes_without_follow_up_are_waited_for() -> None:
    watched, risk = some_watched(90), one_risk(a_model())
    followed = follow(watched, risk, UNTIL)
    rare = as_they_come(watched, replace(followed, due=followed.due & (watched.time > 50)), risk, UNTIL)
    assert isinstance(rare, Absent)
    assert "events tell nothing of when events come" in rare.reason
    early = watched.predicted_on[60]
    found = watch(replace(watched, predicted_on=np.minimum(watched.predicted_on, early)), early)
    assert "at least 20 are needed" in found.waiting
    now = follow(replace(watched, predicted_on=np.minimum(watched.predicted_on, early)), risk, early)
    assert not isinstance(now.predictions, Absent)
    by_hand = calibration_cusum(
        now.predictions.outcome, now.predictions.risk, found.cusum.limits, now.predictions.weights
    )
    assert np.array_equal(found.cusum.more, by_hand.more)
    assert (found.known_on == watched.predicted_on[now.rows] + np.timedelta64(90, "D")).all()


def test_certain_risks_are_watched_too() -> None:
    watched, risk = some_watched(300), one_risk(a_model())
    certain = replace(watched, risk=watched.state * (watched.time <= 90))
    found = watch_calibration(certain, follow(certain, risk, UNTIL), risk, UNTIL, RULE, 900)
    assert isinstance(found, CalibrationWatch)
    assert not found.alarms
    never = replace(watched, risk=np.zeros(300))
    reason = watch_calibration(never, follow(never, risk, UNTIL), risk, UNTIL, RULE, 900)
    assert isinstance(reason, Absent)
    assert reason.reason == "no event was expected of anybody"


def test_whoever_had_what_competes_is_known_not_to_have_the_event() -> None:
    outcome = CompetingHorizonOutcome(
        "local_progression_time", "local_progression_status", ("local_progression",), 180.0, ("death",)
    )
    time, state = np.array([10.0, 20.0, 30.0, 400.0]), np.array([1.0, 2.0, 0.0, 2.0])
    ended = OneRisk("progression", outcome).ended(time, state)
    assert ended is not None
    assert ended[0].tolist() == [10, 180, 30, 400]
    assert ended[1].tolist() == [True, False, False, False]
    both = OneRisk("either", replace(outcome, handling="composite")).ended(time, state)
    assert both is not None
    assert both[0].tolist() == time.tolist()
    assert both[1].tolist() == [True, True, False, True]
    assert OneRisk("left out", replace(outcome, handling="exclude")).ended(time, state) is None
