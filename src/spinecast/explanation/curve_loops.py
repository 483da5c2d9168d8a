"""Walks through trees whose leaves are curves or steps in intervals, compiled; imported only when one is explained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.compiled import compiled

__all__ = ["forest_means", "scores_by_interval"]


@compiled
def scores_by_interval(
    rows: NDArray[np.float64],
    roots: NDArray[np.int32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: NDArray[np.float64],
    missing_left: NDArray[np.bool_],
    steps: NDArray[np.float32],
    start: np.float32,
    goes_left: NDArray[np.int64],
    every: int,
    depth: int,
) -> NDArray[np.float32]:
    """Sum of the leaves that each row falls into, in each interval, in single precision and in the trees' order.

    Parameters
    ----------
    rows : ndarray, shape (n, columns)
        Without the intervals' own columns, as the trees compare them.
    roots, left, right, feature, threshold
        Of a :class:`spinecast.models.trees.Forest`.
    missing_left : ndarray of bool, shape (nodes,)
        Whether a missing value goes to the left child of a node.
    steps : ndarray of float32, shape (nodes,)
        What a leaf adds.
    start : float32
        Before the first tree.
    goes_left : ndarray of int64, shape (nodes,)
        Of a node that asks of an interval's own column the intervals that go left, as bits; -1 of other nodes.
    every : int
        All intervals, as bits.
    depth : int
        Of the deepest tree.

    Returns
    -------
    ndarray of float32, shape (n, intervals)
    """
    intervals = 0
    while every >> intervals:
        intervals += 1
    found = np.full((len(rows), intervals), start, dtype=np.float32)
    # Ways that still have to be gone: at most one a level, and the root.
    waiting, together = np.empty(depth + 1, np.int32), np.empty(depth + 1, np.int64)
    for row in range(len(rows)):
        for root in roots:
            waiting[0], together[0], count = root, every, 1
            while count:
                count -= 1
                node, here = waiting[count], together[count]
                while left[node] != node:
                    if goes_left[node] < 0:
                        given = rows[row, feature[node]]
                        below = given <= threshold[node] or (np.isnan(given) and missing_left[node])
                        node = left[node] if below else right[node]
                        continue
                    below_here = here & goes_left[node]
                    above_here = here & ~goes_left[node]
                    if below_here and above_here:
                        waiting[count], together[count] = right[node], above_here
                        count += 1
                    node, here = (left[node], below_here) if below_here else (right[node], above_here)
                for interval in range(intervals):
                    if (here >> interval) & 1:
                        found[row, interval] += steps[node]
    return found


@compiled
def forest_means(
    rows: NDArray[np.float64],
    roots: NDArray[np.int32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: NDArray[np.float64],
    value: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean over trees of the leaf that each row falls into, shape (n, outputs), added one tree after the other.

    Parameters
    ----------
    rows : ndarray, shape (n, columns)
        As the trees compare them, no value missing.
    roots, left, right, feature, threshold, value
        Of a :class:`spinecast.models.trees.Forest`.
    """
    outputs = value.shape[1]
    found = np.zeros((len(rows), outputs))
    for row in range(len(rows)):
        for root in roots:
            node = root
            while left[node] != node:
                node = left[node] if rows[row, feature[node]] <= threshold[node] else right[node]
            for output in range(outputs):
                found[row, output] += value[node, output]
        for output in range(outputs):
            found[row, output] /= len(roots)
    return found
