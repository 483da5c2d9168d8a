"""Nutritional indices. Each follows from measured values and may also be given."""

from __future__ import annotations

from spinecast.clinical.dictionary.literature import (
    BOUILLANNE_2005,
    BUZBY_1988,
    IGNACIO_DE_ULIBARRI_2005,
    ONODERA_1984,
)
from spinecast.clinical.dictionary.quantities import POINTS
from spinecast.clinical.units import Unit
from spinecast.clinical.variable import Code, Range, Variable

__all__ = ["VARIABLES"]

VARIABLES = (
    Variable(
        name="body_mass_index",
        label="Body mass index",
        help=(
            "Weight in kilograms divided by the square of the height in metres. The SORG web application takes 15 to "
            "45 kg/m²."
        ),
        kind="continuous",
        domain="nutrition",
        unit=Unit("kg/m²", "kg/m2"),
        possible=Range(6, 260),
        plausible=Range(14, 50),
        codes=(Code("LOINC", "39156-5", "Body mass index (BMI) [Ratio]"),),
        decimals=1,
        derived_from=("body_height", "body_weight"),
    ),
    Variable(
        name="prognostic_nutritional_index",
        label="Prognostic nutritional index",
        help="Ten times albumin in g/dL plus 0.005 times the lymphocytes per mm³ (Onodera); low values are worse.",
        kind="continuous",
        domain="nutrition",
        unit=POINTS,
        possible=Range(0, 3200),
        plausible=Range(15, 75),
        decimals=1,
        derived_from=("albumin", "lymphocyte_count"),
        source=ONODERA_1984,
    ),
    Variable(
        name="controlling_nutritional_status",
        label="Controlling nutritional status (CONUT)",
        help=(
            "Points for low albumin, cholesterol and lymphocytes: 0 to 1 normal, 2 to 4 light, 5 to 8 moderate, 9 to "
            "12 severe malnutrition."
        ),
        kind="continuous",
        domain="nutrition",
        unit=POINTS,
        possible=Range(0, 12),
        plausible=Range(0, 12),
        decimals=0,
        derived_from=("albumin", "total_cholesterol", "lymphocyte_count"),
        source=IGNACIO_DE_ULIBARRI_2005,
    ),
    Variable(
        name="nutritional_risk_index",
        label="Nutritional risk index",
        help="1.519 times albumin in g/L plus 41.7 times present over usual weight (Buzby); low values are worse.",
        kind="continuous",
        domain="nutrition",
        unit=POINTS,
        possible=Range(5, 300),
        plausible=Range(50, 130),
        decimals=1,
        derived_from=("albumin", "body_weight", "usual_body_weight"),
        source=BUZBY_1988,
    ),
    Variable(
        name="geriatric_nutritional_risk_index",
        label="Geriatric nutritional risk index",
        help="1.489 times albumin in g/L plus 41.7 times weight over ideal weight, at most 1; low values are worse.",
        kind="continuous",
        domain="nutrition",
        unit=POINTS,
        possible=Range(5, 150),
        plausible=Range(50, 125),
        decimals=1,
        derived_from=("albumin", "body_weight", "ideal_body_weight"),
        source=BOUILLANNE_2005,
    ),
)
