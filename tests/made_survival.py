"""Small time-to-event models of simulated patients, for tests of what stands on one. Nobody in them exists."""

from __future__ import annotations

from functools import cache

import numpy as np
from made_models import PREDICTORS, patients, schema
from numpy.typing import NDArray

from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.correction import CurveCorrection
from spinecast.models.survival.model import SurvivalMember, SurvivalPart, TimeToEventModel
from spinecast.models.survival.time_grid import reference_position, time_grid

FloatArray = NDArray[np.float64]

HORIZONS = (30.0, 90.0, 365.0)
SMALL: dict[str, dict[str, float | int]] = {
    "random_survival_forest": {"trees": 8},
    "discrete_time_random_forest": {"trees": 8},
    "discrete_time_neural_network": {"units": 4, "epochs": 10, "learning_rate": 0.01},
    "discrete_time_xgboost": {"rounds": 20, "learning_rate": 0.1},
    **{
        name: {"rounds": 20, "learning_rate": 0.1}
        for name in ("boosted_cox", "boosted_aft_normal", "boosted_aft_logistic", "boosted_aft_extreme")
    },
}


def lean(matrix: FloatArray) -> FloatArray:
    """The log relative hazard that the simulated patients truly have."""
    known = np.where(np.isnan(matrix), [62, 1.1, 3.3, 137, 0, 1, 0, 1], matrix)
    return np.asarray(0.04 * (known[:, 0] - 62) + 0.8 * np.log(known[:, 1]) - 1.0 * (known[:, 2] - 3.3))


def followed(count: int = 300, seed: int = 0, causes: int = 1) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Predictor values, follow-up in whole days and what ended it; exponential times, about 1 a year."""
    matrix, _ = patients(count, seed)
    draw = np.random.default_rng(seed + 1)
    own = [draw.exponential(365 / np.exp(lean(matrix) * (1 if cause == 0 else -0.5))) for cause in range(causes)]
    censored = draw.uniform(200, 1500, count)
    first = np.argmin(own, axis=0)
    time = np.min([*own, censored], axis=0)
    event = np.where(censored < np.min(own, axis=0), 0, first + 1)
    return matrix, np.ceil(time), event.astype(float)


def parameters(family: str) -> dict[str, float | int]:
    return dict(SURVIVAL_FAMILIES[family].defaults) | SMALL.get(family, {})


def bent(grid: FloatArray, intercept: float, slope: float) -> CurveCorrection:
    """A correction with its intercept and slope on the last day, half as strong on the first."""
    share = np.linspace(0.5, 1, len(grid))
    return CurveCorrection.by_day(share * intercept, 1 + share * (slope - 1))


@cache
def survival_model_of(*families: str, members: int = 3, cause: int = 1, causes: int = 1) -> TimeToEventModel:
    """A time-to-event model with one part a family, each leaving out every ``members``-th patient in turn."""
    matrix, time, cause_of = followed(causes=causes)
    event = (cause_of == cause).astype(float)
    grid = time_grid(time, cause_of, HORIZONS, points=8)
    fold = np.arange(len(matrix)) % members
    parts = []
    for number, family in enumerate(families):
        native = family.startswith("boosted") or family.endswith("xgboost")
        settings = parameters(family)
        fits = []
        for k in range(members):
            rows = fold != k
            encoder = fit_encoder(
                matrix[rows],
                schema(),
                Imputation("native" if native else "median"),
                knots=int(settings.get("knots", 0)),
            )
            curves = SURVIVAL_FAMILIES[family].fit(
                encoder.transform(matrix[rows]), time[rows], event[rows], grid, settings, k
            )
            fits.append(SurvivalMember(encoder, curves))
        parts.append(
            SurvivalPart(
                name=f"{family}_{number}",
                family=family,
                label=SURVIVAL_FAMILIES[family].label,
                positions=np.arange(len(PREDICTORS), dtype=np.int64),
                correction=bent(grid, 0.1 * number - 0.1, 1.2 - 0.3 * number),
                members=tuple(fits),
            )
        )
    return TimeToEventModel(
        name="simulated_survival",
        predictors=PREDICTORS,
        parts=tuple(parts),
        correction=bent(grid, 0.05, 1.1),
        grid=grid,
        reference=reference_position(grid, time, event, HORIZONS[-1]),
        marginals=development_marginals(matrix, schema().levels),
        about={
            "title": "Survival in a simulated cohort",
            "outcome": {"kind": "time_to_event", "label": "Time to death", "horizons_days": [30, 90, 365]},
            "cohort": {"name": "simulated", "kind": "synthetic"},
        },
    )


@cache
def competing_model(family: str = "cox") -> CompetingRisksModel:
    """A model of two competing causes."""
    return CompetingRisksModel(
        causes=("local_progression", "death"),
        labels=("Local progression", "Death"),
        hazards=tuple(survival_model_of(family, cause=cause, causes=2) for cause in (1, 2)),
    )
