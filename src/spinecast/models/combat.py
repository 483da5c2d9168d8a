"""ComBat: what a scanner adds to a measurement and multiplies it by, learned from patients and taken away again.

Each feature is a grand mean, what kept covariates explain, and an error; each batch shifts it by ``gamma`` and
stretches its error by ``delta`` (Johnson, Li and Rabinovic 2007, doi:10.1093/biostatistics/kxj037; for images Fortin
2018, doi:10.1016/j.neuroimage.2017.11.024). Batches are small, so the effects of one batch on all features are drawn
towards each other by empirical Bayes. What was learned is arrays, so that a patient who comes later is adjusted by the
same numbers. No outcome has a part in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.row_products import row_products

__all__ = ["POOLED", "Combat", "learn_combat", "learnable_batches"]

FloatArray = NDArray[np.float64]

POOLED = 0.0
"""Batch of a value that stands on the common scale already: nothing is taken away from it."""

# The posterior means are a fixed point that is approached geometrically. The published program stops at a change of
# 1e-4, which leaves the fourth digit to the order of the steps; here they go on until nothing moves.
_CONVERGED = 1e-13
_MOST_STEPS = 1_000


@dataclass(frozen=True, eq=False)
class Combat:
    """What was learned of some features; see :func:`learn_combat`.

    Parameters
    ----------
    batches : ndarray, shape (batches,)
        Codes of the batches that are known, ascending.
    mean : ndarray, shape (features,)
        Grand mean.
    effects : ndarray, shape (covariates, features)
        What a unit of each kept covariate adds, which harmonisation must not take away.
    spread : ndarray, shape (features,)
        Pooled standard deviation of the error; 0 for a feature that did not vary, which is left as it is.
    shift, stretch : ndarray, shape (batches, features)
        ``gamma`` in pooled standard deviations and ``delta``, a ratio of variances, after shrinking.
    parametric : bool
        How a further batch is shrunk.
    """

    batches: FloatArray
    mean: FloatArray
    effects: FloatArray
    spread: FloatArray
    shift: FloatArray
    stretch: FloatArray
    parametric: bool

    def known(self, batch: FloatArray) -> NDArray[np.bool_]:
        """Whether patients' batches, codes of shape (n,), are known, or the patients stand on the common scale."""
        return np.asarray(np.isin(batch, self.batches) | (batch == POOLED))

    def adjust(self, values: FloatArray, batch: FloatArray, covariates: FloatArray) -> FloatArray:
        """Take the batch out of the features.

        Parameters
        ----------
        values : ndarray, shape (n, features)
            NaN where missing, and so it stays.
        batch : ndarray, shape (n,)
            Codes. Rows of a batch that is not known, and rows of `POOLED`, are returned as they are.
        covariates : ndarray, shape (n, covariates)
            Complete.

        Returns
        -------
        ndarray, shape (n, features)
        """
        found = values.copy()
        expected = self._expected(covariates)
        scale = np.where(self.spread > 0, self.spread, 1.0)
        varies = self.spread > 0
        for place, code in enumerate(self.batches):
            rows = np.flatnonzero(batch == code)
            standard = (values[rows] - expected[rows]) / scale
            moved = (standard - self.shift[place]) / np.sqrt(self.stretch[place])
            found[rows] = np.where(varies, moved * scale + expected[rows], values[rows])
        return found

    def with_batch(self, code: float, values: FloatArray, covariates: FloatArray) -> Combat:
        """Return the same, knowing one more batch: its patients are set against the mean and spread learned before.

        Parameters
        ----------
        code : float
            Of the batch.
        values : ndarray, shape (n, features)
            Of its patients, NaN where missing.
        covariates : ndarray, shape (n, covariates)
        """
        scale = np.where(self.spread > 0, self.spread, 1.0)
        standard = (values - self._expected(covariates)) / scale
        shift, stretch = _batch_effects(standard, parametric=self.parametric)
        place = int(np.searchsorted(self.batches, code))
        return replace(
            self,
            batches=np.insert(self.batches, place, code),
            shift=np.insert(self.shift, place, shift, axis=0),
            stretch=np.insert(self.stretch, place, stretch, axis=0),
        )

    def _expected(self, covariates: FloatArray) -> FloatArray:
        return np.asarray(self.mean + row_products(covariates, self.effects.T), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as named arrays."""
        return {name: getattr(self, name) for name in _ARRAYS} | {"parametric": np.array(self.parametric)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Combat:
        """Rebuild from :meth:`to_arrays`."""
        return cls(parametric=bool(arrays["parametric"]), **{name: arrays[name] for name in _ARRAYS})


_ARRAYS = ("batches", "mean", "effects", "spread", "shift", "stretch")


def learn_combat(
    values: FloatArray,
    batch: FloatArray,
    covariates: FloatArray | None = None,
    *,
    parametric: bool = True,
    shrink: bool = True,
    reference: float | None = None,
    fewest: int = 2,
) -> Combat:
    """Learn what each batch does to each feature.

    Parameters
    ----------
    values : ndarray, shape (n, features)
        NaN where missing: each feature is learned from the patients who have it.
    batch : ndarray, shape (n,)
        Codes other than `POOLED`; NaN where not known, whose patients teach nothing.
    covariates : ndarray, shape (n, covariates), optional
        What must be kept: complete, without a constant column.
    parametric : bool
        Whether shifts are normal and variances inverse gamma a priori; otherwise the other features' own estimates are
        the prior.
    shrink : bool
        Whether the effects of a batch on all features are drawn together; a single feature cannot be.
    reference : float, optional
        Code of a batch whose values are left as they are and to which the others are brought.
    fewest : int
        A batch with fewer patients who have a feature is not learned, and not known afterwards; at least 2.

    Returns
    -------
    Combat
        Where fewer than two batches remain there is nothing to harmonise: the one there is stays as it is.

    Raises
    ------
    ValueError
        If a reference is named that is not among the batches learned.
    """
    covariates = np.zeros((len(values), 0)) if covariates is None else covariates
    codes = learnable_batches(values, batch, fewest)
    if reference is not None and reference not in codes:
        raise ValueError("the reference is not among the batches that can be learned")
    count, features = len(codes), values.shape[1]
    untouched = Combat(
        batches=codes,
        mean=np.zeros(features),
        effects=np.zeros((covariates.shape[1], features)),
        spread=np.zeros(features),
        shift=np.zeros((count, features)),
        stretch=np.ones((count, features)),
        parametric=parametric,
    )
    rows = np.isin(batch, codes)
    own, of, kept = values[rows], batch[rows], covariates[rows]
    if count == 0:
        return untouched
    design = np.column_stack([(of[:, None] == codes).astype(np.float64), kept])
    coefficients = np.column_stack([_least_squares(design, own[:, j]) for j in range(features)])
    shares = np.array([(of == code).sum() for code in codes]) / len(of)
    home = None if reference is None else int(np.flatnonzero(codes == reference)[0])
    mean = shares @ coefficients[:count] if home is None else coefficients[home]
    residual = own - design @ coefficients
    if home is not None:
        residual = residual[of == codes[home]]
    # Population variance, as in the published program.
    spread = np.sqrt(np.nanmean(residual**2, axis=0))
    spread = np.where(spread > 1e-12 * np.maximum(np.nanmax(np.abs(own), axis=0), 1e-300), spread, 0.0)
    learned = replace(untouched, mean=mean, effects=coefficients[count:], spread=spread)
    if count == 1:
        return learned
    scale = np.where(spread > 0, spread, 1.0)
    standard = (own - learned._expected(kept)) / scale
    shift, stretch = learned.shift.copy(), learned.stretch.copy()
    for place, code in enumerate(codes):
        if place != home:
            shift[place], stretch[place] = _batch_effects(standard[of == code], parametric=parametric, shrink=shrink)
    return replace(learned, shift=shift, stretch=stretch)


def learnable_batches(values: FloatArray, batch: FloatArray, fewest: int) -> FloatArray:
    """Codes of the batches of which enough patients have every feature, ascending; parameters of `learn_combat`."""
    measured = np.isfinite(values)
    return np.array(
        [
            code
            for code in np.unique(batch[~np.isnan(batch)])
            if (measured[batch == code].sum(axis=0) >= max(fewest, 2)).all()
        ],
        dtype=np.float64,
    )


def _least_squares(design: FloatArray, column: FloatArray) -> FloatArray:
    known = np.isfinite(column)
    return np.asarray(np.linalg.lstsq(design[known], column[known], rcond=None)[0], dtype=np.float64)


def _batch_effects(standard: FloatArray, *, parametric: bool, shrink: bool = True) -> tuple[FloatArray, FloatArray]:
    """Shift and stretch of one batch from its standardised values, shape (patients, features)."""
    shift, stretch = np.nanmean(standard, axis=0), np.nanvar(standard, axis=0, ddof=1)
    # A feature that does not vary within the batch is moved and not stretched.
    stretch = np.where(stretch > 0, stretch, 1.0)
    if not shrink or standard.shape[1] < 2:
        return shift, stretch
    return (_parametric if parametric else _nonparametric)(standard, shift, stretch)


def _parametric(standard: FloatArray, shift: FloatArray, stretch: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior means with a normal prior of shifts and an inverse gamma prior of variances (Johnson 2007, 3.2)."""
    count = np.isfinite(standard).sum(axis=0)
    center, between = shift.mean(), shift.var(ddof=1)
    typical, disagreement = stretch.mean(), stretch.var(ddof=1)
    if disagreement <= 1e-14 * typical**2:
        # Every feature is stretched alike: a prior without spread says exactly that.
        new = (between * count * shift + typical * center) / (between * count + typical)
        return new, np.full_like(stretch, typical)
    a = (2 * disagreement + typical**2) / disagreement
    b = (typical * disagreement + typical**3) / disagreement
    old_shift, old_stretch = shift, stretch
    for _ in range(_MOST_STEPS):
        new_shift = (between * count * shift + old_stretch * center) / (between * count + old_stretch)
        squares = np.nansum((standard - new_shift) ** 2, axis=0)
        new_stretch = (0.5 * squares + b) / (count / 2 + a - 1)
        moved = max(np.abs(new_shift - old_shift).max(), np.abs(new_stretch / old_stretch - 1).max())
        old_shift, old_stretch = new_shift, new_stretch
        if moved <= _CONVERGED:
            break
    return old_shift, old_stretch


def _nonparametric(standard: FloatArray, shift: FloatArray, stretch: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means over the other features' estimates, each weighed by how likely it makes this feature's values."""
    found_shift, found_stretch = np.empty_like(shift), np.empty_like(stretch)
    for feature, column in enumerate(standard.T):
        known = column[np.isfinite(column)]
        others = np.arange(len(shift)) != feature
        g, d = shift[others], stretch[others]
        squares = ((known[:, None] - g) ** 2).sum(axis=0)
        log_likelihood = -0.5 * len(known) * np.log(2 * np.pi * d) - squares / (2 * d)
        weight = np.exp(log_likelihood - log_likelihood.max())
        found_shift[feature] = (g * weight).sum() / weight.sum()
        found_stretch[feature] = (d * weight).sum() / weight.sum()
    return found_shift, found_stretch
