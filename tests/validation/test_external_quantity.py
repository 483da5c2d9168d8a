"""Quantiles on other patients: the threshold that is checked, and what the units suggested would have meant."""

from __future__ import annotations

import numpy as np
import pytest

from spinecast.clinical.blood_order import units_to_cross_match
from spinecast.cohorts.outcomes import LabelledQuantity
from spinecast.models.quantiles.quantile_function import QuantileFunction
from spinecast.validation.external_quantity import checked_threshold, units_compared
from spinecast.validation.quantity import QuantityJudge


def measured(values: list[float]) -> LabelledQuantity:
    rows = np.arange(len(values))
    return LabelledQuantity("Blood loss", "mL", np.array(values), rows, ())


def test_the_threshold_that_divides_most_evenly_is_checked_and_else_the_median() -> None:
    losses = measured([float(value) for value in range(0, 2000, 20)])
    assert checked_threshold(losses, (200.0, 900.0, 1900.0), fewest=10) == 900
    assert checked_threshold(losses, (50.0, 1990.0), fewest=10) == 990
    assert checked_threshold(losses, (50.0, 1990.0), fewest=1) == 50


def test_units_are_set_beside_those_the_rule_asks_for_at_the_loss_that_came() -> None:
    ordered, needed = np.array([0.0, 2.0, 3.0, 1.0]), np.array([1.0, 2.0, 1.0, 1.0])
    found = units_compared(ordered, needed)
    assert found["ordered"]["estimate"] == pytest.approx(1.5)
    assert found["needed"]["estimate"] == pytest.approx(1.25)
    assert [found[name]["estimate"] for name in ("short", "enough_exactly", "unused")] == [0.25, 0.5, 0.25]
    nobody = units_compared(np.array([]), np.array([]))
    assert "absent" in nobody["short"]
    # The rule itself: a man of 176 cm and 78 kg with 9.2 g/dL who loses two litres.
    assert float(units_to_cross_match(1.0, 176.0, 78.0, 9.2, 2000.0)) == 1


def test_usefulness_is_absent_where_nobody_or_everybody_passes() -> None:
    draw = np.random.default_rng(1)
    values = np.exp(draw.normal(6.5, 0.5, 300))
    found = QuantileFunction(
        np.array([0.1, 0.5, 0.9]), np.tile(6.5 + 0.5 * np.array([-1.28, 0, 1.28]), (300, 1)), "logarithm"
    )
    judge = QuantityJudge(values, (500.0, 1e6))
    told = judge.usefulness(found, 500.0, (0.3,), (0.1, 0.3), bootstrap=20, seed=1)
    assert told["net_benefit"]["thresholds"] == [0.3]
    assert "absent" in judge.usefulness(found, 1e6, (0.3,), (0.1, 0.3), bootstrap=20, seed=1)["decision_curve"]
    group = judge.group(found)
    coverage = {"coverage_50", "coverage_80", "coverage_90"}
    assert set(group) == {"mean_pinball_loss", "pinball_skill", "mean_absolute_error"} | coverage
    assert judge.whole(found)["quantiles"][1]["skill"]["estimate"] == pytest.approx(0, abs=0.01)
