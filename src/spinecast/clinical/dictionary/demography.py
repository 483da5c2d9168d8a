"""Who the patient is."""

from __future__ import annotations

from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Code, Level, Range, Variable

__all__ = ["VARIABLES"]

_YEARS = Unit("years", "a", ("year", "yr", "yrs", "y"))
_MONTHS = Unit("months", "mo", ("month",))

VARIABLES = (
    Variable(
        name="age",
        label="Age",
        help="Age in years on the day of the prediction. Fractions of a year are welcome.",
        kind="continuous",
        domain="demography",
        unit=_YEARS,
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
        unit=_YEARS,
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
)
