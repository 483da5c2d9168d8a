"""The algorithms a study may compare, each with its search space and its one way to be fitted.

The five families are those the SORG group compared for survival in spinal metastasis (Karhade 2019,
doi:10.1093/neuros/nyy469): penalised logistic regression, random forest, boosted trees, support vector machine
and neural network. The baseline needs no machine learning: age and tumour group in a logistic regression.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.models.scorers import (
    BoostedTreesScorer,
    ForestScorer,
    KernelScorer,
    LinearScorer,
    NetworkScorer,
    Scorer,
)
from spinecast.models.trees import forest_from_sklearn

__all__ = ["FAMILIES", "Choice", "Dimension", "Family", "Parameters", "Range"]

FloatArray = NDArray[np.float64]
Parameters = Mapping[str, float | int]
Fit = Callable[[FloatArray, FloatArray, FloatArray | None, Parameters, int], Scorer]


@dataclass(frozen=True)
class Range:
    """An interval searched by the tuner.

    Parameters
    ----------
    low, high : float
        Both ends belong to it.
    log : bool
        Searched on the logarithm.
    whole : bool
        Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def describe(self) -> str:
        """Say the interval in words for the report."""
        kind = "whole numbers" if self.whole else "real"
        return f"{self.low:g} to {self.high:g} ({kind}{', log scale' if self.log else ''})"


@dataclass(frozen=True)
class Choice:
    """A few numbers searched by the tuner."""

    options: tuple[float | int, ...]

    def describe(self) -> str:
        """Say the options in words for the report."""
        return "one of " + ", ".join(f"{option:g}" for option in self.options)


Dimension = Range | Choice


@dataclass(frozen=True)
class Family:
    """One kind of algorithm.

    Parameters
    ----------
    name : str
        The ``kind`` a study file names.
    label : str
        What reports call it.
    search_space : mapping of str to Range or Choice
    defaults : mapping of str to number
        Tried first, so that even a short search has one sensible trial.
    fit : callable
        ``fit(columns, outcome, weights, parameters, seed) -> Scorer``.
    imputation : {"median", "native"}
        What a study that says nothing gets.
    explained_by : str
        How contributions of its score are computed.
    cost : float
        Rough relative length of one fit; long work is started first.
    """

    name: str
    label: str
    search_space: Mapping[str, Dimension]
    defaults: Parameters
    fit: Fit = field(repr=False)
    imputation: Literal["median", "native"]
    explained_by: str
    cost: float


def _fit_elastic_net(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(
        C=parameters["inverse_penalty"],
        l1_ratio=parameters["l1_ratio"],
        solver="saga",
        tol=5e-4,
        max_iter=400,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Nearly unpenalised trials may stop short of the tolerance; the tuning loss judges them as they are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(columns, outcome, sample_weight=weights)
    return LinearScorer(coefficients=learner.coef_[0].copy(), intercept=float(learner.intercept_[0]))


def _fit_baseline(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(C=parameters["inverse_penalty"], tol=1e-8, max_iter=1000, random_state=seed)
    learner.fit(columns, outcome, sample_weight=weights)
    return LinearScorer(coefficients=learner.coef_[0].copy(), intercept=float(learner.intercept_[0]))


def _fit_random_forest(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.ensemble import RandomForestClassifier

    if np.isnan(columns).any():
        raise ValueError("a random forest needs complete columns: scikit-learn would route missing values, ours do not")
    learner = RandomForestClassifier(
        n_estimators=int(parameters["trees"]),
        min_samples_leaf=int(parameters["smallest_leaf"]),
        max_features=parameters["predictor_share"],
        random_state=seed,
        n_jobs=1,
    )
    learner.fit(columns, outcome.astype(np.int64), sample_weight=weights)
    return ForestScorer(forest=forest_from_sklearn(learner.estimators_, slice(1, 2)))


def _fit_xgboost(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    import xgboost

    data = xgboost.DMatrix(columns, label=outcome, weight=weights, nthread=1)
    booster = xgboost.train(
        {
            "objective": "binary:logistic",
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
        },
        data,
        num_boost_round=int(parameters["rounds"]),
    )
    return BoostedTreesScorer(ubjson=bytes(booster.save_raw("ubj")))


def _fit_support_vector_machine(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.svm import SVC

    learner = SVC(C=parameters["cost"], gamma=parameters["kernel_width"], cache_size=100, random_state=seed)
    learner.fit(columns, outcome.astype(np.int64), sample_weight=weights)
    return KernelScorer(
        vectors=learner.support_vectors_.copy(),
        weights=learner.dual_coef_[0].copy(),
        gamma=float(parameters["kernel_width"]),
        intercept=float(learner.intercept_[0]),
    )


def _fit_neural_network(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    learner = MLPClassifier(
        hidden_layer_sizes=(int(parameters["units"]),),
        alpha=parameters["l2_penalty"],
        learning_rate_init=parameters["learning_rate"],
        max_iter=int(parameters["epochs"]),
        batch_size=min(128, len(columns)),
        random_state=seed,
    )
    with warnings.catch_warnings():
        # The number of epochs is a searched parameter: stopping there is meant.
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(columns, outcome.astype(np.int64), sample_weight=weights)
    return NetworkScorer(
        hidden=learner.coefs_[0].copy(),
        hidden_bias=learner.intercepts_[0].copy(),
        output=learner.coefs_[1][:, 0].copy(),
        output_bias=float(learner.intercepts_[1][0]),
    )


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="baseline",
                label="Baseline (age and tumour group)",
                search_space={"inverse_penalty": Range(0.01, 100.0, log=True)},
                defaults={"inverse_penalty": 1.0},
                fit=_fit_baseline,
                imputation="median",
                explained_by="exact linear contributions",
                cost=0.1,
            ),
            Family(
                name="elastic_net",
                label="Elastic-net logistic regression",
                search_space={
                    "inverse_penalty": Range(0.003, 3.0, log=True),
                    "l1_ratio": Range(0.0, 1.0),
                    "knots": Choice((0, 3, 4)),
                },
                defaults={"inverse_penalty": 0.1, "l1_ratio": 0.5, "knots": 3},
                fit=_fit_elastic_net,
                imputation="median",
                explained_by="exact linear contributions",
                cost=1.0,
            ),
            Family(
                name="random_forest",
                label="Random forest",
                search_space={
                    "trees": Choice((150,)),
                    "smallest_leaf": Range(3, 40, log=True, whole=True),
                    "predictor_share": Range(0.08, 0.5),
                },
                defaults={"trees": 150, "smallest_leaf": 5, "predictor_share": 0.25},
                fit=_fit_random_forest,
                imputation="median",
                explained_by="exact tree contributions",
                cost=6.0,
            ),
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
                imputation="native",
                explained_by="exact tree contributions",
                cost=2.0,
            ),
            Family(
                name="support_vector_machine",
                label="Support vector machine",
                search_space={
                    "cost": Range(0.03, 10.0, log=True),
                    "kernel_width": Range(0.0005, 0.05, log=True),
                },
                defaults={"cost": 0.5, "kernel_width": 0.005},
                fit=_fit_support_vector_machine,
                imputation="median",
                explained_by="permutation contributions",
                cost=1.0,
            ),
            Family(
                name="neural_network",
                label="Neural network",
                search_space={
                    "units": Range(4, 32, log=True, whole=True),
                    "l2_penalty": Range(0.03, 10.0, log=True),
                    "learning_rate": Range(0.001, 0.01, log=True),
                    "epochs": Range(15, 80, whole=True),
                },
                defaults={"units": 16, "l2_penalty": 3.0, "learning_rate": 0.005, "epochs": 60},
                fit=_fit_neural_network,
                imputation="median",
                explained_by="permutation contributions",
                cost=2.5,
            ),
        )
    }
)
