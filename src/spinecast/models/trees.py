"""Fitted decision forests as plain arrays: what a stored forest is, and how it predicts.

scikit-learn keeps trees in objects that only pickle can store whole. Here a forest is seven arrays, so that
an artifact holds data and nothing that executes on load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Forest", "forest_from_sklearn"]

FloatArray = NDArray[np.float64]

# Rows walked through all trees at once: keeps the index table (rows x trees) in cache and memory flat.
ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class Forest:
    """Binary trees laid end to end; the prediction is the mean over trees of the leaf reached.

    Parameters
    ----------
    roots : ndarray of int32, shape (trees,)
        Index of each tree's root among all nodes.
    left, right : ndarray of int32, shape (nodes,)
        Index of the children; a leaf points at itself on both sides, so that walking needs no test for leaves.
    feature : ndarray of int32, shape (nodes,)
        Column compared at the node (0 at a leaf).
    threshold : ndarray of float64, shape (nodes,)
        A row goes left when its value, as float32, is at most the threshold (scikit-learn's rule).
    value : ndarray of float64, shape (nodes, outputs)
        Prediction at the node.
    samples : ndarray of float64, shape (nodes,)
        Weighted number of training rows at the node (tree SHAP needs it).
    depth : int
        Longest way from a root to a leaf.
    """

    roots: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: FloatArray
    value: FloatArray
    samples: FloatArray
    depth: int

    def predict(self, columns: FloatArray) -> FloatArray:
        """Mean leaf value over the trees.

        Parameters
        ----------
        columns : ndarray, shape (n, columns)
            Encoded columns without missing values.

        Returns
        -------
        ndarray, shape (n, outputs)
        """
        compared = np.ascontiguousarray(columns, dtype=np.float32)
        result = np.empty((len(compared), self.value.shape[1]))
        for start in range(0, len(compared), ROWS_AT_ONCE):
            rows = compared[start : start + ROWS_AT_ONCE]
            result[start : start + len(rows)] = self.mean_of(self._leaves(rows))
        return result

    def mean_of(self, leaves: NDArray[np.int32]) -> FloatArray:
        """Mean value of the leaves rows fall into, shape (n, trees) to shape (n, outputs)."""
        return np.asarray(self.value[leaves].mean(axis=1), dtype=np.float64)

    def _leaves(self, rows: NDArray[np.float32]) -> NDArray[np.int32]:
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots))).copy()
        row = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            goes_left = rows[row, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the forest as named arrays."""
        return {
            "roots": self.roots,
            "left": self.left,
            "right": self.right,
            "feature": self.feature,
            "threshold": self.threshold,
            "value": self.value,
            "samples": self.samples,
            "depth": np.array(self.depth),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Forest:
        """Rebuild a forest from :meth:`to_arrays`."""
        names = ("roots", "left", "right", "feature", "threshold", "value", "samples")
        return cls(**{name: arrays[name] for name in names}, depth=int(arrays["depth"]))


def forest_from_sklearn(trees: Sequence[Any], output: slice) -> Forest:
    """Lay fitted scikit-learn trees end to end.

    Parameters
    ----------
    trees : sequence of fitted DecisionTreeClassifier or DecisionTreeRegressor
    output : slice
        Which outputs to keep: ``slice(1, 2)`` keeps the event probability of a two-class tree,
        ``slice(None)`` every output of a regression tree.
    """
    parts = [tree.tree_ for tree in trees]
    sizes = np.array([part.node_count for part in parts])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    left, right, feature, threshold, value, samples = [], [], [], [], [], []
    for part, offset in zip(parts, roots, strict=True):
        itself = np.arange(part.node_count) + offset
        leaf = part.children_left < 0
        left.append(np.where(leaf, itself, part.children_left + offset))
        right.append(np.where(leaf, itself, part.children_right + offset))
        feature.append(np.where(leaf, 0, part.feature))
        threshold.append(np.where(leaf, 0.0, part.threshold))
        # A classifier holds (nodes, 1, classes), a regressor of several outputs (nodes, outputs, 1).
        held = part.value
        value.append(held[:, 0, output] if held.shape[1] == 1 else held[:, output, 0])
        samples.append(part.weighted_n_node_samples)
    return Forest(
        roots=roots.astype(np.int32),
        left=np.concatenate(left).astype(np.int32),
        right=np.concatenate(right).astype(np.int32),
        feature=np.concatenate(feature).astype(np.int32),
        threshold=np.concatenate(threshold).astype(np.float64),
        value=np.ascontiguousarray(np.concatenate(value), dtype=np.float64),
        samples=np.concatenate(samples).astype(np.float64),
        depth=int(max(part.max_depth for part in parts)),
    )
