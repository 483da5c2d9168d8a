"""Units that several domains share, each with its exact conversions. Stated here once."""

from __future__ import annotations

from spinecast.clinical.units import Unit, UnitConversion

__all__ = [
    "CELLS_PER_MICROLITRE",
    "CENTIMETRES",
    "DAYS",
    "GRAYS",
    "KATALS",
    "KILOGRAMS",
    "LEVELS",
    "MG_PER_DL",
    "MICROMOL_PER_L",
    "MILLILITRES",
    "MINUTES",
    "MMOL_PER_L",
    "OTHER_DOSES",
    "OTHER_DURATIONS",
    "OTHER_LENGTHS",
    "OTHER_MASSES",
    "OTHER_TIMES_OF_DAY",
    "OTHER_VOLUMES",
    "PERCENT",
    "POINTS",
    "RATIO",
    "THOUSANDS_PER_MICROLITRE",
    "UNITS_PER_LITRE",
    "YEARS",
]

_DEFINITION = "definition"
_JULIAN = "UCUM: the Julian year of 365.25 days"
_YARD = "international yard and pound agreement of 1959"

YEARS = Unit("years", "a", ("year", "yr", "yrs", "y"))
DAYS = Unit("days", "d", ("day",))
OTHER_DURATIONS = (
    UnitConversion(Unit("weeks", "wk", ("week",)), 7, source=_DEFINITION),
    UnitConversion(Unit("months", "mo", ("month",)), 365.25, 12, source=_JULIAN),
    UnitConversion(Unit("years", "a", ("year", "yr", "y")), 365.25, source=_JULIAN),
)
MINUTES = Unit("min", "min", ("minutes", "minute"))
OTHER_TIMES_OF_DAY = (UnitConversion(Unit("h", "h", ("hours", "hour")), 60, source=_DEFINITION),)

CENTIMETRES = Unit("cm", "cm")
OTHER_LENGTHS = (
    UnitConversion(Unit("m", "m", ("metres", "meters")), 100, source=_DEFINITION),
    UnitConversion(Unit("in", "[in_i]", ("inches", "inch")), 2.54, source=_YARD),
)
KILOGRAMS = Unit("kg", "kg")
OTHER_MASSES = (UnitConversion(Unit("lb", "[lb_av]", ("lbs", "pounds")), 0.45359237, source=_YARD),)
MILLILITRES = Unit("mL", "mL", ("cc", "cm3"))
OTHER_VOLUMES = (UnitConversion(Unit("L", "L", ("litres", "liters")), 1000, source=_DEFINITION),)

MG_PER_DL = Unit("mg/dL", "mg/dL", ("mg/100mL", "mg%"))
MICROMOL_PER_L = Unit("µmol/L", "umol/L", ("micromol/L", "mcmol/L"))
MMOL_PER_L = Unit("mmol/L", "mmol/L")
UNITS_PER_LITRE = Unit("U/L", "U/L", ("IU/L", "[IU]/L", "units/L"))
KATALS = UnitConversion(
    Unit("µkat/L", "ukat/L", ("mckat/L",)), 60, source="definition: 1 U converts 1 µmol a minute, 1 kat 1 mol a second"
)
# A thousand cells a microlitre is the same number as 10^9 a litre.
THOUSANDS_PER_MICROLITRE = Unit("10^9/L", "10*9/L", ("G/L", "10^3/uL", "K/uL", "10^3/mm3", "thousands/uL"))
CELLS_PER_MICROLITRE = UnitConversion(
    Unit("cells/µL", "/uL", ("cells/mm3", "/mm3")), 1, 1000, source="definition: 1 L = 1,000,000 µL"
)

GRAYS = Unit("Gy", "Gy", ("gray",))
OTHER_DOSES = (UnitConversion(Unit("cGy", "cGy", ("rad",)), 1, 100, source=_DEFINITION),)
LEVELS = Unit("levels", "{levels}", ("count", "vertebrae", "segments"))
POINTS = Unit("points", "{score}", ("score", "point"))
RATIO = Unit("", "1", ("ratio",))
PERCENT = Unit("%", "%", ("percent", "per cent"))
