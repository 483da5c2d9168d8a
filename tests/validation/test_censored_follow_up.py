"""Censoring that differs between groups, and between cohorts, on patients of whom the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from validation.made_validation import INPUTS, OUTCOME, cohort_of, development_of, log_odds, table

from spinecast import statistics as st
from spinecast.cohorts.outcomes import HorizonOutcome, label_outcome
from spinecast.validation import Comparator, Predictions, compare, evaluate
from spinecast.validation.case_mix import compare_case_mix
from spinecast.validation.evaluation import CohortIdentity, OutcomeLabel
from spinecast.validation.external import validate_externally
from spinecast.validation.external_plan import ValidationPlan, ValidationSettings
from spinecast.validation.measures import all_measures
from spinecast.validation.risk_sources import RiskSource
from spinecast.validation.subgroups import Grouping, evaluate_subgroups
from spinecast.validation.survival import (
    FollowedRisk,
    horizon_auc_difference,
    measures_at_horizon,
    predictions_at_horizon,
)

HORIZON = 90.0
FloatArray = NDArray[np.float64]


def followed_patients(count: int, seed: int, censored_by: FloatArray | float) -> FollowedRisk:
    """Risks that are right, and a censoring that comes at an exponential time of the given mean."""
    draw = np.random.default_rng(seed)
    risk = expit(draw.normal(-0.6, 1.1, count))
    days = HORIZON * -np.log(draw.random(count)) / -np.log1p(-risk)  # dead by the horizon with that very probability
    end = draw.exponential(censored_by, count)
    return FollowedRisk(np.minimum(days, end), (days <= end).astype(float), risk, HORIZON)


def test_censoring_is_learned_in_each_group() -> None:
    """Late years are followed for less; weights learned on everybody would make their patients die too often."""
    late = np.arange(8000) % 2 == 0
    followed = followed_patients(8000, 3, np.where(late, 60.0, 2000.0))
    predictions = predictions_at_horizon(followed)
    assert isinstance(predictions, Predictions)
    grouping = Grouping("treatment_year", "Year", (("Late", late), ("Early", ~late)))
    cells = evaluate_subgroups(predictions, [grouping], followed=followed, bootstrap=40, seed=1)[0].cells
    for cell, members in zip(cells, (late, ~late), strict=True):
        ratio, large = cell.measures["observed_expected_ratio"], cell.measures["calibration_in_the_large"]
        assert ratio.lower < 1 < ratio.upper
        assert large.lower < 0 < large.upper
        part = followed.subset(members)
        assert cell.measures["auc"] == st.horizon_auc(part.time, part.event, part.risk, HORIZON)
        assert cell.n == int(np.count_nonzero(predictions.weights[members]))
    together = evaluate_subgroups(predictions, [grouping], bootstrap=40, seed=1)[0].cells
    assert together[0].measures["observed_expected_ratio"].lower > 1  # what learning it on everybody would say


def test_a_group_that_nobody_was_followed_in_long_enough_is_absent() -> None:
    followed = followed_patients(400, 5, 300.0)
    short = np.arange(400) < 150
    time = np.where(short, np.minimum(followed.time, 40.0), followed.time)
    event = np.where(short & (followed.time > 40.0), 0.0, followed.event)
    cut = FollowedRisk(time, event, followed.risk, HORIZON)
    predictions = predictions_at_horizon(cut)
    # The dead are known and so is nobody else: a floor that asks for both sides would hide it before.
    cells = evaluate_subgroups(
        predictions, [Grouping("site", "Site", (("Short", short),))], followed=cut, fewest=0, bootstrap=20, seed=1
    )[0].cells
    assert cells[0].measures["auc"] == st.Absent("the longest follow-up is 40, short of the horizon of 90")


def test_main_measures_and_comparisons_are_those_with_a_formula_under_censoring() -> None:
    followed = followed_patients(500, 8, 150.0)
    predictions = predictions_at_horizon(followed)
    other = np.clip(followed.risk + np.random.default_rng(1).normal(0, 0.2, 500), 0.01, 0.99)
    shared = {"decision_range": (0.1, 0.5), "bootstrap": 20, "seed": 1}
    found = evaluate(
        predictions, model="m", label="M", outcome=OutcomeLabel("Death", "Dead"),
        cohort=CohortIdentity("made", "synthetic", "0"), thresholds=[0.2], followed=followed, **shared,
    )  # fmt: skip
    arguments = followed.time, followed.event, followed.risk, HORIZON
    assert found.measures["scaled_brier"] == st.index_of_prediction_accuracy(*arguments)
    assert found.measures["observed_expected_ratio"] == st.horizon_observed_expected_ratio(*arguments)
    assert found.n == int((predictions.weights > 0).sum()) < found.measures["auc"].n == 500
    has_it = np.arange(500) < 300
    given = Comparator("other", "Other", np.where(has_it, other, np.nan), HORIZON)
    beside = compare(predictions, given, horizon_days=HORIZON, followed=followed, **shared)
    part = followed.subset(has_it)
    assert beside.auc_difference == horizon_auc_difference(part, other[:300])
    assert beside.auc_difference.estimate == pytest.approx(
        beside.model_measures["auc"].estimate - beside.measures["auc"].estimate
    )
    assert beside.model_measures["brier"] == measures_at_horizon(part)["brier"]
    known = int((predictions.weights[:300] > 0).sum())
    assert f"compared in the {known} of {found.n} patients" in beside.note.casefold()


def test_the_censored_belong_to_the_case_mix() -> None:
    """The same patients as at home, but for a follow-up that ends early: they must not look like others."""
    home = cohort_of(table(3000, seed=31, prefix="H"), "home")
    frame = table(3000, seed=32, prefix="V")
    end = np.random.default_rng(4).exponential(60, 3000).round()
    cut = frame["follow_up_time"] > end
    frame = frame.assign(
        follow_up_time=np.minimum(frame["follow_up_time"], end), death=frame["death"].where(~cut, "absent")
    )
    cohort = cohort_of(frame, "there")
    labelled = label_outcome(cohort, HorizonOutcome(OUTCOME.time, OUTCOME.event, 90, censored="ipcw"))
    columns = {name: cohort.matrix([name])[labelled.rows, 0] for name in INPUTS}
    predictions = Predictions(expit(log_odds(columns)), labelled.values, labelled.weights, None, "external")
    observed = all_measures(predictions, bootstrap=20, seed=1)
    found = compare_case_mix(
        predictions, observed, cohort, labelled, INPUTS, development_of(home), bootstrap=20, seed=1
    )
    assert found.membership_auc.estimate < 0.53
    assert found.membership_auc_with_outcome.estimate < 0.56
    assert found.effective_n > 0.9 * effective(labelled.weights)
    assert found.reweighted["calibration_in_the_large"].estimate == pytest.approx(
        found.observed["calibration_in_the_large"].estimate, abs=0.1
    )


def effective(weights: FloatArray) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def test_a_whole_validation_counts_the_known_and_follows_everybody() -> None:
    frame = table(600, seed=40)
    end = np.random.default_rng(4).exponential(150, 600).round() + 1
    cut = frame["follow_up_time"] > end
    frame = frame.assign(
        follow_up_time=np.minimum(frame["follow_up_time"], end), death=frame["death"].where(~cut, "absent")
    )
    cohort = cohort_of(frame, "there")
    outcome = HorizonOutcome(OUTCOME.time, OUTCOME.event, 90, censored="ipcw")
    labelled = label_outcome(cohort, outcome)
    source = RiskSource("truth", "Truth", "published", INPUTS, "paper", lambda c: expit(log_odds(c)))
    half = RiskSource(
        "half", "Half", "published", INPUTS, "paper", lambda c: np.where(c["age"] > 62, expit(log_odds(c, 0.4)), np.nan)
    )
    plan = ValidationPlan(
        source, cohort, outcome, labelled, development_of(cohort_of(table(300, seed=71, prefix="H"), "home")),
        comparators=(half,), settings=ValidationSettings(bootstrap=20, draws=2, subgroups=("sex",)),
    )  # fmt: skip
    found = validate_externally(plan)
    assert found.evaluation.n == int(labelled.known.sum()) < 600 == found.evaluation.measures["auc"].n
    assert found.not_scored == 0
    assert found.evaluation.measures["auc"] == found.survival["horizon_auc"]
    assert found.evaluation.measures["observed_expected_ratio"] == found.survival["horizon_observed_expected_ratio"]
    assert sum(cell.n for cell in found.subgroups[0].cells) == found.evaluation.n
    beside = found.evaluation.comparators[0]
    assert beside.model_measures["auc"].n == int((cohort.matrix(["age"])[:, 0] > 62).sum())
