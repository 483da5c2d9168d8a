"""Learners with a Gaussian kernel, written as a sum of random waves so that no patient stays in them."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from spinecast.models.catalogue.family import PENALTY, Family, Fit, FloatArray, Parameters
from spinecast.models.dimensions import Interval, Range
from spinecast.models.gaussian_process import GaussianProcessScorer
from spinecast.models.scorers import KernelScorer, Scorer

__all__ = ["KERNELS"]

# Waves that stand for the Gaussian kernel of a support vector machine. On SUPPORT 300 rank like the exact kernel
# (correlation .99, the same AUC to .002); more add time and size.
WAVES = 400


def _fit_support_vector_machine(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.svm import SVC

    frequencies = _orthogonal_directions(columns.shape[1], WAVES, np.random.default_rng(seed))
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


def _orthogonal_directions(width: int, waves: int, draw: np.random.Generator) -> FloatArray:
    """Draw directions, shape (waves, width), orthogonal within blocks and as long as normal vectors are."""
    blocks: list[FloatArray] = []
    for _ in range(0, waves, width):
        orthogonal, _ = np.linalg.qr(draw.normal(size=(width, width)))
        blocks.append(orthogonal * np.sqrt(draw.chisquare(width, size=(width, 1))))
    return np.vstack(blocks)[:waves]


# A Gaussian process inverts a matrix of twice this size at every step: on SUPPORT 200 waves rank like 400 (correlation
# .99, AUC .734 and .736 at the usual width) in a third of the time.
PROCESS_WAVES = 200
# Prior variance of the level, on the log-odds: wide enough that any event rate is as good as another.
LEVEL_VARIANCE = 25.0
# Directions in which the patients took away less than this share of the prior variance are left out: on SUPPORT no
# log-odds changed by more than .0002.
LEAST_KNOWN = 0.01


def _fit_gaussian_process(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.linear_model import LogisticRegression

    signal = float(parameters["signal_variance"])
    frequencies = _orthogonal_directions(columns.shape[1], PROCESS_WAVES, np.random.default_rng(seed))
    frequencies *= np.sqrt(2.0 * parameters["kernel_width"])
    angles = columns @ frequencies.T
    # Under a standard normal prior on the weights of these columns, the log-odds are a Gaussian process whose
    # covariance is the signal's variance times the kernel, plus the variance of the level.
    size = np.sqrt(signal / PROCESS_WAVES)
    waves = np.hstack(
        [size * np.cos(angles), size * np.sin(angles), np.full((len(columns), 1), np.sqrt(LEVEL_VARIANCE))]
    )
    learner = LogisticRegression(C=1.0, fit_intercept=False, solver="newton-cholesky", tol=1e-8, max_iter=200)
    learner.fit(waves, outcome.astype(np.int64), sample_weight=weights)
    mode = learner.coef_[0]
    risk = expit(waves @ mode)
    certainty = np.sqrt(risk * (1 - risk) * (1.0 if weights is None else weights))[:, None] * waves
    known, directions = np.linalg.eigh(certainty.T @ certainty)
    kept = known / (1 + known) > LEAST_KNOWN
    # By the matrix inversion lemma the posterior covariance is the identity less these directions.
    reduction = directions[:, kept] * np.sqrt(known[kept] / (1 + known[kept]))
    return GaussianProcessScorer(
        frequencies=frequencies,
        cosines=size * mode[:PROCESS_WAVES],
        sines=size * mode[PROCESS_WAVES:-1],
        intercept=float(np.sqrt(LEVEL_VARIANCE) * mode[-1]),
        prior_variance=signal + LEVEL_VARIANCE,
        cosine_reduction=size * reduction[:PROCESS_WAVES].T,
        sine_reduction=size * reduction[PROCESS_WAVES:-1].T,
        level_reduction=np.sqrt(LEVEL_VARIANCE) * reduction[-1],
    )


KERNELS: tuple[Family[Fit], ...] = (
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
        name="gaussian_process",
        label="Gaussian process",
        search_space={
            "signal_variance": Range(0.1, 30.0, log=True),
            "kernel_width": Range(0.0005, 0.05, log=True),
        },
        allowed={"signal_variance": Interval(1e-4, 1e4), "kernel_width": PENALTY},
        defaults={"signal_variance": 2.0, "kernel_width": 0.005},
        fit=_fit_gaussian_process,
        explained_by="permutation contributions",
        cost=1.5,
    ),
)
