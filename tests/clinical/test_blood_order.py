"""Units to cross-match: the rule as it was printed, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spinecast.clinical import formulas
from spinecast.clinical.blood_order import hemoglobin_after_loss, order_text, units_to_cross_match

MAN = {"male": 1.0, "body_height": 175.0, "body_weight": 70.0}


def test_haemoglobin_after_a_loss_is_gross_s_formula_solved_for_it() -> None:
    volume = formulas.nadler_blood_volume(1, 175, 70)
    for loss in (0.0, 400.0, 1378.0, 4000.0):
        after = hemoglobin_after_loss(0.40, volume, loss)
        assert volume * (0.40 - after) / ((0.40 + after) / 2) == pytest.approx(loss, abs=1e-9)


@pytest.mark.parametrize(
    ("hemoglobin", "loss", "units"),
    [
        # Volume 4,824 mL. 2,000 mL take haemoglobin to 12 x 7648/11648 = 7.88: .88 above 7, nothing cross-matched.
        (12.0, 2000.0, 0),
        # 9 x 7648/11648 = 5.91: 1.09 below 7.
        (9.0, 2000.0, 1),
        # 9 x 5648/13648 = 3.72: 3.28 below 7.
        (9.0, 4000.0, 3),
        # Already below what is accepted, by half a unit.
        (6.5, 0.0, 1),
    ],
)
def test_units_are_haemoglobin_lost_less_what_can_be_spared(hemoglobin: float, loss: float, units: int) -> None:
    assert units_to_cross_match(**MAN, hemoglobin=hemoglobin, loss=loss) == units


def test_a_higher_limit_asks_for_more_and_what_is_not_known_or_too_much_is_not_estimable() -> None:
    assert units_to_cross_match(**MAN, hemoglobin=9.0, loss=2000.0, least_hemoglobin=8.0) == 2
    assert np.isnan(units_to_cross_match(**MAN, hemoglobin=9.0, loss=5000.0))
    assert np.isnan(units_to_cross_match(np.nan, 175, 70, 9.0, 1000.0))
    assert np.isnan(units_to_cross_match(1, 175, 70, np.nan, 1000.0))


def test_an_order_in_words() -> None:
    assert order_text(0) == "group and screen, no unit cross-matched"
    assert order_text(1) == "1 unit cross-matched"
    assert order_text(3) == "3 units cross-matched"
