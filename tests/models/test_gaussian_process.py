"""A Gaussian process of random waves against scikit-learn's, on the same waves and on the exact kernel."""

from __future__ import annotations

import numpy as np
import pytest
from made_models import assert_same_bits
from scipy.special import expit
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct

from spinecast.models.catalogue import FAMILIES, kernels
from spinecast.models.gaussian_process import GaussianProcessScorer

SETTINGS = {"signal_variance": 3.0, "kernel_width": 0.05}


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(2)
    columns = draw.normal(size=(220, 4))
    return columns, (draw.random(220) < expit(columns[:, 0] + columns[:, 1] * columns[:, 2] - 1)).astype(float)


@pytest.fixture(scope="module")
def scorer(table: tuple[np.ndarray, np.ndarray]) -> GaussianProcessScorer:
    found = FAMILIES["gaussian_process"].fit(*table, None, SETTINGS, 5)
    assert isinstance(found, GaussianProcessScorer)
    return found


def test_mean_and_variance_are_scikit_learns_on_the_same_waves(
    scorer: GaussianProcessScorer, table: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns, outcome = table
    shorter = FAMILIES["gaussian_process"].fit(columns[:180], outcome[:180], None, SETTINGS, 5)
    monkeypatch.setattr(kernels, "LEAST_KNOWN", 0.0)
    angles = columns @ scorer.frequencies.T
    size = np.sqrt(SETTINGS["signal_variance"] / kernels.PROCESS_WAVES)
    level = np.full((len(columns), 1), np.sqrt(kernels.LEVEL_VARIANCE))
    waves = np.hstack([size * np.cos(angles), size * np.sin(angles), level])
    reference = GaussianProcessClassifier(DotProduct(sigma_0=0.0, sigma_0_bounds="fixed"), optimizer=None)
    reference.fit(waves[:180], outcome[:180])
    found = FAMILIES["gaussian_process"].fit(columns[:180], outcome[:180], None, SETTINGS, 5)
    assert isinstance(found, GaussianProcessScorer)
    mean, variance = found.latent(columns)
    expected_mean, expected_variance = reference.latent_mean_and_variance(waves)
    np.testing.assert_allclose(mean, expected_mean, atol=2e-3)
    np.testing.assert_allclose(variance, expected_variance, atol=2e-3)
    np.testing.assert_allclose(shorter.score(columns), found.score(columns), atol=5e-3)
    np.testing.assert_allclose(expit(found.score(columns)), reference.predict_proba(waves)[:, 1], atol=0.01)


def test_risks_are_near_those_of_the_exact_kernel(table: tuple[np.ndarray, np.ndarray]) -> None:
    columns, outcome = table
    kernel = ConstantKernel(3.0, "fixed") * RBF(1 / np.sqrt(2 * 0.05), "fixed")
    exact = GaussianProcessClassifier(kernel + ConstantKernel(kernels.LEVEL_VARIANCE, "fixed"), optimizer=None)
    expected = exact.fit(columns[:160], outcome[:160]).predict_proba(columns[160:])[:, 1]
    risk = expit(FAMILIES["gaussian_process"].fit(columns[:160], outcome[:160], None, SETTINGS, 5).score(columns[160:]))
    assert np.corrcoef(risk, expected)[0, 1] > 0.98
    assert np.abs(risk - expected).max() < 0.1


def test_far_from_every_patient_the_risk_is_drawn_towards_even_odds(scorer: GaussianProcessScorer) -> None:
    near, far = np.zeros((1, 4)), np.full((1, 4), 40.0)
    near_variance, far_variance = scorer.latent(near)[1], scorer.latent(far)[1]
    assert far_variance > 4 * near_variance
    mean, _ = scorer.latent(far)
    assert np.abs(scorer.score(far)) < np.abs(mean)


def test_arrays_give_the_same_process_back(scorer: GaussianProcessScorer, table: tuple[np.ndarray, np.ndarray]) -> None:
    again = GaussianProcessScorer.from_arrays(scorer.to_arrays())
    assert_same_bits(again.score(table[0]), scorer.score(table[0]))
    assert_same_bits(again.latent(table[0])[1], scorer.latent(table[0])[1])
