"""What the patient can do: daily living and consciousness."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import answers, binary, grades
from spinecast.clinical.dictionary.literature import (
    ASIA,
    FRANKEL_1969,
    KARNOFSKY_1949,
    MRC_1943,
    NURICK_1972,
    OKEN_1982,
)
from spinecast.clinical.dictionary.quantities import DAYS, OTHER_DURATIONS, POINTS
from spinecast.clinical.units import Unit
from spinecast.clinical.variable import Code, Range, Variable

__all__ = ["VARIABLES"]

_NOT_CONVERTED = "It is a scale of its own and is never computed from another one."

_ACTIVITIES = Unit("activities", "{activities}", ("points", "score"))
_TIMING = (
    "The interview took place in the first days after study entry, so it is missing for nearly everyone who died or "
    "was too ill to talk by then: that it is missing says something in itself."
)

VARIABLES = (
    Variable(
        name="activities_of_daily_living_patient",
        label="Daily activities needing help (told by the patient)",
        help=(
            "How many of seven everyday activities (bathing, dressing, eating, transferring and the like) the patient "
            f"says they need help with: 0 is independent, 7 is fully dependent. {_TIMING}"
        ),
        kind="continuous",
        domain="function",
        unit=_ACTIVITIES,
        possible=Range(0, 7),
        plausible=Range(0, 7),
        decimals=0,
        source="SUPPORT data set, column adlp",
    ),
    Variable(
        name="activities_of_daily_living_surrogate",
        label="Daily activities needing help (told by a relative)",
        help=(
            "The same count of seven everyday activities, told by a relative or carer who knows the patient: 0 is "
            f"independent, 7 is fully dependent. {_TIMING}"
        ),
        kind="continuous",
        domain="function",
        unit=_ACTIVITIES,
        possible=Range(0, 7),
        plausible=Range(0, 7),
        decimals=0,
        source="SUPPORT data set, column adls",
    ),
    Variable(
        name="coma_score",
        label="SUPPORT coma score",
        help="Depth of coma from the Glasgow Coma Scale, rescaled: 0 is fully awake, 100 is the deepest coma.",
        kind="continuous",
        domain="function",
        unit=POINTS,
        possible=Range(0, 100),
        plausible=Range(0, 100),
        skewed=True,
        decimals=0,
        source="SUPPORT data set, column scoma",
    ),
    Variable(
        name="ecog_performance_status",
        label="ECOG performance status",
        help=(
            "What the patient can do, on the scale of the Eastern Cooperative Oncology Group, on the day of the "
            f"prediction. {_NOT_CONVERTED}"
        ),
        kind="ordinal",
        domain="function",
        levels=answers(
            ("0", "0: fully active", "LA9622-7"),
            ("1", "1: restricted in strenuous activity, able to do light work", "LA9623-5"),
            ("2", "2: up and about more than half of waking hours, cares for themselves, unable to work", "LA9624-3"),
            ("3", "3: in bed or chair more than half of waking hours, limited self-care", "LA9625-0"),
            ("4", "4: completely disabled, confined to bed or chair", "LA9626-8"),
        ),
        codes=(
            Code("LOINC", "89247-1", "ECOG Performance Status score"),
            Code("SNOMED CT", "423740007", "Eastern Cooperative Oncology Group performance status"),
        ),
        source=OKEN_1982,
    ),
    binary(
        "ecog_3_or_4",
        "ECOG performance status 3 or 4",
        "Whether the patient spends more than half of waking hours in bed or chair (ECOG 3 or 4).",
        "function",
        derived_from=("ecog_performance_status",),
        source=OKEN_1982,
    ),
    Variable(
        name="karnofsky_performance_status",
        label="Karnofsky performance status",
        help=(
            "What the patient can do, from 100 % (normal, no complaints) in steps of 10 down to 10 % (moribund). "
            f"{_NOT_CONVERTED}"
        ),
        kind="continuous",
        domain="function",
        unit=Unit("%", "%", ("percent", "per cent", "{score}", "score", "points")),
        possible=Range(10, 100),
        plausible=Range(20, 100),
        codes=(
            Code("LOINC", "89243-0", "Karnofsky Performance Status score"),
            Code("SNOMED CT", "761869008", "Karnofsky Performance Status score"),
        ),
        decimals=0,
        source=KARNOFSKY_1949,
    ),
    Variable(
        name="frankel_grade",
        label="Frankel grade",
        help=f"Cord function below the lesion by Frankel. {_NOT_CONVERTED}",
        kind="ordinal",
        domain="function",
        levels=grades(
            ("a", "A: complete, neither motor nor sensory function"),
            ("b", "B: sensation only"),
            ("c", "C: motor function without use"),
            ("d", "D: useful motor function"),
            ("e", "E: normal"),
        ),
        source=FRANKEL_1969,
    ),
    Variable(
        name="asia_impairment_scale",
        label="ASIA impairment scale",
        help=f"Cord function by the American Spinal Injury Association. {_NOT_CONVERTED}",
        kind="ordinal",
        domain="function",
        levels=grades(
            ("a", "A: complete, no function in the lowest sacral segments"),
            ("b", "B: sensory but no motor function below the level"),
            ("c", "C: motor function, fewer than half of key muscles at grade 3 or more"),
            ("d", "D: motor function, at least half of key muscles at grade 3 or more"),
            ("e", "E: normal"),
        ),
        source=ASIA,
    ),
    binary(
        "asia_impaired",
        "ASIA grade A to D",
        "Whether cord function is impaired at all: any ASIA grade but E.",
        "function",
        derived_from=("asia_impairment_scale",),
    ),
    Variable(
        name="nurick_grade",
        label="Nurick grade",
        help=f"Gait by Nurick: 0 is best, 5 is worst. {_NOT_CONVERTED}",
        kind="ordinal",
        domain="function",
        levels=grades(
            ("0", "0: root signs or symptoms only"),
            ("1", "1: signs of cord disease, gait normal"),
            ("2", "2: slight difficulty in walking, able to work"),
            ("3", "3: difficulty in walking prevents work, walks unaided"),
            ("4", "4: walks only with help or an aid"),
            ("5", "5: confined to chair or bed"),
        ),
        source=NURICK_1972,
    ),
    Variable(
        name="motor_grade",
        label="Motor grade of the weakest key muscle",
        help="Strength of the weakest key muscle by the Medical Research Council, 0 to 5.",
        kind="ordinal",
        domain="function",
        levels=grades(
            ("0", "0: no contraction"),
            ("1", "1: flicker of contraction"),
            ("2", "2: movement with gravity eliminated"),
            ("3", "3: movement against gravity"),
            ("4", "4: movement against resistance"),
            ("5", "5: normal"),
        ),
        source=MRC_1943,
    ),
    Variable(
        name="ambulatory_status",
        label="Ability to walk",
        help="Whether the patient walks: not at all, with an aid or another person, or independently.",
        kind="ordinal",
        domain="function",
        levels=grades(
            ("not_ambulatory", "Does not walk"),
            ("with_assistance", "Walks with an aid or another person"),
            ("independent", "Walks independently"),
        ),
    ),
    Variable(
        name="presenting_symptom",
        label="Presenting symptom",
        help="The leading symptom with which the compression of the cord came to notice.",
        kind="nominal",
        domain="function",
        levels=grades(("none", "No symptom"), ("pain", "Pain"), ("weakness", "Weakness")),
    ),
    Variable(
        name="days_since_onset_of_weakness",
        label="Time since the onset of weakness",
        help="Time from the first motor weakness to the day of the prediction; left empty when there is no weakness.",
        kind="continuous",
        domain="function",
        unit=DAYS,
        other_units=OTHER_DURATIONS,
        possible=Range(0, 3653),
        plausible=Range(0, 180),
        skewed=True,
        decimals=0,
    ),
)
