"""Simulated out-of-fold predictions."""

import numpy as np
import pytest
from scipy.special import expit

from spinecast.validation import CohortIdentity, OutcomeLabel, Predictions

OUTCOME = OutcomeLabel("Death within 90 days", "Dead by day 90")
COHORT = CohortIdentity("simulated", "synthetic", "0" * 64)


@pytest.fixture
def predictions() -> Predictions:
    generator = np.random.default_rng(1)
    risk = expit(generator.normal(-0.5, 1.1, 300))
    outcome = (generator.random(300) < risk).astype(float)
    return Predictions(risk, outcome, None, np.arange(300) % 5, "out-of-fold")


@pytest.fixture
def settings() -> dict[str, object]:
    return {
        "model": "m-1",
        "label": "Log-odds ensemble",
        "outcome": OUTCOME,
        "cohort": COHORT,
        "thresholds": [0.1, 0.3, 0.999999],
        "decision_range": (0.05, 0.95),
        "bootstrap": 10,
        "seed": 5,
    }
