"""Learners of quantiles, each fitted once a level: a linear one, boosted regression trees, and XGBoost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spinecast.models.boosted_forests import forest_from_gradient_boosting
from spinecast.models.catalogue import Parameters
from spinecast.models.catalogue.boosting import boost_trees
from spinecast.models.scorers import BoostedTreesScorer, ForestScorer, LinearScorer, Scorer

__all__ = ["FitQuantile", "fit_boosted_quantile", "fit_linear_quantile", "fit_xgboost_quantile"]

FloatArray = NDArray[np.float64]
FitQuantile = Callable[[FloatArray, FloatArray, float, Parameters, int], Scorer]


def fit_linear_quantile(
    columns: FloatArray, values: FloatArray, level: float, parameters: Parameters, _seed: int
) -> LinearScorer:
    """Quantile regression with an L1 penalty (Koenker & Bassett 1978, Econometrica 46:33), solved exactly by HiGHS."""
    from sklearn.linear_model import QuantileRegressor

    learner = QuantileRegressor(quantile=level, alpha=parameters["penalty"], solver="highs")
    learner.fit(columns, values)
    return LinearScorer(coefficients=learner.coef_.copy(), intercept=float(learner.intercept_))


def fit_boosted_quantile(
    columns: FloatArray, values: FloatArray, level: float, parameters: Parameters, seed: int
) -> ForestScorer:
    """Trees boosted on the pinball loss by scikit-learn (Friedman 2001, Ann Stat 29:1189), as one forest."""
    from sklearn.ensemble import GradientBoostingRegressor

    learner = GradientBoostingRegressor(
        loss="quantile",
        alpha=level,
        learning_rate=parameters["learning_rate"],
        n_estimators=int(parameters["rounds"]),
        max_depth=int(parameters["depth"]),
        min_samples_leaf=int(parameters["smallest_leaf"]),
        subsample=parameters["patient_share"],
        max_features=float(parameters["predictor_share"]),
        random_state=seed,
    )
    learner.fit(columns, values)
    return ForestScorer(forest=forest_from_gradient_boosting(learner, columns.shape[1]))


def fit_xgboost_quantile(
    columns: FloatArray, values: FloatArray, level: float, parameters: Parameters, seed: int
) -> BoostedTreesScorer:
    """Trees boosted on the pinball loss by XGBoost, which sets every leaf to the quantile of its residuals."""
    import xgboost

    data = xgboost.DMatrix(columns, label=values, nthread=1)
    shared = {**parameters, "smallest_child_weight": parameters["smallest_leaf"]}
    return boost_trees(data, shared, seed, {"objective": "reg:quantileerror", "quantile_alpha": level})
