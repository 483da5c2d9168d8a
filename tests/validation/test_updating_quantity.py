"""Updating quantiles: known distortions are found and undone, and the model holds the change exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinecast.cohorts.outcomes import LabelledQuantity
from spinecast.errors import CohortError
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.loading import load_any_model, save_any_model
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.quantiles.model import QuantilePart, QuantityModel
from spinecast.models.several_scorers import SeveralScorers
from spinecast.validation.updating_quantity import update_quantity

LEVELS = np.array([0.1, 0.5, 0.9])
NAMES = ("age", "hemoglobin")


def drawn(count: int, seed: int, *, shift: float = 0.0, spread: float = 1.0) -> tuple[np.ndarray, LabelledQuantity]:
    """Log-normal losses; elsewhere they lie higher and wider."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(0, 1, (count, 2)) * [10, 1.8] + [60, 12]
    scaled = 6 + 0.03 * (matrix[:, 0] - 60) + shift + spread * 0.5 * draw.normal(0, 1, count)
    values = np.expm1(np.maximum(scaled, 0))
    return matrix, LabelledQuantity("Blood loss", "mL", values, np.arange(count), ())


@pytest.fixture(scope="module")
def model() -> QuantityModel:
    matrix, quantity = drawn(1500, 1)
    schema = PredictorSchema(NAMES, np.zeros(2, dtype=np.int64), np.zeros(2, dtype=bool), np.zeros(2, dtype=bool))
    encoder = fit_encoder(matrix, schema, Imputation(), seed=1)
    family = QUANTILE_FAMILIES["linear_quantile"]
    columns, scaled = encoder.transform(matrix), np.log1p(quantity.values)
    scorers = tuple(family.fit(columns, scaled, float(level), dict(family.defaults), 5) for level in LEVELS)
    part = QuantilePart("linear", "linear_quantile", family.label, np.arange(2), (SeveralScorers(encoder, scorers),))
    return QuantityModel(
        name="simulated_loss",
        predictors=NAMES,
        parts=(part,),
        levels=LEVELS,
        shifts=np.zeros(3),
        scale="logarithm",
        marginals=development_marginals(matrix, [0, 0]),
        always_known=np.array([True, True]),
        about={"outcome": {"label": "Loss", "thresholds": [500.0], "unit": "mL"}, "cohort": {"kind": "synthetic"}},
    )


def shares(model: QuantityModel, matrix: np.ndarray, quantity: LabelledQuantity) -> np.ndarray:
    """Share of patients below each quantile."""
    return np.asarray((quantity.values[:, None] <= model.distribution(matrix).quantiles()).mean(axis=0))


def test_a_shift_is_found_and_the_smallest_change_that_does_is_taken(model: QuantityModel) -> None:
    matrix, quantity = drawn(800, 2, shift=0.6)
    found = update_quantity(model, matrix, quantity, "closed-test", seed=1)
    assert found.method == "shift"
    assert found.numbers()["shift"] == pytest.approx(0.6, abs=0.08)
    assert found.steps is not None
    assert [step.smaller for step in found.steps] == ["original", "shift"]
    assert [step.keeps_smaller for step in found.steps] == [False, True]
    other, there = drawn(4000, 3, shift=0.6)
    np.testing.assert_allclose(shares(found.model, other, there), LEVELS, atol=0.04)


def test_a_wider_spread_needs_more_than_a_shift(model: QuantityModel) -> None:
    matrix, quantity = drawn(1500, 4, shift=0.3, spread=2.0)
    found = update_quantity(model, matrix, quantity, "closed-test", seed=1)
    assert found.method == "scale"
    assert found.numbers()["scale"] == pytest.approx(2, abs=0.25)
    other, there = drawn(4000, 5, shift=0.3, spread=2.0)
    np.testing.assert_allclose(shares(found.model, other, there), LEVELS, atol=0.04)
    at_home = update_quantity(model, *drawn(400, 6), "closed-test", seed=1)
    assert at_home.method == "original"
    assert at_home.model is model


@pytest.mark.parametrize("method", ["shift", "scale", "per-level"])
def test_the_model_holds_the_change_exactly_and_so_does_its_file(
    model: QuantityModel, method: str, tmp_path: Path
) -> None:
    matrix, quantity = drawn(300, 7, shift=0.4, spread=1.5)
    once = update_quantity(model, matrix, quantity, "scale", seed=1)  # a model that was updated before
    found = update_quantity(once.model, matrix, quantity, method, seed=1)  # type: ignore[arg-type]
    before, change = once.model.shifted(matrix), found.changes[method]
    median = before[:, [1]]
    expected = (
        before + np.array(change["shifts"])
        if "shifts" in change
        else change["shift"] + median + change["scale"] * (before - median)
    )
    np.testing.assert_allclose(found.model.shifted(matrix), expected, atol=1e-9)
    save_any_model(found.model, tmp_path / "model")
    loaded, _ = load_any_model(tmp_path / "model")
    assert isinstance(loaded, QuantityModel)
    np.testing.assert_array_equal(loaded.shifted(matrix), found.model.shifted(matrix))


def test_per_level_shifts_are_conformal_again(model: QuantityModel) -> None:
    matrix, quantity = drawn(199, 8, shift=0.5)
    found = update_quantity(model, matrix, quantity, "per-level", seed=1)
    below = (np.log1p(quantity.values)[:, None] <= found.model.shifted(matrix) + 1e-12).sum(axis=0)
    # ceil((n + 1) level) patients lie at or below an upper level, and the mirror image above a lower one.
    assert below[2] == int(np.ceil(200 * 0.9))
    assert 199 - below[0] in (int(np.ceil(200 * 0.9)), int(np.ceil(200 * 0.9)) - 1)


def test_groups_stay_in_one_fold_and_the_seed_decides(model: QuantityModel) -> None:
    matrix, quantity = drawn(300, 9, shift=0.2)
    groups = np.arange(300) // 10
    one, two, other = (
        update_quantity(model, matrix, quantity, "closed-test", groups=groups, seed=seed) for seed in (1, 1, 2)
    )
    assert one.to_dict() == two.to_dict()
    assert one.to_dict()["steps"] != other.to_dict()["steps"]


def test_too_few_patients_are_refused_with_the_lesser_way(model: QuantityModel) -> None:
    matrix, quantity = drawn(60, 10)
    with pytest.raises(CohortError, match="too few patients to update by per-level: 60; it needs 100") as told:
        update_quantity(model, matrix, quantity, "per-level", seed=1)
    assert told.value.remedy == "--method scale needs fewer"
    few = LabelledQuantity("Blood loss", "mL", quantity.values[:8], np.arange(8), ())
    with pytest.raises(CohortError, match="it needs 10") as told:
        update_quantity(model, matrix[:8], few, "shift", seed=1)
    assert told.value.remedy == "gather more patients"
    negative = LabelledQuantity("Blood loss", "mL", quantity.values - 1e6, np.arange(60), ())
    with pytest.raises(CohortError, match="has no logarithm"):
        update_quantity(model, matrix, negative, "shift", seed=1)
