"""Other illnesses the patient lives with."""

from __future__ import annotations

from spinecast.clinical.units import Unit
from spinecast.clinical.variable import BINARY_LEVELS, Code, Range, Variable

__all__ = ["VARIABLES"]

VARIABLES = (
    Variable(
        name="comorbidity_count",
        label="Number of other illnesses",
        help="How many chronic illnesses are recorded in the chart besides the one that brought the patient in.",
        kind="continuous",
        domain="comorbidity",
        unit=Unit("illnesses", "{illnesses}", ("count", "conditions")),
        possible=Range(0, 40),
        plausible=Range(0, 10),
        decimals=0,
        source="SUPPORT data set, column num.co",
    ),
    Variable(
        name="diabetes",
        label="Diabetes",
        help="Diabetes mellitus of any type, as a known illness or on the chart.",
        kind="binary",
        domain="comorbidity",
        levels=BINARY_LEVELS,
        codes=(Code("SNOMED CT", "73211009", "Diabetes mellitus"),),
    ),
    Variable(
        name="dementia",
        label="Dementia",
        help="Dementia of any cause, as a known illness.",
        kind="binary",
        domain="comorbidity",
        levels=BINARY_LEVELS,
        codes=(Code("SNOMED CT", "52448006", "Dementia"),),
    ),
)
