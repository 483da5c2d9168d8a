"""Other illnesses the patient lives with."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import binary
from spinecast.clinical.dictionary.literature import CHARLSON_1987
from spinecast.clinical.dictionary.quantities import POINTS
from spinecast.clinical.formulas import CHARLSON_WEIGHTS
from spinecast.clinical.units import Unit
from spinecast.clinical.variable import BINARY_LEVELS, Code, Range, Variable

__all__ = ["CHARLSON_CONDITIONS", "VARIABLES"]

# The conditions of the index, but for the metastatic cancer itself, in the order of their weights.
CHARLSON_CONDITIONS = tuple(CHARLSON_WEIGHTS)


def _condition(name: str, label: str, text: str, *codes: Code) -> Variable:
    return binary(name, label, text, "comorbidity", codes=codes, source=CHARLSON_1987)


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
    _condition(
        "myocardial_infarction",
        "Myocardial infarction",
        "One or more myocardial infarctions in the past, with enzyme or electrocardiographic change.",
        Code("SNOMED CT", "399211009", "History of myocardial infarction"),
    ),
    _condition(
        "congestive_heart_failure",
        "Congestive heart failure",
        "Heart failure with symptoms that responded to treatment.",
        Code("SNOMED CT", "42343007", "Congestive heart failure"),
    ),
    _condition(
        "peripheral_vascular_disease",
        "Peripheral vascular disease",
        "Claudication, arterial bypass, gangrene, acute arterial insufficiency, or an aortic aneurysm of 6 cm or more.",
        Code("SNOMED CT", "400047006", "Peripheral vascular disease"),
    ),
    _condition(
        "cerebrovascular_disease",
        "Cerebrovascular disease",
        "A stroke with minor or no residue, or transient ischaemic attacks.",
        Code("SNOMED CT", "62914000", "Cerebrovascular disease"),
    ),
    _condition(
        "chronic_pulmonary_disease",
        "Chronic pulmonary disease",
        "Chronic lung disease with breathlessness on exertion, asthma included.",
        Code("SNOMED CT", "413839001", "Chronic lung disease"),
    ),
    _condition(
        "connective_tissue_disease",
        "Connective tissue disease",
        "Lupus, polymyositis, mixed connective tissue disease, polymyalgia rheumatica, or moderate to severe "
        "rheumatoid arthritis.",
        Code("SNOMED CT", "105969002", "Disorder of connective tissue"),
    ),
    _condition(
        "peptic_ulcer_disease",
        "Peptic ulcer disease",
        "A peptic ulcer that was treated, bleeding included.",
        Code("SNOMED CT", "13200003", "Peptic ulcer"),
    ),
    _condition(
        "mild_liver_disease", "Mild liver disease", "Chronic hepatitis, or cirrhosis without portal hypertension."
    ),
    _condition(
        "diabetes_with_end_organ_damage",
        "Diabetes with end-organ damage",
        "Diabetes with retinopathy, neuropathy or nephropathy. Diabetes itself is then present too.",
    ),
    _condition(
        "hemiplegia",
        "Hemiplegia",
        "Hemiplegia or paraplegia from any cause but the spinal metastasis.",
        Code("SNOMED CT", "50582007", "Hemiplegia"),
    ),
    _condition(
        "moderate_or_severe_renal_disease",
        "Moderate or severe renal disease",
        "Creatinine above 3 mg/dL, dialysis, kidney transplant or uraemia.",
    ),
    _condition(
        "leukaemia",
        "Leukaemia",
        "Acute or chronic leukaemia, or polycythaemia vera.",
        Code("SNOMED CT", "93143009", "Leukemia, disease"),
    ),
    _condition(
        "lymphoma_comorbidity",
        "Lymphoma or myeloma beside the primary tumour",
        "Lymphoma, myeloma or Waldenström's disease that is not the tumour under treatment.",
        Code("SNOMED CT", "118600007", "Malignant lymphoma"),
    ),
    _condition(
        "moderate_or_severe_liver_disease",
        "Moderate or severe liver disease",
        "Cirrhosis with portal hypertension, with or without variceal bleeding.",
    ),
    _condition(
        "aids",
        "AIDS",
        "The acquired immunodeficiency syndrome, not infection with HIV alone.",
        Code("SNOMED CT", "62479008", "Acquired immune deficiency syndrome"),
    ),
    _condition(
        "second_solid_tumour",
        "Second solid tumour",
        "A solid tumour treated in the last five years that is not the one that has spread to the spine.",
    ),
    binary(
        "hypertension",
        "Hypertension",
        "Arterial hypertension, as a known illness or on the chart.",
        "comorbidity",
        codes=(Code("SNOMED CT", "38341003", "Hypertensive disorder, systemic arterial"),),
    ),
    binary(
        "other_charlson_comorbidity",
        "Another Charlson condition",
        "Any condition of the Charlson index besides the cancer that has spread to the spine.",
        "comorbidity",
        derived_from=CHARLSON_CONDITIONS,
        source=CHARLSON_1987,
    ),
    Variable(
        name="charlson_index",
        label="Charlson comorbidity index",
        help=(
            "Sum of the Charlson weights of the conditions, without the six points of the metastatic cancer and "
            "without points for age. Of two forms of one disease (diabetes, liver disease) only the severer counts."
        ),
        kind="continuous",
        domain="comorbidity",
        unit=POINTS,
        possible=Range(0, 40),
        plausible=Range(0, 20),
        decimals=0,
        derived_from=CHARLSON_CONDITIONS,
        source=CHARLSON_1987,
    ),
)
