"""One patient's answer questioned: contributions as served, limits by hand, trees by their own arrays."""

from __future__ import annotations

import re

import numpy as np
import pytest
from explanation.depth.test_counterfactuals import described
from made_levels import ordinal_model
from made_models import PREDICTORS, model_of, patients, schema
from made_survival import survival_model_of

from spinecast.clinical.dictionary import variable
from spinecast.errors import ContractError
from spinecast.explanation.answering import Question, predict_any
from spinecast.explanation.depth.decision_paths import decision_paths
from spinecast.explanation.depth.folds import each_fold
from spinecast.explanation.depth.patient import question_patient
from spinecast.explanation.depth.views import view_of
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.scorers import ForestScorer

IDENTITY = "0" * 64


def test_reasons_are_those_of_the_prediction_with_the_jackknifes_limits() -> None:
    model = model_of("elastic_net", "decision_tree")
    told = described(patients(5, seed=3)[0][1], PREDICTORS)
    found = question_patient(view_of(model), IDENTITY, told)
    served = predict_any(model, IDENTITY, told, Question()).to_dict()
    assert found.answer == served["risk"]
    assert found.base_value == served["base_value"]
    assert [one.variable for one in found.reasons] == [one["variable"] for one in served["contributions"]]
    assert [one.contribution for one in found.reasons] == [one["contribution"] for one in served["contributions"]]
    matrix = np.array([[_number(name, told) for name in PREDICTORS]])
    folds = np.stack([one.explained(matrix).values[0] for one in each_fold(view_of(model))])
    first = found.reasons[0]
    own = folds[:, PREDICTORS.index(first.variable)]
    deviation = np.sqrt(2 / 3 * np.sum((own - own.mean()) ** 2))
    assert first.upper - first.contribution == pytest.approx(1.959964 * deviation, rel=1e-5)
    assert first.contribution - first.lower == pytest.approx(1.959964 * deviation, rel=1e-5)
    text = found.to_text()
    assert "-0.00" not in text
    assert "LIME" in text
    assert "Decision tree, fit 3" in text
    assert found.to_dict()["decision_paths"][0]["fold"] == 0


def _number(name: str, told: dict[str, object]) -> float:
    if name not in told:
        return float("nan")
    entry = variable(name)
    return float(entry.level_values.index(str(told[name])) if entry.is_levelled else told[name])  # type: ignore[arg-type]


def test_the_way_through_a_tree_ends_in_the_leaf_that_scores_and_its_conditions_hold() -> None:
    model, (matrix, _) = model_of("decision_tree"), patients(40, seed=6)
    asked = set()
    for row in matrix:
        for path in decision_paths(model, row[None, :]):
            member = model.parts[0].members[path.fold]
            assert isinstance(member.scorer, ForestScorer)
            assert path.share == member.score(row[None, :])[0]
            for step in path.steps:
                asked.add(step.variable)
                value = row[PREDICTORS.index(step.variable)]
                if step.threshold is not None and not step.filled_in:
                    assert (value <= step.threshold + 1e-5) if step.below else (value > step.threshold - 1e-5)
                if re.search(r" known$", step.text):
                    assert np.isnan(value) == step.text.endswith("not known")
                elif np.isnan(value):
                    assert step.filled_in
                    assert "not known" in step.text
    assert {"age", "albumin", "creatinine"} <= asked


def test_only_single_trees_have_ways() -> None:
    row = patients(1, seed=6)[0]
    assert decision_paths(model_of("random_forest"), row) == ()
    assert decision_paths(survival_model_of("cox"), row) == ()


def test_columns_of_an_encoding_say_what_they_are() -> None:
    matrix = patients(200, seed=2)[0]
    encoder = fit_encoder(matrix, schema(), Imputation(), knots=4)
    meanings = encoder.meanings()
    assert len(meanings) == encoder.owner.size
    assert [one.variable for one in meanings] == encoder.owner.tolist()
    row = matrix[np.isfinite(matrix).all(axis=1)][:1]
    encoded = encoder.transform(row)[0]
    for column, one in enumerate(meanings):
        if one.kind == "value" and not (matrix[:, one.variable] == 0).any():
            assert encoder.value_at(column, encoded[column]) == pytest.approx(row[0, one.variable], rel=0.2)
        raw = encoded[column] * encoder.scale[column] + encoder.center[column]
        if one.kind == "level":
            assert raw == pytest.approx(float(row[0, one.variable] == one.level))
        if one.kind == "missing":
            assert raw == pytest.approx(0.0)
    assert {one.kind for one in meanings} == {"value", "spline", "level", "missing"}


def test_levels_are_questioned_as_one_chance_and_who_is_unknown_is_refused() -> None:
    model = ordinal_model("proportional_odds")
    found = question_patient(view_of(model, Question(level="2")), IDENTITY, {"age": 61, "hemoglobin": 10})
    assert found.scale.startswith("log-odds of")
    assert 0 < found.answer < 1
    with pytest.raises(ContractError, match="nothing is known"):
        question_patient(view_of(model), IDENTITY, {})
