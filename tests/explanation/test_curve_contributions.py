"""Contributions to a curve at a day: they add up to what is served, at any day and for every kind of learner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_models import patients
from made_survival import competing_model, survival_model_of

from spinecast.explanation.contributions import RESIDUAL_TOLERANCE, AdditivityError
from spinecast.explanation.curve_contributions import explain_at
from spinecast.models.survival import model as model_module
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES
from spinecast.models.survival.correction import CurveCorrection

QUICK = [name for name in SURVIVAL_FAMILIES if name not in ("discrete_time_random_forest", "boosted_aft_normal")]


@pytest.mark.parametrize("family", QUICK)
@pytest.mark.parametrize("day", [90.0, 47.3, 1.5])
def test_contributions_add_up_at_days_on_and_off_the_grid(family: str, day: float) -> None:
    model = survival_model_of(family)
    matrix, _ = patients(6, seed=21)
    found = explain_at(model, matrix, day)
    np.testing.assert_allclose(found.base_value + found.values.sum(axis=1), found.served, atol=RESIDUAL_TOLERANCE)
    np.testing.assert_allclose(-np.expm1(-np.exp(found.served)), model.risk(matrix, [day])[:, 0], rtol=1e-12)


def test_parts_of_different_kinds_add_up_together_and_say_how_each_was_taken_apart() -> None:
    model = survival_model_of("cox", "boosted_aft_logistic", "random_survival_forest")
    matrix, _ = patients(5, seed=22)
    found = explain_at(model, matrix, 365.0)
    assert np.abs(found.residual).max() < RESIDUAL_TOLERANCE
    assert [label for label, _ in found.methods] == [part.label for part in model.parts]


def test_a_linear_hazard_gives_the_same_contributions_at_every_day_times_the_slopes_of_the_day() -> None:
    model = survival_model_of("cox")
    matrix, _ = patients(5, seed=22)
    early, late = (explain_at(model, matrix, day) for day in model.grid[[0, -1]])
    slopes = model.parts[0].correction.slope * model.correction.slope
    np.testing.assert_allclose(early.values / slopes[0], late.values / slopes[-1], atol=1e-12)
    assert (early.base_value < late.base_value).all()


def test_what_keeps_a_curve_from_falling_is_a_term_of_its_own() -> None:
    """A level that sinks faster than some curves rise would turn them down: they stay where they were."""
    model = survival_model_of("boosted_aft_logistic")
    sinking = CurveCorrection.by_day(np.linspace(0.0, -4.0, len(model.grid)), np.ones(len(model.grid)))
    bent, (matrix, _) = replace(model, correction=sinking), patients(40, seed=21)
    found = explain_at(bent, matrix, 365.0)
    assert (found.held >= 0).all()
    assert (found.held > 0.01).any()
    added = found.base_value + found.values.sum(axis=1) + found.held
    np.testing.assert_allclose(added, found.served, atol=RESIDUAL_TOLERANCE)
    np.testing.assert_allclose(-np.expm1(-np.exp(found.served)), bent.risk(matrix, [365.0])[:, 0], rtol=1e-12)
    assert (np.diff(bent.risk(matrix, bent.grid), axis=1) >= 0).all()


def test_a_cumulative_incidence_is_taken_apart_as_a_whole() -> None:
    model, (matrix, _) = competing_model(), patients(2, seed=23)
    found = explain_at(model, matrix, 90.0)
    assert found.scale == "complementary log-log of the cumulative incidence"
    np.testing.assert_allclose(-np.expm1(-np.exp(found.served)), model.risk(matrix, [90.0])[:, 0], rtol=1e-9)


def test_an_explanation_of_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = survival_model_of("cox")
    matrix, _ = patients(3, seed=22)
    served = model_module.TimeToEventModel.log_hazards
    monkeypatch.setattr(model_module.TimeToEventModel, "log_hazards", lambda self, rows: served(self, rows) + 0.01)
    with pytest.raises(AdditivityError, match="log cumulative hazard"):
        explain_at(model, matrix, 90.0)
