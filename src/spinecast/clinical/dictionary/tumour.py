"""The tumour and the diagnosis that brought the patient into the study."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import binary, grades
from spinecast.clinical.dictionary.literature import KATAGIRI_2014
from spinecast.clinical.variable import Condition, Level, Variable

__all__ = ["VARIABLES"]


VARIABLES = (
    Variable(
        name="tumour_group",
        label="Primary tumour",
        help=(
            "Where the cancer began, as far as it is recorded. SUPPORT names the primary tumour only for lung and "
            "colon cancer; people with metastatic cancer who entered for another illness are under other or unrecorded."
        ),
        kind="nominal",
        domain="tumour",
        levels=(
            Level("lung", "Lung"),
            Level("colon", "Colon"),
            Level("other_or_unrecorded", "Other or not recorded"),
        ),
        source="derived from the SUPPORT diagnosis group in patients with cancer",
    ),
    Variable(
        name="support_diagnosis_group",
        label="SUPPORT diagnosis group",
        help="The serious illness for which the patient entered SUPPORT.",
        kind="nominal",
        domain="tumour",
        levels=(
            Level("lung_cancer", "Lung cancer"),
            Level("colon_cancer", "Colon cancer"),
            Level("organ_failure_with_malignancy", "Multiple organ failure with malignancy"),
            Level("organ_failure_with_sepsis", "Acute respiratory or multiple organ failure with sepsis"),
            Level("chronic_heart_failure", "Congestive heart failure"),
            Level("chronic_obstructive_pulmonary_disease", "Chronic obstructive pulmonary disease"),
            Level("cirrhosis", "Cirrhosis"),
            Level("coma", "Coma"),
        ),
        source="SUPPORT data set, column dzgroup",
    ),
    Variable(
        name="primary_tumour",
        label="Primary tumour (organ and histology)",
        help=(
            "Where the cancer began, or its kind where that decides: sarcoma, osteosarcoma, carcinoid, melanoma, "
            "myeloma and lymphoma are named as such whatever the organ. How it is treated is asked separately; the "
            "growth group follows from both."
        ),
        kind="nominal",
        domain="tumour",
        levels=grades(
            ("lung", "Lung"),
            ("breast", "Breast"),
            ("prostate", "Prostate"),
            ("kidney", "Kidney"),
            ("thyroid", "Thyroid"),
            ("liver", "Liver"),
            ("gallbladder", "Gallbladder"),
            ("stomach", "Stomach"),
            ("colon", "Colon"),
            ("rectum", "Rectum"),
            ("oesophagus", "Oesophagus"),
            ("pancreas", "Pancreas"),
            ("bladder", "Bladder"),
            ("other_urological", "Other urological"),
            ("uterus", "Uterus"),
            ("ovary", "Ovary"),
            ("cervix", "Cervix of the uterus"),
            ("head_and_neck", "Head and neck"),
            ("melanoma", "Melanoma"),
            ("sarcoma", "Sarcoma other than osteosarcoma"),
            ("osteosarcoma", "Osteosarcoma"),
            ("carcinoid", "Carcinoid"),
            ("multiple_myeloma", "Multiple myeloma"),
            ("lymphoma", "Lymphoma"),
            ("unknown_primary", "Unknown primary"),
            ("other", "Other"),
        ),
    ),
    binary(
        "hormone_dependent_tumour",
        "Hormone-dependent tumour",
        "Whether a breast or prostate cancer still depends on hormones: it carries receptors and has not escaped "
        "hormone treatment. Asked for breast and prostate cancer only.",
        "tumour",
        asked_if=Condition("primary_tumour", ("breast", "prostate")),
        source=KATAGIRI_2014,
    ),
    binary(
        "molecularly_targeted_therapy",
        "Molecularly targeted therapy",
        "Whether drugs aimed at a molecular target of the tumour (such as EGFR or ALK inhibitors) are available for "
        "this patient and given. Decides the growth group of lung cancer; asked for it only.",
        "tumour",
        asked_if=Condition("primary_tumour", ("lung",)),
        source=KATAGIRI_2014,
    ),
    Variable(
        name="tumour_growth_group",
        label="Growth of the primary tumour (Katagiri)",
        help=(
            "Slow: hormone-dependent breast or prostate cancer, thyroid cancer, myeloma, lymphoma. Moderate: lung "
            "cancer under molecularly targeted drugs, breast or prostate cancer that does not depend on hormones, "
            "kidney, uterus, ovary, sarcoma, others. Rapid: other lung cancer, colon, rectum, stomach, pancreas, head "
            "and neck, oesophagus, bladder and other urological cancers, melanoma, liver, gallbladder, cervix, unknown "
            "primary."
        ),
        kind="ordinal",
        domain="tumour",
        levels=grades(("slow", "Slow"), ("moderate", "Moderate"), ("rapid", "Rapid")),
        derived_from=("primary_tumour", "hormone_dependent_tumour", "molecularly_targeted_therapy"),
        source=KATAGIRI_2014,
    ),
    Variable(
        name="tumour_vascularity",
        label="Vascularity of the tumour",
        help=(
            "Whether the metastasis is richly supplied with blood, by histology (kidney, thyroid, liver and the like), "
            "imaging or angiography."
        ),
        kind="ordinal",
        domain="tumour",
        levels=grades(("hypovascular", "Hypovascular"), ("hypervascular", "Hypervascular")),
    ),
    Variable(
        name="tumour_radiosensitivity",
        label="Radiosensitivity of the tumour",
        help=(
            "How the histology answers to conventional radiotherapy, as the study that recorded it grouped "
            "histologies; tumours that clearly belong to neither end are intermediate."
        ),
        kind="ordinal",
        domain="tumour",
        levels=grades(
            ("radiosensitive", "Radiosensitive"), ("intermediate", "Intermediate"), ("radioresistant", "Radioresistant")
        ),
    ),
)
