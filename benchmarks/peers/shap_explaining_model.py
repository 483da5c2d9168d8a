"""A loader module of MLflow whose answer is explained by the shap package, as somebody would who serves with MLflow.

Explainers are made once, when the model is loaded: of trees and regressions those made for them, of the others
permutations with shap's own default number, between the patient and the reference patients that we use.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from numpy.typing import NDArray

from spinecast.cohorts.contract import check_predictors
from spinecast.explanation.keeping import own_columns, reference_patients
from spinecast.models.artifact import load_model
from spinecast.models.members import Member
from spinecast.models.scorers import BoostedTreesScorer, ForestScorer, LinearScorer
from spinecast.models.trees import Forest

FloatArray = NDArray[np.float64]


class _Explaining:
    def __init__(self, path: str) -> None:
        self.model, _ = load_model(Path(path))
        background = reference_patients(self.model)
        self.explainers = [
            [_Explainer(member, own_columns(background, part.positions)) for member in part.members]
            for part in self.model.parts
        ]

    def predict(self, model_input: pandas.DataFrame, params: dict[str, Any] | None = None) -> pandas.DataFrame:  # noqa: ARG002
        matrix = self.model.matrix(check_predictors(model_input, self.model.predictors))
        lower, upper = self.model.interval(matrix)
        found = {"risk": self.model.predict(matrix), "lower": lower, "upper": upper}
        names = [f"contribution_{name}" for name in self.model.predictors]
        return pandas.DataFrame(found | dict(zip(names, self.contributions(matrix).T, strict=True)))

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Contributions to the served log-odds, shape (n, predictors)."""
        values = np.zeros(matrix.shape)
        for part, explainers in zip(self.model.parts, self.explainers, strict=True):
            scale = self.model.slope * part.slope / len(self.model.parts) / len(explainers)
            for explainer in explainers:
                values[:, part.positions] += scale * explainer.values(np.ascontiguousarray(matrix[:, part.positions]))
        return values


class _Explainer:
    """What shap makes of one fit, summed back from columns to the variables they were made of."""

    def __init__(self, member: Member, background: FloatArray) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of matplotlib, by shap's plotting code
            import shap
        self.member, scorer = member, member.scorer
        self.columns = True
        if isinstance(scorer, LinearScorer):
            center = np.zeros((1, len(scorer.coefficients)))
            self.explain = shap.LinearExplainer((scorer.coefficients, scorer.intercept), center).shap_values
        elif isinstance(scorer, BoostedTreesScorer):
            self.explain = shap.TreeExplainer(scorer.booster).shap_values
        elif isinstance(scorer, ForestScorer):
            self.explain = shap.TreeExplainer(_as_shap_reads_it(scorer.forest)).shap_values
        else:
            masker = shap.maskers.Independent(background, max_samples=len(background))
            walker = shap.PermutationExplainer(member.score, masker, seed=0)
            self.columns, self.explain = False, lambda rows: walker(rows, silent=True).values

    def values(self, matrix: FloatArray) -> FloatArray:
        if not self.columns:
            return np.asarray(self.explain(matrix))
        found = np.asarray(self.explain(self.member.encoder.transform(matrix)))
        summed = np.zeros(matrix.shape)
        np.add.at(summed.T, self.member.encoder.owner, found.reshape(len(matrix), -1).T)
        return summed


def _as_shap_reads_it(forest: Forest) -> dict[str, Any]:
    ends = np.append(forest.roots[1:], len(forest.left))
    trees = []
    for root, end in zip(forest.roots, ends, strict=True):
        own = slice(root, end)
        leaf = forest.left[own] == np.arange(root, end)
        left, right = (np.where(leaf, -1, side[own] - root) for side in (forest.left, forest.right))
        trees.append(
            {
                "children_left": left,
                "children_right": right,
                "children_default": right,
                "features": np.where(leaf, -2, forest.feature[own]),
                "thresholds": forest.threshold[own],
                "values": forest.value[own] / len(forest.roots),
                "node_sample_weight": forest.samples[own],
            }
        )
    return {"trees": trees, "input_dtype": np.float32, "internal_dtype": np.float64}


def _load_pyfunc(path: str) -> _Explaining:
    return _Explaining(path)
