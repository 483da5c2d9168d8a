"""Further splits of the same patients: resamples with replacement, other folds, one site left out, fewer patients.

Each is a :class:`~spinecast.training.resampling.Split`, tuned, chosen and recalibrated like an outer fold. A split that
cannot be used, because a training set would hold one outcome class only, is left out with its reason: it is one of
many, and the study goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import CohortError
from spinecast.training.resampling import IndexArray, Split, fold_numbers, require_both_classes
from spinecast.training.seeds import derive_seed

__all__ = ["FurtherSplits", "SplitPlan"]


EXPLAINED_RESAMPLES = 50
"""Models of so many resamples, the first, are explained too: enough to tell a rank or a sign that changes."""


def resample_name(number: int) -> str:
    """Name the split of a resample, from 1 on."""
    return f"resample {number}"


@dataclass(frozen=True)
class FurtherSplits:
    """The splits of one way to validate.

    Parameters
    ----------
    splits : tuple of Split
    refused : mapping of split name to str
        Why a split was left out.
    """

    splits: tuple[Split, ...]
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SplitPlan:
    """What every further split is made from.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        0 or 1 of the labelled patients.
    groups : ndarray of int64, shape (n,), optional
        Patients of one group stay together, inside and outside.
    known : ndarray of bool, shape (n,)
        Whose outcome is known.
    outer_folds, inner_folds : int
        As in the study; where a training set holds fewer groups than inner folds, as many folds as it has groups.
    seed : int
        The study's seed.
    """

    outcome: NDArray[np.float64]
    groups: NDArray[np.int64] | None
    known: NDArray[np.bool_]
    outer_folds: int
    inner_folds: int
    seed: int

    def resamples(self, count: int) -> FurtherSplits:
        """Draw patients with replacement, as many as there are; the test patients are all patients.

        Where the study keeps groups together, whole groups are drawn, as many as there are, so that the patients left
        out share no group with those drawn (Davison & Hinkley 1997, Bootstrap Methods, section 3.8). Copies of a
        patient stand in one inner fold.

        Parameters
        ----------
        count : int
            Resamples, named ``"resample 1"`` and so on.
        """
        everyone = np.arange(len(self.outcome))
        plans = {}
        for number in range(1, count + 1):
            name = resample_name(number)
            draw = np.random.default_rng(derive_seed(self.seed, "resample", number))
            plans[name] = (self._drawn(draw), everyone)
        return self._collected(plans)

    def repeats(self, count: int) -> FurtherSplits:
        """Divide all patients into other outer folds, so many times: ``"repeat 1 fold 1"`` and so on."""
        plans = {
            f"repeat {repeat} fold {fold}": (train, test)
            for repeat in range(1, count + 1)
            for fold, train, test in self._outer("repeat", repeat)
        }
        return self._collected(plans)

    def without_sites(self, sites: Sequence[NDArray[np.bool_]]) -> FurtherSplits:
        """Leave one site out after the other: ``"without site 1"`` and so on, tested on it.

        Patients elsewhere who share a group with one of the site are in neither set.

        Parameters
        ----------
        sites : sequence of ndarray of bool, shape (n,)
            Who is of each site.
        """
        plans = {}
        for number, site in enumerate(sites, start=1):
            train = ~site
            if self.groups is not None:
                train &= ~np.isin(self.groups, self.groups[site])
            plans[f"without site {number}"] = (np.flatnonzero(train), np.flatnonzero(site))
        return self._collected(plans)

    def smaller(self, shares: Sequence[float], count: int) -> FurtherSplits:
        """Divide into outer folds and train on a share of each fold's patients.

        Named ``"share 0.25 repeat 1 fold 1"`` and so on. The patients of a smaller share are among those of a larger
        one, and each share holds the outcome classes as the whole training set does; with groups, whole groups are
        taken until the share is reached.
        """
        plans = {}
        for repeat in range(1, count + 1):
            for fold, train, test in self._outer("learning curve", repeat):
                order = self._ordered(train, derive_seed(self.seed, "learning curve", "order", repeat, fold))
                for share in shares:
                    plans[f"share {share:g} repeat {repeat} fold {fold}"] = (np.sort(order(share)), test)
        return self._collected(plans)

    def _drawn(self, draw: np.random.Generator) -> IndexArray:
        count = len(self.outcome)
        if self.groups is None:
            return draw.integers(0, count, size=count)
        names = np.unique(self.groups)
        chosen = names[draw.integers(0, len(names), size=len(names))]
        return np.concatenate([np.flatnonzero(self.groups == name) for name in chosen])

    def _outer(self, use: str, repeat: int) -> list[tuple[int, IndexArray, IndexArray]]:
        outer = fold_numbers(self.outcome, self.groups, self.outer_folds, derive_seed(self.seed, use, "outer", repeat))
        return [
            (fold + 1, np.flatnonzero(outer != fold), np.flatnonzero(outer == fold)) for fold in range(self.outer_folds)
        ]

    def _ordered(self, train: IndexArray, seed: int) -> Callable[[float], IndexArray]:
        """Order training patients at random and return who the first of them are, by share."""
        draw = np.random.default_rng(seed)
        if self.groups is None:
            classes = [draw.permutation(train[self.outcome[train] == value]) for value in (0, 1)]
            return lambda share: np.concatenate([one[: round(share * len(one))] for one in classes])
        groups = self.groups[train]
        names, inverse = np.unique(groups, return_inverse=True)
        place = draw.permutation(len(names))[inverse]
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place))

        def first(share: float) -> IndexArray:
            reached = int(np.searchsorted(ends, share * len(train) - 0.5)) if share < 1 else len(ends) - 1
            return train[order[: ends[reached]]]

        return first

    def _collected(self, plans: Mapping[str, tuple[IndexArray, IndexArray]]) -> FurtherSplits:
        splits, refused = [], {}
        for name, (train, test) in plans.items():
            try:
                splits.append(self._split(name, train, test))
            except CohortError as error:
                refused[name] = error.what
        return FurtherSplits(tuple(splits), refused)

    def _split(self, name: str, train: IndexArray, test: IndexArray) -> Split:
        patients, copies = np.unique(train, return_inverse=True)
        groups = None if self.groups is None else self.groups[patients]
        smallest = int(np.bincount(self.outcome[patients].astype(np.intp), minlength=2).min())
        if smallest < self.inner_folds:
            few = f"{smallest} training patients of the rarer outcome are fewer than {self.inner_folds} inner folds"
            raise CohortError(few)
        folds = self.inner_folds if groups is None else min(self.inner_folds, len(np.unique(groups)))
        if folds < 2:
            raise CohortError("the training patients are all of one group")
        inner = fold_numbers(self.outcome[patients], groups, folds, derive_seed(self.seed, "inner folds", name))[copies]
        split = Split(name=name, train=train, test=test, inner=inner)
        require_both_classes(split, self.outcome, self.known, judged=False)
        return split
