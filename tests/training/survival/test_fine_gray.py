"""Fine and Gray's regression in the folds of a study: what it recovers, and what it does with columns that depend."""

from __future__ import annotations

import numpy as np
from made_models import schema
from made_survival import PREDICTORS, followed

from spinecast.statistics import Absent, fit_fine_gray, horizon_auc, horizon_observed_expected_ratio
from spinecast.training.resampling import nested_splits
from spinecast.training.survival.fine_gray import estimable_columns, fine_gray_out_of_fold, independent_columns


def test_columns_that_add_up_to_others_are_left_out_once() -> None:
    draw = np.random.default_rng(0)
    level = draw.integers(0, 3, 200)
    columns = np.column_stack([draw.normal(size=200), *(level == k for k in range(3)), np.ones(200)]).astype(float)
    kept = independent_columns(columns)
    assert len(kept) == 3
    assert 0 in kept
    assert 4 not in kept
    found = fit_fine_gray(draw.exponential(size=200), draw.integers(0, 3, 200), columns[:, kept])
    assert not isinstance(found, Absent)


def test_levels_without_events_are_taken_together_with_the_others() -> None:
    """A level in which nobody had the event orders the events without exception: alone it has no estimate."""
    draw = np.random.default_rng(1)
    rare = (np.arange(300) % 10 == 0).astype(float)
    columns = np.column_stack([draw.normal(size=300), rare, draw.integers(0, 2, 300)])
    cause = np.where(rare == 1, 0, draw.integers(0, 3, 300))
    assert estimable_columns(columns, cause == 1).tolist() == [0, 2]
    time = draw.exponential(size=300)
    assert isinstance(fit_fine_gray(time, cause, columns), Absent)
    assert not isinstance(fit_fine_gray(time, cause, columns[:, [0, 2]]), Absent)


def test_out_of_fold_incidences_are_those_of_a_fit_that_did_not_see_them() -> None:
    matrix, time, cause = followed(500, causes=2)
    splits = nested_splits(cause, None, outer_folds=3, inner_folds=2, seed=1)
    grid = np.array([10.0, 30.0, 90.0, 180.0, 365.0])
    days = [90.0, 365.0]
    risk = fine_gray_out_of_fold(matrix, schema(PREDICTORS), time, cause, splits, days, grid)
    assert isinstance(risk, np.ndarray)
    assert (risk[:, 0] <= risk[:, 1]).all()
    assert horizon_auc(time, cause, risk[:, 1], 365).estimate > 0.6  # type: ignore[union-attr]
    ratio = horizon_observed_expected_ratio(time, cause, risk[:, 1], 365)
    assert ratio.lower < 1.1  # type: ignore[union-attr]
    assert ratio.upper > 0.9  # type: ignore[union-attr]
    # A patient's own outcome does not move their own risk.
    test = splits[0].test
    other = cause.copy()
    other[test] = 0
    again = fine_gray_out_of_fold(matrix, schema(PREDICTORS), time, other, splits[:1], days, grid)
    assert isinstance(again, np.ndarray)
    np.testing.assert_array_equal(again[test], risk[test])
