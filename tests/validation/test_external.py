"""External validation end to end, on patients of whom the truth is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from validation.made_validation import (
    INPUTS,
    OUTCOME,
    cohort_of,
    development_of,
    labelled_of,
    table,
    truth_source,
)

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import label_outcome
from spinecast.errors import CheckError, CohortError
from spinecast.statistics import Absent, Estimate, auc, calibration_in_the_large, calibration_slope
from spinecast.validation import Comparator
from spinecast.validation.external import validate_externally
from spinecast.validation.external_plan import ValidationPlan, ValidationSettings
from spinecast.validation.risk_sources import RiskSource

SETTINGS = ValidationSettings(bootstrap=20, draws=2, subgroups=("sex", "age"))


def plan_of(cohort: Cohort, source: RiskSource | None = None, **given: object) -> ValidationPlan:
    home = cohort_of(table(600, seed=71, prefix="H"), "home")
    plan = ValidationPlan(
        source=source or truth_source(),
        cohort=cohort,
        outcome=OUTCOME,
        labelled=labelled_of(cohort),
        development=development_of(home),
        settings=SETTINGS,
    )
    return replace(plan, **given)  # type: ignore[arg-type]


def error_of(measure: Estimate) -> float:
    return (measure.upper - measure.lower) / (2 * 1.959964)


def test_a_million_calibrated_risks_have_slope_one_and_intercept_zero() -> None:
    draw = np.random.default_rng(20261124)
    risk = expit(draw.normal(-0.7, 1.3, 1_000_000))
    outcome = (draw.random(risk.size) < risk).astype(float)
    slope, large = calibration_slope(outcome, risk), calibration_in_the_large(outcome, risk)
    assert abs(slope.estimate - 1) < 3 * error_of(slope) < 0.01
    assert abs(large.estimate) < 3 * error_of(large) < 0.01


@pytest.mark.parametrize("shift", [-0.7, 0.0, 0.5])
def test_a_shifted_baseline_is_calibration_in_the_large_and_leaves_the_slope(shift: float) -> None:
    found = validate_externally(plan_of(cohort_of(table(6000, seed=5, shift=shift), "there")))
    measures = found.evaluation.measures
    large, slope = measures["calibration_in_the_large"], measures["calibration_slope"]
    assert abs(large.estimate - shift) < 3 * error_of(large) < 0.12
    assert abs(slope.estimate - 1) < 3 * error_of(slope) < 0.15
    assert ("SC024" in {check.code for check in found.checklist.found}) == (shift != 0)


def test_everything_is_there_and_survives_json() -> None:
    there = table(500, seed=6, missing=0.2)
    cohort = cohort_of(there, "there")
    noise = np.random.default_rng(1).normal(0, 1, 500)
    other = RiskSource("guess", "A guess", "published", ("age",), "paper", lambda c: expit(noise[: len(c["age"])]))
    nothing = RiskSource(
        "none", "Nothing", "score", ("calcium", "age"), "paper", lambda c: np.full(len(c["age"]), np.nan)
    )
    plan = plan_of(cohort, comparators=(other, nothing), barred=(("seen", "it was made from these patients"),))
    found = validate_externally(plan)
    assert [one.name for one in found.evaluation.comparators] == ["guess"]
    assert found.evaluation.comparators[0].auc_difference.estimate > 0.1
    assert found.not_compared == (
        ("seen", "it was made from these patients"),
        ("Nothing", "the cohort lacks Calcium"),
    )
    assert [one.variable for one in found.subgroups] == ["sex", "age"]
    assert {one.variable for one in found.missing_inputs.each} == set(INPUTS)
    assert found.survival["harrell_c"].estimate > 0.6
    assert found.case_mix.membership_auc.estimate < 0.65
    assert found.not_scored == 0
    assert {check.code for check in found.checklist.found} >= {"SC005"}
    text = json.dumps({**found.evaluation.to_dict(), **found.parts()}, allow_nan=False)
    for identifier in there["patient"].head(50):
        assert f'"{identifier}"' not in text


def test_the_recorded_predictions_of_the_cohort_are_compared() -> None:
    cohort = cohort_of(table(400, seed=6), "there")
    risk = np.random.default_rng(0).uniform(0.1, 0.9, 400)
    found = validate_externally(plan_of(cohort, recorded=(Comparator("old", "Old", risk, 30.0, "note"),)))
    only = found.evaluation.comparators[0]
    assert only.name == "old"
    assert "predicts 30 days, the study 90" in only.note
    assert isinstance(only.measures["brier"], Absent)


def test_a_comparator_few_patients_have_is_not_shown() -> None:
    cohort = cohort_of(table(400, seed=6), "there")
    rare = RiskSource(
        "rare", "Rare", "score", INPUTS, "paper", lambda c: np.where(np.arange(len(c["age"])) < 12, 0.5, np.nan)
    )
    found = validate_externally(plan_of(cohort, comparators=(rare,)))
    assert found.evaluation.comparators == ()
    assert found.not_compared[0][1].startswith("known for fewer than 10 patients with the event")


def test_who_gets_no_value_is_counted_and_judged_apart() -> None:
    cohort = cohort_of(table(500, seed=8), "there")
    truth = truth_source().compute
    part = RiskSource("part", "Part", "published", INPUTS, "p", lambda c: np.where(c["age"] > 60, truth(c), np.nan))
    found = validate_externally(plan_of(cohort, part))
    old = cohort.matrix(["age"])[:, 0] > 60
    assert found.not_scored == int((~old).sum())
    labelled = labelled_of(cohort)
    columns = {name: cohort.matrix([name])[old, 0] for name in INPUTS}
    assert found.evaluation.measures["auc"] == auc(labelled.values[old], truth(columns))
    assert isinstance(found.missing_inputs, Absent)


def test_who_would_be_declined_is_counted_with_the_limit_and_not_judged() -> None:
    cohort = cohort_of(table(500, seed=8, missing=0.2), "there")
    unknown = np.isnan(cohort.matrix(["albumin"])[:, 0])
    unlike = cohort.matrix(["age"])[:, 0] > 75

    def declines(columns: dict[str, np.ndarray]) -> list[tuple[str, ...]]:
        each = zip(np.isnan(columns["albumin"]), columns["age"] > 75, strict=True)
        return [("Albumin is not known",) * bool(a) + ("outside the development range",) * bool(b) for a, b in each]

    found = validate_externally(plan_of(cohort, replace(truth_source(), declines=declines)))
    assert found.evaluation.n == int((~unknown & ~unlike).sum())
    assert found.not_scored == int((unknown | unlike).sum())
    assert found.declined is not None
    assert (found.declined.patients, found.declined.of) == (found.not_scored, 500)
    assert dict(found.declined.limits) == {
        "Albumin is not known": int(unknown.sum()),
        "outside the development range": int(unlike.sum()),
    }
    assert found.parts()["declined"]["patients"] == found.not_scored
    survivors = found.survival["harrell_c"]
    assert isinstance(survivors, Estimate)
    assert survivors.n == found.evaluation.n
    assert "declined" not in validate_externally(plan_of(cohort)).parts()


def test_what_only_ranks_is_judged_by_its_ranking() -> None:
    cohort = cohort_of(table(500, seed=9), "there")
    found = validate_externally(plan_of(cohort, truth_source(ranks_only="no level is published")))
    full = validate_externally(plan_of(cohort))
    assert found.evaluation.measures["auc"] == full.evaluation.measures["auc"]
    assert found.evaluation.measures["brier"] == Absent("no level is published")
    assert found.evaluation.decision_curve == Absent("no level is published")
    assert found.case_mix == Absent("no level is published")
    assert found.net_benefit == ()
    assert found.survival["ipa"] == Absent("no level is published")
    assert found.survival["harrell_c"] == full.survival["harrell_c"]
    json.dumps({**found.evaluation.to_dict(), **found.parts()}, allow_nan=False)


def test_the_development_cohort_is_refused() -> None:
    home = cohort_of(table(600, seed=71, prefix="H"), "another_name")
    with pytest.raises(CohortError, match="another_name is the development cohort of the model, home"):
        validate_externally(plan_of(home))


def test_people_in_both_stop_the_validation() -> None:
    mixed = pd.concat([table(600, seed=71, prefix="H").iloc[:20], table(400, seed=3)], ignore_index=True)
    with pytest.raises(CheckError, match=r"SC021 People in both cohorts(.|\n)*20 of 420 patients"):
        validate_externally(plan_of(cohort_of(mixed, "mixed")))


def test_a_source_that_gives_nobody_a_value_is_refused() -> None:
    mute = replace(truth_source(), compute=lambda columns: np.full(len(columns["age"]), np.nan))
    with pytest.raises(CohortError, match="gives no patient of there a value"):
        validate_externally(plan_of(cohort_of(table(100, seed=4), "there"), mute))


def test_the_same_seed_gives_the_same_numbers() -> None:
    cohort = cohort_of(table(300, seed=2), "there")
    first, again = (validate_externally(plan_of(cohort)) for _ in range(2))
    assert first.evaluation == again.evaluation
    assert first.parts() == again.parts()


def test_patients_censored_early_are_weighted_for_and_followed() -> None:
    frame = table(3000, seed=10)
    draw = np.random.default_rng(3)
    lost = draw.random(3000) < 0.25
    day = draw.integers(5, 200, 3000)
    cut = lost & (day < frame["follow_up_time"])
    frame = frame.assign(
        follow_up_time=np.where(cut, day, frame["follow_up_time"]),
        death=np.where(cut, "absent", frame["death"]),
    )
    outcome = replace(OUTCOME, censored="ipcw")
    cohort = cohort_of(frame, "there")
    labelled = label_outcome(cohort, outcome)
    found = validate_externally(plan_of(cohort, outcome=outcome, labelled=labelled))
    assert found.evaluation.n == int(labelled.known.sum()) < 3000
    assert found.survival["harrell_c"].n == 3000
    large = found.evaluation.measures["calibration_in_the_large"]
    assert abs(large.estimate) < 3 * error_of(large)
    assert found.survival["horizon_observed_expected_ratio"].estimate == pytest.approx(1, abs=0.1)
