"""Nested, stratified, optionally grouped resampling.

Outer folds judge; the split over all patients makes the final model. Inside each split the same inner folds
serve every candidate, so that member ``k`` of every part was fitted on the same patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import CohortError
from spinecast.training.seeds import derive_seed

__all__ = [
    "ALL_PATIENTS",
    "IndexArray",
    "Split",
    "fold_numbers",
    "inner_folds",
    "nested_splits",
    "require_both_classes",
]

IndexArray = NDArray[np.int64]
ALL_PATIENTS = "all patients"


@dataclass(frozen=True)
class Split:
    """One outer split with its inner folds.

    Parameters
    ----------
    name : str
        ``"fold 1"`` and so on, or ``"all patients"``.
    train, test : ndarray of int64
        Positions among the labelled patients; the test set of the last split is empty.
    inner : ndarray of int64, shape (len(train),)
        Inner fold of each training patient.
    """

    name: str
    train: IndexArray
    test: IndexArray
    inner: IndexArray


def nested_splits(
    outcome: NDArray[np.float64],
    groups: NDArray[np.int64] | None,
    *,
    outer_folds: int,
    inner_folds: int,
    seed: int,
    known: NDArray[np.bool_] | None = None,
) -> list[Split]:
    """Divide labelled patients into outer folds and each training set into inner folds.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        0 or 1, or ordered levels; folds are stratified by it.
    groups : ndarray of int64, shape (n,), optional
        Patients of one group stay together.
    outer_folds, inner_folds : int
    seed : int
    known : ndarray of bool, shape (n,), optional
        Whose outcome is known; everybody's if not given. Where it is not, the 0 of `outcome` is no outcome.

    Returns
    -------
    list of Split
        The outer folds, then the split over all patients.

    Raises
    ------
    CohortError
        If a training fold would lack a known outcome class, or a test fold hold one only.
    """
    everyone = np.arange(len(outcome))
    outer = fold_numbers(outcome, groups, outer_folds, derive_seed(seed, "outer folds"))
    plans = [(f"fold {k + 1}", everyone[outer != k], everyone[outer == k]) for k in range(outer_folds)]
    plans.append((ALL_PATIENTS, everyone, everyone[:0]))
    splits = []
    for name, train, test in plans:
        own_groups = None if groups is None else groups[train]
        inner = fold_numbers(outcome[train], own_groups, inner_folds, derive_seed(seed, "inner folds", name))
        split = Split(name=name, train=train, test=test, inner=inner)
        require_both_classes(split, outcome, np.ones(len(outcome), dtype=bool) if known is None else known)
        splits.append(split)
    return splits


def inner_folds(splits: Sequence[Split]) -> IndexArray:
    """Inner fold of each patient in the split over all of them, shape (n,): who did not see whom in the final model."""
    return next(split.inner for split in splits if split.name == ALL_PATIENTS)


def fold_numbers(outcome: NDArray[np.float64], groups: NDArray[np.int64] | None, folds: int, seed: int) -> IndexArray:
    """Number the fold of each patient, shape (n,), from 0: alike in outcome, groups undivided.

    Raises
    ------
    CohortError
        If there are fewer groups than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if groups is not None and len(np.unique(groups)) < folds:
        raise CohortError(
            f"{len(np.unique(groups))} groups cannot fill {folds} folds",
            where="resampling",
            expected=f"at least {folds} groups",
            remedy="lower outer_folds and inner_folds, or leave group out",
        )
    divide = StratifiedKFold if groups is None else StratifiedGroupKFold
    numbers = np.empty(len(outcome), dtype=np.int64)
    divided = divide(n_splits=folds, shuffle=True, random_state=seed).split(outcome[:, None], outcome, groups)
    for number, (_, held_out) in enumerate(divided):
        numbers[held_out] = number
    return numbers


def require_both_classes(
    split: Split, outcome: NDArray[np.float64], known: NDArray[np.bool_], *, judged: bool = True
) -> None:
    """Refuse a split in which a training set lacks a known outcome class, or a test set holds one only.

    Parameters
    ----------
    split : Split
    outcome : ndarray, shape (n,)
        Classes: 0 and 1, or the levels of an ordered outcome.
    known : ndarray of bool, shape (n,)
    judged : bool
        Whether the test patients must hold both classes by themselves; pooled with others they need not.

    Raises
    ------
    CohortError
        If a training set of the inner folds lacks a class, or the test set holds one class only.
    """
    classes = max(len(np.unique(outcome[known])), 2)
    sets = {
        f"the training patients of inner fold {k + 1}": (split.train[split.inner != k], classes)
        for k in set(split.inner)
    }
    if judged and split.test.size:
        sets["its test patients"] = split.test, 2
    for what, (rows, fewest) in sets.items():
        seen = len(np.unique(outcome[rows][known[rows]]))
        if seen < 2:
            raise CohortError(
                f"in {split.name}, {what} all have the same {'outcome' if known.all() else 'known outcome'}",
                where="resampling",
                expected="both outcome classes in every fold",
                remedy="use fewer folds, or a cohort with more events",
            )
        if seen < fewest:
            raise CohortError(
                f"in {split.name}, {what} have {seen} of the {fewest} levels",
                where="resampling",
                expected="every level in every training set",
                remedy="use fewer folds, smaller groups, or count neighbouring levels as one",
            )
