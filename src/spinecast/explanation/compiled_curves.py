"""Curves of trees by compiled loops, to the last bit those of the model: explanations ask of thousands of patients.

Of hazards by interval XGBoost is asked of a patient once an interval, and walks every tree anew though only the
interval's own columns differ: here a tree is walked once, with the set of intervals that are still together, and leaves
are added in XGBoost's order and precision. Of a forest of hazards the leaves' curves are added as they are come to,
where numpy first gathers those of all trees. What does not give the very bits on rows that try it is left as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.keeping import Kept
from spinecast.explanation.trees import BoostedSum, boosted_sum, rows_to_try
from spinecast.models.members import DrawnMember, PatternMember
from spinecast.models.scorers import BoostedTreesScorer
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.curves import Curves, HazardForest, IntervalHazards
from spinecast.models.survival.model import AnySurvivalMember, SurvivalMember, TimeToEventModel
from spinecast.models.trees import Forest

__all__ = ["compiled_member", "compiled_model"]

FloatArray = NDArray[np.float64]
FitT = TypeVar("FitT", bound=AnySurvivalMember)
TimedT = TypeVar("TimedT", bound=TimeToEventModel | CompetingRisksModel)

# Intervals are bits of one whole number.
MOST_INTERVALS = 62


class _CompiledIntervals(IntervalHazards):
    """The same hazards, computed by compiled loops."""

    def log_hazards(self, columns: FloatArray) -> FloatArray:
        assert isinstance(self.scorer, BoostedTreesScorer)
        made = _WALKED.of(self.scorer, lambda: _walked(self, columns.shape[1]))
        if not made.sum.adds_alike:  # another XGBoost than the one whose sums are known
            return super().log_hazards(columns)
        return self.from_scores(made.scores(columns))


class _CompiledForest(HazardForest):
    """The same curves, computed by compiled loops."""

    def log_hazards(self, columns: FloatArray) -> FloatArray:
        forest = self.forest
        if not _ALIKE.of(forest, lambda: _adds_alike(forest, columns.shape[1])):
            return super().log_hazards(columns)
        return np.asarray(np.log(np.maximum(_forest_means(forest, columns), self.smallest)), dtype=np.float64)


def _forest_means(forest: Forest, columns: FloatArray) -> FloatArray:
    from spinecast.explanation.curve_loops import forest_means

    compared = np.ascontiguousarray(columns.astype(np.float32).astype(np.float64))
    return forest_means(
        compared, forest.roots, forest.left, forest.right, forest.feature, forest.threshold, forest.value
    )


def _adds_alike(forest: Forest, columns: int) -> bool:
    tried = rows_to_try(forest, columns, missing=0.0)
    return bool(np.array_equal(_forest_means(forest, tried), forest.predict(tried)))


_ALIKE: Kept[Forest, bool] = Kept()


@dataclass(frozen=True, eq=False)
class _Walked:
    """What of the walks depends on no patient.

    Parameters
    ----------
    sum : BoostedSum
    goes_left : ndarray of int64, shape (nodes,)
        The intervals that go left at a node which asks of an interval's own column; -1 at other nodes.
    every : int
        All intervals.
    """

    sum: BoostedSum
    goes_left: NDArray[np.int64]
    every: int

    def scores(self, columns: FloatArray) -> FloatArray:
        """Scores of each patient in each interval, shape (n, intervals)."""
        from spinecast.explanation.curve_loops import scores_by_interval

        forest, made = self.sum.forest, self.sum
        found = scores_by_interval(
            # Compared as XGBoost compares them: in single precision.
            np.ascontiguousarray(columns.astype(np.float32).astype(np.float64)),
            forest.roots,
            forest.left,
            forest.right,
            forest.feature,
            forest.threshold,
            made.edges.missing_left,
            made.steps,
            made.start,
            self.goes_left,
            self.every,
            forest.depth,
        )
        return np.asarray(found, dtype=np.float64)


_WALKED: Kept[BoostedTreesScorer, _Walked] = Kept()


def _walked(hazards: IntervalHazards, columns: int) -> _Walked:
    assert isinstance(hazards.scorer, BoostedTreesScorer)
    count, own = hazards.intervals.shape
    made = boosted_sum(hazards.scorer, columns + own)
    forest = made.forest
    goes_left = np.full(len(forest.left), -1, dtype=np.int64)
    splits = forest.left != np.arange(len(forest.left))
    asked = np.flatnonzero(splits & (forest.feature >= columns))
    values = hazards.intervals.astype(np.float32).astype(np.float64)[:, forest.feature[asked] - columns]
    bits = np.int64(1) << np.arange(count, dtype=np.int64)
    goes_left[asked] = np.where(values <= forest.threshold[asked], bits[:, None], 0).sum(axis=0)
    return _Walked(made, goes_left, int(bits.sum()))


def compiled_member(member: FitT) -> FitT:
    """Return a fold fit of times that answers the same by compiled loops, where it can."""
    if isinstance(member, DrawnMember):
        return replace(member, draws=tuple(compiled_member(one) for one in member.draws))
    if isinstance(member, PatternMember):
        submodels = tuple(compiled_member(one) for one in member.submodels)
        return replace(member, submodels=submodels, otherwise=compiled_member(member.otherwise))
    assert isinstance(member, SurvivalMember)
    return replace(member, curves=_compiled(member.curves))


def _compiled(curves: Curves) -> Curves:
    if isinstance(curves, HazardForest):
        return _CompiledForest(curves.forest, curves.smallest)
    if not isinstance(curves, IntervalHazards) or not isinstance(curves.scorer, BoostedTreesScorer):
        return curves
    if len(curves.intervals) > MOST_INTERVALS:
        return curves
    return _CompiledIntervals(curves.scorer, curves.log_odds, curves.intervals, curves.passed, curves.smallest)


def compiled_model(model: TimedT) -> TimedT:
    """Return a model of times that answers the same, to the last bit, by compiled loops where it can."""
    if isinstance(model, CompetingRisksModel):
        return replace(model, hazards=tuple(compiled_model(hazard) for hazard in model.hazards))
    parts = tuple(replace(part, members=tuple(map(compiled_member, part.members))) for part in model.parts)
    return replace(model, parts=parts)
