"""Variables that are decided, or can be corrected, before a prediction: all that a what-if may change.

A what-if is another patient, never an effect: a model says how patients with other values fared, not what changing a
value would do (docs/decisions/0035, 0046). Age, the tumour and what has been done already are no choices and are not
listed.
"""

from __future__ import annotations

__all__ = ["ACTIONABLE"]

ACTIONABLE = frozenset(
    (
        # corrected before an operation, or meant to be
        "albumin",
        "hemoglobin",
        "hematocrit",
        "platelet_count",
        "international_normalised_ratio",
        "sodium",
        "potassium",
        "calcium",
        "corrected_calcium",
        "glucose",
        "mean_arterial_pressure",
        "pao2_fio2_ratio",
        "smoking_status",
        # drugs
        "corticosteroid_use",
        "opioid_use",
        "bone_modifying_agent_use",
        # what is planned
        "treatment_group",
        "surgical_procedure",
        "surgical_approach",
        "instrumented",
        "percutaneous_fixation",
        "occipital_fixation",
        "preoperative_embolisation",
        "microwave_ablation",
        "albumin_glutaraldehyde_sealant",
        "fibrin_sealant_patch",
        "instrumented_levels",
        "fixation_length",
        "decompressed_levels",
        "vertebrectomy_levels",
        "screw_density",
        "cemented_screws",
        "rods",
        "prescribed_dose",
        "fractions",
        "radiotherapy_technique",
        "simultaneous_integrated_boost",
    )
)
"""Names in the dictionary."""
