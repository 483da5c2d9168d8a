"""Telling case mix from model failure, on patients of whom it is known which of the two it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from validation.made_validation import INPUTS, cohort_of, development_of, labelled_of, log_odds, table

from spinecast.clinical.dictionary import variable
from spinecast.statistics import Absent, Estimate, auc
from spinecast.validation import Predictions
from spinecast.validation.case_mix import CaseMix, compare_case_mix
from spinecast.validation.development import Development
from spinecast.validation.linear_predictor import LinearPredictor, linear_predictor
from spinecast.validation.measures import all_measures
from spinecast.validation.membership import membership_probability


def compared(
    there: dict[str, float], *, home: dict[str, float] | None = None, curved: float = 0.0, count: int = 3000
) -> CaseMix:
    """Judge the truth at home on other patients; `curved` bends it, so that it holds where it was made alone."""
    development = cohort_of(table(count, seed=11, prefix="H", **(home or {})), "home")
    cohort = cohort_of(table(count, seed=12, prefix="V", **there), "there")
    labelled = labelled_of(cohort)
    columns = {name: cohort.matrix([name])[:, 0] for name in INPUTS}
    risk = expit(log_odds(columns) - curved * ((columns["age"] - 62) / 10) ** 2)
    predictions = Predictions(risk, labelled.values, None, None, "external")
    measures = all_measures(predictions, bootstrap=20, seed=1)
    known = development_of(development)
    return compare_case_mix(predictions, measures, cohort, labelled, INPUTS, known, bootstrap=60, seed=1)


def test_alike_patients_cannot_be_told_apart() -> None:
    found = compared({})
    assert isinstance(found.membership_auc, Estimate)
    assert abs(found.membership_auc.estimate - 0.5) < 0.03
    assert found.effective_n > 2900
    assert abs(found.reweighted["calibration_in_the_large"].estimate) < 0.15
    assert all(abs(row["standardised_difference"]) < 0.1 for row in found.characteristics)


def test_other_patients_are_told_by_what_differs() -> None:
    found = compared({"older": 12.0})
    assert found.membership_auc.estimate > 0.75
    assert found.membership_auc_with_outcome.estimate >= found.membership_auc.estimate - 0.01
    rows = {row["variable"]: row for row in found.characteristics}
    assert rows["age"]["standardised_difference"] == pytest.approx(1.2, abs=0.1)
    assert abs(rows["albumin"]["standardised_difference"]) < 0.1
    assert found.effective_n < 2000


def test_a_shifted_baseline_stays_when_the_patients_are_made_alike() -> None:
    found = compared({"shift": 0.8, "older": 8.0})
    large, alike = found.observed["calibration_in_the_large"], found.reweighted["calibration_in_the_large"]
    assert large.estimate == pytest.approx(0.8, abs=0.15)
    assert alike.estimate == pytest.approx(0.8, abs=0.25)
    assert alike.lower > 0.4


def test_a_model_that_holds_at_home_is_right_again_when_weighted() -> None:
    # Risks are too low for the old, of whom there are few at home and many here; weighting puts home's ages back.
    found = compared({"older": 15.0}, curved=0.15)
    large, alike = found.observed["calibration_in_the_large"], found.reweighted["calibration_in_the_large"]
    assert large.estimate > 0.35
    assert alike.estimate < large.estimate - 0.2
    assert alike.lower < 0.2


def test_the_expected_auc_falls_with_the_spread_and_not_with_the_outcome() -> None:
    alike, shifted = compared({}), compared({"shift": 1.0})
    assert shifted.expected_auc.estimate == pytest.approx(alike.expected_auc.estimate, abs=1e-12)
    assert abs(alike.observed_auc.estimate - alike.expected_auc.estimate) < 0.03


def test_without_the_development_patients_what_needs_them_is_absent_with_the_reason() -> None:
    cohort = cohort_of(table(300, seed=3))
    labelled = labelled_of(cohort)
    risk = expit(log_odds({name: cohort.matrix([name])[:, 0] for name in INPUTS}))
    predictions = Predictions(risk, labelled.values, None, None, "external")
    measures = all_measures(predictions, bootstrap=20, seed=1)
    recorded = Development(
        "home",
        "synthetic",
        "0" * 64,
        evaluation={
            "basis": "out-of-fold",
            "measures": {"auc": {"estimate": 0.8, "lower": 0.7, "upper": 0.9, "n": 9, "events": 4, "method": "m"}},
            "risk_histogram": {"edges": [0, 0.5, 1], "with_event": [10, 30], "without_event": [30, 10]},
        },
        quantiles={"age": tuple(range(41, 50))},
        unreadable="nobody kept them",
    )
    found = compare_case_mix(predictions, measures, cohort, labelled, INPUTS, recorded, bootstrap=20, seed=1)
    assert found.membership_auc == Absent("nobody kept them")
    assert set(found.reweighted.values()) == {Absent("nobody kept them")}
    assert found.effective_n is None
    assert found.development_auc.estimate == 0.8
    # Two bins of 40 each: log-odds of -log 3 and log 3.
    level = found.linear_predictor["development"]
    assert isinstance(level, LinearPredictor)
    assert (level.mean, level.deviation) == pytest.approx((0, np.log(3)))
    age = found.characteristics[0]
    assert age["rows"][0]["development"] == "45 [43–47]"
    assert age["standardised_difference"] is None
    assert found.to_dict()["membership_auc"] == {"absent": "nobody kept them"}


def test_the_spread_of_low_risks_is_not_lost_in_bins() -> None:
    """All risks below 2.5 % share one bin; their log-odds do not share one value."""
    home, cohort = cohort_of(table(200, seed=1, prefix="H"), "home"), cohort_of(table(200, seed=2), "there")
    labelled = labelled_of(cohort)
    log_risk = np.random.default_rng(3).normal(-5.5, 0.5, 200)
    predictions = Predictions(expit(log_risk), labelled.values, None, None, "external")
    level = linear_predictor(predictions)
    assert (level.mean, level.deviation) == pytest.approx((log_risk.mean(), log_risk.std()))
    recorded = {"linear_predictor": {**level.to_dict(), "basis": "out-of-fold"}, "risk_histogram": HISTOGRAM}
    observed = all_measures(predictions, bootstrap=20, seed=1)

    def judged(evaluation: dict[str, object]) -> dict[str, LinearPredictor | Absent]:
        known = replace(development_of(home), evaluation=evaluation)
        return compare_case_mix(
            predictions, observed, cohort, labelled, INPUTS, known, bootstrap=20, seed=1
        ).linear_predictor

    both = judged(recorded)
    assert both["validation"] == level
    assert (both["development"].deviation, both["development"].basis) == (level.deviation, "out-of-fold")
    # A record from before has bins alone: then both are from bins, and say so.
    older = judged({"risk_histogram": HISTOGRAM, "basis": "out-of-fold"})
    assert older["validation"].binned
    assert older["development"].binned
    assert older["validation"].deviation == 0


HISTOGRAM = {
    "edges": np.linspace(0, 1, 41).tolist(),
    "with_event": [5.0, *([0.0] * 39)],
    "without_event": [200.0, *([0.0] * 39)],
}


def test_a_risk_of_exactly_one_has_no_log_odds() -> None:
    found = linear_predictor(Predictions(np.array([0.3, 1.0]), np.array([0.0, 1.0]), None, None, "external"))
    assert found == Absent("1 of 2 predicted risks are exactly 0 or 1 and have no log-odds")


def test_cohorts_with_nothing_in_common_are_not_weighted() -> None:
    found = compared({"older": 30.0}, home={"older": -30.0}, count=500)
    assert found.membership_auc.estimate > 0.99
    reason = found.reweighted["auc"]
    assert isinstance(reason, Absent)
    assert "too little in common" in reason.reason


def test_membership_is_judged_on_patients_it_was_not_fitted_to() -> None:
    # Forty columns of noise: fitted and judged on the same 200 patients a regression would tell them apart.
    draw = np.random.default_rng(3)
    entries = [variable("age")] * 40
    found = membership_probability(draw.normal(60, 9, (100, 40)), draw.normal(60, 9, (100, 40)), entries, seed=1)
    assert abs(auc(found.validation, found.probability).estimate - 0.5) < 0.12
    assert found.development_weights().mean() == pytest.approx(1)
