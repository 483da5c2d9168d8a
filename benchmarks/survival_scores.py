"""Censored follow-up: AUC and Brier score at a horizon beside riskRegression, concordance beside scikit-survival."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from peer_process import PeerProcess, missing_r, r_peer, write_columns
from protocol import Benchmark
from synthetic import censored_follow_up

from spinecast.statistics import Estimate, Measure, harrell_c, horizon_auc, horizon_brier, uno_c

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
PATIENTS = 10_000
# Between two days: someone censored on the very day of the horizon is known there to us and not to riskRegression.
HORIZON = 90.5


@dataclass(frozen=True)
class Followed:
    time: FloatArray
    event: FloatArray
    risk: FloatArray
    peer: PeerProcess | None


def setup(small: bool) -> Followed:
    time, event, risk = censored_follow_up(500 if small else PATIENTS, HORIZON, seed=16)
    # Untied: at a time that holds events and censored patients, scikit-survival weights by G(t), Uno's paper by G(t-).
    return Followed(time - np.random.default_rng(18).random(time.size), event, risk, None)


def setup_with_r(small: bool) -> Followed:
    columns = censored_follow_up(500 if small else PATIENTS, HORIZON, seed=16)
    return Followed(*columns, r_peer("survival_scores.R", write_columns(*columns), HORIZON))


def at_horizon(followed: Followed) -> FloatArray:
    """AUC and its standard error, Brier score and its standard error."""
    arguments = followed.time, followed.event, followed.risk, HORIZON
    return np.array([number for found in (horizon_auc, horizon_brier) for number in with_error(found(*arguments))])


def with_error(measure: Measure) -> tuple[float, float]:
    assert isinstance(measure, Estimate)
    assert measure.lower is not None
    assert measure.upper is not None
    return measure.estimate, (measure.upper - measure.lower) / (2 * 1.959963984540054)


def by_r(followed: Followed) -> FloatArray:
    assert followed.peer is not None
    return followed.peer()


def agree_at_horizon(followed: Followed, ours: FloatArray, peer: FloatArray) -> None:
    np.testing.assert_allclose(ours[[0, 2]], peer[[0, 2]], rtol=0, atol=1e-8)
    # Both are influence functions; they differ in divisors of n and n - 1 and in how ties of times enter them.
    np.testing.assert_allclose(ours[[1, 3]], peer[[1, 3]], rtol=20 / followed.time.size + 0.005)


def ranked(followed: Followed) -> FloatArray:
    found = (
        harrell_c(followed.time, followed.event, followed.risk),
        uno_c(followed.time, followed.event, followed.risk, HORIZON),
    )
    return np.array([number for one in found for number in with_error(one)])


def ranked_by_scikit_survival(followed: Followed) -> FloatArray:
    from sksurv.metrics import concordance_index_censored, concordance_index_ipcw
    from sksurv.util import Surv

    followed_up = Surv.from_arrays(followed.event == 1, followed.time)
    harrell = concordance_index_censored(followed.event == 1, followed.time, followed.risk)[0]
    uno = concordance_index_ipcw(followed_up, followed_up, followed.risk, tau=HORIZON)[0]
    return np.array([harrell, uno])


def agree_on_ranks(_: Followed, ours: FloatArray, peer: FloatArray) -> None:
    np.testing.assert_allclose(ours[[0, 2]], peer, rtol=0, atol=1e-9)


def missing_scikit_survival() -> str | None:
    return None if find_spec("sksurv") else "scikit-survival is not installed: pip install 'spinecast[survival]'"


BENCHMARKS = (
    Benchmark(
        name="survival_scores",
        peer_name='R riskRegression::Score(metrics = c("auc", "brier"), cens.model = "km")',
        what=f"AUC and Brier score at a horizon with standard errors, censored, n = {PATIENTS:,}",
        setup=setup_with_r,
        ours=at_horizon,
        peer=by_r,
        agree=agree_at_horizon,
        packages=("numpy", "scipy"),
        missing=lambda: missing_r("riskRegression"),
        peer_versions=lambda followed, _: followed.peer.versions,
        cleanup=lambda followed: followed.peer.close(),
        repeats=5,
    ),
    Benchmark(
        name="concordance",
        peer_name="scikit-survival concordance_index_censored and concordance_index_ipcw",
        what=f"Harrell's and Uno's C, n = {PATIENTS:,}; ours with 95 % limits",
        setup=setup,
        ours=ranked,
        peer=ranked_by_scikit_survival,
        agree=agree_on_ranks,
        packages=("numpy", "scikit-survival"),
        missing=missing_scikit_survival,
        repeats=3,
    ),
)
