"""Contributions to a curve at a day: they add up to what is served, at any day and for every kind of learner."""

from __future__ import annotations

import numpy as np
import pytest
from made_models import patients
from made_survival import competing_model, survival_model_of

from spinecast.explanation.contributions import RESIDUAL_TOLERANCE, AdditivityError
from spinecast.explanation.curve_contributions import explain_at
from spinecast.models.survival import model as model_module
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES

# As for every test that imports shap: what it and matplotlib say of themselves is not ours.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning:shap")

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


def test_a_linear_hazard_gives_the_same_contributions_at_every_day() -> None:
    model = survival_model_of("cox")
    matrix, _ = patients(5, seed=22)
    early, late = (explain_at(model, matrix, day) for day in (10.0, 365.0))
    np.testing.assert_allclose(early.values, late.values, atol=1e-12)
    assert early.base_value < late.base_value


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
