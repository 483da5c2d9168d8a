from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_models import PREDICTORS, assert_same_bits, patients, schema, variables

from spinecast.models.encoder_fitting import FEWEST_MISSING, WINSOR_QUANTILES, fit_encoder
from spinecast.models.encoding import Encoder
from spinecast.models.imputation import Imputation
from spinecast.models.member_arrays import arrays_from_bytes, arrays_to_bytes
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.statistics import knot_positions, restricted_cubic_terms

MEDIAN, NATIVE = Imputation("median"), Imputation("native")
FOREST = Imputation("forest", iterations=1, trees=3)
AGE, CREATININE, SEX, TUMOUR, INCOME = (
    PREDICTORS.index(name) for name in ("age", "creatinine", "sex", "tumour_group", "income_band")
)


def columns_of(encoder: Encoder, name: str) -> np.ndarray:
    return np.flatnonzero(encoder.owner == PREDICTORS.index(name))


def test_schema_is_read_off_the_dictionary() -> None:
    found = PredictorSchema.from_variables(variables())
    assert found.levels.tolist() == [0, 0, 0, 0, 2, 3, 2, 4]
    assert np.flatnonzero(found.nominal).tolist() == [TUMOUR]  # two levels need one column, ordered levels too
    assert np.flatnonzero(found.skewed).tolist() == [CREATININE]
    chosen, positions = found.select(["tumour_group", "age"])
    assert positions.tolist() == [TUMOUR, AGE]
    assert (chosen.names, chosen.levels.tolist(), chosen.nominal.tolist()) == (
        ("tumour_group", "age"),
        [3, 0],
        [True, False],
    )


tables = st.integers(0, 10_000).flatmap(
    lambda seed: st.tuples(st.just(seed), st.integers(12, 60), st.floats(0, 0.6), st.sampled_from([0, 3, 4, 5]))
)


@settings(max_examples=40)
@given(tables, st.sampled_from([MEDIAN, NATIVE, FOREST]))
def test_bytes_give_the_same_encoding_back(drawn: tuple[int, int, float, int], imputation: Imputation) -> None:
    seed, count, missing, knots = drawn
    matrix, _ = patients(count, seed, missing)
    encoder = fit_encoder(matrix, schema(), imputation, knots=knots, seed=seed)
    again = Encoder.from_arrays(arrays_from_bytes(arrays_to_bytes(encoder.to_arrays())))
    assert (again.native, again.imputer is None) == (encoder.native, encoder.imputer is None)
    assert_same_bits(again.transform(matrix), encoder.transform(matrix))
    other, _ = patients(30, seed + 1, 0.5)
    assert_same_bits(again.transform(other), encoder.transform(other))


@settings(max_examples=40)
@given(tables, st.sampled_from([MEDIAN, NATIVE]))
def test_each_column_has_the_owner_whose_value_moves_it(
    drawn: tuple[int, int, float, int], imputation: Imputation
) -> None:
    seed, count, missing, knots = drawn
    matrix, _ = patients(count, seed, missing)
    encoder = fit_encoder(matrix, schema(), imputation, knots=knots)
    before = encoder.transform(matrix)
    assert encoder.owner.shape == (before.shape[1],)
    assert set(encoder.owner) == set(range(len(PREDICTORS)))
    for variable in range(len(PREDICTORS)):
        changed = matrix.copy()
        changed[:, variable] = np.random.default_rng(seed).permutation(matrix[:, variable])
        after = encoder.transform(changed)
        moved = (before != after) & ~(np.isnan(before) & np.isnan(after))
        assert set(encoder.owner[moved.any(axis=0)]) <= {variable}


@pytest.mark.parametrize("imputation", [MEDIAN, NATIVE, FOREST], ids=lambda kind: kind.kind)
def test_a_patient_is_encoded_alone_as_in_company(imputation: Imputation) -> None:
    matrix, _ = patients()
    encoder = fit_encoder(matrix, schema(), imputation, knots=4)
    together = encoder.transform(matrix)
    for row in range(30):
        assert_same_bits(encoder.transform(matrix[row : row + 1])[0], together[row])
    assert_same_bits(encoder.transform(matrix[::-1])[::-1].copy(), together)


def test_training_columns_have_mean_zero_and_standard_deviation_one() -> None:
    matrix, _ = patients()
    for imputation in (MEDIAN, FOREST):
        columns = fit_encoder(matrix, schema(), imputation, knots=3).transform(matrix)
        assert columns.mean(axis=0) == pytest.approx(0, abs=1e-10)
        assert columns.std(axis=0) == pytest.approx(1)


def test_a_constant_column_is_zero_and_not_a_division_by_zero() -> None:
    matrix, _ = patients()
    matrix[:, SEX] = 1.0
    encoder = fit_encoder(matrix, schema(), MEDIAN)
    assert not encoder.transform(matrix)[:, columns_of(encoder, "sex")].any()


def test_a_missing_value_is_the_median_and_says_so() -> None:
    matrix, _ = patients()
    encoder = fit_encoder(matrix, schema(), MEDIAN)
    known, unknown = matrix[:1].copy(), matrix[:1].copy()
    albumin = PREDICTORS.index("albumin")
    known[0, albumin], unknown[0, albumin] = np.nanmedian(matrix[:, albumin]), np.nan
    value, indicator = columns_of(encoder, "albumin")
    before, after = encoder.transform(known)[0], encoder.transform(unknown)[0]
    assert after[value] == before[value]
    assert after[indicator] > 0 > before[indicator]
    complete = [PREDICTORS[j] for j in range(len(PREDICTORS)) if not np.isnan(matrix[:, j]).any()]
    assert complete == ["age", "sex"]
    assert [len(columns_of(encoder, name)) for name in complete] == [1, 1]


def test_a_missing_level_is_the_commonest_one() -> None:
    matrix, _ = patients()
    encoder = fit_encoder(matrix, schema(), MEDIAN)
    assert encoder.fill[INCOME] == np.bincount(matrix[~np.isnan(matrix[:, INCOME]), INCOME].astype(int)).argmax()


def test_values_beyond_the_training_quantiles_are_drawn_to_them() -> None:
    matrix, _ = patients()
    encoder = fit_encoder(matrix, schema(), MEDIAN, knots=3)
    row = np.repeat(matrix[:1], 4, axis=0)
    row[:, AGE] = [0, np.quantile(matrix[:, AGE], WINSOR_QUANTILES[0]), 119, np.quantile(matrix[:, AGE], 0.995)]
    columns = encoder.transform(row)[:, columns_of(encoder, "age")]
    np.testing.assert_allclose(columns[0], columns[1], rtol=1e-9)
    np.testing.assert_allclose(columns[2], columns[3], rtol=1e-9)
    assert columns[2, 0] > columns[0, 0]


def test_skewed_variables_are_seen_on_a_log_scale_with_splines_on_it() -> None:
    matrix, _ = patients()
    encoder = fit_encoder(matrix, schema(), MEDIAN, knots=3)
    own = matrix[:, CREATININE]
    typical = np.nanmedian(own)
    seen = np.log1p(np.where(np.isnan(own), typical, own) / typical)
    bounds = np.quantile(np.log1p(own[~np.isnan(own)] / typical), WINSOR_QUANTILES)
    knots = knot_positions(np.log1p(own[~np.isnan(own)] / typical), 3)
    assert knots is not None
    expected = np.column_stack([seen.clip(*bounds), restricted_cubic_terms(seen.clip(*bounds), knots)])
    expected = (expected - expected.mean(axis=0)) / expected.std(axis=0)
    found = encoder.transform(matrix)[:, columns_of(encoder, "creatinine")[:2]]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_native_keeps_what_is_missing_missing_and_the_rest_as_it_is() -> None:
    matrix, _ = patients()
    encoder = fit_encoder(matrix, schema(), NATIVE, knots=3)
    columns = encoder.transform(matrix)
    straight = [j for j in range(len(PREDICTORS)) if j != TUMOUR]
    np.testing.assert_array_equal(columns[:, : len(straight)], matrix[:, straight])
    levels = columns[:, columns_of(encoder, "tumour_group")]
    missing = np.isnan(matrix[:, TUMOUR])
    assert missing.any()
    assert np.isnan(levels[missing]).all()
    np.testing.assert_array_equal(levels[~missing].argmax(axis=1), matrix[~missing, TUMOUR])
    assert columns.shape[1] == len(straight) + 3


def test_a_variable_nobody_has_does_not_fail_and_says_nothing() -> None:
    matrix, _ = patients()
    matrix[:, AGE] = np.nan
    for imputation in (MEDIAN, FOREST):
        encoder = fit_encoder(matrix, schema(), imputation, knots=3)
        columns = encoder.transform(matrix)
        assert np.isfinite(columns).all()
        assert not columns[:, columns_of(encoder, "age")].any()


@pytest.mark.parametrize("imputation", [MEDIAN, NATIVE, FOREST])
@pytest.mark.parametrize("lacking", [0, FEWEST_MISSING - 1, FEWEST_MISSING])
def test_missingness_says_something_only_where_enough_training_patients_lacked_the_value(
    imputation: Imputation, lacking: int
) -> None:
    matrix, _ = patients(200, 5, 0.0)
    matrix[:lacking, AGE] = np.nan
    encoder = fit_encoder(matrix, schema(), imputation)
    unknown = matrix[-1:].copy()
    unknown[0, AGE] = np.nan
    typical = unknown.copy()
    typical[0, AGE] = np.nanmedian(matrix[:, AGE])
    says_something = not np.array_equal(encoder.transform(unknown), encoder.transform(typical), equal_nan=True)
    if imputation is not FOREST:  # a forest fills in what the other values make likely, not the median
        assert says_something == (lacking >= FEWEST_MISSING)
    assert len(columns_of(encoder, "age")) == 1 + (lacking >= FEWEST_MISSING and imputation is not NATIVE)
