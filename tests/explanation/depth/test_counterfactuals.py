"""Counterfactuals: what they claim is what the model says, nothing in them is idle, and no patient is impossible."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_levels import ordinal_model
from made_models import model_of, patients, plain_encoder, plain_model
from made_survival import competing_model, survival_model_of
from serving.made_store import loss_model

from spinecast.clinical.actionable import ACTIONABLE
from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.patient import patient_row
from spinecast.errors import ContractError, QuestionError
from spinecast.explanation.answering import Question, predict_any
from spinecast.explanation.depth import changes as depth_changes
from spinecast.explanation.depth.changes import possible_changes
from spinecast.explanation.depth.counterfactuals import Counterfactuals, find_counterfactuals
from spinecast.explanation.depth.views import view_of
from spinecast.models.loading import AnyModel
from spinecast.models.members import Member
from spinecast.models.scorers import LinearScorer

IDENTITY = "0" * 64


def described(row: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """A patient as one is given to a model."""
    told: dict[str, Any] = {}
    for name, value in zip(names, row, strict=True):
        if not np.isnan(value):
            entry = variable(name)
            told[name] = entry.level_values[int(value)] if entry.is_levelled else round(float(value), 2)
    return told


def patient(seed: int = 3, row: int = 0) -> dict[str, Any]:
    model = model_of("elastic_net")
    return described(patients(20, seed, missing=0.0)[0][row], model.predictors)


def search(model: AnyModel, told: dict[str, Any], to: float, **options: Any) -> Counterfactuals:
    return find_counterfactuals(view_of(model), IDENTITY, told, to, **options)


@settings(deadline=None, max_examples=8)
@given(row=st.integers(0, 19), to=st.floats(0.05, 0.95), family=st.sampled_from(["elastic_net", "decision_tree"]))
def test_handed_back_to_the_model_each_gives_the_risk_it_claims_and_needs_all_its_changes(
    row: int, to: float, family: str
) -> None:
    model, told = model_of(family), patient(row=row)
    found = search(model, told, to)
    assert found.answer == predict_any(model, IDENTITY, told, Question()).to_dict()["risk"]

    def beyond(answer: float) -> bool:
        return answer <= to if found.answer > to else answer >= to

    for one in found.found:
        assert one.answer == predict_any(model, IDENTITY, one.given, Question()).to_dict()["risk"]
        assert beyond(one.answer)
        assert {name for name in one.given if one.given[name] != told[name]} == {each.variable for each in one.changes}
        for size in range(len(one.changes)):
            for fewer in combinations(one.changes, size):
                other = {**told, **{each.variable: each.given for each in fewer}}
                assert not beyond(predict_any(model, IDENTITY, other, Question()).to_dict()["risk"])


def test_every_single_change_that_reaches_the_target_is_found() -> None:
    model, told = model_of("elastic_net"), patient()
    row = patient_row(told, model.predictors)[0]
    target = float(model.predict(row)[0]) * 0.8
    alone = [
        change
        for change in possible_changes(model, told)
        if model.predict(patient_row({**told, change.variable: change.given}, model.predictors)[0])[0] <= target
    ]
    found = search(model, told, target, most_changes=1)
    assert {one.changes[0].variable for one in found.found} == {change.variable for change in alone} != set()
    for one in found.found:
        sizes = [change.distance for change in alone if change.variable == one.changes[0].variable]
        assert one.changes[0].distance == min(sizes)


def test_only_known_actionable_inputs_change_and_within_what_is_plausible_and_was_met() -> None:
    model, told = model_of("elastic_net"), patient()
    del told["sodium"]
    changes = possible_changes(model, told)
    assert {change.variable for change in changes} == {"albumin"}
    albumin, place = variable("albumin"), model.predictors.index("albumin")
    for change in changes:
        assert albumin.plausible is not None
        assert albumin.plausible.contains(change.given)
        assert model.marginals[place, 0] <= float(change.given) <= model.marginals[place, -1]
        assert round(float(change.given), albumin.decimals) == change.given != told["albumin"]


def test_two_changes_are_found_where_one_is_not_enough_and_the_nearest_where_none_is() -> None:
    model, told = model_of("elastic_net"), {**patient(), "albumin": 2.4, "sodium": 128.0}
    singles = [one.answer for one in search(model, told, 0.999, most_changes=1).found]
    best = min(
        float(model.predict(patient_row({**told, one.variable: one.given}, model.predictors)[0])[0])
        for one in possible_changes(model, told)
    )
    assert not singles
    both = search(model, told, best - 1e-4)
    assert both.found
    assert all(len(one.changes) == 2 for one in both.found)
    none = search(model, told, 0.0001)
    assert none.found == ()
    assert none.nearest is not None
    assert 0.0001 < none.nearest.answer < best
    assert "no such patient was found" in none.to_text()
    assert "not what would happen" in none.to_text()


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (survival_model_of("cox"), patient()),
        (competing_model(), patient()),
        (ordinal_model("proportional_odds"), {"age": 61.0, "hemoglobin": 10.4}),
    ],
    ids=("times", "competing", "levels"),
)
def test_models_of_times_and_levels_are_asked_of_one_risk(model: AnyModel, told: dict[str, Any]) -> None:
    view = view_of(model)
    answer = float(view.answer(model.with_gaps(patient_row(told, model.predictors)[0]))[0])
    found = search(model, told, answer * 0.97)
    assert found.answer == answer
    for one in found.found:
        assert repr(one.answer) in str(predict_any(model, IDENTITY, one.given, Question()).to_dict())
    assert found.found


def test_what_is_actionable_stands_in_the_dictionary_and_hangs_on_no_other_variable() -> None:
    assert set(variables()) >= ACTIONABLE
    conditions = {entry.asked_if.variable for entry in variables().values() if entry.asked_if}
    assert not ACTIONABLE & conditions
    assert all(variable(name).asked_if is None for name in ACTIONABLE)


@pytest.mark.parametrize("to", [0.0, 1.0, float("nan"), -0.2, 30.0])
def test_a_target_that_is_no_risk_is_refused(to: float) -> None:
    with pytest.raises(QuestionError, match=r"is no risk of death(.|\n)*strictly between 0 and 1"):
        search(model_of("elastic_net"), patient(), to)


def test_what_no_patient_can_be_is_not_said_to_be_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    model, told = model_of("elastic_net"), {**patient(), "albumin": 3.5, "sodium": 138.0}
    read = depth_changes.patient_matrix

    def refusing(asked: AnyModel, given: Any) -> Any:
        if given["sodium"] != told["sodium"]:
            raise ContractError("a sodium that contradicts another value")
        return read(asked, given)

    assert {variable("albumin").label, variable("sodium").label} == set(search(model, told, 0.2).tried)
    monkeypatch.setattr(depth_changes, "patient_matrix", refusing)
    assert search(model, told, 0.2).tried == (variable("albumin").label,)


def test_a_patient_who_breaks_the_contract_is_refused() -> None:
    with pytest.raises(ContractError, match="albumin"):
        search(model_of("elastic_net"), {**patient(), "albumin": 300.0}, 0.2)


def calcium_model() -> AnyModel:
    """A model of a derived variable and one it follows from: log-odds are albumin taken from the corrected calcium."""
    marginals = np.stack([np.linspace(2.0, 5.0, 9), np.linspace(8.0, 12.0, 9)])
    plain = plain_model([Member(plain_encoder(2), LinearScorer(np.array([-1.0, 1.0]), -6.0))], marginals)
    return replace(plain, predictors=("albumin", "corrected_calcium"), about={"outcome": {"label": "Made up"}})


def test_what_follows_from_a_changed_input_is_computed_anew_and_is_no_change_of_its_own() -> None:
    model = calcium_model()
    told = {"albumin": 3.0, "calcium": 9.0, "corrected_calcium": 9.8}
    changes = possible_changes(model, told)
    assert {change.variable for change in changes} == {"albumin", "calcium"}
    answer = predict_any(model, IDENTITY, told, Question()).to_dict()
    found = search(model, told, answer["risk"] * 0.6, most_changes=2)
    assert any(one.changes[0].variable == "albumin" for one in found.found)
    for one in found.found:
        assert "corrected_calcium" not in one.given
        other = predict_any(model, IDENTITY, one.given, Question()).to_dict()
        assert other["risk"] == one.answer
        corrected = float(one.given["calcium"]) + 0.8 * (4 - float(one.given["albumin"]))
        assert other["log_odds"] == pytest.approx(corrected - float(one.given["albumin"]) - 6.0)
    alone = possible_changes(model, {"corrected_calcium": 9.8})
    assert {change.variable for change in alone} == {"corrected_calcium"}


def test_a_patient_of_a_quantity_may_be_described_by_what_an_order_of_blood_needs() -> None:
    model = loss_model()
    told = {"age": 70, "hemoglobin": 10.0, "sex": "female", "body_weight": 60.0, "body_height": 165.0}
    found = search(model, told, 300.0)
    median = predict_any(model, IDENTITY, told, Question()).to_dict()["median"]
    assert found.answer == median
    for one in (*found.found, *([found.nearest] if found.nearest else [])):
        assert predict_any(model, IDENTITY, one.given, Question()).to_dict()["median"] == one.answer
