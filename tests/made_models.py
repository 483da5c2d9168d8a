"""Small fitted models of simulated patients, for tests of what stands on a model. Nobody in them exists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable
from spinecast.models.catalogue import FAMILIES
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.encoding import Encoder
from spinecast.models.extras import is_installed
from spinecast.models.imputation import Imputation
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import Member, Part, PrognosisModel, development_marginals

FloatArray = NDArray[np.float64]

PREDICTORS = ("age", "creatinine", "albumin", "sodium", "sex", "tumour_group", "diabetes", "income_band")
# Smaller than the families' defaults, so that a test takes no longer than it needs.
SMALL: dict[str, dict[str, float | int]] = {
    "random_forest": {"trees": 15},
    "xgboost": {"rounds": 25, "learning_rate": 0.1},
    "neural_network": {"units": 6, "epochs": 20, "learning_rate": 0.01},
    "support_vector_machine": {"kernel_width": 0.02},
    "gaussian_process": {"kernel_width": 0.02},
    "gradient_boosting": {"rounds": 25, "learning_rate": 0.1},
    "lightgbm": {"rounds": 25, "learning_rate": 0.1},
    "catboost": {"rounds": 25, "learning_rate": 0.2},
}
# Every family whose library is here: those of extras may be absent.
FITTED = tuple(family for family in FAMILIES if is_installed(family))


def variables(names: Sequence[str] = PREDICTORS) -> list[Variable]:
    return [variable(name) for name in names]


def schema(names: Sequence[str] = PREDICTORS) -> PredictorSchema:
    return PredictorSchema.from_variables(variables(names))


def patients(count: int = 240, seed: int = 0, missing: float = 0.12) -> tuple[FloatArray, FloatArray]:
    """Predictor values, shape (count, 8), and outcomes that age, creatinine, albumin and tumour group drive."""
    draw = np.random.default_rng(seed)
    matrix = np.column_stack(
        [
            draw.normal(62, 11, count),
            draw.lognormal(0.1, 0.5, count),
            draw.normal(3.3, 0.6, count),
            draw.normal(137, 4, count),
            draw.integers(0, 2, count).astype(float),
            draw.integers(0, 3, count).astype(float),
            (draw.random(count) < 0.2).astype(float),
            draw.integers(0, 4, count).astype(float),
        ]
    )
    lean = (
        0.05 * (matrix[:, 0] - 62)
        + 1.2 * np.log(matrix[:, 1])
        - 1.6 * (matrix[:, 2] - 3.3)
        + 0.9 * (matrix[:, 5] == 0)
        - 0.4
    )
    outcome = (draw.random(count) < expit(lean)).astype(float)
    holes = draw.random(matrix.shape) < missing
    holes[:, [0, 4]] = False  # age and sex are always known
    matrix[holes] = np.nan
    return matrix, outcome


def parameters(family: str) -> dict[str, float | int]:
    return dict(FAMILIES[family].defaults) | SMALL.get(family, {})


def fit_member(
    family: str,
    matrix: FloatArray,
    outcome: FloatArray,
    *,
    names: Sequence[str] = PREDICTORS,
    imputation: str | None = None,
    seed: int = 0,
) -> Member:
    """Fit one member of a family on some rows."""
    settings = parameters(family)
    usual = "native" if family == "xgboost" else "median"
    how = Imputation(imputation or usual, iterations=1, trees=4)  # type: ignore[arg-type]
    encoder = fit_encoder(matrix, schema(names), how, knots=int(settings.get("knots", 0)), seed=seed)
    return Member(encoder, FAMILIES[family].fit(encoder.transform(matrix), outcome, None, settings, seed))


@cache
def model_of(*families: str, members: int = 3, imputation: str | None = None, seed: int = 0) -> PrognosisModel:
    """A prognosis model with one part a family, each leaving out every ``members``-th patient in turn."""
    matrix, outcome = patients()
    fold = np.arange(len(matrix)) % members
    parts = []
    for number, family in enumerate(families):
        names = ("age", "tumour_group") if family == "baseline" else PREDICTORS
        positions = np.array([PREDICTORS.index(name) for name in names], dtype=np.int64)
        fits = tuple(
            fit_member(
                family,
                matrix[fold != k][:, positions],
                outcome[fold != k],
                names=names,
                imputation=None if family in ("baseline", "xgboost") else imputation,
                seed=seed + k,
            )
            for k in range(members)
        )
        parts.append(
            Part(
                name=f"{family}_{number}",
                family=family,
                label=FAMILIES[family].label,
                positions=positions,
                intercept=0.1 * number - 0.2,
                slope=1.1,
                members=fits,
            )
        )
    return PrognosisModel(
        name="simulated_mortality",
        predictors=PREDICTORS,
        parts=tuple(parts),
        intercept=0.05,
        slope=0.97,
        marginals=development_marginals(matrix, schema().levels),
        about={
            "title": "Death in a simulated cohort",
            "outcome": {"label": "Death within 90 days"},
            "cohort": {"name": "simulated", "kind": "synthetic"},
        },
    )


def plain_encoder(columns: int) -> Encoder:
    """An encoding that changes nothing: every variable continuous and passed through."""
    names = tuple(f"v{k}" for k in range(columns))
    no = np.zeros(columns, dtype=bool)
    nothing = PredictorSchema(names, np.zeros(columns, dtype=np.int64), no, no)
    return fit_encoder(np.zeros((2, columns)), nothing, Imputation("native"))


def plain_model(members: Sequence[Member], marginals: FloatArray, *, family: str = "neural_network") -> PrognosisModel:
    """A model of one part whose log-odds are the mean score of its members."""
    names = tuple(f"v{k}" for k in range(len(marginals)))
    part = Part("part", family, "Part", np.arange(len(names), dtype=np.int64), 0.0, 1.0, tuple(members))
    return PrognosisModel("plain", names, (part,), 0.0, 1.0, marginals, {})


def assert_same_bits(left: NDArray[np.generic], right: NDArray[np.generic]) -> None:
    assert left.dtype == right.dtype
    assert left.shape == right.shape
    assert left.tobytes() == right.tobytes()
