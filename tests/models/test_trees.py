from __future__ import annotations

import numpy as np
import pytest
from made_models import assert_same_bits
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

from spinecast.models.trees import ROWS_AT_ONCE, Forest, forest_from_sklearn

EVERY_OUTPUT = slice(None)
EVENT = slice(1, 2)


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    columns = draw.normal(size=(260, 6))
    columns[:, 5] = draw.integers(0, 3, 260)  # ties at every split
    return columns, (columns[:, 0] + columns[:, 1] * columns[:, 5] + draw.normal(size=260) > 0).astype(int)


@pytest.mark.parametrize("depth", [0, 1, 3, None])
def test_predicts_as_the_random_forest_of_scikit_learn(table: tuple[np.ndarray, np.ndarray], depth: int | None) -> None:
    columns, outcome = table
    # scikit-learn has no tree of depth 0; one that may not split is one.
    limits = {"min_samples_split": 10_000} if depth == 0 else {"max_depth": depth}
    learner = RandomForestClassifier(n_estimators=17, random_state=3, **limits)
    weights = np.random.default_rng(2).uniform(0, 3, len(columns))
    learner.fit(columns, outcome, sample_weight=weights)
    forest = forest_from_sklearn(learner.estimators_, EVENT)
    assert forest.depth == max(tree.get_depth() for tree in learner.estimators_)
    np.testing.assert_allclose(forest.predict(columns)[:, 0], learner.predict_proba(columns)[:, 1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_predicts_as_the_regressors_of_scikit_learn(table: tuple[np.ndarray, np.ndarray], outputs: int) -> None:
    columns, _ = table
    targets = np.random.default_rng(4).normal(size=(len(columns), outputs)) + columns[:, :1]
    for kind in (ExtraTreesRegressor, RandomForestRegressor):
        learner = kind(n_estimators=9, min_samples_leaf=3, random_state=5)
        learner.fit(columns, targets[:, 0] if outputs == 1 else targets)
        predicted = forest_from_sklearn(learner.estimators_, EVERY_OUTPUT).predict(columns)
        assert predicted.shape == (len(columns), outputs)
        expected = learner.predict(columns).reshape(len(columns), outputs)
        np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-12)


def test_values_at_a_threshold_go_where_scikit_learn_sends_them(table: tuple[np.ndarray, np.ndarray]) -> None:
    """Values are compared in single precision: one that only differs in double precision is at the threshold."""
    columns, outcome = table
    learner = RandomForestClassifier(n_estimators=8, max_depth=4, random_state=0).fit(columns, outcome)
    forest = forest_from_sklearn(learner.estimators_, EVENT)
    rows = []
    for tree in learner.estimators_:
        for feature, threshold in zip(tree.tree_.feature, tree.tree_.threshold, strict=True):
            if feature < 0:
                continue
            single = np.float32(threshold)
            for value in (
                threshold,
                float(single),
                float(np.nextafter(single, np.float32(np.inf))),
                float(np.nextafter(single, np.float32(-np.inf))),
                np.nextafter(threshold, np.inf),
                threshold + 1e-9,
                threshold - 1e-9,
            ):
                row = columns[len(rows) % len(columns)].copy()
                row[feature] = value
                rows.append(row)
    edges = np.array(rows)
    np.testing.assert_allclose(forest.predict(edges)[:, 0], learner.predict_proba(edges)[:, 1], rtol=0, atol=1e-12)


def test_more_rows_than_are_walked_at_once_change_nothing(table: tuple[np.ndarray, np.ndarray]) -> None:
    columns, outcome = table
    learner = RandomForestClassifier(n_estimators=5, random_state=1).fit(columns, outcome)
    forest = forest_from_sklearn(learner.estimators_, EVENT)
    many = np.tile(columns, (ROWS_AT_ONCE // len(columns) + 2, 1))
    assert len(many) > ROWS_AT_ONCE
    assert_same_bits(forest.predict(many), np.tile(forest.predict(columns), (len(many) // len(columns), 1)))


def test_arrays_give_the_same_forest_back(table: tuple[np.ndarray, np.ndarray]) -> None:
    columns, outcome = table
    learner = RandomForestClassifier(n_estimators=5, random_state=1).fit(columns, outcome)
    forest = forest_from_sklearn(learner.estimators_, EVENT)
    again = Forest.from_arrays(forest.to_arrays())
    assert again.depth == forest.depth
    for name, array in forest.to_arrays().items():
        assert_same_bits(array, again.to_arrays()[name])
    assert_same_bits(again.predict(columns), forest.predict(columns))


def test_nodes_carry_the_weighted_number_of_training_rows(table: tuple[np.ndarray, np.ndarray]) -> None:
    columns, outcome = table
    learner = RandomForestClassifier(n_estimators=3, bootstrap=False, random_state=1)
    learner.fit(columns, outcome, sample_weight=np.full(len(columns), 2.5))
    forest = forest_from_sklearn(learner.estimators_, EVENT)
    assert forest.samples[forest.roots] == pytest.approx(2.5 * len(columns))
    inner = forest.left != np.arange(len(forest.left))
    children = forest.samples[forest.left] + forest.samples[forest.right]
    assert children[inner] == pytest.approx(forest.samples[inner])
