"""Simulated patients that several statistics are tried on."""

import numpy as np
import pytest
from hypothesis import settings
from scipy.special import expit

# A deadline fails on a busy machine, not on a wrong number.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def patients() -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and rounded, hence tied, risks of 400 patients."""
    generator = np.random.default_rng(7)
    risk = expit(generator.normal(-0.4, 1.1, 400)).round(2).clip(0.01, 0.99)
    return (generator.random(400) < risk**1.2).astype(float), risk


@pytest.fixture
def weights() -> np.ndarray:
    """Case weights of the same patients; every tenth is 0."""
    drawn = np.random.default_rng(8).uniform(0.5, 2.5, 400)
    drawn[::10] = 0
    return drawn
