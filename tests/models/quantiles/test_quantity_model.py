"""Quantile learners as data: what the libraries say, to the bit after storage, with coverage that holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from spinecast.errors import ArtifactError
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.loading import load_any_model
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.quantiles.artifact import load_quantity_model, save_quantity_model
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.quantiles.model import QuantilePart, QuantityModel, conformal_shifts
from spinecast.models.several_scorers import SeveralScorers

LEVELS = np.array([0.1, 0.5, 0.9])
SMALL: dict[str, Any] = {"rounds": 12}
NAMES = ("age", "hemoglobin")
SCHEMA = PredictorSchema(NAMES, np.zeros(2, dtype=np.int64), np.zeros(2, dtype=bool), np.zeros(2, dtype=bool))


def drawn(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A quantity whose spread grows with its second predictor."""
    generator = np.random.default_rng(seed)
    matrix = generator.normal(0, 1, (n, 2)) * [10, 1.8] + [60, 12]
    level = 6 + 0.03 * (matrix[:, 0] - 60)
    return matrix, level + np.exp(0.25 * (matrix[:, 1] - 12)) * 0.5 * generator.normal(0, 1, n)


def parameters(family: str) -> dict[str, Any]:
    defaults = dict(QUANTILE_FAMILIES[family].defaults)
    return defaults | {name: value for name, value in SMALL.items() if name in defaults}


def member(family: str, matrix: np.ndarray, values: np.ndarray) -> SeveralScorers:
    encoder = fit_encoder(matrix, SCHEMA, Imputation(), seed=1)
    columns = encoder.transform(matrix)
    fit = QUANTILE_FAMILIES[family].fit
    return SeveralScorers(encoder, tuple(fit(columns, values, float(at), parameters(family), 5) for at in LEVELS))


def model(*families: str) -> QuantityModel:
    matrix, values = drawn(160)
    half = np.arange(160) % 2 == 0
    parts = tuple(
        QuantilePart(
            name=family,
            family=family,
            label=QUANTILE_FAMILIES[family].label,
            positions=np.arange(2),
            members=tuple(member(family, matrix[rows], values[rows]) for rows in (half, ~half)),
        )
        for family in families
    )
    return QuantityModel(
        name="simulated_loss",
        predictors=NAMES,
        parts=parts,
        levels=LEVELS,
        shifts=np.array([-0.05, 0.01, 0.07]),
        scale="logarithm",
        marginals=development_marginals(matrix, [0, 0]),
        always_known=np.array([True, True]),
        about={"outcome": {"label": "Loss", "thresholds": [500.0], "unit": "mL"}, "cohort": {"kind": "synthetic"}},
    )


def test_a_boosted_sum_of_scikit_learn_is_one_forest() -> None:
    from sklearn.ensemble import GradientBoostingRegressor

    matrix, values = drawn(200)
    asked = parameters("boosted_quantile")
    scorer = QUANTILE_FAMILIES["boosted_quantile"].fit(matrix, values, 0.9, asked, 3)
    learner = GradientBoostingRegressor(
        loss="quantile",
        alpha=0.9,
        learning_rate=asked["learning_rate"],
        n_estimators=asked["rounds"],
        max_depth=asked["depth"],
        min_samples_leaf=asked["smallest_leaf"],
        subsample=asked["patient_share"],
        max_features=asked["predictor_share"],
        random_state=3,
    ).fit(matrix, values)
    np.testing.assert_allclose(scorer.score(matrix), learner.predict(matrix), rtol=0, atol=1e-12)


def test_linear_quantiles_reach_the_loss_of_statsmodels_when_nearly_unpenalised() -> None:
    from statsmodels.regression.quantile_regression import QuantReg

    from spinecast.statistics import pinball_losses

    matrix, values = drawn(150)
    columns = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    scorer = QUANTILE_FAMILIES["linear_quantile"].fit(columns, values, 0.75, {"penalty": 1e-9}, 0)
    design = np.column_stack([np.ones(150), columns])
    reference = design @ QuantReg(values, design).fit(q=0.75, p_tol=1e-9, max_iter=5000).params
    own, theirs = (
        pinball_losses(values, found[:, None], [0.75]).mean() for found in (scorer.score(columns), reference)
    )
    assert own == pytest.approx(theirs, rel=1e-5)


def test_xgboost_quantiles_are_the_booster_s_own() -> None:
    import xgboost

    matrix, values = drawn(200)
    scorer: Any = QUANTILE_FAMILIES["xgboost_quantile"].fit(matrix, values, 0.5, parameters("xgboost_quantile"), 3)
    booster = xgboost.Booster()
    booster.load_model(bytearray(scorer.ubjson))
    np.testing.assert_array_equal(scorer.score(matrix), booster.predict(xgboost.DMatrix(matrix)).astype(float))
    assert 0.4 < (values <= scorer.score(matrix)).mean() < 0.6


@pytest.mark.parametrize("families", [tuple(QUANTILE_FAMILIES), ("linear_quantile",)], ids=["all three", "one"])
def test_a_stored_model_gives_the_same_bits(families: tuple[str, ...], tmp_path: Path) -> None:
    saved = model(*families)
    identity = save_quantity_model(saved, tmp_path / "model")
    again, same = load_any_model(tmp_path / "model")
    assert isinstance(again, QuantityModel)
    assert same == identity == save_quantity_model(again, tmp_path / "copy")
    matrix = drawn(30, seed=9)[0]
    matrix[::3, 1] = np.nan
    assert again.distribution(matrix).values.tobytes() == saved.distribution(matrix).values.tobytes()
    alone = np.vstack([saved.distribution(row[None, :]).values for row in matrix])
    assert alone.tobytes() == saved.distribution(matrix).values.tobytes()


def test_an_altered_model_is_refused(tmp_path: Path) -> None:
    save_quantity_model(model("linear_quantile"), tmp_path / "model")
    described = tmp_path / "model" / "model.json"
    described.write_text(described.read_text().replace("logarithm", "as_measured"))
    with pytest.raises(ArtifactError, match=r"content differs from the manifest: model\.json"):
        load_quantity_model(tmp_path / "model")


def test_a_missing_input_that_was_always_known_widens_the_interval_and_another_does_not() -> None:
    saved = model("linear_quantile")
    patient = np.array([[75.0, 12.0]])
    unknown = np.array([[np.nan, 12.0]])
    plain, wider = saved.distribution(patient), saved.distribution(unknown)
    learned = replace(saved, always_known=np.array([False, True])).distribution(unknown)
    widths = [float(np.diff(one.interval(0.8), axis=0)[0, 0]) for one in (plain, wider, learned)]
    assert widths[1] > widths[2]
    np.testing.assert_allclose(wider.median(), learned.median())


def test_shifts_make_stated_coverage_hold_where_spread_varies() -> None:
    """Quantiles learned as if the spread were one and too small; 8,000 other patients judge the shifted ones."""
    matrix, values = drawn(8000, seed=2)
    wrong = (6 + 0.03 * (matrix[:, 0] - 60))[:, None] + 0.2 * norm.ppf(LEVELS)
    shifts = conformal_shifts(LEVELS, values, wrong)
    others, truth = drawn(8000, seed=3)
    served = (6 + 0.03 * (others[:, 0] - 60))[:, None] + 0.2 * norm.ppf(LEVELS) + shifts
    covered = ((truth >= served[:, 0]) & (truth <= served[:, 2])).mean()
    assert covered == pytest.approx(0.8, abs=0.02)
    np.testing.assert_allclose([(truth <= served[:, at]).mean() for at in range(3)], LEVELS, atol=0.02)


def test_a_shift_is_the_ordered_residual_the_theorem_names() -> None:
    values = np.arange(1.0, 10.0)
    shifts = conformal_shifts(np.array([0.1, 0.8]), values, np.zeros((9, 2)))
    # (9 + 1) * .9 = 9th of the mirrored residuals, that is the smallest; (9 + 1) * .8 = 8th smallest.
    np.testing.assert_array_equal(shifts, [1.0, 8.0])
