"""Path-dependent TreeSHAP of one forest, compiled: imported only when trees are explained.

A tree's prediction is a sum over leaves of products over the variables on the way there, and a leaf's Shapley values
are integrals of such products over t in (0, 1): a variable that agrees with the leaf contributes ``t + z (1 - t)``, one
that does not ``z (1 - t)``, where z is the share of training rows that its splits let through (Yang 2021,
arXiv:2109.09847, and Yu et al. 2022, arXiv:2209.08192, evaluate the same polynomials in other ways). Gauss-Legendre
quadrature is exact for polynomials, and a tree's nodes share the products of their ancestors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.compiled import compiled

__all__ = ["add_tree_contributions", "lay_edges"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]


@compiled
def lay_edges(
    left: IntArray, right: IntArray, feature: IntArray, samples: FloatArray
) -> tuple[IntArray, IntArray, IntArray, BoolArray, FloatArray, int]:
    """Describe each node by the edge that leads to it.

    Parameters
    ----------
    left, right, feature, samples
        Of a :class:`spinecast.models.trees.Forest`; parents stand before their children.

    Returns
    -------
    parent : ndarray of int32, shape (nodes,)
        -1 at a root.
    earlier : ndarray of int32, shape (nodes,)
        The nearest node further up whose edge asks of the same column; -1 where there is none.
    asked : ndarray of int32, shape (nodes,)
        Column that the edge asks of.
    is_left : ndarray of bool, shape (nodes,)
    share : ndarray, shape (nodes,)
        Share of the parent's rows, multiplied along all edges up to here that ask of the same column.
    most : int
        Most different columns on a way from a root to a leaf.
    """
    nodes = len(left)
    parent, earlier = np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    asked, different = np.zeros(nodes, np.int32), np.zeros(nodes, np.int32)
    is_left, share = np.zeros(nodes, np.bool_), np.ones(nodes)
    for node in range(nodes):
        if left[node] == node:
            continue
        for side in range(2):
            child = left[node] if side == 0 else right[node]
            parent[child], asked[child], is_left[child] = node, feature[node], side == 0
            share[child] = samples[child] / samples[node]
            different[child] = different[node] + 1
            above = node
            while parent[above] >= 0:
                if asked[above] == feature[node]:
                    earlier[child] = above
                    share[child] *= share[above]
                    different[child] -= 1
                    break
                above = parent[above]
    return parent, earlier, asked, is_left, share, different.max()


@compiled
def add_tree_contributions(  # noqa: C901 - one loop down and one up each tree; calls inside it would cost
    rows: FloatArray,
    roots: IntArray,
    left: IntArray,
    threshold: FloatArray,
    missing_left: BoolArray,
    value: FloatArray,
    parent: IntArray,
    earlier: IntArray,
    asked: IntArray,
    is_left: BoolArray,
    share: FloatArray,
    points: FloatArray,
    weights: FloatArray,
    added: FloatArray,
) -> None:
    """Add the contributions of each column to the sum of the trees, row by row.

    Parameters
    ----------
    rows : ndarray, shape (n, columns)
        As the trees compare them.
    roots, left, threshold
        Of a :class:`spinecast.models.trees.Forest`.
    missing_left : ndarray of bool, shape (nodes,)
        Whether a missing value goes to the left child of a node.
    value : ndarray, shape (nodes,)
        What a leaf adds.
    parent, earlier, asked, is_left, share
        From :func:`lay_edges`.
    points, weights : ndarray, shape (q,)
        Gauss-Legendre on (0, 1); ``2 q`` is at least the most different columns on a way.
    added : ndarray, shape (n, columns)
        Changed in place.
    """
    count, nodes, columns = len(points), len(left), rows.shape[1]
    largest = 0
    for tree in range(len(roots)):
        end = roots[tree + 1] if tree + 1 < len(roots) else nodes
        largest = max(largest, end - roots[tree])
    rest, turned = 1 - points, 1 / (1 - points)
    product, below = np.empty((largest, count)), np.empty((largest, count))
    agrees = np.empty(largest, np.bool_)
    sums = np.empty((columns, count))
    for row in range(len(rows)):
        sums[:] = 0.0
        for tree in range(len(roots)):
            start = roots[tree]
            end = roots[tree + 1] if tree + 1 < len(roots) else nodes
            for q in range(count):
                product[0, q] = weights[q]
            for node in range(start + 1, end):
                own, above, before, part = node - start, parent[node] - start, earlier[node], share[node]
                given = rows[row, asked[node]]
                if np.isnan(given):
                    goes_left = missing_left[parent[node]]
                else:
                    goes_left = given <= threshold[parent[node]]
                fits = goes_left == is_left[node]
                if before < 0:
                    agrees[own] = fits
                    if fits:
                        for q in range(count):
                            product[own, q] = product[above, q] * (points[q] + part * rest[q])
                    else:
                        for q in range(count):
                            product[own, q] = product[above, q] * (part * rest[q])
                else:
                    # The column's factor so far is replaced by the one that counts this edge too.
                    fitted, former = agrees[before - start], share[before]
                    agrees[own] = fits and fitted
                    if agrees[own]:
                        for q in range(count):
                            ratio = (points[q] + part * rest[q]) / (points[q] + former * rest[q])
                            product[own, q] = product[above, q] * ratio
                    elif fitted:
                        for q in range(count):
                            product[own, q] = product[above, q] * (part * rest[q]) / (points[q] + former * rest[q])
                    else:
                        ratio = part / former
                        for q in range(count):
                            product[own, q] = product[above, q] * ratio
                if left[node] == node:
                    for q in range(count):
                        below[own, q] = product[own, q] * value[node]
                else:
                    for q in range(count):
                        below[own, q] = 0.0
            for node in range(end - 1, start, -1):
                own, above, before, part = node - start, parent[node] - start, earlier[node], share[node]
                column = asked[node]
                if before < 0:
                    if agrees[own]:
                        for q in range(count):
                            sums[column, q] += below[own, q] * ((1 - part) / (points[q] + part * rest[q]))
                    else:
                        for q in range(count):
                            sums[column, q] -= below[own, q] * turned[q]
                elif agrees[before - start]:
                    # What the earlier edge added for all leaves below it is taken back for those below this one.
                    former = share[before]
                    if agrees[own]:
                        for q in range(count):
                            now = (1 - part) / (points[q] + part * rest[q])
                            sums[column, q] += below[own, q] * (now - (1 - former) / (points[q] + former * rest[q]))
                    else:
                        for q in range(count):
                            then = (1 - former) / (points[q] + former * rest[q])
                            sums[column, q] -= below[own, q] * (turned[q] + then)
                if above > 0:
                    for q in range(count):
                        below[above, q] += below[own, q]
        for column in range(columns):
            for q in range(count):
                added[row, column] += sums[column, q]
