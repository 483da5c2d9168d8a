"""ComBat against sva 3.46.0 (tests/reference/combat/make.R) and by what it must do whatever the patients."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spinecast.models.combat import POOLED, Combat, learn_combat

FloatArray = NDArray[np.float64]

REFERENCE = Path(__file__).parents[1] / "reference" / "combat"
MADE = pd.read_csv(REFERENCE / "features.csv")
EXPECTED = json.loads((REFERENCE / "expected.json").read_text(encoding="utf-8"))
VALUES = MADE[[f"f{number}" for number in range(1, 9)]].to_numpy()
BATCH = MADE["scanner"].map({"a": 1.0, "b": 2.0, "c": 3.0}).to_numpy()
KEPT = MADE[["age", "female"]].to_numpy(dtype=np.float64)
NOTHING = np.zeros((len(VALUES), 0))


@pytest.mark.parametrize(
    ("case", "kept", "settings_of"),
    [
        ("plain", NOTHING, {}),
        ("kept", KEPT, {}),
        ("reference_b", KEPT, {"reference": 2.0}),
        ("nonparametric", KEPT, {"parametric": False}),
    ],
)
def test_it_gives_what_sva_gives_once_that_has_converged(
    case: str, kept: FloatArray, settings_of: dict[str, float | bool]
) -> None:
    learned = learn_combat(VALUES, BATCH, kept, **settings_of)  # type: ignore[arg-type]
    np.testing.assert_allclose(learned.adjust(VALUES, BATCH, kept), EXPECTED[case], rtol=0, atol=1e-8)


def test_the_program_as_published_stops_a_little_early() -> None:
    learned = learn_combat(VALUES, BATCH)
    apart = np.abs(learned.adjust(VALUES, BATCH, NOTHING) - EXPECTED["stopped_early"]).max()
    assert 1e-8 < apart < 1e-4


def test_a_reference_batch_is_left_as_it_is() -> None:
    learned = learn_combat(VALUES, BATCH, KEPT, reference=2.0)
    adjusted = learned.adjust(VALUES, BATCH, KEPT)
    np.testing.assert_allclose(adjusted[BATCH == 2], VALUES[BATCH == 2], rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="reference"):
        learn_combat(VALUES, BATCH, reference=9.0)


def test_without_shrinking_every_batch_has_the_same_means_and_variances() -> None:
    learned = learn_combat(VALUES, BATCH, shrink=False)
    adjusted = learned.adjust(VALUES, BATCH, NOTHING)
    for moment in (lambda part: part.mean(axis=0), lambda part: part.var(axis=0, ddof=1)):
        first, *others = (moment(adjusted[code == BATCH]) for code in (1.0, 2.0, 3.0))
        for other in others:
            np.testing.assert_allclose(other, first, rtol=1e-9)


def test_shrinking_draws_batches_together_and_not_quite() -> None:
    adjusted = learn_combat(VALUES, BATCH).adjust(VALUES, BATCH, NOTHING)

    def apart(values: FloatArray) -> float:
        means = np.stack([values[code == BATCH].mean(axis=0) for code in (1.0, 2.0, 3.0)])
        return float((means.std(axis=0) / VALUES.std(axis=0)).mean())

    assert 0 < apart(adjusted) < 0.2 * apart(VALUES)


def test_what_is_kept_stays() -> None:
    """A covariate that differs between batches and moves a feature loses its effect unless it is named."""
    drawn = np.random.default_rng(3)
    batch = np.repeat([1.0, 2.0], 300)
    lytic = (drawn.random(600) < np.where(batch == 1, 0.8, 0.2)).astype(np.float64)[:, None]
    values = 2.0 * lytic + drawn.normal(size=(600, 5)) + np.where(batch == 2, 1.5, 0.0)[:, None]

    def effect(adjusted: FloatArray) -> float:
        return float((adjusted[lytic[:, 0] == 1] - adjusted[lytic[:, 0] == 0].mean(axis=0)).mean())

    kept = learn_combat(values, batch, lytic).adjust(values, batch, lytic)
    lost = learn_combat(values, batch).adjust(values, batch, np.zeros((600, 0)))
    assert effect(kept) == pytest.approx(2.0, abs=0.15)
    assert effect(lost) < 1.7


def test_one_batch_is_left_as_it_is() -> None:
    one = np.ones(len(VALUES))
    learned = learn_combat(VALUES, one, KEPT)
    np.testing.assert_allclose(learned.adjust(VALUES, one, KEPT), VALUES, rtol=0, atol=1e-9)
    assert learned.known(one).all()


def test_a_feature_that_does_not_vary_is_left_as_it_is() -> None:
    values = np.column_stack([VALUES, np.full(len(VALUES), 7.0)])
    adjusted = learn_combat(values, BATCH).adjust(values, BATCH, NOTHING)
    assert np.array_equal(adjusted[:, -1], values[:, -1])
    assert np.isfinite(adjusted).all()


def test_small_batches_and_unknown_ones_are_not_known() -> None:
    batch = BATCH.copy()
    batch[:3] = 9.0
    batch[3] = np.nan
    learned = learn_combat(VALUES, batch, fewest=5)
    assert learned.batches.tolist() == [1.0, 2.0, 3.0]
    assert learned.known(np.array([1.0, 9.0, np.nan, POOLED])).tolist() == [True, False, False, True]
    adjusted = learned.adjust(VALUES, batch, NOTHING)
    assert np.array_equal(adjusted[:4], VALUES[:4])


def test_values_on_the_common_scale_are_not_touched_again() -> None:
    learned = learn_combat(VALUES, BATCH)
    once = learned.adjust(VALUES, BATCH, NOTHING)
    assert np.array_equal(learned.adjust(once, np.full(len(once), POOLED), NOTHING), once)


def test_a_missing_value_is_no_value_and_changes_no_other_feature_before_shrinking() -> None:
    holes = VALUES.copy()
    holes[[0, 30, 50], 2] = np.nan
    learned, whole = learn_combat(holes, BATCH, shrink=False), learn_combat(VALUES, BATCH, shrink=False)
    adjusted = learned.adjust(holes, BATCH, NOTHING)
    assert np.isnan(adjusted[[0, 30, 50], 2]).all()
    others = [0, 1, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(adjusted[:, others], whole.adjust(VALUES, BATCH, NOTHING)[:, others], rtol=0, atol=1e-9)
    assert np.isfinite(adjusted[np.isfinite(holes)]).all()


def test_a_further_batch_is_learned_against_what_was_known() -> None:
    first = BATCH != 3
    learned = learn_combat(VALUES[first], BATCH[first])
    more = learned.with_batch(3.0, VALUES[~first], NOTHING[~first])
    assert more.batches.tolist() == [1.0, 2.0, 3.0]
    # Nothing known before changes.
    assert np.array_equal(
        more.adjust(VALUES[first], BATCH[first], NOTHING[first]),
        learned.adjust(VALUES[first], BATCH[first], NOTHING[first]),
    )
    brought = more.adjust(VALUES, BATCH, NOTHING)
    distance = np.abs(brought[~first].mean(axis=0) - brought[first].mean(axis=0)) / VALUES.std(axis=0)
    before = np.abs(VALUES[~first].mean(axis=0) - VALUES[first].mean(axis=0)) / VALUES.std(axis=0)
    assert distance.mean() < 0.25 * before.mean()


def test_it_is_arrays_and_comes_back_to_the_last_bit() -> None:
    learned = learn_combat(VALUES, BATCH, KEPT)
    again = Combat.from_arrays(learned.to_arrays())
    assert np.array_equal(again.adjust(VALUES, BATCH, KEPT), learned.adjust(VALUES, BATCH, KEPT))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(2, 6))
def test_neither_the_order_of_patients_nor_their_number_at_once_matters(seed: int, batches: int, features: int) -> None:
    drawn = np.random.default_rng(seed)
    batch = np.repeat(np.arange(1.0, batches + 1), 12)
    values = drawn.normal(drawn.normal(size=features), 1, size=(len(batch), features)) + batch[:, None]
    kept = drawn.normal(size=(len(batch), 1))
    learned = learn_combat(values, batch, kept)
    order = drawn.permutation(len(batch))
    shuffled = learn_combat(values[order], batch[order], kept[order])
    adjusted = learned.adjust(values, batch, kept)
    np.testing.assert_allclose(shuffled.adjust(values, batch, kept), adjusted, rtol=1e-9, atol=1e-9)
    alone = np.vstack([learned.adjust(values[[i]], batch[[i]], kept[[i]]) for i in range(5)])
    assert np.array_equal(alone, adjusted[:5])
