"""Image features in the encoding: one scale, no column for the scanner, and what an unknown scanner does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_selection import mutual_info_classif

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import batch_code
from spinecast.models.combat import POOLED, learn_combat
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.encoding import Encoder
from spinecast.models.feature_blocks import FeatureBlock, Reduction, kept_features
from spinecast.models.imputation import Imputation
from spinecast.models.predictor_schema import PredictorSchema

FloatArray = NDArray[np.float64]

NAMES = ("age", "sins_lesion", "ct.batch", "ct.f1", "ct.f2", "ct.f3")
FEATURES = ("ct.f1", "ct.f2", "ct.f3")
BLOCK = FeatureBlock("ct", FEATURES, batch="ct.batch", keep=("age", "sins_lesion"), fewest=5)
A, B, OTHER = batch_code("a"), batch_code("b"), batch_code("other")


def schema(block: FeatureBlock = BLOCK, names: tuple[str, ...] = NAMES) -> PredictorSchema:
    return PredictorSchema.from_variables([variable(name) for name in names], [block])


def imaged(count: int = 200, seed: int = 1) -> FloatArray:
    """Patients of two scanners; the second shifts and stretches every feature. Age shows in the first feature."""
    drawn = np.random.default_rng(seed)
    age, lesion = drawn.normal(63, 10, count), drawn.integers(0, 3, count).astype(np.float64)
    batch = np.where(drawn.random(count) < 0.6, A, B)
    features = drawn.normal(size=(count, 3)) + np.outer((age - 63) / 10, [1.0, 0.0, 0.0])
    features = np.where((batch == B)[:, None], 4 + 1.7 * features, features) * [1, 10, 0.1]
    return np.column_stack([age, lesion, batch, features])


def test_scanners_are_made_one_and_have_no_column() -> None:
    matrix = imaged()
    encoder = fit_encoder(matrix, schema(), Imputation("median"))
    assert NAMES.index("ct.batch") not in encoder.owner
    columns = encoder.transform(matrix)
    of_features = np.isin(encoder.owner, [3, 4, 5])
    apart = columns[matrix[:, 2] == A].mean(axis=0) - columns[matrix[:, 2] == B].mean(axis=0)
    assert np.abs(apart[of_features]).max() < 0.2
    # As it came, the second scanner is two standard deviations away.
    plain = fit_encoder(matrix, schema(replace(BLOCK, batch=None, keep=())), Imputation("median"))
    raw = plain.transform(matrix)
    assert NAMES.index("ct.batch") not in plain.owner
    assert np.abs(raw[matrix[:, 2] == A].mean(axis=0) - raw[matrix[:, 2] == B].mean(axis=0))[2:].min() > 1


def test_it_is_the_combat_of_the_training_rows_with_levels_as_indicators() -> None:
    matrix = imaged()
    encoder = fit_encoder(matrix[:120], schema(), Imputation("native"))
    lesion = matrix[:, 1]
    kept = np.column_stack([matrix[:, 0], lesion])  # ordinal: as a number
    known = learn_combat(matrix[:120, 3:], matrix[:120, 2], kept[:120])
    expected = known.adjust(matrix[:, 3:], matrix[:, 2], kept)
    np.testing.assert_allclose(encoder.harmonised(matrix)[:, 3:], expected, rtol=1e-12)


def test_what_was_harmonised_is_encoded_as_it_was() -> None:
    matrix = imaged()
    encoder = fit_encoder(matrix, schema(), Imputation("median"), knots=3)
    once = encoder.harmonised(matrix)
    assert (once[:, 2] == POOLED).all()
    assert np.array_equal(encoder.transform(once), encoder.transform(matrix))
    assert np.array_equal(encoder.harmonised(once), once)


@pytest.mark.parametrize("kind", ["median", "native", "forest"])
def test_it_comes_back_from_arrays_to_the_last_bit(kind: str) -> None:
    matrix = imaged(80)
    matrix[::5, 3:] = np.nan
    encoder = fit_encoder(matrix, schema(), Imputation(kind, iterations=1, trees=3))  # type: ignore[arg-type]
    again = Encoder.from_arrays(encoder.to_arrays())
    assert np.array_equal(again.transform(matrix), encoder.transform(matrix), equal_nan=True)
    alone = np.vstack([encoder.transform(matrix[[row]]) for row in range(6)])
    assert np.array_equal(alone, encoder.transform(matrix)[:6], equal_nan=True)


def test_features_of_an_unknown_scanner_are_missing_or_as_they_are() -> None:
    matrix = imaged()
    stranger = matrix[:4].copy()
    stranger[:2, 2], stranger[2, 2] = OTHER, np.nan
    missing = fit_encoder(matrix, schema(), Imputation("median")).harmonised(stranger)
    assert np.isnan(missing[:3, 3:]).all()
    assert (missing[:, 2] == POOLED).all()
    assert np.isfinite(missing[3]).all()
    as_they_are = fit_encoder(matrix, schema(replace(BLOCK, unseen="as_they_are")), Imputation("median"))
    assert np.array_equal(as_they_are.harmonised(stranger)[:3, 3:], stranger[:3, 3:])


def test_a_scanner_with_enough_patients_is_learned_without_changing_the_others() -> None:
    matrix, elsewhere = imaged(), imaged(60, seed=2)
    elsewhere[:, 3:] = elsewhere[:, 3:] * 3 + 20
    elsewhere[:, 2] = OTHER
    encoder = fit_encoder(matrix, schema(), Imputation("median"))
    assert np.isnan(encoder.knowing(elsewhere[:4]).harmonised(elsewhere[:4])[:, 3:]).all()
    knowing = encoder.knowing(elsewhere)
    assert np.array_equal(knowing.transform(matrix), encoder.transform(matrix))
    brought = knowing.transform(elsewhere)[:, np.isin(knowing.owner, [3, 4, 5])]
    assert np.abs(brought.mean(axis=0)).max() < 0.35
    assert np.abs(brought.std(axis=0) - 1).max() < 0.35


def test_an_image_that_was_not_made_has_one_indicator() -> None:
    matrix = imaged()
    matrix[:30, 2:] = np.nan
    encoder = fit_encoder(matrix, schema(), Imputation("median"))
    columns = encoder.transform(matrix)
    indicators = [column for column in range(columns.shape[1]) if len(np.unique(columns[:, column])) == 2]
    assert len(indicators) == 1
    assert encoder.owner[indicators[0]] == 3


def test_of_features_that_are_alike_the_one_more_like_others_goes() -> None:
    drawn = np.random.default_rng(4)
    first, second = drawn.normal(size=(2, 300))
    values = np.column_stack([first, first + 0.01 * drawn.normal(size=300), second, np.full(300, 2.0)])
    kept = kept_features(values, Reduction(0.9), None, measured_outcome=False, seed=0)
    assert kept.tolist() in ([True, False, True, False], [False, True, True, False])
    # Spearman: what an increasing function makes of a feature is the same feature.
    assert (
        kept_features(
            np.column_stack([first, np.exp(first)]), Reduction(0.9), None, measured_outcome=False, seed=0
        ).sum()
        == 1
    )


def test_the_most_informative_features_are_those_scikit_learn_finds() -> None:
    drawn = np.random.default_rng(5)
    values = drawn.normal(size=(400, 6))
    outcome = (values[:, 4] + 0.9 * values[:, 1] + 0.5 * drawn.normal(size=400) > 0).astype(np.float64)
    kept = kept_features(values, Reduction(most=2), outcome, measured_outcome=False, seed=3)
    informative = mutual_info_classif(values, outcome, random_state=3)
    assert set(np.flatnonzero(kept)) == set(np.argsort(-informative)[:2]) == {1, 4}
    with pytest.raises(ValueError, match="outcome"):
        kept_features(values, Reduction(most=2), None, measured_outcome=False, seed=3)
    number = values[:, 2] ** 2
    assert kept_features(values, Reduction(most=1), number, measured_outcome=True, seed=3).nonzero()[0].tolist() == [2]


def test_a_feature_s_information_is_that_of_the_patients_who_have_it() -> None:
    """Where nobody has all of them, each is judged by those who have it, and by hardly anybody not at all."""
    drawn = np.random.default_rng(6)
    values = drawn.normal(size=(300, 4))
    outcome = (values[:, 1] + 0.3 * drawn.normal(size=300) > 0).astype(np.float64)
    values[:150, 1] = values[150:, :1] = np.nan  # no patient has both
    values[3:, 3] = np.nan
    kept = kept_features(values, Reduction(most=1), outcome, measured_outcome=False, seed=3)
    assert kept.nonzero()[0].tolist() == [1]
    alone = [mutual_info_classif(values[150:, 1:2], outcome[150:], random_state=3)[0]]
    alone.append(mutual_info_classif(values[:150, :1], outcome[:150], random_state=3)[0])
    assert alone[0] > alone[1]
    for measured in (False, True):
        two = kept_features(values, Reduction(most=3), outcome, measured_outcome=measured, seed=3)
        assert two.nonzero()[0].tolist() == [0, 1, 2]


def test_a_candidate_without_the_scanner_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"harmonised with ct\.batch"):
        schema().select(("age", "sins_lesion", "ct.f1"))
    chosen, positions = schema().select(("age",))
    assert chosen.blocks == ()
    assert positions.tolist() == [0]
