"""Exact additive explanations of a prognosis model, on the log-odds that is served.

Everything after the members' scores is affine, so the contributions of a variable to the scores, scaled by the
same numbers, add up with the base value to the served log-odds. How a member's score is taken apart depends on
what it is; each way satisfies that sum:

- a linear member: coefficient times the distance of a column from its development mean (Lundberg and Lee 2017,
  arXiv:1705.07874, corollary 1);
- trees: path-dependent TreeSHAP (Lundberg 2020, doi:10.1038/s42256-019-0138-9), by XGBoost itself for boosted
  trees and by the shap library for forests;
- others: permutation sampling (Strumbelj and Kononenko 2014, doi:10.1007/s10115-013-0679-x) between the patient
  and reference patients made of development quantiles, each order walked forwards and backwards.

Multiple imputation explains the mean of its draws, pattern submodels the one that answered: the inputs it does not use
have no part in it. Columns made from one variable (levels, splines, the indicator that it is missing) are summed back
to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spinecast.models.catalogue import FAMILIES
from spinecast.models.members import AnyMember, DrawnMember, PatternMember, mean_in_order
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.scorers import BoostedTreesScorer, ForestScorer, LinearScorer, Scorer
from spinecast.models.trees import Forest

__all__ = [
    "RESIDUAL_TOLERANCE",
    "AdditivityError",
    "Contributions",
    "Scored",
    "by_owner",
    "column_contributions",
    "explain",
    "forest_contributions",
    "member_contributions",
    "permutation_contributions",
    "require_additive",
]

FloatArray = NDArray[np.float64]

# XGBoost sums leaves in single precision, forward in one order and in contributions in another: a few 1e-6 on
# the log-odds. A larger gap means that what is explained is not what is served.
RESIDUAL_TOLERANCE = 1e-4

# Patients explained at once by permutation: bounds the table of half-swapped patients to some tens of megabytes.
PATIENTS_AT_ONCE = 16


class Scored(Protocol):
    """What gives every row of predictor values one number."""

    def score(self, matrix: FloatArray) -> FloatArray:
        """Shape (n, predictors) to shape (n,)."""
        ...


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
    residual : ndarray, shape (n,)
        ``log_odds - base_value - values.sum(axis=1)``; at most RESIDUAL_TOLERANCE.
    methods : tuple of (str, str)
        How each part was taken apart.
    """

    predictors: tuple[str, ...]
    values: FloatArray
    base_value: FloatArray
    log_odds: FloatArray
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
    background = model.background()
    for part in model.parts:
        weight = model.slope / len(model.parts)
        base += weight * part.intercept
        own = np.ascontiguousarray(matrix[:, part.positions])
        for member in part.members:
            scale = weight * part.slope / len(part.members)
            contributions, start = member_contributions(member, own, background[:, part.positions])
            values[:, part.positions] += scale * contributions
            base += scale * start
    log_odds = model.log_odds(matrix)
    residual = log_odds - base - values.sum(axis=1)
    require_additive(residual, "log-odds")
    return Contributions(
        predictors=model.predictors,
        values=values,
        base_value=base,
        log_odds=log_odds,
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


def member_contributions(
    member: AnyMember, matrix: FloatArray, background: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Contributions of each variable to one member's score, shape (n, own predictors), and base scores, shape (n,)."""
    if isinstance(member, DrawnMember):
        found = [member_contributions(draw, matrix, background) for draw in member.draws]
        values, start = (mean_in_order(np.stack(stacked)) for stacked in zip(*found, strict=True))
        return values, start
    if isinstance(member, PatternMember):
        values, start = np.zeros(matrix.shape), np.empty(len(matrix))
        for rows, used, answering in member.answering(matrix):
            own = np.ascontiguousarray(matrix[np.ix_(rows, used)])
            values[np.ix_(rows, used)], start[rows] = member_contributions(answering, own, background[:, used])
        return values, start
    # The references stand on the common scale of image features: so must the patients that are set against them.
    matrix = member.encoder.harmonised(matrix)
    by_column = column_contributions(member.scorer, member.encoder.transform(matrix))
    if by_column is None:
        contributions, base = permutation_contributions(member, matrix, background)
    else:
        contributions, base = by_owner(by_column[0], member.encoder.owner, matrix.shape), by_column[1]
    return contributions, np.full(len(matrix), base)


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
        return _boosted_contributions(scorer, columns)
    if isinstance(scorer, ForestScorer):
        return forest_contributions(scorer.forest, columns)
    return None


def by_owner(by_column: FloatArray, owner: NDArray[np.int64], shape: tuple[int, ...]) -> FloatArray:
    """Sum contributions of columns to the variables they were made from."""
    by_variable = np.zeros(shape)
    for column, variable in enumerate(owner):
        by_variable[:, variable] += by_column[:, column]
    return by_variable


def _boosted_contributions(scorer: BoostedTreesScorer, columns: FloatArray) -> tuple[FloatArray, float]:
    from xgboost import DMatrix

    found = scorer.booster.predict(DMatrix(columns, nthread=1), pred_contribs=True).astype(np.float64)
    return found[:, :-1], float(found[0, -1]) if len(found) else 0.0


def forest_contributions(forest: Forest, columns: FloatArray) -> tuple[FloatArray, float]:
    """Path-dependent TreeSHAP of a forest with one output, and its base value."""
    import shap

    explainer = shap.TreeExplainer({"trees": _shap_trees(forest)}, feature_perturbation="tree_path_dependent")
    # Compared as the forest compares them: in single precision.
    compared = columns.astype(np.float32).astype(np.float64)
    found = np.asarray(explainer.shap_values(compared, check_additivity=False), dtype=np.float64)
    return found.reshape(len(columns), -1), float(np.ravel(explainer.expected_value)[0])


def _shap_trees(forest: Forest) -> list[dict[str, Any]]:
    """The forest in the shape shap reads: local node numbers, -1 for no child, values already divided by the trees."""
    ends = np.append(forest.roots[1:], len(forest.left))
    trees = []
    for start, end in zip(forest.roots, ends, strict=True):
        own = slice(int(start), int(end))
        leaf = forest.left[own] == np.arange(start, end)
        left = np.where(leaf, -1, forest.left[own] - start).astype(np.int32)
        right = np.where(leaf, -1, forest.right[own] - start).astype(np.int32)
        trees.append(
            {
                "children_left": left,
                "children_right": right,
                "children_default": right.copy(),
                "features": np.where(leaf, -2, forest.feature[own]).astype(np.int32),
                "thresholds": forest.threshold[own],
                "values": forest.value[own] / len(forest.roots),
                "node_sample_weight": forest.samples[own],
            }
        )
    return trees


def permutation_contributions(member: Scored, matrix: FloatArray, background: FloatArray) -> tuple[FloatArray, float]:
    """Contributions of each variable by permutation sampling against a background, and the mean score of that."""
    start = float(member.score(background).mean())
    values = np.empty(matrix.shape)
    for first in range(0, len(matrix), PATIENTS_AT_ONCE):
        rows = matrix[first : first + PATIENTS_AT_ONCE]
        values[first : first + len(rows)] = _walk(member, rows, background)
    return values, start


def _walk(member: Scored, rows: FloatArray, background: FloatArray) -> FloatArray:
    """Mean change of the score as each variable is switched from a reference patient to the patient.

    The orders are the same for every patient (a fixed seed), so that a patient's explanation does not depend on
    who is explained beside them.
    """
    patients, variables = rows.shape
    orderer = np.random.default_rng(7)
    total = np.zeros((patients, variables))
    walks = 0
    for reference in background:
        forwards = orderer.permutation(variables)
        for order in (forwards, forwards[::-1]):
            # taken[s, j]: variable j is already the patient's after s steps.
            rank = np.empty(variables, dtype=np.int64)
            rank[order] = np.arange(variables)
            taken = rank[None, :] < np.arange(variables + 1)[:, None]
            steps = np.where(taken[None, :, :], rows[:, None, :], reference)
            scores = member.score(steps.reshape(-1, variables)).reshape(patients, variables + 1)
            total[:, order] += np.diff(scores, axis=1)
            walks += 1
    return total / walks
