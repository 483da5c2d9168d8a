"""Net benefit over 99 thresholds: one sort beside one confusion matrix a threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from protocol import Benchmark
from synthetic import outcome_and_risk

from spinecast.statistics import decision_curve

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
# At a million patients one run of the peer takes half a minute: too long for a benchmark run as a matter of course.
PATIENTS = 100_000
THRESHOLDS = np.arange(1, 100) / 100


def setup(small: bool) -> tuple[FloatArray, FloatArray]:
    return outcome_and_risk(2_000 if small else PATIENTS, seed=10)


def ours(data: tuple[FloatArray, FloatArray]) -> FloatArray:
    return np.array(decision_curve(*data, THRESHOLDS).net_benefit)


def peer(data: tuple[FloatArray, FloatArray]) -> FloatArray:
    from sklearn.metrics import confusion_matrix

    outcome, risk = data
    benefit = []
    for threshold in THRESHOLDS:
        (_, false_positive), (_, true_positive) = confusion_matrix(outcome, risk >= threshold)
        benefit.append((true_positive - false_positive * threshold / (1 - threshold)) / len(risk))
    return np.array(benefit)


def agree(_: object, ours: FloatArray, peer: FloatArray) -> None:
    np.testing.assert_allclose(ours, peer, rtol=0, atol=1e-12)


BENCHMARKS = (
    Benchmark(
        name="decision_curve",
        peer_name="scikit-learn confusion_matrix at each threshold",
        what="net benefit at 99 thresholds, n = 100,000; ours with 95 % limits",
        setup=setup,
        ours=ours,
        peer=peer,
        agree=agree,
        packages=("numpy", "scikit-learn"),
        repeats=3,
    ),
)
