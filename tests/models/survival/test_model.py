"""The served curve: never falling, the same at every horizon, its band, its median, its storage, its causes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_models import assert_same_bits, patients, schema
from made_survival import competing_model, survival_model_of

from spinecast.errors import ArtifactError, ContractError
from spinecast.models.artifact import load_model
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.model_folder import write_contents
from spinecast.models.prognosis_model import mean_in_order
from spinecast.models.survival.artifact import (
    load_competing_model,
    load_survival_model,
    save_competing_model,
    save_survival_model,
)
from spinecast.models.survival.competing import incidences
from spinecast.models.survival.correction import CurveCorrection, never_falling
from spinecast.models.survival.time_grid import median_days, read_at

FAMILIES = ("cox", "boosted_aft_logistic", "random_survival_forest", "discrete_time_xgboost")
GRID = np.array([7.0, 30.0, 90.0, 365.0, 730.0])
steps = arrays(np.float64, (3, 5), elements=st.floats(0, 4))


by_day = arrays(np.float64, (2, 5), elements=st.floats(0, 5))


@given(steps, by_day, st.lists(st.floats(0.5, 730), min_size=2))
def test_no_correction_makes_a_curve_fall_and_no_two_horizons_contradict(
    rises: np.ndarray, lines: np.ndarray, days: list[float]
) -> None:
    correction = CurveCorrection.by_day(lines[0] - 2, lines[1])
    curves = never_falling(correction.apply(-4 + np.cumsum(rises, axis=1), 0))
    asked = np.sort(np.array(days))
    read = read_at(GRID, asked).of(curves)
    assert (np.diff(read, axis=1) >= -1e-9).all()
    # One at a time and together are the same answer.
    alone = np.column_stack([read_at(GRID, [day]).of(curves)[:, 0] for day in asked])
    assert_same_bits(alone, read)
    assert_same_bits(read_at(GRID, GRID).of(curves), curves)


@given(st.integers(2, 4), st.data())
def test_incidences_never_fall_and_never_pass_one_in_sum(causes: int, data: st.DataObject) -> None:
    rises = data.draw(arrays(np.float64, (causes, 2, 5), elements=st.floats(0, 3)))
    days = np.sort(data.draw(arrays(np.float64, 6, elements=st.floats(0.5, 730))))
    log_hazards = -4 + np.cumsum(rises, axis=-1)
    found = incidences(GRID, log_hazards, days)
    free = np.exp(-np.exp(read_at(GRID, days).of(log_hazards)).sum(axis=0))
    assert (np.diff(found, axis=-1) >= -1e-9).all()
    assert (found >= -1e-12).all()
    np.testing.assert_allclose(found.sum(axis=0) + free, 1.0, atol=1e-9)


def test_incidences_of_constant_hazards_are_the_closed_form() -> None:
    """Two constant hazards a and b: F_1(t) = a / (a + b) * (1 - exp(-(a + b) t))."""
    a, b = 1 / 400, 1 / 900
    log_hazards = np.log(np.stack([a * GRID, b * GRID]))[:, None, :]
    days = np.array([3.0, 30.0, 45.0, 400.0, 730.0])
    expected = a / (a + b) * -np.expm1(-(a + b) * days)
    np.testing.assert_allclose(incidences(GRID, log_hazards, days)[0, 0], expected, rtol=1e-12)


def test_a_weibull_curve_is_read_exactly_between_the_days_and_at_its_median() -> None:
    log_hazards = (1.4 * (np.log(GRID) - np.log(200)))[None, :]
    days = np.array([30.0, 55.5, 200.0, 500.0])
    np.testing.assert_allclose(read_at(GRID, days).of(log_hazards)[0], 1.4 * np.log(days / 200), atol=1e-12)
    assert median_days(GRID, log_hazards)[0] == pytest.approx(200 * np.log(2) ** (1 / 1.4), rel=1e-12)
    assert np.isnan(median_days(GRID, log_hazards - 9)).all()
    early = median_days(GRID, log_hazards * 0 + 1.0)[0]
    assert read_at(GRID, [early]).of(log_hazards * 0 + 1.0)[0, 0] == pytest.approx(np.log(np.log(2)))


@pytest.mark.parametrize("day", [0.0, -1.0, 731.0, float("nan")])
def test_a_day_that_is_not_answered_is_refused_with_the_last_one_that_is(day: float) -> None:
    with pytest.raises(ContractError, match="up to 730"):
        read_at(GRID, [day])


def test_the_band_holds_the_curve_and_missing_inputs_widen_it() -> None:
    model = survival_model_of(*FAMILIES)
    matrix, _ = patients(20, seed=8, missing=0.0)
    days = model.grid
    risk = model.risk(matrix, days)
    lower, upper = model.interval(matrix, days)
    assert (lower <= risk + 1e-12).all()
    assert (risk <= upper + 1e-12).all()
    for limit in (lower, upper):
        assert (np.diff(limit, axis=1) >= 0).all()
    without = matrix.copy()
    without[:, model.predictors.index("albumin")] = np.nan
    width = np.subtract(*model.interval(without, days)[::-1]).mean() - (upper - lower).mean()
    assert width > 0.01
    np.testing.assert_allclose(model.survival(matrix, days), 1 - risk)


def test_a_patient_s_risk_is_the_same_bits_alone_or_among_many() -> None:
    model = survival_model_of(*FAMILIES)
    matrix, _ = patients(30, seed=8)
    together = model.risk(matrix, [30, 45, 365])
    limits = model.interval(matrix, [90])
    for row in (0, 11, 29):
        assert_same_bits(model.risk(matrix[row : row + 1], [30, 45, 365])[0], together[row])
        for one, many in zip(model.interval(matrix[row : row + 1], [90]), limits, strict=True):
            assert_same_bits(one[0], many[row])


def test_a_round_trip_is_exact_to_the_bit_and_an_altered_byte_is_refused(tmp_path: Path) -> None:
    model, (matrix, _) = survival_model_of(*FAMILIES), patients(25)
    identity = save_survival_model(model, tmp_path / "model")
    loaded, found = load_survival_model(tmp_path / "model")
    assert found == identity == save_survival_model(loaded, tmp_path / "again")
    assert_same_bits(loaded.log_hazards(matrix), model.log_hazards(matrix))
    assert_same_bits(loaded.median_days(matrix), model.median_days(matrix))
    for path in sorted(p for p in (tmp_path / "model").rglob("*") if p.is_file() and p.name != "manifest.json"):
        kept = path.read_bytes()
        altered = bytearray(kept)
        altered[len(altered) // 2] ^= 1
        path.write_bytes(bytes(altered))
        with pytest.raises(ArtifactError, match="not what its manifest says"):
            load_survival_model(tmp_path / "model")
        path.write_bytes(kept)
    with pytest.raises(ArtifactError, match="name a model of that kind"):
        load_model(tmp_path / "model")


def test_a_model_of_the_first_format_is_read_and_keeps_its_bits(tmp_path: Path) -> None:
    """Until decision 0026: one slope for all days, on the value at the reference day, and both in the description."""
    model, (matrix, _) = survival_model_of(*FAMILIES), patients(25)
    days, lines = len(model.grid), [(0.1 * number - 0.1, 1.2 - 0.3 * number) for number in range(len(FAMILIES))]
    save_survival_model(model, tmp_path / "new")
    kept = {
        file.relative_to(tmp_path / "new").as_posix(): file.read_bytes()
        for file in (tmp_path / "new").rglob("*")
        if file.is_file() and file.name not in ("manifest.json", "correction.npz")
    }
    described = json.loads(kept["model.json"]) | {"intercept": 0.05, "slope": 1.1}
    for part, (intercept, slope) in zip(described["parts"], lines, strict=True):
        part |= {"intercept": intercept, "slope": slope}
    kept["model.json"] = json.dumps(described).encode()
    write_contents(tmp_path / "old", kept, "spinecast time-to-event model", 1)
    loaded, _ = load_survival_model(tmp_path / "old")

    def corrected(curves: np.ndarray, intercept: float, slope: float) -> np.ndarray:
        return curves + intercept + (slope - 1) * curves[..., model.reference, None]

    plain = CurveCorrection.none(days)
    parts = [
        corrected(mean_in_order(replace(part, correction=plain).member_log_hazards(matrix, 0)), *line)
        for part, line in zip(model.parts, lines, strict=True)
    ]
    np.testing.assert_allclose(loaded.log_hazards(matrix), corrected(mean_in_order(np.stack(parts)), 0.05, 1.1))
    save_survival_model(loaded, tmp_path / "again")
    assert_same_bits(load_survival_model(tmp_path / "again")[0].log_hazards(matrix), loaded.log_hazards(matrix))


def test_what_is_known_of_missing_inputs_and_development_patients_is_stored(tmp_path: Path) -> None:
    plain, (matrix, _) = survival_model_of("cox"), patients(60)
    size, days = len(plain.predictors), len(plain.grid)
    missing = MissingLoss(np.full((size, days), 0.2), np.zeros((size, size), bool), np.ones(1), np.ones(1))
    known = learn_development_distribution(matrix, schema(), np.arange(60) % 5)
    model = replace(plain, missing=missing, development=known)
    save_survival_model(model, tmp_path / "one")
    loaded, _ = load_survival_model(tmp_path / "one")
    for limit, again in zip(model.interval(matrix, [90]), loaded.interval(matrix, [90]), strict=True):
        assert_same_bits(limit, again)
    assert loaded.development is not None
    assert_same_bits(loaded.development.distances(matrix).standardised, known.distances(matrix).standardised)
    several = replace(competing_model(), missing=missing, development=known)
    save_competing_model(several, tmp_path / "several")
    both, _ = load_competing_model(tmp_path / "several")
    assert both.hazards[0].missing is None
    assert_same_bits(both.interval(matrix, [90])[1], several.interval(matrix, [90])[1])
    assert (both.interval(matrix, [90])[1] != competing_model().interval(matrix, [90])[1]).any()


def test_nothing_of_a_patient_is_stored(tmp_path: Path) -> None:
    """The grid is whole days of quantiles, and no array is as long as the patients are many."""
    model = survival_model_of(*FAMILIES)
    save_survival_model(model, tmp_path / "model")
    for path in (tmp_path / "model").rglob("*.npz"):
        with np.load(path) as stored:
            assert all(200 not in stored[name].shape and 300 not in stored[name].shape for name in stored.files)
    assert json.loads((tmp_path / "model" / "model.json").read_text())["reference"] == model.reference


def test_competing_causes_keep_their_bits_and_their_sum(tmp_path: Path) -> None:
    model, (matrix, _) = competing_model(), patients(25)
    identity = save_competing_model(model, tmp_path / "model")
    loaded, found = load_competing_model(tmp_path / "model")
    assert found == identity
    days = [20.0, 90.0, 365.0]
    assert_same_bits(loaded.risks(matrix, days), model.risks(matrix, days))
    assert (model.risks(matrix, days).sum(axis=0) < 1).all()
    lower, upper = model.interval(matrix, days)
    assert (lower < model.risk(matrix, days)).all()
    assert (model.risk(matrix, days) < upper).all()
    # One cause alone would promise more: who has died cannot progress.
    assert (model.risk(matrix, days) < model.hazards[0].risk(matrix, days)).all()
    hardly = CurveCorrection.by_day(np.full(len(model.hazards[1].grid), -9.0), model.hazards[1].correction.slope)
    slower = replace(model, hazards=(model.hazards[0], replace(model.hazards[1], correction=hardly)))
    assert (slower.risk(matrix, days) > model.risk(matrix, days)).all()
