"""What happened to the patient: known only afterwards, never a predictor."""

from __future__ import annotations

from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Level, Range, Variable

__all__ = ["VARIABLES"]

_JULIAN = "UCUM: the Julian year of 365.25 days"

VARIABLES = (
    Variable(
        name="follow_up_time",
        label="Follow-up time",
        help="Time from the start of follow-up to death or to the last day the patient was known to be alive.",
        kind="continuous",
        domain="outcome",
        role="outcome",
        unit=Unit("days", "d", ("day",)),
        other_units=(
            UnitConversion(Unit("weeks", "wk", ("week",)), 7, source="definition"),
            UnitConversion(Unit("months", "mo", ("month",)), 365.25, 12, source=_JULIAN),
            UnitConversion(Unit("years", "a", ("year", "yr", "y")), 365.25, source=_JULIAN),
        ),
        possible=Range(0, 36525),
        plausible=Range(0, 7305),
        decimals=0,
    ),
    Variable(
        name="death",
        label="Death",
        help="Whether the patient had died by the end of follow-up.",
        kind="binary",
        domain="outcome",
        role="outcome",
        levels=(Level("absent", "Alive"), Level("present", "Dead")),
    ),
    Variable(
        name="functional_outcome_2m",
        label="Function at two months",
        help=(
            "How the patient was two months after study entry, from an interview with the patient or, failing that, a "
            "relative. Severe disability by daily activities means needing help with four or more of seven (five or "
            "more when a relative answered); by the Sickness Impact Profile a score of 30 or more."
        ),
        kind="nominal",
        domain="outcome",
        role="outcome",
        levels=(
            Level("no_severe_disability", "Alive without severe disability"),
            Level("severe_disability_adl", "Severe disability by daily activities"),
            Level("severe_disability_sip", "Severe disability by the Sickness Impact Profile"),
            Level("coma_or_intubated", "In coma or intubated"),
            Level("died_before_2m", "Died before two months"),
        ),
        source="SUPPORT data set, column sfdm2",
    ),
)
