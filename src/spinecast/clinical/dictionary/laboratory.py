"""Laboratory values, in the units both habits of reporting use.

Possible ranges are set wide enough for the most deranged living patient and narrow enough that an ordinary value in the
wrong unit falls outside wherever the two units allow it: an albumin of 37 (g/L) is refused as g/dL, a creatinine of 80
(µmol/L) as mg/dL, a glucose of 6 (mmol/L) as mg/dL. Where ordinary values overlap between units (bilirubin, urea) no
range can tell them apart, and the declared unit is all there is.
"""

from __future__ import annotations

from spinecast.clinical.dictionary.literature import PAYNE_1973
from spinecast.clinical.dictionary.quantities import KATALS, MG_PER_DL, MICROMOL_PER_L, MMOL_PER_L, UNITS_PER_LITRE
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Code, Range, Variable

__all__ = ["VARIABLES"]

_CALCIUM = "molar mass of calcium 40.078 g/mol: 4.0078 mg/dL per mmol/L (customarily rounded to 4.01 or 4)"
_PER_24_HOURS = ("mL/day", "mL/d", "mL")

VARIABLES = (
    Variable(
        name="albumin",
        label="Albumin",
        help=(
            "Albumin in serum or plasma. Low values go with inflammation, poor nutrition and liver disease. The SORG "
            "web application takes 2.1 to 5.2 g/dL."
        ),
        kind="continuous",
        domain="laboratory",
        unit=Unit("g/dL", "g/dL", ("g/100mL", "g%")),
        other_units=(UnitConversion(Unit("g/L", "g/L"), 1, 10, source="definition: 1 dL = 0.1 L"),),
        possible=Range(0.5, 7),
        plausible=Range(1.5, 5.5),
        codes=(Code("LOINC", "1751-7", "Albumin [Mass/volume] in Serum or Plasma"),),
        decimals=1,
    ),
    Variable(
        name="bilirubin",
        label="Bilirubin",
        help="Total bilirubin in serum or plasma.",
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(UnitConversion(MICROMOL_PER_L, 1, 17.104, source="molar mass of bilirubin 584.66 g/mol"),),
        possible=Range(0.01, 100),
        plausible=Range(0.1, 40),
        codes=(
            Code("LOINC", "1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma"),
            Code("LOINC", "14631-6", "Bilirubin.total [Moles/volume] in Serum or Plasma"),
        ),
        skewed=True,
        decimals=1,
    ),
    Variable(
        name="creatinine",
        label="Creatinine",
        help=(
            "Creatinine in serum or plasma. High values mean the kidneys clear poorly. The SORG web application takes "
            "0.3 to 6 mg/dL."
        ),
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(
            UnitConversion(
                MICROMOL_PER_L, 1, 88.42, source="customary factor of 88.42 µmol/L per mg/dL (molar mass 113.1 g/mol)"
            ),
        ),
        possible=Range(0.05, 40),
        plausible=Range(0.2, 15),
        codes=(
            Code("LOINC", "2160-0", "Creatinine [Mass/volume] in Serum or Plasma"),
            Code("LOINC", "14682-9", "Creatinine [Moles/volume] in Serum or Plasma"),
        ),
        skewed=True,
        decimals=1,
    ),
    Variable(
        name="sodium",
        label="Sodium",
        help="Sodium in serum or plasma.",
        kind="continuous",
        domain="laboratory",
        unit=MMOL_PER_L,
        other_units=(UnitConversion(Unit("mEq/L", "meq/L"), source="definition: sodium carries one charge"),),
        possible=Range(80, 220),
        plausible=Range(115, 165),
        codes=(Code("LOINC", "2951-2", "Sodium [Moles/volume] in Serum or Plasma"),),
        decimals=0,
    ),
    Variable(
        name="arterial_ph",
        label="Arterial pH",
        help="Acidity of arterial blood.",
        kind="continuous",
        domain="laboratory",
        unit=Unit("", "[pH]", ("pH",)),
        possible=Range(6.4, 8.0),
        plausible=Range(6.9, 7.7),
        codes=(Code("LOINC", "2744-1", "pH of Arterial blood"),),
        decimals=2,
    ),
    Variable(
        name="glucose",
        label="Glucose",
        help="Glucose in serum or plasma, fasting or not.",
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(
            UnitConversion(MMOL_PER_L, 18.016, source="molar mass of glucose 180.16 g/mol: 18.016 mg/dL per mmol/L"),
        ),
        possible=Range(10, 3000),
        plausible=Range(40, 800),
        codes=(
            Code("LOINC", "2345-7", "Glucose [Mass/volume] in Serum or Plasma"),
            Code("LOINC", "14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
        ),
        skewed=True,
        decimals=0,
    ),
    Variable(
        name="blood_urea_nitrogen",
        label="Blood urea nitrogen",
        help=(
            "Urea in serum or plasma, as urea nitrogen in mg/dL or as urea in mmol/L. Urea itself in mg/dL is another "
            "quantity (2.14 times as large) and is not accepted."
        ),
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(
            UnitConversion(
                MMOL_PER_L, 2.8, source="customary factor: 1 mmol of urea holds two atoms of nitrogen, 2.8 mg/dL of it"
            ),
        ),
        possible=Range(0.5, 400),
        plausible=Range(2, 200),
        codes=(
            Code("LOINC", "3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma"),
            Code("LOINC", "22664-7", "Urea [Moles/volume] in Serum or Plasma"),
        ),
        skewed=True,
        decimals=0,
    ),
    Variable(
        name="urine_output",
        label="Urine output in 24 hours",
        help="Urine passed in 24 hours. Zero is a real value (no urine at all), not a missing one.",
        kind="continuous",
        domain="laboratory",
        unit=Unit("mL/24 h", "mL/(24.h)", _PER_24_HOURS),
        other_units=(UnitConversion(Unit("L/24 h", "L/(24.h)", ("L/day", "L/d", "L")), 1000, source="definition"),),
        possible=Range(0, 30000),
        plausible=Range(100, 8000),
        codes=(Code("LOINC", "9192-6", "Urine output 24 hour"),),
        skewed=True,
        decimals=0,
    ),
    Variable(
        name="potassium",
        label="Potassium",
        help="Potassium in serum or plasma.",
        kind="continuous",
        domain="laboratory",
        unit=MMOL_PER_L,
        other_units=(UnitConversion(Unit("mEq/L", "meq/L"), source="definition: potassium carries one charge"),),
        possible=Range(0.8, 15),
        plausible=Range(2, 7.5),
        codes=(Code("LOINC", "2823-3", "Potassium [Moles/volume] in Serum or Plasma"),),
        decimals=1,
    ),
    Variable(
        name="calcium",
        label="Calcium",
        help="Total calcium in serum or plasma, not corrected for albumin. Ionised calcium is another quantity.",
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(
            UnitConversion(MMOL_PER_L, 4.0078, source=_CALCIUM),
            UnitConversion(Unit("mEq/L", "meq/L"), 4.0078, 2, source="definition: calcium carries two charges"),
        ),
        possible=Range(3, 30),
        plausible=Range(6, 17),
        codes=(
            Code("LOINC", "17861-6", "Calcium [Mass/volume] in Serum or Plasma"),
            Code("LOINC", "2000-8", "Calcium [Moles/volume] in Serum or Plasma"),
        ),
        decimals=1,
    ),
    Variable(
        name="corrected_calcium",
        label="Calcium corrected for albumin",
        help="Total calcium plus 0.8 times what albumin lacks to 4 g/dL.",
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(UnitConversion(MMOL_PER_L, 4.0078, source=_CALCIUM),),
        possible=Range(0.5, 33),
        plausible=Range(6, 18),
        decimals=1,
        derived_from=("calcium", "albumin"),
        source=PAYNE_1973,
    ),
    Variable(
        name="c_reactive_protein",
        label="C-reactive protein",
        help="C-reactive protein in serum or plasma. Ordinary values overlap between mg/dL and mg/L: name the unit.",
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(UnitConversion(Unit("mg/L", "mg/L", ("µg/mL",)), 1, 10, source="definition: 1 dL = 0.1 L"),),
        possible=Range(0, 100),
        plausible=Range(0, 50),
        codes=(Code("LOINC", "1988-5", "C reactive protein [Mass/volume] in Serum or Plasma"),),
        skewed=True,
        decimals=1,
    ),
    Variable(
        name="lactate_dehydrogenase",
        label="Lactate dehydrogenase",
        help="Lactate dehydrogenase activity in serum or plasma.",
        kind="continuous",
        domain="laboratory",
        unit=UNITS_PER_LITRE,
        other_units=(KATALS,),
        possible=Range(20, 100000),
        plausible=Range(80, 5000),
        codes=(Code("LOINC", "2532-0", "Lactate dehydrogenase [Enzymatic activity/volume] in Serum or Plasma"),),
        skewed=True,
        decimals=0,
    ),
    Variable(
        name="alkaline_phosphatase",
        label="Alkaline phosphatase",
        help="Alkaline phosphatase activity in serum or plasma. The SORG web application takes 30 to 1,200 U/L.",
        kind="continuous",
        domain="laboratory",
        unit=UNITS_PER_LITRE,
        other_units=(KATALS,),
        possible=Range(3, 20000),
        plausible=Range(20, 3000),
        codes=(Code("LOINC", "6768-6", "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma"),),
        skewed=True,
        decimals=0,
    ),
    Variable(
        name="total_cholesterol",
        label="Total cholesterol",
        help="Total cholesterol in serum or plasma.",
        kind="continuous",
        domain="laboratory",
        unit=MG_PER_DL,
        other_units=(
            UnitConversion(
                MMOL_PER_L, 38.67, source="customary factor of 38.67 mg/dL per mmol/L (molar mass 386.65 g/mol)"
            ),
        ),
        possible=Range(15, 2000),
        plausible=Range(60, 400),
        codes=(
            Code("LOINC", "2093-3", "Cholesterol [Mass/volume] in Serum or Plasma"),
            Code("LOINC", "14647-2", "Cholesterol [Moles/volume] in Serum or Plasma"),
        ),
        decimals=0,
    ),
)
