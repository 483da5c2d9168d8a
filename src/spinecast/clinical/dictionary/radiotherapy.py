"""Radiotherapy of the spine: dose, fractions and what follows from them."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import binary, grades
from spinecast.clinical.dictionary.literature import FOWLER_1989
from spinecast.clinical.dictionary.quantities import GRAYS, OTHER_DOSES
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Range, Variable

__all__ = ["VARIABLES"]

_SCHEDULE = ("prescribed_dose", "fractions")


def _dose(name: str, label: str, text: str, most: float, usual: Range, **more: object) -> Variable:
    return Variable(
        name=name,
        label=label,
        help=text,
        kind="continuous",
        domain="radiotherapy",
        unit=GRAYS,
        other_units=OTHER_DOSES,
        possible=Range(0, most),
        plausible=usual,
        decimals=1,
        **more,  # type: ignore[arg-type]
    )


VARIABLES = (
    _dose("prescribed_dose", "Prescribed dose", "Total dose prescribed, over all fractions.", 100, Range(4, 60)),
    Variable(
        name="fractions",
        label="Fractions",
        help="Into how many fractions the prescribed dose is divided.",
        kind="continuous",
        domain="radiotherapy",
        unit=Unit("fractions", "{fractions}", ("count",)),
        possible=Range(1, 60),
        plausible=Range(1, 40),
        decimals=0,
    ),
    _dose(
        "bed_3",
        "Biologically effective dose, bone",
        "Biologically effective dose of the schedule for late effects on bone (α/β of 3 Gy).",
        3500,
        Range(6, 250),
        derived_from=_SCHEDULE,
        source=FOWLER_1989,
    ),
    _dose(
        "bed_10",
        "Biologically effective dose, tumour",
        "Biologically effective dose of the schedule for the tumour (α/β of 10 Gy).",
        1100,
        Range(5, 110),
        derived_from=_SCHEDULE,
        source=FOWLER_1989,
    ),
    _dose(
        "eqd2_10",
        "Equivalent dose in fractions of 2 Gy, tumour",
        "Dose in fractions of 2 Gy that would affect the tumour alike (α/β of 10 Gy).",
        920,
        Range(4, 92),
        derived_from=_SCHEDULE,
        source=FOWLER_1989,
    ),
    Variable(
        name="radiotherapy_technique",
        label="Radiotherapy technique",
        help="Conventional external beam or stereotactic body radiotherapy.",
        kind="nominal",
        domain="radiotherapy",
        levels=grades(("conventional", "Conventional"), ("stereotactic", "Stereotactic")),
    ),
    binary(
        "simultaneous_integrated_boost",
        "Simultaneous integrated boost",
        "Part of the target receives a higher dose in the same fractions.",
        "radiotherapy",
    ),
    _dose(
        "vertebral_body_dose_minimum",
        "Lowest dose in the vertebral body",
        "Lowest dose in the treated vertebral body.",
        100,
        Range(0, 60),
    ),
    _dose(
        "vertebral_body_dose_maximum",
        "Highest dose in the vertebral body",
        "Highest dose in the treated vertebral body.",
        150,
        Range(0, 80),
    ),
    Variable(
        name="gross_tumour_volume",
        label="Gross tumour volume",
        help="Volume of the tumour as contoured for radiotherapy.",
        kind="continuous",
        domain="radiotherapy",
        unit=Unit("cm³", "cm3", ("mL", "cc", "ccm")),
        other_units=(UnitConversion(Unit("mm³", "mm3"), 1, 1000, source="definition"),),
        possible=Range(0, 5000),
        plausible=Range(0.2, 800),
        skewed=True,
        decimals=1,
    ),
)
