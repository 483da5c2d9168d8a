"""Updating curves: a known distortion is found and undone, each cause by itself, and what is served stays explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_models import assert_same_bits
from made_survival import HORIZONS, competing_model, followed, survival_model_of

from spinecast.cohorts.outcomes import LabelledTimes
from spinecast.errors import CohortError
from spinecast.explanation.curve_contributions import explain_at
from spinecast.models.loading import load_any_model, save_any_model
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import TimeToEventModel
from spinecast.models.survival.time_grid import read_own
from spinecast.statistics import ClosedTest, HazardUpdate, closed_hazard_test
from spinecast.validation.updating_times import update_times


def labelled(time: np.ndarray, cause: np.ndarray, causes: tuple[str, ...] = ("present",)) -> LabelledTimes:
    words = tuple(one.replace("_", " ").capitalize() for one in causes)
    return LabelledTimes(
        "Time to it", time, cause.astype(np.intp), causes, words, np.arange(len(time)), (), tuple(HORIZONS)
    )


def elsewhere(count: int = 500, *, slower: float = 1.0, causes: int = 1) -> tuple[np.ndarray, LabelledTimes]:
    """Other patients, whose time runs `slower`."""
    matrix, time, cause = followed(count, 9, causes)
    names = ("present",) if causes == 1 else ("local_progression", "death")
    return matrix, labelled(np.ceil(time * slower), cause, names)


def test_the_change_is_the_same_on_every_day_and_what_was_fitted() -> None:
    model = survival_model_of("cox")
    matrix, times = elsewhere(slower=2.5)
    found = update_times(model, matrix, times, "level-and-slope")
    made, line = found.model, found.causes[0].lines["level-and-slope"]
    assert isinstance(made, TimeToEventModel)
    assert isinstance(line, HazardUpdate)
    assert found.numbers() == {"intercept": line.intercept.estimate, "slope": line.slope.estimate}
    index = model.corrected(matrix)[:, [model.reference]]
    expected = model.corrected(matrix) + line.intercept.estimate + (line.slope.estimate - 1) * index
    np.testing.assert_allclose(made.corrected(matrix), expected, atol=1e-9)
    assert line.intercept.upper is not None


def test_after_the_update_as_many_are_expected_as_happened_and_nothing_more_is_to_be_changed() -> None:
    model = survival_model_of("cox")
    matrix, times = elsewhere(slower=2.5)
    made = update_times(model, matrix, times, "level-and-slope").model
    assert isinstance(made, TimeToEventModel)
    happened = ((times.cause == 1) & (times.time <= made.last_day)).astype(float)
    hazard = np.exp(read_own(made.grid, made.log_hazards(matrix), np.minimum(times.time, made.last_day)))
    assert hazard.sum() == pytest.approx(happened.sum(), rel=1e-6)
    again = closed_hazard_test(happened, hazard, made.corrected(matrix)[:, made.reference])
    assert isinstance(again, ClosedTest)
    assert again.chosen == "original"
    assert again.steps[0].statistic == pytest.approx(0, abs=1e-6)


def test_the_closed_test_keeps_what_fits_and_changes_what_does_not() -> None:
    model = survival_model_of("cox")
    home = update_times(model, *elsewhere(), "level-and-slope").model
    kept = update_times(home, *elsewhere(), "closed-test")
    assert kept.method == "original"
    assert isinstance(kept.model, TimeToEventModel)
    assert kept.model is home
    assert kept.numbers() == {}
    far = update_times(model, *elsewhere(slower=4.0), "closed-test")
    assert far.method != "original"
    assert far.causes[0].lines["level"].to_dict()["intercept"]["upper"] < 0


def test_an_updated_model_is_stored_explained_and_updated_again_exactly(tmp_path: Path) -> None:
    matrix, times = elsewhere(slower=2.0)
    first = update_times(survival_model_of("cox"), matrix, times, "level-and-slope").model
    twice = update_times(first, *elsewhere(300, slower=0.7), "level-and-slope").model
    identity = save_any_model(twice, tmp_path / "model")
    loaded, again = load_any_model(tmp_path / "model")
    assert identity == again
    assert isinstance(loaded, TimeToEventModel)
    assert_same_bits(loaded.risk(matrix, [30, 200]), twice.risk(matrix, [30, 200]))
    found = explain_at(loaded, matrix[:20], 90.0)
    assert np.abs(found.residual).max() < 1e-6
    assert (np.diff(loaded.risk(matrix, [10.0, 50.0, 90.0, 200.0]), axis=1) >= 0).all()


def test_competing_causes_are_changed_each_by_itself_and_one_too_rare_keeps_its_hazard() -> None:
    model = competing_model()
    matrix, times = elsewhere(slower=3.0, causes=2)
    both = update_times(model, matrix, times, "level")
    assert [one.method for one in both.causes] == ["level", "level"]
    assert isinstance(both.model, CompetingRisksModel)
    assert set(both.numbers()) == {"intercept", "slope", "intercept_death", "slope_death"}
    rare = times.cause.copy()
    rare[np.flatnonzero(rare == 2)[8:]] = 0
    few = labelled(times.time, rare, times.causes)
    found = update_times(model, matrix, few, "closed-test")
    assert found.causes[1].method == "original"
    assert "needs 20" in str(found.causes[1].lines["level"].to_dict()["absent"])
    assert isinstance(found.model, CompetingRisksModel)
    assert found.model.hazards[1] is model.hazards[1]
    total = found.model.risks(matrix, [90.0, 365.0]).sum(axis=0)
    assert (total <= 1 + 1e-9).all()


def test_too_few_events_and_a_wrong_order_are_refused() -> None:
    model = survival_model_of("cox")
    matrix, times = elsewhere(40)
    few = labelled(times.time, np.where(np.cumsum(times.cause) <= 12, times.cause, 0))
    with pytest.raises(CohortError, match=r"too few events to update by level-and-slope: .* needs 20") as told:
        update_times(model, matrix, few, "level-and-slope")
    assert told.value.remedy == "--method level needs fewer"
    matrix, times = elsewhere()
    backwards = labelled(np.sort(times.time), np.ones(len(times)))
    order = np.argsort(model.risk(matrix, [90.0])[:, 0])
    with pytest.raises(CohortError, match="ranks these patients the wrong way round"):
        update_times(model, matrix[order], backwards, "level-and-slope")


def drawn_from(true: np.ndarray, grid: np.ndarray, seed: int) -> LabelledTimes:
    """Patients whose log cumulative hazards on the grid are given, followed to its last day; a fifth is lost before."""
    draw = np.random.default_rng(seed)
    reached = np.log(draw.exponential(size=len(true)))
    time = np.full(len(true), grid[-1])
    for row in range(len(true)):
        if reached[row] < true[row, 0]:
            time[row] = grid[0] * np.exp(reached[row] - true[row, 0])
        elif reached[row] < true[row, -1]:
            time[row] = np.exp(np.interp(reached[row], true[row], np.log(grid)))
    happened = reached < true[:, -1]
    lost = np.where(draw.random(len(true)) < 0.2, draw.uniform(grid[0], grid[-1], len(true)), np.inf)
    cause = np.where(happened & (time <= lost), 1, 0)
    return labelled(np.maximum(np.ceil(np.minimum(time, lost)), 1.0), cause)


def steeper_early(model: TimeToEventModel, matrix: np.ndarray) -> np.ndarray:
    """Curves whose spread is twice the model's early and less than it late: what one slope for all days cannot mend."""
    curves = model.log_hazards(matrix)
    days = np.log(model.grid)
    slope = np.interp(days, days[[0, -1]], [2.2, 0.6])
    return np.maximum.accumulate(curves.mean(axis=0) + 0.2 + slope * (curves - curves.mean(axis=0)), axis=1)


def test_a_spread_that_is_wrong_early_and_otherwise_wrong_late_is_found_and_mended_by_day(tmp_path: Path) -> None:
    model = survival_model_of("cox")
    matrix, _ = elsewhere(3000)
    true = steeper_early(model, matrix)
    found = update_times(model, matrix, drawn_from(true, model.grid, 4), "closed-test")
    assert found.method == "by-day"
    made = found.model
    assert isinstance(made, TimeToEventModel)
    lines = found.causes[0].by_day
    assert [one["slope"] for one in lines] == sorted((one["slope"] for one in lines), reverse=True)
    assert lines[0]["slope"] > lines[-1]["slope"] + 0.5
    assert found.numbers()[f"slope_{lines[0]['day']:g}"] == lines[0]["slope"]
    late = slice(int(np.flatnonzero(model.grid == lines[0]["day"])[0]), None)

    def off(one: TimeToEventModel) -> float:
        return float(np.abs(one.log_hazards(matrix) - true)[:, late].mean())

    by_one_line = update_times(model, matrix, drawn_from(true, model.grid, 4), "level-and-slope").model
    assert isinstance(by_one_line, TimeToEventModel)
    assert off(made) < 0.6 * off(by_one_line) < off(model)
    # What is served is what its two corrections say one after the other, and is kept and explained so.
    save_any_model(made, tmp_path / "model")
    loaded, _ = load_any_model(tmp_path / "model")
    assert isinstance(loaded, TimeToEventModel)
    assert_same_bits(loaded.risk(matrix[:50], [30, 200]), made.risk(matrix[:50], [30, 200]))
    assert np.abs(explain_at(loaded, matrix[:20], 90.0).residual).max() < 1e-6
    assert found.to_dict()["causes"][0]["by_day"] == [dict(one) for one in lines]


def test_lines_by_day_are_not_taken_where_one_line_fits_nor_with_few_events() -> None:
    model = survival_model_of("cox")
    matrix, _ = elsewhere(1500)
    curves = model.log_hazards(matrix)
    shifted = drawn_from(curves + 0.7, model.grid, 5)
    found = update_times(model, matrix, shifted, "closed-test")
    assert found.method == "level"
    tested = found.causes[0].closed_test
    assert isinstance(tested, ClosedTest)
    assert [(step.larger, step.degrees_of_freedom) for step in tested.steps] == [("by-day", 6), ("by-day", 5)]
    few = labelled(shifted.time, np.where(np.cumsum(shifted.cause) <= 50, shifted.cause, 0))
    tested = update_times(model, matrix, few, "closed-test").causes[0].closed_test
    assert isinstance(tested, ClosedTest)
    assert tested.steps[0].larger == "level-and-slope"
    with pytest.raises(CohortError, match=r"too few events to update by by-day: 50; to estimate 6 needs 60"):
        update_times(model, matrix, few, "by-day")
