"""Vital signs and breathing."""

from __future__ import annotations

from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Code, Range, Variable

__all__ = ["VARIABLES"]

_MMHG = Unit("mmHg", "mm[Hg]", ("torr",))
_KPA = Unit("kPa", "kPa")
# 1 mmHg is 133.322387415 Pa (Conventional millimetre of mercury, BIPM SI brochure 8th ed., table 8).
_FROM_KPA = UnitConversion(
    _KPA, 1000, 133.322387415, source="BIPM SI brochure, 8th ed., table 8: 1 mmHg = 133.322 387 415 Pa"
)

VARIABLES = (
    Variable(
        name="mean_arterial_pressure",
        label="Mean arterial pressure",
        help="Mean arterial blood pressure, measured or from the cuff: diastolic plus a third of the pulse pressure.",
        kind="continuous",
        domain="vital_sign",
        unit=_MMHG,
        other_units=(_FROM_KPA,),
        possible=Range(20, 300),
        plausible=Range(40, 160),
        codes=(Code("LOINC", "8478-0", "Mean blood pressure"),),
        decimals=0,
    ),
    Variable(
        name="heart_rate",
        label="Heart rate",
        help="Heart beats a minute.",
        kind="continuous",
        domain="vital_sign",
        unit=Unit("/min", "/min", ("1/min", "bpm", "beats/min", "beats per minute")),
        possible=Range(5, 350),
        plausible=Range(30, 200),
        codes=(Code("LOINC", "8867-4", "Heart rate"),),
        decimals=0,
    ),
    Variable(
        name="respiratory_rate",
        label="Respiratory rate",
        help="Breaths a minute, the patient's own or the ventilator's.",
        kind="continuous",
        domain="vital_sign",
        unit=Unit("/min", "/min", ("1/min", "breaths/min", "breaths per minute")),
        possible=Range(1, 120),
        plausible=Range(6, 50),
        codes=(Code("LOINC", "9279-1", "Respiratory rate"),),
        decimals=0,
    ),
    Variable(
        name="body_temperature",
        label="Body temperature",
        help="Body temperature at any site.",
        kind="continuous",
        domain="vital_sign",
        unit=Unit("°C", "Cel", ("C", "degC", "celsius")),
        other_units=(
            UnitConversion(
                Unit("°F", "[degF]", ("F", "degF", "fahrenheit")),
                5,
                9,
                offset=-160 / 9,
                source="definition: (°F - 32) × 5/9",
            ),
        ),
        possible=Range(13, 46),
        plausible=Range(33, 41.5),
        codes=(Code("LOINC", "8310-5", "Body temperature"),),
        decimals=1,
    ),
    Variable(
        name="pao2_fio2_ratio",
        label="PaO₂/FiO₂ ratio",
        help=(
            "Oxygen pressure in arterial blood divided by the fraction of oxygen breathed in (0.21 in room air), also "
            "called Horowitz index: about 450 in healthy lungs, under 300 in lung injury."
        ),
        kind="continuous",
        domain="vital_sign",
        unit=_MMHG,
        other_units=(_FROM_KPA,),
        possible=Range(10, 1000),
        plausible=Range(40, 600),
        codes=(Code("LOINC", "50984-4", "Horowitz index in Arterial blood"),),
        skewed=True,
        decimals=0,
    ),
)
