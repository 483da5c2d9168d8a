"""Boosted trees of other libraries in our arrays, so that prediction and explanation need none of them.

A boosted model is a start and a sum of steps, a forest of ours the mean of its trees: each leaf holds the start plus
the step times the number of trees. Rows are compared in single precision, as each of these libraries is made to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.trees import Forest, forest_from_sklearn

__all__ = ["forest_from_catboost", "forest_from_gradient_boosting", "forest_from_lightgbm", "forest_from_xgboost"]

FloatArray = NDArray[np.float64]

# CatBoost's trees have leaves nobody fell into: half a patient keeps the shares of their branches defined.
EMPTY_LEAF = 0.5


def forest_from_gradient_boosting(learner: Any, width: int) -> Forest:
    """Lay a fitted GradientBoostingClassifier or GradientBoostingRegressor of scikit-learn end to end.

    Parameters
    ----------
    learner : sklearn.ensemble.GradientBoostingClassifier or GradientBoostingRegressor
        Of two classes, or of one value.
    width : int
        Columns it was fitted to.
    """
    forest = forest_from_sklearn(learner.estimators_[:, 0], slice(None))
    # Its start is a constant, the log-odds of the event rate or the value of everybody: asked of any row.
    start = float(learner._raw_predict_init(np.zeros((1, width), dtype=np.float32))[0, 0])
    return replace(forest, value=start + forest.value * (learner.learning_rate * len(forest.roots)))


def forest_from_lightgbm(dumped: Mapping[str, Any]) -> Forest:
    """Lay the trees of ``Booster.dump_model()`` end to end; the start stands in its first tree.

    Raises
    ------
    ValueError
        If a split is none of a number against a threshold.
    """
    nodes = _Nodes()
    for tree in dumped["tree_info"]:
        nodes.new_tree()
        _grow_lightgbm(nodes, tree["tree_structure"], 0)
    return nodes.forest(start=0.0)


def _grow_lightgbm(nodes: _Nodes, node: Mapping[str, Any], depth: int) -> int:
    if "leaf_value" in node:
        # A tree that found no split is one leaf, without a count.
        return nodes.add(depth, value=node["leaf_value"], samples=node.get("leaf_count", 1.0))
    if node["decision_type"] != "<=":
        raise ValueError(f"LightGBM split of an unknown kind: {node['decision_type']}")
    place = nodes.add(depth, feature=node["split_feature"], threshold=node["threshold"], samples=node["internal_count"])
    left = _grow_lightgbm(nodes, node["left_child"], depth + 1)
    right = _grow_lightgbm(nodes, node["right_child"], depth + 1)
    nodes.join(place, left, right)
    return place


def forest_from_catboost(exported: Mapping[str, Any]) -> Forest:
    """Lay the oblivious trees of CatBoost's JSON export end to end.

    Every level of such a tree asks one question, and the answers are the bits of the leaf's number, the first question
    the lowest.
    """
    scale, (bias,) = exported["scale_and_bias"]
    nodes = _Nodes()
    for tree in exported["oblivious_trees"]:
        nodes.new_tree()
        values = scale * np.asarray(tree["leaf_values"], dtype=np.float64)
        weights = np.maximum(np.asarray(tree["leaf_weights"], dtype=np.float64), EMPTY_LEAF)
        _grow_catboost(nodes, tree["splits"] or [], values, weights, 0)
    return nodes.forest(start=float(bias))


def _grow_catboost(
    nodes: _Nodes, splits: Sequence[Mapping[str, Any]], values: FloatArray, weights: FloatArray, depth: int
) -> int:
    if not splits:
        return nodes.add(depth, value=float(values[0]), samples=float(weights[0]))
    # The last question is the highest bit: its answers part the leaves into halves.
    asked, half = splits[-1], len(values) // 2
    place = nodes.add(
        depth,
        feature=asked["float_feature_index"],
        threshold=float(np.float32(asked["border"])),
        samples=float(weights.sum()),
    )
    left = _grow_catboost(nodes, splits[:-1], values[:half], weights[:half], depth + 1)
    right = _grow_catboost(nodes, splits[:-1], values[half:], weights[half:], depth + 1)
    nodes.join(place, left, right)
    return place


def forest_from_xgboost(booster: Any) -> tuple[Forest, NDArray[np.bool_]]:
    """Lay the trees of an XGBoost booster end to end, for explanation: its own start is left out.

    Parameters
    ----------
    booster : xgboost.Booster
        Of trees that split numbers and have one output.

    Returns
    -------
    forest : Forest
        The mean over its trees is the margin less the start.
    missing_left : ndarray of bool, shape (nodes,)
        Whether a missing value goes left at a node.

    Raises
    ------
    ValueError
        If it is made of anything else.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    boosted, outputs = learner["gradient_booster"], learner["learner_model_param"]
    if boosted["name"] != "gbtree" or int(outputs["num_class"]) > 1 or int(outputs["num_target"]) > 1:
        raise ValueError(f"an XGBoost model of an unknown kind: {boosted['name']}, {outputs}")
    nodes, missing_left = _Nodes(), []
    for tree in boosted["model"]["trees"]:
        if any(tree["split_type"]):
            raise ValueError("an XGBoost split of an unknown kind: of categories")
        nodes.new_tree()
        missing_left += _grow_xgboost(nodes, tree)
    return nodes.forest(start=0.0), np.array(missing_left, dtype=np.bool_)


def _grow_xgboost(nodes: _Nodes, tree: Mapping[str, Any]) -> list[bool]:
    """Add one tree, parents first; whether missing values go left at each node added."""
    # It goes left below the threshold, in single precision: at most the next number below it.
    thresholds = np.nextafter(np.asarray(tree["split_conditions"], dtype=np.float32), np.float32(-np.inf))
    missing_left: list[bool] = []
    # Number in the tree, depth, and the place of the parent with the side: deleted nodes are never come to.
    waiting: list[tuple[int, int, int, bool]] = [(0, 0, -1, False)]
    children: dict[int, list[int]] = {}
    while waiting:
        node, depth, parent, is_left = waiting.pop()
        left, right = tree["left_children"][node], tree["right_children"][node]
        samples = tree["sum_hessian"][node]
        if left < 0:
            place = nodes.add(depth, value=tree["split_conditions"][node], samples=samples)
        else:
            asked, threshold = tree["split_indices"][node], float(thresholds[node])
            place = nodes.add(depth, feature=asked, threshold=threshold, samples=samples)
            waiting += [(right, depth + 1, place, False), (left, depth + 1, place, True)]
        missing_left.append(bool(tree["default_left"][node]))
        if parent >= 0:
            children.setdefault(parent, [0, 0])[0 if is_left else 1] = place
    for place, (left, right) in children.items():
        nodes.join(place, left, right)
    return missing_left


class _Nodes:
    """Nodes of trees as they are met."""

    def __init__(self) -> None:
        self.roots: list[int] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.value: list[float] = []
        self.samples: list[float] = []
        self.depth = 0

    def new_tree(self) -> None:
        self.roots.append(len(self.left))

    def add(
        self, depth: int, *, feature: int = 0, threshold: float = 0.0, value: float = 0.0, samples: float = 0.0
    ) -> int:
        """Add a node that is a leaf until it is joined to children; its place."""
        place = len(self.left)
        self.left.append(place)
        self.right.append(place)
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.value.append(value)
        self.samples.append(samples)
        self.depth = max(self.depth, depth)
        return place

    def join(self, place: int, left: int, right: int) -> None:
        self.left[place], self.right[place] = left, right

    def forest(self, start: float) -> Forest:
        """Return the forest whose mean is the start and the sum of the trees."""
        steps = np.asarray(self.value, dtype=np.float64)
        return Forest(
            roots=np.asarray(self.roots, dtype=np.int32),
            left=np.asarray(self.left, dtype=np.int32),
            right=np.asarray(self.right, dtype=np.int32),
            feature=np.asarray(self.feature, dtype=np.int32),
            threshold=np.asarray(self.threshold, dtype=np.float64),
            value=(start + steps * len(self.roots))[:, None],
            samples=np.asarray(self.samples, dtype=np.float64),
            depth=self.depth,
        )
