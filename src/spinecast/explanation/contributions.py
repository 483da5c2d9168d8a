"""Exact additive explanations of a prognosis model, on the log-odds that is served.

Everything after the members' scores is affine, so the contributions of a variable to the scores, scaled by the
same numbers, add up with the base value to the served log-odds. How a member's score is taken apart depends on
what it is; each way satisfies that sum:

- a linear member: coefficient times the distance of a column from its development mean (Lundberg and Lee 2017,
  arXiv:1705.07874, corollary 1);
- trees: path-dependent TreeSHAP (`trees`);
- others: permutation sampling between the patient and reference patients made of development quantiles (`walks`).

Multiple imputation explains the mean of its draws, pattern submodels the one that answered: the inputs it does not use
have no part in it. Columns made from one variable (levels, splines, the indicator that it is missing) are summed back
to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.keeping import own_columns, reference_patients
from spinecast.explanation.trees import (
    boosted_contributions,
    forest_contributions,
    scored_boosted_contributions,
    scored_forest_contributions,
)
from spinecast.explanation.walks import Scored, permutation_contributions
from spinecast.models.catalogue import FAMILIES
from spinecast.models.members import DrawnMember, Fit, Member, PatternMember, mean_in_order
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.scorers import BoostedTreesScorer, ForestScorer, LinearScorer, Scorer

__all__ = [
    "RESIDUAL_TOLERANCE",
    "AdditivityError",
    "Contributions",
    "Explained",
    "Scored",
    "by_owner",
    "column_contributions",
    "explain",
    "fit_contributions",
    "forest_contributions",
    "over_fits",
    "permutation_contributions",
    "require_additive",
]

FloatArray = NDArray[np.float64]
FitT = TypeVar("FitT", bound=Fit)
# Contributions of each predictor of a part, shape (n, own predictors), base scores and, of some, scores, shape (n,).
Explained: TypeAlias = tuple[FloatArray, ...]

# XGBoost sums leaves in single precision, forward in one order and in contributions in another: a few 1e-6 on
# the log-odds. A larger gap means that what is explained is not what is served.
RESIDUAL_TOLERANCE = 1e-4


class AdditivityError(ArithmeticError):
    """Contributions do not add up to the served log-odds: a defect of the explanation, never shown as one."""


@dataclass(frozen=True)
class Contributions:
    """Contributions of each predictor to the served log-odds.

    Parameters
    ----------
    predictors : tuple of str
    values : ndarray, shape (n, predictors)
        Log-odds that each predictor adds (positive raises the risk).
    base_value : ndarray, shape (n,)
        Log-odds before any predictor is looked at: the same for all patients whom the same fits answer.
    log_odds : ndarray, shape (n,)
        What the model serves.
    member_log_odds : ndarray, shape (members, n)
        Of each fold's fits alone, as :meth:`PrognosisModel.member_log_odds` gives them.
    residual : ndarray, shape (n,)
        ``log_odds - base_value - values.sum(axis=1)``; at most RESIDUAL_TOLERANCE.
    methods : tuple of (str, str)
        How each part was taken apart.
    """

    predictors: tuple[str, ...]
    values: FloatArray
    base_value: FloatArray
    log_odds: FloatArray
    member_log_odds: FloatArray
    residual: FloatArray
    methods: tuple[tuple[str, str], ...]


def explain(model: PrognosisModel, matrix: FloatArray) -> Contributions:
    """Take the served log-odds of some patients apart.

    Parameters
    ----------
    model : PrognosisModel
    matrix : ndarray, shape (n, predictors)
        As :meth:`PrognosisModel.matrix` gives it.

    Returns
    -------
    Contributions

    Raises
    ------
    AdditivityError
        If contributions and base value miss the served log-odds by more than RESIDUAL_TOLERANCE.
    """
    values = np.zeros((len(matrix), len(model.predictors)))
    base = np.full(len(matrix), model.intercept)
    background = reference_patients(model)
    scores = []
    for part in model.parts:
        weight = model.slope / len(model.parts)
        base += weight * part.intercept
        own = np.ascontiguousarray(matrix[:, part.positions])
        references = own_columns(background, part.positions)
        found = [over_fits(member, own, references, fit_contributions) for member in part.members]
        for contributions, start, _ in found:
            scale = weight * part.slope / len(part.members)
            values[:, part.positions] += scale * contributions
            base += scale * start
        scores.append(np.stack([score for _, _, score in found]))
    member_log_odds = model.combined(scores)
    log_odds = mean_in_order(member_log_odds)
    residual = log_odds - base - values.sum(axis=1)
    require_additive(residual, "log-odds")
    return Contributions(
        predictors=model.predictors,
        values=values,
        base_value=base,
        log_odds=log_odds,
        member_log_odds=member_log_odds,
        residual=residual,
        methods=tuple((part.label, FAMILIES[part.family].explained_by) for part in model.parts),
    )


def require_additive(residual: FloatArray, scale: str) -> None:
    """Refuse contributions that do not add up to what is served.

    Raises
    ------
    AdditivityError
        If a residual is larger than RESIDUAL_TOLERANCE.
    """
    if not np.all(np.abs(residual) <= RESIDUAL_TOLERANCE):  # so written, a residual that is no number fails too
        raise AdditivityError(
            f"contributions miss the served {scale} by {np.abs(residual).max():.3g}, more than {RESIDUAL_TOLERANCE}"
        )


def over_fits(
    member: FitT | DrawnMember[FitT] | PatternMember[FitT],
    matrix: FloatArray,
    background: FloatArray,
    explained: Callable[[FitT, FloatArray, FloatArray], Explained],
) -> Explained:
    """Explain what a member answers by what its fits do: the mean of its draws, or the one fit that answered.

    Parameters
    ----------
    member : fit, DrawnMember or PatternMember
    matrix, background : ndarray, shape (n, own predictors) and (references, own predictors)
    explained : callable
        Explains one fit: maps it, values of the predictors it uses and a background of them to contributions, and
        numbers of each patient such as base scores.

    Returns
    -------
    values : ndarray, shape (n, own predictors)
        An input that the fit that answered does not use contributes 0.
    *numbers : ndarray, shape (n,)
    """
    if isinstance(member, DrawnMember):
        found = [explained(draw, matrix, background) for draw in member.draws]
        return tuple(mean_in_order(np.stack(stacked)) for stacked in zip(*found, strict=True))
    if isinstance(member, PatternMember):
        values, numbers = np.zeros(matrix.shape), list[FloatArray]()
        for rows, used, answering in member.answering(matrix):
            own = np.ascontiguousarray(matrix[np.ix_(rows, used)])
            values[np.ix_(rows, used)], *of_fit = explained(answering, own, own_columns(background, used))
            numbers = numbers or [np.empty(len(matrix)) for _ in of_fit]
            for number, of_rows in zip(numbers, of_fit, strict=True):
                number[rows] = of_rows
        return (values, *numbers) if numbers else explained(member.otherwise, matrix, background)  # of nobody
    return explained(member, matrix, background)


def fit_contributions(member: Member, matrix: FloatArray, background: FloatArray) -> Explained:
    """Contributions of each variable to the score of one fit, its base scores and scores."""
    # The references stand on the common scale of image features: so must the patients that are set against them.
    matrix = member.encoder.harmonised(matrix)
    columns = member.encoder.transform(matrix)
    if isinstance(member.scorer, ForestScorer):
        by_tree, base, scores = scored_forest_contributions(member.scorer.forest, columns)
        return by_owner(by_tree, member.encoder.owner, matrix.shape), np.full(len(matrix), base), scores
    if isinstance(member.scorer, BoostedTreesScorer):
        by_tree, base, scores = scored_boosted_contributions(member.scorer, columns)
        return by_owner(by_tree, member.encoder.owner, matrix.shape), np.full(len(matrix), base), scores
    by_column = column_contributions(member.scorer, columns)
    if by_column is None:
        contributions, base = permutation_contributions(member, matrix, background, columns=columns)
    else:
        contributions, base = by_owner(by_column[0], member.encoder.owner, matrix.shape), by_column[1]
    return contributions, np.full(len(matrix), base), member.scorer.score(columns)


def column_contributions(scorer: Scorer, columns: FloatArray) -> tuple[FloatArray, float] | None:
    """Contributions of each encoded column to a score, shape (n, columns), and the base score.

    Returns
    -------
    tuple or None
        None where the score is neither linear nor one of trees: it is then taken apart by permutation.
    """
    if isinstance(scorer, LinearScorer):
        # Columns are centred on their development means, so the intercept is the mean patient's score.
        return columns * scorer.coefficients, scorer.intercept
    if isinstance(scorer, BoostedTreesScorer):
        return boosted_contributions(scorer, columns)
    if isinstance(scorer, ForestScorer):
        return forest_contributions(scorer.forest, columns)
    return None


def by_owner(by_column: FloatArray, owner: NDArray[np.int64], shape: tuple[int, ...]) -> FloatArray:
    """Sum contributions of columns to the variables they were made from."""
    by_variable = np.zeros(shape[::-1])
    np.add.at(by_variable, owner, by_column.T)  # one after the other, whoever stands beside
    return np.ascontiguousarray(by_variable.T)
