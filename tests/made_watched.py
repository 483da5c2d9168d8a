"""Patients of two years in whom a model was asked, for tests of what watches it. Nobody in them exists."""

from __future__ import annotations

from dataclasses import replace

import made_models
import numpy as np

from spinecast.models.prognosis_model import PrognosisModel
from spinecast.validation.monitoring.watched import Watched

OUTCOME = {"kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": 90, "label": "Death"}


def a_model() -> PrognosisModel:
    made = made_models.model_of("elastic_net")
    return replace(made, about={**made.about, "outcome": OUTCOME})


def some_watched(
    count: int = 600, seed: int = 0, shift: float = 0.0, lost: float = 0.004, slope: float = 1.0
) -> Watched:
    """Patients of two years whose risks are right, but for a shift of the log-odds and their slope in the second."""
    draw = np.random.default_rng(seed)
    matrix, _ = made_models.patients(count, seed=seed)
    days = np.datetime64("2024-01-01", "D") + np.sort(draw.integers(0, 731, count)).astype("timedelta64[D]")
    risk = draw.uniform(0.05, 0.6, count)
    odds = np.log(risk / (1 - risk))
    middle = np.log(risk.mean() / (1 - risk.mean()))  # about as many die at any slope
    changed = middle + slope * (odds - middle) + shift
    odds = np.where(days >= np.datetime64("2025-01-01", "D"), changed, odds)
    dies = draw.random(count) < 1 / (1 + np.exp(-odds))
    death = np.where(dies, draw.integers(1, 91, count), 10_000)
    ends = np.ceil(draw.exponential(1 / lost, count))
    return Watched(
        predicted_on=days,
        risk=risk,
        inputs=matrix,
        predictors=made_models.PREDICTORS,
        time=np.minimum(death, ends).clip(max=400),
        state=(death <= ends).astype(np.float64),
        subjects=tuple(f"secret-{number}" for number in range(count)),
        source="a test",
    )
