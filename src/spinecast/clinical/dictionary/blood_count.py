"""The blood count and clotting, in the units both habits of reporting use."""

from __future__ import annotations

from spinecast.clinical.dictionary.quantities import CELLS_PER_MICROLITRE, PERCENT, RATIO, THOUSANDS_PER_MICROLITRE
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Code, Range, Variable

__all__ = ["VARIABLES"]

VARIABLES = (
    Variable(
        name="hemoglobin",
        label="Haemoglobin",
        help=(
            "Haemoglobin in blood. Ordinary values in mmol/L are low ones in g/dL: name the unit. The SORG web "
            "application takes 7 to 17 g/dL."
        ),
        kind="continuous",
        domain="laboratory",
        unit=Unit("g/dL", "g/dL", ("g/100mL", "g%")),
        other_units=(
            UnitConversion(Unit("g/L", "g/L"), 1, 10, source="definition: 1 dL = 0.1 L"),
            UnitConversion(
                Unit("mmol/L", "mmol/L"),
                1,
                0.6206,
                source="customary factor of 0.6206 mmol/L per g/dL (molar mass of one haem-bearing chain 16,114 g/mol)",
            ),
        ),
        possible=Range(0.5, 27),
        plausible=Range(5, 19),
        codes=(
            Code("LOINC", "718-7", "Hemoglobin [Mass/volume] in Blood"),
            Code("LOINC", "59260-0", "Hemoglobin [Moles/volume] in Blood"),
        ),
        decimals=1,
    ),
    Variable(
        name="hematocrit",
        label="Haematocrit",
        help="Share of the blood's volume that red cells take up, before treatment.",
        kind="continuous",
        domain="laboratory",
        unit=Unit("", "1", ("fraction", "L/L", "ratio")),
        other_units=(UnitConversion(PERCENT, 1, 100, source="definition"),),
        possible=Range(0.03, 0.85),
        plausible=Range(0.15, 0.6),
        codes=(
            Code("LOINC", "20570-8", "Hematocrit [Volume Fraction] of Blood"),
            Code("LOINC", "4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count"),
        ),
        decimals=2,
    ),
    Variable(
        name="white_blood_cell_count",
        label="White blood cells",
        help="White blood cells (leukocytes) in blood. The SORG web application takes 2 to 50 × 10^9/L.",
        kind="continuous",
        domain="laboratory",
        unit=THOUSANDS_PER_MICROLITRE,
        other_units=(CELLS_PER_MICROLITRE,),
        possible=Range(0, 1000),
        plausible=Range(0.5, 100),
        codes=(
            Code("LOINC", "6690-2", "Leukocytes [#/volume] in Blood by Automated count"),
            Code("LOINC", "26464-8", "Leukocytes [#/volume] in Blood"),
        ),
        skewed=True,
        decimals=1,
    ),
    Variable(
        name="neutrophil_count",
        label="Neutrophils",
        help=(
            "Neutrophils in blood, as an absolute count. A percentage of the white cells is another quantity and is "
            "not accepted. The SORG web application takes 0.8 to 60 × 10^9/L."
        ),
        kind="continuous",
        domain="laboratory",
        unit=THOUSANDS_PER_MICROLITRE,
        other_units=(CELLS_PER_MICROLITRE,),
        possible=Range(0, 600),
        plausible=Range(0.3, 60),
        codes=(
            Code("LOINC", "751-8", "Neutrophils [#/volume] in Blood by Automated count"),
            Code("LOINC", "26499-4", "Neutrophils [#/volume] in Blood"),
        ),
        skewed=True,
        decimals=1,
    ),
    Variable(
        name="lymphocyte_count",
        label="Lymphocytes",
        help=(
            "Lymphocytes in blood, as an absolute count. A percentage of the white cells is another quantity and is "
            "not accepted. The SORG web application takes 0.06 to 4.5 × 10^9/L."
        ),
        kind="continuous",
        domain="laboratory",
        unit=THOUSANDS_PER_MICROLITRE,
        other_units=(CELLS_PER_MICROLITRE,),
        possible=Range(0, 600),
        plausible=Range(0.05, 8),
        codes=(
            Code("LOINC", "731-0", "Lymphocytes [#/volume] in Blood by Automated count"),
            Code("LOINC", "26474-7", "Lymphocytes [#/volume] in Blood"),
        ),
        skewed=True,
        decimals=2,
    ),
    Variable(
        name="platelet_count",
        label="Platelets",
        help="Platelets in blood. The SORG web application takes 20 to 900 × 10^9/L.",
        kind="continuous",
        domain="laboratory",
        unit=THOUSANDS_PER_MICROLITRE,
        other_units=(
            CELLS_PER_MICROLITRE,
            UnitConversion(Unit("10^4/µL", "10*4/uL", ("10^4/mm3",)), 10, source="definition"),
        ),
        possible=Range(0, 5000),
        plausible=Range(20, 1000),
        codes=(
            Code("LOINC", "777-3", "Platelets [#/volume] in Blood by Automated count"),
            Code("LOINC", "26515-7", "Platelets [#/volume] in Blood"),
        ),
        skewed=True,
        decimals=0,
    ),
    Variable(
        name="neutrophil_lymphocyte_ratio",
        label="Neutrophil-to-lymphocyte ratio",
        help="Neutrophils divided by lymphocytes. High values go with inflammation.",
        kind="continuous",
        domain="laboratory",
        unit=RATIO,
        possible=Range(0, 1000000),
        plausible=Range(0.3, 80),
        skewed=True,
        decimals=1,
        derived_from=("neutrophil_count", "lymphocyte_count"),
    ),
    Variable(
        name="platelet_lymphocyte_ratio",
        label="Platelet-to-lymphocyte ratio",
        help="Platelets divided by lymphocytes. High values go with inflammation.",
        kind="continuous",
        domain="laboratory",
        unit=RATIO,
        possible=Range(0, 10000000),
        plausible=Range(10, 2000),
        skewed=True,
        decimals=0,
        derived_from=("platelet_count", "lymphocyte_count"),
    ),
    Variable(
        name="international_normalised_ratio",
        label="INR",
        help="International normalised ratio of the prothrombin time. The SORG web application takes 0.9 to 2.1.",
        kind="continuous",
        domain="laboratory",
        unit=RATIO,
        possible=Range(0.5, 30),
        plausible=Range(0.8, 5),
        codes=(
            Code("LOINC", "6301-6", "INR in Platelet poor plasma by Coagulation assay"),
            Code("LOINC", "34714-6", "INR in Blood by Coagulation assay"),
        ),
        decimals=2,
    ),
)
