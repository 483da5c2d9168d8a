"""Who the patient is."""

from __future__ import annotations

from spinecast.clinical.dictionary.quantities import CENTIMETRES, KILOGRAMS, OTHER_LENGTHS, OTHER_MASSES, YEARS
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Code, Level, Range, Variable

__all__ = ["VARIABLES"]

_MONTHS = Unit("months", "mo", ("month",))

VARIABLES = (
    Variable(
        name="age",
        label="Age",
        help="Age in years on the day of the prediction. Fractions of a year are welcome.",
        kind="continuous",
        domain="demography",
        unit=YEARS,
        other_units=(UnitConversion(_MONTHS, 1, 12, source="definition"),),
        possible=Range(0, 120),
        plausible=Range(18, 100),
        codes=(Code("LOINC", "30525-0", "Age"),),
        decimals=0,
    ),
    Variable(
        name="sex",
        label="Sex",
        help="Sex as recorded in the patient's chart.",
        kind="nominal",
        domain="demography",
        levels=(Level("female", "Female"), Level("male", "Male")),
        codes=(Code("LOINC", "46098-0", "Sex"),),
    ),
    Variable(
        name="education_years",
        label="Years of education",
        help="Completed years of schooling, counted from the first school year.",
        kind="continuous",
        domain="demography",
        unit=YEARS,
        possible=Range(0, 40),
        plausible=Range(0, 25),
        decimals=0,
    ),
    Variable(
        name="income_band",
        label="Yearly household income",
        help="Household income a year in US dollars, in the bands of SUPPORT (1989-1994).",
        kind="ordinal",
        domain="demography",
        levels=(
            Level("under_11k", "under $11,000"),
            Level("from_11k_to_25k", "$11,000 to $25,000"),
            Level("from_25k_to_50k", "$25,000 to $50,000"),
            Level("over_50k", "over $50,000"),
        ),
        source="SUPPORT data set, column income",
    ),
    Variable(
        name="race",
        label="Race or ethnicity",
        help=(
            "Race or ethnicity as recorded in the chart. Used only to compare how well a model performs between "
            "groups, never to predict."
        ),
        kind="nominal",
        domain="demography",
        role="subgroup",
        levels=(
            Level("asian", "Asian"),
            Level("black", "Black"),
            Level("hispanic", "Hispanic"),
            Level("white", "White"),
            Level("other", "Other"),
        ),
        codes=(Code("LOINC", "32624-9", "Race"),),
    ),
    Variable(
        name="body_height",
        label="Height",
        help="Standing height; in people who cannot stand, measured lying or estimated from arm span.",
        kind="continuous",
        domain="demography",
        unit=CENTIMETRES,
        other_units=OTHER_LENGTHS,
        possible=Range(30, 275),
        plausible=Range(130, 210),
        codes=(Code("LOINC", "8302-2", "Body height"),),
        decimals=0,
    ),
    Variable(
        name="body_weight",
        label="Weight",
        help="Body weight on the day of the prediction, or the last one measured before it.",
        kind="continuous",
        domain="demography",
        unit=KILOGRAMS,
        other_units=OTHER_MASSES,
        possible=Range(2, 650),
        plausible=Range(35, 180),
        codes=(Code("LOINC", "29463-7", "Body weight"),),
        decimals=1,
    ),
    Variable(
        name="usual_body_weight",
        label="Usual weight",
        help="What the patient weighed before the illness, as they or their records tell it.",
        kind="continuous",
        domain="demography",
        unit=KILOGRAMS,
        other_units=OTHER_MASSES,
        possible=Range(2, 650),
        plausible=Range(35, 180),
        decimals=1,
    ),
    Variable(
        name="ideal_body_weight",
        label="Ideal weight",
        help=(
            "The weight that goes with the patient's height and sex by the formula the clinic uses, such as Lorentz's "
            "or that of a body mass index of 22 kg/m²."
        ),
        kind="continuous",
        domain="demography",
        unit=KILOGRAMS,
        other_units=OTHER_MASSES,
        possible=Range(2, 150),
        plausible=Range(35, 110),
        codes=(Code("LOINC", "50064-5", "Ideal body weight"),),
        decimals=1,
    ),
    Variable(
        name="smoking_status",
        label="Smoking",
        help="Tobacco smoking: never, formerly (stopped at least a month ago), or at present.",
        kind="ordinal",
        domain="demography",
        levels=(
            Level("never", "Never", codes=(Code("SNOMED CT", "266919005", "Never smoked tobacco"),)),
            Level("former", "Former", codes=(Code("SNOMED CT", "8517006", "Ex-smoker"),)),
            Level(
                "current",
                "Current",
                codes=(
                    Code("SNOMED CT", "77176002", "Smoker"),
                    Code("SNOMED CT", "449868002", "Smokes tobacco daily"),
                    Code("SNOMED CT", "428041000124106", "Occasional tobacco smoker"),
                ),
            ),
        ),
        codes=(Code("LOINC", "72166-2", "Tobacco smoking status"),),
    ),
    Variable(
        name="treatment_year",
        label="Calendar year of treatment",
        help="The calendar year in which the patient was treated; it follows drift in case mix and in treatment.",
        kind="continuous",
        domain="demography",
        unit=Unit("", "a", ("year", "years", "calendar year")),
        possible=Range(1950, 2100),
        plausible=Range(1990, 2035),
        decimals=0,
    ),
)
