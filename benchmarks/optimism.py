"""Optimism of a logistic regression by bootstrap: all resamples at once beside ``rms::validate``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from peer_process import PeerProcess, missing_r, r_peer, write_columns
from protocol import Benchmark
from synthetic import correlated_columns, outcome_of

from spinecast.statistics import Absent, Estimate, optimism_corrected, resample_logistic_regression

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
PATIENTS, PREDICTORS, RESAMPLES = 2_500, 8, 500


@dataclass(frozen=True)
class Cohort:
    outcome: FloatArray
    covariates: FloatArray
    resamples: int
    peer: PeerProcess


def setup(small: bool) -> Cohort:
    covariates = correlated_columns(400 if small else PATIENTS, PREDICTORS, seed=21)
    # Weak effects, as prognosis has: what optimism is about.
    noise = np.random.default_rng(22).normal(scale=2, size=len(covariates))
    outcome = outcome_of(np.column_stack((covariates, noise)), seed=23)
    resamples = 100 if small else RESAMPLES
    peer = r_peer("optimism.R", write_columns(outcome, *covariates.T), PREDICTORS, resamples)
    return Cohort(outcome, covariates, resamples, peer)


def ours(cohort: Cohort) -> FloatArray:
    """Apparent AUC, and corrected AUC, slope and Brier score."""
    found = resample_logistic_regression(cohort.outcome, cohort.covariates, replicates=cohort.resamples, seed=1)
    assert not isinstance(found, Absent)
    corrected = [optimism_corrected(found[name]) for name in ("auc", "calibration_slope", "brier")]
    return np.array([found["auc"].apparent, *(one.estimate for one in corrected if isinstance(one, Estimate))])


def peer(cohort: Cohort) -> FloatArray:
    return cohort.peer()


def agree(cohort: Cohort, ours: FloatArray, peer: FloatArray) -> None:
    np.testing.assert_allclose(ours[0], peer[0], rtol=0, atol=1e-5)  # rms rounds ranks of the risks (Hmisc::somers2)
    # Two sets of random draws: these are the limits at 500 resamples of 2,500 patients, wider for a test's few.
    wider = np.sqrt(RESAMPLES / cohort.resamples * PATIENTS / cohort.outcome.size)
    assert (np.abs(ours - peer)[1:] <= wider * np.array([0.002, 0.01, 0.001])).all()


def facts(_: Cohort, ours: FloatArray, peer: FloatArray) -> dict[str, float]:
    return {"auc_difference": abs(ours[1] - peer[1]), "slope_difference": abs(ours[2] - peer[2])}


BENCHMARKS = (
    Benchmark(
        name="optimism_bootstrap",
        peer_name="R rms::validate of lrm",
        what=(
            f"optimism-corrected AUC, slope, R2, D, U, Q and Brier score, {RESAMPLES} resamples of {PATIENTS:,} x "
            f"{PREDICTORS}; ours also of patients left out (.632), the peer also the g-index"
        ),
        setup=setup,
        ours=ours,
        peer=peer,
        agree=agree,
        facts=facts,
        packages=("numpy", "scipy"),
        missing=lambda: missing_r("rms"),
        peer_versions=lambda cohort, _: cohort.peer.versions,
        cleanup=lambda cohort: cohort.peer.close(),
        aim={"ratio_at_least": 5},
        repeats=5,
    ),
)
