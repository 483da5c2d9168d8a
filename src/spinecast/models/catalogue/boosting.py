"""Boosted trees: XGBoost, scikit-learn, and the optional LightGBM and CatBoost, whose models are kept as our arrays."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spinecast.models.boosted_forests import forest_from_catboost, forest_from_gradient_boosting, forest_from_lightgbm
from spinecast.models.catalogue.family import (
    RATE,
    ROUNDS,
    SHARE,
    Family,
    Fit,
    FloatArray,
    Parameters,
    require_complete,
)
from spinecast.models.dimensions import Allowed, Interval, Range
from spinecast.models.extras import require_extra
from spinecast.models.scorers import BoostedTreesScorer, ForestScorer, Scorer

__all__ = ["BOOSTING", "BOOSTING_ALLOWED", "boost_trees"]

# LightGBM and CatBoost end where the draw for a tree is empty: a twentieth of any cohort that is fitted is somebody.
PATIENT_SHARE = Interval(0.05, 1.0)

BOOSTING_ALLOWED: Mapping[str, Allowed] = {
    "learning_rate": RATE,
    "rounds": ROUNDS,
    "depth": Interval(1, 20, whole=True),
    "smallest_child_weight": Interval(0.0, 1e6),
    "patient_share": SHARE,
    "predictor_share": SHARE,
    "l2_penalty": Interval(0.0, 1e6),
}
"""What a study may search for XGBoost's trees, whatever they are boosted on."""


def boost_trees(data: object, parameters: Parameters, seed: int, own: Mapping[str, object]) -> BoostedTreesScorer:
    """Boost XGBoost's trees on one thread by the parameters that every objective shares.

    Parameters
    ----------
    data : xgboost.DMatrix
    parameters : mapping of str to number
        Those of :data:`BOOSTING_ALLOWED`.
    seed : int
    own : mapping of str to value
        What the objective adds, itself among it.
    """
    import xgboost

    booster = xgboost.train(
        {
            "eta": parameters["learning_rate"],
            "max_depth": int(parameters["depth"]),
            "min_child_weight": parameters["smallest_child_weight"],
            "subsample": parameters["patient_share"],
            "colsample_bytree": parameters["predictor_share"],
            "lambda": parameters["l2_penalty"],
            "tree_method": "hist",
            "max_bin": 64,
            "nthread": 1,
            "seed": seed,
            "verbosity": 0,
            **own,
        },
        data,
        num_boost_round=int(parameters["rounds"]),
    )
    return BoostedTreesScorer(ubjson=bytes(booster.save_raw("ubj")))


def _fit_xgboost(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    import xgboost

    data = xgboost.DMatrix(columns, label=outcome, weight=weights, nthread=1)
    return boost_trees(data, parameters, seed, {"objective": "binary:logistic"})


def _fit_gradient_boosting(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.ensemble import GradientBoostingClassifier

    require_complete(columns, "gradient boosting")
    learner = GradientBoostingClassifier(
        learning_rate=parameters["learning_rate"],
        n_estimators=int(parameters["rounds"]),
        max_depth=int(parameters["depth"]),
        min_samples_leaf=int(parameters["smallest_leaf"]),
        subsample=float(parameters["patient_share"]),
        max_features=float(parameters["predictor_share"]),
        random_state=seed,
    )
    learner.fit(columns, outcome.astype(np.int64), sample_weight=weights)
    return ForestScorer(forest=forest_from_gradient_boosting(learner, columns.shape[1]))


def _fit_lightgbm(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    require_extra("lightgbm")
    import lightgbm

    require_complete(columns, "LightGBM")
    # Thresholds are found between values of single precision, which is how our trees compare.
    rounded = columns.astype(np.float32).astype(np.float64)
    booster = lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": parameters["learning_rate"],
            "num_leaves": int(parameters["leaves"]),
            "min_data_in_leaf": int(parameters["smallest_leaf"]),
            "bagging_fraction": parameters["patient_share"],
            "bagging_freq": 1,
            "feature_fraction": parameters["predictor_share"],
            "lambda_l2": parameters["l2_penalty"],
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "verbosity": -1,
        },
        lightgbm.Dataset(rounded, label=outcome, weight=weights, params={"verbosity": -1}),
        num_boost_round=int(parameters["rounds"]),
    )
    return ForestScorer(forest=forest_from_lightgbm(booster.dump_model()))


def _fit_catboost(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    require_extra("catboost")
    from catboost import CatBoostClassifier, Pool

    require_complete(columns, "CatBoost")
    learner = CatBoostClassifier(
        learning_rate=parameters["learning_rate"],
        iterations=int(parameters["rounds"]),
        depth=int(parameters["depth"]),
        l2_leaf_reg=parameters["l2_penalty"],
        bootstrap_type="Bernoulli",
        subsample=parameters["patient_share"],
        rsm=parameters["predictor_share"],
        thread_count=1,
        random_seed=seed,
        allow_writing_files=False,
        logging_level="Silent",
    )
    learner.fit(Pool(columns.astype(np.float32), outcome.astype(np.int64), weight=weights))
    with tempfile.TemporaryDirectory() as folder:  # CatBoost exports to files only
        path = Path(folder) / "model.json"
        learner.save_model(str(path), format="json")
        exported = json.loads(path.read_text(encoding="utf-8"))
    return ForestScorer(forest=forest_from_catboost(exported))


BOOSTING: tuple[Family[Fit], ...] = (
    Family(
        name="xgboost",
        label="Gradient boosting (XGBoost)",
        search_space={
            "learning_rate": Range(0.02, 0.15, log=True),
            "rounds": Range(60, 400, log=True, whole=True),
            "depth": Range(2, 5, whole=True),
            "smallest_child_weight": Range(1.0, 20.0, log=True),
            "patient_share": Range(0.5, 1.0),
            "predictor_share": Range(0.25, 1.0),
            "l2_penalty": Range(0.3, 30.0, log=True),
        },
        allowed=BOOSTING_ALLOWED,
        defaults={
            "learning_rate": 0.03,
            "rounds": 250,
            "depth": 3,
            "smallest_child_weight": 5.0,
            "patient_share": 0.6,
            "predictor_share": 0.4,
            "l2_penalty": 3.0,
        },
        fit=_fit_xgboost,
        explained_by="exact tree contributions",
        cost=2.0,
    ),
    Family(
        name="gradient_boosting",
        label="Gradient boosting (scikit-learn)",
        search_space={
            "learning_rate": Range(0.02, 0.15, log=True),
            "rounds": Range(40, 250, log=True, whole=True),
            "depth": Range(1, 4, whole=True),
            "smallest_leaf": Range(5, 40, log=True, whole=True),
            "patient_share": Range(0.5, 1.0),
            "predictor_share": Range(0.2, 1.0),
        },
        allowed={
            "learning_rate": RATE,
            "rounds": ROUNDS,
            "depth": Interval(1, 20, whole=True),
            "smallest_leaf": Interval(1, 1_000_000, whole=True),
            "patient_share": SHARE,
            "predictor_share": SHARE,
        },
        defaults={
            "learning_rate": 0.05,
            "rounds": 120,
            "depth": 2,
            "smallest_leaf": 10,
            "patient_share": 0.6,
            "predictor_share": 0.4,
        },
        fit=_fit_gradient_boosting,
        explained_by="exact tree contributions",
        cost=2.5,
    ),
    Family(
        name="lightgbm",
        label="Gradient boosting (LightGBM)",
        search_space={
            "learning_rate": Range(0.02, 0.15, log=True),
            "rounds": Range(40, 300, log=True, whole=True),
            "leaves": Range(3, 24, log=True, whole=True),
            "smallest_leaf": Range(5, 60, log=True, whole=True),
            "patient_share": Range(0.5, 1.0),
            "predictor_share": Range(0.25, 1.0),
            "l2_penalty": Range(0.3, 30.0, log=True),
        },
        allowed={
            "learning_rate": RATE,
            "rounds": ROUNDS,
            "leaves": Interval(2, 10_000, whole=True),
            "smallest_leaf": Interval(1, 1_000_000, whole=True),
            "patient_share": PATIENT_SHARE,
            "predictor_share": SHARE,
            "l2_penalty": Interval(0.0, 1e6),
        },
        defaults={
            "learning_rate": 0.04,
            "rounds": 150,
            "leaves": 6,
            "smallest_leaf": 20,
            "patient_share": 0.7,
            "predictor_share": 0.5,
            "l2_penalty": 3.0,
        },
        fit=_fit_lightgbm,
        explained_by="exact tree contributions",
        cost=1.5,
    ),
    Family(
        name="catboost",
        label="Gradient boosting (CatBoost)",
        search_space={
            "learning_rate": Range(0.02, 0.15, log=True),
            "rounds": Range(40, 300, log=True, whole=True),
            "depth": Range(2, 5, whole=True),
            "patient_share": Range(0.5, 1.0),
            "predictor_share": Range(0.25, 1.0),
            "l2_penalty": Range(1.0, 30.0, log=True),
        },
        allowed={
            "learning_rate": RATE,
            "rounds": ROUNDS,
            # A tree of CatBoost has every leaf of its depth: 1,024 of them at ten.
            "depth": Interval(1, 10, whole=True),
            "patient_share": PATIENT_SHARE,
            "predictor_share": SHARE,
            "l2_penalty": Interval(1e-6, 1e6),
        },
        defaults={
            "learning_rate": 0.05,
            "rounds": 150,
            "depth": 3,
            "patient_share": 0.7,
            "predictor_share": 0.5,
            "l2_penalty": 5.0,
        },
        fit=_fit_catboost,
        explained_by="exact tree contributions",
        cost=3.0,
    ),
)
