from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.errors import CohortError
from spinecast.training.resampling import ALL_PATIENTS, nested_splits
from spinecast.training.seeds import derive_seed


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), events=st.integers(30, 120), folds=st.integers(2, 6))
def test_every_patient_is_tested_once_by_folds_alike_in_outcome(seed: int, events: int, folds: int) -> None:
    outcome = np.zeros(200)
    outcome[:events] = 1
    splits = nested_splits(outcome, None, outer_folds=folds, inner_folds=3, seed=seed)
    tested = np.concatenate([split.test for split in splits])
    assert sorted(tested) == list(range(200))
    for split in splits:
        assert not set(split.train) & set(split.test)
        assert set(split.train) | set(split.test) == set(range(200))
        if split.test.size:
            assert abs(outcome[split.test].sum() - events / folds) < 1
        for fold in range(3):
            assert abs(outcome[split.train][split.inner == fold].sum() - outcome[split.train].sum() / 3) < 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_groups_are_never_divided_outside_or_inside(seed: int) -> None:
    generator = np.random.default_rng(seed)
    groups = np.repeat(np.arange(40), 6)
    outcome = (generator.random(240) < 0.45).astype(float)
    for split in nested_splits(outcome, groups, outer_folds=4, inner_folds=3, seed=seed):
        assert not set(groups[split.train]) & set(groups[split.test])
        for fold in range(3):
            inside = groups[split.train]
            assert not set(inside[split.inner == fold]) & set(inside[split.inner != fold])


def test_the_last_split_trains_on_everybody() -> None:
    outcome = np.tile([0.0, 1.0], 50)
    splits = nested_splits(outcome, None, outer_folds=5, inner_folds=5, seed=1)
    assert [split.name for split in splits] == [*(f"fold {k}" for k in range(1, 6)), ALL_PATIENTS]
    assert len(splits[-1].train) == 100
    assert splits[-1].test.size == 0


def test_the_seed_decides_the_folds() -> None:
    outcome = np.tile([0.0, 1.0], 50)
    first, again, other = (nested_splits(outcome, None, outer_folds=5, inner_folds=5, seed=s) for s in (1, 1, 2))
    assert all(
        np.array_equal(a.test, b.test) and np.array_equal(a.inner, b.inner) for a, b in zip(first, again, strict=True)
    )
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_fewer_groups_than_folds_is_refused() -> None:
    outcome = np.tile([0.0, 1.0], 20)
    with pytest.raises(CohortError, match="3 groups cannot fill 5 folds"):
        nested_splits(outcome, np.arange(40) % 3, outer_folds=5, inner_folds=2, seed=1)


def test_a_fold_with_one_outcome_class_is_refused() -> None:
    # Every event is in one group, so no fold but one can hold an event.
    outcome = np.r_[np.ones(10), np.zeros(90)]
    with pytest.raises(CohortError, match="same outcome"):
        nested_splits(outcome, np.repeat(np.arange(10), 10), outer_folds=5, inner_folds=2, seed=1)


def test_a_training_set_without_one_of_the_levels_is_refused() -> None:
    # The last level is in one group only: whoever holds that group out has nothing to learn it from.
    groups = np.repeat(np.arange(10), 10)
    outcome = np.where(groups == 0, np.tile([0.0, 1.0, 2.0, 2.0, 2.0], 20), np.tile([0.0, 1.0], 50))
    with pytest.raises(CohortError, match="have 2 of the 3 levels"):
        nested_splits(outcome, groups, outer_folds=5, inner_folds=2, seed=1)


def test_an_unknown_outcome_is_no_outcome() -> None:
    # Only the events are known: the zeros of the others say nothing.
    outcome = np.tile([0.0, 1.0], 50)
    nested_splits(outcome, None, outer_folds=5, inner_folds=5, seed=1, known=np.arange(100) < 90)
    with pytest.raises(CohortError, match="all have the same known outcome"):
        nested_splits(outcome, None, outer_folds=5, inner_folds=5, seed=1, known=outcome == 1)


def test_seeds_differ_by_name_and_repeat() -> None:
    assert derive_seed(1, "fit", "a", 2) == derive_seed(1, "fit", "a", 2)
    drawn = {derive_seed(base, name, k) for base in range(5) for name in ("a", "b") for k in range(50)}
    assert len(drawn) == 500
    # Names are separated, so ("ab", "c") is not ("a", "bc").
    assert derive_seed(1, "ab", "c") != derive_seed(1, "a", "bc")
