"""Blocks of image features in a predictor matrix: harmonised between scanners, then reduced, both as arrays.

What is learned comes from the training patients of one fold. A patient whose scanner is not known to it has either
features that count as missing, or features as they are: the block says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.models.combat import POOLED, Combat, learn_combat, learnable_batches

__all__ = [
    "FeatureBlock",
    "Harmoniser",
    "Reduction",
    "fit_harmoniser",
    "harmonisers_from_arrays",
    "harmonisers_to_arrays",
    "kept_features",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Reduction:
    """Which features of a block are kept, learned from the training patients.

    Parameters
    ----------
    correlation : float
        Of two features whose Spearman correlation is beyond this in size, the one that goes together with more others
        is dropped; 1 drops none.
    most : int, optional
        Of those left, at most so many, with the largest mutual information with the outcome.
    """

    correlation: float = 1.0
    most: int | None = None


@dataclass(frozen=True)
class FeatureBlock:
    """What the encoding must know of a block of features.

    Parameters
    ----------
    name : str
    features : tuple of str
        Names of its features.
    batch : str or None
        Name of its batch; None where the block is not harmonised.
    keep : tuple of str
        Predictors whose effect on the features harmonisation must leave.
    parametric : bool
    reference : float or None
        Code of the batch that is left as it is.
    unseen : {"missing", "as_they_are"}
        What becomes of the features of a patient whose batch is not known.
    fewest : int
        A batch with fewer training patients is not learned.
    reduction : Reduction
    """

    name: str
    features: tuple[str, ...]
    batch: str | None = None
    keep: tuple[str, ...] = ()
    parametric: bool = True
    reference: float | None = None
    unseen: Literal["missing", "as_they_are"] = "missing"
    fewest: int = 2
    reduction: Reduction = Reduction()

    def select(self, names: Sequence[str]) -> FeatureBlock | None:
        """Return the block among some predictors; None where none of its features is.

        Raises
        ------
        ValueError
            If its batch or a covariate it keeps is not among them; the rules of a study see to that.
        """
        own = tuple(name for name in self.features if name in names)
        if not own:
            return None
        lacking = [name for name in (*((self.batch,) if self.batch else ()), *self.keep) if name not in names]
        if lacking:
            raise ValueError(f"the features {self.name} are harmonised with {', '.join(lacking)}, which is not there")
        return replace(self, features=own)


@dataclass(frozen=True, eq=False)
class Harmoniser:
    """ComBat of one block, at its place in a predictor matrix.

    Parameters
    ----------
    features : ndarray of int64, shape (features,)
        Columns of the matrix.
    batch : int
        Column of the batch.
    keep : ndarray of int64, shape (kept predictors,)
        Columns of the predictors that are kept.
    levels : ndarray of int64, shape (kept predictors,)
        Levels of those without an order, which become indicators; 0 for the others.
    fill : ndarray, shape (kept predictors,)
        What stands for a kept predictor that is missing.
    combat : Combat
    as_they_are : bool
        Whether features of an unknown batch are used as they are.
    fewest : int
        Patients a further batch needs.
    """

    features: NDArray[np.int64]
    batch: int
    keep: NDArray[np.int64]
    levels: NDArray[np.int64]
    fill: FloatArray
    combat: Combat
    as_they_are: bool
    fewest: int

    def apply(self, matrix: FloatArray) -> FloatArray:
        """Bring the block of a matrix onto the common scale, where its batch is then :data:`POOLED`.

        Features of an unknown batch become missing, unless they are used as they are: then too the batch has had its
        say. Doing it twice changes nothing.
        """
        found, batch = matrix.copy(), matrix[:, self.batch]
        adjusted = self.combat.adjust(matrix[:, self.features], batch, self.covariates(matrix))
        if not self.as_they_are:
            adjusted[~self.combat.known(batch)] = np.nan
        found[:, self.features] = adjusted
        found[:, self.batch] = POOLED
        return found

    def with_gaps(self, matrix: FloatArray) -> FloatArray:
        """Rows in which features that cannot be brought onto the common scale are missing.

        Where no feature is known neither is the batch: then it is the whole image that is missing.
        """
        found = matrix.copy()
        if not self.as_they_are:
            found[np.ix_(np.flatnonzero(~self.combat.known(matrix[:, self.batch])), self.features)] = np.nan
        found[np.isnan(found[:, self.features]).all(axis=1), self.batch] = np.nan
        return found

    def with_batches(self, matrix: FloatArray) -> Harmoniser:
        """Learn every batch that is not known and of which enough patients, rows of a matrix, are at hand."""
        batch, combat = matrix[:, self.batch], self.combat
        for code in np.unique(batch[~np.isnan(batch) & ~self.combat.known(batch)]):
            own = matrix[batch == code]
            if (np.isfinite(own[:, self.features]).sum(axis=0) >= max(self.fewest, 2)).all():
                combat = combat.with_batch(float(code), own[:, self.features], self.covariates(own))
        return replace(self, combat=combat)

    def covariates(self, matrix: FloatArray) -> FloatArray:
        """Kept predictors as complete columns: numbers as they are, levels without an order as indicators."""
        blocks = [np.empty((len(matrix), 0))]
        for column, levels, fill in zip(self.keep, self.levels, self.fill, strict=True):
            values = np.where(np.isnan(matrix[:, column]), fill, matrix[:, column])
            if levels:
                blocks.append((values[:, None] == np.arange(1, levels)).astype(np.float64))
            else:
                blocks.append(values[:, None])
        return np.hstack(blocks)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as named arrays."""
        arrays: dict[str, NDArray[Any]] = {name: np.asarray(getattr(self, name)) for name in _ARRAYS}
        return arrays | {f"combat.{name}": array for name, array in self.combat.to_arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Harmoniser:
        """Rebuild from :meth:`to_arrays`."""
        combat = {name.removeprefix("combat."): array for name, array in arrays.items() if name.startswith("combat.")}
        return cls(
            features=arrays["features"],
            batch=int(arrays["batch"]),
            keep=arrays["keep"],
            levels=arrays["levels"],
            fill=arrays["fill"],
            combat=Combat.from_arrays(combat),
            as_they_are=bool(arrays["as_they_are"]),
            fewest=int(arrays["fewest"]),
        )


def harmonisers_to_arrays(harmonisers: Sequence[Harmoniser]) -> dict[str, NDArray[Any]]:
    """Several as named arrays, each under its number."""
    return {
        f"harmoniser{position}.{name}": array
        for position, one in enumerate(harmonisers)
        for name, array in one.to_arrays().items()
    }


def harmonisers_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> tuple[Harmoniser, ...]:
    """Rebuild several from :func:`harmonisers_to_arrays`; other arrays are passed over."""
    found: list[Harmoniser] = []
    while True:
        prefix = f"harmoniser{len(found)}."
        own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        if not own:
            return tuple(found)
        found.append(Harmoniser.from_arrays(own))


_ARRAYS = ("features", "batch", "keep", "levels", "fill", "as_they_are", "fewest")


def fit_harmoniser(
    matrix: FloatArray,
    block: FeatureBlock,
    names: Sequence[str],
    nominal_levels: NDArray[np.int64],
    typical: FloatArray,
) -> Harmoniser:
    """Learn the harmonisation of a block from training patients.

    Parameters
    ----------
    matrix : ndarray, shape (n, predictors)
    block : FeatureBlock
        Of a harmonised block.
    names : sequence of str
        Of the matrix's columns.
    nominal_levels : ndarray of int64, shape (predictors,)
        Number of levels of predictors without an order, 0 for the others.
    typical : ndarray, shape (predictors,)
        Median or commonest level of the training patients.
    """
    assert block.batch is not None
    place = {name: column for column, name in enumerate(names)}
    keep = np.array([place[name] for name in block.keep], dtype=np.int64)
    draft = Harmoniser(
        features=np.array([place[name] for name in block.features], dtype=np.int64),
        batch=place[block.batch],
        keep=keep,
        levels=nominal_levels[keep],
        fill=typical[keep],
        combat=learn_combat(np.empty((0, len(block.features))), np.empty(0)),
        as_they_are=block.unseen == "as_they_are",
        fewest=block.fewest,
    )
    # A patient on the common scale already teaches nothing about scanners.
    values, batch = matrix[:, draft.features], matrix[:, draft.batch]
    batch = np.where(batch == POOLED, np.nan, batch)
    learned = learn_combat(
        values,
        batch,
        draft.covariates(matrix),
        parametric=block.parametric,
        # Where the reference itself is left out, the others meet at their common mean.
        reference=block.reference if block.reference in learnable_batches(values, batch, block.fewest) else None,
        fewest=block.fewest,
    )
    return replace(draft, combat=learned)


# Of the estimate of mutual information, as scikit-learn's default; a feature known in no more patients tells nothing.
NEIGHBOURS = 3


def kept_features(
    values: FloatArray, reduction: Reduction, outcome: FloatArray | None, *, measured_outcome: bool, seed: int
) -> NDArray[np.bool_]:
    """Say which features of a block are kept, shape (features,).

    Parameters
    ----------
    values : ndarray, shape (n, features)
        On the common scale, of the training patients; NaN where missing.
    reduction : Reduction
        A feature that does not vary among them is dropped whatever it says.
    outcome : ndarray, shape (n,), optional
        Of the training patients; needed where `most` is given.
    measured_outcome : bool
        Whether it is a number rather than had or not.
    seed : int
        Of the noise that breaks ties in estimating mutual information (Kraskov 2004, doi:10.1103/PhysRevE.69.066138).
    """
    import pandas as pd

    spread = np.array([np.ptp(known) if (known := column[np.isfinite(column)]).size else 0.0 for column in values.T])
    keep = spread > 0
    if reduction.correlation < 1:
        places = np.flatnonzero(keep)
        related = pd.DataFrame(values[:, places]).corr(method="spearman").abs().fillna(0.0).to_numpy(copy=True)
        np.fill_diagonal(related, 0.0)
        mean = related.mean(axis=0)
        left = np.ones(len(places), dtype=bool)
        # The most alike pair first, until none is too much alike (caret::findCorrelation, Kuhn 2008,
        # doi:10.18637/jss.v028.i05).
        while left.any() and (now := np.where(left[:, None] & left, related, 0.0)).max() > reduction.correlation:
            one, other = np.unravel_index(int(now.argmax()), now.shape)
            left[one if mean[one] >= mean[other] else other] = False
        keep[places[~left]] = False
    if reduction.most is not None and keep.sum() > reduction.most:
        if outcome is None:
            raise ValueError("mutual information needs the outcome of the training patients")
        places = np.flatnonzero(keep)
        keep[places[_least_informative(values[:, places], outcome, reduction.most, measured_outcome, seed)]] = False
    return keep


def _least_informative(
    values: FloatArray, outcome: FloatArray, most: int, measured: bool, seed: int
) -> NDArray[np.int64]:
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    estimate = mutual_info_regression if measured else mutual_info_classif
    had = np.isfinite(values) & np.isfinite(outcome)[:, None]
    informative = np.zeros(values.shape[1])
    # Each in the patients who have it; those of one image, who have them all or none, at once.
    for known in np.unique(had, axis=1).T:
        if known.sum() > NEIGHBOURS:
            same = (had == known[:, None]).all(axis=0)
            informative[same] = estimate(
                values[np.ix_(known, same)], outcome[known], n_neighbors=NEIGHBOURS, random_state=seed
            )
    return np.argsort(-informative, kind="stable")[most:]
