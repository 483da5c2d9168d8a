"""Further splits: nobody is on both sides, copies and groups stay together, what cannot be used is left out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.training.internal_splits import SplitPlan


def plan(seed: int = 1, groups: np.ndarray | None = None, count: int = 120, inner_folds: int = 3) -> SplitPlan:
    outcome = (np.random.default_rng(seed).random(count) < 0.4).astype(float)
    return SplitPlan(
        outcome=outcome,
        groups=groups,
        known=np.ones(count, dtype=bool),
        outer_folds=4,
        inner_folds=inner_folds,
        seed=seed,
    )


def inner_folds_divide_nobody(train: np.ndarray, inner: np.ndarray, belongs: np.ndarray) -> bool:
    return all(len(set(inner[belongs[train] == one])) <= 1 for one in np.unique(belongs))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_copies_of_a_patient_stand_in_one_inner_fold(seed: int) -> None:
    found = plan(seed).resamples(3)
    assert [split.name for split in found.splits] == ["resample 1", "resample 2", "resample 3"]
    assert len({tuple(split.train) for split in found.splits}) == 3
    for split in found.splits:
        assert len(split.train) == 120
        assert 0.5 < len(set(split.train)) / 120 < 0.77  # 1 - 1/e of the patients are in a resample
        assert list(split.test) == list(range(120))
        assert inner_folds_divide_nobody(split.train, split.inner, np.arange(120))
        assert set(split.inner) == {0, 1, 2}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whole_groups_are_drawn_and_never_divided(seed: int) -> None:
    groups = np.repeat(np.arange(30), 4)
    for split in plan(seed, groups).resamples(3).splits:
        drawn = np.bincount(groups[split.train], minlength=30)
        assert set(drawn % 4) == {0}  # all four of a group, as often as it was drawn
        assert drawn.sum() == 120
        assert inner_folds_divide_nobody(split.train, split.inner, groups)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), grouped=st.booleans())
def test_each_repeat_tests_everybody_once_and_no_two_are_alike(seed: int, grouped: bool) -> None:
    groups = np.repeat(np.arange(40), 3) if grouped else None
    found = plan(seed, groups).repeats(2).splits
    tested = [np.concatenate([s.test for s in found if s.name.startswith(f"repeat {k} ")]) for k in (1, 2)]
    assert all(sorted(one) == list(range(120)) for one in tested)
    assert not np.array_equal(*tested)
    for split in found:
        assert not set(split.train) & set(split.test)
        if groups is not None:
            assert not set(groups[split.train]) & set(groups[split.test])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), grouped=st.booleans())
def test_a_smaller_share_is_part_of_a_larger_one(seed: int, grouped: bool) -> None:
    groups = np.repeat(np.arange(40), 3) if grouped else None
    own = plan(seed, groups)
    splits = {split.name: split for split in own.smaller((0.5, 0.75, 1.0), 1).splits}
    for fold in range(1, 5):
        half, most, whole = (splits[f"share {share:g} repeat 1 fold {fold}"] for share in (0.5, 0.75, 1))
        assert set(half.train) < set(most.train) < set(whole.train)
        assert set(whole.train) == set(range(120)) - set(whole.test)
        assert len(half.train) == len(set(half.train))
        assert abs(len(half.train) - 0.5 * len(whole.train)) <= 2
        if groups is None:
            assert abs(own.outcome[half.train].sum() - 0.5 * own.outcome[whole.train].sum()) <= 1
        else:
            assert set(np.bincount(groups[half.train])) <= {0, 3}


def test_a_site_is_judged_by_the_others_and_by_nobody_who_shares_a_group_with_it() -> None:
    sites = [np.arange(120) % 3 == site for site in range(3)]
    for site, split in zip(sites, plan().without_sites(sites).splits, strict=True):
        assert set(split.test) == set(np.flatnonzero(site))
        assert set(split.train) == set(np.flatnonzero(~site))
    # A group that reaches over two sites: patients 0 and 1.
    groups = np.r_[0, 0, np.arange(2, 120)]
    first = plan(groups=groups).without_sites(sites).splits[0]
    assert 0 in first.test
    assert 1 not in first.train
    assert 1 not in first.test


def test_what_cannot_be_used_is_left_out_with_its_reason() -> None:
    outcome = np.zeros(60)
    outcome[:6] = 1
    rare = SplitPlan(outcome, None, np.ones(60, dtype=bool), outer_folds=3, inner_folds=3, seed=1)
    found = rare.smaller((0.25, 1.0), 1)
    assert {name.split(" repeat")[0] for name in found.refused} == {"share 0.25"}
    assert "1 training patients of the rarer outcome are fewer than 3 inner folds" in next(iter(found.refused.values()))
    assert {split.name.split(" repeat")[0] for split in found.splits} == {"share 1"}
    two_groups = SplitPlan(outcome, np.arange(60) % 2, np.ones(60, dtype=bool), outer_folds=2, inner_folds=3, seed=1)
    drawn = two_groups.resamples(20)
    assert 0 < len(drawn.refused) < 20  # both draws of one group: half of the time
    assert all(len(set(split.inner)) == 2 for split in drawn.splits)


def test_the_seed_decides() -> None:
    one, again, other = (plan(seed).resamples(2).splits for seed in (1, 1, 2))
    assert all(
        np.array_equal(a.train, b.train) and np.array_equal(a.inner, b.inner) for a, b in zip(one, again, strict=True)
    )
    assert not np.array_equal(one[0].train, other[0].train)
