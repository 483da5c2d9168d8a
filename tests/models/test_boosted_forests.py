"""Boosted trees of other libraries as arrays: they predict and are explained as by the library that grew them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_models import model_of, parameters, patients
from scipy.special import expit, logit
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

from spinecast.errors import StudyError
from spinecast.explanation.contributions import forest_contributions
from spinecast.models import extras
from spinecast.models.artifact import save_model
from spinecast.models.boosted_forests import forest_from_catboost, forest_from_lightgbm
from spinecast.models.catalogue import FAMILIES
from spinecast.models.scorers import ForestScorer

Table = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def table() -> Table:
    """Columns in single precision with ties, outcomes, and weights."""
    draw = np.random.default_rng(11)
    columns = draw.normal(size=(400, 5)).astype(np.float32).astype(float)
    columns[:, 4] = draw.integers(0, 3, 400)
    outcome = (draw.random(400) < expit(columns[:, 0] * columns[:, 4] - columns[:, 1])).astype(float)
    return columns, outcome, draw.uniform(0.2, 3, 400)


def forest_of(family: str, table: Table, **changes: float) -> ForestScorer:
    scorer = FAMILIES[family].fit(*table, {**parameters(family), **changes}, 3)
    assert isinstance(scorer, ForestScorer)
    return scorer


def test_a_decision_tree_is_scikit_learns(table: Table) -> None:
    columns, outcome, weights = table
    learner = DecisionTreeClassifier(max_depth=4, min_samples_leaf=20, ccp_alpha=0.0005, random_state=3)
    learner.fit(columns, outcome, sample_weight=weights)
    scorer = forest_of("decision_tree", table)
    assert scorer.forest.depth == learner.get_depth() > 1
    np.testing.assert_allclose(scorer.score(columns), learner.predict_proba(columns)[:, 1], rtol=0, atol=1e-12)


def test_gradient_boosting_is_scikit_learns(table: Table) -> None:
    columns, outcome, weights = table
    learner = GradientBoostingClassifier(
        learning_rate=0.1,
        n_estimators=25,
        max_depth=2,
        min_samples_leaf=10,
        subsample=0.6,
        max_features=0.4,
        random_state=3,
    ).fit(columns, outcome, sample_weight=weights)
    scores = forest_of("gradient_boosting", table).score(columns)
    np.testing.assert_allclose(scores, learner.decision_function(columns), rtol=0, atol=1e-10)


def test_lightgbm_is_lightgbms_and_explained_as_by_it(table: Table) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    columns, outcome, weights = table
    booster = lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": 0.1,
            "num_leaves": 6,
            "min_data_in_leaf": 20,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "feature_fraction": 0.5,
            "lambda_l2": 3.0,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": 3,
            "verbosity": -1,
        },
        lightgbm.Dataset(columns, label=outcome, weight=weights, params={"verbosity": -1}),
        num_boost_round=25,
    )
    scorer = forest_of("lightgbm", table)
    np.testing.assert_allclose(scorer.score(columns), booster.predict(columns, raw_score=True), rtol=0, atol=1e-10)
    theirs = booster.predict(columns[:40], pred_contrib=True)
    ours, start = forest_contributions(scorer.forest, columns[:40])
    np.testing.assert_allclose(ours, theirs[:, :-1], rtol=0, atol=1e-6)
    assert start == pytest.approx(theirs[0, -1], abs=1e-6)


def test_catboost_is_catboosts(table: Table) -> None:
    catboost = pytest.importorskip("catboost")
    columns, outcome, weights = table
    learner = catboost.CatBoostClassifier(
        learning_rate=0.2,
        iterations=25,
        depth=3,
        l2_leaf_reg=5.0,
        bootstrap_type="Bernoulli",
        subsample=0.7,
        rsm=0.5,
        thread_count=1,
        random_seed=3,
        allow_writing_files=False,
        logging_level="Silent",
    ).fit(columns.astype(np.float32), outcome.astype(int), sample_weight=weights)
    scorer = forest_of("catboost", table)
    theirs = learner.predict(columns.astype(np.float32), prediction_type="RawFormulaVal")
    np.testing.assert_allclose(scorer.score(columns), theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("family", ["decision_tree", "gradient_boosting", "lightgbm", "catboost"])
def test_contributions_add_up_where_leaves_are_empty_and_trees_are_deep(family: str, table: Table) -> None:
    if not extras.is_installed(family):
        pytest.skip("its extra is not installed")
    deep = {"leaves": 30.0} if family == "lightgbm" else {"depth": 6.0}
    small = {} if family == "catboost" else {"smallest_leaf": 2.0}
    scorer = forest_of(family, table, **deep, **small)
    values, start = forest_contributions(scorer.forest, table[0])
    np.testing.assert_allclose(start + values.sum(axis=1), scorer.score(table[0]), rtol=0, atol=1e-6)


def test_trees_by_hand() -> None:
    """One question a level, the first the lowest bit; and a tree of LightGBM that is a single leaf."""
    oblivious = {
        "splits": [{"float_feature_index": 0, "border": 0.5}, {"float_feature_index": 1, "border": -1.0}],
        "leaf_values": [1.0, 2.0, 3.0, 4.0],
        "leaf_weights": [5.0, 0.0, 1.0, 2.0],
    }
    forest = forest_from_catboost({"oblivious_trees": [oblivious, oblivious], "scale_and_bias": [0.5, [10.0]]})
    rows = np.array([[0.0, -2.0], [1.0, -2.0], [0.0, 0.0], [1.0, 0.0], [0.5, -1.0]])
    assert forest.predict(rows)[:, 0] == pytest.approx([11, 12, 13, 14, 11])
    leaf = {"leaf_value": -0.25}
    split = {"split_feature": 1, "threshold": 0.0, "decision_type": "<=", "internal_count": 7}
    children = {"left_child": {"leaf_value": 1.0, "leaf_count": 3}, "right_child": {"leaf_value": 2.0, "leaf_count": 4}}
    trees = [{"tree_structure": leaf}, {"tree_structure": {**split, **children}}]
    assert forest_from_lightgbm({"tree_info": trees}).predict(rows)[:, 0] == pytest.approx(
        [0.75, 0.75, 0.75, 0.75, 0.75]
    )
    with pytest.raises(ValueError, match="unknown kind: =="):
        forest_from_lightgbm({"tree_info": [{"tree_structure": {**split, **children, "decision_type": "=="}}]})


def test_an_event_rate_is_the_start_of_trees_that_find_nothing() -> None:
    columns = np.zeros((100, 1))
    outcome = (np.arange(100) < 30).astype(float)
    everybody = {**parameters("gradient_boosting"), "patient_share": 1.0}
    scorer = FAMILIES["gradient_boosting"].fit(columns, outcome, None, everybody, 1)
    assert scorer.score(columns[:1]) == pytest.approx(logit(0.3), abs=1e-9)


def test_a_library_that_is_absent_is_named_with_the_one_command(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert extras.is_installed("xgboost")
    with pytest.raises(StudyError) as caught:
        FAMILIES["lightgbm"].fit(*table, parameters("lightgbm"), 1)
    assert "fitted by LightGBM, which is not installed" in str(caught.value)
    assert caught.value.remedy == "pip install 'spinecast[boosters]'"


def test_a_stored_model_predicts_without_the_library_that_grew_it(tmp_path: Path) -> None:
    for family in ("lightgbm", "catboost"):
        pytest.importorskip(family)
    model = model_of("lightgbm", "catboost", "gradient_boosting")
    save_model(model, tmp_path / "model")
    matrix, _ = patients(count=5, seed=4)
    np.save(tmp_path / "rows.npy", matrix)
    code = (
        "import json, sys, numpy as np; from pathlib import Path; from spinecast.models.artifact import load_model; "
        f"m, _ = load_model(Path({str(tmp_path / 'model')!r})); "
        f"risk = m.predict(np.load({str(tmp_path / 'rows.npy')!r})).tolist(); "
        "print(json.dumps([risk, [n for n in ('lightgbm', 'catboost', 'sklearn.ensemble') if n in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    risk, loaded = json.loads(done.stdout)
    assert risk == model.predict(matrix).tolist()
    assert loaded == []
