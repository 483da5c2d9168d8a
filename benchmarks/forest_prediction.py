"""The same random forest, predicted from plain arrays and by the library that grew it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from protocol import Benchmark
from synthetic import correlated_columns, outcome_of

from spinecast.models.trees import Forest, forest_from_sklearn

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Grown:
    """One forest in two forms, and the rows to predict."""

    forest: Forest
    learner: Any
    rows: FloatArray


def setup(small: bool, rows: int) -> Grown:
    from sklearn.ensemble import RandomForestClassifier

    matrix = correlated_columns(300 if small else 1858, 25, seed=4)
    learner = RandomForestClassifier(
        n_estimators=20 if small else 150, min_samples_leaf=5, max_features=0.25, n_jobs=1, random_state=4
    )
    learner.fit(matrix, outcome_of(matrix, seed=5).astype(np.int64))
    return Grown(forest=forest_from_sklearn(learner.estimators_, slice(1, 2)), learner=learner, rows=matrix[:rows])


def ours(grown: Grown) -> FloatArray:
    return grown.forest.predict(grown.rows)[:, 0]


def peer(grown: Grown) -> FloatArray:
    return np.asarray(grown.learner.predict_proba(grown.rows)[:, 1])


def agree(_: Grown, ours: FloatArray, peer: FloatArray) -> None:
    np.testing.assert_allclose(ours, peer, rtol=0, atol=1e-12)


BENCHMARKS = tuple(
    Benchmark(
        name=f"forest_prediction_{label}",
        peer_name="scikit-learn RandomForestClassifier.predict_proba",
        what=f"predict {rows:,} x 25 with 150 trees, leaves of 5",
        setup=partial(setup, rows=rows),
        ours=ours,
        peer=peer,
        agree=agree,
        packages=("numpy", "scikit-learn"),
    )
    for label, rows in (("one", 1), ("table", 1858))
)
