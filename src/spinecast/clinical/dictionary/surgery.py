"""The operation: what is planned and what was done."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import binary, grades
from spinecast.clinical.dictionary.imaging import VERTEBRAE
from spinecast.clinical.dictionary.literature import ASA
from spinecast.clinical.dictionary.quantities import LEVELS, MINUTES, OTHER_TIMES_OF_DAY, RATIO
from spinecast.clinical.units import Unit
from spinecast.clinical.variable import Code, Range, Variable

__all__ = ["VARIABLES"]

_SCREWS = Unit("screws", "{screws}", ("count",))


def _count(name: str, label: str, text: str, unit: Unit, most: float, usual: float) -> Variable:
    return Variable(
        name=name,
        label=label,
        help=text,
        kind="continuous",
        domain="surgery",
        unit=unit,
        possible=Range(0, most),
        plausible=Range(0, usual),
        decimals=0,
    )


VARIABLES = (
    Variable(
        name="surgical_procedure",
        label="Surgical procedure",
        help="The most extensive part of the operation.",
        kind="nominal",
        domain="surgery",
        levels=grades(
            ("stabilisation_only", "Stabilisation only"),
            ("decompression", "Decompression"),
            ("partial_resection", "Partial resection of the tumour"),
            ("corpectomy", "Corpectomy"),
            ("en_bloc_spondylectomy", "Total en bloc spondylectomy"),
        ),
    ),
    Variable(
        name="surgical_approach",
        label="Surgical approach",
        help="The side from which the spine is reached; anterior includes lateral.",
        kind="nominal",
        domain="surgery",
        levels=grades(("posterior", "Posterior"), ("anterior", "Anterior"), ("combined", "Combined")),
    ),
    binary("revision_surgery", "Revision surgery", "The level has been operated on before.", "surgery"),
    binary("instrumented", "Instrumentation", "Screws, rods or a cage are implanted.", "surgery"),
    binary("occipital_fixation", "Occipital fixation", "The construct reaches the occiput.", "surgery"),
    binary("percutaneous_fixation", "Percutaneous fixation", "Screws are placed through the skin.", "surgery"),
    binary(
        "preoperative_embolisation",
        "Preoperative embolisation",
        "The vessels of the tumour were embolised before the operation.",
        "surgery",
    ),
    binary("microwave_ablation", "Microwave ablation", "The tumour is ablated by microwaves.", "surgery"),
    binary(
        "albumin_glutaraldehyde_sealant",
        "Albumin and glutaraldehyde sealant",
        "A sealant of bovine albumin and glutaraldehyde (BioGlue) is used on the dura.",
        "surgery",
    ),
    binary(
        "fibrin_sealant_patch",
        "Fibrin sealant patch",
        "A collagen patch coated with fibrin sealant (TachoComb, TachoSil) is used on the dura.",
        "surgery",
    ),
    _count(
        "instrumented_levels",
        "Instrumented vertebrae",
        "How many vertebrae the construct spans, from the uppermost to the lowest instrumented one.",
        LEVELS,
        30,
        14,
    ),
    _count(
        "fixation_length",
        "Fixation length",
        "How many instrumented vertebrae hold no metastasis.",
        LEVELS,
        30,
        12,
    ),
    binary(
        "fixation_length_three_or_more",
        "Fixation length of three or more",
        "Whether at least three instrumented vertebrae hold no metastasis.",
        "surgery",
        derived_from=("fixation_length",),
    ),
    _count("decompressed_levels", "Decompressed levels", "How many levels are decompressed.", LEVELS, 30, 10),
    _count("vertebrectomy_levels", "Resected vertebrae", "How many vertebral bodies are resected.", LEVELS, 12, 4),
    Variable(
        name="screw_density",
        label="Screw density",
        help="Pedicle screws divided by the pedicles within the instrumented levels.",
        kind="continuous",
        domain="surgery",
        unit=RATIO,
        possible=Range(0, 2),
        plausible=Range(0.2, 1),
        decimals=2,
    ),
    _count(
        "screws_in_tumour", "Screws in the tumour", "How many screws lie in bone that holds tumour.", _SCREWS, 60, 20
    ),
    _count("cemented_screws", "Cemented screws", "How many screws are augmented with cement.", _SCREWS, 60, 20),
    _count("rods", "Rods", "How many rods the construct has.", Unit("rods", "{rods}", ("count",)), 12, 4),
    Variable(
        name="lowest_instrumented_vertebra",
        label="Lowest instrumented vertebra",
        help="The lowest vertebra of the construct.",
        kind="nominal",
        domain="surgery",
        levels=VERTEBRAE,
    ),
    Variable(
        name="anaesthesia_class",
        label="ASA physical status",
        help=(
            "Physical status class of the American Society of Anesthesiologists, 1 to 5. It is not the ASIA grade of "
            "spinal cord injury."
        ),
        kind="ordinal",
        domain="surgery",
        levels=grades(
            ("1", "I: healthy"),
            ("2", "II: mild systemic disease"),
            ("3", "III: severe systemic disease"),
            ("4", "IV: severe systemic disease that is a constant threat to life"),
            ("5", "V: moribund, not expected to survive without the operation"),
        ),
        codes=(Code("LOINC", "97816-3", "American society of anesthesiologists morbidity state"),),
        source=ASA,
    ),
    Variable(
        name="admission_urgency",
        label="Urgency of the admission",
        help="How the patient was admitted for the treatment.",
        kind="ordinal",
        domain="surgery",
        levels=grades(("elective", "Elective"), ("urgent", "Urgent"), ("emergency", "Emergency")),
    ),
    Variable(
        name="operation_time",
        label="Operation time",
        help="From the first incision to the last suture. It is known only after the operation.",
        kind="continuous",
        domain="surgery",
        role="after_prediction",
        unit=MINUTES,
        other_units=OTHER_TIMES_OF_DAY,
        possible=Range(10, 2880),
        plausible=Range(30, 900),
        skewed=True,
        decimals=0,
    ),
)
