"""The membership model: how well predictors tell in which of two cohorts a patient is, and weights that undo it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.predictor_schema import PredictorSchema

__all__ = ["MEMBERSHIP_FOLDS", "Membership", "membership_probability"]

FloatArray = NDArray[np.float64]

MEMBERSHIP_FOLDS = 5
"""Each patient's probability comes from a model fitted without a fifth of the patients, theirs."""

# A weight above the 99th percentile is drawn to it: one patient like nobody else must not stand for a crowd.
_TRUNCATED_AT = 99.0


@dataclass(frozen=True, eq=False)
class Membership:
    """Probability of each patient to be one of the validation cohort.

    Parameters
    ----------
    validation : ndarray, shape (n + m,)
        1 for the n patients of the validation cohort, 0 for the m of the development cohort.
    probability : ndarray, shape (n + m,)
        Cross-fitted.
    weights : ndarray, shape (n + m,), optional
        Case weights.
    """

    validation: FloatArray
    probability: FloatArray
    weights: FloatArray | None = None

    def development_weights(self) -> FloatArray:
        """Weights that give the validation patients the predictors of the development cohort, shape (n,), mean 1.

        They are the odds of being in the development cohort, drawn to their 99th percentile and scaled.
        """
        own = np.clip(self.probability[self.validation == 1], 1e-12, 1 - 1e-12)
        odds = (1 - own) / own
        odds = np.minimum(odds, np.percentile(odds, _TRUNCATED_AT))
        return np.asarray(odds / odds.mean(), dtype=np.float64)


def membership_probability(
    validation: FloatArray,
    development: FloatArray,
    entries: Sequence[Variable],
    *,
    seed: int,
    weights: FloatArray | None = None,
) -> Membership:
    """Fit the membership model of Debray et al. (2015, J Clin Epidemiol 68:279), cross-fitted.

    A ridge logistic regression of the cohort on the predictors: medians and commonest levels for what is missing, with
    indicators that it was, logarithms of skewed numbers. Cross-fitting takes off what a regression on many columns
    finds by chance.

    Parameters
    ----------
    validation, development : ndarray, shapes (n, p) and (m, p)
        In the coding of `Cohort.matrix`.
    entries : sequence of Variable
        The p predictors.
    seed : int
        Of the folds.
    weights : ndarray, shape (n + m,), optional
        Case weights, those of the validation patients first.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    matrix = np.vstack([validation, development])
    member = np.concatenate([np.ones(len(validation)), np.zeros(len(development))])
    schema = PredictorSchema.from_variables(entries)
    fold = _folds(member, seed)
    probability = np.empty(len(member))
    for number in range(MEMBERSHIP_FOLDS):
        train = fold != number
        encoder = fit_encoder(matrix[train], schema, Imputation("median"))
        model = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=200)
        with warnings.catch_warnings():
            # Cohorts that a predictor separates have no finite fit but for the penalty; close to it is close enough.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(
                encoder.transform(matrix[train]),
                member[train],
                sample_weight=None if weights is None else weights[train],
            )
        probability[~train] = model.predict_proba(encoder.transform(matrix[~train]))[:, 1]
    return Membership(member, probability, weights)


def _folds(member: FloatArray, seed: int) -> NDArray[np.int64]:
    """Deal the patients of each cohort into folds, shuffled."""
    generator = np.random.default_rng(seed)
    fold = np.empty(len(member), dtype=np.int64)
    for side in (0, 1):
        rows = generator.permutation(np.flatnonzero(member == side))
        fold[rows] = np.arange(len(rows)) % MEMBERSHIP_FOLDS
    return fold
