"""How far a patient is from those a model was made from, all inputs together, and which inputs put them there.

Each value becomes the normal score of its place among the development patients, and what is known of a patient a
squared Mahalanobis distance in the scores' correlation (a Gaussian copula). An age and an albumin that are each
ordinary can then be far out together. No patient is kept: quantiles, shares of levels, one correlation matrix and a
few percentiles of the distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from spinecast.models.predictor_schema import PredictorSchema

__all__ = ["OUTSIDE", "DevelopmentDistribution", "Distances", "learn_development_distribution"]

FloatArray = NDArray[np.float64]

QUANTILES = np.array([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])
"""Of each measured predictor. Beyond the outermost, scores go on along the outermost step."""

PERCENTILES = np.array([0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])
"""Of the distance of development patients from the distribution of the others."""

OUTSIDE = 0.99
"""Farther than this share of the development patients is outside: one in a hundred like them would be called so."""

# A score beyond this is a value no table of the normal distribution holds; it keeps the sums in range.
FARTHEST_SCORE = 8.0
# The smallest eigenvalue the correlation may have: predictors that nearly repeat each other (weight and body mass
# index) would otherwise make any disagreement infinitely far.
SMALLEST_EIGENVALUE = 0.05
FEWEST_PAIRS = 30
"""Patients with both values below which two predictors count as uncorrelated."""


@dataclass(frozen=True, eq=False)
class Distances:
    """Where some patients stand.

    Parameters
    ----------
    standardised : ndarray, shape (n,)
        Distance on a scale where patients with few and with many known inputs compare: the cube root of the squared
        distance over the number of known inputs, standard normal if the scores are (Wilson and Hilferty 1931,
        doi:10.1073/pnas.17.12.684). -inf where nothing is known.
    percentile : ndarray, shape (n,)
        Share of development patients, each held out, who are nearer; at most the last of `PERCENTILES`.
    contributions : ndarray, shape (n, predictors)
        Parts of the squared distance, none negative, which add up to it: squares of the correlated scores rotated to
        the uncorrelated ones that are closest to them (Garthwaite and Koch 2016, doi:10.1111/anzs.12148).
    surprise : ndarray, shape (n, predictors)
        Score of each value less what the patient's other values lead to expect; 0 where missing.
    """

    standardised: FloatArray
    percentile: FloatArray
    contributions: FloatArray
    surprise: FloatArray


@dataclass(frozen=True, eq=False)
class DevelopmentDistribution:
    """The joint distribution of a model's predictors in its development patients.

    Parameters
    ----------
    quantiles : ndarray, shape (predictors, len(QUANTILES))
        Of measured predictors; NaN for levelled ones.
    level_scores : ndarray, shape (predictors, most levels)
        Normal score of each level, from the middle of its place in the cumulative distribution; NaN beyond a
        predictor's levels. Levels without an order are ordered from the commonest to the rarest.
    correlation : ndarray, shape (predictors, predictors)
        Of the scores, shrunk towards none.
    reached : ndarray, shape (len(PERCENTILES),)
        Percentiles of the standardised distance of development patients when held out.
    """

    quantiles: FloatArray
    level_scores: FloatArray
    correlation: FloatArray
    reached: FloatArray

    def distances(self, matrix: FloatArray) -> Distances:
        """Measure patients, shape (n, predictors), against the development patients.

        What is missing is left out: the distance is that of the known inputs.
        """
        scores = self.normal_scores(matrix)
        contributions, surprise = np.zeros_like(scores), np.zeros_like(scores)
        for rows, known in _by_pattern(scores):
            root, inverse = _root_and_inverse(self.correlation[np.ix_(known, known)])
            own = scores[np.ix_(rows, known)]
            # A row is summed by itself, so that a distance does not depend on who is measured beside it.
            turned = np.stack([(own * row).sum(axis=1) for row in root], axis=1)
            pulled = np.stack([(own * row).sum(axis=1) for row in inverse], axis=1)
            contributions[np.ix_(rows, known)] = turned**2
            surprise[np.ix_(rows, known)] = pulled / np.diag(inverse)
        standardised = _standardised(contributions.sum(axis=1), (~np.isnan(scores)).sum(axis=1))
        return Distances(
            standardised=standardised,
            percentile=np.interp(standardised, self.reached, PERCENTILES, left=0.0),
            contributions=contributions,
            surprise=surprise,
        )

    def outside(self, distances: Distances) -> NDArray[np.bool_]:
        """Whether patients are farther than `OUTSIDE` of the development patients were when held out, shape (n,)."""
        limit = self.reached[int(np.flatnonzero(PERCENTILES == OUTSIDE)[0])]
        return np.asarray(distances.standardised > limit)

    def normal_scores(self, matrix: FloatArray) -> FloatArray:
        """Normal score of each value's place among the development patients, shape (n, predictors), NaN if missing."""
        scores = np.full(matrix.shape, np.nan)
        for column, values in enumerate(matrix.T):
            known = ~np.isnan(values)
            levels = self.level_scores[column]
            curve = self._curves[column]
            if curve is None:
                scores[known, column] = levels[values[known].astype(np.int64)]
            else:
                scores[known, column] = _between(values[known], *curve)
        return scores

    def level_shares(self, column: int) -> FloatArray:
        """Return how often each level of a predictor occurred, shape (levels,): its scores, read back.

        A level nobody had comes out as about one patient.
        """
        scores = self.level_scores[column]
        scores = scores[~np.isnan(scores)]
        order = np.argsort(scores, kind="stable")
        shares, below = np.empty(len(scores)), 0.0
        for level in order:
            shares[level] = max(0.0, 2 * (float(ndtr(scores[level])) - below))  # a score is of the middle of its level
            below += shares[level]
        return np.asarray(shares / shares.sum(), dtype=np.float64)

    @cached_property
    def _curves(self) -> tuple[tuple[FloatArray, FloatArray] | None, ...]:
        """Different quantiles of each measured predictor and their normal scores; None for levelled ones."""
        return tuple(None if np.isnan(own).all() else _scored_places(own) for own in self.quantiles)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the distribution as named arrays."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> DevelopmentDistribution:
        """Rebuild a distribution from :meth:`to_arrays`."""
        return cls(**{name: arrays[name] for name in _ARRAYS})


_ARRAYS = ("quantiles", "level_scores", "correlation", "reached")


def learn_development_distribution(
    matrix: FloatArray, schema: PredictorSchema, fold: NDArray[np.int64]
) -> DevelopmentDistribution:
    """Learn the distribution, and how far from it patients like these are.

    Parameters
    ----------
    matrix : ndarray, shape (n, predictors)
        Canonical units and level indices, NaN where missing.
    schema : PredictorSchema
    fold : ndarray of int64, shape (n,)
        Fold of each patient: each is measured against the distribution of the other folds.
    """
    held_out = np.empty(len(matrix))
    for number in np.unique(fold):
        others = _learn(matrix[fold != number], schema)
        held_out[fold == number] = others.distances(matrix[fold == number]).standardised
    known = held_out[np.isfinite(held_out)]
    whole = _learn(matrix, schema)
    reached = np.quantile(known, PERCENTILES) if known.size else np.full(len(PERCENTILES), np.inf)
    return DevelopmentDistribution(whole.quantiles, whole.level_scores, whole.correlation, reached)


def _learn(matrix: FloatArray, schema: PredictorSchema) -> DevelopmentDistribution:
    count = len(schema.names)
    quantiles = np.full((count, len(QUANTILES)), np.nan)
    level_scores = np.full((count, max(int(schema.levels.max(initial=0)), 1)), np.nan)
    for column in range(count):
        observed = matrix[~np.isnan(matrix[:, column]), column]
        levels = int(schema.levels[column])
        if levels:
            level_scores[column, :levels] = _level_scores(observed, levels, ordered=not schema.nominal[column])
        else:
            quantiles[column] = np.quantile(observed, QUANTILES) if observed.size else 0.0
    draft = DevelopmentDistribution(quantiles, level_scores, np.eye(count), np.zeros(len(PERCENTILES)))
    correlation = _shrunk_correlation(draft.normal_scores(matrix))
    return DevelopmentDistribution(quantiles, level_scores, correlation, draft.reached)


def _level_scores(observed: FloatArray, levels: int, *, ordered: bool) -> FloatArray:
    counts = np.bincount(observed.astype(np.int64), minlength=levels)
    order = np.arange(levels) if ordered else np.argsort(-counts, kind="stable")
    size = max(len(observed), 1)
    middle = (np.cumsum(counts[order]) - counts[order] / 2) / size
    scores = np.empty(levels)
    # A level nobody had stands as far out as half a patient of so many.
    scores[order] = ndtri(np.clip(middle, 0.5 / (size + 1), 1 - 0.5 / (size + 1)))
    return scores


def _scored_places(quantiles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Quantiles that differ and their normal scores; tied quantiles share the mean of their scores."""
    places, which = np.unique(quantiles, return_inverse=True)
    return places, np.bincount(which, weights=ndtri(QUANTILES)) / np.bincount(which)


def _between(values: FloatArray, places: FloatArray, scores: FloatArray) -> FloatArray:
    """Normal scores along straight lines between quantiles."""
    if len(places) == 1:
        # Everybody had one value: any other is out of what was seen, on its side.
        return np.asarray(np.sign(values - places[0]) * FARTHEST_SCORE)
    found = np.interp(values, places, scores)
    for end, inner, beyond in ((0, 1, values < places[0]), (-1, -2, values > places[-1])):
        slope = (scores[end] - scores[inner]) / (places[end] - places[inner])
        found = np.where(beyond, scores[end] + slope * (values - places[end]), found)
    return np.clip(found, -FARTHEST_SCORE, FARTHEST_SCORE)


def _shrunk_correlation(scores: FloatArray) -> FloatArray:
    """Correlation of the pairs that are known, shrunk to the identity as much as its own noise asks for.

    The intensity is that of Schaefer and Strimmer 2005 (doi:10.2202/1544-6115.1175), with ``(1 - r^2)^2 / (pairs - 1)``
    for the variance of a correlation; more where the smallest eigenvalue would be below `SMALLEST_EIGENVALUE`.
    """
    import pandas as pd

    count = scores.shape[1]
    found = pd.DataFrame(scores).corr(min_periods=FEWEST_PAIRS).fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(found, 1.0)
    known = (~np.isnan(scores)).astype(np.float64)
    pairs = known.T @ known
    apart = ~np.eye(count, dtype=bool)
    squares = found[apart] ** 2
    noise = (1 - squares) ** 2 / np.maximum(pairs[apart] - 1, 1)
    intensity = float(np.clip(noise.sum() / squares.sum(), 0.0, 1.0)) if squares.sum() > 0 else 1.0
    smallest = float(np.linalg.eigvalsh((1 - intensity) * found + intensity * np.eye(count))[0])
    if smallest < SMALLEST_EIGENVALUE:
        more = (SMALLEST_EIGENVALUE - smallest) / (1 - smallest)
        intensity += more * (1 - intensity)
    return np.asarray((1 - intensity) * found + intensity * np.eye(count), dtype=np.float64)


def _root_and_inverse(correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Symmetric square root of the inverse, and the inverse."""
    values, vectors = np.linalg.eigh(correlation)
    return (vectors / np.sqrt(values)) @ vectors.T, (vectors / values) @ vectors.T


def _by_pattern(scores: FloatArray) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows that share what is known, and what that is; rows of which nothing is known are passed over."""
    known = ~np.isnan(scores)
    # A patient alone needs no sorting, which takes longer than the distance itself.
    patterns, which = (known, np.zeros(1)) if len(known) == 1 else np.unique(known, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if pattern.any():
            yield np.flatnonzero(which.ravel() == number), np.flatnonzero(pattern)


def _standardised(squared: FloatArray, known: NDArray[np.int64]) -> FloatArray:
    inputs = np.maximum(known, 1)
    spread = 2 / (9 * inputs)
    found = (np.cbrt(squared / inputs) - (1 - spread)) / np.sqrt(spread)
    return np.where(known > 0, found, -np.inf)
