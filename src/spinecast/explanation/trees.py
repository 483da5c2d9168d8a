"""Exact contributions of columns to forests: path-dependent TreeSHAP (Lundberg 2020, doi:10.1038/s42256-019-0138-9)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.keeping import Kept
from spinecast.models.boosted_forests import forest_from_xgboost
from spinecast.models.scorers import BoostedTreesScorer
from spinecast.models.trees import Forest

__all__ = [
    "BoostedSum",
    "boosted_contributions",
    "boosted_sum",
    "forest_contributions",
    "forest_contributions_to",
    "rows_to_try",
    "scored_boosted_contributions",
    "scored_forest_contributions",
]

FloatArray = NDArray[np.float64]

# Rows on which sums of leaves are compared with XGBoost's own, and how much of them is missing.
_TRIED = 64
_SHARE_MISSING = 0.1


@dataclass(frozen=True, eq=False)
class _Edges:
    """What of a forest's explanation depends on no patient; see `tree_loops.lay_edges`."""

    missing_left: NDArray[np.bool_]
    parent: NDArray[np.int32]
    earlier: NDArray[np.int32]
    asked: NDArray[np.int32]
    is_left: NDArray[np.bool_]
    share: FloatArray
    counts: NDArray[np.int64]
    points: FloatArray
    weights: FloatArray
    reached: FloatArray
    """Share of training rows that reach each leaf, 0 at other nodes."""


@dataclass(frozen=True, eq=False)
class BoostedSum:
    """An XGBoost model as a forest.

    Parameters
    ----------
    forest : Forest
    edges : _Edges
    value : ndarray, shape (1, nodes)
        What its leaves add to its one output.
    base : float
        Mean margin of the training rows.
    start : float32
        Margin before the first tree.
    steps : ndarray of float32, shape (nodes,)
        What its leaves add, as XGBoost adds it.
    adds_alike : bool
        Whether :meth:`margin` gave the very bits of the XGBoost that is installed, on rows that try its splits.
    """

    forest: Forest
    edges: _Edges
    value: FloatArray
    base: float
    start: np.float32
    steps: NDArray[np.float32]
    adds_alike: bool = True

    def margin(self, reached: NDArray[np.int32]) -> FloatArray:
        """Margins of rows by the leaves they fall into, shape (n, trees) to shape (n,): XGBoost's own to the last bit.

        It adds the leaves one after the other in single precision.
        """
        start = np.full((len(reached), 1), self.start, dtype=np.float32)
        added = np.add.accumulate(np.hstack([start, self.steps[reached]]), axis=1, dtype=np.float32)
        return added[:, -1].astype(np.float64)


def forest_contributions(forest: Forest, columns: FloatArray, output: int = 0) -> tuple[FloatArray, float]:
    """Path-dependent TreeSHAP of one output of a forest.

    Parameters
    ----------
    forest : Forest
    columns : ndarray, shape (n, columns)
        Encoded columns without missing values.
    output : int

    Returns
    -------
    contributions : ndarray, shape (n, columns)
    base : float
        Mean prediction of the training rows.
    """
    contributions, base, _ = scored_forest_contributions(forest, columns, output)
    return contributions, base


def scored_forest_contributions(
    forest: Forest, columns: FloatArray, output: int = 0
) -> tuple[FloatArray, float, FloatArray]:
    """Contributions as :func:`forest_contributions`, and the predictions, shape (n,), of trees walked once."""
    contributions, bases, predicted = forest_contributions_to(forest, columns, (output,))
    return contributions[0], bases[0], predicted[:, output]


def forest_contributions_to(
    forest: Forest, columns: FloatArray, outputs: Sequence[int]
) -> tuple[FloatArray, tuple[float, ...], FloatArray]:
    """Contributions to several outputs of a forest whose trees are walked once.

    Parameters
    ----------
    forest, columns
        As :func:`forest_contributions`.
    outputs : sequence of int
        One or more.

    Returns
    -------
    contributions : ndarray, shape (len(outputs), n, columns)
    bases : tuple of float
        Of each of them.
    predicted : ndarray, shape (n, all outputs)
    """
    edges = _EDGES.of(forest, lambda: _edges(forest, np.zeros(len(forest.left), dtype=np.bool_)))
    leaves = [_kept_leaves(forest, edges, output) for output in outputs]
    contributions, reached = _explained(forest, edges, columns, np.stack([one.value for one in leaves]))
    return contributions, tuple(one.base for one in leaves), forest.mean_of(reached)


def boosted_contributions(scorer: BoostedTreesScorer, columns: FloatArray) -> tuple[FloatArray, float]:
    """Path-dependent TreeSHAP of an XGBoost model's margin, in double precision, and its base value.

    Parameters
    ----------
    scorer : BoostedTreesScorer
    columns : ndarray, shape (n, columns)
        Encoded columns; NaN where a value is missing.
    """
    contributions, base, _ = scored_boosted_contributions(scorer, columns)
    return contributions, base


def scored_boosted_contributions(
    scorer: BoostedTreesScorer, columns: FloatArray
) -> tuple[FloatArray, float, FloatArray]:
    """Contributions as :func:`boosted_contributions`, and the margins, shape (n,), of trees walked once."""
    made = boosted_sum(scorer, columns.shape[1])
    contributions, reached = _explained(made.forest, made.edges, columns, made.value)
    # To call XGBoost for a single patient takes several times as long as the sum.
    scores = made.margin(reached) if made.adds_alike else scorer.score(columns)
    return contributions[0], made.base, scores


def boosted_sum(scorer: BoostedTreesScorer, columns: int) -> BoostedSum:
    """Return an XGBoost model of so many columns as a forest, made once."""
    return _BOOSTED.of(scorer, lambda: _boosted(scorer, columns))


def _explained(
    forest: Forest, edges: _Edges, columns: FloatArray, value: FloatArray
) -> tuple[FloatArray, NDArray[np.int32]]:
    from spinecast.explanation.tree_loops import explain_trees

    return explain_trees(
        # Compared as the forest compares them: in single precision.
        np.ascontiguousarray(columns.astype(np.float32).astype(np.float64)),
        forest.roots,
        forest.threshold,
        edges.missing_left,
        value,
        edges.parent,
        edges.earlier,
        edges.asked,
        edges.is_left,
        edges.share,
        edges.counts,
        edges.points,
        edges.weights,
    )


def _edges(forest: Forest, missing_left: NDArray[np.bool_]) -> _Edges:
    from spinecast.explanation.tree_loops import lay_edges

    parent, earlier, asked, is_left, share, most = lay_edges(
        forest.roots, forest.left, forest.right, forest.feature, forest.samples
    )
    counts = (np.maximum(most, 1).astype(np.int64) + 1) // 2
    points, weights = _quadrature(int(counts.max()))
    sizes = np.diff(np.append(forest.roots, len(forest.left)))
    leaf = forest.left == np.arange(len(forest.left))
    return _Edges(
        missing_left=missing_left,
        parent=parent,
        earlier=earlier,
        asked=asked,
        is_left=is_left,
        share=share,
        counts=counts,
        points=points,
        weights=weights,
        reached=np.where(leaf, forest.samples / np.repeat(forest.samples[forest.roots], sizes), 0.0),
    )


def _quadrature(most: int) -> tuple[FloatArray, FloatArray]:
    """Points and weights of Gauss-Legendre quadrature on (0, 1): row q holds q points."""
    points, weights = np.full((most + 1, most), 0.5), np.zeros((most + 1, most))
    for count in range(1, most + 1):
        on_both_sides, weight = np.polynomial.legendre.leggauss(count)
        points[count, :count], weights[count, :count] = (on_both_sides + 1) / 2, weight / 2
    return points, weights


@dataclass(frozen=True, eq=False)
class _Leaves:
    """What each leaf adds to one output, 0 at other nodes, and the mean of that over the training rows."""

    value: FloatArray
    base: float


def _leaves(forest: Forest, edges: _Edges, output: int) -> _Leaves:
    leaf = forest.left == np.arange(len(forest.left))
    value = np.where(leaf, forest.value[:, output] / len(forest.roots), 0.0)
    return _Leaves(value, float((edges.reached * value).sum()))


def _kept_leaves(forest: Forest, edges: _Edges, output: int) -> _Leaves:
    kept = _LEAVES.of(forest, dict)
    if output not in kept:
        kept[output] = _leaves(forest, edges, output)
    return kept[output]


def _boosted(scorer: BoostedTreesScorer, columns: int) -> BoostedSum:
    from xgboost import DMatrix

    forest, missing_left = forest_from_xgboost(scorer.booster)
    # The start is on a scale that depends on the objective: XGBoost's own base value holds it, whoever is explained.
    anybody = DMatrix(np.zeros((1, columns)), nthread=1)
    base = float(scorer.booster.predict(anybody, pred_contribs=True)[0, -1])
    edges = _edges(forest, missing_left)
    value = _leaves(forest, edges, 0).value[None]
    # Its leaves hold numbers in single precision, which were multiplied by the number of trees, and lose nothing.
    steps = (forest.value[:, 0] / len(forest.roots)).astype(np.float32)
    made = BoostedSum(forest, edges, value, base, _start_of(scorer, columns), steps)
    tried = rows_to_try(forest, columns)
    own = made.margin(_explained(forest, edges, tried, value)[1])
    return replace(made, adds_alike=bool(np.array_equal(own, scorer.score(tried))))


def _start_of(scorer: BoostedTreesScorer, columns: int) -> np.float32:
    """Margin before the first tree: what XGBoost says of the same trees with nothing in their leaves."""
    emptied = json.loads(scorer.booster.save_raw("json"))
    for tree in emptied["learner"]["gradient_booster"]["model"]["trees"]:
        pairs = zip(tree["split_conditions"], tree["left_children"], strict=True)
        tree["split_conditions"] = [0.0 if left < 0 else held for held, left in pairs]
    return np.float32(BoostedTreesScorer(json.dumps(emptied).encode()).score(np.zeros((1, columns)))[0])


def rows_to_try(forest: Forest, columns: int, missing: float = _SHARE_MISSING) -> FloatArray:
    """Rows of the thresholds a forest asks of, a share of values missing: they fall into many of its leaves."""
    draw = np.random.default_rng(11)
    splits = np.flatnonzero(forest.left != np.arange(len(forest.left)))
    rows = np.zeros((_TRIED, columns))
    for column in np.unique(forest.feature[splits]):
        rows[:, column] = draw.choice(forest.threshold[splits[forest.feature[splits] == column]], _TRIED)
    return np.where(draw.random(rows.shape) < missing, np.nan, rows)


_EDGES: Kept[Forest, _Edges] = Kept()
_LEAVES: Kept[Forest, dict[int, _Leaves]] = Kept()
_BOOSTED: Kept[BoostedTreesScorer, BoostedSum] = Kept()
