"""Small fitted models of simulated grades, for tests of what stands on a model. Nobody in them exists."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.ordinal.catalogue import ORDINAL_FAMILIES
from spinecast.models.ordinal.model import OrdinalModel, OrdinalPart
from spinecast.models.ordinal.thresholds import ThresholdLines, fit_threshold_lines
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.several_scorers import SeveralScorers

SMALL: dict[str, Any] = {"rounds": 8, "trees": 8, "epochs": 10}
NAMES = ("age", "hemoglobin")
SCHEMA = PredictorSchema(NAMES, np.zeros(2, dtype=np.int64), np.zeros(2, dtype=bool), np.zeros(2, dtype=bool))
LEVELS = [
    {"level": str(k), "label": f"{k}: words", "short": str(k), "reached": f"At least {k}" if k else "", "count": 40}
    for k in range(4)
]


def drawn(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Levels 0 to 3 that rise with the age and fall with the haemoglobin."""
    generator = np.random.default_rng(seed)
    matrix = generator.normal(0, 1, (n, 2)) * [10, 1.8] + [60, 12]
    latent = 0.12 * (matrix[:, 0] - 60) - 0.4 * (matrix[:, 1] - 12) + generator.logistic(size=n)
    return matrix, np.digitize(latent, [-1, 0.3, 1.6]).astype(np.intp)


def parameters(family: str) -> dict[str, Any]:
    defaults = dict(ORDINAL_FAMILIES[family].defaults)
    return defaults | {name: value for name, value in SMALL.items() if name in defaults}


def member(family: str, matrix: np.ndarray, levels: np.ndarray) -> SeveralScorers:
    encoder = fit_encoder(matrix, SCHEMA, Imputation(), seed=1)
    fit = ORDINAL_FAMILIES[family].fit
    return SeveralScorers(encoder, fit(encoder.transform(matrix), levels, 3, parameters(family), 5))


@cache
def ordinal_model(*families: str) -> OrdinalModel:
    matrix, levels = drawn(160)
    half = np.arange(160) % 2 == 0
    parts = []
    for family in families:
        members = tuple(member(family, matrix[rows], levels[rows]) for rows in (half, ~half))
        scores = np.mean([one.scores(one.encoder.transform(matrix)) for one in members], axis=0)
        parts.append(
            OrdinalPart(
                name=family,
                family=family,
                label=ORDINAL_FAMILIES[family].label,
                positions=np.arange(2),
                lines=fit_threshold_lines(levels, scores, 3),
                members=members,
            )
        )
    return OrdinalModel(
        name="simulated_levels",
        predictors=NAMES,
        parts=tuple(parts),
        lines=ThresholdLines(np.array([0.1, 0.0, -0.1]), np.array([1.1, 0.9, 1.0])),
        marginals=development_marginals(matrix, [0, 0]),
        about={
            "outcome": {"label": "Grade", "levels": LEVELS, "explained_threshold": 1},
            "cohort": {"kind": "synthetic"},
        },
    )
