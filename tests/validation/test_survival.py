"""Measures of the whole follow-up, and the strata of a score, against counting by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from validation.made_validation import INPUTS, OUTCOME, cohort_of, table, truth_source

from spinecast import statistics as st
from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import score
from spinecast.cohorts.outcomes import label_outcome
from spinecast.validation.strata import observe_strata
from spinecast.validation.survival import FollowedRisk, followed_risk, survival_measures


def test_it_is_what_the_statistics_say_of_everybody_followed() -> None:
    cohort = cohort_of(table(300, seed=3))
    labelled = label_outcome(cohort, replace(OUTCOME, censored="ipcw"))
    risk = truth_source().compute({name: cohort.matrix([name])[:, 0] for name in INPUTS})
    some = np.where(np.arange(300) < 250, risk, np.nan)
    followed = followed_risk(labelled, some)
    assert isinstance(followed, FollowedRisk)
    found = survival_measures(followed)
    time, event = labelled.time[:250], labelled.event[:250]
    assert found["harrell_c"] == st.harrell_c(time, event, risk[:250])
    assert found["uno_c"] == st.uno_c(time, event, risk[:250], 90)
    assert found["ipa"] == st.index_of_prediction_accuracy(time, event, risk[:250], 90)
    assert found["horizon_observed_expected_ratio"] == st.horizon_observed_expected_ratio(time, event, risk[:250], 90)


def test_a_competing_event_leaves_the_measures_at_the_horizon() -> None:
    draw = np.random.default_rng(2)
    event = draw.integers(0, 3, 200).astype(float)
    followed = FollowedRisk(draw.uniform(1, 200, 200), event, draw.random(200), 90.0)
    found = survival_measures(followed)
    assert isinstance(found["harrell_c"], st.Absent)
    assert "another event competes" in found["harrell_c"].reason
    assert found["horizon_auc"] == st.horizon_auc(followed.time, event, followed.risk, 90.0)


def test_values_that_are_no_risks_rank_only() -> None:
    draw = np.random.default_rng(2)
    followed = FollowedRisk(draw.uniform(1, 200, 90), draw.integers(0, 2, 90) * 1.0, draw.normal(9, 3, 90), 90.0)
    found = survival_measures(followed, ranks_only="points")
    assert isinstance(found["uno_c"], st.Estimate)
    assert found["ipa"] == found["horizon_brier"] == st.Absent("points")


def test_an_outcome_without_follow_up_has_none() -> None:
    cohort = cohort_of(table(80, seed=3))
    labelled = replace(label_outcome(cohort, OUTCOME), time=None)
    assert isinstance(followed_risk(labelled, np.full(80, 0.5)), st.Absent)
    nobody = followed_risk(label_outcome(cohort, OUTCOME), np.full(80, np.nan))
    assert nobody == st.Absent("no patient has a predicted value")


def bollen(count: int) -> dict[str, np.ndarray]:
    """Everyone the same but for the performance status: two strata."""
    levels = variable("primary_tumour").level_values
    return {
        "primary_tumour": np.full(count, float(levels.index("breast"))),
        "karnofsky_performance_status": np.where(np.arange(count) % 2, 90.0, 30.0),
        "visceral_metastases": np.zeros(count),
        "brain_metastases": np.zeros(count),
    }


def test_strata_are_counted_beside_what_is_published() -> None:
    columns, entry = bollen(60), score("bollen")
    outcome = (np.arange(60) % 3 == 0).astype(float)
    place = entry.compute(columns).stratum()
    found = observe_strata(entry, columns, outcome, None, 90)
    assert [one.label for one in found] == [band.label for band in entry.strata]
    for number, one in enumerate(found):
        inside = place == number
        assert one.expected == pytest.approx(1 - entry.strata[number].expected_survival[90])
        if inside.any():
            assert one.observed.estimate == pytest.approx(outcome[inside].mean())
            assert (one.observed.n, one.observed.events) == (inside.sum(), outcome[inside].sum())
            limits = st.wilson_interval(int(outcome[inside].sum()), int(inside.sum()))
            assert (one.observed.lower, one.observed.upper) == limits
        else:
            assert one.observed == st.Absent("no patient")


def test_few_patients_of_a_stratum_are_not_shown_and_weights_count() -> None:
    columns, entry = bollen(18), score("bollen")
    outcome = np.tile([0.0, 1.0, 1.0], 6)
    few = observe_strata(entry, columns, outcome, None, 90)
    assert st.Absent("fewer than 10 patients") in [one.observed for one in few]
    columns = bollen(80)
    outcome = (np.arange(80) % 4 == 0).astype(float)
    weights = np.where(outcome == 1, 2.0, 1.0)
    weights[-4:] = 0
    shown = [one.observed for one in observe_strata(entry, columns, outcome, weights, 42)]
    estimate = next(one for one in shown if isinstance(one, st.Estimate))
    place = entry.compute(columns).stratum()
    inside = (place == shown.index(estimate)) & (weights > 0)
    assert estimate.estimate == pytest.approx(np.average(outcome[inside], weights=weights[inside]))
    assert estimate.n == inside.sum()
    assert all(one.expected is None for one in observe_strata(entry, columns, outcome, weights, 42))
