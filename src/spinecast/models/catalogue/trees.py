"""One tree, and many that vote: grown by scikit-learn, kept as plain arrays."""

from __future__ import annotations

import numpy as np

from spinecast.models.catalogue.family import (
    ROUNDS,
    SHARE,
    Family,
    Fit,
    FloatArray,
    Parameters,
    require_complete,
)
from spinecast.models.dimensions import Choice, Interval, Range
from spinecast.models.scorers import ForestScorer, Scorer
from spinecast.models.trees import forest_from_sklearn

__all__ = ["TREES"]


def _fit_decision_tree(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.tree import DecisionTreeClassifier

    require_complete(columns, "a decision tree")
    learner = DecisionTreeClassifier(
        max_depth=int(parameters["depth"]),
        min_samples_leaf=int(parameters["smallest_leaf"]),
        ccp_alpha=parameters["pruning"],
        random_state=seed,
    )
    learner.fit(columns, outcome.astype(np.int64), sample_weight=weights)
    return ForestScorer(forest=forest_from_sklearn([learner], slice(1, 2)))


def _fit_random_forest(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.ensemble import RandomForestClassifier

    require_complete(columns, "a random forest")
    learner = RandomForestClassifier(
        n_estimators=int(parameters["trees"]),
        min_samples_leaf=int(parameters["smallest_leaf"]),
        max_features=float(parameters["predictor_share"]),  # scikit-learn takes a whole 1 for one predictor
        random_state=seed,
        n_jobs=1,
    )
    learner.fit(columns, outcome.astype(np.int64), sample_weight=weights)
    return ForestScorer(forest=forest_from_sklearn(learner.estimators_, slice(1, 2)))


TREES: tuple[Family[Fit], ...] = (
    Family(
        name="decision_tree",
        label="Decision tree",
        search_space={
            "depth": Range(2, 6, whole=True),
            "smallest_leaf": Range(5, 80, log=True, whole=True),
            "pruning": Range(1e-5, 0.02, log=True),
        },
        allowed={
            "depth": Interval(1, 50, whole=True),
            "smallest_leaf": Interval(1, 1_000_000, whole=True),
            # Impurity per node of two classes is at most a half: a higher price prunes every split.
            "pruning": Interval(0.0, 0.5),
        },
        defaults={"depth": 4, "smallest_leaf": 20, "pruning": 0.0005},
        fit=_fit_decision_tree,
        explained_by="exact tree contributions",
        cost=0.1,
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
)
