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

__all__ = ["explain_trees", "lay_edges"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

# Stands for the share of a branch that only patients of no weight went down: a factor that is nothing could not be
# taken back. It moves a contribution by as little.
SMALLEST_SHARE = 1e-12


@compiled
def lay_edges(
    roots: IntArray, left: IntArray, right: IntArray, feature: IntArray, samples: FloatArray
) -> tuple[IntArray, IntArray, IntArray, BoolArray, FloatArray, IntArray]:
    """Describe each node by the edge that leads to it.

    Parameters
    ----------
    roots, left, right, feature, samples
        Of a :class:`spinecast.models.trees.Forest`; parents stand before their children.

    Returns
    -------
    parent : ndarray of int32, shape (nodes,)
        A root is its own.
    earlier : ndarray of int32, shape (nodes,)
        The nearest node further up whose edge asks of the same column; the root where there is none.
    asked : ndarray of int32, shape (nodes,)
        Column that the edge asks of.
    is_left : ndarray of bool, shape (nodes,)
    share : ndarray, shape (nodes,)
        Share of the parent's rows, multiplied along all edges up to here that ask of the same column.
    most : ndarray of int32, shape (trees,)
        Most different columns on a way from the root to a leaf.
    """
    nodes = len(left)
    parent, earlier = np.arange(nodes).astype(np.int32), np.arange(nodes).astype(np.int32)
    asked, different = np.zeros(nodes, np.int32), np.zeros(nodes, np.int32)
    is_left, share, most = np.zeros(nodes, np.bool_), np.ones(nodes), np.zeros(len(roots), np.int32)
    for tree in range(len(roots)):
        root, end = roots[tree], roots[tree + 1] if tree + 1 < len(roots) else nodes
        for node in range(root, end):
            if left[node] == node:
                continue
            for side in range(2):
                child = left[node] if side == 0 else right[node]
                parent[child], asked[child], is_left[child] = node, feature[node], side == 0
                part = samples[child] / samples[node] if samples[node] > 0 else 0.5
                share[child] = max(part, SMALLEST_SHARE)
                different[child] = different[node] + 1
                earlier[child] = root
                above = node
                while above != root:
                    if asked[above] == feature[node]:
                        earlier[child] = above
                        share[child] *= share[above]
                        different[child] -= 1
                        break
                    above = parent[above]
                most[tree] = max(most[tree], different[child])
    return parent, earlier, asked, is_left, share, most


@compiled
def explain_trees(  # noqa: C901 - one loop down and one up each tree; calls inside it would cost
    rows: FloatArray,
    roots: IntArray,
    threshold: FloatArray,
    missing_left: BoolArray,
    value: FloatArray,
    parent: IntArray,
    earlier: IntArray,
    asked: IntArray,
    is_left: BoolArray,
    share: FloatArray,
    counts: NDArray[np.int64],
    points: FloatArray,
    weights: FloatArray,
) -> tuple[FloatArray, IntArray]:
    """Contributions of each column to the sum of the trees, row by row, and the leaf each row falls into.

    Parameters
    ----------
    rows : ndarray, shape (n, columns)
        As the trees compare them.
    roots, threshold
        Of a :class:`spinecast.models.trees.Forest`.
    missing_left : ndarray of bool, shape (nodes,)
        Whether a missing value goes to the left child of a node.
    value : ndarray, shape (outputs, nodes)
        What a leaf adds to each output; 0 at other nodes.
    parent, earlier, asked, is_left, share
        From :func:`lay_edges`.
    counts : ndarray of int64, shape (trees,)
        Points each tree needs: half of the most different columns on a way, rounded up.
    points, weights : ndarray, shape (most points + 1, most points)
        Of Gauss-Legendre quadrature on (0, 1), a row for each number of points.

    Returns
    -------
    contributions : ndarray, shape (outputs, n, columns)
    leaves : ndarray of int32, shape (n, trees)
    """
    most, nodes, columns = points.shape[1], len(parent), rows.shape[1]
    largest = 0
    for tree in range(len(roots)):
        end = roots[tree + 1] if tree + 1 < len(roots) else nodes
        largest = max(largest, end - roots[tree])
    product, inverse, below = np.empty((largest, most)), np.empty((largest, most)), np.empty((largest, most))
    agrees, inside = np.empty(largest), np.empty(largest, np.bool_)
    outputs = len(value)
    sums, found = np.empty((outputs, columns, most)), np.zeros((outputs, len(rows), columns))
    leaves = np.empty((len(rows), len(roots)), np.int32)
    # A root agrees with everybody and lets everybody through: a factor of one.
    inverse[0], agrees[0], inside[0] = 1.0, 1.0, True
    for row in range(len(rows)):
        sums[:] = 0.0
        for tree in range(len(roots)):
            root, end = roots[tree], roots[tree + 1] if tree + 1 < len(roots) else nodes
            count, at = counts[tree], points[counts[tree]]
            rest = 1 - at
            product[0], below[0] = weights[count], 0.0
            leaves[row, tree] = root
            for node in range(root + 1, end):
                own, above, before, part = node - root, parent[node] - root, earlier[node] - root, share[node]
                given = rows[row, asked[node]]
                goes_left = given <= threshold[parent[node]] or (np.isnan(given) and missing_left[parent[node]])
                agrees[own] = agrees[before] * (goes_left == is_left[node])
                inside[own] = inside[above] and goes_left == is_left[node]
                if inside[own]:
                    leaves[row, tree] = node  # the last one it comes to: children stand after their parents
                fits, leaf = agrees[own], value[0, node]
                for q in range(count):
                    # The column's factor so far is replaced by the one that counts this edge too.
                    factor = fits * at[q] + part * rest[q]
                    inverse[own, q] = 1 / factor
                    product[own, q] = product[above, q] * factor * inverse[before, q]
                    below[own, q] = product[own, q] * leaf
            for output in range(outputs):
                if output > 0:  # the way down was the same
                    below[0] = 0.0
                    for node in range(root + 1, end):
                        for q in range(count):
                            below[node - root, q] = product[node - root, q] * value[output, node]
                for node in range(end - 1, root, -1):
                    own, above, before, column = node - root, parent[node] - root, earlier[node] - root, asked[node]
                    now, then = agrees[own] - share[node], agrees[before] - share[earlier[node]]
                    for q in range(count):
                        # What the earlier edge added for all leaves below it is taken back for those below this one.
                        turned = now * inverse[own, q] - then * inverse[before, q]
                        sums[output, column, q] += below[own, q] * turned
                        below[above, q] += below[own, q]
        for output in range(outputs):
            for column in range(columns):
                for q in range(most):
                    found[output, row, column] += sums[output, column, q]
    return found, leaves
