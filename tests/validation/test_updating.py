"""Ways to update a model: what each needs, what comes of it, and the patients set apart and known again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made_models
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_survival import survival_model_of
from validation.made_validation import INPUTS, OUTCOME, cohort_of, labelled_of, log_odds, table

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import label_outcome
from spinecast.errors import CohortError, ContractError
from spinecast.explanation.contributions import explain
from spinecast.models.artifact import load_model, save_model
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.statistics import Absent, Estimate, UpdateLine
from spinecast.validation import OutcomeLabel, Predictions
from spinecast.validation.before_after import judge_update
from spinecast.validation.checks import Check, NotApplicable, NotFound, check_worse_after_update
from spinecast.validation.evaluation import CohortIdentity
from spinecast.validation.risk_sources import cohort_columns
from spinecast.validation.update_methods import METHODS, TIMES_METHODS
from spinecast.validation.updating import (
    predictor_parameters,
    read_method,
    recalibrated,
    require_update_events,
    risk_method,
)
from spinecast.validation.updating_patients import (
    describe_people,
    divide_patients,
    refuse_same_patients,
    refuse_updating_patients,
    updates_of,
)


def line(intercept: float, slope: float) -> UpdateLine:
    first, second = (Estimate(value, None, None, 100, 40, "made") for value in (intercept, slope))
    return UpdateLine("logistic", first, second)


@settings(deadline=None, max_examples=12)
@given(intercept=st.floats(-3, 3), slope=st.floats(0.05, 4))
def test_an_updated_model_rises_with_the_old_one_and_still_adds_up(intercept: float, slope: float) -> None:
    model = made_models.model_of("elastic_net", "xgboost")
    matrix, _ = made_models.patients(40, seed=3)
    new = recalibrated(model, line(intercept, slope))
    old, updated = model.log_odds(matrix), new.log_odds(matrix)
    assert updated == pytest.approx(intercept + slope * old, abs=1e-9)
    order = np.argsort(old)
    assert (np.diff(new.predict(matrix)[order]) >= -1e-12).all()
    before, after = explain(model, matrix), explain(new, matrix)
    assert after.values == pytest.approx(slope * before.values, abs=1e-9)
    assert np.abs(after.residual).max() <= 1e-4


def test_an_updated_model_is_stored_bit_for_bit(tmp_path: Path) -> None:
    new = recalibrated(made_models.model_of("baseline"), line(-0.123456789012345, 0.987654321))
    identity = save_model(new, tmp_path / "one")
    loaded, again = load_model(tmp_path / "one")
    matrix, _ = made_models.patients(30)
    assert again == identity
    made_models.assert_same_bits(loaded.log_odds(matrix), new.log_odds(matrix))


def test_a_slope_that_turns_the_ranking_around_is_refused() -> None:
    with pytest.raises(CohortError, match=r"the wrong way round: the slope is -0\.20"):
        recalibrated(made_models.model_of("baseline"), line(0.0, -0.2))


def test_methods_are_read_by_name_and_each_kind_of_model_has_its_own() -> None:
    model = made_models.model_of("baseline")
    assert [read_method(name, model) for name in METHODS] == list(METHODS)
    with pytest.raises(ContractError, match="did you mean closed-test"):
        read_method("closed_test", model)
    of_times = survival_model_of("cox")
    assert [read_method(name, of_times) for name in TIMES_METHODS] == list(TIMES_METHODS)
    with pytest.raises(ContractError, match="is not fitted again by an update"):
        read_method("refit", of_times)
    with pytest.raises(ValueError, match="no way of updating a model of an event"):
        risk_method("level")


@pytest.mark.parametrize(
    ("events", "method", "words"),
    [
        (9, "intercept", "to estimate 1 parameter needs 10(.|\n)*gather more patients"),
        (19, "logistic", "to estimate 2 parameters needs 20(.|\n)*--method intercept needs fewer"),
        (19, "closed-test", "too few events to update by closed-test(.|\n)*--method intercept"),
        (39, "refit", "to estimate 4 parameters needs 40(.|\n)*--method logistic"),
        (19, "refit", "--method intercept needs fewer"),
    ],
)
def test_too_few_events_name_the_method_that_needs_fewer(events: int, method: str, words: str) -> None:
    died = np.arange(200) < events
    frame = table(200, seed=4).assign(
        death=np.where(died, "present", "absent"), follow_up_time=np.where(died, 20.0, 200.0)
    )
    labelled = labelled_of(cohort_of(frame))
    with pytest.raises(CohortError, match=words):
        require_update_events(labelled, method, INPUTS)  # type: ignore[arg-type]


def test_enough_events_are_enough() -> None:
    assert predictor_parameters(INPUTS) == 4
    labelled = labelled_of(cohort_of(table(400, seed=4)))
    for method in METHODS:
        require_update_events(labelled, method, INPUTS)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.1, 0.9))
def test_each_patient_is_on_one_side_and_events_are_shared_out(seed: int, share: float) -> None:
    cohort = cohort_of(table(300, seed=6))
    labelled = labelled_of(cohort)
    updating, judging = divide_patients(cohort, labelled, share, seed)
    one, two = set(updating.patient_ids), set(judging.patient_ids)
    assert not one & two
    assert one | two == set(cohort.patient_ids)
    assert len(two) == pytest.approx(300 * share, abs=2)
    rates = [label_outcome(side, OUTCOME).events / len(side) for side in (updating, judging)]
    assert rates[0] == pytest.approx(rates[1], abs=0.06)
    again = divide_patients(cohort, labelled, share, seed)
    assert [side.fingerprint for side in again] == [updating.fingerprint, judging.fingerprint]


def test_groups_stay_whole() -> None:
    cohort = cohort_of(table(300, seed=6))
    grouped = replace(cohort, groups=pd.Series([f"site {number % 7}" for number in range(300)]))
    updating, judging = divide_patients(grouped, labelled_of(grouped), 0.5, 1)
    assert updating.groups is not None
    assert judging.groups is not None
    assert not set(updating.groups) & set(judging.groups)
    assert len(updating) + len(judging) == 300
    alone = replace(cohort, groups=pd.Series(["one site"] * 300))  # nothing to keep apart
    assert len(divide_patients(alone, labelled_of(alone), 0.5, 1)[0]) == 150


def test_one_event_cannot_be_divided() -> None:
    frame = table(60, seed=2).assign(death="absent", follow_up_time=200.0)
    frame.loc[0, ["death", "follow_up_time"]] = ["present", 20.0]
    cohort = cohort_of(frame)
    with pytest.raises(CohortError, match=r"cannot be divided(.|\n)*--judge FILE"):
        divide_patients(cohort, labelled_of(cohort), 0.5, 1)


def updated_on(cohort: Cohort, drawn_from: Cohort | None) -> PrognosisModel:
    """A model that says it was updated on some patients."""
    people = [None if one is None else describe_people(one, labelled_of(one), INPUTS, OUTCOME) for one in
              (cohort, drawn_from)]  # fmt: skip
    about = {"updates": [{"cohort": people[0], "drawn_from": people[1]}]}
    return PrognosisModel("made", INPUTS, (), 0.0, 1.0, np.zeros((4, 9)), about)


def test_patients_a_model_was_updated_on_are_known_again_and_give_nobody_away() -> None:
    whole = cohort_of(table(300, seed=6, prefix="Z"), "there")
    updating, judging = divide_patients(whole, labelled_of(whole), 0.5, 1)
    model = updated_on(updating, whole)
    (update,) = updates_of(model)
    assert [people.role for people in update.cohorts] == ["updating", "updating"]
    assert "Z1" not in str(model.about)
    renamed = cohort_of(table(300, seed=6, prefix="Y"), "elsewhere")
    part = cohort_of(table(300, seed=6, prefix="Z").iloc[labelled_of(whole).rows], "again")
    for cohort in (whole, updating, renamed, part):
        with pytest.raises(CohortError, match="is the updating cohort of the model, there"):
            refuse_updating_patients([update], cohort, labelled_of(cohort))
    refuse_updating_patients([update], judging, labelled_of(judging))  # they are whom it is judged on
    other = cohort_of(table(300, seed=9))
    refuse_updating_patients([update], other, labelled_of(other))
    never = made_models.model_of("baseline")
    assert updates_of(never) == ()


def test_two_files_that_share_people_are_refused() -> None:
    frame = table(200, seed=6)
    mixed = pd.concat([frame.iloc[:7], table(150, seed=8, prefix="Q")], ignore_index=True)
    with pytest.raises(CohortError, match=r"second holds patients of first(.|\n)*7 of 157"):
        refuse_same_patients(cohort_of(frame, "first"), cohort_of(mixed, "second"), OUTCOME)
    refuse_same_patients(cohort_of(frame), cohort_of(table(150, seed=8, prefix="Q")), OUTCOME)


def test_before_and_after_are_judged_in_the_same_patients_and_paired() -> None:
    cohort = cohort_of(table(1500, seed=5, shift=-0.8), "there")
    labelled = labelled_of(cohort)
    old = log_odds(cohort_columns(cohort))
    before, after = (Predictions(1 / (1 + np.exp(-(old + move))), labelled.values, None, None, "external") for move in
                     (0.0, -0.8))  # fmt: skip
    found = judge_update(
        before,
        after,
        names=("old", "new"),
        labels=("Old", "New"),
        outcome=OutcomeLabel("Death", "Dead"),
        cohort=CohortIdentity("there", "synthetic", "0"),
        thresholds=(0.2, 0.4),
        decision_range=(0.05, 0.95),
        bootstrap=20,
        seed=1,
        horizon_days=90,
    )
    assert found.differences["auc"].to_dict()["estimate"] == pytest.approx(0, abs=1e-5)  # but for rounded ties
    for name in ("brier", "log_loss"):
        difference = found.differences[name]
        assert isinstance(difference, Estimate)
        one, two = (side.measures[name].to_dict()["estimate"] for side in (found.after, found.before))
        assert difference.estimate == pytest.approx(one - two)
        assert difference.upper is not None
        assert difference.upper < 0
    assert isinstance(check_worse_after_update(found.differences["log_loss"]), NotFound)
    assert [threshold for threshold, _ in found.net_benefit_differences] == [0.2, 0.4]
    assert found.after.comparators[0].measures["log_loss"] == found.before.measures["log_loss"]


def test_an_update_that_does_no_good_is_found() -> None:
    found = check_worse_after_update(Estimate(0.02, 0.01, 0.03, 100, 40, "made"))
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC040", "warning")
    assert "worse" in found.finding
    unsure = check_worse_after_update(Estimate(0.02, -0.01, 0.05, 100, 40, "made"))
    assert isinstance(unsure, Check)
    assert "no better, as far as they tell" in unsure.finding
    assert check_worse_after_update(Absent("infinite")) == NotApplicable("SC040", "infinite")
    assert check_worse_after_update(None) == NotApplicable("SC040", "nothing was changed")
