"""The AUC with its interval: DeLong's variance beside a bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from protocol import Benchmark
from synthetic import outcome_and_risk

from spinecast.statistics import Estimate, auc

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
Interval = tuple[float, float, float]
RESAMPLES = 200


def setup(small: bool) -> tuple[FloatArray, FloatArray]:
    return outcome_and_risk(2_000 if small else 100_000, seed=8)


def ours(data: tuple[FloatArray, FloatArray]) -> Interval:
    found = auc(*data)
    assert isinstance(found, Estimate)
    assert found.lower is not None
    assert found.upper is not None
    return found.estimate, found.lower, found.upper


def peer(data: tuple[FloatArray, FloatArray]) -> Interval:
    from sklearn.metrics import roc_auc_score

    outcome, risk = data
    generator = np.random.default_rng(9)
    drawn = [
        roc_auc_score(outcome[rows], risk[rows])
        for rows in (generator.integers(0, len(risk), len(risk)) for _ in range(RESAMPLES))
    ]
    lower, upper = np.quantile(drawn, (0.025, 0.975))
    return float(roc_auc_score(outcome, risk)), float(lower), float(upper)


def agree(_: object, ours: Interval, peer: Interval) -> None:
    assert abs(ours[0] - peer[0]) <= 1e-12
    # An end of 200 resamples is itself known to a twentieth of the interval's width (one standard error).
    width = ours[2] - ours[1]
    assert abs(ours[1] - peer[1]) < 0.25 * width
    assert abs(ours[2] - peer[2]) < 0.25 * width


BENCHMARKS = (
    Benchmark(
        name="auc_interval",
        peer_name=f"scikit-learn roc_auc_score with {RESAMPLES} bootstrap resamples",
        what="AUC with a 95 % interval, n = 100,000",
        setup=setup,
        ours=ours,
        peer=peer,
        agree=agree,
        packages=("numpy", "scipy", "scikit-learn"),
        repeats=3,
    ),
)
