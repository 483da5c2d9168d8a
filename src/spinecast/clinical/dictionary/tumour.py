"""The tumour and the diagnosis that brought the patient into the study."""

from __future__ import annotations

from spinecast.clinical.variable import Level, Variable

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
)
