"""The algorithms a study may compare, each with its search space and its one way to be fitted.

The five families are those the SORG group compared for survival in spinal metastasis (Karhade 2019,
doi:10.1093/neuros/nyy469): penalised logistic regression, random forest, boosted trees, support vector machine
and neural network. The baseline needs no machine learning: a few predictors that anyone has, in a logistic regression.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.models.dimensions import Allowed, Choice, Dimension, Interval, Range
from spinecast.models.scorers import (
    BoostedTreesScorer,
    ForestScorer,
    KernelScorer,
    LinearScorer,
    NetworkScorer,
    Scorer,
)
from spinecast.models.trees import forest_from_sklearn
from spinecast.statistics import KNOT_QUANTILES

__all__ = [
    "FAMILIES",
    "PENALTY",
    "RATE",
    "ROUNDS",
    "SHARE",
    "Allowed",
    "Choice",
    "Dimension",
    "Family",
    "Interval",
    "Parameters",
    "Range",
]

# Tuning fits some hundred elastic nets: they stop where the objective is right to a ten-thousandth of itself.
ELASTIC_NET_TOLERANCE, ELASTIC_NET_STEPS = 5e-4, 400

FloatArray = NDArray[np.float64]
Parameters = Mapping[str, float | int]
Fit = Callable[[FloatArray, FloatArray, FloatArray | None, Parameters, int], Scorer]
FitT = TypeVar("FitT", covariant=True)


@dataclass(frozen=True)
class Family(Generic[FitT]):
    """One kind of algorithm.

    Parameters
    ----------
    name : str
        The ``kind`` a study file names.
    label : str
        What reports call it.
    search_space : mapping of str to Range or Choice
    allowed : mapping of str to Interval or Choice
        What a study may search instead, for each parameter.
    defaults : mapping of str to number
        Tried first, so that even a short search has one sensible trial.
    fit : callable
        ``fit(columns, outcome, weights, parameters, seed) -> Scorer``; learners of times have a form of their own
        (:mod:`spinecast.models.survival.catalogue`).
    explained_by : str
        How contributions of its score are computed.
    cost : float
        Rough relative length of one fit; long work is started first.
    """

    name: str
    label: str
    search_space: Mapping[str, Dimension]
    allowed: Mapping[str, Allowed]
    defaults: Parameters
    fit: FitT = field(repr=False)
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
        tol=ELASTIC_NET_TOLERANCE,
        max_iter=ELASTIC_NET_STEPS,
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
        max_features=float(parameters["predictor_share"]),  # scikit-learn takes a whole 1 for one predictor
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


# Waves that stand for the Gaussian kernel of a support vector machine. On SUPPORT 300 rank like the exact kernel
# (correlation .99, the same AUC to .002); more add time and size.
WAVES = 400


def _fit_support_vector_machine(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.svm import SVC

    frequencies = _orthogonal_directions(columns.shape[1], np.random.default_rng(seed))
    frequencies *= np.sqrt(2.0 * parameters["kernel_width"])
    if weights is not None:  # libsvm leaves out rows of no weight and then numbers the support vectors without them
        columns, outcome, weights = (array[weights > 0] for array in (columns, outcome, weights))
    angles = columns @ frequencies.T
    waves = np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(WAVES)
    learner = SVC(C=parameters["cost"], kernel="precomputed", cache_size=100, random_state=seed)
    learner.fit(waves @ waves.T, outcome.astype(np.int64), sample_weight=weights)
    # Linear in the waves, so that the support vectors fold into one weight a wave and no patient is kept.
    folded = learner.dual_coef_[0] @ waves[learner.support_] / np.sqrt(WAVES)
    return KernelScorer(
        frequencies=frequencies,
        cosines=folded[:WAVES].copy(),
        sines=folded[WAVES:].copy(),
        intercept=float(learner.intercept_[0]),
    )


def _orthogonal_directions(width: int, draw: np.random.Generator) -> FloatArray:
    """Draw `WAVES` directions, shape (WAVES, width), orthogonal within blocks and as long as normal vectors are."""
    blocks: list[FloatArray] = []
    for _ in range(0, WAVES, width):
        orthogonal, _ = np.linalg.qr(draw.normal(size=(width, width)))
        blocks.append(orthogonal * np.sqrt(draw.chisquare(width, size=(width, 1))))
    return np.vstack(blocks)[:WAVES]


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


# A penalty or a kernel's width beyond these ends gives the fit of the end, or none that converges.
PENALTY = Interval(1e-6, 1e6)
# More than nothing: of a thousandth nothing is left in cohorts of the size this is made for.
SHARE = Interval(0.001, 1.0)
RATE = Interval(1e-6, 1.0)
# The upper ends of counts lie far beyond use: they catch a misprint before it costs hours.
ROUNDS = Interval(1, 10_000, whole=True)

FAMILIES: Mapping[str, Family[Fit]] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="baseline",
                label="Baseline",
                search_space={"inverse_penalty": Range(0.01, 100.0, log=True)},
                allowed={"inverse_penalty": PENALTY},
                defaults={"inverse_penalty": 1.0},
                fit=_fit_baseline,
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
                allowed={
                    "inverse_penalty": PENALTY,
                    "l1_ratio": Interval(0.0, 1.0),
                    "knots": Choice((0, *KNOT_QUANTILES)),
                },
                defaults={"inverse_penalty": 0.1, "l1_ratio": 0.5, "knots": 3},
                fit=_fit_elastic_net,
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
                allowed={
                    "trees": ROUNDS,
                    "smallest_leaf": Interval(1, 1_000_000, whole=True),
                    "predictor_share": SHARE,
                },
                defaults={"trees": 150, "smallest_leaf": 5, "predictor_share": 0.25},
                fit=_fit_random_forest,
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
                allowed={
                    "learning_rate": RATE,
                    "rounds": ROUNDS,
                    "depth": Interval(1, 20, whole=True),
                    "smallest_child_weight": Interval(0.0, 1e6),
                    "patient_share": SHARE,
                    "predictor_share": SHARE,
                    "l2_penalty": Interval(0.0, 1e6),
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
                # The solver's steps grow with the cost, without an end.
                allowed={"cost": Interval(1e-6, 1e4), "kernel_width": PENALTY},
                defaults={"cost": 0.5, "kernel_width": 0.005},
                fit=_fit_support_vector_machine,
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
                allowed={
                    "units": Interval(1, 1_000, whole=True),
                    "l2_penalty": Interval(0.0, 1e6),
                    "learning_rate": RATE,
                    "epochs": ROUNDS,
                },
                defaults={"units": 16, "l2_penalty": 3.0, "learning_rate": 0.005, "epochs": 60},
                fit=_fit_neural_network,
                explained_by="permutation contributions",
                cost=2.5,
            ),
        )
    }
)
