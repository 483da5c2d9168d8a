"""A small neural network: fitted by scikit-learn, kept as its weights."""

from __future__ import annotations

import warnings

import numpy as np

from spinecast.models.catalogue.family import RATE, ROUNDS, Family, Fit, FloatArray, Parameters
from spinecast.models.dimensions import Interval, Range
from spinecast.models.scorers import NetworkScorer, Scorer

__all__ = ["NETWORKS"]


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


NETWORKS: tuple[Family[Fit], ...] = (
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
