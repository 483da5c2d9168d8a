"""Updating ordered levels: known distortions are found and undone, and the model holds the change exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import made_levels
import numpy as np
import pytest
from scipy.special import expit

from spinecast.cohorts.outcomes import LabelledLevels
from spinecast.errors import CohortError
from spinecast.explanation.ordinal_contributions import explain_threshold
from spinecast.models.loading import load_any_model, save_any_model
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.ordinal.thresholds import in_order
from spinecast.statistics import ThresholdMethod, ThresholdUpdate
from spinecast.validation.updating_ordinal import effective_patients, require_update_levels, update_levels

MODEL = made_levels.ordinal_model("proportional_odds")


def labelled(values: np.ndarray) -> LabelledLevels:
    return LabelledLevels(
        label="Grade",
        values=values.astype(np.intp),
        levels=("0", "1", "2", "3"),
        level_labels=("0: words", "1: words", "2: words", "3: words"),
        rows=np.arange(len(values)),
        attrition=(),
        short_labels=("0", "1", "2", "3"),
        reached_labels=("At least 1", "At least 2", "At least 3"),
    )


def elsewhere(
    count: int, *, shift: tuple[float, ...] = (0, 0, 0), slope: float = 1.0, seed: int = 6
) -> tuple[np.ndarray, LabelledLevels]:
    """Patients whose log-odds are a line of what the model says."""
    generator = np.random.default_rng(seed)
    matrix, _ = made_levels.drawn(count, seed=seed)
    truth = in_order(np.array(shift) + slope * MODEL.unordered(matrix))
    return matrix, labelled((generator.random((count, 1)) < expit(truth)).sum(axis=1))


@pytest.mark.parametrize(
    ("off", "method"),
    [
        ({}, "original"),
        ({"shift": (0.9, 0.9, 0.9)}, "common-intercept"),
        ({"shift": (1.4, 0.2, -0.6)}, "intercepts"),
        ({"slope": 0.45}, "intercepts-and-slope"),
    ],
)
def test_the_smallest_change_that_serves_is_found_and_undone(off: dict[str, object], method: str) -> None:
    matrix, levels = elsewhere(1200, **off)  # type: ignore[arg-type]
    found = update_levels(MODEL, matrix, levels, "closed-test")
    assert found.method == method
    if method == "original":
        assert found.model is MODEL
        return
    fresh, seen = elsewhere(3000, seed=9, **off)  # type: ignore[arg-type]
    before, after = (
        np.abs(one.reached(fresh).mean(axis=0) - [(seen.values >= k).mean() for k in (1, 2, 3)])
        for one in (MODEL, found.model)
    )
    assert after.max() < 0.05
    if method != "intercepts-and-slope":
        assert after.max() < before.max()
    assert set(found.numbers()) == {f"{part}_{level}" for part in ("intercept", "slope") for level in "123"}


def test_the_change_is_held_exactly_saved_and_explained(tmp_path: Path) -> None:
    matrix, levels = elsewhere(600, shift=(1.0, 0.0, -0.8), slope=0.6)
    found = update_levels(MODEL, matrix, levels, "lines")
    line = found.lines["lines"]
    assert isinstance(line, ThresholdUpdate)
    intercepts, slopes = (np.array([one.estimate for one in part]) for part in (line.intercepts, line.slopes))
    expected = in_order(intercepts + slopes * MODEL.unordered(matrix))
    np.testing.assert_allclose(found.model.log_odds(matrix), expected, atol=1e-12)
    save_any_model(found.model, tmp_path / "model")
    again, _ = load_any_model(tmp_path / "model")
    np.testing.assert_array_equal(again.log_odds(matrix), found.model.log_odds(matrix))  # type: ignore[union-attr]
    for threshold in range(3):
        why = explain_threshold(found.model, matrix[:20], threshold)
        total = why.base_value + why.values.sum(axis=1) + why.reordered
        np.testing.assert_allclose(total, why.served, atol=1e-6)


@pytest.mark.parametrize("method", get_args(ThresholdMethod))
def test_an_updated_model_updated_again_by_the_same_patients_stays_as_it_is(method: ThresholdMethod) -> None:
    matrix, levels = elsewhere(400, shift=(0.9, 0.2, -0.5), slope=0.7)
    once = update_levels(MODEL, matrix, levels, method)
    assert np.abs(once.model.lines.intercepts - MODEL.lines.intercepts).max() > 0.05
    again = update_levels(once.model, matrix, levels, method)
    numbers = again.numbers()
    for part, expected in (("intercept", 0), ("slope", 1)):
        found = [number for name, number in numbers.items() if name.startswith(part)]
        np.testing.assert_allclose(found, [expected] * 3, atol=1e-8)
    np.testing.assert_allclose(again.model.log_odds(matrix), once.model.log_odds(matrix), atol=1e-7)
    # Every other change can be fitted to it too: none is lost where there is nothing left to do.
    assert all(isinstance(line, ThresholdUpdate) for line in again.lines.values())
    if method == "lines":
        tested = update_levels(once.model, matrix, levels, "closed-test")
        assert tested.method == "original"


def test_what_a_missing_input_adds_moves_with_the_slope() -> None:
    variance, follows = np.array([[0.2, 0.2, 0.2], [0.5, 0.6, 0.7]]), np.zeros((2, 2), bool)
    measured = replace(MODEL, missing=MissingLoss(variance, follows, np.array([1.0]), np.array([1.0])))
    matrix, levels = elsewhere(900, slope=0.5)
    found = update_levels(measured, matrix, levels, "intercepts-and-slope")
    slope = found.numbers()["slope_1"]
    unknown = np.array([[60.0, np.nan]])
    before, after = measured.missing_variance(unknown), found.model.missing_variance(unknown)
    np.testing.assert_allclose(before[0], MODEL.lines.slopes**2 * variance[1])
    np.testing.assert_allclose(after, slope**2 * before)


def test_too_few_patients_are_refused_with_a_lesser_change() -> None:
    # n - sum(n_i^3) / n^2: of two halves three quarters, of a hundred levels nearly all.
    assert effective_patients((50, 50)) == pytest.approx(75)
    assert effective_patients((1,) * 100) == pytest.approx(99.99)
    few = labelled(np.repeat([0, 1, 2, 3], [12, 12, 12, 4]))
    with pytest.raises(CohortError, match="40 patients, worth 37; to estimate 6 parameters needs 60") as caught:
        require_update_levels(few, "closed-test")
    assert caught.value.remedy == "--method common-intercept needs fewer"
    lopsided = labelled(np.repeat([0, 1, 2, 3], [60, 60, 60, 4]))
    with pytest.raises(CohortError, match="“At least 3” holds for 4 of 184"):
        require_update_levels(lopsided, "intercepts")
    require_update_levels(lopsided, "common-intercept")
    with pytest.raises(CohortError, match="worth 4") as caught:
        require_update_levels(labelled(np.array([0, 1, 2, 3])), "common-intercept")
    assert "gather more patients" in str(caught.value.remedy)


def test_a_model_that_ranks_the_wrong_way_round_is_refused() -> None:
    matrix, levels = elsewhere(600, slope=-0.8)
    with pytest.raises(CohortError, match="ranks these patients the wrong way round: the slope of “At least 1” is -"):
        update_levels(MODEL, matrix, levels, "intercepts-and-slope")
