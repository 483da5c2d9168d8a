"""Net benefit over 99 thresholds: one sort beside one pass over the patients a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from peer_process import PeerProcess, missing_dcurves, python_peer, write_columns
from protocol import Benchmark
from synthetic import outcome_and_risk

from spinecast.statistics import decision_curve

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
PATIENTS, MILLION = 100_000, 1_000_000
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


@dataclass(frozen=True)
class Million:
    outcome: FloatArray
    risk: FloatArray
    peer: PeerProcess


def setup_million(small: bool) -> Million:
    outcome, risk = outcome_and_risk(2_000 if small else MILLION, seed=10)
    peer = python_peer("decision_curve.py", write_columns(outcome, risk), len(THRESHOLDS))
    return Million(outcome, risk, peer)


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
    Benchmark(
        name="decision_curve_million",
        peer_name="dcurves.dca (Python)",
        what=f"net benefit at 99 thresholds, n = {MILLION:,}; ours with 95 % limits, the peer with other rates",
        setup=setup_million,
        ours=lambda million: ours((million.outcome, million.risk)),
        peer=lambda million: million.peer(),
        agree=agree,
        missing=missing_dcurves,
        peer_versions=lambda million, _: million.peer.versions,
        cleanup=lambda million: million.peer.close(),
        aim={"seconds_at_most": 1},
        repeats=3,
    ),
)
