"""Draws of missing values: exact regressions by an independent ridge, laws of known patients, and the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_models import PREDICTORS, assert_same_bits, patients, schema
from scipy.stats import norm

from spinecast.models.chained_imputation import ChainedImputer, fit_chained_imputer, normal_offsets
from spinecast.models.encoder_fitting import draw_missing_values, fit_drawn_encoders
from spinecast.models.encoding import Encoder
from spinecast.models.imputation import Imputation
from spinecast.models.member_arrays import arrays_from_bytes, arrays_to_bytes

AGE, ALBUMIN, SEX, TUMOUR, INCOME = (
    PREDICTORS.index(name) for name in ("age", "albumin", "sex", "tumour_group", "income_band")
)
CONTINUOUS, PLAIN = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=bool)
DRAWN = Imputation("multiple_imputation", iterations=2, draws=3)


def pairs(count: int, correlation: float, missing: float, seed: int = 1) -> np.ndarray:
    """Two standard normal columns, the second missing more often where the first is high."""
    draw = np.random.default_rng(seed)
    first = draw.normal(size=count)
    second = correlation * first + np.sqrt(1 - correlation**2) * draw.normal(size=count)
    second[draw.random(count) < 2 * missing * norm.cdf(first)] = np.nan
    return np.column_stack([first, second])


def fitted(matrix: np.ndarray, draws: int = 5) -> list[tuple[ChainedImputer, np.ndarray]]:
    offsets = normal_offsets(draws, CONTINUOUS, PLAIN)
    return [
        fit_chained_imputer(matrix, CONTINUOUS, PLAIN, np.zeros(2), own, rounds=5, seed=number)
        for number, own in enumerate(offsets)
    ]


def test_draws_have_the_conditional_law_of_the_value_they_stand_for() -> None:
    """Missing at random given the first column: mean and spread around it are those of the normal law it came from."""
    matrix = pairs(4000, 0.8, 0.3)
    asked = np.column_stack([np.array([-1.5, 0.0, 1.5]), np.full(3, np.nan)])
    drawn = np.stack([imputer.complete(asked)[:, 1] for imputer, _ in fitted(matrix)])
    assert drawn.mean(axis=0) == pytest.approx(0.8 * asked[:, 0], abs=0.06)
    assert drawn.std(axis=0) == pytest.approx(np.full(3, 0.6), abs=0.05)
    # Of the development patients each has noise of its own: as a whole they have the law of everybody.
    _, completed = fitted(matrix)[0]
    assert completed.std(axis=0) == pytest.approx(np.ones(2), abs=0.05)
    assert np.corrcoef(completed.T)[0, 1] == pytest.approx(0.8, abs=0.03)


def test_both_missing_come_out_as_correlated_as_they_are() -> None:
    matrix = pairs(4000, 0.7, 0.2)
    both = np.stack([imputer.complete(np.full((1, 2), np.nan))[0] for imputer, _ in fitted(matrix, draws=30)])
    assert both.std(axis=0) == pytest.approx(np.ones(2), abs=0.25)
    assert np.corrcoef(both.T)[0, 1] == pytest.approx(0.7, abs=0.2)


def test_offsets_are_standard_normal_in_every_column_and_pass() -> None:
    offsets = normal_offsets(7, np.array([0, 3, 2]), np.array([False, True, False]))
    assert offsets.shape == (7, 5, 4)  # three levels without an order are two columns
    assert offsets.mean(axis=0) == pytest.approx(np.zeros((5, 4)), abs=1e-12)
    assert offsets.std(axis=0) == pytest.approx(np.ones((5, 4)))
    orders = {column.tobytes() for column in np.moveaxis(offsets, 0, -1).reshape(-1, 7)}
    assert len(orders) > 15


def drawn_encoders(seed: int, count: int, missing: float, knots: int = 0) -> tuple[tuple[Encoder, np.ndarray], ...]:
    matrix, _ = patients(count, seed, missing)
    return encoders_of(matrix, knots, seed)


def encoders_of(matrix: np.ndarray, knots: int = 0, seed: int = 1) -> tuple[tuple[Encoder, np.ndarray], ...]:
    drawn = draw_missing_values(matrix, schema(), DRAWN, seed=seed)
    return fit_drawn_encoders(matrix, schema(), drawn, knots=knots)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.integers(12, 60), st.floats(0, 0.6), st.sampled_from([0, 3]))
def test_bytes_give_the_same_draws_back_alone_and_in_company(seed: int, count: int, missing: float, knots: int) -> None:
    other, _ = patients(20, seed + 1, 0.5)
    for encoder, _ in drawn_encoders(seed, count, missing, knots):
        again = Encoder.from_arrays(arrays_from_bytes(arrays_to_bytes(encoder.to_arrays())))
        together = encoder.transform(other)
        assert_same_bits(again.transform(other), together)
        assert np.isfinite(together).all()
        for row in range(len(other)):
            assert_same_bits(encoder.transform(other[row : row + 1])[0], together[row])


def test_what_is_known_stays_and_what_is_drawn_is_a_value() -> None:
    matrix, _ = patients()
    imputer = drawn_encoders(0, 240, 0.12)[0][0].imputer
    assert isinstance(imputer, ChainedImputer)
    completed = imputer.complete(matrix)
    known = ~np.isnan(matrix)
    assert np.array_equal(completed[known], matrix[known])
    assert set(np.unique(completed[:, TUMOUR])) <= {0.0, 1.0, 2.0}  # levels without an order are chosen among
    assert (completed[:, INCOME] >= 0).all()
    assert (completed[:, INCOME] <= 3).all()
    unlikely = np.nan_to_num(completed[~known[:, ALBUMIN], ALBUMIN])
    assert (unlikely >= np.nanmin(matrix[:, ALBUMIN])).all()
    assert (unlikely <= np.nanmax(matrix[:, ALBUMIN])).all()


def test_a_patient_may_lack_what_no_development_patient_lacked() -> None:
    matrix, _ = patients()
    assert not np.isnan(matrix[:, AGE]).any()
    old, young = matrix[:1].copy(), matrix[:1].copy()
    for row in (old, young):
        row[0, AGE] = np.nan
    encoders = drawn_encoders(0, 240, 0.12)
    values = [encoder.imputer.complete(old)[0, AGE] for encoder, _ in encoders if encoder.imputer]
    assert len({round(value, 6) for value in values}) == 3  # drawn, and not the median
    assert np.nanmin(matrix[:, AGE]) <= min(values) <= max(values) <= np.nanmax(matrix[:, AGE])


def test_nobody_has_it_or_everybody_has_the_same() -> None:
    matrix, _ = patients()
    matrix[:, ALBUMIN] = np.nan
    matrix[:, SEX] = np.where(np.arange(len(matrix)) < 20, np.nan, 1.0)
    for encoder, columns in encoders_of(matrix):
        assert np.isfinite(columns).all()
        assert np.isfinite(encoder.transform(matrix)).all()


def test_training_rows_are_standardised_as_drawn() -> None:
    for _, columns in drawn_encoders(3, 240, 0.2, knots=3):
        assert columns.mean(axis=0) == pytest.approx(np.zeros(columns.shape[1]), abs=1e-10)
        assert columns.std(axis=0) == pytest.approx(np.ones(columns.shape[1]))
