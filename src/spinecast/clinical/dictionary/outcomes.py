"""What happened to the patient: known only afterwards, never a predictor."""

from __future__ import annotations

from dataclasses import replace

from spinecast.clinical.dictionary import blood_count, function
from spinecast.clinical.dictionary.entries import binary, grades
from spinecast.clinical.dictionary.literature import DINDO_2004
from spinecast.clinical.dictionary.quantities import DAYS, MILLILITRES, OTHER_DURATIONS, OTHER_VOLUMES
from spinecast.clinical.variable import Code, Level, Range, Variable

__all__ = ["FOLLOWED", "VARIABLES"]

# What is measured again afterwards keeps its scale.
_BEFORE = {entry.name: entry for entry in (*function.VARIABLES, *blood_count.VARIABLES)}

_DIED_BEFORE = Level("died_before_assessment", "Died before the assessment", died_before=True)


def _event(name: str, label: str, text: str, *codes: Code) -> Variable:
    return binary(name, label, text, "outcome", role="outcome", codes=codes)


def _ambulation(days: int) -> Variable:
    return Variable(
        name=f"ambulation_{days}d",
        label=f"Walking after {days} days",
        help=(
            f"Whether the patient walked, with or without an aid, {days} days after treatment; who died before is "
            "neither."
        ),
        kind="nominal",
        domain="outcome",
        role="outcome",
        levels=(*grades(("ambulatory", "Walks"), ("not_ambulatory", "Does not walk")), _DIED_BEFORE),
    )


def _until(name: str, label: str, level: str) -> tuple[Variable, Variable]:
    """Return the time to an event and what ended it: the event, death before it, or the end of follow-up."""
    what = label.lower()
    return (
        Variable(
            name=f"{name}_time",
            label=f"Time to {what}",
            help=f"Time from treatment to {what}, to death before it, or to the last examination without it.",
            kind="continuous",
            domain="outcome",
            role="outcome",
            unit=DAYS,
            other_units=OTHER_DURATIONS,
            possible=Range(0, 36525),
            plausible=Range(0, 7305),
            decimals=0,
        ),
        Variable(
            name=f"{name}_status",
            label=f"{label}: what ended the time",
            help=f"What ended the time to {what}. Death before it competes with it and is not a censoring.",
            kind="nominal",
            domain="outcome",
            role="outcome",
            levels=grades(("none", "Nothing: follow-up ended"), (level, label), ("death", "Death before it")),
        ),
    )


def _volume(name: str, label: str, text: str, usual: float) -> Variable:
    return Variable(
        name=name,
        label=label,
        help=text,
        kind="continuous",
        domain="outcome",
        role="outcome",
        unit=MILLILITRES,
        other_units=OTHER_VOLUMES,
        possible=Range(0, 50000),
        plausible=Range(0, usual),
        skewed=True,
        decimals=0,
    )


VARIABLES = (
    Variable(
        name="follow_up_time",
        label="Follow-up time",
        help="Time from the start of follow-up to death or to the last day the patient was known to be alive.",
        kind="continuous",
        domain="outcome",
        role="outcome",
        unit=DAYS,
        other_units=OTHER_DURATIONS,
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
        codes=(Code("SNOMED CT", "419620001", "Death"),),
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
            Level("died_before_2m", "Died before two months", died_before=True),
        ),
        source="SUPPORT data set, column sfdm2",
    ),
    *(_ambulation(days) for days in (30, 90, 180)),
    replace(
        _BEFORE["nurick_grade"],
        name="nurick_grade_30d",
        label="Nurick grade after 30 days",
        help="Nurick grade 30 days after treatment: 0 is best, 5 is worst, and death before it is worse.",
        domain="outcome",
        role="outcome",
        levels=(*_BEFORE["nurick_grade"].levels, _DIED_BEFORE),
    ),
    replace(
        _BEFORE["frankel_grade"],
        name="frankel_grade_30d",
        label="Frankel grade after 30 days",
        help="Frankel grade 30 days after treatment; death before it is worse than grade A.",
        domain="outcome",
        role="outcome",
        levels=(_DIED_BEFORE, *_BEFORE["frankel_grade"].levels),
    ),
    Variable(
        name="ecog_30d",
        label="ECOG performance status after 30 days",
        help="ECOG performance status 30 days after treatment; 5 is death before it.",
        kind="ordinal",
        domain="outcome",
        role="outcome",
        levels=(*_BEFORE["ecog_performance_status"].levels, Level("5", "5: dead", died_before=True)),
    ),
    _event(
        "motor_recovery", "Motor recovery", "Strength of the weakest muscles is better after treatment than before."
    ),
    *_until("loss_of_ambulation", "Loss of walking", "loss_of_ambulation"),
    _volume(
        "intraoperative_blood_loss",
        "Blood loss during surgery",
        "Blood lost during the operation, as the anaesthetist's record estimates it.",
        10000,
    ),
    _volume(
        "transfused_volume",
        "Transfused volume",
        "Red cells transfused during the operation and until the second haematocrit.",
        8000,
    ),
    _volume("drainage_volume", "Drainage", "Blood in the drains until they are removed.", 4000),
    replace(
        _BEFORE["hematocrit"],
        name="postoperative_hematocrit",
        label="Haematocrit after surgery",
        help="Haematocrit on the second or third day after surgery, when the blood volume is restored.",
        domain="outcome",
        role="outcome",
    ),
    Variable(
        name="complication_grade",
        label="Worst complication (Clavien-Dindo)",
        help="The worst complication within 30 days of surgery.",
        kind="ordinal",
        domain="outcome",
        role="outcome",
        levels=grades(
            ("none", "No complication"),
            ("grade_1", "I: deviation from the normal course without need for treatment"),
            ("grade_2", "II: drugs, transfusion or parenteral nutrition"),
            ("grade_3a", "IIIa: intervention without general anaesthesia"),
            ("grade_3b", "IIIb: intervention under general anaesthesia"),
            ("grade_4a", "IVa: life-threatening, one organ fails"),
            ("grade_4b", "IVb: life-threatening, several organs fail"),
            ("grade_5", "V: death"),
        ),
        source=DINDO_2004,
    ),
    _event("any_complication", "Any complication", "Any complication within 30 days of surgery."),
    _event(
        "surgical_site_infection",
        "Surgical site infection",
        "Infection of the wound or below it within 90 days of surgery.",
        Code("SNOMED CT", "433202001", "Surgical site infection"),
    ),
    _event("other_infection", "Other infection", "Infection elsewhere than at the surgical site after surgery."),
    _event("intensive_care_admission", "Intensive care", "Admission to intensive care after surgery."),
    _event(
        "cerebrospinal_fluid_leak",
        "Leak of cerebrospinal fluid",
        "Leak of cerebrospinal fluid after surgery.",
        Code("SNOMED CT", "230744007", "Cerebrospinal fluid leak"),
    ),
    _event("reoperation", "Reoperation", "A further operation of the same level, for whatever reason."),
    *(
        _event(
            f"{when}thromboembolism_{days}d",
            f"Venous thromboembolism within {days} days {words} surgery",
            f"Deep vein thrombosis or pulmonary embolism within {days} days {words} surgery.",
            Code("SNOMED CT", "429098002", "Thromboembolism of vein"),
        )
        for when, words in (("", "after"), ("preoperative_", "before"))
        for days in (30, 90)
    ),
    *_until("local_progression", "Local progression", "local_progression"),
    *_until("vertebral_fracture", "Vertebral fracture", "vertebral_fracture"),
    *_until("implant_failure", "Implant failure", "implant_failure"),
    _event("treatment_response", "Response to treatment", "The lesion responds to treatment on imaging."),
    Variable(
        name="pain_response",
        label="Response of pain",
        help="Pain one to three months after treatment against pain before it.",
        kind="ordinal",
        domain="outcome",
        role="outcome",
        levels=grades(
            ("progressive", "Worse"), ("stable", "Unchanged"), ("partial", "Less"), ("complete", "None left")
        ),
    ),
    _event(
        "severe_psychological_distress",
        "Severe psychological distress",
        "Severe anxiety or depression on the scale the study uses.",
    ),
)

FOLLOWED = frozenset({"death", *(one.name for one in VARIABLES if one.name.endswith("_status"))})
"""Outcomes that stand beside a time: what had not come by a day may come later. Others are assessed once."""
