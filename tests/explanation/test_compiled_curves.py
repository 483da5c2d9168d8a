"""Curves by compiled loops: the very bits of the model, whatever is missing and however fits are put together."""

from __future__ import annotations

import numpy as np
import pytest
from made_models import assert_same_bits, patients
from made_survival import competing_model, survival_model_of

from spinecast.explanation import compiled_curves, trees
from spinecast.explanation.compiled_curves import compiled_member, compiled_model
from spinecast.explanation.curve_contributions import explain_at
from spinecast.models.members import DrawnMember, PatternMember, Patterns

FAMILIES = ("discrete_time_xgboost", "random_survival_forest", "cox")


def rows_with_missing() -> np.ndarray:
    rows = patients(60, seed=12)[0]
    rows[np.random.default_rng(1).random(rows.shape) < 0.2] = np.nan
    return rows


@pytest.mark.parametrize("family", FAMILIES)
def test_curves_have_the_bits_of_the_model(family: str) -> None:
    model, rows = survival_model_of(family), rows_with_missing()
    found = compiled_model(model)
    assert_same_bits(found.log_hazards(rows), model.log_hazards(rows))
    assert_same_bits(found.log_hazards(rows[7:8]), model.log_hazards(rows)[7:8])
    replaced = type(found.parts[0].members[0].curves) is not type(model.parts[0].members[0].curves)
    assert replaced == (family != "cox")


def test_incidences_of_competing_causes_have_them_too() -> None:
    model, rows = competing_model(), rows_with_missing()
    assert_same_bits(compiled_model(model).cloglog(rows, 90), model.cloglog(rows, 90))


def test_draws_and_submodels_are_made_of_such_fits() -> None:
    first, second, third = survival_model_of("discrete_time_xgboost").parts[0].members
    rows = rows_with_missing()
    drawn = DrawnMember((first, second))
    patterns = Patterns(np.array([2]), np.array([[True]]), np.array([40]))
    by_pattern = PatternMember(patterns, (third,), first)
    assert_same_bits(compiled_member(drawn).score(rows), drawn.score(rows))
    without = compiled_member(by_pattern)
    for fit in (*compiled_member(drawn).draws, *without.submodels, without.otherwise):
        assert type(fit.curves).__name__ == "_CompiledIntervals"


def test_contributions_are_the_same_bits_as_without_compiled_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = survival_model_of("discrete_time_xgboost"), rows_with_missing()[:4]
    found = explain_at(model, rows, 90)
    monkeypatch.setattr("spinecast.explanation.curve_contributions.compiled_member", lambda member: member)
    assert_same_bits(explain_at(model, rows, 90).values, found.values)


def test_another_xgboost_or_numpy_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sums are not those that are known, nothing is compiled: as if each check had failed."""
    model, rows = survival_model_of("discrete_time_xgboost", "random_survival_forest"), rows_with_missing()
    asked: list[int] = []
    monkeypatch.setattr(compiled_curves, "_adds_alike", lambda *_: False)
    monkeypatch.setattr(compiled_curves, "_ALIKE", compiled_curves.Kept())
    monkeypatch.setattr(compiled_curves, "_WALKED", compiled_curves.Kept())
    monkeypatch.setattr(trees, "_BOOSTED", trees.Kept())
    monkeypatch.setattr(trees.np, "array_equal", lambda *_: bool(asked.append(1)))
    assert_same_bits(compiled_model(model).log_hazards(rows), model.log_hazards(rows))
    assert asked
