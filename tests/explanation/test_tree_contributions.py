"""TreeSHAP of our arrays beside its definition: every coalition, each tree's expectation of what is not known."""

from __future__ import annotations

import gc
import itertools
import math
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.explanation import trees
from spinecast.explanation.keeping import Kept
from spinecast.explanation.trees import (
    boosted_contributions,
    forest_contributions,
    forest_contributions_to,
    scored_boosted_contributions,
)
from spinecast.models.boosted_forests import forest_from_xgboost
from spinecast.models.scorers import BoostedTreesScorer
from spinecast.models.trees import Forest

COLUMNS = 4


@st.composite
def forests(draw: st.DrawFn) -> Forest:
    """Trees that ask of few columns, so that one is asked of again and again on a way; some branches saw nobody."""
    left, right, feature, threshold, value, samples = [], [], [], [], [], []

    def grow(depth: int, weight: float) -> int:
        place = len(left)
        for column in (left, right, feature, threshold, value, samples):
            column.append(0)
        samples[place] = weight
        left[place] = right[place] = place
        value[place] = draw(st.floats(-3, 3, width=32))
        if depth and draw(st.integers(0, 4)):
            feature[place] = draw(st.integers(0, COLUMNS - 1))
            threshold[place] = draw(st.sampled_from([-1.0, -0.25, 0.0, 0.5, 1.0]))
            share = draw(st.sampled_from([0.0, 0.1, 0.5, 0.7]))
            left[place] = grow(depth - 1, weight * share)
            right[place] = grow(depth - 1, weight * (1 - share))
        return place

    roots = [grow(5, 10.0) for _ in range(draw(st.integers(1, 3)))]
    return Forest(
        roots=np.array(roots, dtype=np.int32),
        left=np.array(left, dtype=np.int32),
        right=np.array(right, dtype=np.int32),
        feature=np.array(feature, dtype=np.int32),
        threshold=np.array(threshold, dtype=np.float64),
        value=np.array(value, dtype=np.float64)[:, None],
        samples=np.array(samples, dtype=np.float64),
        depth=5,
    )


def expected(forest: Forest, row: np.ndarray, known: tuple[int, ...], node: int) -> float:
    """Algorithm 1 of Lundberg 2020: a tree's mean where only some columns are known."""
    children = forest.left[node], forest.right[node]
    if children[0] == node:
        return float(forest.value[node, 0])
    if forest.feature[node] in known:
        side = 0 if row[forest.feature[node]] <= forest.threshold[node] else 1
        return expected(forest, row, known, children[side])
    whole = forest.samples[node]
    shares = [forest.samples[child] / whole if whole else 0.5 for child in children]
    return sum(share * expected(forest, row, known, child) for share, child in zip(shares, children, strict=True))


@settings(deadline=None, max_examples=60)
@given(forest=forests(), row=st.lists(st.floats(-2, 2, width=32), min_size=COLUMNS, max_size=COLUMNS))
def test_contributions_are_the_shapley_values_of_the_definition(forest: Forest, row: list[float]) -> None:
    patient = np.array(row)

    def value(known: tuple[int, ...]) -> float:
        return float(np.mean([expected(forest, patient, known, int(root)) for root in forest.roots]))

    exact = np.zeros(COLUMNS)
    for column in range(COLUMNS):
        others = [one for one in range(COLUMNS) if one != column]
        for size in range(COLUMNS):
            weight = math.factorial(size) * math.factorial(COLUMNS - size - 1) / math.factorial(COLUMNS)
            for known in itertools.combinations(others, size):
                exact[column] += weight * (value((*known, column)) - value(known))
    found, base = forest_contributions(forest, patient[None, :])
    np.testing.assert_allclose(found[0], exact, rtol=0, atol=1e-9)
    assert base + found.sum() == pytest.approx(forest.predict(patient[None, :])[0, 0], abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(forest=forests(), seed=st.integers(0, 2**31))
def test_outputs_explained_in_one_walk_have_the_bits_of_each_alone(forest: Forest, seed: int) -> None:
    draw = np.random.default_rng(seed)
    forest = replace(forest, value=draw.normal(size=(len(forest.left), 4)))
    rows = draw.normal(size=(3, COLUMNS))
    together, bases, predicted = forest_contributions_to(forest, rows, (3, 0, 2))
    for output, found, base in zip((3, 0, 2), together, bases, strict=True):
        alone, own = forest_contributions(forest, rows, output)
        np.testing.assert_array_equal(found, alone)
        assert base == own
    np.testing.assert_array_equal(predicted, forest.predict(rows))


def boosted(depth: int = 5, **changed: object) -> tuple[BoostedTreesScorer, np.ndarray]:
    import xgboost

    draw = np.random.default_rng(2)
    columns = draw.normal(size=(300, 6)).round(1)
    columns[draw.random(columns.shape) < 0.2] = np.nan
    outcome = (np.nan_to_num(columns[:, 0]) + draw.normal(size=300) > 0.3).astype(float)
    given_parameters = {"objective": "binary:logistic", "max_depth": depth, "nthread": 1, "seed": 1, **changed}
    booster = xgboost.train(given_parameters, xgboost.DMatrix(columns, label=outcome, nthread=1), 20)
    return BoostedTreesScorer(bytes(booster.save_raw("ubj"))), columns


def test_boosted_contributions_are_those_of_xgboost_where_values_are_missing() -> None:
    import xgboost

    scorer, columns = boosted()
    theirs = scorer.booster.predict(xgboost.DMatrix(columns, nthread=1), pred_contribs=True)
    ours, base = boosted_contributions(scorer, columns)
    np.testing.assert_allclose(ours, theirs[:, :-1], rtol=0, atol=1e-5)
    np.testing.assert_allclose(base + ours.sum(axis=1), scorer.score(columns), rtol=0, atol=1e-5)


OBJECTIVES = {
    "binary:logistic": {},
    "reg:squarederror": {},
    "reg:quantileerror": {"quantile_alpha": 0.9},
    "survival:cox": {},
}


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("depth", [1, 4])
def test_leaves_added_up_are_the_margin_of_xgboost_to_the_last_bit(objective: str, depth: int) -> None:
    scorer, columns = boosted(depth, objective=objective, **OBJECTIVES[objective])
    together = scored_boosted_contributions(scorer, columns)[2]
    np.testing.assert_array_equal(together, scorer.score(columns))
    alone = [scored_boosted_contributions(scorer, row[None, :])[2][0] for row in columns[:20]]
    np.testing.assert_array_equal(alone, together[:20])
    # Not because XGBoost was asked after all:
    assert trees._BOOSTED.of(scorer, lambda: pytest.fail("nothing was kept")).adds_alike


def test_an_xgboost_that_adds_otherwise_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer, columns = boosted()
    own = BoostedTreesScorer.score
    monkeypatch.setattr(BoostedTreesScorer, "score", lambda self, rows: own(self, rows) + 1e-7)
    np.testing.assert_array_equal(scored_boosted_contributions(scorer, columns)[2], scorer.score(columns))


def test_boosted_trees_as_arrays_are_the_margin_less_its_start() -> None:
    scorer, columns = boosted()
    complete = np.nan_to_num(columns)
    forest, _ = forest_from_xgboost(scorer.booster)
    start = scorer.score(complete) - forest.predict(complete)[:, 0]
    np.testing.assert_allclose(start, start[0], rtol=0, atol=1e-5)  # single precision


def test_boosters_that_are_no_sum_of_trees_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind: dart"):
        forest_from_xgboost(boosted(booster="dart")[0].booster)


class _Owner:
    pass


def test_what_is_kept_goes_with_its_owner_and_is_made_again_of_something_else() -> None:
    kept: Kept[_Owner, list[int]] = Kept()
    owner, made = _Owner(), [1]
    assert kept.of(owner, lambda: made) is made
    assert kept.of(owner, lambda: [2]) is made
    assert kept.of(owner, lambda: [3], "other") == [3]
    watched = weakref.ref(owner)
    del owner
    gc.collect()
    assert watched() is None
    assert kept._made == {}
