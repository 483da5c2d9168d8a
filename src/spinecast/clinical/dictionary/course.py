"""The course of the hospital stay before and after the prediction is made."""

from __future__ import annotations

from spinecast.clinical.dictionary.quantities import DAYS
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Level, Range, Variable

__all__ = ["VARIABLES"]

VARIABLES = (
    Variable(
        name="days_in_hospital_before_entry",
        label="Day of the hospital stay at entry",
        help="Which day of the hospital stay the patient entered on; 1 is the day of admission.",
        kind="continuous",
        domain="course",
        unit=DAYS,
        other_units=(UnitConversion(Unit("weeks", "wk", ("week",)), 7, source="definition"),),
        possible=Range(0, 3653),
        plausible=Range(0, 90),
        skewed=True,
        decimals=0,
        source="SUPPORT data set, column hday",
    ),
    Variable(
        name="resuscitation_order",
        label="Do-not-resuscitate order",
        help=(
            "Whether and when an order not to resuscitate was written. Most are written after study entry, so it is "
            "not known when the prediction is made and is never a predictor."
        ),
        kind="nominal",
        domain="course",
        role="after_prediction",
        levels=(
            Level("no_order", "No order"),
            Level("before_entry", "Written before study entry"),
            Level("after_entry", "Written after study entry"),
        ),
        source="SUPPORT data set, column dnr",
    ),
)
