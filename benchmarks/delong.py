"""Two correlated AUCs: DeLong's paired test, one sort a score, beside pROC."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from peer_process import PeerProcess, missing_r, r_peer, write_columns
from protocol import Benchmark
from scipy.special import expit, logit
from synthetic import outcome_and_risk

from spinecast.statistics import Absent, compare_auc

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
PATIENTS = 100_000


@dataclass(frozen=True)
class Scored:
    outcome: FloatArray
    first: FloatArray
    second: FloatArray
    peer: PeerProcess


def setup(small: bool, begin: str) -> Scored:
    outcome, risk = outcome_and_risk(2_000 if small else PATIENTS, seed=14)
    noise = np.random.default_rng(15).normal(scale=0.2, size=risk.size)
    other = np.round(expit(logit(risk) + noise), 4)
    return Scored(outcome, risk, other, r_peer("delong.R", write_columns(outcome, risk, other), begin))


def ours(scored: Scored) -> FloatArray:
    """The two AUCs are not given: their difference, z and p."""
    found = compare_auc(scored.outcome, scored.first, scored.second)
    assert not isinstance(found, Absent)
    assert found.z is not None
    assert found.p_value is not None
    return np.array([found.difference.estimate, found.z, found.p_value])


def peer(scored: Scored) -> FloatArray:
    one, two, z, p_value = scored.peer()
    return np.array([one - two, z, p_value])


def agree(_: Scored, ours: FloatArray, peer: FloatArray) -> None:
    np.testing.assert_allclose(ours, peer, rtol=1e-8, atol=1e-8)


BENCHMARKS = tuple(
    Benchmark(
        name=f"delong_paired_{begin}",
        peer_name=f'R pROC::roc.test(paired = TRUE, method = "delong") from {begin}',
        what=f"paired DeLong test of two scores, n = {PATIENTS:,}; ours from the scores, the peer {says}",
        setup=partial(setup, begin=begin),
        ours=ours,
        peer=peer,
        agree=agree,
        packages=("numpy", "scipy"),
        missing=lambda: missing_r("pROC"),
        peer_versions=lambda scored, _: scored.peer.versions,
        cleanup=lambda scored: scored.peer.close(),
        aim={"ratio_at_least": 2} if begin == "scores" else {},  # from curves the peer has sorted before
        repeats=7,
    )
    for begin, says in (("scores", "too"), ("curves", "from ROC curves made beforehand"))
)
